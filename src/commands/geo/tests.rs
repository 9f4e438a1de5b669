use crate::commands::testing::Bench;

/// A bench with two towns of Sicily.
fn sicily() -> Bench {
    let mut bench = Bench::default();
    let line = "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania";
    assert_eq!(bench.run(line), "(integer) 2");
    let stream = "zadd g 3479099956230698 Palermo 3479447370796909 Catania";
    assert_eq!(bench.streamed(), [stream]);
    bench
}

#[test]
fn places_are_where_redis_puts_them() {
    let mut bench = sicily();
    for (line, reply) in [
        ("GEODIST g Palermo Catania", "\"166274.1516\""),
        ("GEODIST g Palermo Catania km", "\"166.2742\""),
        ("GEODIST g Palermo nobody", "(nil)"),
        ("GEOHASH g Palermo Catania x", "[\"sqc8b49rny0\", \"sqdtr74hyu0\", (nil)]"),
        (
            "GEOPOS g Palermo x",
            "[[\"13.36138933897018433\", \"38.11555639549629859\"], (nil array)]",
        ),
        ("GEODIST g Palermo Catania yd", UNIT),
        ("GEOADD g 200 0 x", "(error) ERR invalid longitude,latitude pair 200.000000,0.000000"),
        ("GEOADD g NX XX 1 1 x", "(error) ERR syntax error"),
    ] {
        assert_eq!(bench.run(line), reply, "{line}");
    }
}

#[test]
fn a_search_finds_what_is_in_a_circle_or_a_box() {
    let mut bench = sicily();
    bench.run("GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2");
    for (line, reply) in [
        ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC", "[\"Catania\", \"Palermo\"]"),
        (
            "GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST",
            "[[\"Catania\", \"56.4413\"], [\"Palermo\", \"190.4424\"], [\"edge2\", \"279.7403\"], \
             [\"edge1\", \"279.7405\"]]",
        ),
        ("GEORADIUSBYMEMBER g Palermo 10 m", "[\"Palermo\"]"),
        ("GEORADIUS g 15 37 200 km COUNT 1 DESC", "[\"Palermo\"]"),
        ("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km STOREDIST", "(integer) 1"),
        ("ZSCORE d Catania", "(double) 56.4412578701582"),
        ("GEORADIUS g 15 37 1 km STORE d", "(integer) 0"),
        ("EXISTS d", "(integer) 0"),
        (
            "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY",
            "(error) ERR the ANY argument requires COUNT argument",
        ),
    ] {
        assert_eq!(bench.run(line), reply, "{line}");
    }
}

const UNIT: &str = "(error) ERR unsupported unit provided. please use M, KM, FT, MI";
