//! What Redis' own test-suite asks of a server and others do not, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use replica_lab::resp::Reply;
use servers::{Server, both_answer_alike, eventually, our_program};

fn both(options: &[&str]) -> [Server; 2] {
    [Server::real(options), Server::ours(options)]
}

#[test]
fn a_key_is_used_by_touch_and_not_by_exists() {
    let servers = both(&[]);
    both_answer_alike(&servers, &["SET k v"]);
    sleep(Duration::from_millis(2_100));
    for [word, idle] in [["EXISTS", "2"], ["TOUCH", "0"]] {
        for server in &servers {
            let mut client = server.client();
            assert_eq!(client.call(&[word, "k"]), Reply::Integer(1));
            let Reply::Integer(seconds) = client.call(&["OBJECT", "IDLETIME", "k"]) else {
                panic!("a number")
            };
            assert!(if idle == "0" { seconds <= 1 } else { seconds >= 2 }, "{word}: {seconds}");
        }
    }
}

#[test]
fn a_watch_is_broken_by_what_changes_a_key_and_by_nothing_else() {
    let servers = both(&[]);
    both_answer_alike(&servers, &["DEBUG SET-ACTIVE-EXPIRE 0"]);
    // What has expired is as good as missing; SWAPDB takes a key away, and brings one.
    for [before, after] in [
        ["SET x 30 PX 20", "SET x 1"],
        ["SET x 30 PX 20", "DEL x"],
        ["SET x 30 PX 20", "EXISTS x"],
        ["SET x 30 PX 20", "SWAPDB 0 1"],
        ["SET y 30 PX 20", "SET x 1"],
        ["SET x 30", "SWAPDB 0 1"],
        ["SET y 30", "SWAPDB 0 1"],
        ["SET y 30", "SWAPDB 1 0"],
        ["SET x 30", "FLUSHALL"],
    ] {
        both_answer_alike(&servers, &[before]);
        sleep(Duration::from_millis(30));
        both_answer_alike(&servers, &["WATCH x", after, "MULTI", "PING", "EXEC", "FLUSHALL"]);
    }
}

