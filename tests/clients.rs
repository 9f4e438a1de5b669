//! Clients among themselves: lists, kills, pauses, silence, passwords, monitors, limits.

mod support;

use replica_lab::node::{Address, Carries, Input, Link, Output, Setup};
use replica_lab::time::{Duration, Instant};
use support::{Bench, CLIENT, STRANGER, sent_to};

const THIRD: Link = Link::accepted(2);

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.accept(STRANGER);
    bench.accept(THIRD);
    bench
}

/// What the speaker hears.
fn say(bench: &mut Bench, link: Link, args: &[&str]) -> String {
    String::from_utf8_lossy(&sent_to(link, &bench.command(link, args))).into_owned()
}

fn closes(orders: &[Output], wanted: Link) -> bool {
    orders.iter().any(|order| matches!(order, Output::Close { link } if *link == wanted))
}

fn drops(orders: &[Output], wanted: Link) -> bool {
    orders.iter().any(|order| matches!(order, Output::Drop { link } if *link == wanted))
}

#[test]
fn a_client_is_listed_with_what_it_is_and_does() {
    let mut bench = bench();
    say(&mut bench, STRANGER, &["SUBSCRIBE", "c"]);
    say(&mut bench, THIRD, &["CLIENT", "SETNAME", "me"]);
    say(&mut bench, THIRD, &["CLIENT", "SETINFO", "lib-name", "lib"]);
    say(&mut bench, THIRD, &["MULTI"]);
    say(&mut bench, THIRD, &["GET", "kept"]);
    let list = say(&mut bench, CLIENT, &["CLIENT", "LIST"]);
    let lines: Vec<&str> = list.lines().filter(|line| line.starts_with("id=")).collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[0].contains(" flags=N ") && lines[0].contains(" cmd=client|list "), "{list}");
    assert!(lines[1].contains(" flags=P ") && lines[1].contains(" sub=1 psub=0 ssub=0 "), "{list}");
    assert!(lines[2].contains(" name=me ") && lines[2].contains(" flags=x "), "{list}");
    assert!(
        lines[2].contains(" multi=1 ") && lines[2].ends_with("lib-name=lib lib-ver="),
        "{list}"
    );
    let pubsub = say(&mut bench, CLIENT, &["CLIENT", "LIST", "TYPE", "pubsub"]);
    assert_eq!(pubsub.matches("id=").count(), 1);
    let by_id = say(&mut bench, CLIENT, &["CLIENT", "LIST", "ID", "5", "99", "3"]);
    let at = |id: &str| by_id.find(id).unwrap_or_default();
    assert!(at("id=5") < at("id=3") && at("id=5") > 0, "{by_id}");
    for (words, refusal) in [
        (&["LIST", "ID", "x"][..], "-ERR Invalid client ID\r\n"),
        (&["LIST", "TYPE", "foo"], "-ERR Unknown client type 'foo'\r\n"),
        (&["KILL", "ID", "x"], "-ERR client-id should be greater than 0\r\n"),
        (&["KILL", "1.2.3.4:5"], "-ERR No such client\r\n"),
        (&["KILL", "USER", "foo"], "-ERR No such user 'foo'\r\n"),
        (&["PAUSE"], "-ERR wrong number of arguments for 'client|pause' command\r\n"),
        (&["PAUSE", "x"], "-ERR timeout is not an integer or out of range\r\n"),
        (&["PAUSE", "-1"], "-ERR timeout is negative\r\n"),
        (&["PAUSE", "10", "foo"], "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n"),
        (&["UNBLOCK", "1", "x"], "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n"),
        (&["foo"], "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n"),
    ] {
        let args = [&["CLIENT"], words].concat();
        assert_eq!(say(&mut bench, CLIENT, &args), refusal);
    }
}

