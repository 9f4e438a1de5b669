//! What clients and tools ask a server about itself, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;

use replica_lab::resp::{Protocol, Reply, encode_command};
use servers::{Server, both_answer_alike, eventually};

#[test]
fn users_are_told_of_as_redis_tells() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let lines = [
        "ACL",
        "ACL NOSUCH",
        "ACL WHOAMI",
        "ACL WHOAMI x",
        "ACL LIST",
        "ACL USERS",
        "ACL CAT",
        "ACL CAT nosuch",
        "ACL GETUSER default",
        "ACL GETUSER nobody",
        "ACL DELUSER default",
        "ACL DELUSER nobody",
        "ACL GENPASS x",
        "ACL GENPASS 0",
        "ACL GENPASS 5000",
        "ACL LOG",
        "ACL LOG x",
        "ACL SAVE",
        "ACL LOAD",
        "ACL DRYRUN default GET k",
        "ACL DRYRUN nobody GET k",
        "ACL DRYRUN default nosuch",
        "ACL DRYRUN default",
        "ACL DRYRUN default GET",
        "ACL DRYRUN default CONFIG",
        "ACL DRYRUN default CONFIG NOSUCH",
        "ACL DRYRUN default CONFIG GET",
        "ACL DRYRUN default WAITAOF 0 0 0",
        "ACL HELP",
        "ACL SETUSER default >secret",
        "ACL LIST",
        "ACL GETUSER default",
        "AUTH wrong",
        "AUTH default wrong",
        "AUTH secret",
        "ACL WHOAMI",
        "ACL LOG RESET",
        "ACL LOG",
        "ACL SETUSER default nopass",
        "ACL LIST",
    ];
    both_answer_alike(&servers, &lines);
    for server in &servers {
        let mut client = server.client();
        client.call(&["CONFIG", "SET", "requirepass", "secret"]);
        client.call(&["AUTH", "wrong"]);
        client.call(&["AUTH", "again"]);
        let Reply::Array(entries) = client.call(&["ACL", "LOG"]) else { panic!("entries") };
        let [Reply::Array(entry)] = entries.as_slice() else { panic!("one entry: {entries:?}") };
        let fields: Vec<Reply> = entry.iter().take(10).cloned().collect();
        let wanted = ["count", "2", "reason", "auth", "context", "toplevel", "object"];
        for (field, wanted) in fields.iter().zip(wanted) {
            let number = wanted.parse().map(Reply::Integer);
            assert_eq!(*field, number.unwrap_or_else(|_| Reply::bulk(wanted)));
        }
        let Reply::Bulk(password) = client.call(&["ACL", "GENPASS", "70"]) else { panic!("text") };
        assert_eq!(password.len(), 18);
    }
}

#[test]
fn what_takes_memory_and_time_is_told_in_redis_words() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let lines = [
        "MEMORY",
        "MEMORY NOSUCH",
        "MEMORY USAGE",
        "MEMORY USAGE nokey",
        "SET k v",
        "MEMORY USAGE k SAMPLES",
        "MEMORY USAGE k SAMPLES x",
        "MEMORY USAGE k NONSENSE 1",
        "MEMORY PURGE",
        "MEMORY PURGE now",
        "MEMORY HELP",
        "LATENCY LATEST",
        "LATENCY HISTORY command",
        "LATENCY RESET",
        "LATENCY RESET command",
        "LATENCY GRAPH command",
        "LATENCY NOSUCH",
        "LATENCY HELP",
        "SLOWLOG NOSUCH",
        "SLOWLOG GET x",
        "SLOWLOG GET -2",
        "SLOWLOG RESET",
        "SLOWLOG LEN",
        "SLOWLOG GET",
        "SLOWLOG HELP",
        "OBJECT HELP",
        "OBJECT NOSUCH",
    ];
    both_answer_alike(&servers, &lines);
    let mut names = Vec::new();
    for server in &servers {
        let mut client = server.client();
        client.call(&["RPUSH", "l", "a", "b"]);
        let Reply::Array(stats) = client.call(&["MEMORY", "STATS"]) else { panic!("fields") };
        let own = stats.iter().step_by(2).map(|name| format!("{name:?}")).collect::<BTreeSet<_>>();
        names.push(own);
        client.call(&["CONFIG", "SET", "latency-monitor-threshold", "100"]);
        client.call(&["DEBUG", "SLEEP", "0.15"]);
        let Reply::Array(latest) = client.call(&["LATENCY", "LATEST"]) else { panic!("events") };
        assert_eq!(latest.len(), 1, "{latest:?}");
        let slow = client.call(&["SLOWLOG", "GET", "1"]);
        let Reply::Array(entries) = slow else { panic!("entries") };
        let [Reply::Array(entry)] = entries.as_slice() else { panic!("one entry: {entries:?}") };
        let words = ["DEBUG", "SLEEP", "0.15"].map(Reply::bulk);
        assert_eq!(entry[3], Reply::Array(words.to_vec()));
        assert!(matches!(entry[2], Reply::Integer(150_000..)), "{entry:?}");
    }
    assert_eq!(names[1], names[0]);
}

