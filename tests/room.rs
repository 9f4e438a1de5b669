//! No room, and no disk: `maxmemory`, eviction and save points, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::fs;

use replica_lab::resp::Reply;
use servers::{Client, Server, both_answer_alike, eventually};

/// Ours and a real one, started alike.
fn both(options: &[&str]) -> [Server; 2] {
    [Server::real(options), Server::ours(options)]
}

#[test]
fn without_room_it_refuses_what_a_real_server_refuses() {
    let servers = both(&[]);
    both_answer_alike(
        &servers,
        &[
            "SET before 1",
            "RPUSH list a b",
            "CONFIG SET maxmemory 1",
            "SET k v",
            "GET before",
            "LPUSH list x",
            "LPOP list",
            "EXPIRE before 100",
            "INCR before",
            "MULTI",
            "GET before",
            "SET k v",
            "EXEC",
            "MULTI",
            "DISCARD",
            "PUBLISH c m",
            "SUBSCRIBE c",
            "UNSUBSCRIBE c",
            "PFCOUNT hll",
            "DEL before",
            "RENAME list other",
            "SORT other",
            "CONFIG SET maxmemory-policy allkeys-lru",
            "SET k v",
            "DBSIZE",
            "CONFIG SET maxmemory-policy nonsense",
            "CONFIG SET maxmemory 0",
            "SET k v",
        ],
    );
}

