//! COMMAND GETKEYS: which arguments of a command are keys.
//! *Source*: Redis 7.2 · db.c · getKeysUsingKeySpecs, sortGetKeys.

use std::ops::Range;

use super::facts::{self, Begin, Facts, Find, KeySpecification};
use crate::node::state::Profile;
use crate::resp::{Bytes, Reply, parse_integer};

/// A key, and the flags of the specification by which it was found.
type Found = (Bytes, Vec<&'static str>);

/// `COMMAND GETKEYS <full command>`, with flags or without; of a call of the command `name`.
pub(super) fn getkeys(
    name: Option<&[u8]>,
    call: &[Bytes],
    profile: Profile,
    with_flags: bool,
) -> Reply {
    let Some(facts) = name.and_then(|name| facts::of_call(name, call, profile)) else {
        return Reply::error("ERR Invalid command specified");
    };
    if facts.specifications().all(|one| one.is_of_channels()) {
        return Reply::error("ERR The command has no key arguments");
    }
    if !facts.takes(call.len()) {
        return Reply::error("ERR Invalid number of arguments specified for command");
    }
    let keys = keys_of(facts, call).filter(|keys| !keys.is_empty());
    let keys = keys.or_else(|| facts.needs_no_keys().then(Vec::new));
    let Some(keys) = keys else {
        return Reply::error("ERR Invalid arguments specified for command");
    };
    let shown = |(key, flags): Found| {
        let key = Reply::Bulk(key);
        if !with_flags {
            return key;
        }
        let flags = flags.into_iter().map(|flag| Reply::Simple(flag.into())).collect();
        Reply::Array(vec![key, Reply::Set(flags)])
    };
    Reply::Array(keys.into_iter().map(shown).collect())
}

/// The keys of a call of the command `name` that is sound.
pub(in crate::node) fn keys_read(name: &str, call: &[Bytes], profile: Profile) -> Vec<Bytes> {
    let facts = facts::of_call(name.as_bytes(), call, profile);
    let found = facts.and_then(|facts| keys_of(facts, call));
    found.into_iter().flatten().map(|(key, _)| key).collect()
}

/// None if the arguments contradict what they announce.
fn keys_of(facts: Facts, call: &[Bytes]) -> Option<Vec<Found>> {
    let mut keys = Vec::new();
    if facts.name == "migrate" {
        let flags: Vec<_> = facts.specifications().next()?.flags().collect();
        let places = migrated(call);
        return Some(call[places].iter().map(|key| (Bytes::clone(key), flags.clone())).collect());
    }
    for specification in facts.specifications().filter(|one| !one.is_of_channels()) {
        let found = match specification.find {
            Find::Unknown => Vec::new(),
            Find::Range { .. } | Find::Counted { .. } => {
                let Some(begin) = begin(specification, call) else { continue };
                indices(specification, begin, call)?
            }
        };
        let flags = flags_of(specification, facts.name, call);
        keys.extend(found.into_iter().map(|at| (Bytes::clone(&call[at]), flags.clone())));
    }
    if facts.name == "sort" {
        keys.extend(stored_by_sort(call).map(|key| (key, vec!["OW", "update"])));
    }
    Some(keys)
}

/// The flags of a key; two commands have others if they are told to do less.
fn flags_of(specification: KeySpecification, name: &str, call: &[Bytes]) -> Vec<&'static str> {
    let is_get = |arg: &Bytes| arg.eq_ignore_ascii_case(b"get");
    match name {
        "set" if call[3..].iter().any(is_get) => vec!["RW", "access", "update"],
        "set" => vec!["OW", "update"],
        "bitfield" if only_gets(call) => vec!["RO", "access"],
        "bitfield" => vec!["RW", "access", "update"],
        _ => specification.flags().collect(),
    }
}

/// True of a BITFIELD that gets, and is sound.
fn only_gets(call: &[Bytes]) -> bool {
    let mut rest = &call[2..];
    while let [word, behind @ ..] = rest {
        let taken = match word.to_ascii_lowercase().as_slice() {
            b"get" => 2,
            b"overflow" => 1,
            _ => return false,
        };
        let Some(next) = behind.get(taken..) else { return false };
        rest = next;
    }
    true
}

/// MIGRATE moves its one key or, if that is empty, those behind KEYS; what stands before may be a
/// password.
fn migrated(call: &[Bytes]) -> Range<usize> {
    let is_keys = |arg: &Bytes| arg.eq_ignore_ascii_case(b"keys");
    let mut at = 6;
    // Behind a KEYS that is the last word there is none.
    while call[..call.len() - 1].iter().any(is_keys) && at < call.len() {
        at += match call[at].to_ascii_lowercase().as_slice() {
            b"keys" if call[3].is_empty() => return at + 1..call.len(),
            b"keys" => return 0..0,
            b"auth" => 2,
            b"auth2" => 3,
            _ => 1,
        };
    }
    3..4
}

/// SORT stores where the last STORE says; what stands before may be the argument of another word.
fn stored_by_sort(call: &[Bytes]) -> Option<Bytes> {
    let (mut at, mut stored) = (2, None);
    while at < call.len() {
        at += match call[at].to_ascii_lowercase().as_slice() {
            b"limit" => 2,
            b"get" | b"by" => 1,
            b"store" => {
                stored = call.get(at + 1).cloned();
                1
            }
            _ => 0,
        } + 1;
    }
    stored
}

fn begin(specification: KeySpecification, call: &[Bytes]) -> Option<i64> {
    match specification.begin {
        Begin::Index(index) => Some(index),
        Begin::Keyword { word, from } => {
            let from = usize::try_from(from).unwrap_or(1);
            // Behind the last word there is no key.
            let mut places = from..call.len() - 1;
            let at = places.find(|&at| call[at].eq_ignore_ascii_case(word.as_bytes()));
            at.map(|at| at as i64 + 1)
        }
        Begin::Unknown => None,
    }
}

/// The places of the keys; none if there is no such argument.
fn indices(specification: KeySpecification, begin: i64, call: &[Bytes]) -> Option<Vec<usize>> {
    let count = call.len() as i64;
    let (first, last, step) = match specification.find {
        Find::Range { last, step, limit } if last < 0 && limit > 1 => {
            (begin, begin + (count - begin) / limit + last, step)
        }
        Find::Range { last, step, .. } if last < 0 => (begin, count + last, step),
        Find::Range { last, step, .. } => (begin, begin + last, step),
        Find::Counted { number_at, first, step } => {
            let at = usize::try_from(begin + number_at).ok()?;
            let keys = parse_integer(call.get(at)?).filter(|&keys| keys >= 0)?;
            (begin + first, begin + first + (keys - 1) * step, step)
        }
        Find::Unknown => return Some(Vec::new()),
    };
    if first >= count || last >= count {
        return None;
    }
    let step = usize::try_from(step).unwrap_or(1).max(1);
    let places = usize::try_from(first).ok()?..usize::try_from(last + 1).ok()?;
    Some(places.step_by(step).collect())
}
