//! INFO, asked of our node and of a real redis-server to which the same has happened.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;
mod support;

use replica_lab::resp::Reply;
use replica_lab::time::Duration;
use servers::Server;
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

/// The lines without their values. Statistics by command stand in each server's own order, and
/// latencies are what a server without a clock cannot know.
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
