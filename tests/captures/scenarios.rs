//! `scenarios.txt`: sixteen stories with their logs, INFO and ROLE, played again.

use replica_lab::node::Setup;
use replica_lab::resp::Reply;

use crate::story::{Story, shown};

/// No replica waits for another.
pub(crate) const AT_ONCE: (&str, &str) = ("repl-diskless-sync-delay", "0");

#[test]
fn story_01_two_replicas_share_a_diskless_snapshot() {
    let mut story = Story::open(1);
    story.start("M", &[("repl-diskless-sync-delay", "1")]);
    story.order("M", "DEBUG POPULATE 100");
    story.info("M", "fresh master");
    story.role("M", "fresh master");
    story.start("A", &[]);
    story.start("B", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.says("REPLICAOF same again", "A", "REPLICAOF 127.0.0.1 17201");
    story.info("A", "replica in wait");
    story.role("A", "replica in wait");
    story.info("M", "master, replica waiting");
    story.role("M", "master, replica waiting");
    story.order("B", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(3_000);
    story.info("M", "master online");
    story.role("M", "master online");
    story.info("A", "replica online");
    story.role("A", "replica online");
    for name in ["M", "A", "B"] {
        story.log(name);
    }
    story.end();
}

#[test]
fn story_02_a_replica_joins_a_snapshot_that_is_being_saved() {
    let mut story = Story::open(2);
    story.start_with("M", &[("repl-diskless-sync", "no")], slow_child);
    for n in 0..500 {
        story.order("M", &format!("SET k{n} {}", "v".repeat(12)));
    }
    story.start("A", &[]);
    story.start("B", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(300);
    story.order("M", "SET during 1");
    story.info("M", "during bgsave");
    story.order("B", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(200);
    story.info("M", "after 2nd joined");
    story.role("M", "during");
    story.stage.run_until_log("M", "Synchronization with replica 127.0.0.1:17203 succeeded");
    story.stage.run(1_500);
    let both = ["A", "B"].map(|name| shown(&story.ask(name, "GET during"))).join(" ");
    story.seen("during visible on both", &both);
    story.info("M", "both online");
    for name in ["M", "A", "B"] {
        story.log(name);
    }
    story.end();
}

#[test]
fn story_03_a_link_that_was_cut_continues() {
    let mut story = Story::open(3);
    story.start("M", &[AT_ONCE]);
    story.start("A", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(500);
    story.order("M", "SET x 1");
    story.stage.run(100);
    story.drop_log("M");
    story.drop_log("A");
    story.says("CLIENT KILL TYPE replica", "M", "CLIENT KILL TYPE replica");
    story.stage.run(300);
    story.log("M");
    story.log("A");
    story.info("M", "M stats");
    story.fields("M", "stats", "stats");
    story.says("CLIENT KILL TYPE master", "A", "CLIENT KILL TYPE master");
    story.stage.run(300);
    story.log("M");
    story.log("A");
    story.end();
}

#[test]
fn story_04_a_backlog_that_was_overrun_means_a_full_resync() {
    let mut story = Story::open(4);
    story.start("M", &[AT_ONCE, ("repl-backlog-size", "16384")]);
    story.start("A", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(500);
    story.drop_log("M");
    story.drop_log("A");
    story.stage.freeze("A");
    story.order("M", "CLIENT KILL TYPE replica");
    for n in 0..2_000 {
        story.order("M", &format!("SET k{n} {}", "v".repeat(100)));
    }
    story.info("M", "after 2000 sets");
    story.stage.thaw("A");
    story.stage.run(2_000);
    story.log("M");
    story.log("A");
    story.fields("M", "stats", "stats");
    story.end();
}

#[test]
fn story_05_a_replica_is_promoted_and_the_others_follow_it() {
    let mut story = Story::open(5);
    story.start("M", &[AT_ONCE]);
    story.start("A", &[]);
    story.start("B", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(500);
    story.order("B", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(500);
    story.order("M", "SET x 1");
    story.stage.run(200);
    for name in ["M", "A", "B"] {
        story.drop_log(name);
    }
    story.says("NO ONE on A", "A", "REPLICAOF NO ONE");
    story.info("A", "A promoted");
    story.says("NO ONE again", "A", "REPLICAOF NO ONE");
    story.says("B -> A", "B", "REPLICAOF 127.0.0.1 17202");
    story.stage.run(300);
    story.order("A", "SET y 2");
    story.stage.run(100);
    story.info("B", "B under A");
    story.says("M -> A", "M", "REPLICAOF 127.0.0.1 17202");
    story.stage.run(300);
    story.info("A", "A as master");
    story.info("M", "old M as replica");
    for name in ["M", "A", "B"] {
        story.log(name);
    }
    story.says("GET y on old master", "M", "GET y");
    story.end();
}

#[test]
fn story_06_a_chain_loses_its_master() {
    let mut story = Story::open(6);
    story.start("M", &[AT_ONCE]);
    story.start("A", &[AT_ONCE, ("repl-timeout", "4")]);
    story.start("B", &[("repl-timeout", "4")]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(500);
    story.order("B", "REPLICAOF 127.0.0.1 17202");
    story.stage.run(500);
    story.order("M", "SET x 1");
    story.stage.run(100);
    for name in ["M", "A", "B"] {
        story.info(name, name);
    }
    story.role("A", "A (middle)");
    story.says("write on A (ro)", "A", "SET w 1");
    story.order("A", "CONFIG SET replica-read-only no");
    story.says("write on A (rw)", "A", "SET w 1");
    let seen = ["A", "B", "M"].map(|name| shown(&story.ask(name, "GET w"))).join(" ");
    story.seen("w on A/B/M", &seen);
    story.info("A", "A after local write");
    let expiring = shown(&story.ask("A", "SET e 1 PX 100"));
    story.seen("expire on writable replica", &format!(" {expiring}"));
    story.stage.run(1_000);
    let keys = [shown(&story.ask("A", "DBSIZE")), shown(&story.ask("A", "KEYS *"))].join(" ");
    // The order of keys is each server's own.
    story.seen("DBSIZE A", &keys.replace("[b'w', b'x']", "[b'x', b'w']"));
    for name in ["M", "A", "B"] {
        story.drop_log(name);
    }
    story.stage.freeze("M");
    story.stage.run(13_000);
    story.info("A", "A (master frozen 13s)");
    story.info("B", "B");
    story.role("A", "A");
    story.role("B", "B");
    story.stage.thaw("M");
    story.stage.run_until_log("B", "Master accepted a Partial Resynchronization");
    // The next PING of the master goes through both.
    for _ in 0..12 {
        if shown(&story.ask("B", "ROLE")).ends_with(" 64]") {
            break;
        }
        story.stage.run(1_000);
    }
    story.info("B", "B after thaw");
    story.log("M");
    story.log("A");
    story.log_with_cycles("B", 6);
    story.end();
}

#[test]
fn story_08_the_silent_are_given_up() {
    let mut story = Story::open(8);
    story.start("M", &[AT_ONCE, ("repl-timeout", "3"), ("repl-ping-replica-period", "1")]);
    story.start("A", &[("repl-timeout", "3")]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run_until_log("A", "Finished with success");
    story.stage.run(100);
    story.drop_log("M");
    story.drop_log("A");
    story.stage.freeze("A");
    story.stage.run(2_500);
    story.info("M", "replica frozen 2.5s");
    story.stage.run(3_000);
    story.info("M", "frozen 5.5 s");
    story.stage.thaw("A");
    story.stage.run(1_000);
    story.log("M");
    story.log("A");
    story.stage.freeze("M");
    story.stage.run(5_500);
    story.info("A", "master frozen 5.5s");
    story.says("stale read", "A", "GET x");
    story.order("A", "CONFIG SET replica-serve-stale-data no");
    let lines = ["GET x", "PING", "SET x 1", "EVAL 'return 1' 0"];
    let refused = lines.map(|line| shown(&story.ask("A", line)));
    let text = format!(
        "{} | PING: {} | SET: {} | EVAL: {}",
        refused[0], refused[1], refused[2], refused[3]
    );
    story.seen("stale read refused", &text);
    story.stage.thaw("M");
    story.stage.run(1_000);
    story.log("M");
    story.log("A");
    story.end();
}

#[test]
fn story_09_a_replica_that_reads_too_slowly_is_dropped() {
    let mut story = Story::open(9);
    let limit = ("client-output-buffer-limit", "replica 1mb 0 0");
    story.start("M", &[AT_ONCE, ("repl-backlog-size", "16384"), limit]);
    story.start("A", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run_until_log("A", "Finished with success");
    story.stage.run(100);
    story.drop_log("M");
    story.drop_log("A");
    story.stage.freeze("A");
    for n in 0..400 {
        story.order("M", &format!("SET k{n} {}", "v".repeat(50_000)));
    }
    story.stage.run(100);
    story.info("M", "overrun");
    story.stage.thaw("A");
    story.stage.run(2_000);
    story.log("M");
    story.log("A");
    story.end();
}

#[test]
fn story_10_too_few_replicas_and_refused_arguments() {
    let mut story = Story::open(10);
    story.start("M", &[AT_ONCE, ("min-replicas-to-write", "1"), ("min-replicas-max-lag", "2")]);
    story.start("A", &[]);
    story.says("SET w/o replica", "M", "SET x 1");
    story.info("M", "min");
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(2_500);
    story.says("SET w/ replica", "M", "SET x 1");
    story.info("M", "min");
    for (label, line) in [("WAIT 1 1000", "WAIT 1 1000"), ("WAIT 2 150", "WAIT 2 150")] {
        let reply = shown(&story.ask("M", line));
        let recorded = story.recorded(label);
        // What follows is how long it took.
        assert_eq!(recorded.split(' ').next(), Some(reply.as_str()), "{label}");
    }
    story.says("WAIT 0 0", "M", "WAIT 0 0");
    story.says("WAIT on replica", "A", "WAIT 0 0");
    story.says("WAITAOF 1 0 0", "M", "WAITAOF 1 0 0");
    story.says("WAITAOF 0 1 100 (replica w/o AOF)", "M", "WAITAOF 0 1 100");
    story.says("WAITAOF on replica", "A", "WAITAOF 0 0 0");
    // A replica of ours has no AOF: `stream.rs` plays one that has, and compares the answer.
    story.recorded(WITH_AOF);
    story.stage.freeze("A");
    story.stage.run(4_000);
    story.says("SET with lagging replica", "M", "SET x 1");
    let refused = ["MULTI", "SET x 1", "EXEC"].map(|line| shown(&story.ask("M", line)));
    story.seen("MULTI/EXEC", &refused.join(" "));
    // Its offset counts what WAITAOF has asked.
    let lag = story.recorded("INFO lag");
    assert!(lag.starts_with("{'min_slaves_good_slaves': '0'"), "{lag}");
    let info = shown(&story.ask("M", "INFO replication"));
    assert!(info.contains("min_slaves_good_slaves:0\\r\\n"), "{info}");
    assert!(info.contains("state=online,offset=") && info.contains(",lag=4"), "{info}");
    story.says("EVAL", "M", r#"EVAL "return redis.call('set','x','1')" 0"#);
    story.stage.thaw("A");
    let ports = ["M", "M", "M"].iter().zip(["REPLICAOF x y", "REPLICAOF x 99999", "SLAVEOF x"]);
    let bad: Vec<String> = ports.map(|(name, line)| shown(&story.ask(name, line))).collect();
    story.seen("REPLICAOF bad port", &bad.join(" "));
    for (label, line) in [
        ("REPLCONF even args", "REPLCONF listening-port"),
        ("REPLCONF foo bar", "REPLCONF foo bar"),
        ("REPLCONF capa unknown", "REPLCONF capa unknown"),
        ("REPLCONF version 7.2.4", "REPLCONF version 7.2.4"),
        ("REPLCONF rdb-filter-only x", "REPLCONF rdb-filter-only x"),
    ] {
        story.says(label, "M", line);
    }
    // Who has asked for a part of the snapshot would be refused for another reason.
    story.stage.change_client("M");
    for (label, line) in [("PSYNC x (arity)", "PSYNC x"), ("PSYNC ? abc", "PSYNC ? abc")] {
        story.says(label, "M", line);
    }
    story.says("PSYNC FAILOVER on master", "M", "PSYNC ? 1 FAILOVER");
    story.stage.tell("M", "REPLCONF ACK 5");
    let label = "REPLCONF ACK 5 from normal client (no reply expected), then PING";
    story.says(label, "M", "PING");
    story.end();
}

/// A tool that asks for the functions alone is given a snapshot without keys.
#[test]
fn a_filtered_snapshot_has_no_keys() {
    let mut story = Story::open(10);
    story.start("M", &[AT_ONCE]);
    story.order("M", "SET secret 1");
    story.order("M", "REPLCONF rdb-filter-only functions");
    let refused = shown(&story.ask("M", "SYNC"));
    assert_eq!(refused, "ERR Filtered replica requires EOF capability");
    story.order("M", "REPLCONF capa eof");
    let snapshot = story.stage.hear("M", "SYNC", 300);
    let contains = |text: &[u8]| snapshot.windows(text.len()).any(|window| window == text);
    assert!(snapshot.starts_with(b"$EOF:") && contains(b"REDIS0011") && contains(b"redis-ver"));
    assert!(!contains(b"secret"), "{}", snapshot.escape_ascii());
}

#[test]
fn story_12_a_replica_dies_while_its_snapshot_is_made() {
    let mut story = Story::open(12);
    story.start_with("M", &[AT_ONCE], slow_child);
    for n in 0..500 {
        story.order("M", &format!("SET k{n} {}", "v".repeat(12)));
    }
    story.start("A", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(300);
    story.info("M", "diskless bgsave running");
    let listed = shown(&story.ask("M", "CLIENT LIST TYPE replica"));
    story.seen_but_for(
        "CLIENT LIST type replica",
        &listed,
        // What a process was given by its system, and the sizes of its buffers.
        &["id", "addr", "laddr", "fd", "qbuf-free", "rbs", "rbp", "tot-mem"],
    );
    story.info("A", "replica transferring");
    story.role("A", "replica transferring");
    story.stage.kill("A");
    story.stage.run(300);
    story.log("M");
    story.order("M", "CONFIG SET repl-diskless-sync no");
    story.start("A again", &[("port", "17202")]);
    story.order("A again", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(300);
    story.info("M", "disk bgsave running");
    story.stage.kill("A again");
    story.stage.run(300);
    story.log("M");
    story.end();
}

#[test]
fn story_13_a_replica_is_sent_elsewhere_before_it_is_synchronized() {
    let mut story = Story::open(13);
    story.start("M", &[("repl-diskless-sync-delay", "100")]);
    story.start("A", &[]);
    story.start("X", &[AT_ONCE, ("port", "17204")]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(300);
    story.order("A", "REPLICAOF 127.0.0.1 17204");
    story.stage.run(500);
    story.order("X", "SET x 1");
    story.stage.run(200);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(300);
    story.order("A", "REPLICAOF NO ONE");
    story.log("A");
    story.info("A", "A");
    story.end();
}

#[test]
fn story_14_a_backlog_that_nobody_needs_is_freed() {
    let mut story = Story::open(14);
    story.start("M", &[AT_ONCE, ("repl-backlog-ttl", "2")]);
    story.start("A", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(500);
    story.order("M", "SET x 1");
    story.stage.run(100);
    story.drop_log("M");
    story.info("M", "with replica");
    story.stage.kill("A");
    story.stage.run(4_500);
    story.info("M", "after ttl");
    story.log("M");
    story.order("M", "SET y 1");
    story.info("M", "after a SET with no backlog");
    story.end();
}

#[test]
fn story_15_old_data_is_served_until_the_new_is_whole() {
    let mut story = Story::open(15);
    let value = "v".repeat(2_000);
    story.start_with("M", &[AT_ONCE, ("repl-backlog-size", "16384")], slow_child);
    for n in 0..800 {
        story.order("M", &format!("SET k{n} {value}"));
    }
    story.start("A", &[("repl-diskless-load", "swapdb")]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run_until_log("A", "Finished with success");
    let served = [shown(&story.ask("A", "GET k1")), shown(&story.ask("A", "PING"))];
    story.seen("first sync (replid differs) GET", &served.join(" PING: "));
    story.fields("A", "loading", "persistence");
    story.stage.freeze("A");
    story.order("M", "CLIENT KILL TYPE replica");
    for n in 0..300 {
        story.order("M", &format!("SET n{n} {}", "n".repeat(1_000)));
    }
    story.stage.thaw("A");
    story.stage.run(2_000);
    let Reply::Bulk(old) = story.ask("A", "GET k1") else { panic!("the old data is gone") };
    story.seen("second sync (same replid) GET k1 len", &old.len().to_string());
    story.fields("A", "loading", "persistence");
    story.info("A", "async loading");
    story.stage.run(60_000);
    story.says("after", "A", "DBSIZE");
    story.log("A");
    story.end();
}

#[test]
fn story_16_a_replica_hides_what_has_expired() {
    let mut story = Story::open(16);
    story.start("M", &[AT_ONCE]);
    story.start("A", &[]);
    story.order("A", "REPLICAOF 127.0.0.1 17201");
    story.stage.run(500);
    story.order("M", "DEBUG SET-ACTIVE-EXPIRE 0");
    story.order("M", "SET e 1 PX 50");
    story.order("M", "HSET h f v");
    story.order("M", "PEXPIRE h 50");
    story.stage.run(200);
    let mut seen: Vec<String> = Vec::new();
    for line in [
        "GET e",
        "EXISTS e",
        "TTL e",
        "TYPE e",
        "DBSIZE",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "OBJECT ENCODING e",
        "HGET h f",
    ] {
        seen.push(shown(&story.ask("A", line)));
    }
    // Any key at all: both have expired.
    assert!(["b'e'", "b'h'"].contains(&seen[7].as_str()), "{seen:?}");
    seen[7] = "b'h'".to_owned();
    let label = "replica GET/EXISTS/TTL/TYPE/DBSIZE/KEYS/SCAN/RANDOMKEY/OBJECT/HGET";
    story.seen(label, &seen.join(" "));
    let times = [shown(&story.ask("A", "EXPIRETIME e")), shown(&story.ask("A", "DUMP e"))];
    story.seen("EXPIRETIME", &times.join(" DUMP: "));
    story.says("master GET", "M", "GET e");
    story.stage.run(100);
    story.says("replica DBSIZE", "A", "DBSIZE");
    story.says("INFO keyspace replica", "A", "INFO keyspace");
    story.end();
}

/// What was recorded of a replica with an AOF.
pub(crate) const WITH_AOF: &str = "WAITAOF 0 1 3000 (replica with AOF everysec)";

/// A child that takes some seconds for its snapshot.
fn slow_child(setup: &mut Setup) {
    setup.speeds.snapshot_bytes_per_second = 5_000;
}
