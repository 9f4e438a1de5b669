//! KEYS, SCAN, and what SSCAN, HSCAN and ZSCAN share with it.
//!
//! A scan is a walk in many commands, and the server remembers nothing between them: the *cursor*
//! is a place in the order of hashes, so what was there from the first command to the last is shown
//! at least once, whatever has come and gone. Keys are shown by whole pages; the cursor is where
//! the next page begins, with its bits reversed, as in Redis, which makes it a small number.
//! *Source*: Redis 7.2 · db.c · scanGenericCommand, keysCommand.

use super::glob;
use super::rows::rows;
use super::{Call, Refusal, Spec, Viewer};
use crate::resp::{Bytes, Reply, parse_integer};

pub(super) const TABLE: &[Spec] = rows! { Generic;
    "keys" 2 READ_ANY NONE keys, "pattern", "Lists the keys that match a pattern.";
    "scan" -2 READ_ANY NONE scan, "cursor [MATCH pattern] [COUNT count] [TYPE type]",
        "Lists some keys, and where to go on.";
};

/// The options of a scan.
#[derive(Clone, Debug)]
pub(super) struct Options {
    /// How many elements are looked at, about.
    pub(super) count: usize,
    /// What their names must match.
    pattern: Option<Bytes>,
    /// The type that keys must have.
    type_name: Option<Bytes>,
}

impl Options {
    /// Reads the options behind the cursor; `TYPE` is for keys only.
    pub(super) fn parse(args: &[Bytes], of_keys: bool) -> Result<Self, Refusal> {
        let mut options = Self { count: COUNT, pattern: None, type_name: None };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let word = arg.to_ascii_lowercase();
            let value = args.next().ok_or(Refusal::Syntax)?;
            match word.as_slice() {
                b"count" => {
                    let count = parse_integer(value).ok_or(Refusal::NotAnInteger)?;
                    let count = Some(count).filter(|&count| count >= 1).ok_or(Refusal::Syntax)?;
                    options.count = super::args::clamp(count);
                }
                b"match" => options.pattern = Some(Bytes::clone(value)),
                b"type" if of_keys => options.type_name = Some(Bytes::clone(value)),
                _ => return Err(Refusal::Syntax),
            }
        }
        Ok(options)
    }

    /// True if an element of this name is to be shown.
    pub(super) fn shows(&self, name: &[u8]) -> bool {
        let everything = |pattern: &[u8]| pattern == b"*";
        let matching = |pattern: &Bytes| everything(pattern) || glob::matches(pattern, name);
        self.pattern.as_ref().is_none_or(matching)
    }

    fn shows_type(&self, type_name: &str) -> bool {
        let wanted = self.type_name.as_ref();
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(type_name.as_bytes()))
    }
}

/// What a scan answers: the next cursor, and the elements.
pub(super) fn reply(cursor: u64, elements: Vec<Reply>) -> Reply {
    Reply::Array(vec![Reply::bulk(cursor.to_string()), Reply::Array(elements)])
}

/// Reads a cursor as the C function `strtoul` reads a number.
pub(super) fn parse_cursor(text: &[u8]) -> Result<u64, Refusal> {
    let invalid = || Refusal::other("ERR invalid cursor");
    // A zero byte ends a text of C's.
    let text = text.split(|&byte| byte == 0).next().unwrap_or(text);
    if text.is_empty() {
        return Ok(0);
    }
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    let number: u64 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(invalid)?;
    Ok(if negative { number.wrapping_neg() } else { number })
}

fn keys(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let pattern = Some(call.arg(1));
    let options = Options { count: 0, pattern, type_name: None };
    let entries = call.keyspace.db(call.db).iter();
    let shown = entries.filter(|entry| options.shows(&entry.key));
    let keys: Vec<Bytes> = shown.map(|entry| entry.key.clone()).collect();
    // An expired key is left out, but not deleted: nobody asked for it by name.
    let seen = |key: &Bytes| call.viewer == Viewer::Upstream || !call.is_expired(call.db, key);
    Ok(Reply::Array(keys.into_iter().filter(seen).map(Reply::Bulk).collect()))
}

