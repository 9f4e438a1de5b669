//! INFO, asked of our node and of a real redis-server to which the same has happened.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;
mod support;

use replica_lab::node::{Input, Setup};
use replica_lab::resp::Reply;
use replica_lab::time::{Duration, Instant};
use servers::{Server, eventually};
use support::{Bench, CLIENT};

#[test]
fn all_sections_have_the_fields_of_the_real_server_in_its_order() {
    let (real, ours) = both();
    assert_eq!(names(&info(&ours, &["everything"])), names(&info(&real, &["everything"])));
    let sections: [&[&str]; 8] = [
        &[],
        &["default"],
        &["ALL"],
        &["server", "Keyspace"],
        &["commandstats"],
        &["errorstats", "cluster", "modules"],
        &["latencystats", "cpu"],
        &["nosuchsection"],
    ];
    for asked in sections {
        assert_eq!(names(&info(&ours, asked)), names(&info(&real, asked)), "INFO {asked:?}");
    }
}

#[test]
fn what_can_be_counted_is_counted_alike() {
    let (real, ours) = both();
    let compare = |sections: &[&str], fields: &[&str]| {
        for field in fields {
            let value = |server: &Server| {
                let text = info(server, sections);
                let found = text.lines().find_map(|line| line.strip_prefix(field));
                found.map(|rest| without_time(rest.trim_start_matches(':')))
            };
            let (wanted, got) = (value(&real), value(&ours));
            assert!(wanted.is_some() && got == wanted, "{field}: wanted {wanted:?}, got {got:?}");
        }
    };
    let counters = [
        "keyspace_hits",
        "keyspace_misses",
        "expired_keys",
        "total_error_replies",
        "unexpected_error_replies",
        "pubsub_channels",
        "rdb_changes_since_last_save",
        "rdb_bgsave_in_progress",
        "maxmemory_policy",
        "maxclients",
        "db0",
        "db3",
        "errorstat_WRONGTYPE",
        "errorstat_ERR",
        "errorstat_EXECABORT",
        "cmdstat_get",
        "cmdstat_set",
        "cmdstat_lpush",
        "cmdstat_select",
        "cmdstat_config|get",
        "cmdstat_multi",
        "cmdstat_exec",
        "cmdstat_incr",
    ];
    compare(&["everything"], &counters);
    for server in [&real, &ours] {
        assert_eq!(server.client().call(&["CONFIG", "RESETSTAT"]), Reply::OK);
        server.client().call(&["LPUSH", "a", "1"]);
    }
    compare(&["everything"], &["keyspace_hits", "errorstat_WRONGTYPE", "cmdstat_lpush"]);
    assert!(!info(&ours, &["errorstats"]).contains("errorstat_ERR"));
}

#[test]
fn keys_that_will_expire_have_a_mean_life_that_a_master_tells() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        let mut client = server.client();
        for (key, seconds) in [("a", "100"), ("b", "200"), ("c", "600")] {
            client.call(&["SET", key, "v", "EX", seconds]);
        }
        client.call(&["SET", "forever", "v"]);
        let life = || {
            let value = server.info("keyspace", "db0");
            let life = value.strip_prefix("keys=4,expires=3,avg_ttl=").expect("the field");
            life.parse::<u64>().expect("a number")
        };
        eventually("the mean life is known", || (290_000..=300_000).contains(&life()));
        client.call(&["REPLICAOF", "127.0.0.1", "1"]);
        client.call(&["DEBUG", "RELOAD"]);
        assert_eq!(life(), 0, "a replica does not expire keys by itself");
    }
}

#[test]
fn what_is_instantaneous_is_the_mean_of_sixteen_looks_and_wakes_nobody() {
    let mut bench = Bench::new();
    bench.command(CLIENT, &["CONFIG", "SET", "save", ""]);
    for _ in 0..318 {
        bench.command(CLIENT, &["PING"]);
    }
    assert_eq!(bench.node.deadline(), None);
    let mut rates = |after: u64| {
        bench.now += Duration::from_millis(after);
        let text = String::from_utf8_lossy(&bench.heard(&["INFO", "stats"])).into_owned();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        ["instantaneous_ops_per_sec:", "instantaneous_input_kbps:"].map(value)
    };
    // SET of 33 bytes, CONFIG SET of 42, PINGs of 14: 10 looks in a second, and 16 of them.
    assert_eq!(rates(200), ["200", "2.76"]);
    assert_eq!(rates(1_200), ["200", "2.78"], "INFO was asked for, too");
    assert_eq!(rates(400), ["1", "0.03"]);
    assert_eq!(rates(5_000), ["0", "0.00"]);
}

