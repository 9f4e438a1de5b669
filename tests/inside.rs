//! For those who look inside: DEBUG, CONFIG REWRITE and the delays, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::fs;
use std::time::{Duration, Instant};

use replica_lab::resp::Reply;
use servers::{Server, both_answer_alike, eventually};

#[test]
fn debug_answers_in_the_words_of_redis() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    both_answer_alike(
        &servers,
        &[
            "DEBUG",
            "DEBUG NOSUCH",
            "DEBUG ERROR \"FOO bar\"",
            "DEBUG LOG hello",
            "DEBUG SLEEP",
            "DEBUG SLEEP nonsense",
            "DEBUG SLEEP 0.01",
            "DEBUG OBJECT nokey",
            "DEBUG OBJECT nokey fast now",
            "DEBUG PROTOCOL nonsense",
            "DEBUG PROTOCOL bignum",
            "DEBUG REPLICATE",
            "DEBUG REPLICATE SET k v",
            "DEBUG RELOAD NONSENSE",
            "DEBUG SET-ACTIVE-EXPIRE",
            "CONFIG REWRITE",
            "CONFIG REWRITE now",
            "SET k v",
            "RPUSH l a b c",
            "EXPIRE k 100000",
            "SELECT 5",
            "ZADD z 1.5 m",
            "DEBUG RELOAD",
            "ZSCORE z m",
            "DEBUG RELOAD NOSAVE NOFLUSH MERGE",
            "DBSIZE",
            "SELECT 0",
            "DBSIZE",
            "LRANGE l 0 -1",
            "TTL k",
            "DEBUG DIGEST-VALUE k l nokey",
        ],
    );
    let object = |server: &Server, key: &str| {
        let Reply::Simple(text) = server.client().call(&["DEBUG", "OBJECT", key]) else {
            panic!("DEBUG OBJECT answers a line")
        };
        // An address means something on one machine only, a clock is another's.
        let volatile = |word: &&str| !word.starts_with("at:") && !word.starts_with("lru");
        text.split(' ').filter(volatile).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(object(&servers[1], "k"), object(&servers[0], "k"));
    for server in &servers {
        eventually("the log has the line", || server.log().contains("DEBUG LOG: hello"));
        eventually("the log has the line", || server.log().contains("DB reloaded by DEBUG RELOAD"));
    }
}

#[test]
fn debug_is_for_those_who_are_allowed_to() {
    let option = ["--enable-debug-command", "no"];
    let servers = [Server::real(&option), Server::ours(&option)];
    both_answer_alike(
        &servers,
        &["DEBUG SLEEP 0", "DEBUG DIGEST", "MULTI", "DEBUG DIGEST", "EXEC"],
    );
    let option = ["--enable-debug-command", "local"];
    let servers = [Server::real(&option), Server::ours(&option)];
    both_answer_alike(&servers, &["DEBUG SLEEP 0", "CONFIG GET enable-debug-command"]);
}

#[test]
fn a_process_that_sleeps_hears_everything_when_it_wakes() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        let (mut sender, mut other) = (server.client(), server.client());
        let began = Instant::now();
        let words = ["DEBUG", "SLEEP", "0.4"];
        let mut bytes = Vec::new();
        replica_lab::resp::encode_command(&words, &mut bytes);
        sender.send(&bytes);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(other.call(&["INCR", "n"]), Reply::Integer(1));
        assert!(began.elapsed() >= Duration::from_millis(390), "{:?}", began.elapsed());
        assert_eq!(sender.reply(), Some(Reply::OK));
    }
}

#[test]
fn the_configuration_is_written_as_a_real_server_writes_it() {
    let text = "# mine\n\nsave 900 1\nsave 300 10\nmaxmemory 100mb\n# limits\n\
                client-output-buffer-limit replica 1mb 512kb 1\nhash-max-ziplist-entries 100\n\
                notify-keyspace-events \"KEA\"\ntimeout 5\n";
    let mut written = Vec::new();
    for start in [Server::real_with, Server::ours_with] {
        let name = format!("replica-lab-conf-{}-{}", std::process::id(), written.len());
        let file = std::env::temp_dir().join(name);
        fs::write(&file, text).expect("a file can be written");
        let server = start(&[&*file.to_string_lossy()], &["--enable-debug-command", "yes"]);
        let mut client = server.client();
        for words in [
            &["CONFIG", "SET", "save", "60 5", "maxmemory", "0", "timeout", "7"][..],
            &["CONFIG", "SET", "maxclients", "500", "repl-backlog-size", "3mb"],
            &["CONFIG", "SET", "client-output-buffer-limit", "pubsub 1 2 3"],
            &["CONFIG", "SET", "requirepass", "a \"quoted\" secret"],
            &["CONFIG", "REWRITE"],
        ] {
            assert_eq!(client.call(words), Reply::OK, "{words:?}");
        }
        // What says where this very server is, and what Redis writes of users and of percentiles.
        let own = ["port", "dir", "user", "latency-tracking", "pidfile", "daemonize"];
        let other = |line: &&str| !own.iter().any(|word| line.starts_with(word));
        let new = fs::read_to_string(&file).expect("the file is there");
        let lines: Vec<String> = new.lines().filter(other).map(str::to_owned).collect();
        let at = lines.iter().position(|line| line.starts_with("# Generated")).expect("new lines");
        let (mut old, mut added) = (lines[..at].to_vec(), lines[at..].to_vec());
        old.retain(|line| !line.is_empty());
        added.sort();
        written.push((old, added));
        let again = start(&[&*file.to_string_lossy()], &[]);
        let mut client = again.client();
        assert_eq!(client.call(&["AUTH", "a \"quoted\" secret"]), Reply::OK);
        let _ = fs::remove_file(file);
    }
    assert_eq!(written[1], written[0]);
}