#[test]
fn a_key_that_expires_before_exec_breaks_its_watch() {
    let servers = both(&[]);
    let replies = servers.each_ref().map(|server| {
        let mut client = server.client();
        client.call(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
        client.call(&["SET", "k", "1", "PX", "50"]);
        client.call(&["WATCH", "k"]);
        sleep(Duration::from_millis(80));
        client.call(&["MULTI"]);
        client.call(&["INCR", "k"]);
        client.call(&["EXEC"])
    });
    assert_eq!(replies, [Reply::NullArray, Reply::NullArray]);
}

#[test]
fn a_limit_set_within_a_transaction_is_obeyed_behind_it() {
    let servers = both(&["--maxmemory-policy", "allkeys-lru"]);
    both_answer_alike(&servers, &["MULTI", "INCR x", "CONFIG SET maxmemory 1", "INCR x", "EXEC"]);
    for server in &servers {
        eventually("the key is let go", || server.client().call(&["DBSIZE"]) == Reply::Integer(0));
    }
}

#[test]
fn flushall_ends_a_child_and_empties_the_file_where_there_are_save_points() {
    for server in both(&["--rdb-key-save-delay", "1000000"]) {
        let mut client = server.client();
        client.call(&["CONFIG", "SET", "save", "900 1000000"]);
        client.call(&["MSET", "a", "1", "b", "2", "c", "3", "d", "4"]);
        client.call(&["BGSAVE"]);
        assert_eq!(server.info("persistence", "rdb_bgsave_in_progress"), "1");
        assert_eq!(client.call(&["FLUSHALL"]), Reply::OK);
        eventually("the child is killed", || {
            server.info("persistence", "rdb_bgsave_in_progress") == "0"
        });
        assert_eq!(server.info("persistence", "rdb_changes_since_last_save"), "0");
        let log = server.log();
        assert!(log.contains("Background saving terminated by signal 10"), "{log}");
        eventually("a file is there", || server.folder().join("dump.rdb").exists());
    }
}

#[test]
fn info_tells_how_long_runs_took() {
    let servers = both(&[]);
    for server in &servers {
        let mut client = server.client();
        client.call(&["DEBUG", "SLEEP", "0.05"]);
        client.call(&["SET", "k", "v"]);
        let name = "latency_percentiles_usec_debug";
        let median = server.info("latencystats", name);
        let micros = median.strip_prefix("p50=").and_then(|text| text.split('.').next());
        let micros: u64 = micros.expect("a median").parse().expect("a number");
        assert!((50_000..500_000).contains(&micros), "{median}");
        client.call(&["CONFIG", "SET", "latency-tracking-info-percentiles", "50.0 100.0 1.125"]);
        let shares = server.info("latencystats", "latency_percentiles_usec_set");
        let names: Vec<&str> =
            shares.split(',').filter_map(|part| part.split('=').next()).collect();
        assert_eq!(names, ["p50", "p100", "p1.125"]);
    }
    both_answer_alike(
        &servers,
        &[
            "CONFIG SET latency-tracking-info-percentiles \"10 101\"",
            "CONFIG SET latency-tracking-info-percentiles a",
            "CONFIG GET latency-tracking-info-percentiles",
            "CONFIG SET latency-tracking-info-percentiles \"\"",
            "CONFIG GET latency-tracking-info-percentiles",
            "CONFIG SET latency-tracking no",
            "CONFIG RESETSTAT",
            "GET k",
        ],
    );
    for server in &servers {
        assert_eq!(server.info("latencystats", "latency_percentiles_usec_get"), "");
    }
}

#[test]
fn a_replica_counts_what_its_master_sends_and_names_its_master() {
    let at_once = ["--repl-diskless-sync-delay", "0"];
    let real = [Server::real(&at_once), Server::real(&[])];
    let pairs = [real, [Server::ours(&at_once), Server::ours(&[])]];
    for [master, replica] in pairs {
        replica.follow(&master);
        eventually("they are in step", || {
            replica.info("replication", "master_link_status") == "up"
        });
        master.client().call(&["LPUSH", "l", "1"]);
        let counted = || replica.info("commandstats", "cmdstat_lpush").starts_with("calls=1,");
        eventually("the replica has counted it", counted);
        let pair = format!("127.0.0.1 {}", master.port);
        let named = ["replicaof", &pair].map(Reply::bulk);
        let reply = replica.client().call(&["CONFIG", "GET", "replicaof"]);
        assert_eq!(reply, Reply::Array(named.to_vec()));
        replica.client().call(&["REPLICAOF", "NO", "ONE"]);
        let nobody = ["replicaof", ""].map(Reply::bulk);
        let reply = replica.client().call(&["CONFIG", "GET", "replicaof"]);
        assert_eq!(reply, Reply::Array(nobody.to_vec()));
    }
}

#[test]
fn a_process_tells_its_number() {
    for server in both(&["--always-show-logo", "yes"]) {
        assert_eq!(server.info("server", "process_id"), server.pid().to_string());
        let line = format!("PID: {}", server.pid());
        assert!(server.log().contains(&line), "{}", server.log());
        assert!(!server.info("server", "executable").is_empty());
    }
}

#[test]
fn who_is_held_back_counts_as_blocked() {
    for server in both(&[]) {
        server.client().call(&["CLIENT", "PAUSE", "60000", "WRITE"]);
        let mut writer = server.client();
        writer.send(b"SET k v\r\n");
        eventually("it is counted", || server.info("clients", "blocked_clients") == "1");
        server.client().call(&["CLIENT", "UNPAUSE"]);
        eventually("it is let go", || server.info("clients", "blocked_clients") == "0");
    }
}

#[test]
fn a_client_that_asks_for_too_much_is_dropped_before_it_is_made() {
    for server in both(&["--client-output-buffer-limit", "normal 100000 0 0"]) {
        let mut client = server.client();
        client.call(&["HSET", "h", "field", "value"]);
        client.call(&["SADD", "s", "member"]);
        client.call(&["ZADD", "z", "1", "member"]);
        for [word, key] in [["HRANDFIELD", "h"], ["SRANDMEMBER", "s"], ["ZRANDMEMBER", "z"]] {
            let mut greedy = server.client();
            greedy.send(format!("{word} {key} -999999999\r\n").as_bytes());
            assert_eq!(greedy.reply(), None, "{word}");
            assert_eq!(server.client().call(&["PING"]), Reply::Simple("PONG".into()), "{word}");
        }
    }
}

#[test]
fn a_server_that_waits_for_replicas_before_its_end_says_how_long() {
    let at_once = ["--repl-diskless-sync-delay", "0"];
    let real = [Server::real(&at_once), Server::real(&[])];
    for [master, replica] in [real, [Server::ours(&at_once), Server::ours(&[])]] {
        replica.follow(&master);
        eventually("they are in step", || {
            replica.info("replication", "master_link_status") == "up"
        });
        replica.freeze();
        let mut client = master.client();
        client.call(&["SET", "k", "v"]);
        client.send(b"SHUTDOWN\r\n");
        eventually("it says so", || {
            let left = master.info("server", "shutdown_in_milliseconds");
            left.parse().is_ok_and(|left: u64| (1..=10_000).contains(&left))
        });
        assert_eq!(master.info("clients", "blocked_clients"), "1");
        assert_eq!(master.client().call(&["SHUTDOWN", "ABORT"]), Reply::OK);
        assert_eq!(master.info("server", "shutdown_in_milliseconds"), "");
        replica.thaw();
    }
}

#[test]
fn an_error_of_a_script_is_counted_once() {
    let servers = both(&[]);
    both_answer_alike(
        &servers,
        &[
            "EVAL \"redis.pcall('XGROUP', 'CREATECONSUMER', 's', 'g', 'c') return 1\" 0",
            "EVAL \"return redis.pcall('XGROUP', 'CREATECONSUMER', 's', 'g', 'c')\" 0",
            "EVAL \"return {err = 'MY error'}\" 0",
        ],
    );
    for server in &servers {
        let script = "redis.call('XGROUP', 'CREATECONSUMER', 's', 'g', 'c')";
        server.client().call(&["EVAL", script, "0"]);
        server.client().call(&["EVAL", "redis.call('GET')", "0"]);
    }
    let counts = servers.each_ref().map(|server| server.info("errorstats", "errorstat_ERR"));
    assert_eq!(counts[1], counts[0]);
    let counts = servers.each_ref().map(|server| server.info("errorstats", "errorstat_MY"));
    assert_eq!(counts, ["count=1", "count=1"]);
}

#[test]
fn an_empty_list_of_save_points_is_none_and_a_port_is_taken_once() {
    let file = std::env::temp_dir().join(format!("replica-lab-save-{}.conf", std::process::id()));
    std::fs::write(&file, "save \n").expect("a file can be written");
    let first = [file.to_str().expect("a name is text")];
    let servers = [Server::real_with(&first, &[]), Server::ours_with(&first, &[])];
    both_answer_alike(&servers, &["CONFIG GET save"]);
    std::fs::remove_file(&file).expect("a file can be removed");
    let port = servers[1].port.to_string();
    for program in ["redis-server".into(), our_program()] {
        let ended = Command::new(program).args(["--port", &port, "--bind", "127.0.0.1"]).output();
        let ended = ended.expect("it can be started");
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(
            said.contains(&format!("Failed listening on port {port} (TCP), aborting.")),
            "{said}"
        );
        assert_eq!(ended.status.code(), Some(1));
    }
}

/// Every byte that a server answers to these.
fn heard(server: &Server, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts clients");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket has a timeout");
    stream.write_all(&[sent, b"QUIT\r\n"].concat()).expect("it listens");
    let mut bytes = Vec::new();
    // Who breaks the protocol may be cut off before all is read.
    let _ = stream.read_to_end(&mut bytes);
    bytes.escape_ascii().to_string()
}

