//! What values an option takes, and how they are read.

use super::SavePoint;
use super::rule::Rule;
use crate::commands::Classes;

/// What values an option takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A number of bytes, perhaps with a unit.
    Memory(u64, u64),
    /// The same, or a share of all there is.
    MemoryOrPercent,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// A text that a rule lets through.
    Checked(Rule),
    /// Words that a rule lets through: a file has them without quotes.
    Bare(Rule),
    /// Classes with three limits each.
    BufferLimits,
    /// Letters of classes of events.
    Events,
    /// Pairs of seconds and changes.
    SavePoints,
    /// Shares of a hundred.
    Percentiles,
}

impl Kind {
    /// The value as CONFIG GET prints it, or what is wrong with it.
    pub(super) fn canonical(self, value: &str, current: &str) -> Result<String, String> {
        match self {
            Self::Bool => match value.to_ascii_lowercase().as_str() {
                word @ ("yes" | "no") => Ok(word.to_owned()),
                _ => Err("argument must be 'yes' or 'no'".to_owned()),
            },
            Self::Integer(low, high) => match value.parse::<i64>() {
                Ok(number) if (low..=high).contains(&number) => Ok(number.to_string()),
                Ok(_) => Err(format!("argument must be between {low} and {high} inclusive")),
                Err(_) => Err("argument couldn't be parsed into an integer".to_owned()),
            },
            Self::Memory(low, high) => match parse_memory(value) {
                Some(bytes) if (low..=high).contains(&bytes) => Ok(bytes.to_string()),
                Some(_) => Err(format!("argument must be between {low} and {high} inclusive")),
                None => Err("argument must be a memory value".to_owned()),
            },
            Self::MemoryOrPercent => match (value.strip_suffix('%'), parse_memory(value)) {
                (Some(share), _) if share.parse::<u32>().is_ok_and(|share| share > 100) => {
                    Err("percentage argument must be less or equal to 100".to_owned())
                }
                (Some(share), _) if share.parse::<u32>().is_ok() => Ok(value.to_owned()),
                (_, Some(bytes)) => Ok(bytes.to_string()),
                _ => Err("argument must be a memory or percent value".to_owned()),
            },
            Self::Choice(words) => {
                let word = value.to_ascii_lowercase();
                if words.contains(&word.as_str()) {
                    return Ok(word);
                }
                let list = words.join(", ");
                Err(format!("argument(s) must be one of the following: {list}"))
            }
            Self::Text => Ok(value.to_owned()),
            Self::Checked(rule) | Self::Bare(rule) => rule(value),
            Self::BufferLimits => buffer_limits(value, current),
            Self::SavePoints => match save_points(value) {
                Some(points) => Ok(shown_points(&points)),
                None => Err("Invalid save parameters".to_owned()),
            },
            Self::Percentiles => percentiles(value),
            // The letters are kept as given: `A` hides what stands beside it.
            Self::Events => match Classes::parse(value) {
                Some(_) => Ok(value.to_owned()),
                None => Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".to_owned()),
            },
        }
    }
}

/// Puts the classes of `value` in the place of those of `current`.
#[inline(never)]
fn buffer_limits(value: &str, current: &str) -> Result<String, String> {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    if !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".to_owned());
    }
    let mut classes: Vec<String> =
        current.split(' ').collect::<Vec<_>>().chunks(4).map(|class| class.join(" ")).collect();
    for class in words.chunks(4) {
        let index = match class[0].to_ascii_lowercase().as_str() {
            "normal" => 0,
            "slave" | "replica" => 1,
            "pubsub" => 2,
            _ => {
                return Err(
                    "Invalid client class specified in buffer limit configuration.".to_owned()
                );
            }
        };
        let wrong = || "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        let hard = parse_memory(class[1]).ok_or_else(wrong)?;
        let soft = parse_memory(class[2]).ok_or_else(wrong)?;
        let seconds: u64 = class[3].parse().map_err(|_| wrong())?;
        classes[index] =
            format!("{} {hard} {soft} {seconds}", ["normal", "slave", "pubsub"][index]);
    }
    Ok(classes.join(" "))
}

/// Reads pairs of seconds and changes.
pub(super) fn save_points(value: &str) -> Option<Vec<SavePoint>> {
    let words: Vec<u64> =
        value.split_ascii_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let pair = |pair: &[u64]| match *pair {
        [seconds, changes] if seconds > 0 => Some(SavePoint { seconds, changes }),
        _ => None,
    };
    words.chunks(2).map(pair).collect()
}

fn shown_points(points: &[SavePoint]) -> String {
    let point = |point: &SavePoint| format!("{} {}", point.seconds, point.changes);
    points.iter().map(point).collect::<Vec<_>>().join(" ")
}

/// Reads `64mb`, `1g`, `100`: k is 1,000, kb is 1,024. No text at all is nothing, as in Redis.
pub fn parse_memory(text: &str) -> Option<u64> {
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// Reads shares of a hundred, and writes them as INFO names them.
#[inline(never)]
fn percentiles(value: &str) -> Result<String, String> {
    let mut shown = Vec::new();
    for word in value.split_ascii_whitespace() {
        let share: f64 = word
            .parse()
            .map_err(|_| "Invalid latency-tracking-info-percentiles parameters".to_owned())?;
        if !(0.0..=100.0).contains(&share) {
            return Err("latency-tracking-info-percentiles parameters should sit between \
                        [0.0,100.0]"
                .to_owned());
        }
        let text = format!("{share:.6}");
        shown.push(text.trim_end_matches('0').trim_end_matches('.').to_owned());
    }
    Ok(shown.join(" "))
}
