//! MIGRATE: what is said to the other server, what its answers and its silence come to; and the
//! same with a real `redis-server` at either end.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one order among many")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;
mod support;

use replica_lab::node::{Address, Breach, Input, Link, Output};
use replica_lab::resp::{Protocol, Reply, encode_command};
use replica_lab::time::Duration;
use servers::{Client, Server, eventually};
use support::{Bench, CLIENT, STRANGER, sent_to};

const TO: [&str; 3] = ["MIGRATE", "there", "7"];

fn migrate(bench: &mut Bench, rest: &[&str]) -> Vec<Output> {
    bench.command(CLIENT, &[&TO, rest].concat())
}

fn dialled(orders: &[Output]) -> Option<Link> {
    orders.iter().find_map(|order| match order {
        Output::Dial { link, to } => {
            assert_eq!(*to, Address::new("there", 7));
            Some(*link)
        }
        _ => None,
    })
}

/// What is said on a link, which takes it at once.
fn said(bench: &mut Bench, link: Link, orders: &[Output]) -> String {
    let bytes = sent_to(link, orders);
    bench.tell(Input::Sent { link, bytes: bytes.len() as u64 });
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.split("\r\n").filter(|line| !line.starts_with(['*', '$'])).collect::<Vec<_>>().join(" ")
}

fn told(orders: &[Output]) -> String {
    String::from_utf8_lossy(&sent_to(CLIENT, orders)).into_owned()
}

/// A bench whose client moves the key `kept`, and the connection that is dialled for it.
fn moving(rest: &[&str]) -> (Bench, Link) {
    let mut bench = Bench::new();
    bench.accept(STRANGER);
    let link = dialled(&migrate(&mut bench, rest)).expect("the other server is dialled");
    (bench, link)
}

#[test]
fn a_key_leaves_once_it_has_arrived_and_nobody_is_heard_meanwhile() {
    let (mut bench, link) = moving(&["kept", "2", "100"]);
    assert_eq!(sent_to(STRANGER, &bench.command(STRANGER, &["EXISTS", "kept"])), b"");
    let orders = bench.tell(Input::Opened { link });
    let text = said(&mut bench, link, &orders);
    assert!(text.starts_with("SELECT 2 RESTORE kept 0 "), "{text}");
    assert_eq!(told(&bench.receive(link, b"+OK\r\n+O")), "");
    let orders = bench.receive(link, b"K\r\n");
    assert_eq!(told(&orders), "+OK\r\n");
    assert_eq!(sent_to(STRANGER, &orders), b":0\r\n", "it was asked before, and is heard after");
}

#[test]
fn a_connection_is_kept_for_ten_seconds_and_remembers_its_database() {
    let (mut bench, link) = moving(&["kept", "2", "100", "COPY", "REPLACE"]);
    let orders = bench.tell(Input::Opened { link });
    assert!(said(&mut bench, link, &orders).ends_with(" REPLACE "));
    assert_eq!(told(&bench.receive(link, b"+OK\r\n+OK\r\n")), "+OK\r\n");
    bench.command(CLIENT, &["CONFIG", "SET", "save", ""]);
    let orders = migrate(&mut bench, &["kept", "2", "100", "COPY", "AUTH2", "me", "secret"]);
    let text = said(&mut bench, link, &orders);
    assert!(text.starts_with("AUTH me secret RESTORE kept 0 "), "{text}");
    let orders = bench.receive(link, b"-WRONGPASS no\r\n+OK\r\n");
    assert_eq!(told(&orders), "-ERR Target instance replied with error: WRONGPASS no\r\n");
    let orders = migrate(&mut bench, &["kept", "2", "100", "COPY"]);
    let text = said(&mut bench, link, &orders);
    assert!(text.starts_with("SELECT 2 RESTORE"), "after an error it is selected anew: {text}");
    bench.receive(link, b"+OK\r\n-BUSYKEY\r\n");
    assert!(info(&mut bench).contains("migrate_cached_sockets:1\r\n"));
    let used = bench.now.seconds();
    let orders = loop {
        let deadline = bench.node.deadline().expect("it is closed one day");
        bench.now = bench.now.max(deadline.at);
        let orders = bench.tell(Input::Woke);
        if orders.contains(&Output::Close { link }) {
            break orders;
        }
    };
    assert_eq!(dialled(&orders), None);
    assert_eq!(bench.now.seconds() - used, 11, "more than ten whole seconds");
    assert!(info(&mut bench).contains("migrate_cached_sockets:0\r\n"));
    assert_eq!(bench.node.deadline(), None, "an idle server sleeps");
}

