//! Peers that lie: whatever bytes arrive on whatever link, a node answers in Redis' words or closes
//! the link and notes why. It never panics, and what it holds stays.

mod support;

use proptest::prelude::*;
use replica_lab::resp::encode_command;
use support::{Bench, STRANGER, World};

/// A real conversation of a master: an empty snapshot and some of a stream.
fn snapshot_and_stream() -> Vec<u8> {
    let mut bytes = format!("+FULLRESYNC {} 0\r\n", "a".repeat(40)).into_bytes();
    let rdb = include_bytes!("vectors/empty_diskless.rdb");
    bytes.extend_from_slice(format!("${}\r\n", rdb.len()).as_bytes());
    bytes.extend_from_slice(rdb);
    for args in [&["SELECT", "0"][..], &["SET", "a", "1"], &["MULTI"], &["INCR", "a"], &["EXEC"]] {
        encode_command(args, &mut bytes);
    }
    bytes
}

/// What a client might well send.
fn commands() -> Vec<u8> {
    let mut bytes = Vec::new();
    for args in [
        &["SET", "k", "v", "PX", "100"][..],
        &["MULTI"],
        &["GET", "k"],
        &["EXEC"],
        &["REPLCONF", "listening-port", "7"],
        &["REPLCONF", "capa", "eof", "capa", "psync2"],
        &["PSYNC", "?", "-1"],
        &["REPLCONF", "ACK", "0"],
    ] {
        encode_command(args, &mut bytes);
    }
    bytes
}

/// `bytes` with some of them changed, cut into pieces.
fn mangle(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8)], size: usize) -> Vec<Vec<u8>> {
    for (at, value) in changes {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)
}

proptest! {
    #[test]
    fn any_bytes_of_a_client_leave_the_node_alive(
        bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..50,
    ) {
        let mut bench = Bench::new();
        bench.accept(STRANGER);
        for piece in bytes.chunks(size) {
            bench.receive(STRANGER, piece);
        }
        bench.wake(5);
        prop_assert_eq!(bench.heard(&["GET", "kept"]), b"$5\r\nvalue\r\n");
    }

    #[test]
    fn a_replica_that_garbles_its_words_leaves_the_node_alive(
        changes in changes(), size in 1usize..80,
    ) {
        let mut bench = Bench::new();
        bench.accept(STRANGER);
        for piece in mangle(commands(), &changes, size) {
            bench.receive(STRANGER, &piece);
        }
        bench.wake(40);
        prop_assert_eq!(bench.heard(&["PING"]), b"+PONG\r\n");
    }

    #[test]
    fn a_master_that_garbles_its_words_leaves_the_replica_alive(
        changes in changes(), size in 1usize..80,
    ) {
        let mut world = World::new(Bench::new());
        let link = world.bench.follow();
        for piece in mangle(snapshot_and_stream(), &changes, size) {
            let orders = world.bench.receive(link, &piece);
            world.carry_out(orders);
        }
        world.wake(20);
        prop_assert_eq!(world.bench.heard(&["ECHO", "alive"]), b"$5\r\nalive\r\n");
    }
}

#[test]
fn the_conversation_that_is_garbled_above_is_a_good_one() {
    let mut world = World::new(Bench::new());
    let link = world.bench.follow();
    let orders = world.bench.receive(link, &snapshot_and_stream());
    world.carry_out(orders);
    assert_eq!(world.bench.heard(&["GET", "a"]), b"$1\r\n2\r\n");
    assert_eq!(world.bench.heard(&["GET", "kept"]), b"$-1\r\n");
}
