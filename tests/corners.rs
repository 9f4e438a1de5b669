//! Corners in which chance found ours to differ from a real `redis-server`: both are asked.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use replica_lab::resp::{Reply, split_words};
use servers::{Server, both_answer_alike, eventually};

fn both(options: &[&str]) -> [Server; 2] {
    [Server::real(options), Server::ours(options)]
}

/// Every byte that a server answers to these.
fn heard(server: &Server, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts clients");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket has a timeout");
    stream.write_all(&[sent, b"QUIT\r\n"].concat()).expect("it listens");
    let mut bytes = Vec::new();
    // Who breaks the protocol may be cut off before all is read.
    let _ = stream.read_to_end(&mut bytes);
    bytes.escape_ascii().to_string()
}

#[test]
fn what_was_typed_comes_back_byte_by_byte() {
    let servers = both(&[]);
    for sent in [
        &b"\xff\xfe 'a b' \xc3\xa9\r\n"[..],
        b"*3\r\n$4\r\n\xff\xc3(\n\r\n$2\r\na\xff\r\n$3\r\nb\0c\r\n",
        b"*2\r\n$6\r\nOBJECT\r\n$3\r\n\xff\0a\r\n",
        b"*2\r\n$6\r\nCONFIG\r\n$2\r\n\xff\xfe\r\n",
        b"*3\r\n$5\r\nDEBUG\r\n$5\r\nERROR\r\n$4\r\n\xff\xf4a\n\r\n",
        b"*3\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$1\r\n\xff\r\n",
        b"XADD s 1-1 f v\r\nXGROUP DESTROY s \xff\r\nXACK s \xff 0\r\nXPENDING s \xfe\r\n",
        b"EVAL 'return redis.error_reply(\"MY \xff\xfe\")' 0\r\n",
        b"EVAL 'return redis.pcall(\"OBJECT\", \"\xff\").err' 0\r\n",
        b"EVAL 'return {err=\"MY \xff\"}' 0\r\n",
        b"REPLCONF \xff\xfe 1\r\n",
    ] {
        let [real, ours] = servers.each_ref().map(|server| heard(server, sent));
        assert_eq!(ours, real, "{}", sent.escape_ascii());
    }
}

#[test]
fn each_reply_of_a_transaction_is_in_the_protocol_of_its_time() {
    let sent =
        b"HSET h a 1\r\nMULTI\r\nHGETALL h\r\nGET none\r\nHELLO 3\r\nHGETALL h\r\nGET none\r\n\
        HELLO 2\r\nGET none\r\nEXEC\r\n";
    let [real, ours] = both(&[]).each_ref().map(|server| heard(server, sent));
    // Connections have numbers of their own.
    let parts = |text: &str| {
        let parts = text.split("$2\\r\\nid\\r\\n:");
        let digits = |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
        parts.map(digits).collect::<Vec<_>>()
    };
    assert_eq!(parts(&ours), parts(&real));
    assert!(real.contains("%1"), "{real}");
}

#[test]
fn no_string_is_longer_than_proto_max_bulk_len() {
    let servers = both(&[]);
    both_answer_alike(
        &servers,
        &[
            "CONFIG SET proto-max-bulk-len 1048575",
            "CONFIG SET proto-max-bulk-len 1mb",
            "CONFIG GET proto-max-bulk-len",
            "SETRANGE s 1048575 a",
            "SETRANGE s 1048576 a",
            "APPEND s a",
            "STRLEN s",
            "SETBIT b 8388607 1",
            "SETBIT b 8388608 1",
            "GETBIT b 8388608",
            "BITFIELD b GET u8 8388608",
            "BITFIELD b SET u8 8388600 1",
        ],
    );
    for length in ["1048577", "99999999999"] {
        let sent = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${length}\r\n");
        let [real, ours] = servers.each_ref().map(|server| heard(server, sent.as_bytes()));
        assert_eq!(ours, real);
        assert!(ours.contains("invalid bulk length"), "{ours}");
    }
    both_answer_alike(&servers, &["CONFIG SET proto-max-bulk-len 1gb", "APPEND s a"]);
}

