//! The limits of ranges: ranks, scores, or members.
//!
//! ```text
//!     scores     5   (5   -inf   +inf            a round bracket leaves the limit itself out
//!     members   [a   (a      -      +            - and + are before and behind all members
//! ```
//!
//! A range of members is only meant for sets in which all scores are the same.
//! *Source*: Redis 7.2 · t_zset.c · zslParseRange, zslParseLexRange.

use std::ops::Range;

use crate::commands::args::span;
use crate::commands::{Call, Refusal};
use crate::keyspace::{Scored, SortedSet};
use crate::resp::{Bytes, parse_double};

/// By what a range is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Member,
}

/// A range of a sorted set.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bounds {
    /// Both ends belong to it; negative ones count from the end.
    Rank { start: i64, end: i64 },
    /// From the lower limit to the upper.
    Score { min: ScoreLimit, max: ScoreLimit },
    /// From the lower limit to the upper.
    Member { min: MemberLimit, max: MemberLimit },
}

/// A limit of a range of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScoreLimit {
    score: f64,
    /// True if the limit itself is left out.
    exclusive: bool,
}

/// A limit of a range of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MemberLimit {
    /// Before all members.
    First,
    /// Behind all members.
    Last,
    /// At a member.
    At {
        member: Bytes,
        /// True if the limit itself is left out.
        exclusive: bool,
    },
}

impl Bounds {
    /// Reads the arguments at `min` and `max`.
    pub(super) fn parse(call: &Call<'_>, by: By, min: usize, max: usize) -> Result<Self, Refusal> {
        let (low, high) = (&call.args[min], &call.args[max]);
        Ok(match by {
            By::Rank => Self::Rank { start: call.integer(min)?, end: call.integer(max)? },
            By::Score => {
                Self::Score { min: ScoreLimit::parse(low)?, max: ScoreLimit::parse(high)? }
            }
            By::Member => {
                Self::Member { min: MemberLimit::parse(low)?, max: MemberLimit::parse(high)? }
            }
        })
    }

    /// The ranks that the range has in `set`.
    pub(super) fn ranks(&self, set: &SortedSet) -> Range<usize> {
        let (start, end) = match self {
            Self::Rank { start, end } => return span(*start, *end, set.len()),
            Self::Score { min, max } => {
                (set.partition(|s| !min.is_below(s)), set.partition(|s| max.is_above(s)))
            }
            Self::Member { min, max } => {
                (set.partition(|s| !min.is_below(s)), set.partition(|s| max.is_above(s)))
            }
        };
        start..end.max(start)
    }
}

impl ScoreLimit {
    fn parse(text: &[u8]) -> Result<Self, Refusal> {
        let (exclusive, text) = match text {
            [b'(', text @ ..] => (true, text),
            text => (false, text),
        };
        let score = parse_limit(text).filter(|score| !score.is_nan());
        Ok(Self { score: score.ok_or(Refusal::NotAScoreLimit)?, exclusive })
    }

    /// True if a member of this score lies behind this lower limit.
    fn is_below(&self, scored: &Scored) -> bool {
        if self.exclusive { scored.score > self.score } else { scored.score >= self.score }
    }

    /// True if a member of this score lies before this upper limit.
    fn is_above(&self, scored: &Scored) -> bool {
        if self.exclusive { scored.score < self.score } else { scored.score <= self.score }
    }
}

/// Reads as the C function `strtod`: a zero byte ends the text, space before the number is skipped,
/// no text is 0, and what is too large is infinite.
fn parse_limit(text: &[u8]) -> Option<f64> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or(text);
    if text.is_empty() {
        return Some(0.0);
    }
    let text = text.trim_ascii_start();
    parse_double(text).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

impl MemberLimit {
    fn parse(text: &[u8]) -> Result<Self, Refusal> {
        match text {
            b"-" => Ok(Self::First),
            b"+" => Ok(Self::Last),
            [b'[', member @ ..] => Ok(Self::At { member: Bytes::from(member), exclusive: false }),
            [b'(', member @ ..] => Ok(Self::At { member: Bytes::from(member), exclusive: true }),
            _ => Err(Refusal::NotAMemberLimit),
        }
    }

    /// True if this member lies behind this lower limit.
    fn is_below(&self, scored: &Scored) -> bool {
        match self {
            Self::First => true,
            Self::Last => false,
            Self::At { member, exclusive: true } => scored.member > *member,
            Self::At { member, exclusive: false } => scored.member >= *member,
        }
    }

    /// True if this member lies before this upper limit.
    fn is_above(&self, scored: &Scored) -> bool {
        match self {
            Self::First => false,
            Self::Last => true,
            Self::At { member, exclusive: true } => scored.member < *member,
            Self::At { member, exclusive: false } => scored.member <= *member,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_strtod_reads() {
        let limit = |text: &str| ScoreLimit::parse(text.as_bytes()).map(|l| (l.score, l.exclusive));
        assert_eq!(limit("(1.5"), Ok((1.5, true)));
        assert_eq!(limit(""), Ok((0.0, false)));
        assert_eq!(limit("("), Ok((0.0, true)));
        assert_eq!(limit("(\0a"), Ok((0.0, true)));
        assert_eq!(limit("7\0a"), Ok((7.0, false)));
        assert_eq!(limit(" 5"), Ok((5.0, false)));
        assert_eq!(limit("-inf"), Ok((f64::NEG_INFINITY, false)));
        assert_eq!(limit("1e400"), Ok((f64::INFINITY, false)));
        for text in ["a", "1x", "nan", "((1", " "] {
            assert_eq!(limit(text), Err(Refusal::NotAScoreLimit), "{text}");
        }
    }
}
