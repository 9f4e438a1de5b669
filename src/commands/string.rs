//! Strings, set and read whole.
//!
//! A value that is set with an expiry enters the stream as `SET key value PXAT stamp`, whatever the
//! command was: a replica must not count the seconds from when it hears of them.
//! *Source*: Redis 7.2 · t_string.c · setGenericCommand, getexCommand.

use super::call::Viewer;
use super::expire::{Clock, decimal, expire_at, positive_expiry};
use super::rows::rows;
use super::{Call, Classes, Expiry, Refusal, Spec};
use crate::keyspace::{Millis, StringValue, Value};
use crate::resp::{Bytes, Reply};

pub(super) const TABLE: &[Spec] = rows! { String;
    "set" -3 GROW FIRST set, concat!(
        "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|",
        "PXAT unix-time-milliseconds|KEEPTTL]"
    ), "Sets a key to a string, whatever it held.";
    "setnx" 3 GROW_FAST FIRST setnx, "key value", "Sets a key to a string if it holds nothing.";
    "setex" 4 GROW FIRST setex, "key seconds value", "Sets a string and when it expires.";
    "psetex" 4 GROW FIRST psetex, "key milliseconds value",
        "Sets a string and when it expires, in milliseconds.";
    "get" 2 READ_FAST FIRST get, "key", "Answers the string of a key.";
    "getset" 3 GROW_FAST FIRST getset, "key value", "Sets a string and answers the old one.";
    "getdel" 2 WRITE_FAST FIRST getdel, "key", "Answers a string and deletes it.";
    "getex" -2 WRITE_FAST FIRST getex, concat!(
        "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|",
        "PERSIST]"
    ), "Answers a string and sets when it expires.";
    "mget" -2 READ_FAST ALL mget, "key [key ...]", "Answers the strings of several keys.";
    "mset" -3 GROW PAIRS mset, "key value [key value ...]", "Sets several keys.";
    "msetnx" -3 GROW PAIRS msetnx, "key value [key value ...]",
        "Sets several keys if none of them holds anything.";
    "append" 3 GROW_FAST FIRST append, "key value", "Appends to a string.";
    "strlen" 2 READ_FAST FIRST strlen, "key", "Answers the length of a string.";
};

/// The options of SET, and those of GETEX.
#[derive(Clone, Debug, Default)]
struct Options {
    nx: bool,
    xx: bool,
    get: bool,
    keep_ttl: bool,
    persist: bool,
    /// How the expiry is counted, and its number as typed.
    expiry: Option<(Clock, Bytes)>,
}

/// Whose options they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Set,
    GetEx,
}

impl Options {
    fn parse(args: &[Bytes], whose: For) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let word = arg.to_ascii_lowercase();
            let of_set = whose == For::Set;
            let clock = Clock::named(&word);
            let timed = options.expiry.is_some();
            match (word.as_slice(), clock) {
                (b"nx", _) if of_set && !options.xx => options.nx = true,
                (b"xx", _) if of_set && !options.nx => options.xx = true,
                (b"get", _) if of_set => options.get = true,
                (b"keepttl", _) if of_set && !timed => options.keep_ttl = true,
                (b"persist", _) if !of_set && !timed => options.persist = true,
                (_, Some(clock)) if options.allows(clock) => {
                    let number = args.next().ok_or(Refusal::Syntax)?;
                    options.expiry = Some((clock, Bytes::clone(number)));
                }
                _ => return Err(Refusal::Syntax),
            }
        }
        Ok(options)
    }

    /// The same clock twice is no contradiction: the last one counts.
    fn allows(&self, clock: Clock) -> bool {
        let same = self.expiry.as_ref().is_none_or(|(other, _)| *other == clock);
        same && !self.keep_ttl && !self.persist
    }

    fn stamp(&self, now: Millis, name: &'static str) -> Result<Option<Millis>, Refusal> {
        let stamp = |(clock, text): &(Clock, Bytes)| positive_expiry(text, *clock, now, name);
        self.expiry.as_ref().map(stamp).transpose()
    }

    fn is_timed_by(&self, clock: Clock) -> bool {
        self.expiry.as_ref().is_some_and(|(own, _)| *own == clock)
    }

    fn is_relative(&self) -> bool {
        self.expiry.as_ref().is_some_and(|(own, _)| own.relative)
    }
}