fn info(bench: &mut Bench) -> String {
    String::from_utf8_lossy(&bench.heard(&["INFO", "stats"])).into_owned()
}

#[test]
fn a_connection_that_died_while_it_was_kept_is_dialled_again_once() {
    let (mut bench, link) = moving(&["kept", "0", "100", "COPY"]);
    let orders = bench.tell(Input::Opened { link });
    said(&mut bench, link, &orders);
    bench.receive(link, b"+OK\r\n+OK\r\n");
    bench.tell(Input::Closed { link });
    assert!(info(&mut bench).contains("migrate_cached_sockets:1\r\n"), "nobody has looked");
    let orders = migrate(&mut bench, &["kept", "0", "100"]);
    let again = dialled(&orders).expect("it is found out when it is used");
    assert!(!orders.contains(&Output::Close { link }));
    let why = "Connection refused".to_owned();
    let orders = bench.tell(Input::Refused { link: again, why });
    assert_eq!(told(&orders), "-IOERR error or timeout writing to target instance\r\n");
    assert_eq!(dialled(&orders), None);
}

#[test]
fn what_fails_before_an_answer_is_tried_again_and_what_fails_later_is_told() {
    let (mut bench, link) = moving(&["kept", "0", "100"]);
    let orders = bench.tell(Input::Opened { link });
    said(&mut bench, link, &orders);
    bench.receive(link, b"+OK\r\n");
    let again = dialled(&bench.tell(Input::Closed { link })).expect("no key was answered");
    let orders = bench.tell(Input::Opened { link: again });
    assert!(said(&mut bench, again, &orders).starts_with("SELECT 0 RESTORE kept"));
    let orders = bench.tell(Input::Closed { link: again });
    assert_eq!(told(&orders), "-IOERR error or timeout reading to target instance\r\n");
    assert_eq!(bench.heard(&["EXISTS", "kept"]), b":1\r\n");

    bench.command(CLIENT, &["SET", "second", "v"]);
    let orders = migrate(&mut bench, &["", "0", "100", "KEYS", "kept", "no", "second"]);
    let link = dialled(&orders).expect("the other connection is gone");
    let orders = bench.tell(Input::Opened { link });
    said(&mut bench, link, &orders);
    bench.receive(link, b"+OK\r\n+OK\r\n");
    let why = Breach::Read("Connection reset by peer".to_owned());
    let orders = bench.tell(Input::Broke { link, during: why });
    assert_eq!(told(&orders), "-IOERR error or timeout reading to target instance\r\n");
    assert_eq!(bench.heard(&["EXISTS", "kept"]), b":0\r\n", "the first had arrived");
    assert_eq!(bench.heard(&["EXISTS", "second"]), b":1\r\n");
}

