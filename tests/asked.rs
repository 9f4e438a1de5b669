//! What Redis' own test-suite asks of a server and others do not, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use replica_lab::resp::{Reply, encode_command};
use servers::{Client, Server, both_answer_alike, eventually, our_program};

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

#[test]
fn a_server_moves_to_another_port_while_it_runs() {
    for server in both(&[]) {
        let mut client = server.client();
        let other = servers::free_port();
        let set = |client: &mut Client, name: &str, value: &str| {
            client.call(&["CONFIG", "SET", name, value])
        };
        assert_eq!(set(&mut client, "port", &other.to_string()), Reply::OK);
        assert!(std::net::TcpStream::connect(("127.0.0.1", server.port)).is_err());
        let mut newcomer = Client::connect(other);
        assert_eq!(newcomer.call(&["PING"]), Reply::Simple("PONG".into()));
        assert_eq!(client.call(&["PING"]), Reply::Simple("PONG".into()), "who is there stays");

        let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let taken = taken.local_addr().map(|at| (taken, at.port())).expect("an address");
        let refused = set(&mut client, "port", &taken.1.to_string());
        let words = "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to \
                     listen on this port. Check server logs.";
        assert_eq!(refused, Reply::error(words));
        let line = format!(":{}: bind: Address already in use", taken.1);
        assert!(server.log().contains(&line), "{}", server.log());
        let refused = set(&mut client, "bind", "999.999.999.999");
        let words = "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to \
                     bind to specified addresses.";
        assert_eq!(refused, Reply::error(words));
        assert_eq!(Client::connect(other).call(&["PING"]), Reply::Simple("PONG".into()));
        let port = ["port", &other.to_string()].map(Reply::bulk).to_vec();
        assert_eq!(client.call(&["CONFIG", "GET", "port"]), Reply::Array(port));

        assert_eq!(set(&mut client, "bind", ""), Reply::OK);
        assert!(std::net::TcpStream::connect(("127.0.0.1", other)).is_err());
        assert_eq!(set(&mut client, "bind", "127.0.0.1"), Reply::OK);
        assert_eq!(Client::connect(other).call(&["PING"]), Reply::Simple("PONG".into()));
        let Reply::Error(text) = set(&mut client, "unixsocket", "/tmp/x") else { panic!() };
        assert!(text.ends_with("can't set immutable config"), "{text}");
    }
}

#[test]
fn what_is_freed_later_is_counted() {
    let servers = both(&[]);
    let counts = servers.each_ref().map(|server| {
        let mut client = server.client();
        let freed = || {
            eventually("all is freed", || server.info("memory", "lazyfree_pending_objects") == "0");
            server.info("memory", "lazyfreed_objects")
        };
        let mut counts = Vec::new();
        for (count, lists) in [(64, 100), (130, 100), (2_000, 2_000)] {
            for n in 0..count {
                let n = format!("member-that-is-no-number-{n}");
                client.call(&["SADD", "s", &n]);
                client.call(&["HSET", "h", &n, &"v".repeat(100)]);
                client.call(&["ZADD", "z", "1", &"v".repeat(70 + count % 64), "2", &n]);
            }
            for n in 0..lists {
                client.call(&["RPUSH", "l", &format!("{n:>100}")]);
                client.call(&["XADD", "x", "*", "n", "1"]);
            }
            for key in ["s", "h", "z", "l", "x", "none"] {
                client.call(&["UNLINK", key]);
                counts.push((count, key, freed()));
            }
        }
        client.call(&["MSET", "a", "1", "b", "2", "c", "3"]);
        client.call(&["FLUSHDB"]);
        counts.push((0, "flushdb", freed()));
        client.call(&["MSET", "a", "1", "b", "2", "c", "3"]);
        client.call(&["FLUSHALL", "ASYNC"]);
        counts.push((0, "flushall async", freed()));
        client.call(&["CONFIG", "RESETSTAT"]);
        counts.push((0, "resetstat", freed()));
        counts
    });
    assert_eq!(counts[1], counts[0]);
}

#[test]
fn info_knows_what_a_set_takes_as_it_grows() {
    for server in both(&[]) {
        let used = || server.info("memory", "used_memory").parse::<u64>().expect("a number");
        let before = used();
        let members: Vec<String> = (0..50_000).map(|n| format!("member:{n:0>40}")).collect();
        let mut words = vec!["SADD", "s"];
        words.extend(members.iter().map(String::as_str));
        server.client().call(&words);
        assert!(used() > before + 2_000_000, "{before} and then {}", used());
    }
}

#[test]
fn a_cron_that_is_paused_expires_nothing() {
    for server in both(&[]) {
        let mut client = server.client();
        assert_eq!(client.call(&["DEBUG", "PAUSE-CRON", "1"]), Reply::OK);
        client.call(&["SET", "k", "v", "PX", "10"]);
        sleep(Duration::from_millis(400));
        assert_eq!(client.call(&["DBSIZE"]), Reply::Integer(1));
        assert_eq!(client.call(&["DEBUG", "PAUSE-CRON", "0"]), Reply::OK);
        eventually("it goes", || server.client().call(&["DBSIZE"]) == Reply::Integer(0));
    }
}

