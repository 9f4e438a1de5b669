//! Doubles as Redis prints and reads them.

/// The text of `value`.
pub fn format_double(value: f64) -> String {
    format!("{value}")
}

/// The number that `text` spells, whole.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