#[test]
fn uses_of_keys_are_noted_and_told_as_by_a_real_server() {
    let servers = both(&[]);
    both_answer_alike(
        &servers,
        &[
            "SET k v",
            "OBJECT IDLETIME k",
            "OBJECT FREQ k",
            "CONFIG SET maxmemory-policy allkeys-lfu",
            "SET counted v",
            "OBJECT FREQ counted",
            "OBJECT IDLETIME counted",
            "OBJECT FREQ missing",
            "SET counted w",
            "OBJECT FREQ counted",
            "CONFIG SET maxmemory-policy volatile-ttl",
            "OBJECT FREQ counted",
        ],
    );
    for server in &servers {
        let mut client = server.client();
        client.call(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"]);
        client.call(&["SET", "often", "v"]);
        (0..200).for_each(|_| drop(client.call(&["GET", "often"])));
        let Reply::Integer(count) = client.call(&["OBJECT", "FREQ", "often"]) else {
            panic!("OBJECT FREQ answers a number")
        };
        assert!((8..20).contains(&count), "{count} after 200 uses");
        client.call(&["CLIENT", "NO-TOUCH", "ON"]);
        client.call(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
        client.call(&["SET", "idle", "v"]);
    }
}

/// What a snapshot tells of the use of keys is told to who loads it, both ways.
#[test]
fn the_use_of_keys_survives_a_snapshot() {
    for master_is_ours in [true, false] {
        let options = ["--maxmemory-policy", "allkeys-lfu", "--repl-diskless-sync-delay", "0"];
        let (ours, real) = (Server::ours(&options), Server::real(&options));
        let (master, replica) = if master_is_ours { (&ours, &real) } else { (&real, &ours) };
        let mut client = master.client();
        client.call(&["SET", "k", "v"]);
        let dumped = client.call(&["DUMP", "k"]);
        assert!(matches!(dumped, Reply::Bulk(_)));
        (0..3_000).for_each(|_| drop(client.call(&["GET", "k"])));
        let there = client.call(&["OBJECT", "FREQ", "k"]);
        assert_ne!(there, Reply::Integer(5));
        replica.follow(master);
        await_equal(master, replica);
        assert_eq!(replica.client().call(&["OBJECT", "FREQ", "k"]), there);
    }
}

fn digest(server: &Server) -> Reply {
    server.client().call(&["DEBUG", "DIGEST"])
}

fn await_equal(master: &Server, replica: &Server) {
    eventually("the replica is in sync", || {
        replica.info("replication", "master_link_status") == "up"
            && replica.info("replication", "slave_repl_offset")
                == master.info("replication", "master_repl_offset")
    });
    eventually("the data is equal", || digest(master) == digest(replica));
}

/// The limit in force, as bytes above what the server uses now.
fn limit_above_use(client: &mut Client, server: &Server, bytes: u64) -> u64 {
    let used: u64 = server.info("memory", "used_memory").parse().expect("a number");
    let limit = used + bytes;
    assert_eq!(client.call(&["CONFIG", "SET", "maxmemory", &limit.to_string()]), Reply::OK);
    limit
}

#[test]
fn keys_give_way_by_every_policy_and_replicas_are_told() {
    let policies = [
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ];
    for policy in policies {
        let backlog = ["--repl-backlog-size", "16384"];
        let options = ["--maxmemory-policy", policy, "--repl-diskless-sync-delay", "0"];
        let ours = Server::ours(&[&options[..], &backlog].concat());
        let real = Server::real(&[]);
        real.follow(&ours);
        await_equal(&ours, &real);
        let mut client = ours.client();
        client.call(&["SET", "stays", "without an expiry"]);
        let limit = limit_above_use(&mut client, &ours, 600_000);
        let value = "x".repeat(1_000);
        for n in 0..2_000 {
            let (key, ttl) = (format!("key:{n}"), (10_000 + n).to_string());
            let set = client.call(&["SET", &key, &value, "EX", &ttl]);
            assert_eq!(set, Reply::OK, "{policy}, key {n}");
        }
        let used: u64 = ours.info("memory", "used_memory").parse().expect("a number");
        assert!(used <= limit + 40_000, "{policy}: {used} of {limit}");
        let evicted: u64 = ours.info("stats", "evicted_keys").parse().expect("a number");
        let Reply::Integer(left) = client.call(&["DBSIZE"]) else { panic!("a number") };
        assert!(evicted > 1_000, "{policy}: {evicted}");
        assert!(evicted + left as u64 == 2_001, "{policy}: {evicted} gone, {left} left");
        if policy.starts_with("volatile") {
            assert_eq!(client.call(&["EXISTS", "stays"]), Reply::Integer(1), "{policy}");
        }
        if policy == "volatile-ttl" {
            // The first to expire were the first to go.
            assert_eq!(client.call(&["EXISTS", "key:0", "key:1", "key:2"]), Reply::Integer(0));
            assert_eq!(client.call(&["EXISTS", "key:1999", "key:1990"]), Reply::Integer(2));
        }
        await_equal(&ours, &real);
    }
}

/// Those that were used lately stay, those that were not go: the same as a real server does.
#[test]
fn the_least_recently_used_go_first() {
    for server in both(&["--maxmemory-policy", "allkeys-lru", "--maxmemory-samples", "10"]) {
        let mut client = server.client();
        let value = "x".repeat(1_000);
        for n in 0..200 {
            client.call(&["SET", &format!("old:{n}"), &value]);
        }
        std::thread::sleep(std::time::Duration::from_millis(2_100));
        for n in 0..100 {
            client.call(&["GET", &format!("old:{n}")]);
        }
        limit_above_use(&mut client, &server, 0);
        for n in 0..80 {
            client.call(&["SET", &format!("new:{n}"), &value]);
        }
        let mut count = |from: u32, to: u32| {
            let mut exists = |n: u32| client.call(&["EXISTS", &format!("old:{n}")]);
            (from..to).filter(|&n| exists(n) == Reply::Integer(1)).count()
        };
        let (used, unused) = (count(0, 100), count(100, 200));
        assert!(used >= 80 && unused <= 50, "{used} used and {unused} unused are left");
    }
}

#[test]
fn a_replica_evicts_nothing_by_itself_unless_it_is_told_to() {
    let real = Server::real(&["--repl-diskless-sync-delay", "0"]);
    let ours = Server::ours(&["--maxmemory-policy", "allkeys-random"]);
    ours.follow(&real);
    await_equal(&real, &ours);
    assert_eq!(ours.client().call(&["CONFIG", "SET", "maxmemory", "1"]), Reply::OK);
    for n in 0..100 {
        real.client().call(&["SET", &format!("key:{n}"), "v"]);
    }
    await_equal(&real, &ours);
    assert_eq!(ours.client().call(&["DBSIZE"]), Reply::Integer(100));
    let ours = ours.client().call(&["CONFIG", "SET", "replica-ignore-maxmemory", "no"]);
    assert_eq!(ours, Reply::OK);
}

#[test]
fn a_save_point_saves_in_the_words_of_redis() {
    for server in both(&["--save", "1 2"]) {
        let mut client = server.client();
        client.call(&["SET", "a", "1"]);
        client.call(&["SET", "b", "1"]);
        eventually("it is saved", || server.info("persistence", "rdb_saves") == "1");
        let lines =
            ["2 changes in 1 seconds. Saving...", "Background saving terminated with success"];
        lines.iter().for_each(|line| eventually(line, || server.log().contains(line)));
        assert_eq!(server.info("persistence", "rdb_changes_since_last_save"), "0");
    }
    both_answer_alike(
        &both(&[]),
        &[
            "CONFIG SET save \"900\"",
            "CONFIG SET save \"0 1\"",
            "BGSAVE NONSENSE",
            "BGSAVE SCHEDULE",
            "MULTI",
            "SET k v",
        ],
    );
    let servers = both(&[]);
    for server in &servers {
        let mut client = server.client();
        assert_eq!(client.call(&["CONFIG", "SET", "save", "900 1 300 10"]), Reply::OK);
    }
    both_answer_alike(&servers, &["CONFIG GET save", "MULTI", "BGSAVE", "EXEC"]);
    for server in &servers {
        eventually("the scheduled save is done", || server.info("persistence", "rdb_saves") == "1");
    }
}

#[test]
fn a_master_that_cannot_save_takes_no_more_writes() {
    let servers = both(&["--save", "3600 1"]);
    for server in &servers {
        let mut client = server.client();
        client.call(&["SET", "k", "v"]);
        // A file cannot take the place of a folder that is not empty.
        let folder = server.folder().join("dump.rdb");
        fs::create_dir_all(folder.join("within")).expect("a folder can be made");
        client.call(&["BGSAVE"]);
        eventually("the save has failed", || {
            server.info("persistence", "rdb_last_bgsave_status") == "err"
        });
    }
    both_answer_alike(
        &servers,
        &[
            "SET k w",
            "PING",
            "GET k",
            "MULTI",
            "SET k w",
            "EXEC",
            "CONFIG SET stop-writes-on-bgsave-error no",
            "SET k w",
            "CONFIG SET stop-writes-on-bgsave-error yes",
            "CONFIG SET save \"\"",
            "SET k x",
        ],
    );
}
