//! Doubles as Redis prints and reads them.
//!
//! A score crosses the wire as text, and two servers agree on it only if they print the same text.
//! The usual printers give the *shortest* digits that read back as the same number. Redis uses
//! Grisu2, which is fast and almost always the shortest: `141.217371` becomes
//! `141.21737100000001`. So we compute the digits the same way ([`super::grisu`]) and lay them out
//! by the same rules.
//!
//! ```text
//!     digits × 10^k            layout                          examples
//!     k >= 0, not too long     digits, zeros                   100000
//!     k <  0, not too small    digits with a point, 0.000…     0.1   1.5   0.0001
//!     else                     d.ddd e ± exponent              1e+30  1.5e-9
//!     integral, up to 2^62     plain digits, whatever the rules above say
//! ```
//!
//! *Source*: Redis 7.2 · util.c · d2string; object.c · getDoubleFromObject.

use super::grisu::{self, Decimal};

/// The text of `value` as replies and sorted sets write it: integers up to 2^62 in plain digits.
pub fn format_double(value: f64) -> String {
    let plain = value.fract() == 0.0 && value.abs() <= PLAIN_MAX && value != 0.0;
    if plain { (value as i64).to_string() } else { format_double_digest(value) }
}

/// The text of `value` as `DEBUG DIGEST` hashes it: `1e15` stays `1e+15`.
pub fn format_double_digest(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        f64::INFINITY => "inf".to_owned(),
        positive => lay_out(&grisu::decimal(positive)),
    };
    format!("{sign}{text}")
}

/// The text of `value` as Redis wrote it before 7.2: C's `%.17g`, with all seventeen digits.
pub fn format_double_17(value: f64) -> String {
    if !value.is_finite() {
        return format_double(value);
    }
    let text = format!("{value:.16e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if !(-4..17).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = (16 - exponent) as usize;
    let text = format!("{value:.decimals$}");
    if decimals == 0 { text } else { trim(&text) }
}

/// The number that `text` spells from its first byte to its last, as the C function `strtod` reads.
///
/// Signs, `inf`, `infinity` and `nan` in any case, and hexadecimal (`0x1.8p3`) are accepted; spaces
/// are not, nor a number that is too large or too small to be told from infinity or zero. Commands
/// refuse NaN themselves.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(digits) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let value = parse_hexadecimal(digits)?;
        return Some(if text.starts_with('-') { -value } else { value });
    }
    let value: f64 = text.parse().ok()?;
    let named = unsigned.starts_with(|first: char| first.is_ascii_alphabetic());
    let lost = value.is_infinite() || (value == 0.0 && names_a_nonzero_digit(unsigned));
    if lost && !named { None } else { Some(value) }
}

/// True if the digits before the exponent are not all zeros.
fn names_a_nonzero_digit(number: &str) -> bool {
    number.bytes().take_while(|b| !matches!(b, b'e' | b'E')).any(|b| matches!(b, b'1'..=b'9'))
}

/// Reads what follows `0x`: digits, perhaps a point, perhaps `p` and a binary exponent.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['p', 'P']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut bits: u64 = 0;
    let mut power = exponent - 4 * i64::try_from(fraction.len()).ok()?;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if bits >> 58 == 0 {
            bits = bits << 4 | digit;
        } else {
            // The last bit remembers that something nonzero was cut off, for the rounding.
            bits |= u64::from(digit != 0);
            power += 4;
        }
    }
    let value = scale(bits, power);
    let lost = value.is_infinite() || (value == 0.0 && bits != 0);
    if lost { None } else { Some(value) }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Beyond this many digits every number is zero or infinite, and the sum must not overflow.
    let size = digits.parse().unwrap_or(EXPONENT_MAX).min(EXPONENT_MAX);
    Some(if text.starts_with('-') { -size } else { size })
}

/// `bits × 2^power`, rounded once.
fn scale(mut bits: u64, mut power: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    power = power.clamp(-POWER_FAR, POWER_FAR);
    // Below the least exponent of a double, bits fall off before the number is rounded.
    while power < LEAST_POWER && bits != 0 {
        bits = bits >> 1 | (bits & 1 & u64::from(bits > 1));
        power += 1;
    }
    let mut value = bits as f64;
    while power > 0 && value.is_finite() {
        let step = power.min(512);
        value *= f64::exp2(step as f64);
        power -= step;
    }
    while power < 0 {
        let step = (-power).min(512);
        value *= f64::exp2(-step as f64);
        power += step;
    }
    value
}