#[test]
fn what_was_typed_comes_back_byte_by_byte() {
    let servers = both(&[]);
    for sent in [
        &b"\xff\xfe 'a b' \xc3\xa9\r\n"[..],
        b"*3\r\n$4\r\n\xff\xc3(\n\r\n$2\r\na\xff\r\n$3\r\nb\0c\r\n",
        b"*2\r\n$6\r\nOBJECT\r\n$3\r\n\xff\0a\r\n",
        b"*2\r\n$6\r\nCONFIG\r\n$2\r\n\xff\xfe\r\n",
        b"*3\r\n$5\r\nDEBUG\r\n$5\r\nERROR\r\n$4\r\n\xff\xf4a\n\r\n",
        b"*3\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$1\r\n\xff\r\n",
        b"XADD s 1-1 f v\r\nXGROUP DESTROY s \xff\r\nXACK s \xff 0\r\nXPENDING s \xfe\r\n",
        b"EVAL 'return redis.error_reply(\"MY \xff\xfe\")' 0\r\n",
        b"EVAL 'return redis.pcall(\"OBJECT\", \"\xff\").err' 0\r\n",
        b"EVAL 'return {err=\"MY \xff\"}' 0\r\n",
        b"REPLCONF \xff\xfe 1\r\n",
    ] {
        let [real, ours] = servers.each_ref().map(|server| heard(server, sent));
        assert_eq!(ours, real, "{}", sent.escape_ascii());
    }
}