#[test]
fn a_kill_closes_those_that_all_filters_fit() {
    let mut bench = bench();
    say(&mut bench, STRANGER, &["SUBSCRIBE", "c"]);
    let orders = bench.command(CLIENT, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert_eq!(sent_to(CLIENT, &orders), b":1\r\n");
    assert!(closes(&orders, THIRD) && !closes(&orders, CLIENT) && !closes(&orders, STRANGER));
    let orders = bench.command(CLIENT, &["CLIENT", "KILL", "ID", "3", "SKIPME", "no"]);
    assert_eq!(sent_to(CLIENT, &orders), b":1\r\n", "who kills itself still hears it");
    assert!(closes(&orders, CLIENT));
}

#[test]
fn a_pause_keeps_writes_or_all_waiting_and_they_resume_in_order() {
    let mut bench = bench();
    say(&mut bench, CLIENT, &["CLIENT", "PAUSE", "1000", "WRITE"]);
    assert_eq!(say(&mut bench, STRANGER, &["GET", "kept"]), "$5\r\nvalue\r\n");
    assert_eq!(say(&mut bench, STRANGER, &["APPEND", "log", "a"]), "");
    assert_eq!(say(&mut bench, STRANGER, &["GET", "log"]), "", "it waits behind its own write");
    assert_eq!(say(&mut bench, THIRD, &["APPEND", "log", "b"]), "");
    assert!(say(&mut bench, CLIENT, &["CLIENT", "LIST", "ID", "4"]).contains(" flags=b "));
    assert_eq!(say(&mut bench, CLIENT, &["CLIENT", "UNBLOCK", "4"]), ":0\r\n");
    let orders = bench.command(CLIENT, &["CLIENT", "UNPAUSE"]);
    assert_eq!(sent_to(STRANGER, &orders), b":1\r\n$2\r\nab\r\n");
    assert_eq!(sent_to(THIRD, &orders), b":2\r\n");

    say(&mut bench, CLIENT, &["SET", "mortal", "v", "PX", "50"]);
    say(&mut bench, CLIENT, &["CLIENT", "PAUSE", "500", "ALL"]);
    assert_eq!(say(&mut bench, THIRD, &["GET", "mortal"]), "");
    bench.now += Duration::from_millis(200);
    bench.tell(Input::Woke);
    let deadline = bench.node.deadline().expect("a pause has an end");
    assert!(deadline.at > bench.now, "nothing expires meanwhile");
    bench.now += Duration::from_millis(400);
    let orders = bench.tell(Input::Woke);
    assert_eq!(sent_to(THIRD, &orders), b"$-1\r\n");
}

#[test]
fn a_script_that_writes_nothing_is_not_paused() {
    let mut bench = bench();
    let library = "#!lua name=l\nredis.register_function{function_name='reads', \
                   callback=function() return 3 end, flags={'no-writes'}}\n\
                   redis.register_function('writes', function() return 4 end)";
    say(&mut bench, CLIENT, &["FUNCTION", "LOAD", library]);
    let sha = say(&mut bench, CLIENT, &["SCRIPT", "LOAD", "#!lua flags=no-writes\nreturn 2"]);
    let sha = sha.lines().nth(1).expect("a digest");
    say(&mut bench, CLIENT, &["CLIENT", "PAUSE", "1000", "WRITE"]);
    let reading = "#!lua flags=no-writes\nreturn 1";
    assert_eq!(say(&mut bench, STRANGER, &["EVAL", reading, "0"]), ":1\r\n");
    assert_eq!(say(&mut bench, STRANGER, &["EVALSHA", sha, "0"]), ":2\r\n");
    assert_eq!(say(&mut bench, STRANGER, &["FCALL", "reads", "0"]), ":3\r\n");
    say(&mut bench, STRANGER, &["MULTI"]);
    say(&mut bench, STRANGER, &["EVAL", reading, "0"]);
    assert_eq!(say(&mut bench, STRANGER, &["EXEC"]), "*1\r\n:1\r\n");
    assert_eq!(say(&mut bench, STRANGER, &["FCALL", "writes", "0"]), "", "it may write");
    assert_eq!(say(&mut bench, THIRD, &["EVAL", "#!lua\nreturn 1", "0"]), "", "so may this");
}

#[test]
fn who_may_hold_too_many_keys_is_told_as_soon_as_that_is_so() {
    let mut bench = bench();
    say(&mut bench, CLIENT, &["HELLO", "3"]);
    say(&mut bench, CLIENT, &["CLIENT", "TRACKING", "on"]);
    say(&mut bench, CLIENT, &["MGET", "a", "b"]);
    let orders = bench.command(STRANGER, &["CONFIG", "SET", "tracking-table-max-keys", "1"]);
    let told = String::from_utf8_lossy(&sent_to(CLIENT, &orders)).into_owned();
    assert_eq!(told.matches("invalidate").count(), 1, "{told}");
}

#[test]
fn a_set_to_which_nothing_is_moved_is_not_touched() {
    let mut bench = bench();
    say(&mut bench, STRANGER, &["SADD", "from", "a", "b"]);
    say(&mut bench, STRANGER, &["SADD", "to", "a"]);
    for (member, reply) in [("a", "*1\r\n+PONG\r\n"), ("b", "*-1\r\n")] {
        say(&mut bench, CLIENT, &["WATCH", "to"]);
        assert_eq!(say(&mut bench, STRANGER, &["SMOVE", "from", "to", member]), ":1\r\n");
        say(&mut bench, CLIENT, &["MULTI"]);
        say(&mut bench, CLIENT, &["PING"]);
        assert_eq!(say(&mut bench, CLIENT, &["EXEC"]), reply, "{member}");
    }
}

#[test]
fn a_client_that_is_tracked_is_listed_with_its_letters_in_their_order() {
    let mut bench = bench();
    say(&mut bench, CLIENT, &["HELLO", "3"]);
    say(&mut bench, CLIENT, &["CLIENT", "TRACKING", "on", "BCAST"]);
    say(&mut bench, CLIENT, &["CLIENT", "NO-EVICT", "on"]);
    say(&mut bench, CLIENT, &["SUBSCRIBE", "c"]);
    let line = say(&mut bench, CLIENT, &["CLIENT", "INFO"]);
    assert!(line.contains(" flags=PtBe "), "{line}");
}

#[test]
fn a_wait_is_ended_for_another() {
    let mut bench = bench();
    say(&mut bench, STRANGER, &["BLPOP", "q", "0"]);
    let orders = bench.command(CLIENT, &["CLIENT", "UNBLOCK", "4", "ERROR"]);
    assert_eq!(sent_to(CLIENT, &orders), b":1\r\n");
    assert_eq!(sent_to(STRANGER, &orders), b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    say(&mut bench, STRANGER, &["BLPOP", "q", "0"]);
    let orders = bench.command(CLIENT, &["CLIENT", "UNBLOCK", "4"]);
    assert_eq!(sent_to(STRANGER, &orders), b"*-1\r\n");
    say(&mut bench, STRANGER, &["WAIT", "1", "0"]);
    let orders = bench.command(CLIENT, &["CLIENT", "UNBLOCK", "4"]);
    assert_eq!(sent_to(STRANGER, &orders), b":0\r\n");
    assert_eq!(say(&mut bench, STRANGER, &["PING"]), "+PONG\r\n");
}

#[test]
fn replies_can_be_switched_off() {
    let mut bench = bench();
    assert_eq!(say(&mut bench, CLIENT, &["CLIENT", "REPLY", "SKIP"]), "");
    assert_eq!(say(&mut bench, CLIENT, &["PING"]), "");
    assert_eq!(say(&mut bench, CLIENT, &["PING"]), "+PONG\r\n");
    // What is pushed is no reply.
    assert_eq!(say(&mut bench, CLIENT, &["CLIENT", "REPLY", "SKIP"]), "");
    let joined = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
    assert_eq!(say(&mut bench, CLIENT, &["SUBSCRIBE", "c"]), joined);
    assert!(say(&mut bench, CLIENT, &["UNSUBSCRIBE"]).starts_with("*3"));
    assert_eq!(say(&mut bench, CLIENT, &["CLIENT", "REPLY", "OFF"]), "");
    assert_eq!(say(&mut bench, CLIENT, &["PING"]), "");
    assert_eq!(say(&mut bench, CLIENT, &["CLIENT", "REPLY", "ON"]), "+OK\r\n");
    assert_eq!(say(&mut bench, CLIENT, &["PING"]), "+PONG\r\n");
}

#[test]
fn who_has_given_no_password_may_say_little() {
    let mut bench = bench();
    say(&mut bench, CLIENT, &["CONFIG", "SET", "requirepass", "secret"]);
    let guest = Link::accepted(7);
    bench.accept(guest);
    assert_eq!(say(&mut bench, guest, &["GET", "kept"]), "-NOAUTH Authentication required.\r\n");
    assert!(say(&mut bench, guest, &["AUTH", "wrong"]).starts_with("-WRONGPASS"));
    assert_eq!(say(&mut bench, guest, &["AUTH", "secret"]), "+OK\r\n");
    assert_eq!(say(&mut bench, guest, &["GET", "kept"]), "$5\r\nvalue\r\n");
    assert_eq!(say(&mut bench, guest, &["RESET"]), "+RESET\r\n");
    let orders = bench.receive(guest, b"*11\r\n");
    let refusal = b"-ERR Protocol error: unauthenticated multibulk length\r\n";
    assert_eq!(sent_to(guest, &orders), refusal);
    assert!(closes(&orders, guest));
    let guest = Link::accepted(8);
    bench.accept(guest);
    let orders = bench.receive(guest, b"*2\r\n$4\r\nAUTH\r\n$16385\r\n");
    let refusal = b"-ERR Protocol error: unauthenticated bulk length\r\n";
    assert_eq!(sent_to(guest, &orders), refusal);
}

#[test]
fn a_monitor_sees_commands_and_no_passwords() {
    let mut bench = bench();
    assert_eq!(say(&mut bench, STRANGER, &["MONITOR"]), "+OK\r\n");
    let seen = sent_to(STRANGER, &bench.command(CLIENT, &["set", "k", "a\"b"]));
    let seen = String::from_utf8_lossy(&seen).into_owned();
    let expected = " [0 127.0.0.1:4000] \"set\" \"k\" \"a\\\"b\"\r\n";
    assert!(seen.starts_with("+17428") && seen.ends_with(expected), "{seen}");
    let seen = sent_to(STRANGER, &bench.command(CLIENT, &["AUTH", "default", "secret"]));
    assert!(String::from_utf8_lossy(&seen).ends_with("\"AUTH\" \"(redacted)\" \"(redacted)\"\r\n"));
    for args in [&["MULTI"][..], &["INCR", "n"]] {
        bench.command(CLIENT, args);
    }
    let seen = sent_to(STRANGER, &bench.command(CLIENT, &["EXEC"]));
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(seen.find("INCR").unwrap_or(99) < seen.find("EXEC").unwrap_or(0), "{seen}");
    let refusal = "-ERR Replica can't interact with the keyspace\r\n";
    assert_eq!(say(&mut bench, STRANGER, &["GET", "kept"]), refusal);
    assert_eq!(say(&mut bench, STRANGER, &["RESET"]), "+RESET\r\n");
    assert_eq!(sent_to(STRANGER, &bench.command(CLIENT, &["PING"])), b"");
}

#[test]
fn the_server_takes_no_more_than_maxclients_and_closes_who_is_silent() {
    let mut bench = bench();
    say(&mut bench, CLIENT, &["CONFIG", "SET", "maxclients", "3", "timeout", "5"]);
    let (peer, local) = (Address::new("127.0.0.1", 4_000), Address::new("127.0.0.1", 6_379));
    let link = Link::accepted(9);
    let orders = bench.tell(Input::Accepted { link, peer, local });
    assert_eq!(sent_to(link, &orders), b"-ERR max number of clients reached\r\n");
    assert!(closes(&orders, link));
    say(&mut bench, THIRD, &["SUBSCRIBE", "c"]);
    bench.now += Duration::from_secs(4);
    say(&mut bench, STRANGER, &["PING"]);
    bench.now += Duration::from_secs(3);
    let orders = bench.tell(Input::Woke);
    assert!(closes(&orders, CLIENT) && !closes(&orders, STRANGER) && !closes(&orders, THIRD));
}

#[test]
fn a_subscriber_that_does_not_read_is_dropped() {
    let mut bench = bench();
    let limit = "pubsub 100kb 40kb 2";
    say(&mut bench, CLIENT, &["CONFIG", "SET", "client-output-buffer-limit", limit]);
    say(&mut bench, STRANGER, &["SUBSCRIBE", "c"]);
    let message = "x".repeat(10_000);
    let mut unread = 0;
    for _ in 0..6 {
        let orders = bench.command(CLIENT, &["PUBLISH", "c", &message]);
        unread += sent_to(STRANGER, &orders).len() as u64;
        let counted = |order: &Output| {
            matches!(order, Output::Send { link, carries, .. }
            if *link == STRANGER && *carries == Carries::Reply)
        };
        assert!(orders.iter().any(counted));
    }
    // What has been read in time is forgiven.
    bench.tell(Input::Sent { link: STRANGER, bytes: unread });
    bench.now += Duration::from_secs(4);
    assert!(!drops(&bench.tell(Input::Woke), STRANGER));
    for _ in 0..6 {
        bench.command(CLIENT, &["PUBLISH", "c", &message]);
    }
    let line = say(&mut bench, CLIENT, &["CLIENT", "LIST", "TYPE", "pubsub"]);
    assert!(line.contains(" oll=4 omem=82016 ") && line.contains(" events=rw "), "{line}");
    bench.now += Duration::from_secs(4);
    let orders = bench.tell(Input::Woke);
    assert!(drops(&orders, STRANGER));
    assert!(noted(&orders, " closed for overcoming of output buffer limits."));

    say(&mut bench, THIRD, &["SUBSCRIBE", "c"]);
    let message = "x".repeat(150_000);
    let orders = bench.command(CLIENT, &["PUBLISH", "c", &message]);
    assert!(drops(&orders, THIRD));
    assert_eq!(sent_to(THIRD, &orders), b"", "it is not told any more");
    assert!(noted(&orders, " scheduled to be closed ASAP for overcoming of output buffer limits."));
    assert_eq!(sent_to(CLIENT, &orders), b":1\r\n");
}

#[test]
fn a_replica_that_does_not_read_is_dropped_beyond_the_backlog() {
    let mut bench = bench();
    let limit = "replica 1mb 0 0";
    for (name, value) in [
        ("repl-diskless-sync-delay", "0"),
        ("client-output-buffer-limit", limit),
        ("repl-backlog-size", "2mb"),
    ] {
        say(&mut bench, CLIENT, &["CONFIG", "SET", name, value]);
    }
    bench.command(THIRD, &["REPLCONF", "capa", "eof", "capa", "psync2"]);
    bench.command(THIRD, &["PSYNC", "?", "-1"]);
    bench.wake(2);
    bench.command(THIRD, &["REPLCONF", "ACK", "0"]);
    let value = "x".repeat(100_000);
    let mut written = 0;
    let orders = loop {
        let orders = bench.command(CLIENT, &["SET", "k", &value]);
        written += value.len();
        if drops(&orders, THIRD) || written > 10_000_000 {
            break orders;
        }
    };
    // Its window took 256 KiB, and the limit is no less than the backlog.
    assert!((2_200_000..2_700_000).contains(&written), "{written}");
    assert!(noted(&orders, "Connection with replica 127.0.0.1:<unknown-replica-port> lost."));
}

fn noted(orders: &[Output], text: &str) -> bool {
    orders.iter().any(|order| match order {
        Output::Note(line) => line.to_string().contains(text),
        Output::Dial { .. }
        | Output::Send { .. }
        | Output::Close { .. }
        | Output::Drop { .. }
        | Output::Disk { .. }
        | Output::Listen { .. }
        | Output::Exit => false,
    })
}

#[test]
fn the_default_user_of_7_2_looks_at_what_it_restores() {
    let mut bench = bench();
    let list = say(&mut bench, CLIENT, &["ACL", "LIST"]);
    assert!(list.ends_with("user default on nopass sanitize-payload ~* &* +@all\r\n"), "{list}");
    let user = say(&mut bench, CLIENT, &["ACL", "GETUSER", "default"]);
    assert!(user.contains("$2\r\non\r\n$6\r\nnopass\r\n$16\r\nsanitize-payload\r\n"), "{user}");
}

#[test]
fn a_host_that_can_be_reached_keeps_strangers_out_unless_there_is_a_password() {
    let accepted = |bench: &mut Bench, link: Link, host: &str| {
        let (peer, local) = (Address::new(host, 4_000), Address::new("192.0.2.1", 6_379));
        let orders = bench.tell(Input::Accepted { link, peer, local });
        let said = String::from_utf8_lossy(&sent_to(link, &orders)).into_owned();
        assert_eq!(closes(&orders, link), said.starts_with("-DENIED "), "{said}");
        assert!(said.is_empty() || said.contains(" 4) Set up an authentication password "));
        said.is_empty()
    };
    let mut bench = bench();
    assert!(accepted(&mut bench, Link::accepted(3), "192.0.2.9"), "a lab has no strangers");

    let setup = Setup { reachable: true, ..Setup::default() };
    let mut bench = Bench::started(setup, Instant::from_millis(1_742_822_352_000));
    bench.accept(CLIENT);
    assert!(accepted(&mut bench, STRANGER, "127.0.0.2") && accepted(&mut bench, THIRD, "::1"));
    assert!(!accepted(&mut bench, Link::accepted(3), "192.0.2.9"));
    bench.command(CLIENT, &["CONFIG", "SET", "requirepass", "secret"]);
    assert!(accepted(&mut bench, Link::accepted(4), "192.0.2.9"));
    bench.command(CLIENT, &["CONFIG", "SET", "requirepass", "", "protected-mode", "no"]);
    assert!(accepted(&mut bench, Link::accepted(5), "192.0.2.9"));
}
