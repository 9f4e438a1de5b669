use crate::commands::testing::Bench;

#[test]
fn a_count_enters_the_stream_when_it_is_computed() {
    let mut bench = Bench::default();
    for (line, reply, stream) in [
        ("PFADD hll a b", "(integer) 1", &["PFADD hll a b"][..]),
        ("PFADD hll a", "(integer) 0", &[]),
        ("PFCOUNT hll", "(integer) 2", &["PFCOUNT hll"]),
        ("PFCOUNT hll", "(integer) 2", &[]),
        ("PFMERGE hll2 hll", "OK", &["PFMERGE hll2 hll"]),
        ("PFCOUNT hll hll2 none", "(integer) 2", &[]),
        ("PFCOUNT none", "(integer) 0", &[]),
        ("PFADD empty", "(integer) 1", &["PFADD empty"]),
        ("PFADD empty", "(integer) 0", &[]),
        ("PFSELFTEST", "OK", &[]),
    ] {
        assert_eq!(bench.run(line), reply, "{line}");
        assert_eq!(bench.streamed(), stream, "{line}");
    }
    // Recorded from Redis 7.0.15.
    assert_eq!(bench.run("PFDEBUG DECODE hll"), "\"Z:12711 v:2,1 Z:3068 v:1,1 Z:603\"");
    assert_eq!(bench.run("PFDEBUG ENCODING hll"), "sparse");
    assert_eq!(bench.run("PFDEBUG TODENSE hll"), "(integer) 1");
    assert_eq!(bench.run("STRLEN hll"), "(integer) 12304");
    assert_eq!(bench.run("PFADD hll a"), "(integer) 0");
}

#[test]
fn what_is_no_sketch_is_refused() {
    let mut bench = Bench::default();
    bench.run("SET n 1");
    bench.run("SET s HYLLxxxxxxxxxxxxxxxxxxxxxx");
    bench.run("LPUSH l x");
    let wrong = "(error) WRONGTYPE Key is not a valid HyperLogLog string value.";
    assert_eq!(bench.run("PFADD n a"), wrong);
    assert_eq!(bench.run("PFCOUNT s"), wrong);
    assert!(bench.run("PFMERGE d l").starts_with("(error) WRONGTYPE Operation"));
    bench.run("SET c \"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x00\"");
    assert_eq!(bench.run("PFCOUNT c"), "(error) INVALIDOBJ Corrupted HLL object detected");
}

#[test]
fn a_sketch_counts_within_a_few_percent_in_either_form() {
    let mut bench = Bench::default();
    for n in 0..20_000 {
        bench.run(&format!("PFADD hll element:{n}"));
        if [10, 1_000, 19_999].contains(&n) {
            let reply = bench.run("PFCOUNT hll");
            let count: f64 = reply.trim_start_matches("(integer) ").parse().unwrap();
            assert!((count / f64::from(n + 1) - 1.0).abs() < 0.03, "{n}: {count}");
        }
    }
    assert_eq!(bench.run("PFDEBUG ENCODING hll"), "dense");
}
