//! Older releases: what they send and say, against a real one of Debian's, a 7.0.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use replica_lab::resp::{Reply, encode_command};
use servers::{Server, both_answer_alike, eventually};

/// What is written, by one client, in this order.
const WRITES: &[&str] = &[
    "SET k v",
    "MULTI",
    "SET a 1",
    "EXEC",
    "MULTI",
    "SET a 2",
    "INCR a",
    "EXEC",
    "SELECT 1",
    "MULTI",
    "SET x 1",
    "SELECT 2",
    "SET y 2",
    "EXEC",
    "MULTI",
    "GET y",
    "EXEC",
    "SELECT 3",
    "MULTI",
    "INCR n",
    "EXEC",
    "SADD s 1 2 3",
    "SPOP s 3",
    "SELECT 0",
    "SET e v PX 1",
    "DEBUG SLEEP 0.01",
    "GET e",
    "SET e v PX 1",
    "DEBUG SLEEP 0.01",
    "SELECT 4",
    "SELECT 0",
    "SET e v PX 1",
    "DEBUG SLEEP 0.01",
    "MSET e w b 1",
    "SET e w EX 100",
    "MULTI",
    "SET f v PX 1",
    "EXEC",
    "DEBUG SLEEP 0.01",
    "MULTI",
    "GET f",
    "SET g 1",
    "EXEC",
    "SETEX h 100 v",
    "GETEX h EX 50",
    "GETEX h EXAT 33177117420",
    "EXPIRE h 70",
    "PEXPIRE h 70000",
    "EXPIREAT h 33177117420",
    "SET h v KEEPTTL GET",
    "SET h v PXAT 33177117420000 XX GET",
    "set h v pxat 33177117420000",
    "MOVE k 5",
    "COPY a b DB 6",
    "FLUSHALL",
];