#[test]
fn each_reply_of_a_transaction_is_in_the_protocol_of_its_time() {
    let sent =
        b"HSET h a 1\r\nMULTI\r\nHGETALL h\r\nGET none\r\nHELLO 3\r\nHGETALL h\r\nGET none\r\n\
        HELLO 2\r\nGET none\r\nEXEC\r\n";
    let [real, ours] = both(&[]).each_ref().map(|server| heard(server, sent));
    // Connections have numbers of their own.
    let parts = |text: &str| {
        let parts = text.split("$2\\r\\nid\\r\\n:");
        let digits = |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
        parts.map(digits).collect::<Vec<_>>()
    };
    assert_eq!(parts(&ours), parts(&real));
    assert!(real.contains("%1"), "{real}");
}

#[test]
fn no_string_is_longer_than_proto_max_bulk_len() {
    let servers = both(&[]);
    both_answer_alike(
        &servers,
        &[
            "CONFIG SET proto-max-bulk-len 1048575",
            "CONFIG SET proto-max-bulk-len 1mb",
            "CONFIG GET proto-max-bulk-len",
            "SETRANGE s 1048575 a",
            "SETRANGE s 1048576 a",
            "APPEND s a",
            "STRLEN s",
            "SETBIT b 8388607 1",
            "SETBIT b 8388608 1",
            "GETBIT b 8388608",
            "BITFIELD b GET u8 8388608",
            "BITFIELD b SET u8 8388600 1",
        ],
    );
    for length in ["1048577", "99999999999"] {
        let sent = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${length}\r\n");
        let [real, ours] = servers.each_ref().map(|server| heard(server, sent.as_bytes()));
        assert_eq!(ours, real);
        assert!(ours.contains("invalid bulk length"), "{ours}");
    }
    both_answer_alike(&servers, &["CONFIG SET proto-max-bulk-len 1gb", "APPEND s a"]);
}

#[test]
fn a_replica_may_say_any_number_for_its_port() {
    both_answer_alike(
        &both(&[]),
        &[
            "REPLCONF listening-port 70000",
            "REPLCONF listening-port 99999999999",
            "REPLCONF listening-port 9999999999999999999999",
            "REPLCONF listening-port -5",
            "REPLCONF listening-port abc",
        ],
    );
}

#[test]
fn the_keys_of_migrate_may_stand_behind_a_word() {
    let calls = [
        "k 0 1",
        "'' 0 1",
        "k 0 1 COPY",
        "'' 0 1 KEYS a b",
        "'' 0 1 COPY AUTH p KEYS a b",
        "'' 0 1 AUTH KEYS KEYS a b",
        "'' 0 1 AUTH2 KEYS KEYS keys a b",
        "'' 0 1 AUTH KEYS x",
        "k 0 1 KEYS a b",
        "'' 0 1 KEYS",
        "'' 0 1 KEYS KEYS KEYS",
        "KEYS 0 1",
    ];
    let lines = calls.iter().flat_map(|call| {
        ["GETKEYS", "GETKEYSANDFLAGS"].map(|word| format!("COMMAND {word} MIGRATE h 1 {call}"))
    });
    let lines: Vec<String> = lines.collect();
    both_answer_alike(&both(&[]), &lines.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn debug_looks_at_its_words() {
    both_answer_alike(
        &both(&[]),
        &[
            "DEBUG REPLYBUFFER",
            "DEBUG REPLYBUFFER x",
            "DEBUG REPLYBUFFER x 1",
            "DEBUG REPLYBUFFER PEAK-RESET-TIME x",
            "DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER",
            "DEBUG REPLYBUFFER PEAK-RESET-TIME reset",
            "DEBUG REPLYBUFFER peak-reset-time 5",
            "DEBUG REPLYBUFFER RESIZING x",
            "DEBUG REPLYBUFFER RESIZING 1 2",
            "DEBUG LEAK",
            "DEBUG LEAK x",
            "DEBUG PAUSE-CRON",
            "DEBUG PAUSE-CRON x",
        ],
    );
}

#[test]
fn no_key_expires_by_itself_while_the_cron_is_paused() {
    for server in both(&[]) {
        let mut client = server.client();
        assert_eq!(client.call(&["DEBUG", "PAUSE-CRON", "1"]), Reply::OK);
        client.call(&["SET", "k", "v", "PX", "20"]);
        sleep(Duration::from_millis(500));
        assert_eq!(client.call(&["DBSIZE"]), Reply::Integer(1));
        assert_eq!(client.call(&["BLPOP", "none", "0.02"]), Reply::NullArray);
        assert_eq!(client.call(&["DEBUG", "PAUSE-CRON", "0"]), Reply::OK);
        eventually("it expires", || client.call(&["DBSIZE"]) == Reply::Integer(0));
    }
}