/// What INFO says of commands that took time: the whole line behind the count of calls.
fn times(bench: &mut Bench, commands: &[&str]) -> Vec<String> {
    let text = String::from_utf8_lossy(&bench.heard(&["INFO", "commandstats"])).into_owned();
    let of = |command: &&str| {
        let start = format!("cmdstat_{command}:");
        let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default();
        line.split(",rejected").next().unwrap_or_default().to_owned()
    };
    commands.iter().map(of).collect()
}

#[test]
fn commands_of_a_turn_share_the_time_that_its_host_has_measured() {
    let setup = Setup { measures: true, ..Setup::default() };
    let mut bench = Bench::started(setup, Instant::from_millis(1_742_822_352_000));
    bench.accept(CLIENT);
    bench.receive(CLIENT, b"CONFIG SET slowlog-log-slower-than 300\r\n");
    bench.tell(Input::Lasted { nanos: 0 });

    bench.receive(CLIENT, b"SET a 1\r\nSET b 2\r\nGET a\r\nMGET a b\r\n");
    bench.tell(Input::Lasted { nanos: 8_000 });
    let mut told = times(&mut bench, &["set", "get", "mget"]);
    assert_eq!(told[0], "calls=2,usec=4,usec_per_call=2.00");
    assert_eq!(told[1], "calls=1,usec=2,usec_per_call=2.00");
    assert_eq!(told[2], "calls=1,usec=2,usec_per_call=2.00");

    // EXEC has its share of the turn, and what it has run shares that.
    bench.tell(Input::Lasted { nanos: 0 });
    bench.receive(CLIENT, b"MULTI\r\nINCR a\r\nDECR a\r\nEXEC\r\nPING\r\n");
    bench.tell(Input::Lasted { nanos: 900_000 });
    told = times(&mut bench, &["multi", "incr", "decr", "exec", "ping"]);
    let micros = ["300", "150", "150", "300", "300"];
    for (told, micros) in told.iter().zip(micros) {
        assert!(told.starts_with(&format!("calls=1,usec={micros},")), "{told}");
    }
    let slow = bench.heard(&["SLOWLOG", "GET", "10"]);
    let slow = String::from_utf8_lossy(&slow).into_owned();
    for (word, logged) in [("MULTI", true), ("PING", false), ("EXEC", false), ("INCR", false)] {
        assert_eq!(slow.contains(word), logged, "{word} in {slow}");
    }

    // A script that calls much has its share, too, and so have its calls.
    bench.tell(Input::Lasted { nanos: 0 });
    let script = "for i = 1, 1000 do redis.call('SET', 'n', i) redis.call('STRLEN', 'n') end";
    bench.command(CLIENT, &["EVAL", script, "0"]);
    bench.tell(Input::Lasted { nanos: 4_000_000 });
    told = times(&mut bench, &["eval", "strlen", "set"]);
    assert_eq!(told[0], "calls=1,usec=4000,usec_per_call=4000.00");
    assert_eq!(told[1], "calls=1000,usec=2000,usec_per_call=2.00");
    assert_eq!(told[2], "calls=1002,usec=2004,usec_per_call=2.00");
    let slow = bench.heard(&["SLOWLOG", "GET", "1"]);
    assert!(String::from_utf8_lossy(&slow).contains("EVAL"));

    // A turn without commands is nobody's.
    bench.tell(Input::Lasted { nanos: 0 });
    bench.tell(Input::Woke);
    bench.tell(Input::Lasted { nanos: 5_000_000 });
    assert_eq!(times(&mut bench, &["get"]), ["calls=1,usec=2,usec_per_call=2.00"]);
}

#[test]
fn long_work_shows_in_the_times_and_the_memory_that_a_server_tells() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        let mut client = server.client();
        client.call(&["CONFIG", "SET", "slowlog-log-slower-than", "1000"]);
        client.call(&["CONFIG", "SET", "latency-monitor-threshold", "1"]);
        assert_eq!(server.info("commandstats", "cmdstat_eval"), "");
        let script = "for i = 1, 1000000 do local a = i end return redis.call('INCR', 'n')";
        assert_eq!(client.call(&["EVAL", script, "0"]), Reply::Integer(1));
        let usec = |command: &str| -> f64 {
            let told = server.info("commandstats", command);
            let value = told.split(',').find_map(|part| part.strip_prefix("usec="));
            value.and_then(|value| value.parse().ok()).expect("commandstats tell usec")
        };
        assert!(usec("cmdstat_eval") > 1_000.0);
        let Reply::Array(slow) = client.call(&["SLOWLOG", "GET"]) else { panic!("an array") };
        assert!(format!("{slow:?}").contains("EVAL"), "{slow:?}");
        let Reply::Array(spikes) = client.call(&["LATENCY", "LATEST"]) else { panic!("an array") };
        assert!(format!("{spikes:?}").contains("command"), "{spikes:?}");
        let number = |section: &str, name: &str| -> f64 {
            server.info(section, name).parse().expect("a number")
        };
        eventually("the processor's time is told", || number("cpu", "used_cpu_user") > 0.0);
        let [used, resident, peak] = ["used_memory", "used_memory_rss", "used_memory_peak"]
            .map(|name| number("memory", name));
        assert!(resident > used && peak >= used, "{resident} {peak} {used}");
        assert!(number("memory", "total_system_memory") > resident);
        assert!(number("stats", "total_reads_processed") > 5.0);
        assert!(number("stats", "total_writes_processed") > 5.0);
    }
}