fn set(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let options = Options::parse(&call.args[3..], For::Set)?;
    let stamp = options.stamp(call.now, "set")?;
    let key = call.arg(1);
    let before = if options.get { read(call, &key)? } else { Reply::OK };
    let exists = call.exists(&key);
    if (options.nx && exists) || (options.xx && !exists) {
        return Ok(if options.get { before } else { Reply::Null });
    }
    let keep = if options.keep_ttl { Expiry::Keep } else { Expiry::Clear };
    let value = StringValue::new(call.arg(2));
    call.set(Bytes::clone(&key), Value::String(value), stamp.map_or(keep, Expiry::At));
    call.event(Classes::STRING, "set", &key);
    if stamp.is_some() {
        call.event(Classes::GENERIC, "expire", &key);
    }
    match stamp {
        Some(at) if call.rewrites_stamps || !options.is_timed_by(Clock::UNIX_MILLIS) => {
            propagate_until(call, &key, &call.arg(2), options.is_relative(), at);
        }
        None if options.get => {
            let kept = |arg: &&Bytes| !arg.eq_ignore_ascii_case(b"get");
            let (head, tail) = call.args.split_at(3);
            let stream = head.iter().chain(tail.iter().filter(kept)).cloned().collect();
            call.effects.rewritten = Some(vec![stream]);
        }
        _ => {}
    }
    Ok(before)
}

fn setnx(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    if call.exists(&key) {
        return Ok(Reply::Integer(0));
    }
    let value = StringValue::new(call.arg(2));
    call.set(Bytes::clone(&key), Value::String(value), Expiry::Clear);
    call.event(Classes::STRING, "set", &key);
    Ok(Reply::Integer(1))
}

fn setex(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    set_until(call, Clock::SECONDS, "setex")
}

fn psetex(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    set_until(call, Clock::MILLIS, "psetex")
}

fn set_until(call: &mut Call<'_>, clock: Clock, name: &'static str) -> Result<Reply, Refusal> {
    let at = positive_expiry(&call.args[2], clock, call.now, name)?;
    let (key, value) = (call.arg(1), call.arg(3));
    propagate_until(call, &key, &value, clock.relative, at);
    call.set(Bytes::clone(&key), Value::String(StringValue::new(value)), Expiry::At(at));
    call.event(Classes::STRING, "set", &key);
    call.event(Classes::GENERIC, "expire", &key);
    Ok(Reply::OK)
}

/// Lets the stream carry a value that is set with an expiry.
fn propagate_until(call: &mut Call<'_>, key: &[u8], value: &[u8], relative: bool, at: Millis) {
    let (clock, number) = if relative && call.relative_expiries {
        (b"PX".as_slice(), at - call.now)
    } else {
        (b"PXAT".as_slice(), at)
    };
    call.propagate_as(&[&b"SET"[..], key, value, clock, &decimal(number)]);
}

fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    read(call, &key)
}

/// The string of `key` as GET answers it.
fn read(call: &mut Call<'_>, key: &[u8]) -> Result<Reply, Refusal> {
    let string = call.reading(|call| call.string(key))?;
    Ok(string.map_or(Reply::Null, |string| Reply::Bulk(string.to_bytes())))
}

fn getset(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, value) = (call.arg(1), call.arg(2));
    let before = read(call, &key)?;
    call.propagate_as(&[&b"SET"[..], &key, &value]);
    call.set(Bytes::clone(&key), Value::String(StringValue::new(value)), Expiry::Clear);
    call.event(Classes::STRING, "set", &key);
    Ok(before)
}

