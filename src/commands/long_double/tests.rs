use proptest::prelude::*;

use super::*;

fn sum(a: &str, b: &str) -> String {
    let number = |text: &str| LongDouble::parse(text.as_bytes()).unwrap();
    number(a).plus(number(b)).map_or_else(|| "none".to_owned(), |sum| sum.to_string())
}

#[test]
fn sums_are_those_of_a_real_server() {
    for (a, b, result) in [
        ("10.5", "0.1", "10.6"),
        ("5.0e3", "200", "5200"),
        ("3.0", "0", "3"),
        ("0.1", "0.2", "0.3"),
        ("1.1", "2.2", "3.3"),
        ("1", "1e-17", "1.00000000000000001"),
        ("1", "1e-20", "1"),
        ("-0.5", "0.5", "0"),
        ("0", "-0", "0"),
        ("3.0e-3", "1", "1.003"),
        ("0x10", "1", "17"),
        ("99999999999999999999", "1", "100000000000000000000"),
        ("123456789012345678", "0.5", "123456789012345678.5"),
        ("9007199254740993", "0.1", "9007199254740993.099609375"),
        ("100.652", "93.135", "193.78700000000000001"),
        ("0.30000000000000004", "0", "0.30000000000000004"),
        ("1e-4940", "0", "0"),
        (".5", ".5", "1"),
        ("5.", "1", "6"),
        ("+5", "+.5", "5.5"),
        ("inf", "1", "none"),
        ("1e4932", "1e4932", "none"),
        ("1e60", "1", "999999999999999999999373423426722168652130621984886772203520"),
    ] {
        assert_eq!(sum(a, b), result, "{a} + {b}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    let texts =
        ["", " 1", "1 ", "1e", "1e5000", "1e-5000", "nan", "1_0", ".", "+", "0x", "--1", "1.2.3"];
    for text in texts {
        assert_eq!(LongDouble::parse(text.as_bytes()), None, "'{text}'");
    }
}

proptest! {
    #[test]
    fn whole_numbers_are_added_exactly(a in -(1i64 << 62)..1 << 62, b in -(1i64 << 62)..1 << 62) {
        prop_assert_eq!(sum(&a.to_string(), &b.to_string()), (a + b).to_string());
    }

    #[test]
    fn short_decimals_are_added_as_on_paper(a in -4_000i64..4_000, b in 0i64..4_000) {
        let text = |n: i64| {
            let sign = if n < 0 { "-" } else { "" };
            let (whole, part) = (n.abs() / 1_000, n.abs() % 1_000);
            let part = format!(".{part:03}");
            let shown = format!("{whole}{}", part.trim_end_matches('0').trim_end_matches('.'));
            if shown == "0" { shown } else { format!("{sign}{shown}") }
        };
        prop_assert_eq!(sum(&text(a), &text(b)), text(a + b));
    }
}
