//! Connections that break: what is said of it depends on what was being done.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one order among many")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;
mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use replica_lab::node::{Breach, Input, Link, Output};
use replica_lab::resp::{Command, CommandDecoder, Reply};
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

/// What a master should not have said, and an end of a transaction that was not begun.
const NONSENSE: &str = "
SET k
NOSUCH a
LPUSH str x
INCR str
INCRBY n xx
LSET nokey 0 v
LSET lst 99 v
LSET lst abc v
SET k v nonsense
SET k v ex 0
EXPIRE str 10 nonsense
SETRANGE str -1 x
ZADD z nan a
ZADD z nx xx 1 a
RENAME nokey b
MOVE str 0
RESTORE str 0 abc
RESTORE other 0 abc
SELECT 99
SELECT abc
XADD st abc f v
XGROUP create nokey g 0
XGROUP setid st nogrp 0
XGROUP nosuch
XSETID nokey 1-1
GEOADD g 999 999 m
PFADD str x
SETBIT str abc 1
BITOP not d a b
SWAPDB 0 99
FUNCTION load nonsense
FUNCTION delete nolib
EXEC
DISCARD
MULTI extra
INCR n
MULTI
MULTI
INCR n
NOSUCH
EXEC
INCR n
MULTI
INCR n
INCR str
EXEC
MULTI
INCR n
DISCARD
PERSIST
FLUSHALL nonsense
CONFIG nosuch
INCR n
";

#[test]
fn a_replica_notes_what_its_master_should_not_have_said_and_goes_on() {
    let master = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let replicas = [Server::real(&[]), Server::ours(&[])];
    let mut client = master.client();
    for line in ["SET str v", "RPUSH lst a b", "XADD st 1-1 f v", "SET n 1"] {
        client.call(&line.split(' ').collect::<Vec<_>>());
    }
    for replica in &replicas {
        replica.follow(&master);
        eventually("it follows", || replica.info("replication", "master_link_status") == "up");
    }
    for line in NONSENSE.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = ["DEBUG", "REPLICATE"].into_iter().chain(line.split(' ')).collect();
        client.call(&words);
    }
    let [real, ours] = replicas.each_ref().map(|replica| {
        eventually("all is carried out", || {
            replica.client().call(&["GET", "n"]) == Reply::bulk("5")
        });
        let log = replica.log();
        let noted = log.lines().filter_map(|line| line.split_once("CRITICAL == ")).map(|at| at.1);
        let noted: Vec<String> = noted.map(str::to_owned).collect();
        (
            noted,
            replica.info("errorstats", "errorstat_ERR"),
            replica.info("stats", "total_error_replies"),
        )
    });
    assert_eq!(ours, real);
    assert!(real.0.len() > 40, "{real:?}");
}

/// What cannot be read, whole and in pieces, and what is long.
fn unreadable() -> Vec<Vec<u8>> {
    let long = |head: &str, count: usize| [head.as_bytes(), &vec![b'a'; count]].concat();
    let line = |head: &str, count: usize| [&long(head, count)[..], b"\r\n"].concat();
    vec![
        b"*abc\r\n".to_vec(),
        b"PING\r\n*1\r\n$-5\r\nrest".to_vec(),
        b"*2\r\n$4\r\nECHO\r\n:1\r\n\x00\x01".to_vec(),
        b"*1\r\n$99999999999\r\n".to_vec(),
        b"SET \"a\r\n".to_vec(),
        b"*2147483648\r\nPING\r\n".to_vec(),
        long("*", 70_000),
        long("*1\r\n$", 70_000),
        long("", 70_000),
        line("*1\r\n$x", 122),
        line("*1\r\n$x", 123),
        line("*1\r\n$x", 126),
        line("*1\r\n$x", 300),
    ]
}

/// Lines of the log that name a client, without what is another's own.
fn about_clients(server: &Server) -> Vec<String> {
    let log = server.log();
    let lines = log.lines().filter_map(|line| line.split_once(['#', '-', '*']).map(|line| line.1));
    let told = ["Protocol error", "generated a reply", "CRITICAL", "WARNING: Receiving"];
    let told = lines.filter(|line| told.iter().any(|words| line.contains(words)));
    let shown = |word: &str| -> Option<String> {
        let (name, _) = word.split_once('=')?;
        let own = !matches!(name, "flags" | "cmd" | "multi" | "db" | "user");
        own.then(|| format!("{name}=<its own>"))
    };
    let whole = |line: &str| {
        let words = line.split(' ').map(|word| shown(word).unwrap_or_else(|| word.to_owned()));
        words.collect::<Vec<_>>().join(" ")
    };
    told.map(whole).collect()
}