#[test]
fn every_step_has_its_time() {
    let end = |bench: &mut Bench| {
        let deadline = bench.node.deadline().expect("a move has an end");
        assert!(deadline.at.since(bench.now) <= Duration::from_millis(100));
        bench.now = deadline.at;
        bench.tell(Input::Woke)
    };
    let (mut bench, link) = moving(&["kept", "0", "100"]);
    let orders = end(&mut bench);
    assert_eq!(told(&orders), "-IOERR error or timeout connecting to the client\r\n");
    assert!(orders.contains(&Output::Close { link }));
    bench.tell(Input::Opened { link });

    let long: String = (0..20_000_u64).map(|n| (n * n % 1_000_003).to_string()).collect();
    bench.command(CLIENT, &["SET", "long", &long]);
    let link = dialled(&migrate(&mut bench, &["long", "0", "100"])).expect("it is dialled");
    let orders = bench.tell(Input::Opened { link });
    assert_eq!(sent_to(link, &orders).len(), 64 * 1024, "a piece, of which nothing leaves");
    let orders = end(&mut bench);
    assert_eq!(told(&orders), "-IOERR error or timeout writing to target instance\r\n");
    assert!(orders.contains(&Output::Close { link }));

    let link = dialled(&migrate(&mut bench, &["kept", "0", "100"])).expect("it is dialled");
    let orders = bench.tell(Input::Opened { link });
    said(&mut bench, link, &orders);
    bench.now += Duration::from_millis(60);
    bench.receive(link, b"+OK\r\n");
    bench.now += Duration::from_millis(60);
    assert_eq!(told(&bench.tell(Input::Woke)), "", "an answer buys time");
    let orders = end(&mut bench);
    assert_eq!(told(&orders), "-IOERR error or timeout reading to target instance\r\n");
    assert_eq!(bench.heard(&["EXISTS", "kept"]), b":1\r\n");
}

#[test]
fn a_transaction_waits_for_its_moves() {
    let mut bench = Bench::new();
    bench.accept(STRANGER);
    bench.command(CLIENT, &["MULTI"]);
    for args in [&["APPEND", "kept", "+"][..], &["MIGRATE", "there", "7", "kept", "0", "9"]] {
        assert_eq!(bench.heard(args), b"+QUEUED\r\n");
    }
    bench.command(CLIENT, &["SET", "kept", "new"]);
    migrate(&mut bench, &["kept", "0", "9"]);
    let orders = bench.command(CLIENT, &["EXEC"]);
    let link = dialled(&orders).expect("the first move dials");
    assert_eq!(told(&orders), "");
    bench.command(STRANGER, &["GET", "kept"]);
    let orders = bench.tell(Input::Opened { link });
    assert!(said(&mut bench, link, &orders).contains("RESTORE kept"));
    let orders = bench.receive(link, b"+OK\r\n+OK\r\n");
    assert!(said(&mut bench, link, &orders).starts_with("RESTORE kept"), "the second move");
    let orders = bench.receive(link, b"-BUSYKEY no\r\n");
    let busy = "-ERR Target instance replied with error: BUSYKEY no\r\n";
    assert_eq!(told(&orders), format!("*4\r\n:6\r\n+OK\r\n+OK\r\n{busy}"));
    assert_eq!(sent_to(STRANGER, &orders), b"$3\r\nnew\r\n");
    let counts = bench.heard(&["INFO", "commandstats"]);
    let counts = String::from_utf8_lossy(&counts).into_owned();
    assert!(counts.contains("cmdstat_exec:calls=1,"), "{counts}");
    let moves = counts.lines().find(|line| line.starts_with("cmdstat_migrate:calls=2,"));
    assert!(moves.is_some_and(|told| told.ends_with("failed_calls=1")), "{counts}");
}