#[test]
fn a_key_takes_about_as_much_as_in_a_real_server() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let mut sizes = Vec::new();
    for server in &servers {
        let mut client = server.client();
        let value = "x".repeat(5_000);
        client.call(&["SET", "k", "v"]);
        client.call(&["SET", "long", &value]);
        for n in 0..2_000 {
            client.call(&["HSET", "hash", &format!("field:{n}"), "a value of some bytes"]);
        }
        let size = |key: &str, client: &mut servers::Client| {
            let Reply::Integer(size) = client.call(&["MEMORY", "USAGE", key]) else {
                panic!("a number")
            };
            size as f64
        };
        sizes.push(["k", "long", "hash"].map(|key| size(key, &mut client)));
    }
    for (real, ours) in sizes[0].iter().zip(sizes[1]) {
        assert!((0.6..1.6).contains(&(ours / real)), "{sizes:?}");
    }
}

/// A replica that keeps an AOF says how far it is on its disk: that of 7.2 does. Debian's is a
/// 7.0, so this one is played.
#[test]
fn a_replica_with_an_aof_confirms_what_is_on_its_disk() {
    let ours = Server::ours(&["--profile", "7.2", "--repl-diskless-sync", "no"]);
    let mut replica = TcpStream::connect(("127.0.0.1", ours.port)).expect("it accepts clients");
    let mut say = |words: &[&str]| {
        let mut bytes = Vec::new();
        encode_command(words, &mut bytes);
        replica.write_all(&bytes).expect("it listens");
    };
    say(&["PSYNC", "?", "-1"]);
    let state = |wanted: &str| ours.info("replication", "slave0").contains(wanted);
    eventually("a snapshot was sent", || ours.info("replication", "slave0").contains("state="));
    eventually("the replica is online", || {
        say(&["REPLCONF", "ACK", "0"]);
        state("state=online")
    });
    let mut client = ours.client();
    client.call(&["SET", "k", "v"]);
    let end = ours.info("replication", "master_repl_offset");
    let waited = |client: &mut servers::Client| client.call(&["WAITAOF", "0", "1", "300"]);
    let none = Reply::Array(vec![Reply::Integer(0), Reply::Integer(0)]);
    say(&["REPLCONF", "ACK", &end]);
    assert_eq!(client.call(&["WAIT", "1", "10000"]), Reply::Integer(1));
    assert_eq!(waited(&mut client), none, "it is in its memory only");
    say(&["REPLCONF", "ACK", &end, "FACK", &end]);
    let one = Reply::Array(vec![Reply::Integer(0), Reply::Integer(1)]);
    assert_eq!(waited(&mut client), one);
}