/// Everything that the stream of a server holds after the writes, a word a line.
fn stream_of(server: &Server) -> String {
    let mut replica = raw(server);
    send(&mut replica, &["PSYNC", "?", "-1"]);
    eventually("there is a backlog", || server.info("replication", "repl_backlog_active") == "1");
    let mut client = server.client();
    client.call(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
    for line in WRITES {
        let reply = client.call(&line.split(' ').collect::<Vec<_>>());
        assert!(!matches!(reply, Reply::Error(_)), "{line}: {reply:?}");
    }
    let id = server.info("replication", "master_replid");
    let end: usize = server.info("replication", "master_repl_offset").parse().expect("a number");
    let mut reader = raw(server);
    send(&mut reader, &["PSYNC", &id, "1"]);
    let mut bytes = Vec::new();
    let head = b"+CONTINUE\r\n".len();
    while bytes.len() < head + end {
        let mut buffer = [0; 4096];
        let read = reader.read(&mut buffer).expect("the stream is sent");
        assert!(read > 0, "the stream ended after {} of {end} bytes", bytes.len());
        bytes.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8(bytes).expect("the words are text");
    assert!(text.starts_with("+CONTINUE\r\n"), "{text}");
    // The first tick of a server's clock pings whoever is already there.
    let text = text.replace("*1\r\n$4\r\nping\r\n", "").replace("*1\r\n$4\r\nPING\r\n", "");
    let words = text.lines().skip(1).filter(|line| !line.starts_with('$'));
    // Stamps are those of the day.
    words.map(|word| if is_stamp(word) { "(stamp)" } else { word }).collect::<Vec<_>>().join("\n")
}

fn is_stamp(word: &str) -> bool {
    word.len() == 13 && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn raw(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts clients");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket has a timeout");
    stream
}

fn send(stream: &mut TcpStream, words: &[&str]) {
    let mut bytes = Vec::new();
    encode_command(words, &mut bytes);
    stream.write_all(&bytes).expect("it listens");
}

#[test]
fn a_7_0_sends_what_a_7_0_sends() {
    let options = ["--repl-diskless-sync", "no", "--repl-ping-replica-period", "3600"];
    let real = stream_of(&Server::real(&options));
    let ours = stream_of(&Server::ours(&options));
    assert_eq!(ours, real);
    assert!(real.contains("SELECT\n1\n*1\nMULTI"), "SELECT stands before MULTI:\n{real}");
}

/// Two servers through two full resyncs, a cut, a promotion, a failover, and their end: the log of
/// each, without what differs from day to day.
fn story(start: fn(&[&str]) -> Server) -> [String; 2] {
    let options = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "3600"];
    let (mut a, mut b) = (start(&options), start(&options));
    let up = |server: &Server| server.info("replication", "master_link_status") == "up";
    let settled = |replica: &Server, master: &Server| {
        eventually("the link is up", || up(replica));
        let online = || master.info("replication", "slave0").contains("state=online");
        eventually("the replica is online", online);
        let acked = || replica.info("replication", "slave_repl_offset");
        eventually("the replica has confirmed", || {
            master.info("replication", "slave0").contains(&format!("offset={},", acked()))
        });
    };
    a.client().call(&["SET", "k", "v"]);
    b.follow(&a);
    settled(&b, &a);
    a.client().call(&["CLIENT", "KILL", "TYPE", "replica"]);
    eventually("the link breaks", || a.info("stats", "sync_partial_ok") == "1");
    settled(&b, &a);
    b.client().call(&["REPLICAOF", "NO", "ONE"]);
    eventually("the replica is gone", || a.info("replication", "connected_slaves") == "0");
    b.client().call(&["SET", "own", "history"]);
    a.client().call(&["CONFIG", "SET", "repl-diskless-sync", "no"]);
    a.client().call(&["SET", "other", "history"]);
    b.follow(&a);
    settled(&b, &a);
    a.client().call(&["FAILOVER"]);
    eventually("they have changed places", || a.info("replication", "role") == "slave" && up(&a));
    for server in [&mut a, &mut b] {
        server.end();
    }
    [&a, &b].map(|server| settled_order(&plain(&server.log())))
}

/// When a socket is found closed is a matter of chance, and so is who speaks first, a server or the
/// child that it has just forked: such lines stand at the end.
fn settled_order(log: &str) -> String {
    let chance = ["Connection with replica", "C * Fork CoW", "C * DB saved"];
    let (late, rest): (Vec<&str>, Vec<&str>) =
        log.lines().partition(|line| chance.iter().any(|words| line.contains(words)));
    [rest, late].concat().join("\n")
}

/// Lines of a log with their role and sign; numbers, names and what the machine has to say masked.
fn plain(log: &str) -> String {
    let mut text = String::new();
    for line in log.lines().filter(|line| !line.contains("overcommit")) {
        let start = line.find([' ', ')']).expect("a line has words");
        let (who, rest) = line.split_at(start);
        let role = who.rsplit(':').next().unwrap_or_default();
        let rest: Vec<&str> = rest.split(' ').collect();
        // The date and the time are five words.
        let words = rest.get(5..).unwrap_or(&rest);
        let line = format!("{role} {}", words.join(" "));
        let line = line.split(" (user request from").next().unwrap_or_default();
        let hidden = |word: &str| {
            let body = word.trim_matches(['\'', '(', ')', ',', '.']);
            let id = body.len() >= 40 && body.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
            let masked = id || body.bytes().any(|b| b.is_ascii_digit());
            if masked { "#".to_owned() } else { word.to_owned() }
        };
        text += &line.split(' ').map(hidden).collect::<Vec<_>>().join(" ");
        text.push('\n');
    }
    text
}

#[test]
fn a_7_0_says_what_a_7_0_says() {
    let [real_a, real_b] = story(Server::real);
    let [our_a, our_b] = story(Server::ours);
    assert_eq!(our_a, real_a);
    assert_eq!(our_b, real_b);
    assert!(real_a.contains("ACK from slave"), "they are the words of a 7.0:\n{real_a}");
    assert!(real_b.contains("M # Setting secondary"), "they are its signs:\n{real_b}");
}

/// Doubles with all their digits, as C prints them, and what else later releases say otherwise.
#[test]
fn a_7_0_answers_what_a_7_0_answers() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let lines = [
        "ZADD z 0.1 a 3.0000000000000004 b 1e17 c -1e-5 d inf e 123456.789 f",
        "ZSCORE z a",
        "ZMSCORE z a b c d e f none",
        "ZRANGE z 0 -1 WITHSCORES",
        "ZINCRBY z 0.2 a",
        "ZADD z INCR 0.2 b",
        "ZSCAN z 0",
        "EVAL \"return redis.call('ZSCORE', KEYS[1], 'a')\" 1 z",
        "EVAL \"return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')\" 1 z",
        "MULTI",
        "ZSCORE z a",
        "ZPOPMIN z",
        "EXEC",
        "HELLO 3",
        "ZSCORE z a",
        "ZRANGE z 0 -1 WITHSCORES",
        "ZPOPMAX z 2",
        "HELLO 2",
        "LATENCY DOCTOR",
        "MEMORY DOCTOR",
        "CONFIG SET latency-monitor-threshold 1000",
        "LATENCY DOCTOR",
        "DEBUG SET-SKIP-CHECKSUM-VALIDATION 1",
        "RESTORE r 0 \"\\x00\\x01a\\x0a\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\"",
        "GET r",
        "DEBUG SET-SKIP-CHECKSUM-VALIDATION 0",
        "RESTORE r2 0 \"\\x00\\x01a\\x0a\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\"",
        "FUNCTION LOAD \"#!lua name=t\\nwhile true do end\"",
    ];
    both_answer_alike(&servers, &lines);
}

