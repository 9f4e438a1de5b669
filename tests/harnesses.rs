//! What the suites that others wrote for redis-server have found: both servers are asked.
//!
//! Of fakeredis, which holds a model beside a server; of redis-py, of the crate `redis`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use replica_lab::resp::Reply;
use servers::{Server, both_answer_alike};

fn both() -> [Server; 2] {
    [Server::real(&[]), Server::ours(&[])]
}

#[test]
fn a_limit_is_for_what_is_trimmed_roughly() {
    both_answer_alike(
        &both(),
        &[
            "XADD s LIMIT 0 5-1 f v",
            "XADD s LIMIT 1 5-1 f v",
            "XADD s NOMKSTREAM LIMIT 0 5-1 f v",
            "EXISTS s",
            "XADD s MAXLEN ~ 1 LIMIT 0 5-1 f v",
            "XTRIM s LIMIT 0",
            "XTRIM s LIMIT 1",
            "XTRIM s MAXLEN 1 LIMIT 0",
            "XTRIM none LIMIT 0",
        ],
    );
}

#[test]
fn where_there_are_no_bits_nobody_looks_for_faults() {
    both_answer_alike(
        &both(),
        &[
            "RPUSH list a",
            "SET string foobar",
            "BITCOUNT none x y",
            "BITCOUNT none 0",
            "BITCOUNT none 0 1 BIT more",
            "BITCOUNT list x y",
            "BITCOUNT string x y",
            "BITCOUNT string 0",
            "BITCOUNT string 0 1 NIBBLE",
            "BITCOUNT string 0 x NIBBLE",
            "BITCOUNT string x 1 NIBBLE",
            "BITPOS string 1 0 x NIBBLE",
            "BITPOS none 1 x",
            "BITPOS none 0 0 1 BIT more",
            "BITPOS none 2 x",
            "BITPOS none x",
            "BITPOS list 1 x",
            "BITPOS list 2",
            "BITPOS string 1 x",
            "BITPOS string 1 0 1 NIBBLE",
        ],
    );
}

#[test]
fn a_script_sees_an_unsorted_set_by_its_text() {
    let store = "EVAL \"return redis.call('SORT', KEYS[1], 'BY', 'x', 'STORE', 'l')\" 1 s";
    both_answer_alike(
        &both(),
        &[
            "SADD s 10 9 1 -2",
            "RPUSH l 10 9 1 -2",
            "EVAL \"return redis.call('SORT', KEYS[1], 'BY', 'nosort')\" 1 s",
            "EVAL \"return redis.call('SORT_RO', KEYS[1], 'BY', 'nosort', 'DESC')\" 1 s",
            "EVAL \"return redis.call('SORT', KEYS[1], 'BY', 'x', 'LIMIT', 1, 2)\" 1 s",
            "EVAL \"return redis.call('SORT', KEYS[1], 'BY', 'x', 'DESC')\" 1 l",
            store,
            "LRANGE l 0 -1",
        ],
    );
}

/// Redis looks at whole buckets until it has seen enough: a key or two more than were asked for.
#[test]
fn a_scan_looks_at_about_as_many_keys_as_it_is_told() {
    for server in both() {
        let mut client = server.client();
        for n in 0..30 {
            client.call(&["SET", &format!("key:{n}"), "value"]);
        }
        for (count, most) in [("1", 8), ("10", 17), ("100", 30)] {
            let Reply::Array(parts) = client.call(&["SCAN", "0", "COUNT", count]) else {
                panic!("a cursor and keys")
            };
            let [Reply::Bulk(cursor), Reply::Array(keys)] = &parts[..] else {
                panic!("a cursor and keys: {parts:?}")
            };
            let least = count.parse::<usize>().expect("a number").min(30);
            assert!((least..=most).contains(&keys.len()), "{} for {count}", keys.len());
            assert_eq!(&cursor[..] == b"0", least == 30, "{count}");
        }
    }
}
