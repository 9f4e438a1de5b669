//! The engine against a real `redis-server`, both ways: as its master and as its replica.
//!
//! Where redis-server cannot be had these tests fail with a sentence; they are never skipped.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};

use replica_lab::resp::Reply;
use servers::{Client, Server, eventually};

#[test]
fn a_real_replica_of_our_master_diskless() {
    let ours = Server::ours(&["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "1"]);
    let real = Server::real(&[]);
    replicate(&ours, &real);
}

#[test]
fn a_real_replica_of_our_master_by_disk() {
    let ours = Server::ours(&["--repl-diskless-sync", "no"]);
    let real = Server::real(&[]);
    replicate(&ours, &real);
}

#[test]
fn our_replica_of_a_real_master_diskless() {
    let real = Server::real(&["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "1"]);
    let ours = Server::ours(&[]);
    replicate(&real, &ours);
}

#[test]
fn our_replica_of_a_real_master_by_disk() {
    let real = Server::real(&["--repl-diskless-sync", "no"]);
    let ours = Server::ours(&[]);
    replicate(&real, &ours);
}

#[test]
fn our_replica_swaps_a_real_masters_data_in() {
    let real = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let ours = Server::ours(&["--repl-diskless-load", "swapdb"]);
    ours.client().call(&["SET", "old", "data"]);
    replicate(&real, &ours);
    assert!(ours.log().contains("Swapping active DB with loaded DB"), "{}", ours.log());
}

#[test]
fn the_directive_at_the_start_does_what_the_command_does() {
    let real = Server::real(&["--repl-diskless-sync-delay", "0"]);
    fill(&mut real.client(), "early", 100);
    let master = format!("127.0.0.1 {}", real.port);
    let ours = Server::ours(&["--replicaof", &master]);
    await_equal(&real, &ours);
    assert_eq!(real.client().call(&["WAIT", "1", "5000"]), Reply::Integer(1));
}

#[test]
fn a_chain_real_ours_real() {
    let top = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let middle = Server::ours(&["--repl-diskless-sync-delay", "0"]);
    let bottom = Server::real(&[]);
    chain(&top, &middle, &bottom);
}

#[test]
fn a_chain_ours_real_ours() {
    let top = Server::ours(&["--repl-diskless-sync-delay", "0"]);
    let middle = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let bottom = Server::ours(&[]);
    chain(&top, &middle, &bottom);
}

/// Libraries of functions pass through ours: with the snapshot, in the stream, and by its file.
#[test]
fn libraries_of_functions_pass_through_ours() {
    let top = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let middle = Server::ours(&["--repl-diskless-sync-delay", "0"]);
    let bottom = Server::real(&[]);
    let library = |name: &str| {
        let function = format!("function_name='{name}_f', callback=function() return 7 end");
        let flags = "flags={'no-writes'}";
        format!("#!lua name={name}\nredis.register_function{{{function}, {flags}}}")
    };
    top.client().call(&["FUNCTION", "LOAD", &library("early")]);
    middle.follow(&top);
    await_equal(&top, &middle);
    top.client().call(&["FUNCTION", "LOAD", &library("late")]);
    top.client().call(&["FUNCTION", "LOAD", "REPLACE", &library("early")]);
    bottom.follow(&middle);
    await_equal(&top, &middle);
    await_equal(&top, &bottom);
    let dump = |server: &Server| server.client().call(&["FUNCTION", "DUMP"]);
    assert_eq!(middle.client().call(&["DEBUG", "RELOAD"]), Reply::OK);
    let Reply::Bulk(payload) = dump(&middle) else { panic!("a payload") };
    assert!(payload.len() > 100, "both libraries are there");
    assert_eq!(bottom.client().call(&["FCALL", "early_f", "0"]), Reply::Integer(7));
    assert_eq!(bottom.client().call(&["FCALL", "late_f", "0"]), Reply::Integer(7));
    top.client().call(&["FUNCTION", "DELETE", "early"]);
    await_equal(&top, &bottom);
    assert_eq!(dump(&middle), dump(&top), "of one library there is one order");
    for server in [&top, &middle, &bottom] {
        assert_eq!(server.client().call(&["FCALL_RO", "late_f", "0"]), Reply::Integer(7));
    }
}

/// Promotion across the two: a replica becomes the master, and the old master continues from it.
#[test]
fn a_promoted_node_is_continued_by_its_old_master() {
    let old = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let new = Server::ours(&["--repl-diskless-sync-delay", "0"]);
    fill(&mut old.client(), "shared", 50);
    new.follow(&old);
    await_equal(&old, &new);
    assert_eq!(new.client().call(&["REPLICAOF", "NO", "ONE"]), Reply::OK);
    new.client().call(&["SET", "after", "promotion"]);
    old.follow(&new);
    await_equal(&new, &old);
    assert_eq!(new.info("stats", "sync_partial_ok"), "1", "{}", new.log());
    assert_eq!(new.info("stats", "sync_full"), "0");
}

#[test]
fn replies_are_byte_for_byte_the_real_ones() {
    let (real, ours) = (Server::real(&[]), Server::ours(&[]));
    let (mut real, mut ours) = (real_client(&real), real_client(&ours));
    let mut differences = Vec::new();
    for args in COMPARED {
        let (expected, got) = (real.raw(args), ours.raw(args));
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if got != expected {
            differences.push(format!("{args:?}\n  {}\n  {}", show(&expected), show(&got)));
        }
    }
    assert!(differences.is_empty(), "the real reply, then ours:\n{}", differences.join("\n"));
}

#[test]
fn malformed_bytes_are_answered_in_redis_words_and_the_connection_closed() {
    let (real, ours) = (Server::real(&[]), Server::ours(&[]));
    for bytes in [
        &b"*1\r\nPING\r\n"[..],
        b"*x\r\n",
        b"*1\r\n$x\r\n",
        b"*2147483648\r\n",
        b"set k \"open\r\n",
        b"*2\r\n$4\r\nECHO\r\n$-5\r\n",
    ] {
        let answer = |server: &Server| {
            let mut client = server.client();
            client.send(bytes);
            let reply = client.reply();
            assert_eq!(client.reply(), None, "the connection is closed");
            reply
        };
        assert_eq!(answer(&ours), answer(&real), "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(ours.client().call(&["PING"]), Reply::Simple("PONG".into()));
}

/// A master that is none: whatever it sends, our node notes it, tries again, and lives.
#[test]
fn a_hostile_master_is_survived() {
    let lies: &[&[u8]] = &[
        b"$5\r\nHELLO",
        b"$18\r\nREDIS0099\xff12345678",
        b"$EOF:short\r\n",
        b"-ERR no snapshot for you\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"$9\r\nREDIS0011",
        b"$20\r\nREDIS0011\xfe\x00\x00\x01k\xc3\xff\xff\xff\xff\xff",
    ];
    for lie in lies {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let ours = Server::ours(&[]);
        ours.client().call(&["SET", "k", "v"]);
        ours.client().call(&["REPLICAOF", "127.0.0.1", &port.to_string()]);
        let (mut stream, _) = listener.accept().expect("the node dials");
        let id = "a".repeat(40);
        for answer in [
            b"+PONG\r\n".to_vec(),
            b"+OK\r\n+OK\r\n".to_vec(),
            format!("+FULLRESYNC {id} 1000\r\n").into_bytes(),
            lie.to_vec(),
        ] {
            let mut buffer = [0; 4096];
            if !answer.starts_with(lie) {
                assert!(stream.read(&mut buffer).expect("the node speaks") > 0);
            }
            stream.write_all(&answer).expect("the node listens");
        }
        drop(stream);
        // It comes again, and still answers its clients.
        listener.accept().expect("the node dials again");
        assert_eq!(ours.client().call(&["PING"]), Reply::Simple("PONG".into()));
    }
}

fn real_client(server: &Server) -> Client {
    server.client()
}

/// The whole story: 10,000 keys, some that expire; writes before, during and after the snapshot;
/// then everything equal; then a cut from either side, healed by a partial resync.
fn replicate(master: &Server, replica: &Server) {
    fill(&mut master.client(), "before", 10_000);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(master, &done));
        replica.follow(master);
        eventually("the link is up", || replica.info("replication", "master_link_status") == "up");
        done.store(true, Ordering::Relaxed);
        assert!(writer.join().expect("the writer writes") > 0);
    });
    fill(&mut master.client(), "after", 100);
    await_equal(master, replica);
    assert_eq!(master.info("stats", "sync_full"), "1");
    heal(master, replica, master, &["CLIENT", "KILL", "TYPE", "replica"]);
    heal(master, replica, replica, &["CLIENT", "KILL", "TYPE", "master"]);
    assert_eq!(master.info("stats", "sync_full"), "1", "a cut cost a full resync");
}

/// Cuts the link, writes meanwhile, and expects that only what was missed is sent.
fn heal(master: &Server, replica: &Server, cutter: &Server, cut: &[&str]) {
    let before: u64 = master.info("stats", "sync_partial_ok").parse().expect("a number");
    assert_eq!(cutter.client().call(cut), Reply::Integer(1));
    fill(&mut master.client(), "while-cut", 50);
    eventually("the replica has come back by a partial resync", || {
        master.info("stats", "sync_partial_ok").parse::<u64>().is_ok_and(|now| now > before)
    });
    await_equal(master, replica);
}

/// Writes until told to stop, and answers how often.
fn write_until(server: &Server, done: &AtomicBool) -> u64 {
    let (mut client, mut count) = (server.client(), 0);
    while !done.load(Ordering::Relaxed) {
        client.call(&["SET", &format!("during:{count}"), "written during the snapshot"]);
        client.call(&["INCR", "during:count"]);
        count += 1;
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    count
}

/// Writes `count` keys in two databases: short, long and numeric values, some with an expiry.
fn fill(client: &mut Client, prefix: &str, count: u32) {
    let mut commands = Vec::new();
    for n in 0..count {
        let value = match n % 4 {
            0 => n.to_string(),
            1 => format!("value of {n}"),
            2 => format!("{n}").repeat(30),
            _ => format!("한글 \u{1F600} {n}"),
        };
        let mut command = vec!["SET".to_owned(), format!("{prefix}:{n}"), value];
        if n % 3 == 0 {
            command.extend(["PX".to_owned(), (3_600_000 + n).to_string()]);
        }
        commands.push(command);
    }
    client.pipeline(&commands);
    client.call(&["SELECT", "3"]);
    client.call(&["SET", prefix, "in another database"]);
    client.call(&["SELECT", "0"]);
    client.call(&["MULTI"]);
    client.call(&["SET", &format!("{prefix}:multi"), "1"]);
    client.call(&["INCR", &format!("{prefix}:multi")]);
    client.call(&["EXEC"]);
}

#[test]
fn our_master_hands_its_role_over_to_a_real_replica() {
    hands_its_role_over(&Server::ours(&NO_DELAY), &Server::real(&NO_DELAY));
}

#[test]
fn a_real_master_hands_its_role_over_to_our_replica() {
    hands_its_role_over(&Server::real(&NO_DELAY), &Server::ours(&NO_DELAY));
}

const NO_DELAY: [&str; 2] = ["--repl-diskless-sync-delay", "0"];

/// FAILOVER: the roles change, nothing is lost, and nobody needs another snapshot.
fn hands_its_role_over(master: &Server, replica: &Server) {
    fill(&mut master.client(), "before", 100);
    replica.follow(master);
    await_equal(master, replica);
    master.client().call(&["SET", "last", "word"]);
    let reply = master.client().call(&["FAILOVER", "TIMEOUT", "10000"]);
    assert_eq!(reply, Reply::OK);
    // A write that comes meanwhile waits, and is refused by who is a replica then.
    let late = master.client().call(&["SET", "late", "word"]);
    assert!(matches!(&late, Reply::Error(text) if text.starts_with("READONLY")), "{late:?}");
    eventually("the roles have changed", || {
        replica.info("replication", "role") == "master"
            && master.info("replication", "master_link_status") == "up"
    });
    replica.client().call(&["SET", "after:0", "word"]);
    await_equal(replica, master);
    assert_eq!(master.client().call(&["GET", "last"]), Reply::bulk(b"word"));
    assert_eq!(master.info("replication", "master_failover_state"), "no-failover");
    assert_eq!(replica.info("stats", "sync_partial_ok"), "1");
    assert_eq!(replica.info("stats", "sync_full"), "0");
}

/// Waits until offsets meet, then compares every key, value and expiry.
fn await_equal(master: &Server, replica: &Server) {
    eventually("the link is up", || replica.info("replication", "master_link_status") == "up");
    eventually("the offsets are equal", || {
        let (up, down) = (
            master.info("replication", "master_repl_offset"),
            replica.info("replication", "master_repl_offset"),
        );
        up == down && replica.info("replication", "slave_repl_offset") == up
    });
    let id = |server: &Server| server.info("replication", "master_replid");
    assert_eq!(id(master), id(replica));
    for db in ["0", "3"] {
        let (mut a, mut b) = (master.client(), replica.client());
        a.call(&["SELECT", db]);
        b.call(&["SELECT", db]);
        assert_eq!(a.call(&["DBSIZE"]), b.call(&["DBSIZE"]), "database {db}");
        compare_keys(&mut a, &mut b);
    }
    let digest = |server: &Server| server.client().call(&["DEBUG", "DIGEST"]);
    assert_eq!(digest(master), digest(replica));
}

fn compare_keys(a: &mut Client, b: &mut Client) {
    for prefix in ["before", "during", "after", "while-cut", "early", "shared"] {
        for n in 0..10_000 {
            let key = format!("{prefix}:{n}");
            let value = a.call(&["GET", &key]);
            if value == Reply::Null && n > 0 {
                break;
            }
            assert_eq!(value, b.call(&["GET", &key]), "{key}");
            let expiry = a.call(&["PEXPIRETIME", &key]);
            assert_eq!(expiry, b.call(&["PEXPIRETIME", &key]), "expiry of {key}");
        }
    }
}

fn chain(top: &Server, middle: &Server, bottom: &Server) {
    fill(&mut top.client(), "before", 500);
    middle.follow(top);
    await_equal(top, middle);
    bottom.follow(middle);
    await_equal(middle, bottom);
    fill(&mut top.client(), "after", 500);
    await_equal(top, middle);
    await_equal(top, bottom);
    assert_eq!(middle.client().call(&["CLIENT", "KILL", "TYPE", "replica"]), Reply::Integer(1));
    fill(&mut top.client(), "while-cut", 50);
    await_equal(top, bottom);
    assert_eq!(middle.info("stats", "sync_partial_ok"), "1", "{}", middle.log());
}

/// Commands of one connection, in order, whose replies are compared.
const COMPARED: &[&[&str]] = &[
    &["PING"],
    &["PING", "hello"],
    &["ECHO", "x"],
    &["SET", "k", "v"],
    &["GET", "k"],
    &["GET", "absent"],
    &["SET", "k", "v", "NX"],
    &["SET", "k", "v", "BOGUS"],
    &["SET", "k", "v", "EX", "0"],
    &["SET", "k", "v", "EX", "x"],
    &["SET", "k", "10", "GET"],
    &["INCR", "k"],
    &["INCRBY", "k", "x"],
    &["INCRBY", "k", "9223372036854775807"],
    &["APPEND", "k", "ab"],
    &["INCR", "k"],
    &["STRLEN", "k"],
    &["TYPE", "k"],
    &["TYPE", "absent"],
    &["EXISTS", "k", "k", "absent"],
    &["EXPIRE", "k", "100"],
    &["TTL", "k"],
    &["EXPIRE", "k", "10", "NX"],
    &["EXPIRE", "k", "10", "NX", "XX"],
    &["EXPIRE", "k", "10", "WHAT"],
    &["PERSIST", "k"],
    &["TTL", "k"],
    &["TTL", "absent"],
    &["MSET", "a", "1", "b"],
    &["MSET", "a", "1", "b", "2"],
    &["MGET", "a", "b", "c"],
    &["GET"],
    &["NOSUCH", "a", "b"],
    &["SELECT", "99"],
    &["SELECT", "x"],
    &["SELECT", "1"],
    &["DBSIZE"],
    &["SELECT", "0"],
    &["MULTI"],
    &["SET", "m", "1"],
    &["MULTI"],
    &["INCR", "m"],
    &["EXEC"],
    &["EXEC"],
    &["DISCARD"],
    &["MULTI"],
    &["NOSUCH"],
    &["EXEC"],
    &["WATCH", "m"],
    &["SET", "m", "2"],
    &["MULTI"],
    &["GET", "m"],
    &["EXEC"],
    &["WAIT", "0", "0"],
    &["WAIT", "1", "-1"],
    &["WAIT", "x", "0"],
    &["CONFIG", "GET", "repl-backlog-size"],
    &["CONFIG", "GET", "repl-diskless-sync-d*"],
    &["CONFIG", "SET", "nosuch", "1"],
    &["CONFIG", "SET", "repl-timeout", "0"],
    &["CONFIG", "SET", "databases", "1"],
    &["CONFIG", "NOSUCH"],
    &["ROLE"],
    &["REPLICAOF", "NO", "ONE"],
    &["REPLICAOF", "host", "x"],
    &["REPLCONF", "listening-port"],
    &["REPLCONF", "nosuch", "1"],
    &["PSYNC", "?", "x"],
    &["CLIENT", "GETNAME"],
    &["CLIENT", "SETNAME", "a b"],
    &["CLIENT", "SETNAME", "ab"],
    &["CLIENT", "GETNAME"],
    &["AUTH", "x"],
    &["HELLO", "9"],
    &["DEL", "k", "absent"],
    &["FLUSHALL", "WHAT"],
    &["FLUSHALL"],
    &["DBSIZE"],
];
