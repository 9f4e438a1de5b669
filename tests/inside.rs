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

#[test]
fn info_tells_how_far_a_child_has_come() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        let told = |field: &str| server.info("persistence", field);
        let number = |field: &str| told(field).parse::<f64>().expect("a number");
        let nothing = || {
            let fields = ["current_save_keys_processed", "current_save_keys_total"];
            assert_eq!(fields.map(told), ["0", "0"]);
            assert_eq!(told("current_fork_perc"), "0.00");
            let fields = ["current_cow_peak", "current_cow_size", "current_cow_size_age"];
            assert_eq!(fields.map(told), ["0", "0", "0"]);
        };
        nothing();
        assert_eq!(told("rdb_last_cow_size"), "0");
        let mut client = server.client();
        client.call(&["DEBUG", "POPULATE", "4096"]);
        client.call(&["CONFIG", "SET", "rdb-key-save-delay", "1000"]);
        client.call(&["BGSAVE"]);
        assert_eq!(told("current_save_keys_total"), "4096");
        for n in 0..100 {
            client.call(&["SET", &format!("key:{n}"), "changed"]);
        }
        eventually("it comes on", || number("current_save_keys_processed") > 1_000.0);
        let share = number("current_fork_perc");
        let done = number("current_save_keys_processed");
        assert!(share > 20.0 && share <= done * 100.0 / 4_096.0 + 0.01, "{share} {done}");
        let fields = ["current_cow_peak", "current_cow_size"];
        eventually("what is copied is told", || fields.iter().all(|f| number(f) > 4_096.0));
        eventually("it is saved", || told("rdb_bgsave_in_progress") == "0");
        nothing();
        assert!(number("rdb_last_cow_size") > 4_096.0);
    }
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

/// What DEBUG throws, or finds nothing to throw, and what it shows of values.
#[test]
fn debug_shows_how_values_lie_in_memory() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    let restore = r#"RESTORE wrong 0 "\x00\x01x\x0a\x00abcdefgh" REPLACE"#;
    let list = r#"EVAL "return #redis.call('config', 'get', 'save')" 0"#;
    both_answer_alike(
        &servers,
        &[
            "SET number 5",
            "HSET h field 1 other text",
            "RPUSH l a 100 -5000 70000 5000000000",
            "ZADD z 1.5 m",
            "SADD s 1 2",
            "DEBUG SDSLEN",
            "DEBUG SDSLEN nokey",
            "DEBUG SDSLEN number",
            "DEBUG SDSLEN l",
            "DEBUG LISTPACK",
            "DEBUG LISTPACK nokey",
            "DEBUG LISTPACK number",
            "DEBUG LISTPACK l",
            "DEBUG LISTPACK s",
            "DEBUG QUICKLIST nokey",
            "DEBUG QUICKLIST h",
            "DEBUG QUICKLIST l 0 1",
            "DEBUG AOF-FLUSH-SLEEP 0",
            "DEBUG AOF-FLUSH-SLEEP",
            "DEBUG LEAK x",
            "DEBUG DROP-CLUSTER-PACKET-FILTER x",
            "DEBUG DROP-CLUSTER-PACKET-FILTER -1",
            "DEBUG CLUSTERLINK KILL all x",
            "DEBUG RESTART x",
            "DEBUG CRASH-AND-RECOVER x",
            "DEBUG STRINGMATCH-TEST",
            restore,
            "DEBUG SET-SKIP-CHECKSUM-VALIDATION 1",
            restore,
            "GET wrong",
            "DEBUG SET-SKIP-CHECKSUM-VALIDATION 0",
            restore,
            list,
            "DEBUG SET-DISABLE-DENY-SCRIPTS 1",
            list,
            "DEBUG SET-DISABLE-DENY-SCRIPTS 0",
            list,
            "DEBUG CONFIG-REWRITE-FORCE-ALL",
            "DEBUG CONFIG-REWRITE-FORCE-ALL now",
        ],
    );
}

/// What nothing true could be said of is refused, and nothing is lost by it.
#[test]
fn debug_refuses_what_is_not_there() {
    let ours = Server::ours(&[]);
    let mut client = ours.client();
    client.call(&["SET", "k", "v"]);
    for (what, why) in [
        ("LOADAOF", "ERR Append only files are not supported by this server"),
        ("STRUCTSIZE", "ERR This server is not written in C and has none of these structures"),
        ("RESTART", "ERR failed to restart the server. Check server logs."),
    ] {
        assert_eq!(client.call(&["DEBUG", what]), Reply::error(why.to_owned()));
    }
    for what in ["SEGFAULT", "OOM", "MALLCTL x"] {
        let words: Vec<&str> = what.split(' ').collect();
        let reply = client.call(&[&["DEBUG"], &words[..]].concat());
        assert!(matches!(reply, Reply::Error(text) if text.ends_with("Try DEBUG HELP.")), "{what}");
    }
    assert_eq!(client.call(&["GET", "k"]), Reply::bulk("v"));
}