/// Tools ask for these to learn what they speak with.
#[test]
fn what_is_not_here_is_refused_as_by_a_server_without_it() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    both_answer_alike(
        &servers,
        &[
            "CLUSTER",
            "CLUSTER INFO",
            "CLUSTER INFO x",
            "CLUSTER SLOTS",
            "CLUSTER SHARDS",
            "CLUSTER KEYSLOT k",
            "CLUSTER KEYSLOT",
            "CLUSTER HELP",
            "CLUSTER NOSUCH",
            "READONLY",
            "READWRITE",
            "READWRITE x",
            "ASKING",
            "MODULE",
            "MODULE LIST",
            "MODULE LIST x",
            "MODULE HELP",
            "MODULE LOAD /nosuch.so",
            "MODULE LOAD",
            "MODULE UNLOAD x",
            "MODULE NOSUCH",
            "MULTI",
            "MODULE UNLOAD x",
            "MODULE LIST",
            "EXEC",
            "RESTORE-ASKING k 0 x",
            "EVAL \"return redis.call('CLUSTER', 'INFO')\" 0",
        ],
    );
    let mut client = servers[1].client();
    for (command, begin) in [
        (&["BGREWRITEAOF"][..], "ERR Append only files are not supported"),
        (&["ACL", "SETUSER", "other", "on"], "ERR Users other than 'default' are not supported"),
    ] {
        let reply = client.call(command);
        assert!(matches!(&reply, Reply::Error(text) if text.starts_with(begin)), "{reply:?}");
    }
}

/// What passes the gates, and what does not.
const AT_THE_GATES: &[&str] = &[
    "MULTI",
    "CONFIG NOSUCH",
    "EXEC",
    "MULTI",
    "CLIENT KILL",
    "EXEC",
    "MULTI",
    "SLOWLOG GET 1 2",
    "EXEC",
    "XGROUP NOSUCH k g",
    "XGROUP CREATE k",
    "OBJECT NOSUCH k",
    "LATENCY HISTORY",
    "PUBSUB NOSUCH",
    "PUBSUB NUMPAT x",
    "CLIENT NO-TOUCH on",
    "CLIENT SETINFO lib-name x",
    "CLIENT LIST ID 0 999999",
    "CLIENT LIST ID x",
    "FUNCTION FLUSH SYNC x",
    "FUNCTION RESTORE a b c",
    "CONFIG SET maxmemory",
    "CONFIG SET maxmemory 1 maxmemory",
    "CONFIG SET maxmemory 1 maxmemory 2",
    "EXEC now",
    "MULTI",
    "SET k v",
    "EXEC now",
    "EXEC",
    "SELECT 4294967296",
    "SELECT -2147483649",
    "SELECT 16",
    "CONFIG SET dir /tmp",
    "CONFIG SET dbfilename x.rdb",
    "CONFIG SET slave-priority -1",
    "MULTI",
    "SSUBSCRIBE c",
    "EXEC",
    "REPLCONF rdb-only 3",
    "REPLCONF rdb-only x",
    "REPLCONF ip-address a-name-that-is-longer-than-an-address-of-the-internet-can-be",
    "EVAL \"return redis.pcall('CONFIG', 'NOSUCH').err\" 0",
    "EVAL \"return redis.pcall('OBJECT', 'NOSUCH', 'k').err\" 0",
    "EVAL \"return redis.pcall('XGROUP', 'CREATE', 'k').err\" 0",
    "REPLICAOF 127.0.0.1 1",
    "XGROUP HELP",
    "XGROUP CREATE k g 0 MKSTREAM",
    "FUNCTION FLUSH",
    "CONFIG SET replica-serve-stale-data no",
    "CONFIG GET maxmemory",
    "SLOWLOG LEN",
    "ACL WHOAMI",
    "LATENCY LATEST",
    "PUBSUB NUMPAT",
    "OBJECT ENCODING k",
    "XINFO STREAM k",
    "XGROUP HELP",
    "MEMORY DOCTOR",
    "SCRIPT EXISTS x",
    "FUNCTION LIST",
];

/// A subcommand is a command of its own: it is looked up, counted and guarded as one.
#[test]
fn subcommands_pass_the_gates_that_commands_pass() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    both_answer_alike(&servers, AT_THE_GATES);
    let counted = |server: &Server| {
        let text = server.client().call(&["INFO", "commandstats"]).to_bytes(Protocol::Resp2);
        let text = String::from_utf8_lossy(&text).into_owned();
        let names = text.lines().filter_map(|line| line.split_once(':').map(|(name, _)| name));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(counted(&servers[1]), counted(&servers[0]));
}