fn scan(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let cursor = parse_cursor(&call.args[1])?;
    let options = Options::parse(&call.args[2..], true)?;
    let (next, keys) = page(call, cursor, &options);
    let seen: Vec<Bytes> = keys.into_iter().filter(|key| call.entry(key).is_some()).collect();
    Ok(reply(next, seen.into_iter().map(Reply::Bulk).collect()))
}

/// The keys among those that are looked at, and the cursor after them.
fn page(call: &Call<'_>, cursor: u64, options: &Options) -> (u64, Vec<Bytes>) {
    let database = call.keyspace.db(call.db);
    let (entries, next) = database.scan(cursor.reverse_bits(), options.count);
    let shown = entries.into_iter().filter(|entry| options.shows(&entry.key));
    let shown = shown.filter(|entry| options.shows_type(entry.value.type_name()));
    (next.map_or(0, u64::reverse_bits), shown.map(|entry| entry.key.clone()).collect())
}

/// How many elements are looked at if the user does not say.
const COUNT: usize = 10;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::commands::testing::{Bench, text};

    #[test]
    fn a_cursor_is_read_as_strtoul_reads() {
        for (text, cursor) in [("", 0), ("\0x", 0), ("17", 17), ("+5", 5), ("-1", u64::MAX)] {
            assert_eq!(parse_cursor(text.as_bytes()), Ok(cursor), "{text}");
        }
        for text in ["abc", " 1", "+", "++1", "1x", "18446744073709551616"] {
            assert!(parse_cursor(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_scan_shows_every_key_of_the_type_that_matches() {
        let mut bench = Bench::default();
        for n in 0..2_000 {
            bench.run(&format!("SET key:{n} {n}"));
        }
        bench.run("RPUSH key:list a");
        bench.run("SET other 1");
        let (mut cursor, mut seen) = ("0".to_owned(), BTreeSet::new());
        loop {
            let command = format!("SCAN {cursor} MATCH key:* COUNT 50 TYPE STRING");
            let Reply::Array(parts) = bench.reply(&command) else { panic!("no array") };
            let [next, Reply::Array(keys)] = &parts[..] else { panic!("no pair") };
            seen.extend(keys.iter().map(text));
            cursor = text(next);
            assert!(cursor.parse::<u64>().unwrap() < 2_048, "{cursor} is beyond the table");
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 2_000);
        assert_eq!(bench.run("KEYS *:li[rs]t"), "[\"key:list\"]");
    }

    #[test]
    fn a_scan_shows_hardly_more_than_the_count() {
        let mut bench = Bench::default();
        for n in 0..30 {
            bench.run(&format!("SET key:{n} {n}"));
        }
        for count in [1, 2, 10] {
            let (mut cursor, mut shown) = ("0".to_owned(), Vec::new());
            loop {
                let reply = bench.reply(&format!("SCAN {cursor} COUNT {count}"));
                let Reply::Array(parts) = reply else { panic!("no array") };
                let [next, Reply::Array(keys)] = &parts[..] else { panic!("no pair") };
                assert!(keys.len() < count + 5, "{} for {count}", keys.len());
                shown.extend(keys.iter().map(text));
                cursor = text(next);
                assert!(cursor == "0" || keys.len() >= count);
                // One of those to come goes, and one of those that were shown.
                if shown.len() < 15 {
                    let gone = (0..30).map(|n| format!("key:{n}")).find(|key| !shown.contains(key));
                    let gone = gone.expect("there are more");
                    bench.run(&format!("DEL {gone} {}", shown[0]));
                    shown.push(gone);
                }
                if cursor == "0" {
                    break;
                }
            }
            shown.sort_unstable();
            assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), shown.len(), "each but once");
            assert!(shown.len() == 30, "{shown:?}");
            (0..30).for_each(|n| drop(bench.run(&format!("SET key:{n} {n}"))));
        }
    }
}