fn getdel(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let before = read(call, &key)?;
    if call.delete(&key) {
        call.propagate_as(&[&b"DEL"[..], &key]);
    }
    Ok(before)
}

fn getex(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let options = Options::parse(&call.args[2..], For::GetEx)?;
    let key = call.arg(1);
    let reply = read(call, &key)?;
    if reply == Reply::Null {
        return Ok(reply);
    }
    if let Some(at) = options.stamp(call.now, "getex")? {
        expire_at(call, &key, at);
        if !call.is_past(at) {
            let relative = options.is_relative() && call.relative_expiries;
            let (name, number) =
                if relative { ("PEXPIRE", at - call.now) } else { ("PEXPIREAT", at) };
            call.propagate_as(&[name.as_bytes(), &key, &decimal(number)]);
        }
    } else if options.persist && call.persist(&key) {
        call.propagate_as(&[&b"PERSIST"[..], &key]);
    }
    Ok(reply)
}

fn mget(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut values = Vec::with_capacity(call.args.len() - 1);
    for key in &call.args[1..] {
        // A key of another type is no error here; it has no string.
        values.push(read(call, key).unwrap_or(Reply::Null));
    }
    Ok(Reply::Array(values))
}

fn mset(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    check_pairs(call, "mset")?;
    // What has expired is deleted first, and the stream says so.
    for index in (1..call.args.len()).step_by(2) {
        let key = call.arg(index);
        call.exists(&key);
    }
    set_pairs(call, "mset")?;
    Ok(Reply::OK)
}

fn msetnx(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    check_pairs(call, "msetnx")?;
    for index in (1..call.args.len()).step_by(2) {
        let key = call.arg(index);
        if call.exists(&key) {
            return Ok(Reply::Integer(0));
        }
    }
    set_pairs(call, "msetnx")?;
    Ok(Reply::Integer(1))
}

fn check_pairs(call: &Call<'_>, name: &str) -> Result<(), Refusal> {
    let whole = !call.args.len().is_multiple_of(2);
    if whole { Ok(()) } else { Err(Refusal::Arity(name.to_owned())) }
}

fn set_pairs(call: &mut Call<'_>, name: &str) -> Result<(), Refusal> {
    check_pairs(call, name)?;
    for index in (1..call.args.len()).step_by(2) {
        let value = StringValue::new(call.arg(index + 1));
        call.set(call.arg(index), Value::String(value), Expiry::Clear);
        call.event(Classes::STRING, "set", &call.args[index]);
    }
    Ok(())
}

fn append(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, tail) = (call.arg(1), call.arg(2));
    let value = match call.string(&key)? {
        None => StringValue::new(tail),
        Some(string) => {
            call.check_length(string.len() as u64, tail.len() as u64)?;
            StringValue::Raw([&*string.to_bytes(), &*tail].concat().into())
        }
    };
    let length = value.len();
    call.set(Bytes::clone(&key), Value::String(value), Expiry::Keep);
    call.event(Classes::STRING, "append", &key);
    Ok(Reply::count(length as u64))
}

fn strlen(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::count(call.string(&key)?.map_or(0, |string| string.len() as u64)))
}

impl Call<'_> {
    /// Refuses a string of `start + more` bytes if that is too long.
    pub(super) fn check_length(&self, start: u64, more: u64) -> Result<(), Refusal> {
        let length = start.checked_add(more).filter(|&length| length <= self.string_bytes_max());
        let text = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
        length.map(|_| ()).ok_or_else(|| Refusal::other(text))
    }

    /// How long a string may be: one of a master, which may be told otherwise, as long as is usual.
    pub(super) fn string_bytes_max(&self) -> u64 {
        let own = self.settings.string_bytes_max;
        if self.viewer == Viewer::Upstream { own.max(USUAL_BYTES_MAX) } else { own }
    }
}

/// The default of `proto-max-bulk-len`.
const USUAL_BYTES_MAX: u64 = 512 << 20;
