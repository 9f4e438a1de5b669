//! Clients that wait for keys: who is served, in which order, what the stream carries, and how a
//! wait ends.

mod support;

use replica_lab::node::{Input, Link, Output};
use replica_lab::time::Duration;
use support::{Bench, CLIENT, STRANGER, sent_to};

const THIRD: Link = Link::accepted(2);
const REPLICA: Link = Link::accepted(3);

/// A node with three clients and a replica that was sent the empty dataset.
fn bench() -> Bench {
    let mut bench = Bench::new();
    for link in [STRANGER, THIRD, REPLICA] {
        bench.accept(link);
    }
    bench.command(CLIENT, &["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    bench.command(REPLICA, &["REPLCONF", "capa", "eof", "capa", "psync2"]);
    bench.command(REPLICA, &["PSYNC", "?", "-1"]);
    bench.wake(2);
    let orders = bench.command(REPLICA, &["REPLCONF", "ACK", "0"]);
    assert!(orders.iter().all(|order| !matches!(order, Output::Close { .. })), "{orders:?}");
    bench
}

/// The words of commands, as the stream carries them.
fn words(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().filter(|line| !line.starts_with(['*', '$'])).map(str::to_owned).collect()
}

#[test]
fn who_waits_longest_is_served_first_and_the_stream_carries_plain_pops() {
    let mut bench = bench();
    assert_eq!(sent_to(STRANGER, &bench.command(STRANGER, &["BLPOP", "none", "q", "0"])), b"");
    assert_eq!(
        sent_to(THIRD, &bench.command(THIRD, &["BLMOVE", "q", "r", "LEFT", "LEFT", "0"])),
        b""
    );
    let orders = bench.command(CLIENT, &["RPUSH", "q", "a", "b"]);
    assert_eq!(sent_to(CLIENT, &orders), b":2\r\n");
    assert_eq!(sent_to(STRANGER, &orders), b"*2\r\n$1\r\nq\r\n$1\r\na\r\n");
    assert_eq!(sent_to(THIRD, &orders), b"$1\r\nb\r\n");
    let stream = words(&sent_to(REPLICA, &orders)).join(" ");
    assert!(stream.ends_with("RPUSH q a b LPOP q LMOVE q r LEFT LEFT"), "{stream}");
}

#[test]
fn a_served_move_serves_those_who_wait_for_its_destination() {
    let mut bench = bench();
    bench.command(STRANGER, &["BLPOP", "b", "0"]);
    bench.command(THIRD, &["BLMOVE", "a", "b", "LEFT", "LEFT", "0"]);
    let orders = bench.command(CLIENT, &["RPUSH", "a", "x"]);
    assert_eq!(sent_to(THIRD, &orders), b"$1\r\nx\r\n");
    assert_eq!(sent_to(STRANGER, &orders), b"*2\r\n$1\r\nb\r\n$1\r\nx\r\n");
}

#[test]
fn a_wait_ends_with_its_time_and_not_before() {
    let mut bench = bench();
    bench.command(STRANGER, &["BLPOP", "q", "0.2"]);
    let deadline = bench.node.deadline().expect("a wait has an end");
    assert!(deadline.at.since(bench.now) <= Duration::from_millis(200));
    let pipelined = bench.command(STRANGER, &["PING"]);
    assert_eq!(sent_to(STRANGER, &pipelined), b"", "a client that waits is not served");
    bench.now += Duration::from_millis(200);
    let orders = bench.tell(Input::Woke);
    assert_eq!(sent_to(STRANGER, &orders), b"*-1\r\n+PONG\r\n");
}

/// In a client's hands a time is any number; none may be too large to be counted in.
#[test]
fn a_time_beyond_all_time_is_refused_or_never_comes() {
    let mut bench = bench();
    let beyond = i64::MAX.to_string();
    let refused = b"-ERR timeout is out of range\r\n";
    for words in [&["WAIT", "1", &beyond][..], &["XREAD", "BLOCK", &beyond, "STREAMS", "s", "0"]] {
        assert_eq!(sent_to(CLIENT, &bench.command(CLIENT, words)), refused, "{words:?}");
    }
    let words = ["SET", "k", "v", "PXAT", &beyond];
    assert_eq!(sent_to(CLIENT, &bench.command(CLIENT, &words)), b"+OK\r\n");
    let deadline = bench.node.deadline().expect("a clock ticks");
    assert!(deadline.at >= bench.now, "{deadline:?}");
}

#[test]
fn a_key_of_another_type_serves_nobody_and_a_transaction_serves_at_its_end() {
    let mut bench = bench();
    bench.command(STRANGER, &["BLPOP", "q", "0"]);
    assert_eq!(sent_to(STRANGER, &bench.command(CLIENT, &["SADD", "q", "x"])), b"");
    bench.command(CLIENT, &["DEL", "q"]);
    bench.command(CLIENT, &["MULTI"]);
    bench.command(CLIENT, &["RPUSH", "q", "gone"]);
    bench.command(CLIENT, &["DEL", "q"]);
    bench.command(CLIENT, &["RPUSH", "q", "kept"]);
    let orders = bench.command(CLIENT, &["EXEC"]);
    assert_eq!(sent_to(STRANGER, &orders), b"*2\r\n$1\r\nq\r\n$4\r\nkept\r\n");
}

#[test]
fn a_stream_serves_everybody_who_waits_for_what_comes_next() {
    let mut bench = bench();
    bench.command(CLIENT, &["XADD", "s", "1-1", "f", "v"]);
    bench.command(CLIENT, &["XGROUP", "CREATE", "s", "g", "$"]);
    for (link, words) in [
        (STRANGER, &["XREAD", "BLOCK", "0", "STREAMS", "s", "$"][..]),
        (THIRD, &["XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"]),
    ] {
        assert_eq!(sent_to(link, &bench.command(link, words)), b"");
    }
    // It touches the stream, and yet there is nothing new.
    let orders = bench.command(CLIENT, &["XDEL", "s", "1-1"]);
    assert_eq!((sent_to(STRANGER, &orders), sent_to(THIRD, &orders)), (vec![], vec![]));
    let orders = bench.command(CLIENT, &["XADD", "s", "2-1", "f", "v"]);
    assert_eq!(words(&sent_to(STRANGER, &orders)), ["s", "2-1", "f", "v"]);
    assert_eq!(words(&sent_to(THIRD, &orders)), ["s", "2-1", "f", "v"]);
    let stream = words(&sent_to(REPLICA, &orders)).join(" ");
    assert!(stream.starts_with("XADD s 2-1 f v XCLAIM s g c 0 2-1 TIME"), "{stream}");
    assert!(stream.ends_with("RETRYCOUNT 1 FORCE JUSTID LASTID 2-1"), "{stream}");
}

#[test]
fn who_waits_for_a_group_is_told_that_it_is_gone() {
    let mut bench = bench();
    bench.command(CLIENT, &["XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"]);
    bench.command(CLIENT, &["XGROUP", "CREATE", "s", "h", "$"]);
    for (link, group) in [(STRANGER, "g"), (THIRD, "h")] {
        bench
            .command(link, &["XREADGROUP", "GROUP", group, "c", "BLOCK", "0", "STREAMS", "s", ">"]);
    }
    let orders = bench.command(CLIENT, &["XGROUP", "DESTROY", "s", "g"]);
    assert!(sent_to(STRANGER, &orders).starts_with(b"-NOGROUP No such key 's'"));
    assert_eq!(sent_to(THIRD, &orders), b"");
    let orders = bench.command(CLIENT, &["DEL", "s"]);
    assert!(sent_to(THIRD, &orders).starts_with(b"-NOGROUP No such key 's'"));
}

#[test]
fn a_client_that_leaves_waits_no_more_and_a_server_that_follows_lets_nobody_wait() {
    let mut bench = bench();
    bench.command(STRANGER, &["BLPOP", "q", "0"]);
    bench.command(THIRD, &["BLPOP", "q", "0"]);
    bench.tell(Input::Closed { link: STRANGER });
    let orders = bench.command(CLIENT, &["RPUSH", "q", "a"]);
    assert_eq!(sent_to(STRANGER, &orders), b"");
    assert_eq!(sent_to(THIRD, &orders), b"*2\r\n$1\r\nq\r\n$1\r\na\r\n");
    bench.command(THIRD, &["BLPOP", "q", "0"]);
    let orders = bench.command(CLIENT, &["REPLICAOF", "other", "6379"]);
    assert!(sent_to(THIRD, &orders).starts_with(b"-UNBLOCKED force unblock"));
    assert!(orders.contains(&Output::Close { link: THIRD }));
}