/// Writes digits and exponent in the form that Redis chooses.
fn lay_out(Decimal { digits, exponent }: &Decimal) -> String {
    let count = digits.len() as i32;
    let scientific = exponent + count - 1;
    if *exponent >= 0 && scientific < count + 7 {
        return format!("{digits}{:0<zeros$}", "", zeros = *exponent as usize);
    }
    if *exponent < 0 && (*exponent > -7 || scientific.abs() < 4) {
        return lay_out_with_point(digits, count + exponent);
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{scientific:+}")
}

/// Writes `digits` with a point after the first `whole` of them.
fn lay_out_with_point(digits: &str, whole: i32) -> String {
    if whole <= 0 {
        return format!("0.{:0<zeros$}{digits}", "", zeros = whole.unsigned_abs() as usize);
    }
    let (before, after) = digits.split_at(whole as usize);
    format!("{before}.{after}")
}

/// 2^62: integers up to here take the short way.
const PLAIN_MAX: f64 = 4_611_686_018_427_387_904.0;
/// An exponent far outside what a double can hold.
const EXPONENT_MAX: i64 = 1 << 40;
/// Whatever 64 bits are multiplied by this power of two or a larger one is infinite; or zero, by
/// this many divisions.
const POWER_FAR: i64 = 1_200;
/// The exponent of the last bit of the smallest double.
const LEAST_POWER: i64 = -1074;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seventeen_digits_as_c_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.10000000000000001"),
            (2.5, "2.5"),
            (100.0, "100"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (1.5e300, "1.5000000000000001e+300"),
            (f64::INFINITY, "inf"),
            (123456.789, "123456.789"),
        ] {
            assert_eq!(format_double_17(value), text);
        }
    }

    #[test]
    fn every_recorded_number_prints_as_redis_printed_it() {
        let vectors = include_str!("../../tests/vectors/fpconv-7.2.4.tsv");
        let mut count = 0;
        for line in vectors.lines() {
            let (bits, text) = line.split_once('\t').unwrap();
            let value = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
            assert_eq!(format_double_digest(value), text, "{bits}");
            // The vectors are fpconv's own answers, to which replies add the shortcut for integers.
            let exact = value.fract() == 0.0 && value.abs() <= PLAIN_MAX && value != 0.0;
            let reply = if exact { format!("{value:.0}") } else { text.to_owned() };
            assert_eq!(format_double(value), reply, "{bits}");
            count += 1;
        }
        assert_eq!(count, 1_400);
    }

    #[test]
    fn the_digest_knows_no_plain_integers() {
        for (value, text) in [
            (1e15, "1e+15"),
            (-0.0, "-0"),
            (0.0, "0"),
            (3.0, "3"),
            (1.0e7, "10000000"),
            (123e9, "1.23e+11"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(format_double_digest(value), text);
        }
        assert_eq!(format_double(1e15), "1000000000000000");
    }

    #[test]
    fn a_number_is_read_whole_or_not_at_all() {
        for (text, value) in [
            ("1", 1.0),
            ("+1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-INFinity", f64::NEG_INFINITY),
            ("+inf", f64::INFINITY),
            ("1e-320", 1e-320),
            ("0e-999", 0.0),
            ("0x10", 16.0),
            ("-0X1.8p3", -12.0),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1p-1074", 5e-324),
            ("0x0.0000000000000000000000000000001p124", 1.0),
            ("0x0p99999999999999999999", 0.0),
        ] {
            assert_eq!(parse_double(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "",
            " 1",
            "1 ",
            "1x",
            ".",
            "e5",
            "1e",
            "1e999",
            "1e-999",
            "0x",
            "0x.",
            "0x1p",
            "0x1p9999",
            "0x1p-9999",
            "0x1p-99999999999999999999",
            "--1",
            "1\0",
            "0x1pp2",
        ] {
            assert_eq!(parse_double(text.as_bytes()), None, "{text:?}");
        }
        assert!(parse_double(b"nan").unwrap().is_nan());
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            let (short, digest) = (format_double(value), format_double_digest(value));
            prop_assert_eq!(parse_double(short.as_bytes()).unwrap().to_bits(), bits);
            prop_assert_eq!(parse_double(digest.as_bytes()).unwrap().to_bits(), bits);
        }

        #[test]
        fn hexadecimal_reads_the_number_it_names(
            mantissa in 0u64..1 << 53,
            power in -1074i64..970,
        ) {
            let value = scale(mantissa, power);
            let text = format!("0x{mantissa:x}p{power}");
            prop_assert_eq!(parse_double(text.as_bytes()), Some(value));
            prop_assert!(value == 0.0 || value.log2() >= power as f64);
        }
    }
}