#[test]
fn who_watches_sees_it_when_it_is_over_and_without_its_secret() {
    let mut bench = Bench::new();
    bench.accept(STRANGER);
    bench.command(STRANGER, &["MONITOR"]);
    bench.command(CLIENT, &["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    let orders = migrate(&mut bench, &["kept", "0", "9", "auth", "secret"]);
    let link = dialled(&orders).expect("it is dialled");
    assert_eq!(sent_to(STRANGER, &orders), b"");
    let orders = bench.tell(Input::Opened { link });
    said(&mut bench, link, &orders);
    let orders = bench.receive(link, b"+OK\r\n+OK\r\n+OK\r\n");
    let seen = String::from_utf8_lossy(&sent_to(STRANGER, &orders)).into_owned();
    assert!(seen.ends_with("\"0\" \"9\" \"auth\" \"(redacted)\"\r\n"), "{seen}");
    let slow = String::from_utf8_lossy(&bench.heard(&["SLOWLOG", "GET", "1"])).into_owned();
    assert!(slow.contains("MIGRATE") && slow.contains("(redacted)"), "{slow}");
}

/// The servers at either end, a real one among them, and one of ours with ours.
fn pairs() -> [[Server; 2]; 3] {
    let (real, ours) = (|| Server::real(&[]), || Server::ours(&[]));
    [[ours(), real()], [real(), ours()], [ours(), ours()]]
}

/// A client that moves keys to a server.
struct Mover {
    client: Client,
    port: String,
}

impl Mover {
    fn new([from, to]: &[Server; 2]) -> Self {
        Self { client: from.client(), port: to.port.to_string() }
    }

    fn call(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('"')).collect();
        let reply = self.client.call(&words);
        String::from_utf8_lossy(&reply.to_bytes(Protocol::Resp2)).trim_end().to_owned()
    }

    fn moves(&mut self, rest: &str) -> String {
        self.call(&format!("MIGRATE 127.0.0.1 {} {rest}", self.port))
    }
}

/// A key of every type, by the command that makes it.
const OF_EVERY_TYPE: [&str; 8] = [
    "SET string value",
    "SET number 1234567890",
    "RPUSH list a b c",
    "SADD numbers 1 2 3",
    "SADD set one two",
    "HSET hash field value",
    "ZADD sorted 1.5 member",
    "XADD stream 5-1 field value",
];

#[test]
fn keys_of_every_type_move_between_servers() {
    for ends in pairs() {
        let mut mover = Mover::new(&ends);
        let mut there = ends[1].client();
        OF_EVERY_TYPE.iter().for_each(|line| {
            mover.call(line);
        });
        mover.call("PEXPIRE string 500000");
        let names: Vec<&str> = OF_EVERY_TYPE.iter().filter_map(|l| l.split(' ').nth(1)).collect();
        let digest =
            |client: &mut Client, name: &str| client.call(&["DEBUG", "DIGEST-VALUE", name]);
        let before: Vec<Reply> = names.iter().map(|n| digest(&mut mover.client, n)).collect();
        let (first, rest) = names.split_first().expect("there are keys");
        assert_eq!(mover.moves(&format!("{first} 0 2000")), "+OK");
        assert_eq!(mover.moves(&format!("\"\" 0 2000 KEYS {} missing", rest.join(" "))), "+OK");
        assert_eq!(mover.call("DBSIZE"), ":0");
        let after: Vec<Reply> = names.iter().map(|name| digest(&mut there, name)).collect();
        assert_eq!(before, after);
        let ttl = there.call(&["PTTL", "string"]);
        assert!(matches!(ttl, Reply::Integer(400_000..=500_000)), "{ttl:?}");
        assert_eq!(there.call(&["PTTL", "list"]), Reply::Integer(-1));
        assert_eq!(mover.moves("string 0 2000"), "+NOKEY");
    }
}

#[test]
fn a_target_is_asked_as_it_wants_to_be() {
    for ends in pairs() {
        let mut mover = Mover::new(&ends);
        let mut there = ends[1].client();
        mover.call("MSET a 1 b 2");
        there.call(&["SET", "a", "old"]);
        let no = "-ERR Target instance replied with error: ";
        let busy = format!("{no}BUSYKEY Target key name already exists.");
        assert_eq!(mover.moves("a 0 2000"), busy);
        assert_eq!(mover.moves("\"\" 0 2000 KEYS a b"), busy);
        assert_eq!(mover.call("EXISTS a b"), ":1", "b has moved all the same");
        assert_eq!(mover.moves("a 0 2000 COPY REPLACE"), "+OK");
        assert_eq!(mover.call("GET a"), "$1\r\n1");
        assert_eq!(there.call(&["GET", "a"]), Reply::bulk("1"));
        assert_eq!(mover.moves("a 9 2000 COPY"), "+OK");
        assert_eq!(there.call(&["GET", "a"]), Reply::bulk("1"));
        assert_eq!(mover.moves("a 99 2000"), format!("{no}ERR DB index is out of range"));
        assert_eq!(there.call(&["CONFIG", "SET", "requirepass", "secret"]), Reply::OK);
        there.call(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert_eq!(mover.moves("a 7 2000"), format!("{no}NOAUTH Authentication required."));
        let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
        assert_eq!(mover.moves("a 7 2000 AUTH wrong"), format!("{no}{wrong}"));
        assert_eq!(mover.moves("a 7 2000 AUTH2 nobody secret"), format!("{no}{wrong}"));
        assert_eq!(mover.moves("a 7 2000 COPY AUTH secret"), "+OK");
        assert_eq!(mover.moves("a 6 2000 AUTH2 default secret"), "+OK");
        assert_eq!(mover.call("EXISTS a"), ":0");
    }
}

#[test]
fn a_target_that_stands_still_is_given_up() {
    for ends in pairs() {
        let mut mover = Mover::new(&ends);
        mover.call("SET a 1");
        ends[1].freeze();
        assert_eq!(mover.moves("a 0 200"), "-IOERR error or timeout reading to target instance");
        // Too much for the buffers of two sockets, and hard to compress.
        let big: String = (0..3_000_000_u64).map(|n| (n * n % 1_000_003).to_string()).collect();
        assert_eq!(mover.client.call(&["SET", "big", &big]), Reply::OK);
        assert_eq!(mover.moves("big 0 200"), "-IOERR error or timeout writing to target instance");
        ends[1].thaw();
        assert_eq!(mover.moves("big 0 5000"), "+OK");
        assert_eq!(mover.call("EXISTS a big"), ":1");
    }
}

#[test]
fn a_replica_sees_keys_go_in_one_command() {
    for (ends, watcher) in
        pairs().into_iter().zip([Server::real(&[]), Server::ours(&[]), { Server::real(&[]) }])
    {
        let mut mover = Mover::new(&ends);
        watcher.follow(&ends[0]);
        eventually("the replica is there", || {
            watcher.info("replication", "master_link_status") == "up"
        });
        let mut monitor = watcher.client();
        assert_eq!(monitor.call(&["MONITOR"]), Reply::OK);
        mover.call("MSET a 1 b 2 c 3");
        assert_eq!(mover.moves("\"\" 0 2000 KEYS a b"), "+OK");
        mover.call("SET d 4");
        let seen = std::iter::from_fn(|| monitor.reply()).find_map(|reply| match reply {
            Reply::Simple(line) if line.contains("\"DEL\"") => Some(line),
            _ => None,
        });
        assert!(seen.is_some_and(|line| line.ends_with("\"DEL\" \"a\" \"b\"")));
        eventually("the keys are gone", || watcher.client().call(&["DBSIZE"]) == Reply::Integer(2));
    }
}

#[test]
fn restore_and_copy_wake_who_waits_for_their_key() {
    for server in [Server::real(&[]), Server::ours(&[])] {
        let mut client = server.client();
        for words in [
            &["RPUSH", "list", "a"][..],
            &["ZADD", "zset", "1", "a"],
            &["XADD", "stream", "1-1", "f", "v"],
        ] {
            client.call(words);
        }
        for (key, wait) in [
            ("list", &["BLPOP", "woken", "20"][..]),
            ("zset", &["BZPOPMIN", "woken", "20"]),
            ("stream", &["XREAD", "BLOCK", "20000", "STREAMS", "woken", "0"]),
        ] {
            let mut bytes = Vec::new();
            encode_command(wait, &mut bytes);
            for restores in [true, false] {
                client.call(&["DEL", "woken"]);
                let mut waiter = server.client();
                waiter.send(&bytes);
                eventually("it waits", || server.info("clients", "blocked_clients") == "1");
                if restores {
                    let Reply::Bulk(payload) = client.call(&["DUMP", key]) else { panic!("bytes") };
                    let mut restore = Vec::new();
                    encode_command(&[b"RESTORE", &b"woken"[..], b"0", &payload], &mut restore);
                    client.send(&restore);
                    assert_eq!(client.reply(), Some(Reply::OK));
                } else {
                    assert_eq!(client.call(&["COPY", key, "woken"]), Reply::Integer(1));
                }
                let text = format!("{:?}", waiter.reply());
                assert!(text.contains("woken"), "{key}: {text}");
            }
        }
    }
}