/// Keys that are held back: the snapshot takes long, and so does the load, as in Redis' own tests.
#[test]
fn the_delays_of_keys_are_served() {
    let filled = |options: &[&str]| {
        let server = Server::ours(options);
        assert!(matches!(server.client().call(&["DEBUG", "POPULATE", "100"]), Reply::Simple(_)));
        server
    };
    let server = filled(&["--rdb-key-save-delay", "5000"]);
    let began = Instant::now();
    server.client().call(&["BGSAVE"]);
    assert_eq!(server.info("persistence", "rdb_bgsave_in_progress"), "1");
    eventually("it is saved", || server.info("persistence", "rdb_bgsave_in_progress") == "0");
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    let replica = Server::ours(&["--key-load-delay", "5000"]);
    server.client().call(&["CONFIG", "SET", "rdb-key-save-delay", "0"]);
    replica.follow(&server);
    eventually("it loads", || replica.info("persistence", "loading") == "1");
    let began = Instant::now();
    eventually("it has loaded", || replica.info("replication", "master_link_status") == "up");
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    assert_eq!(replica.client().call(&["DBSIZE"]), Reply::Integer(100));
}

/// While SHUTDOWN waits for a replica, nobody writes.
#[test]
fn a_shutdown_that_waits_pauses_writes() {
    let master = Server::ours(&["--repl-diskless-sync-delay", "0", "--shutdown-timeout", "1"]);
    let replica = Server::ours(&[]);
    replica.follow(&master);
    eventually("it follows", || replica.info("replication", "master_link_status") == "up");
    master.client().call(&["SET", "k", "v"]);
    replica.freeze();
    master.client().call(&["SET", "k", "w"]);
    let mut asker = master.client();
    let mut bytes = Vec::new();
    replica_lab::resp::encode_command(&["SHUTDOWN"], &mut bytes);
    asker.send(&bytes);
    eventually("it waits", || master.log().contains("Waiting for replicas before shutting down"));
    let mut writer = master.client();
    assert_eq!(writer.call(&["GET", "k"]), Reply::bulk("w"));
    replica_lab::resp::encode_command(&["SET", "k", "late"], &mut bytes);
    writer.send(&bytes[bytes.len() - 32..]);
    assert_eq!(writer.reply(), None, "the server ends before it answers");
    assert!(master.log().contains("0 of 1 replicas are in sync when shutting down."));
}

/// The encodings of what is loaded are those of the loading server's own options.
#[test]
fn a_replica_packs_by_its_own_limits() {
    let small = [
        "--hash-max-listpack-entries",
        "2",
        "--zset-max-listpack-value",
        "3",
        "--set-max-intset-entries",
        "2",
        "--repl-diskless-sync-delay",
        "0",
    ];
    let encodings = [Server::real(&small), Server::ours(&small)].map(|replica| {
        let master = Server::real(&["--repl-diskless-sync-delay", "0"]);
        let mut client = master.client();
        client.call(&["HSET", "h", "a", "1", "b", "2", "c", "3"]);
        client.call(&["HSET", "fits", "a", "1"]);
        client.call(&["ZADD", "z", "1", "four"]);
        client.call(&["SADD", "s", "1", "2", "3"]);
        client.call(&["RPUSH", "l", "1", "2", "3"]);
        replica.follow(&master);
        eventually("it follows", || replica.info("replication", "master_link_status") == "up");
        let mut client = replica.client();
        ["h", "fits", "z", "s", "l"].map(|key| client.call(&["OBJECT", "ENCODING", key]))
    });
    assert_eq!(encodings[1], encodings[0]);
    assert_eq!(encodings[0][0], Reply::bulk("hashtable"));
}

/// The link to the master is one of a replica's clients, and keeps its number over a short cut.
#[test]
fn a_replica_lists_its_master_and_can_cut_itself_off() {
    let own = ["addr", "laddr", "fd", "age", "idle", "qbuf-free", "rbs", "rbp", "tot-mem"];
    let listed = [Server::real, Server::ours].map(|start| {
        let master = start(&["--repl-diskless-sync-delay", "0"]);
        let replica = start(&[]);
        replica.follow(&master);
        let up = || replica.info("replication", "master_link_status") == "up";
        eventually("it follows", up);
        let mut client = replica.client();
        let mut line = || {
            let Reply::Bulk(text) = client.call(&["CLIENT", "LIST", "TYPE", "master"]) else {
                panic!("CLIENT LIST answers a text")
            };
            String::from_utf8_lossy(&text).trim_end().to_owned()
        };
        let before = line();
        let id = before.split(' ').next().and_then(|word| word.strip_prefix("id=")).expect("an id");
        let killed = replica.client().call(&["CLIENT", "KILL", "ID", id]);
        assert_eq!(killed, Reply::Integer(1));
        eventually("it follows again", || up() && !line().is_empty());
        assert!(line().starts_with(&format!("id={id} ")), "{} after {before}", line());
        assert_eq!(master.info("stats", "sync_partial_ok"), "1");
        let words = before.split(' ').map(|word| word.split_once('=').expect("name=value"));
        let fields = words.map(|(name, value)| {
            let shown = if own.contains(&name) { "<its own>" } else { value };
            format!("{name}={shown}")
        });
        // Each test of whether a server runs has taken a number.
        fields.skip(1).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(listed[1], listed[0]);
    assert!(listed[1].contains("flags=M ") && listed[1].contains("user=(superuser)"));
}

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