#[test]
fn what_cannot_be_read_is_told_to_a_client_and_only_noted_of_a_replica() {
    let options = ["--loglevel", "verbose", "--repl-diskless-sync-delay", "0"];
    let servers = [Server::real(&options), Server::ours(&options)];
    let [real, ours] = servers.each_ref().map(|server| {
        let mut answers = Vec::new();
        for bytes in unreadable() {
            for greeting in ["", "PSYNC ? -1\r\n", "MONITOR\r\nPSYNC ? -1\r\nSYNC\r\nGET x\r\n"] {
                let mut stream =
                    TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts");
                stream.write_all(greeting.as_bytes()).expect("it reads");
                if greeting.starts_with("PSYNC") {
                    take_snapshot(&mut stream);
                }
                stream.write_all(&bytes).expect("it reads");
                answers.push(rest(&mut stream));
            }
        }
        // A command of a replica, which is answered, and one that must not be answered at all.
        for line in ["PING", "GET x", "GET", "NOSUCH", "CONFIG NOSUCH", "REPLCONF listening-port x"]
        {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts");
            stream.write_all(b"PSYNC ? -1\r\n").expect("it reads");
            take_snapshot(&mut stream);
            stream.write_all(format!("{line}\r\n").as_bytes()).expect("it reads");
            answers.push(rest(&mut stream));
        }
        let counted = ["total_error_replies", "unexpected_error_replies"];
        (answers, about_clients(server), counted.map(|name| server.info("stats", name)))
    });
    assert_eq!(ours.0, real.0);
    assert_eq!(ours.1, real.1);
    assert_eq!(ours.2, real.2);
}

/// Reads up to the end. What a server has not read makes that a reset.
fn rest(stream: &mut TcpStream) -> String {
    let timeout = Some(Duration::from_secs(10));
    stream.set_read_timeout(timeout).expect("a socket has a time-out");
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    // What is shown has a time.
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let answer: String =
        answer.split_inclusive('\n').filter(|line| !line.starts_with("+1")).collect();
    if let Err(error) = end {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "hung up on after {answer:?}");
    }
    answer
}

/// A master that this test is: it takes one replica through the handshake and an empty snapshot.
fn master_of(server: &Server, snapshot: &[u8]) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let port = listener.local_addr().expect("it has an address").port().to_string();
    server.client().call(&["REPLICAOF", "127.0.0.1", &port]);
    let (stream, _) = listener.accept().expect("a replica comes");
    let mut reader = CommandReader { stream, decoder: CommandDecoder::default() };
    loop {
        let command = reader.next();
        let answer = match &command.args[0].to_ascii_uppercase()[..] {
            b"PING" => b"+PONG\r\n".to_vec(),
            b"PSYNC" => {
                let head = format!("+FULLRESYNC {} 1\r\n${}\r\n", "a".repeat(40), snapshot.len());
                [head.as_bytes(), snapshot].concat()
            }
            _ => b"+OK\r\n".to_vec(),
        };
        reader.stream.write_all(&answer).expect("it reads");
        if answer.starts_with(b"+FULL") {
            eventually("it follows", || server.info("replication", "master_link_status") == "up");
            return reader.stream;
        }
    }
}

struct CommandReader {
    stream: TcpStream,
    decoder: CommandDecoder,
}

impl CommandReader {
    fn next(&mut self) -> Command {
        loop {
            if let Some(command) = self.decoder.next_command().expect("a replica speaks RESP") {
                return command;
            }
            let mut bytes = [0; 1_024];
            let count = self.stream.read(&mut bytes).expect("it speaks");
            assert!(count > 0, "it has hung up");
            self.decoder.feed(&bytes[..count]);
        }
    }
}

#[test]
fn what_a_master_sends_that_cannot_be_read_ends_the_link_and_is_noted() {
    let options = ["--loglevel", "verbose"];
    let servers = [Server::real(&options), Server::ours(&options)];
    let snapshot = snapshot_of(&servers[0]);
    let streams: [&[u8]; 5] = [
        b"nonsense \x01 line\r\n",
        b"*1\r\n$4\r\nPING\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n",
        b"*1\r\n$4\r\nPING\r\n*1\r\n$-3\r\nab\x01cd\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\nfoo\r\n",
        b"*1\r\n$5\r\nMULTI\r\n*x\r\n",
    ];
    let [real, ours] = servers.each_ref().map(|server| {
        for bytes in streams {
            let mut master = master_of(server, &snapshot);
            master.write_all(bytes).expect("it reads");
            rest(&mut master);
            server.client().call(&["REPLICAOF", "NO", "ONE"]);
        }
        let log = server.log();
        let backlog = log.lines().filter_map(|line| line.split_once("Latest backlog is: "));
        let backlog: Vec<String> = backlog.map(|(_, tail)| tail.to_owned()).collect();
        (about_clients(server), backlog, server.info("stats", "unexpected_error_replies"))
    });
    assert_eq!(ours, real);
    assert!(ours.0.len() >= 10, "{ours:?}");
}

/// The snapshot of a server that holds nothing.
fn snapshot_of(server: &Server) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts");
    stream.write_all(b"SYNC\r\n").expect("it reads");
    take_snapshot(&mut stream)
}

/// Takes what a master sends up to the end of its snapshot, of which the length was told.
fn take_snapshot(stream: &mut TcpStream) -> Vec<u8> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("there is more");
        match byte[0] {
            b'\n' if line.starts_with(b"$") => break,
            b'\n' => line.clear(),
            b'\r' => {}
            byte => line.push(byte),
        }
    }
    let length = std::str::from_utf8(&line[1..]).expect("digits").parse().expect("a length");
    let mut snapshot = vec![0; length];
    stream.read_exact(&mut snapshot).expect("there is a snapshot");
    snapshot
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
