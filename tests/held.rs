//! Who is kept waiting, by a disk, a load, a pause or a peer, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;
mod support;

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use replica_lab::node::{Link, Wake};
use replica_lab::resp::Reply;
use servers::{Server, both_answer_alike, eventually};
use support::{Bench, CLIENT};

#[test]
fn a_transaction_goes_on_when_the_disk_has_answered() {
    let folder = std::env::temp_dir().join(format!("rl-exec-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    let file = folder.join("redis.conf").to_string_lossy().into_owned();
    fs::write(&file, "enable-debug-command yes\n").expect("a file can be written");
    let servers =
        [Server::real_with(&[&file], &[]), Server::ours_with(&[&file, "--profile", "7.0"], &[])];
    let lines = [
        "MULTI",
        "SET k v",
        "DEBUG RELOAD",
        "INCR n",
        "CONFIG REWRITE",
        "DEBUG RELOAD NOSAVE NOFLUSH MERGE",
        "DEBUG RELOAD NONSENSE",
        "DBSIZE",
        "EXEC",
        "GET k",
        "MULTI",
        "CONFIG SET bind 127.0.0.1 timeout 7",
        "CONFIG GET timeout",
        "EXEC",
        "INFO nonsense",
    ];
    both_answer_alike(&servers, &lines);
    for server in &servers {
        // Who asks meanwhile is answered behind the transaction.
        let (mut first, mut second) = (server.client(), server.client());
        first.send(b"MULTI\r\nDEBUG RELOAD\r\nSET last 1\r\nEXEC\r\n");
        for _ in 0..3 {
            first.reply().expect("it is queued");
        }
        let replies = Reply::Array(vec![Reply::OK, Reply::OK]);
        assert_eq!(first.reply(), Some(replies));
        assert_eq!(second.call(&["GET", "last"]), Reply::bulk("1"));
        assert_eq!(server.info("commandstats", "cmdstat_exec").split(',').next(), Some("calls=3"));
    }
    fs::remove_dir_all(&folder).expect("the folder can go");
}

#[test]
fn what_is_being_loaded_stays_where_it_is() {
    for start in [Server::real_with, Server::ours_with] {
        let source = Server::real(&["--rdbcompression", "no"]);
        source.client().call(&["DEBUG", "POPULATE", "2000", "key", "1000"]);
        source.client().call(&["SAVE"]);
        let allowed = ["--enable-debug-command", "yes", "--enable-protected-configs", "yes"];
        let server = start(&[], &allowed);
        let mut client = server.client();
        let options = ["key-load-delay", "2000", "loading-process-events-interval-bytes", "1024"];
        for pair in options.chunks(2) {
            assert_eq!(client.call(&["CONFIG", "SET", pair[0], pair[1]]), Reply::OK);
        }
        fs::copy(source.folder().join("dump.rdb"), server.folder().join("dump.rdb"))
            .expect("a file can be copied");
        let mut other = server.client();
        other.send(b"DEBUG RELOAD NOSAVE\r\n");
        eventually("it loads", || server.info("persistence", "loading") == "1");
        let refused = Reply::error("LOADING Redis is loading the dataset in memory");
        for pair in [["appendonly", "no"], ["dir", "/"], ["repl-diskless-load", "nonsense"]] {
            assert_eq!(client.call(&["CONFIG", "SET", pair[0], pair[1]]), refused, "{pair:?}");
        }
        let words = ["CONFIG", "SET", "nonsense", "1", "dir", "/"];
        assert!(matches!(client.call(&words), Reply::Error(_)));
        assert_eq!(client.call(&["CONFIG", "SET", "key-load-delay", "0"]), Reply::OK);
        assert_eq!(other.reply(), Some(Reply::OK));
        assert_eq!(client.call(&["CONFIG", "SET", "appendonly", "no"]), Reply::OK);
    }
}

#[test]
fn a_replica_that_is_paused_keeps_its_master_waiting() {
    for start in [Server::real, Server::ours] {
        let (master, replica) = (Server::real(&[]), start(&[]));
        replica.follow(&master);
        eventually("the link is up", || replica.info("replication", "master_link_status") == "up");
        let mut client = replica.client();
        client.call(&["CLIENT", "PAUSE", "100000", "WRITE"]);
        let mut writer = master.client();
        for words in ["SET k v", "MULTI", "SET a 1", "INCR a", "EXEC"] {
            writer.call(&words.split(' ').collect::<Vec<_>>());
        }
        let offset = || master.info("replication", "master_repl_offset");
        let read = || replica.info("replication", "slave_read_repl_offset");
        eventually("all of it has arrived", || read() == offset());
        assert_ne!(replica.info("replication", "slave_repl_offset"), offset());
        assert_eq!(client.call(&["GET", "k"]), Reply::Null);
        client.call(&["CLIENT", "UNPAUSE"]);
        eventually("it is done", || client.call(&["GET", "a"]) == Reply::bulk("2"));
        assert_eq!(client.call(&["GET", "k"]), Reply::bulk("v"));
    }
}

#[test]
fn a_replica_that_takes_no_more_of_a_snapshot_is_let_go() {
    for start in [Server::real, Server::ours] {
        let options = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"];
        let (master, replica) = (start(&options), Server::real(&[]));
        let mut client = master.client();
        client.call(&["CONFIG", "SET", "repl-timeout", "2", "rdbcompression", "no"]);
        client.call(&["DEBUG", "POPULATE", "2000", "key", "20000"]);
        replica.client().call(&["CONFIG", "SET", "repl-diskless-load", "swapdb"]);
        replica.client().call(&["CONFIG", "SET", "key-load-delay", "1000"]);
        replica.follow(&master);
        eventually("it comes", || replica.log().contains("receiving streamed RDB from master"));
        replica.freeze();
        let lines = ["Disconnecting timedout replica (full sync)", "last replica dropped, killing"];
        for line in lines {
            eventually("the master says so", || master.log().contains(line));
        }
        eventually("no child is left", || {
            master.info("persistence", "rdb_bgsave_in_progress") == "0"
        });
        replica.thaw();
    }
}

/// A redis-server that loads slowly reads no more than it has loaded, so that its master cannot be
/// done before it.
#[test]
fn a_replica_that_loads_slowly_holds_its_master_up() {
    for start in [Server::real, Server::ours] {
        let options = ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"];
        let (master, replica) = (Server::real(&options), start(&["--key-load-delay", "1000"]));
        let mut client = master.client();
        client.call(&["CONFIG", "SET", "rdbcompression", "no"]);
        client.call(&["DEBUG", "POPULATE", "2000", "key", "20000"]);
        replica.client().call(&["CONFIG", "SET", "repl-diskless-load", "swapdb"]);
        replica.follow(&master);
        eventually("it loads", || replica.log().contains("Loading DB in memory"));
        sleep(Duration::from_millis(500));
        drop(replica);
        eventually("the master says so", || {
            master.log().contains("last replica dropped, killing fork child")
        });
    }
}

#[test]
fn a_node_is_deaf_on_the_link_of_a_slow_load_and_on_all_while_it_sleeps() {
    let source = Server::real(&["--rdbcompression", "no"]);
    source.client().call(&["DEBUG", "POPULATE", "100", "key", "20"]);
    source.client().call(&["SAVE"]);
    let file = fs::read(source.folder().join("dump.rdb")).expect("it is saved");
    let mut bench = Bench::new();
    for pair in [["repl-diskless-load", "swapdb"], ["key-load-delay", "1000"]] {
        bench.command(CLIENT, &["CONFIG", "SET", pair[0], pair[1]]);
    }
    let master = bench.follow();
    bench.receive(master, format!("+FULLRESYNC {} 0\r\n", "a".repeat(40)).as_bytes());
    bench.receive(master, format!("${}\r\n", file.len()).as_bytes());
    assert!(!bench.node.is_deaf_on(master), "nothing is loaded yet");
    let (first, rest) = file.split_at(file.len() / 2);
    bench.receive(master, first);
    assert!(bench.node.is_deaf_on(master) && !bench.node.is_deaf_on(CLIENT));
    let due = bench.node.deadline().expect("it goes on");
    assert_eq!(due.wake, Wake::LoadChunk);
    assert!((30..70).contains(&due.at.since(bench.now).millis()), "some fifty keys are loaded");
    bench.wake(1);
    assert!(!bench.node.is_deaf_on(master));
    // What is handed over all the same is owed as well.
    bench.receive(master, rest);
    assert!(bench.node.is_deaf_on(master));
    assert!(bench.heard(&["ROLE"]).ends_with(b"$4\r\nsync\r\n:-1\r\n"));
    bench.wake(1);
    assert!(!bench.node.is_deaf_on(master));
    assert!(bench.heard(&["DBSIZE"]).starts_with(b":100"));
    bench.command(CLIENT, &["DEBUG", "SLEEP", "1"]);
    for link in [CLIENT, master, Link::accepted(9)] {
        assert!(bench.node.is_deaf_on(link));
    }
    bench.wake(1);
    assert!(!bench.node.is_deaf_on(CLIENT));
}
