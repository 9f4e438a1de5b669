//! Arguments as numbers, and how they are refused.
//!
//! Redis checks the arguments of a command in a fixed order and answers the first that is wrong, in
//! words that differ from command to command: a handler says them where it reads the argument.
//! *Source*: Redis 7.2 · object.c · getLongFromObjectOrReply and its relatives.

use std::ops::RangeInclusive;

use super::{Call, Refusal, unknown_subcommand};
use crate::resp::{Bytes, parse_double, parse_integer};

impl Call<'_> {
    /// The argument at `index` as a 64-bit integer.
    pub fn integer(&self, index: usize) -> Result<i64, Refusal> {
        parse_integer(&self.args[index]).ok_or(Refusal::NotAnInteger)
    }

    /// The argument at `index` as an integer in `range`.
    pub(super) fn integer_in(
        &self,
        index: usize,
        range: RangeInclusive<i64>,
    ) -> Result<i64, Refusal> {
        let number = self.integer(index)?;
        if range.contains(&number) {
            return Ok(number);
        }
        let (low, high) = range.into_inner();
        let text = format!("ERR value is out of range, value must between {low} and {high}");
        Err(Refusal::Other(text))
    }

    /// The argument at `index` as an integer of at least `least`, or else the refusal `text`.
    pub(super) fn at_least(
        &self,
        least: i64,
        index: usize,
        text: &'static str,
    ) -> Result<usize, Refusal> {
        let number = parse_integer(&self.args[index]).filter(|&number| number >= least);
        number.map(clamp).ok_or_else(|| Refusal::other(text))
    }

    /// The argument at `index` as a count: 0 or more.
    pub(super) fn count(&self, index: usize) -> Result<usize, Refusal> {
        let number = parse_integer(&self.args[index]).filter(|&number| number >= 0);
        number.map(clamp).ok_or(Refusal::NotPositive)
    }

    /// The argument at `index` as a count that is negative if what is drawn may be drawn again.
    pub(super) fn draws(&self, index: usize) -> Result<i64, Refusal> {
        self.integer_in(index, -i64::MAX..=i64::MAX)
    }

    /// So many draws, or as many as are certain to be more than the client may be owed: it will be
    /// dropped, and must not cost the server its memory before.
    pub(super) fn bounded_draws(&self, count: i64) -> i64 {
        match i64::try_from(self.settings.reply_bytes_max) {
            Ok(0) | Err(_) => count,
            Ok(most) => count.max(-(most / DRAWN_BYTES_MIN) - 1),
        }
    }

    /// The argument at `index` as the number of a database.
    pub(super) fn database_index(&self, index: usize) -> Result<usize, Refusal> {
        let number = self.integer_in(index, i32::MIN.into()..=i32::MAX.into())?;
        self.check_database(number)
    }

    /// `number` as the number of a database that exists.
    pub(super) fn check_database(&self, number: i64) -> Result<usize, Refusal> {
        let index = usize::try_from(number).ok();
        index.filter(|&index| index < self.keyspace.databases()).ok_or(Refusal::DatabaseIndex)
    }

    /// The argument at `index` as a score: a number, not NaN.
    pub(super) fn score(&self, index: usize) -> Result<f64, Refusal> {
        score(&self.args[index]).ok_or(Refusal::NotAFloat)
    }

    /// The count of `COUNT count` at `index`, where the arguments must end; 1 if they end before.
    pub(super) fn counted(&self, index: usize) -> Result<usize, Refusal> {
        if index == self.args.len() {
            return Ok(1);
        }
        if !self.is(index, "count") || index + 1 == self.args.len() {
            return Err(Refusal::Syntax);
        }
        let count = self.at_least(1, index + 1, "ERR count should be greater than 0")?;
        if index + 2 == self.args.len() { Ok(count) } else { Err(Refusal::Syntax) }
    }

    /// The keys that follow the argument at `index`, which is their number, and the index of the
    /// argument after them; `None` if there are not as many.
    pub(super) fn numbered_keys(&self, index: usize, number: usize) -> Option<(&[Bytes], usize)> {
        let end = number.checked_add(index + 1).filter(|&end| end <= self.args.len())?;
        Some((&self.args[index + 1..end], end))
    }
}

impl Call<'_> {
    /// The subcommand of the container `name`, one of `rows`: words and their arities.
    pub(super) fn subcommand(
        &self,
        name: &str,
        rows: &[(&'static str, i32)],
    ) -> Result<&'static str, Refusal> {
        let Some((word, arity)) = rows.iter().find(|(word, _)| self.is(1, word)) else {
            return Err(unknown_subcommand(self.args));
        };
        let (count, least) = (self.args.len(), arity.unsigned_abs() as usize);
        let fits = if *arity < 0 { count >= least } else { count == least };
        if fits { Ok(word) } else { Err(Refusal::Arity(format!("{name}|{word}"))) }
    }
}

/// `text` as a number that is not NaN.
pub(super) fn score(text: &[u8]) -> Option<f64> {
    parse_double(text).filter(|score| !score.is_nan())
}

/// A count as far as this machine can count.
pub(super) fn clamp(number: i64) -> usize {
    usize::try_from(number).unwrap_or(if number < 0 { 0 } else { usize::MAX })
}

/// Two indices that may be counted from the end, as a range of places in `len`; both ends belong
/// to it.
pub(super) fn span(start: i64, end: i64, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    let place = |index: i64| if index < 0 { (len + index).max(-1) } else { index };
    let (start, end) = (place(start).max(0), place(end).min(len - 1));
    if start > end { 0..0 } else { start as usize..end as usize + 1 }
}

/// What an element takes in a reply, at least.
const DRAWN_BYTES_MIN: i64 = 6;

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_may_be_counted_from_either_end() {
        for (start, end, range) in [
            (0, -1, 0..5),
            (-3, -2, 2..4),
            (-100, 100, 0..5),
            (3, 2, 0..0),
            (5, 9, 0..0),
            (0, -100, 0..0),
            (i64::MIN, i64::MAX, 0..5),
        ] {
            assert_eq!(span(start, end, 5), range, "{start} {end}");
        }
        assert_eq!(span(0, -1, 0), 0..0);
    }
}
