//! DEBUG HTSTATS: how full the tables are.
//!
//! Redis looks for a name in a chain, which hangs on a slot of an array. Here it is looked for on a
//! page of the keyspace, or in a leaf of a large value: those are the slots, and what lies on one
//! is its chain. Expiries have no table of their own; they stand on the pages of their keys.
//! *Source*: Redis 7.2 · debug.c; dict.c · dictGetStats.

use std::fmt::Write as _;

use super::super::io::Link;
use super::super::machine::Machine;
use crate::commands::Refusal;
use crate::keyspace::Database;
use crate::resp::{Bytes, Reply, parse_integer};

/// `DEBUG HTSTATS <dbid> [full]`.
pub(super) fn of_database(machine: &Machine<'_>, index: &[u8], options: &[Bytes]) -> Reply {
    let Some(index) = parse_integer(index) else {
        return Reply::error(Refusal::NotAnInteger.to_string());
    };
    let keyspace = &machine.state.keyspace;
    let Some(index) = usize::try_from(index).ok().filter(|&at| at < keyspace.databases()) else {
        return Reply::error("ERR Out of range database");
    };
    let (keys, expiries) = chains(keyspace.db(index));
    let mut text = "[Dictionary HT]\n".to_owned();
    describe(&keys, is_full(options), &mut text);
    text += "[Expires HT]\n";
    describe(&expiries, is_full(options), &mut text);
    Reply::Verbatim(Bytes::from(text.into_bytes()))
}

/// `DEBUG HTSTATS-KEY <key> [full]`.
pub(super) fn of_key(machine: &Machine<'_>, link: Link, key: &[u8], options: &[Bytes]) -> Reply {
    let db = machine.state.clients.get(&link).map_or(0, |client| client.db);
    let Some(entry) = machine.state.keyspace.db(db).get(key) else {
        return Reply::error(Refusal::NoSuchKey.to_string());
    };
    let Some(chains) = entry.value.leaves() else {
        return Reply::error(
            "ERR The value stored at the specified key is not represented using an hash table",
        );
    };
    let mut text = String::new();
    describe(&chains, is_full(options), &mut text);
    Reply::Verbatim(Bytes::from(text.into_bytes()))
}

fn is_full(options: &[Bytes]) -> bool {
    options.first().is_some_and(|option| option.eq_ignore_ascii_case(b"full"))
}

/// How many keys lie on each page, and how many of them have an expiry.
fn chains(db: &Database) -> (Vec<usize>, Vec<usize>) {
    let (mut keys, mut expiries) = (Vec::new(), Vec::new());
    let mut from = Some(0);
    while let Some((entries, next)) = from.and_then(|from| db.page_from(from)) {
        keys.push(entries.len());
        expiries.push(entries.iter().filter(|entry| entry.expires.is_some()).count());
        from = next;
    }
    (keys, expiries)
}

/// What Redis says of a table whose chains are so long.
fn describe(chains: &[usize], full: bool, text: &mut String) {
    let elements: usize = chains.iter().sum();
    *text += "Hash table 0 stats (main hash table):\n";
    if elements == 0 {
        *text += "No stats available for empty dictionaries\n";
        return;
    }
    let size = chains.len();
    let mut line = |args: std::fmt::Arguments<'_>| {
        writeln!(text, "{args}").expect("a String takes every write");
    };
    line(format_args!(" table size: {size}"));
    line(format_args!(" number of elements: {elements}"));
    if !full {
        return;
    }
    let used = chains.iter().filter(|&&chain| chain > 0).count();
    let longest = chains.iter().copied().max().unwrap_or_default();
    let mean = elements as f64 / used as f64;
    line(format_args!(" different slots: {used}"));
    line(format_args!(" max chain length: {longest}"));
    line(format_args!(" avg chain length (counted): {mean:.2}"));
    line(format_args!(" avg chain length (computed): {mean:.2}"));
    line(format_args!(" Chain length distribution:"));
    for length in 0..=longest {
        let count = chains.iter().filter(|&&chain| chain == length).count();
        if count > 0 {
            let percent = count as f64 / size as f64 * 100.0;
            line(format_args!("   {length}: {count} ({percent:.2}%)"));
        }
    }
}