#[test]
fn a_7_0_tells_who_waits_for_a_group_that_its_stream_is_gone() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        for end in ["DEL s", "SET s v", "FLUSHALL", "XGROUP DESTROY s g"] {
            let (mut client, mut other) = (server.client(), server.client());
            client.call(&["DEL", "s"]);
            client.call(&["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"]);
            other.send(b"XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\n");
            eventually("it waits", || server.info("clients", "blocked_clients") == "1");
            client.call(&end.split(' ').collect::<Vec<_>>());
            let Some(Reply::Error(told)) = other.reply() else { panic!("{end}: no error") };
            let code = if end.starts_with("XGROUP") { "NOGROUP " } else { "UNBLOCKED the stream " };
            assert!(told.starts_with(code), "{end}: {told}");
        }
    }
}

#[test]
fn a_6_2_tells_its_replicas_which_scripts_to_keep() {
    let digest = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
    for (release, tells) in [("6.2", true), ("7.0", false)] {
        let (master, replica) = (Server::ours(&["--profile", release]), Server::ours(&[]));
        replica.follow(&master);
        eventually("it follows", || replica.info("replication", "master_link_status") == "up");
        let kept = || replica.client().call(&["SCRIPT", "EXISTS", digest]);
        let is_kept = |kept: bool| Reply::Array(vec![Reply::Integer(kept.into())]);
        let mut client = master.client();
        let write = |client: &mut servers::Client, words: &[&str], key: &str| {
            client.call(words);
            client.call(&["SET", key, "v"]);
            let arrived = || replica.client().call(&["EXISTS", key]) == Reply::Integer(1);
            eventually("it arrives", arrived);
        };
        write(&mut client, &["SCRIPT", "LOAD", "return 1"], "loaded");
        assert_eq!(kept(), is_kept(tells), "{release}");
        write(&mut client, &["SCRIPT", "FLUSH"], "flushed");
        assert_eq!(kept(), is_kept(false), "{release}");
        assert_eq!(replica.info("stats", "unexpected_error_replies"), "0");
        let command = if tells { "cmdstat_script" } else { "cmdstat_script|load" };
        assert!(master.info("commandstats", command).starts_with("calls="), "{release}");
    }
}