#[test]
fn a_replica_may_say_any_number_for_its_port() {
    both_answer_alike(
        &both(&[]),
        &[
            "REPLCONF listening-port 70000",
            "REPLCONF listening-port 99999999999",
            "REPLCONF listening-port 9999999999999999999999",
            "REPLCONF listening-port -5",
            "REPLCONF listening-port abc",
        ],
    );
}

#[test]
fn the_keys_of_migrate_may_stand_behind_a_word() {
    let calls = [
        "k 0 1",
        "'' 0 1",
        "k 0 1 COPY",
        "'' 0 1 KEYS a b",
        "'' 0 1 COPY AUTH p KEYS a b",
        "'' 0 1 AUTH KEYS KEYS a b",
        "'' 0 1 AUTH2 KEYS KEYS keys a b",
        "'' 0 1 AUTH KEYS x",
        "k 0 1 KEYS a b",
        "'' 0 1 KEYS",
        "'' 0 1 KEYS KEYS KEYS",
        "KEYS 0 1",
    ];
    let lines = calls.iter().flat_map(|call| {
        ["GETKEYS", "GETKEYSANDFLAGS"].map(|word| format!("COMMAND {word} MIGRATE h 1 {call}"))
    });
    let lines: Vec<String> = lines.collect();
    both_answer_alike(&both(&[]), &lines.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn debug_looks_at_its_words() {
    both_answer_alike(
        &both(&[]),
        &[
            "DEBUG REPLYBUFFER",
            "DEBUG REPLYBUFFER x",
            "DEBUG REPLYBUFFER x 1",
            "DEBUG REPLYBUFFER PEAK-RESET-TIME x",
            "DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER",
            "DEBUG REPLYBUFFER PEAK-RESET-TIME reset",
            "DEBUG REPLYBUFFER peak-reset-time 5",
            "DEBUG REPLYBUFFER RESIZING x",
            "DEBUG REPLYBUFFER RESIZING 1 2",
            "DEBUG LEAK",
            "DEBUG LEAK x",
            "DEBUG PAUSE-CRON",
            "DEBUG PAUSE-CRON x",
            "DEBUG STRINGMATCH-LEN h*llo hallo",
            "DEBUG HTSTATS 0",
            "DEBUG HTSTATS x",
            "DEBUG HTSTATS 99",
            "DEBUG HTSTATS-KEY missing",
            "HSET small a b",
            "DEBUG HTSTATS-KEY small",
            "DEBUG CLIENT-EVICTION",
        ],
    );
}

/// The lines of a text that begin so.
fn lines_of(server: &Server, command: &str, begin: &str) -> Vec<String> {
    let Reply::Bulk(text) = server.client().call(&command.split(' ').collect::<Vec<_>>()) else {
        panic!("{command} answers with text")
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().filter(|line| line.starts_with(begin)).map(str::to_owned).collect()
}

#[test]
fn debug_counts_what_is_in_tables_and_what_clients_take() {
    let servers = both(&["--maxmemory-clients", "1g"]);
    for server in &servers {
        let mut client = server.client();
        client.call(&["DEBUG", "POPULATE", "5000"]);
        client.call(&["EXPIRE", "key:1", "100"]);
        let members: Vec<String> = (0..600).map(|n| format!("member{n}")).collect();
        let add = ["SADD", "large"].into_iter().chain(members.iter().map(String::as_str));
        client.call(&add.collect::<Vec<_>>());
    }
    let number = |line: String| -> u64 {
        line.rsplit(' ').next().unwrap_or_default().parse().expect("a count")
    };
    // A table that grows is two for a while.
    for (command, count) in [("DEBUG HTSTATS 0", 5_002), ("DEBUG HTSTATS-KEY large", 600)] {
        for server in &servers {
            let counts = lines_of(server, command, " number of elements").into_iter().map(number);
            assert_eq!(counts.sum::<u64>(), count, "{command}");
        }
    }
    let full = lines_of(&servers[1], "DEBUG HTSTATS-KEY large full", "   ");
    let part = |line: &str, at: usize| -> u64 {
        let part = line.split([':', '(']).nth(at).unwrap_or_default();
        part.trim().parse().expect("a length and a count")
    };
    let sum = full.iter().map(|line| part(line, 0) * part(line, 1));
    assert_eq!(sum.sum::<u64>(), 600, "{full:?}");
    // A real server counts a client only some time after it has come.
    let ranges = |server| {
        let lines = lines_of(server, "DEBUG CLIENT-EVICTION", "bucket");
        let range = |line: &String| line.split(": ").next().unwrap_or_default().to_owned();
        lines.iter().map(range).collect::<Vec<_>>()
    };
    // A client that has just come takes more than 32 KiB.
    let second = lines_of(&servers[1], "DEBUG CLIENT-EVICTION", "bucket").swap_remove(1);
    assert!(second.ends_with(", clients: 1"), "{second}");
    assert_eq!(ranges(&servers[1]), ranges(&servers[0]));
}

#[test]
fn no_key_expires_by_itself_while_the_cron_is_paused() {
    for server in both(&[]) {
        let mut client = server.client();
        assert_eq!(client.call(&["DEBUG", "PAUSE-CRON", "1"]), Reply::OK);
        client.call(&["SET", "k", "v", "PX", "20"]);
        sleep(Duration::from_millis(500));
        assert_eq!(client.call(&["DBSIZE"]), Reply::Integer(1));
        assert_eq!(client.call(&["BLPOP", "none", "0.02"]), Reply::NullArray);
        assert_eq!(client.call(&["DEBUG", "PAUSE-CRON", "0"]), Reply::OK);
        eventually("it expires", || client.call(&["DBSIZE"]) == Reply::Integer(0));
    }
}

/// The words of what SLOWLOG has kept, the oldest first, and where each came from.
fn slow_words(server: &Server) -> Vec<String> {
    let Reply::Array(entries) = server.client().call(&["SLOWLOG", "GET", "-1"]) else {
        panic!("entries")
    };
    let text = |reply: &Reply| {
        let Reply::Bulk(word) = reply else { panic!("a word: {reply:?}") };
        String::from_utf8_lossy(word).into_owned()
    };
    let line = |entry: &Reply| {
        let Reply::Array(fields) = entry else { panic!("an entry") };
        let Reply::Array(words) = &fields[3] else { panic!("words") };
        let words: Vec<String> = words.iter().map(text).collect();
        let nowhere = if text(&fields[4]) == "?:0" { " from nowhere" } else { "" };
        format!("{}{nowhere}", words.join(" "))
    };
    entries.iter().rev().map(line).collect()
}

#[test]
fn the_slow_log_keeps_no_secret() {
    let servers = both(&["--slowlog-log-slower-than", "0"]);
    for server in &servers {
        let mut client = server.client();
        for line in [
            "SLOWLOG RESET",
            "AUTH x",
            "AUTH default x",
            "HELLO 3 AUTH u p SETNAME n",
            "HELLO 2 SETNAME n AUTH u p",
            "CONFIG SET maxmemory 0 requirepass x masterauth y MasterUser z",
            "AUTH x",
            "CONFIG SET requirepass ''",
            "CONFIG GET requirepass",
            "MIGRATE 127.0.0.1 1 nosuch 0 100 COPY AUTH p",
            "MIGRATE 127.0.0.1 1 '' 0 100 AUTH2 u p KEYS auth b",
            "ACL SETUSER default nopass",
        ] {
            let words = split_words(line.as_bytes()).expect("a line of words");
            let words: Vec<&str> =
                words.iter().map(|word| std::str::from_utf8(word).expect("text")).collect();
            client.call(&words);
        }
    }
    let [real, ours] = servers.each_ref().map(slow_words);
    assert_eq!(real, ours);
    assert_eq!(real.iter().filter(|line| line.contains("(redacted)")).count(), 10, "{real:?}");
}

#[test]
fn the_slow_log_knows_what_a_transaction_and_a_script_have_run() {
    let servers = both(&["--slowlog-log-slower-than", "0"]);
    for server in &servers {
        let mut client = server.client();
        client.call(&["SLOWLOG", "RESET"]);
        for words in [&["MULTI"][..], &["SET", "k", "v"], &["CLIENT", "ID"], &["EXEC"]] {
            client.call(words);
        }
        client.call(&["EVAL", "redis.call('INCR', 'n') return redis.pcall('GET', 'n')", "0"]);
    }
    let [real, ours] = servers.each_ref().map(slow_words);
    assert_eq!(real, ours);
    assert!(real.contains(&"INCR n from nowhere".to_owned()), "{real:?}");
}

#[test]
fn whoever_is_not_let_in_is_logged_by_what_was_typed() {
    let servers = both(&["--requirepass", "secret"]);
    let told = |server: &Server| {
        for words in [
            &["auth", "x"][..],
            &["AUTH", "x"],
            &["hello", "3", "auth", "default", "x"],
            &["auth", "nobody", "x"],
            &["AUTH", "default", "y"],
        ] {
            server.client().call(words);
        }
        let mut client = server.client();
        for words in [&["AUTH", "secret"][..], &["MULTI"], &["AUTH", "x"], &["EXEC"]] {
            client.call(words);
        }
        let Reply::Array(entries) = client.call(&["ACL", "LOG"]) else { panic!("entries") };
        let fields = |entry: &Reply| {
            let Reply::Array(fields) = entry else { panic!("an entry") };
            fields[..10].to_vec()
        };
        entries.iter().map(fields).collect::<Vec<_>>()
    };
    let [real, ours] = servers.each_ref().map(told);
    assert_eq!(real, ours);
    assert_eq!(real.len(), 5);
}

#[test]
fn libraries_are_found_in_any_case() {
    let servers = both(&[]);
    both_answer_alike(
        &servers,
        &[
            "FUNCTION LOAD \"#!lua name=Lib\\nredis.register_function('f', tostring)\"",
            "FUNCTION LIST LIBRARYNAME l*",
            "FUNCTION LIST LIBRARYNAME [A-L]IB",
            "FUNCTION LIST LIBRARYNAME x*",
        ],
    );
}

#[test]
fn what_has_no_order_is_named_when_it_is_sorted() {
    let servers = both(&[]);
    let lines = [
        "{1, 'a', 2}",
        "{'b', 1}",
        "{1, {}}",
        "{{}, 1}",
        "{{}, {}}",
        "{true, false}",
        "{1, true, 'x'}",
        "{3, 'x', 2, 1}",
        "{'a', 'b', 1, 2, {}}",
        "{3, 1, 2}",
    ]
    .map(|list| format!("EVAL \"local t = {list} table.sort(t) return t\" 0"));
    both_answer_alike(&servers, &lines.each_ref().map(String::as_str));
    let order = "function(a, b) return tostring(a) > tostring(b) end";
    let line = format!("EVAL \"local t = {{1, 'a', 2}} table.sort(t, {order}) return t\" 0");
    both_answer_alike(&servers, &[&line]);
}

#[test]
fn coordinates_have_seventeen_digits_in_resp3_too() {
    let servers = both(&[]);
    let sent = b"GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 0 0 zero\r\n\
        HELLO 3\r\nGEOPOS s Palermo none zero\r\n\
        GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD\r\n\
        EVAL \"redis.setresp(3) return redis.call('GEOPOS', 's', 'zero')[1][1].double < 1\" 0\r\n\
        EVAL \"return redis.call('GEOPOS', 's', 'Palermo')\" 0\r\n";
    // What HELLO tells is another release's.
    let positions = |server: &Server| {
        let text = heard(server, sent);
        let (_, behind) = text.split_once("$7\\r\\nmodules").expect("HELLO's reply");
        behind.to_owned()
    };
    let [real, ours] = servers.each_ref().map(positions);
    assert_eq!(real, ours);
    assert!(real.contains(",13.36138933897018433\\r\\n"), "{real}");
}

#[test]
fn who_speaks_http_is_not_answered() {
    let servers = both(&[]);
    for sent in [
        &b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n"[..],
        b"Host: abc\r\nSET k v\r\n",
        b"*1\r\n$4\r\nPOST\r\n",
        b"*1\r\n$5\r\nhost:\r\n",
        b"MULTI\r\npost\r\nEXEC\r\n",
    ] {
        let [real, ours] = servers.each_ref().map(|server| heard(server, sent));
        assert_eq!((real.as_str(), ours.as_str()), ("", ""), "{}", sent.escape_ascii());
    }
    both_answer_alike(&servers, &["EXISTS k", "ACL DRYRUN default POST"]);
    for server in &servers {
        let log = server.log();
        assert_eq!(log.matches("Possible SECURITY ATTACK detected.").count(), 1, "{log}");
        assert!(log.contains("compromise your Redis instance. Connection"), "{log}");
    }
}

#[test]
fn a_transaction_that_sleeps_goes_on_when_it_wakes() {
    let servers = both(&["--slowlog-log-slower-than", "0"]);
    let lines = [
        "SLOWLOG RESET",
        "MULTI",
        "SET k 1",
        "DEBUG SLEEP 0.05",
        "INCR k",
        "DEBUG SLEEP 0",
        "DEBUG SLEEP 0.05",
        "EXEC",
        "DEBUG SLEEP 0.05",
        "GET k",
    ];
    both_answer_alike(&servers, &lines);
    let [real, ours] = servers.each_ref().map(slow_words);
    assert_eq!(real, ours);
    for server in &servers {
        let counts = server.client().call(&["INFO", "commandstats"]);
        let Reply::Bulk(counts) = counts else { panic!("text") };
        let counts = String::from_utf8_lossy(&counts).into_owned();
        assert!(counts.contains("cmdstat_debug:calls=4,"), "{counts}");
        assert!(counts.contains("cmdstat_exec:calls=1,"), "{counts}");
    }
}

#[test]
fn who_ends_itself_in_a_transaction_hears_no_more_of_it() {
    let servers = both(&[]);
    let sent =
        b"MULTI\r\nSET x 1\r\nCLIENT KILL TYPE normal SKIPME no\r\nSET y 2\r\nGET y\r\nEXEC\r\n\
        PING\r\n";
    let [real, ours] = servers.each_ref().map(|server| heard(server, sent));
    assert_eq!(real, ours);
    assert!(real.ends_with("*4\\r\\n+OK\\r\\n:1\\r\\n"), "{real}");
    both_answer_alike(&servers, &["MGET x y"]);
}

/// Only what is large has a run of a list to itself; what is empty is damage.
#[test]
fn an_empty_element_has_no_run_of_its_own() {
    let run = r"\x12\x01\x01";
    let end = r"\x0a\x00";
    both_answer_alike(
        &both(&[]),
        &[
            "DEBUG SET-SKIP-CHECKSUM-VALIDATION 1",
            &format!(r#"RESTORE list 0 "{run}\x00{end}abcdefgh""#),
            &format!(r#"RESTORE list 0 "{run}\x01x{end}abcdefgh""#),
            "LRANGE list 0 -1",
        ],
    );
}

#[test]
fn debug_populates_and_reloads_as_redis_does() {
    let servers = both(&["--notify-keyspace-events", "KEAn"]);
    for server in &servers {
        let mut listener = server.client();
        listener.call(&["PSUBSCRIBE", "__key*"]);
        let mut client = server.client();
        client.call(&["WATCH", "p:1"]);
        server.client().call(&["DEBUG", "POPULATE", "2", "p"]);
        for (channel, text) in [
            ("__keyspace@0__:p:0", "new"),
            ("__keyevent@0__:new", "p:0"),
            ("__keyspace@0__:p:1", "new"),
            ("__keyevent@0__:new", "p:1"),
        ] {
            let words = ["pmessage", "__key*", channel, text].map(Reply::bulk);
            assert_eq!(listener.reply(), Some(Reply::Array(words.to_vec())));
        }
        client.call(&["MULTI"]);
        assert_eq!(client.call(&["EXEC"]), Reply::NullArray, "the watch is broken");
        // There is no file.
        for (words, left) in [(&["NOSAVE"][..], 0), (&["NOSAVE", "NOFLUSH"], 1)] {
            client.call(&["SET", "k", "v"]);
            let reply = client.call(&[&["DEBUG", "RELOAD"], words].concat());
            assert!(matches!(reply, Reply::Error(_)), "{reply:?}");
            assert_eq!(client.call(&["DBSIZE"]), Reply::Integer(left));
        }
    }
}