#[test]
fn a_key_that_gives_way_is_told_of_before_the_reply() {
    let servers = both(&["--maxmemory-policy", "volatile-random"]);
    let heard = servers.each_ref().map(|server| {
        let [mut loud, mut quiet] = [server.client(), server.client()];
        for client in [&mut loud, &mut quiet] {
            client.call(&["HELLO", "3"]);
        }
        loud.call(&["CLIENT", "TRACKING", "on"]);
        quiet.call(&["CLIENT", "TRACKING", "on", "NOLOOP"]);
        [&mut loud, &mut quiet].map(|client| {
            client.call(&["DEL", "big"]);
            client.call(&["SETEX", "volatile", "10000", "x"]);
            client.call(&["GET", "volatile"]);
            let used: u64 = server.info("memory", "used_memory").parse().expect("a number");
            client.call(&["CONFIG", "SET", "maxmemory", &(used + 100_000).to_string()]);
            client.call(&["SETBIT", "big", "1600000", "0"]);
            let first = client.call(&["GETBIT", "big", "0"]);
            client.call(&["CONFIG", "SET", "maxmemory", "0"]);
            first
        })
    });
    assert_eq!(heard[1], heard[0]);
    assert!(matches!(heard[1], [Reply::Push(_), Reply::Integer(0)]), "{heard:?}");
}

#[test]
fn a_wait_that_ends_is_counted() {
    let counts = both(&[]).map(|server| {
        let mut control = server.client();
        let mut waiter = server.client();
        let Reply::Integer(id) = waiter.call(&["CLIENT", "ID"]) else { panic!("a number") };
        waiter.call(&["BLPOP", "k", "0.05"]);
        for words in [&["TIMEOUT"][..], &["ERROR"], &[]] {
            waiter.send(&encoded(&["BLPOP", "k", "0"]));
            eventually("it waits", || server.info("clients", "blocked_clients") == "1");
            if words.is_empty() {
                control.call(&["RPUSH", "k", "v"]);
            } else {
                control.call(&[&["CLIENT", "UNBLOCK", &id.to_string()], words].concat());
            }
            waiter.reply();
        }
        let count = server.info("commandstats", "cmdstat_blpop");
        let shown = count.split(',').filter(|part| !part.starts_with("usec"));
        shown.map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(counts[0], ["calls=4", "rejected_calls=0", "failed_calls=2"]);
    assert_eq!(counts[1], counts[0]);
}

#[test]
fn who_is_unblocked_hears_of_its_own_change_behind_the_reply() {
    let heard = both(&[]).map(|server| {
        let mut waiter = server.client();
        waiter.call(&["RPUSH", "two", "a"]);
        waiter.call(&["HELLO", "3"]);
        waiter.call(&["CLIENT", "TRACKING", "on"]);
        waiter.call(&["LRANGE", "two", "0", "-1"]);
        waiter.send(&encoded(&["BLMOVE", "one", "two", "left", "left", "0"]));
        eventually("it waits", || server.info("clients", "blocked_clients") == "1");
        server.client().call(&["RPUSH", "one", "foo"]);
        [waiter.reply(), waiter.reply()]
    });
    assert_eq!(heard[0][0], Some(Reply::bulk("foo")));
    assert_eq!(heard[1], heard[0]);
}

#[test]
fn what_is_queued_is_judged_by_what_the_server_has_become() {
    let servers = both(&["--replica-serve-stale-data", "no"]);
    let heard = servers.each_ref().map(|server| {
        let [mut client, mut other] = [server.client(), server.client()];
        client.call(&["SET", "k", "v"]);
        let mut heard = Vec::new();
        for words in [&["GET", "k"][..], &["PING"], &["INFO", "nothing"]] {
            client.call(&["MULTI"]);
            client.call(words);
            other.call(&["REPLICAOF", "127.0.0.1", "1"]);
            heard.push(client.call(&["EXEC"]));
            client.call(&["MULTI"]);
            other.call(&["REPLICAOF", "NO", "ONE"]);
            client.call(words);
            heard.push(client.call(&["EXEC"]));
        }
        heard
    });
    assert_eq!(heard[1], heard[0]);
    assert!(matches!(&heard[1][0], Reply::Error(text) if text.contains("MASTERDOWN")));
}

#[test]
fn a_library_is_named_and_registered_as_redis_wants_it() {
    let servers = both(&[]);
    let register = "redis.register_function('f', function() return 1 end)";
    both_answer_alike(
        &servers,
        &[
            &format!("FUNCTION LOAD \"#!lua name=\\\"foo\\\"\\n{register}\""),
            "FUNCTION LIST",
            &format!("FUNCTION LOAD \"#! name=bar\\n{register}\""),
            &format!("FUNCTION LOAD \"#!lua name=\\\"bar\\n{register}\""),
            "EVAL \"#!lua \\\"flags=no-writes\\\"\\nreturn 1\" 0",
            "EVAL \"#!lua \\\"flags=no-writes\\nreturn 1\" 0",
            "FUNCTION LOAD REPLACE \"#!lua name=foo\\nlocal kept = redis \
             redis.register_function('f', function() \
             kept.register_function('g', function() return 2 end) return 1 end)\"",
        ],
    );
    for server in &servers {
        let Reply::Error(text) = server.client().call(&["FCALL", "f", "0"]) else { panic!() };
        assert!(text.contains("can only be called on FUNCTION LOAD command"), "{text}");
    }
    both_answer_alike(&servers, &["DEBUG RELOAD NOFLUSH MERGE", "FUNCTION LIST", "DEBUG RELOAD"]);
    for server in &servers {
        let Reply::Error(text) = server.client().call(&["DEBUG", "RELOAD", "NOFLUSH"]) else {
            panic!("the library is there already")
        };
        assert!(text.starts_with("ERR Error trying to load the RDB dump"), "{text}");
    }
}

fn encoded(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_command(words, &mut bytes);
    bytes
}
