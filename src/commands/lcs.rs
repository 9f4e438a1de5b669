//! LCS: the longest common subsequence of two strings.
//!
//! A table knows, for every pair of prefixes, how long their longest common subsequence is. It is
//! filled from the front; walking it back from its last corner finds the subsequence itself, and
//! the ranges in which both strings run side by side.
//! *Source*: Redis 7.2 · t_string.c · lcsCommand.

use super::rows::rows;
use super::{Call, Refusal, Spec};
use crate::keyspace::Value;
use crate::resp::{Bytes, Reply, parse_integer};

pub(super) const TABLE: &[Spec] = rows! { String;
    "lcs" -3 READ FIRST_TWO lcs, "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
        "Finds the longest common subsequence of two strings.";
};

/// The options of LCS.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    length: bool,
    ranges: bool,
    with_lengths: bool,
    length_min: i64,
}

impl Options {
    fn parse(args: &[Bytes]) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.to_ascii_lowercase().as_slice() {
                b"idx" => options.ranges = true,
                b"len" => options.length = true,
                b"withmatchlen" => options.with_lengths = true,
                b"minmatchlen" => {
                    let text = args.next().ok_or(Refusal::Syntax)?;
                    options.length_min = parse_integer(text).ok_or(Refusal::NotAnInteger)?;
                }
                _ => return Err(Refusal::Syntax),
            }
        }
        if options.ranges && options.length {
            let text = "ERR If you want both the length and indexes, please just use IDX.";
            return Err(Refusal::other(text));
        }
        Ok(options)
    }
}

fn lcs(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (a, b) = (text_of(call, 1), text_of(call, 2));
    let (a, b) = (a?, b?);
    let options = Options::parse(&call.args[3..])?;
    let table = Table::new(&a, &b)?;
    if options.length {
        return Ok(Reply::count(table.at(a.len(), b.len()).into()));
    }
    let (common, ranges) = table.walk_back(&a, &b);
    if !options.ranges {
        return Ok(Reply::bulk(common));
    }
    let shown = ranges.iter().filter(|range| range.length as i64 >= options.length_min);
    let matches = shown.map(|range| range.reply(options.with_lengths)).collect();
    Ok(Reply::Map(vec![
        (Reply::bulk("matches"), Reply::Array(matches)),
        (Reply::bulk("len"), Reply::count(common.len() as u64)),
    ]))
}

fn text_of(call: &mut Call<'_>, index: usize) -> Result<Bytes, Refusal> {
    let key = call.arg(index);
    match call.value(&key) {
        None => Ok(Bytes::default()),
        Some(Value::String(string)) => Ok(string.to_bytes()),
        Some(_) => Err(Refusal::other("ERR The specified keys must contain string values")),
    }
}

/// The lengths for every pair of prefixes.
struct Table {
    /// The length of a row: the bytes of the second string and one.
    width: usize,
    lengths: Vec<u32>,
}

/// Where both strings run side by side.
#[derive(Clone, Copy)]
struct Range {
    a: usize,
    b: usize,
    length: usize,
}

impl Table {
    fn new(a: &[u8], b: &[u8]) -> Result<Self, Refusal> {
        let width = b.len() + 1;
        let cells = (a.len() + 1).checked_mul(width).filter(|&cells| cells <= CELLS_MAX);
        let cells = cells.ok_or_else(|| {
            let text = "ERR Insufficient memory, failed allocating transient memory for LCS";
            Refusal::other(text)
        })?;
        let mut table = Self { width, lengths: vec![0; cells] };
        for (i, &x) in a.iter().enumerate() {
            for (j, &y) in b.iter().enumerate() {
                table.lengths[(i + 1) * width + j + 1] = if x == y {
                    table.at(i, j) + 1
                } else {
                    table.at(i, j + 1).max(table.at(i + 1, j))
                };
            }
        }
        Ok(table)
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.lengths[i * self.width + j]
    }

    /// The subsequence, and its ranges from the last to the first.
    fn walk_back(&self, a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<Range>) {
        let (mut i, mut j) = (a.len(), b.len());
        let (mut common, mut ranges) = (Vec::new(), Vec::<Range>::new());
        let mut running = false;
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                common.push(a[i]);
                match ranges.last_mut().filter(|_| running) {
                    Some(range) => *range = Range { a: i, b: j, length: range.length + 1 },
                    None => ranges.push(Range { a: i, b: j, length: 1 }),
                }
                running = true;
            } else {
                running = false;
                if self.at(i - 1, j) > self.at(i, j - 1) { i -= 1 } else { j -= 1 }
            }
        }
        common.reverse();
        (common, ranges)
    }
}

impl Range {
    fn reply(&self, with_length: bool) -> Reply {
        let span = |start: usize| {
            let ends = [start, start + self.length - 1];
            Reply::Array(ends.map(|at| Reply::count(at as u64)).to_vec())
        };
        let mut parts = vec![span(self.a), span(self.b)];
        parts.extend(with_length.then(|| Reply::count(self.length as u64)));
        Reply::Array(parts)
    }
}

/// 256 MiB of table, which even a page can give for a moment.
const CELLS_MAX: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use crate::commands::testing::Bench;

    #[test]
    fn the_manuals_example() {
        let mut bench = Bench::default();
        bench.run("MSET key1 ohmytext key2 mynewtext");
        assert_eq!(bench.run("LCS key1 key2"), "\"mytext\"");
        assert_eq!(bench.run("LCS key1 key2 LEN"), "(integer) 6");
        assert_eq!(
            bench.run("LCS key1 key2 IDX MINMATCHLEN 4 WITHMATCHLEN"),
            "{\"matches\": \
             [[[(integer) 4, (integer) 7], [(integer) 5, (integer) 8], (integer) 4]], \
             \"len\": (integer) 6}"
        );
        assert_eq!(bench.run("LCS key1 none"), "\"\"");
    }
}