#[test]
fn a_command_that_is_not_allowed_is_counted_as_rejected() {
    for server in [Server::real, Server::ours] {
        let server = server(&["--enable-debug-command", "no"]);
        let refusal = server.client().call(&["DEBUG", "SLEEP", "0"]);
        assert!(matches!(&refusal, Reply::Error(text) if text.contains("not allowed")));
        let told = without_time(&server.info("commandstats", "cmdstat_debug"));
        assert_eq!(told, "calls=0,rejected_calls=1,failed_calls=0");
    }
}

/// A real server and ours, to which the same has happened.
fn both() -> (Server, Server) {
    let servers = (Server::real(&[]), Server::ours(&[]));
    for server in [&servers.0, &servers.1] {
        let mut client = server.client();
        for line in [
            "GET a",
            "SET a 1",
            "GET a",
            "LPUSH a 1",
            "LPUSH a",
            "NOSUCH command",
            "CONFIG GET maxmemory",
            "SELECT 3",
            "SET b 1 EX 1000",
            "SELECT 99",
            "MULTI",
            "INCR b",
            "INCR a b",
            "EXEC",
            "MULTI",
            "INCR b",
            "LPUSH b 1",
            "EXEC",
        ] {
            client.call(&line.split(' ').collect::<Vec<_>>());
        }
    }
    servers
}

fn info(server: &Server, sections: &[&str]) -> String {
    let mut words = vec!["INFO"];
    words.extend(sections);
    let Reply::Bulk(text) = server.client().call(&words) else { panic!("INFO is a bulk string") };
    String::from_utf8_lossy(&text).into_owned()
}

/// The lines without their values. Statistics by command stand in each server's own order.
fn names(info: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in info.lines().filter(|line| !line.starts_with("latency_percentiles")) {
        names.push(line.split(':').next().unwrap_or_default().to_owned());
    }
    let begin = names.iter().position(|name| name.starts_with("cmdstat_")).unwrap_or(0);
    let count = names.iter().filter(|name| name.starts_with("cmdstat_")).count();
    names[begin..begin + count].sort();
    names
}

/// A command's statistics without the time that it took.
fn without_time(value: &str) -> String {
    let parts = value.split(',').filter(|part| !part.starts_with("usec") && !part.contains("ttl"));
    parts.collect::<Vec<_>>().join(",")
}

#[test]
fn latency_tells_of_a_cycle_of_expiry_that_its_host_has_measured() {
    let setup = Setup { measures: true, ..Setup::default() };
    let mut bench = Bench::started(setup, Instant::from_millis(1_742_822_352_000));
    bench.accept(CLIENT);
    bench.receive(CLIENT, b"CONFIG SET latency-monitor-threshold 20\r\nSET k v PX 5\r\n");
    bench.tell(Input::Lasted { nanos: 0 });
    bench.wake(1);
    bench.tell(Input::Lasted { nanos: 19_000_000 });
    assert_eq!(bench.heard(&["LATENCY", "LATEST"]), b"*0\r\n", "it was no spike");
    for millis in [30, 25] {
        bench.receive(CLIENT, b"SET k v PX 5\r\n");
        bench.tell(Input::Lasted { nanos: 0 });
        bench.wake(1);
        bench.tell(Input::Lasted { nanos: millis * 1_000_000 });
    }
    // A cycle that deletes nothing is none.
    bench.tell(Input::Woke);
    bench.tell(Input::Lasted { nanos: 50_000_000 });
    let latest = String::from_utf8_lossy(&bench.heard(&["LATENCY", "LATEST"])).into_owned();
    let words: Vec<&str> = latest.lines().collect();
    assert_eq!(words[..4], ["*1", "*4", "$12", "expire-cycle"], "{latest}");
    assert_eq!(words[5..], [":25", ":30"]);
}
