//! Publish and subscribe: who hears what, in which order, what a subscriber may say, and what
//! replicas and those who watch keys are told.

mod support;

use replica_lab::node::{Input, Link};
use support::{Bench, CLIENT, STRANGER, World, sent_to};

const REPLICA: Link = Link::accepted(3);

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.accept(STRANGER);
    bench
}

/// What `link` hears of a command of `speaker`, as lines without lengths.
fn heard(bench: &mut Bench, speaker: Link, link: Link, args: &[&str]) -> String {
    words(&sent_to(link, &bench.command(speaker, args)))
}

fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(['$', '*'])).collect();
    lines.join(" ")
}

#[test]
fn a_message_goes_to_channels_and_then_to_patterns() {
    let mut bench = bench();
    assert_eq!(
        sent_to(STRANGER, &bench.command(STRANGER, &["SUBSCRIBE", "news", "news"])),
        b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n\
          *3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
    );
    assert_eq!(heard(&mut bench, STRANGER, STRANGER, &["PSUBSCRIBE", "n*"]), "psubscribe n* :2");
    let orders = bench.command(CLIENT, &["PUBLISH", "news", "hello"]);
    assert_eq!(sent_to(CLIENT, &orders), b":2\r\n");
    assert_eq!(words(&sent_to(STRANGER, &orders)), "message news hello pmessage n* news hello");
    assert_eq!(heard(&mut bench, CLIENT, CLIENT, &["PUBSUB", "CHANNELS"]), "news");
    assert_eq!(heard(&mut bench, CLIENT, CLIENT, &["PUBSUB", "CHANNELS", "x*"]), "");
    assert_eq!(
        heard(&mut bench, CLIENT, CLIENT, &["PUBSUB", "NUMSUB", "news", "x"]),
        "news :1 x :0"
    );
    assert_eq!(heard(&mut bench, CLIENT, CLIENT, &["PUBSUB", "NUMPAT"]), ":1");
    assert_eq!(heard(&mut bench, STRANGER, STRANGER, &["UNSUBSCRIBE"]), "unsubscribe news :1");
    assert_eq!(
        sent_to(STRANGER, &bench.command(STRANGER, &["UNSUBSCRIBE"])),
        b"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:1\r\n"
    );
    bench.tell(Input::Closed { link: STRANGER });
    assert_eq!(heard(&mut bench, CLIENT, CLIENT, &["PUBLISH", "news", "nobody"]), ":0");
    assert_eq!(heard(&mut bench, CLIENT, CLIENT, &["PUBSUB", "NUMPAT"]), ":0");
}

#[test]
fn a_subscriber_of_resp2_may_say_little_and_one_of_resp3_anything() {
    let mut bench = bench();
    bench.command(STRANGER, &["SUBSCRIBE", "c"]);
    assert_eq!(
        heard(&mut bench, STRANGER, STRANGER, &["GET", "kept"]),
        "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET \
         are allowed in this context"
    );
    assert_eq!(
        sent_to(STRANGER, &bench.command(STRANGER, &["PING"])),
        b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"
    );
    bench.command(STRANGER, &["RESET"]);
    assert_eq!(heard(&mut bench, STRANGER, STRANGER, &["GET", "kept"]), "value");
    bench.command(STRANGER, &["HELLO", "3"]);
    assert!(
        sent_to(STRANGER, &bench.command(STRANGER, &["SUBSCRIBE", "c"])).starts_with(b">3\r\n")
    );
    assert_eq!(heard(&mut bench, STRANGER, STRANGER, &["GET", "kept"]), "value");
    // A message to oneself comes behind the reply.
    assert_eq!(
        sent_to(STRANGER, &bench.command(STRANGER, &["PUBLISH", "c", "x"])),
        b":1\r\n>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"
    );
}

