use crate::commands::testing::Bench;

/// Runs lines, and holds each reply and what enters the stream against what Redis 7.2.4 does.
fn session(lines: &[(&str, &str, &[&str])]) -> Bench {
    let mut bench = Bench::default();
    bench.now = 1_795_402_385_277;
    for (line, reply, stream) in lines {
        assert_eq!(bench.run(line), *reply, "{line}");
        assert_eq!(bench.streamed(), *stream, "{line}");
    }
    bench
}

#[test]
fn an_entry_enters_the_stream_with_its_name() {
    let smaller =
        "(error) ERR The ID specified in XADD is equal or smaller than the target stream top item";
    session(&[
        ("XADD st * f v", "\"1795402385277-0\"", &["XADD st 1795402385277-0 f v"]),
        ("XADD st * f v", "\"1795402385277-1\"", &["XADD st 1795402385277-1 f v"]),
        ("XADD st 5-* f v", smaller, &[]),
        ("XADD st2 5-* f v", "\"5-0\"", &["XADD st2 5-0 f v"]),
        ("XADD st2 5-* f v", "\"5-1\"", &["XADD st2 5-1 f v"]),
        ("XADD st2 MAXLEN ~ 1000 6-1 f v", "\"6-1\"", &["XADD st2 MAXLEN = 3 6-1 f v"]),
        ("XADD st2 MAXLEN 1 7-1 f v", "\"7-1\"", &["XADD st2 MAXLEN 1 7-1 f v"]),
        ("XADD st2 NOMKSTREAM 8-1 f v", "\"8-1\"", &["XADD st2 NOMKSTREAM 8-1 f v"]),
        ("XADD none NOMKSTREAM * f v", "(nil)", &[]),
        ("XTRIM st2 MAXLEN ~ 1", "(integer) 0", &[]),
        ("XTRIM st2 MAXLEN 1", "(integer) 1", &["XTRIM st2 MAXLEN 1"]),
        ("XDEL st2 7-1", "(integer) 0", &[]),
        ("XSETID st2 9-1", "OK", &["XSETID st2 9-1"]),
        ("XADD st2 * f v x", "(error) ERR wrong number of arguments for 'xadd' command", &[]),
        ("XADD st2 0-0 f v", "(error) ERR The ID specified in XADD must be greater than 0-0", &[]),
    ]);
}

#[test]
fn what_a_group_is_given_enters_the_stream_as_claims() {
    let claim = |consumer: &str, count: u32| {
        format!(
            "XCLAIM s g {consumer} 0 8-1 TIME 1795402385277 RETRYCOUNT {count} FORCE JUSTID \
             LASTID 8-1"
        )
    };
    let entry = "[[\"s\", [[\"8-1\", [\"f\", \"v\"]]]]]";
    session(&[
        ("XADD s 8-1 f v", "\"8-1\"", &["XADD s 8-1 f v"]),
        ("XGROUP CREATE s g 0", "OK", &["XGROUP CREATE s g 0"]),
        ("XGROUP CREATE t g $ MKSTREAM", "OK", &["XGROUP CREATE t g $ MKSTREAM"]),
        ("XREADGROUP GROUP g c1 COUNT 1 STREAMS s >", entry, &[&claim("c1", 1)]),
        ("XREADGROUP GROUP g c1 COUNT 1 STREAMS s >", "(nil array)", &[]),
        ("XREADGROUP GROUP g c1 STREAMS s 0", entry, &[]),
        (
            "XREADGROUP GROUP g c2 NOACK STREAMS t >",
            "(nil array)",
            &["XGROUP CREATECONSUMER t g c2"],
        ),
        ("XCLAIM s g c2 0 8-1", "[[\"8-1\", [\"f\", \"v\"]]]", &[&claim("c2", 3)]),
        ("XAUTOCLAIM s g c3 0 0", "[\"0-0\", [[\"8-1\", [\"f\", \"v\"]]], []]", &[&claim("c3", 4)]),
        ("XACK s g 8-1", "(integer) 1", &["XACK s g 8-1"]),
        ("XACK s g 8-1", "(integer) 0", &[]),
        ("XGROUP DELCONSUMER s g c1", "(integer) 0", &["XGROUP DELCONSUMER s g c1"]),
        ("XGROUP DESTROY s g", "(integer) 1", &["XGROUP DESTROY s g"]),
        ("XADD u 1 f v", "\"1-0\"", &["XADD u 1 f v"]),
        ("XGROUP CREATE u g 0", "OK", &["XGROUP CREATE u g 0"]),
        (
            "XREADGROUP GROUP g c NOACK STREAMS u >",
            "[[\"u\", [[\"1-0\", [\"f\", \"v\"]]]]]",
            &["XGROUP CREATECONSUMER u g c", "XGROUP SETID u g 1-0 ENTRIESREAD 1"],
        ),
    ]);
}

#[test]
fn a_wait_begins_behind_the_last_entry_of_its_moment() {
    let mut bench = session(&[("XADD s 5-1 f v", "\"5-1\"", &["XADD s 5-1 f v"])]);
    assert_eq!(bench.run("XREAD BLOCK 0 STREAMS s t $ $"), "(silent)");
    let block = bench.block.clone().unwrap();
    let again: Vec<_> = block.again.unwrap()[4..].iter().map(|word| word.to_vec()).collect();
    assert_eq!(again, [&b"s"[..], b"t", b"5-1", b"0-0"]);
    assert!(!block.when_gone && block.timeout_ms.is_none());
    bench.run("XGROUP CREATE s g $");
    assert_eq!(bench.run("XREADGROUP GROUP g c BLOCK 70 STREAMS s >"), "(silent)");
    let block = bench.block.clone().unwrap();
    assert!(block.when_gone && block.timeout_ms == Some(70));
    bench.may_block = false;
    assert_eq!(bench.run("XREAD BLOCK 0 STREAMS s $"), "(nil array)");
}

#[test]
fn the_tree_of_redis_is_counted() {
    let mut bench = Bench::default();
    bench.settings.stream_node_entries = 1;
    // What Redis 7.0.15 answers to XINFO STREAM for as many nodes.
    for (id, nodes) in [("1-1", 2), ("1-2", 4), ("1-3", 5), ("1-256", 8), ("2-1", 12)] {
        bench.run(&format!("XADD s {id} f v"));
        let info = bench.run("XINFO STREAM s");
        assert!(info.contains(&format!("\"radix-tree-nodes\": (integer) {nodes}")), "{id} {info}");
    }
}
