//! Connections that break: what is said of it depends on what was being done.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one order among many")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;
mod support;

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use replica_lab::node::{Breach, Input, Link, Output};
use servers::{Server, eventually};
use support::{Bench, CLIENT, STRANGER};

/// A replica's connection, as far as it has said PING. What it says is left unread: so when the
/// connection is dropped, its system is answered with a reset.
struct Replica(TcpStream);

/// Makes `server` follow this test.
fn replica_of_ours(server: &Server) -> Replica {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let port = listener.local_addr().expect("it has an address").port().to_string();
    server.client().call(&["REPLICAOF", "127.0.0.1", &port]);
    let (stream, _) = listener.accept().expect("a replica comes");
    stream.peek(&mut [0]).expect("it speaks");
    Replica(stream)
}

/// The warnings of a server, without their time.
fn warnings(server: &Server) -> Vec<String> {
    let log = server.log();
    let warned = log.lines().filter(|line| line.contains(":S ") && line.contains(" # "));
    warned.map(|line| without_time(line).to_owned()).collect()
}

/// What a line of a log says.
fn without_time(line: &str) -> &str {
    let text = line.split_once(" # ").or_else(|| line.split_once(" * "));
    text.map_or(line, |(_, text)| text)
}

#[test]
fn a_replica_says_what_it_could_not_say() {
    for server in [Server::real(&[]), Server::ours(&["--profile", "7.0"])] {
        let mut replica = replica_of_ours(&server);
        // While it is stopped, its master answers and is gone.
        server.freeze();
        replica.0.write_all(b"+PONG\r\n").expect("it listens");
        drop(replica);
        server.thaw();
        eventually("it says so", || !warnings(&server).is_empty());
        let unsent =
            "Sending command to master in replication handshake: -Writing to master: Success";
        assert_eq!(warnings(&server)[0], unsent, "{}", server.log());
    }
}

#[test]
fn a_replica_says_how_the_snapshot_ended() {
    for server in [Server::real(&[]), Server::ours(&["--profile", "7.0"])] {
        let mut replica = replica_of_ours(&server);
        let words = b"+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC \
                      0123456789012345678901234567890123456789 0\r\n$1000\r\nREDIS0009";
        replica.0.write_all(words).expect("it listens");
        eventually("the snapshot begins", || server.log().contains("receiving 1000 bytes"));
        drop(replica);
        eventually("it says so", || !warnings(&server).is_empty());
        let reset = "I/O error trying to sync with MASTER: Connection reset by peer";
        assert_eq!(warnings(&server)[0], reset, "{}", server.log());
    }
}

/// The system knows no address of a connection that was reset.
#[test]
fn a_replica_that_was_reset_has_no_name() {
    for server in [Server::real(&[]), Server::ours(&["--profile", "7.0"])] {
        let mut replica = TcpStream::connect(("127.0.0.1", server.port)).expect("it listens");
        replica.write_all(b"REPLCONF listening-port 7000\r\n").expect("it listens");
        replica.peek(&mut [0]).expect("it answers");
        replica.write_all(b"PSYNC ? -1\r\n").expect("it listens");
        eventually("it is a replica", || server.log().contains("127.0.0.1:7000 asks for"));
        eventually("its snapshot is sent", || server.log().contains("127.0.0.1:7000 succeeded"));
        // It has read nothing.
        drop(replica);
        eventually("it is lost", || server.log().contains("Connection with replica client id #"));
    }
}

/// What a node notes when a connection breaks while it writes.
fn noted(bench: &mut Bench, link: Link) -> Vec<String> {
    let during = Breach::Write("Connection reset by peer".to_owned());
    let orders = bench.tell(Input::Broke { link, during });
    let notes = orders.iter().filter_map(|order| match order {
        Output::Note(note) => Some(without_time(&note.to_string()).to_owned()),
        _ => None,
    });
    notes.collect()
}

#[test]
fn a_master_says_which_snapshot_it_could_not_send() {
    for (diskless, said) in [
        ("no", "Write error sending DB to replica: Connection reset by peer"),
        (
            "yes",
            "Diskless rdb transfer, write error sending DB to replica: Connection reset by peer",
        ),
    ] {
        let mut bench = Bench::new();
        bench.command(CLIENT, &["CONFIG", "SET", "repl-diskless-sync", diskless]);
        bench.command(CLIENT, &["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
        bench.command(CLIENT, &["DEBUG", "POPULATE", "100000"]);
        bench.accept(STRANGER);
        let mut world = support::World::new(bench);
        world.stuck = true;
        world.bench.command(STRANGER, &["REPLCONF", "capa", "eof"]);
        let orders = world.bench.command(STRANGER, &["PSYNC", "?", "-1"]);
        world.carry_out(orders);
        world.wake(1);
        let notes = noted(&mut world.bench, STRANGER);
        assert_eq!(notes[..2], [said, "Connection with replica client id #4 lost."]);
    }
}

#[test]
fn a_replica_says_that_psync_was_not_sent() {
    let mut bench = Bench::new();
    let link = bench.follow();
    let notes = noted(&mut bench, link);
    let said = [
        "Unable to send PSYNC to master: -Writing to master: Success",
        "Sending command to master in replication handshake: Write error sending the PSYNC \
         command.",
    ];
    assert_eq!(notes, said);
}

#[test]
fn a_replica_that_talks_is_let_go_and_its_master_says_why() {
    let commands = [
        "GET foo",
        "XINFO HELP",
        "SLOWLOG GET",
        "PING",
        "SET a b",
        "NOSUCH a",
        "PUBLISH a b",
        "GET",
    ];
    let said = [Server::real(&[]), Server::ours(&[])].map(|server| {
        for (index, command) in commands.iter().enumerate() {
            let mut replica = server.client();
            replica.send(format!("PSYNC x -1\r\n{command}\r\n").as_bytes());
            let count = || server.log().matches("disconnecting it: ").count();
            eventually("it is let go", || count() == index + 1);
        }
        let log = server.log();
        let about = |line: &str| {
            let text = line.split_once(" # ")?.1;
            let text = text.split(", disconnecting it: ").next()?;
            let told = ["Replica generated a reply", "== CRITICAL =="];
            told.iter().any(|start| text.starts_with(start)).then(|| text.to_owned())
        };
        let lines: Vec<String> = log.lines().filter_map(about).collect();
        let counted = [("stats", "unexpected_error_replies"), ("errorstats", "errorstat_ERR")];
        (lines, counted.map(|(section, field)| server.info(section, field)))
    });
    assert_eq!(said[0].0.len(), commands.len() + 5);
    assert_eq!(said[1], said[0]);
}
