//! Spans of time and amounts of bytes as people write them: `200ms`, `64KiB`.

use crate::node::parse_memory;
use crate::time::Duration;

/// Reads `5s`, `200ms`, `1us`, `2m`, `0`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: Option<u64> = text[..digits].parse().ok();
    let micros = match (number, &text[digits..]) {
        (Some(0), "") => Some(0),
        (Some(number), "us") => Some(number),
        (Some(number), "ms") => number.checked_mul(1_000),
        (Some(number), "s") => number.checked_mul(1_000_000),
        (Some(number), "m") => number.checked_mul(60_000_000),
        _ => None,
    };
    micros
        .filter(|&micros| micros <= SPAN_MAX)
        .map(Duration::from_micros)
        .ok_or_else(|| format!("'{text}' is no span of time: write 5s, 200ms or 10us"))
}

/// Writes a span as [`duration`] reads it, in the largest unit that needs no fraction.
pub(super) fn span(span: Duration) -> String {
    let micros = span.micros();
    match micros {
        0 => "0".to_owned(),
        _ if micros.is_multiple_of(1_000_000) => format!("{}s", micros / 1_000_000),
        _ if micros.is_multiple_of(1_000) => format!("{}ms", micros / 1_000),
        _ => format!("{micros}us"),
    }
}

/// Reads `256KiB`, `1MiB`, `100`: bytes, or bytes a second; `unlimited` is 0.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    if text == "unlimited" {
        return Ok(0);
    }
    let plain = text.strip_suffix("iB").map(|number| format!("{number}b"));
    parse_memory(plain.as_deref().unwrap_or(text))
        .ok_or_else(|| format!("'{text}' is no number of bytes: write 16KiB, 1MiB or unlimited"))
}

/// Writes an amount as [`rate`] reads it.
pub(super) fn amount(bytes: u64) -> String {
    match bytes {
        0 => "unlimited".to_owned(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}KiB", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// A hundred years: what is longer is a slip of the hand, and sums of it must not overflow.
const SPAN_MAX: u64 = 100 * 366 * 86_400 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["0", "7us", "1500us", "200ms", "5s", "90s"] {
            assert_eq!(span(duration(text).unwrap()), text);
        }
        for text in ["unlimited", "100", "16KiB", "3MiB", "1025"] {
            assert_eq!(amount(rate(text).unwrap()), text);
        }
        assert_eq!(span(duration("2m").unwrap()), "120s");
    }

    #[test]
    fn nonsense_names_the_remedy() {
        for text in ["fast", "5", "-1s", "99999999999999999999s", "18446744073709551615m", ""] {
            assert!(duration(text).unwrap_err().contains("write 5s"), "{text}");
        }
        assert!(rate("much").unwrap_err().contains("write 16KiB"));
    }
}
