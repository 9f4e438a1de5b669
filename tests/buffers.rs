//! What clients' buffers take and what is done about it, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::thread::sleep;
use std::time::Duration;

use replica_lab::resp::{Reply, encode_command};
use servers::{Client, Server, both_answer_alike, eventually};

fn both(options: &[&str]) -> [Server; 2] {
    [Server::real(options), Server::ours(options)]
}

/// The line of the client of this name in CLIENT LIST.
fn line_of(server: &Server, name: &str) -> Option<String> {
    line_told(&mut server.client(), name)
}

/// The same, as another client is told.
fn line_told(other: &mut Client, name: &str) -> Option<String> {
    let Reply::Bulk(list) = other.call(&["CLIENT", "LIST"]) else { panic!("a text") };
    let list = String::from_utf8_lossy(&list).into_owned();
    list.lines().find(|line| line.contains(&format!(" name={name} "))).map(str::to_owned)
}

/// A number of that line.
fn number_of(server: &Server, name: &str, field: &str) -> u64 {
    let line = line_of(server, name).unwrap_or_else(|| panic!("{name} is connected"));
    let mut words = line.split(' ');
    let value = words.find_map(|word| word.strip_prefix(&format!("{field}=")));
    value.expect("the field is there").parse().expect("a number")
}

fn named(server: &Server, name: &str) -> Client {
    let mut client = server.client();
    assert_eq!(client.call(&["CLIENT", "SETNAME", name]), Reply::OK);
    client
}

fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_command(words, &mut bytes);
    bytes
}

/// The beginning of a command of one word, of which half has come: so many bytes.
fn begun(bytes: usize) -> Vec<u8> {
    let mut command = format!("*1\r\n${}\r\n", bytes * 2).into_bytes();
    command.resize(command.len() + bytes, b'v');
    command
}

#[test]
fn an_output_limit_counts_whole_nodes() {
    let servers = both(&["--client-output-buffer-limit", "normal 100000 0 0"]);
    // The reply to KEYS begins the list, that to LRANGE fills the buffer of 16 KiB before.
    for words in [&["KEYS", "p*"][..], &["LRANGE", "l", "0", "-1"]] {
        for [bytes, survives] in [[78_000, 1], [85_000, 0], [94_000, 0], [102_000, 0]] {
            let survives = survives == 1 || (words[0] == "LRANGE" && bytes < 98_000);
            for server in &servers {
                let mut client = server.client();
                client.call(&["FLUSHALL"]);
                for n in 0..bytes / 1_007 {
                    let word = format!("p{n:0>999}");
                    client.call(&["SET", &word, ""]);
                    client.call(&["RPUSH", "l", &word]);
                }
                let mut reader = server.client();
                reader.send(&command(words));
                let heard = reader.reply().is_some();
                assert_eq!(heard, survives, "{words:?} of {bytes} bytes on {}", server.port);
            }
        }
    }
}

#[test]
fn a_list_shows_what_has_come_of_a_command() {
    let servers = both(&[]);
    for server in &servers {
        let mut partial = named(server, "partial");
        partial.send(b"*3\r\n$3\r\nSET\r\n$4\r\nkeys\r\n$10\r\nval");
        let mut queue = named(server, "queue");
        for words in [&["MULTI"][..], &["SET", "key", "value"], &["GET", "key"]] {
            queue.call(words);
        }
        eventually("it has come", || number_of(server, "partial", "argv-mem") == 7);
        assert_eq!(number_of(server, "partial", "qbuf"), 3);
        assert_eq!(number_of(server, "queue", "multi-mem"), 3 + 3 + 5 + 3 + 3 + 5 * 8);
        assert_eq!(number_of(server, "queue", "qbuf"), 0);
        let Reply::Bulk(own) = named(server, "own").call(&["CLIENT", "INFO"]) else { panic!() };
        let own = String::from_utf8_lossy(&own).into_owned();
        assert!(own.contains(" qbuf=26 ") && own.contains(" argv-mem=10 "), "{own}");
        partial.send(b"ue45678\r\n");
        assert_eq!(partial.reply(), Some(Reply::OK));
    }
}

#[test]
fn a_large_command_needs_room_and_leaves_it_again() {
    for server in both(&[]) {
        let mut client = named(&server, "c");
        client.call(&["SET", "k", &"v".repeat(400_000)]);
        let room = || number_of(&server, "c", "qbuf") + number_of(&server, "c", "qbuf-free");
        assert!(room() > 32 * 1_024);
        eventually("the room is given back to those who use less", || {
            client.call(&["SET", "k", "v"]);
            (1..32 * 1_024).contains(&room())
        });
    }
}

#[test]
fn clients_that_take_too_much_together_are_evicted_the_largest_first() {
    for server in both(&[]) {
        let mut control = named(&server, "control");
        control.call(&["CLIENT", "NO-EVICT", "on"]);
        let sizes = [("small", 150_000), ("large", 5_000_000), ("guarded", 300_000)];
        let mut clients: Vec<Client> = sizes
            .iter()
            .map(|&(name, bytes)| {
                let mut client = named(&server, name);
                let word = if name == "guarded" { "on" } else { "off" };
                client.call(&["CLIENT", "NO-EVICT", word]);
                client.send(&begun(bytes));
                eventually("it has come", || number_of(&server, name, "qbuf") == bytes as u64);
                assert!(number_of(&server, name, "tot-mem") > bytes as u64);
                client
            })
            .collect();
        assert_eq!(server.info("stats", "evicted_clients"), "0");
        control.call(&["CONFIG", "SET", "maxmemory-clients", "3mb"]);
        eventually("the largest has gone", || line_told(&mut control, "large").is_none());
        assert!(
            line_told(&mut control, "small").is_some()
                && line_told(&mut control, "guarded").is_some()
        );
        assert_eq!(server.info("stats", "evicted_clients"), "1");
        assert_eq!(clients[1].reply(), None);
        assert!(server.log().contains("Evicting client: id="), "{}", server.log());
        control.call(&["CONFIG", "SET", "maxmemory-clients", "128kb"]);
        eventually("the next has gone", || line_told(&mut control, "small").is_none());
        assert!(line_told(&mut control, "guarded").is_some());
        let line = "Over client maxmemory after evicting all evictable clients";
        eventually("nobody is left who may go", || server.log().contains(line));
    }
}

