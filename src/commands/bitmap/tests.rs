use crate::commands::testing::Bench;

/// Runs lines and holds each reply against what Redis 7.2.4 answers.
fn session(lines: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::default();
    for (line, reply) in lines {
        assert_eq!(bench.run(line), *reply, "{line}");
    }
    bench
}

#[test]
fn a_bit_is_set_and_only_a_change_enters_the_stream() {
    let mut bench = Bench::default();
    assert_eq!(bench.run("SETBIT k 7 1"), "(integer) 0");
    assert_eq!(bench.streamed(), ["SETBIT k 7 1"]);
    assert_eq!(bench.run("SETBIT k 7 1"), "(integer) 1");
    assert!(bench.streamed().is_empty());
    assert_eq!(bench.run("SETBIT k 17 0"), "(integer) 0");
    assert_eq!(bench.streamed(), ["SETBIT k 17 0"], "the string has grown");
    assert_eq!(bench.run("GET k"), "\"\\x01\\x00\\x00\"");
    assert_eq!(bench.run("SET n 1"), "OK");
    assert_eq!(bench.run("SETBIT n 3 1"), "(integer) 1");
    assert_eq!(bench.run("OBJECT ENCODING n"), "\"raw\"");
    assert_eq!(
        bench.run("SETBIT k 4294967296 1"),
        "(error) ERR bit offset is not an integer or out of range"
    );
    assert_eq!(bench.run("SETBIT k 1 2"), "(error) ERR bit is not an integer or out of range");
}

#[test]
fn bits_are_counted_in_parts_of_bytes_and_of_bits() {
    session(&[
        ("SET k foobar", "OK"),
        ("BITCOUNT k", "(integer) 26"),
        ("BITCOUNT k 0 0", "(integer) 4"),
        ("BITCOUNT k 1 1 BYTE", "(integer) 6"),
        ("BITCOUNT k 5 30 bit", "(integer) 17"),
        ("BITCOUNT k 5 5 bit", "(integer) 1"),
        ("BITCOUNT k -1 -2", "(integer) 0"),
        ("BITCOUNT k 0 -100", "(integer) 4"),
        ("BITCOUNT k 4 3", "(integer) 0"),
        ("BITCOUNT nokey 0 x", "(integer) 0"),
        ("BITCOUNT k 0 x", "(error) ERR value is not an integer or out of range"),
        ("BITCOUNT k 0", "(error) ERR syntax error"),
        ("BITCOUNT k 0 1 word", "(error) ERR syntax error"),
    ]);
}

#[test]
fn a_bit_is_found_also_behind_the_end() {
    session(&[
        ("SETRANGE k 0 \"\\xff\\xf0\\x00\"", "(integer) 3"),
        ("BITPOS k 0", "(integer) 12"),
        ("BITPOS k 1 2", "(integer) -1"),
        ("BITPOS k 1 0 -1 bit", "(integer) 0"),
        ("BITPOS k 0 3 9 bit", "(integer) -1"),
        ("SETRANGE f 0 \"\\xff\\xff\"", "(integer) 2"),
        ("BITPOS f 0", "(integer) 16"),
        ("BITPOS f 0 1", "(integer) 16"),
        ("BITPOS f 0 0 -1", "(integer) -1"),
        ("BITPOS f 0 5", "(integer) -1"),
        ("BITPOS nokey 0", "(integer) 0"),
        ("BITPOS nokey 1", "(integer) -1"),
        ("BITPOS f 2", "(error) ERR The bit argument must be 1 or 0."),
    ]);
}

#[test]
fn strings_are_combined_as_if_all_were_as_long_as_the_longest() {
    let mut bench = session(&[
        ("SET a abc", "OK"),
        ("SET b b", "OK"),
        ("BITOP AND d a b", "(integer) 3"),
        ("GET d", "\"`\\x00\\x00\""),
        ("BITOP or d a b nokey", "(integer) 3"),
        ("GET d", "\"cbc\""),
        ("BITOP XOR d a a", "(integer) 3"),
        ("GET d", "\"\\x00\\x00\\x00\""),
        ("BITOP NOT d b", "(integer) 1"),
        ("GET d", "\"\\x9d\""),
        ("BITOP NOT d a b", "(error) ERR BITOP NOT must be called with a single source key."),
        ("BITOP NOT d nokey", "(integer) 0"),
        ("EXISTS d", "(integer) 0"),
    ]);
    bench.run("BITOP AND d nokey");
    assert!(bench.streamed().is_empty(), "nothing was there, and nothing is");
}

#[test]
fn fields_wrap_stop_or_fail() {
    let mut bench = session(&[
        (
            "BITFIELD k SET u8 0 255 GET u4 0 INCRBY u2 #100 1",
            "[(integer) 0, (integer) 15, (integer) 1]",
        ),
        ("BITFIELD k INCRBY u8 0 1", "[(integer) 0]"),
        (
            "BITFIELD k OVERFLOW SAT INCRBY i5 3 100 INCRBY i5 3 -100",
            "[(integer) 15, (integer) -16]",
        ),
        ("BITFIELD k OVERFLOW FAIL SET u4 0 16", "[(nil)]"),
        ("BITFIELD k OVERFLOW SAT SET u4 0 -1 GET u4 0", "[(integer) 1, (integer) 15]"),
        (
            "BITFIELD k SET i64 64 -9223372036854775808 INCRBY i64 64 -1",
            "[(integer) 0, (integer) 9223372036854775807]",
        ),
        ("BITFIELD_RO k GET i8 0", "[(integer) -16]"),
        ("BITFIELD_RO k SET i8 0 1", "(error) ERR BITFIELD_RO only supports the GET subcommand"),
        ("BITFIELD k OVERFLOW x", "(error) ERR Invalid OVERFLOW type specified"),
        ("BITFIELD k GET u8", "(error) ERR syntax error"),
    ]);
    assert!(bench.run("BITFIELD k GET u64 0").contains("Invalid bitfield type"));
    bench.run("BITFIELD k SET u4 0 15");
    assert!(bench.streamed().is_empty(), "it was 15 before");
}