/// The structures that DEBUG prints are those that a real server prints.
#[test]
fn debug_prints_structures_as_redis_does() {
    let servers = [Server::real(&[]), Server::ours(&[])];
    both_answer_alike(
        &servers,
        &[
            "HSET h field 1 other text",
            "ZADD z 1.5 m -3 a 70000 b",
            "RPUSH l a 100 -5000 70000 5000000000",
        ],
    );
    let [real, ours] = servers.each_ref().map(|server| {
        let mut client = server.client();
        client.call(&["SET", "text", "some text"]);
        let Reply::Simple(lengths) = client.call(&["DEBUG", "SDSLEN", "text"]) else {
            panic!("DEBUG SDSLEN answers a line")
        };
        // What an allocator gives is its own affair.
        let own = |word: &str| word.split_once(": ").map_or(word, |(name, _)| name).to_owned();
        let lengths: Vec<String> = lengths.split(", ").map(own).collect();
        for words in [["LISTPACK", "h", ""], ["LISTPACK", "z", ""], ["QUICKLIST", "l", "1"]] {
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let reply = client.call(&[&["DEBUG"], &words[..]].concat());
            assert!(matches!(reply, Reply::Simple(_)), "{reply:?}");
        }
        client.call(&["DEBUG", "LOG", "the end"]);
        let log = || server.log();
        eventually("the log has the line", || log().contains("DEBUG LOG: the end"));
        let text = |line: &str| {
            let text = line.split_once(" * ").map_or(line, |(_, text)| text);
            // A real server never sets it to begin with.
            text.split(", attempted_compress").next().unwrap_or_default().to_owned()
        };
        let shown = |line: &String| line.starts_with(['{', '}', '\t']) && !line.contains("addr");
        let lines: Vec<String> = log().lines().map(text).filter(shown).collect();
        (lengths, lines)
    });
    assert_eq!(ours, real);
    assert!(real.1.contains(&"\t[str]field".to_owned()), "{:?}", real.1);
}

/// What there is no such command of, is no last command; what is refused otherwise is one.
#[test]
fn the_last_command_of_a_client_is_what_it_called_last() {
    let listed = [Server::real(&[]), Server::ours(&[])].map(|server| {
        let mut client = server.client();
        client.call(&["CLIENT", "SETNAME", "me"]);
        let calls = "get a;NOSUCH;GET;gEt a;config nosuch;config GET port;config;config set;multi;\
                     nosuch;SET a;exec;object HELP;xgroup create";
        let last = |call: &str| {
            client.call(&call.split(' ').collect::<Vec<_>>());
            format!("{call}: {}", text(&server, "me", "cmd"))
        };
        calls.split(';').map(last).collect::<Vec<_>>()
    });
    assert_eq!(listed[1], listed[0]);
}

/// The field of a client in CLIENT LIST.
fn field(server: &Server, client: &str, name: &str) -> u64 {
    text(server, client, name).parse().expect("a number")
}

/// Its text.
fn text(server: &Server, client: &str, name: &str) -> String {
    let Reply::Bulk(text) = server.client().call(&["CLIENT", "LIST"]) else {
        panic!("CLIENT LIST answers a text")
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find(|line| line.contains(&format!(" name={client} ")));
    let mut words = line.unwrap_or_default().split(' ');
    let value = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_default().to_owned()
}

/// The buffer of replies shrinks while it is not used, and grows while it is full.
#[test]
fn a_buffer_of_replies_is_as_large_as_it_is_used() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        let mut client = server.client();
        client.call(&["CLIENT", "SETNAME", "watched"]);
        let size = || field(&server, "watched", "rbs");
        eventually("it shrinks", || size() == 1_024);
        client.call(&["SET", "large", &"x".repeat(32_768)]);
        client.call(&["DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "never"]);
        for _ in 0..4 {
            let before = size();
            client.call(&["GET", "large"]);
            eventually("it grows", || size() == 2 * before);
            assert_eq!(field(&server, "watched", "rbp"), before);
        }
        client.call(&["DEBUG", "REPLYBUFFER", "PEAK-RESET-TIME", "100"]);
        eventually("it shrinks again", || size() == 1_024);
    }
}

/// What waits in it is seen by who asks in the same breath, and by others when nobody reads.
#[test]
fn replies_that_wait_are_counted() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        let mut client = server.client();
        client.send(b"PING\r\nPING\r\nCLIENT INFO\r\n");
        assert_eq!((client.reply(), client.reply()), (client_pong(), client_pong()));
        let Some(Reply::Bulk(line)) = client.reply() else { panic!("CLIENT INFO answers a text") };
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(line.contains(" obl=14 oll=0 omem=0 "), "{line}");
        let mut deaf = server.client();
        deaf.call(&["CLIENT", "SETNAME", "deaf"]);
        client.call(&["SET", "some", &"x".repeat(6_000)]);
        let mut asked = 0;
        eventually("replies wait", || {
            for _ in 0..50 {
                deaf.send(b"GET some\r\n");
                std::thread::sleep(Duration::from_micros(100));
            }
            asked += 50;
            field(&server, "deaf", "oll") > 0
        });
        assert!(field(&server, "deaf", "omem") > 20_000);
        for _ in 0..asked {
            deaf.reply();
        }
        eventually("all is read", || field(&server, "deaf", "omem") == 0);
        assert_eq!(field(&server, "deaf", "obl"), 0);
    }
}

fn client_pong() -> Option<Reply> {
    Some(Reply::Simple("PONG".into()))
}