#[test]
fn shard_channels_are_a_world_of_their_own() {
    let mut bench = bench();
    bench.command(STRANGER, &["SUBSCRIBE", "c"]);
    assert_eq!(heard(&mut bench, STRANGER, STRANGER, &["SSUBSCRIBE", "c"]), "ssubscribe c :1");
    assert_eq!(heard(&mut bench, CLIENT, STRANGER, &["SPUBLISH", "c", "x"]), "smessage c x");
    assert_eq!(heard(&mut bench, CLIENT, STRANGER, &["PUBLISH", "c", "y"]), "message c y");
    assert_eq!(heard(&mut bench, CLIENT, CLIENT, &["PUBSUB", "SHARDCHANNELS"]), "c");
    assert_eq!(heard(&mut bench, CLIENT, CLIENT, &["PUBSUB", "SHARDNUMSUB", "c"]), "c :1");
    assert_eq!(heard(&mut bench, STRANGER, STRANGER, &["SUNSUBSCRIBE"]), "sunsubscribe c :0");
}

#[test]
fn publish_enters_the_stream_and_is_wrapped_with_what_stands_beside_it() {
    let mut bench = bench();
    bench.accept(REPLICA);
    bench.command(CLIENT, &["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    bench.command(REPLICA, &["REPLCONF", "capa", "eof", "capa", "psync2"]);
    bench.command(REPLICA, &["PSYNC", "?", "-1"]);
    bench.wake(2);
    bench.command(REPLICA, &["REPLCONF", "ACK", "0"]);
    let stream = heard(&mut bench, CLIENT, REPLICA, &["PUBLISH", "ch", "hello"]);
    assert_eq!(stream, "SELECT 0 PUBLISH ch hello");
    for args in [&["MULTI"][..], &["PUBLISH", "ch", "x"], &["SET", "a", "1"]] {
        bench.command(CLIENT, args);
    }
    let stream = heard(&mut bench, CLIENT, REPLICA, &["EXEC"]);
    assert_eq!(stream, "MULTI PUBLISH ch x SET a 1 EXEC");
}

#[test]
fn a_replica_gives_its_masters_messages_to_its_own_subscribers() {
    let mut bench = bench();
    bench.command(STRANGER, &["SUBSCRIBE", "ch"]);
    let master = bench.follow();
    let mut world = World::new(bench);
    for bytes in [
        &b"+FULLRESYNC 0123456789012345678901234567890123456789 0\r\n"[..],
        b"$18\r\nREDIS0009\xff\0\0\0\0\0\0\0\0",
    ] {
        let orders = world.bench.receive(master, bytes);
        world.carry_out(orders);
    }
    let mut publish = Vec::new();
    replica_lab::resp::encode_command(&["PUBLISH", "ch", "hi"], &mut publish);
    let orders = world.bench.receive(master, &publish);
    assert_eq!(words(&sent_to(STRANGER, &orders)), "message ch hi");
}

#[test]
fn those_who_watch_keys_are_told_what_happens() {
    let mut bench = bench();
    bench.command(CLIENT, &["CONFIG", "SET", "notify-keyspace-events", "KEA"]);
    let shown = heard(&mut bench, CLIENT, CLIENT, &["CONFIG", "GET", "notify-keyspace-events"]);
    assert_eq!(shown, "notify-keyspace-events AKE");
    bench.command(STRANGER, &["PSUBSCRIBE", "__key*__:*"]);
    assert_eq!(
        heard(&mut bench, CLIENT, STRANGER, &["SET", "k", "v"]),
        "pmessage __key*__:* __keyspace@0__:k set pmessage __key*__:* __keyevent@0__:set k"
    );
    bench.command(CLIENT, &["PEXPIRE", "k", "100"]);
    bench.now += replica_lab::time::Duration::from_millis(300);
    let orders = bench.tell(Input::Woke);
    assert_eq!(
        words(&sent_to(STRANGER, &orders)),
        "pmessage __key*__:* __keyspace@0__:k expired pmessage __key*__:* __keyevent@0__:expired k"
    );
}