#[test]
fn a_client_is_evicted_for_whatever_it_takes() {
    let servers = both(&["--maxmemory-clients", "200000"]);
    for server in &servers {
        let mut control = named(server, "control");
        control.call(&["SET", "k", &"v".repeat(40_000)]);
        let acts: [fn(&mut Client, usize); 4] = [
            |client, n| client.send(&command(&["WATCH", &n.to_string()])),
            |client, n| client.send(&command(&["PSUBSCRIBE", &n.to_string()])),
            |client, n| {
                let words: &[&str] =
                    if n == 0 { &["MULTI"] } else { &["ECHO", &"v".repeat(9_000)] };
                client.send(&command(words));
            },
            |client, n| {
                let prefix = format!("{n:012}");
                let words = ["CLIENT", "TRACKING", "on", "BCAST", "PREFIX", &prefix];
                client.send(&command(&words));
            },
        ];
        for (number, act) in acts.iter().enumerate() {
            let mut client = server.client();
            let evicted = (0..20_000).any(|n| {
                act(&mut client, n);
                client.reply().is_none()
            });
            assert!(evicted, "act {number} on port {}", server.port);
            assert_eq!(server.info("stats", "evicted_clients"), (number + 1).to_string());
        }
    }
}

#[test]
fn a_client_that_sends_no_end_of_a_command_is_closed() {
    for server in both(&["--client-query-buffer-limit", "1mb"]) {
        let mut client = named(&server, "endless");
        client.send(&begun(1_000_000));
        eventually("it has come", || number_of(&server, "endless", "qbuf") == 1_000_000);
        client.send(&[b'v'; 49_000]);
        eventually("it is closed", || line_of(&server, "endless").is_none());
        let log = server.log();
        let line = log.lines().find(|line| line.contains("reached max query buffer length: id="));
        assert!(line.is_some_and(|line| line.contains("(qbuf initial bytes: \"vvvv")), "{log}");
    }
}

#[test]
fn memory_of_clients_is_told_and_counts_against_maxmemory() {
    for server in both(&["--maxmemory-policy", "allkeys-lru"]) {
        let mut control = server.client();
        let number =
            |field: &str| -> u64 { server.info("memory", field).parse().expect("a number") };
        for n in 0..100 {
            control.call(&["SET", &format!("k{n}"), &"v".repeat(10_000)]);
        }
        // The cron of the real server looks at clients now and then.
        eventually("every client takes something", || number("mem_clients_normal") > 1_800);
        let before = number("mem_clients_normal");
        let limit = (number("used_memory") + 1_000_000).to_string();
        control.call(&["CONFIG", "SET", "maxmemory", &limit]);
        control.call(&["SET", "touched", "1"]);
        assert_eq!(server.info("stats", "evicted_keys"), "0");
        let mut speaker = named(&server, "speaker");
        speaker.send(&begun(1_500_000));
        eventually("it has come", || number_of(&server, "speaker", "qbuf") == 1_500_000);
        eventually("it is told", || number("mem_clients_normal") >= before + 1_500_000);
        control.call(&["SET", "touched", "2"]);
        assert_ne!(server.info("stats", "evicted_keys"), "0", "keys give way to clients");
        assert_eq!(number("mem_clients_slaves"), 0);
    }
}

#[test]
fn replies_that_nobody_reads_are_memory_of_clients() {
    for server in both(&[]) {
        let mut control = server.client();
        control.call(&["SET", "k", &"v".repeat(4_000_000)]);
        let mut deaf = named(&server, "deaf");
        for _ in 0..5 {
            deaf.send(&command(&["GET", "k"]));
        }
        eventually("they wait", || number_of(&server, "deaf", "omem") > 8_000_000);
        assert!(number_of(&server, "deaf", "oll") > 0);
        eventually("they are told", || {
            server.info("memory", "mem_clients_normal").parse().is_ok_and(|n: u64| n > 8_000_000)
        });
        for _ in 0..5 {
            assert!(deaf.reply().is_some());
        }
        eventually("nothing waits", || number_of(&server, "deaf", "omem") == 0);
    }
}

#[test]
fn a_server_that_sleeps_hears_calls_when_it_wakes() {
    let servers = both(&[]);
    let replies = servers.each_ref().map(|server| {
        let [mut sleeper, mut first, mut second] = std::array::from_fn(|_| server.client());
        first.call(&["SET", "mortal", "v", "PX", "300"]);
        sleeper.send(&command(&["DEBUG", "SLEEP", "0.6"]));
        sleep(Duration::from_millis(100));
        // Heard at once it would still be there.
        first.send(&command(&["GET", "mortal"]));
        first.send(&command(&["RPUSH", "l", "a"]));
        sleep(Duration::from_millis(50));
        second.send(&command(&["RPUSH", "l", "b"]));
        let mut late = server.client();
        late.send(&command(&["PING"]));
        [sleeper.reply(), first.reply(), first.reply(), second.reply(), late.reply()]
    });
    assert_eq!(replies[0], replies[1]);
    assert_eq!(replies[1][1], Some(Reply::Null));
    both_answer_alike(&servers, &["LRANGE l 0 -1"]);
}
