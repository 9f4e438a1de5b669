//! Strings. *Source*: Redis 7.2 · t_string.c.

use super::expire::{Clock, decimal, positive_expiry};
use super::{Call, Expiry, Flags, Group, Handler, Keys, Refusal, Spec};
use crate::keyspace::{Millis, StringValue, Value};
use crate::resp::{Bytes, Reply, parse_integer};

pub(super) const TABLE: &[Spec] = &[
    row(
        "set",
        -3,
        DENYOOM,
        Keys::FIRST,
        "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|\
         PXAT unix-time-milliseconds|KEEPTTL]",
        "Sets a key to a string, whatever it held.",
        set,
    ),
    row("get", 2, READ, Keys::FIRST, "key", "Answers the string of a key.", get),
    row("mget", -2, READ, Keys::ALL, "key [key ...]", "Answers the strings of several keys.", mget),
    row("mset", -3, DENYOOM, Keys::PAIRS, "key value [key value ...]", "Sets several keys.", mset),
    row("append", 3, WRITE, Keys::FIRST, "key value", "Appends to a string.", append),
    row("strlen", 2, READ, Keys::FIRST, "key", "Answers the length of a string.", strlen),
    row("incr", 2, WRITE, Keys::FIRST, "key", "Adds one to a number.", incr),
    row("decr", 2, WRITE, Keys::FIRST, "key", "Takes one from a number.", decr),
    row("incrby", 3, WRITE, Keys::FIRST, "key increment", "Adds to a number.", incrby),
    row("decrby", 3, WRITE, Keys::FIRST, "key decrement", "Takes from a number.", decrby),
];

const DENYOOM: Flags = Flags::WRITE.and(Flags::DENYOOM);
const WRITE: Flags = DENYOOM.and(Flags::FAST);
const READ: Flags = Flags::READONLY.and(Flags::FAST);

const fn row(
    name: &'static str,
    arity: i32,
    flags: Flags,
    keys: Keys,
    usage: &'static str,
    summary: &'static str,
    handler: Handler,
) -> Spec {
    Spec { name, arity, flags, keys, group: Group::String, usage, summary, handler }
}

/// The options of SET.
#[derive(Clone, Copy, Debug, Default)]
struct SetOptions {
    nx: bool,
    xx: bool,
    get: bool,
    keep_ttl: bool,
    /// The stamp, and whether it was given as PXAT.
    expiry: Option<(Millis, bool)>,
}

impl SetOptions {
    fn parse(call: &Call<'_>) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let mut index = 3;
        while index < call.args.len() {
            let word = call.args[index].to_ascii_lowercase();
            let clock = match word.as_slice() {
                b"ex" => Some(Clock::SECONDS),
                b"px" => Some(Clock::MILLIS),
                b"exat" => Some(Clock::UNIX_SECONDS),
                b"pxat" => Some(Clock::UNIX_MILLIS),
                _ => None,
            };
            match (word.as_slice(), clock) {
                (b"nx", _) if !options.xx => options.nx = true,
                (b"xx", _) if !options.nx => options.xx = true,
                (b"get", _) => options.get = true,
                (b"keepttl", _) if options.expiry.is_none() => options.keep_ttl = true,
                (_, Some(clock)) if !options.keep_ttl && options.expiry.is_none() => {
                    index += 1;
                    let text = call.args.get(index).ok_or(Refusal::Syntax)?;
                    let at = positive_expiry(text, clock, call.now, "set")?;
                    options.expiry = Some((at, clock == Clock::UNIX_MILLIS));
                }
                _ => return Err(Refusal::Syntax),
            }
            index += 1;
        }
        Ok(options)
    }
}

fn set(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let options = SetOptions::parse(call)?;
    let key = call.arg(1);
    let before = if options.get {
        call.string(&key)?.map_or(Reply::Null, |string| Reply::Bulk(string.to_bytes()))
    } else {
        Reply::OK
    };
    let exists = call.entry(&key).is_some();
    if (options.nx && exists) || (options.xx && !exists) {
        return Ok(if options.get { before } else { Reply::Null });
    }
    let value = Value::String(StringValue::new(call.arg(2)));
    let expiry = match options.expiry {
        Some((at, _)) => Expiry::At(at),
        None if options.keep_ttl => Expiry::Keep,
        None => Expiry::Clear,
    };
    call.set(Bytes::clone(&key), value, expiry);
    match options.expiry {
        Some((at, false)) => {
            call.propagate_as(&[&b"SET"[..], &key, &call.arg(2), b"PXAT", &decimal(at)]);
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

fn get(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(call.string(&key)?.map_or(Reply::Null, |string| Reply::Bulk(string.to_bytes())))
}

fn mget(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut values = Vec::with_capacity(call.args.len() - 1);
    for index in 1..call.args.len() {
        let key = call.arg(index);
        // A key of another type is no error here; it has no string.
        let string = call.string(&key).unwrap_or(None);
        values.push(string.map_or(Reply::Null, |string| Reply::Bulk(string.to_bytes())));
    }
    Ok(Reply::Array(values))
}

fn mset(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    if call.args.len().is_multiple_of(2) {
        return Err(Refusal::Arity("mset".to_owned()));
    }
    for index in (1..call.args.len()).step_by(2) {
        let value = Value::String(StringValue::new(call.arg(index + 1)));
        call.set(call.arg(index), value, Expiry::Clear);
    }
    Ok(Reply::OK)
}

fn append(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let tail = call.arg(2);
    let value = match call.string(&key)? {
        None => StringValue::new(tail),
        Some(string) => {
            let mut bytes = string.to_bytes().to_vec();
            bytes.extend_from_slice(&tail);
            StringValue::Raw(Bytes::from(bytes))
        }
    };
    let length = value.len();
    call.set(key, Value::String(value), Expiry::Keep);
    Ok(Reply::count(length as u64))
}

fn strlen(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::count(call.string(&key)?.map_or(0, |string| string.len() as u64)))
}

fn incr(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    add(call, 1)
}

fn decr(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    add(call, -1)
}

fn incrby(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    add(call, call.integer(2)?)
}

fn decrby(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let decrement = call.integer(2)?;
    let increment =
        decrement.checked_neg().ok_or_else(|| Refusal::other("ERR decrement would overflow"))?;
    add(call, increment)
}

fn add(call: &mut Call<'_>, increment: i64) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let before = match call.string(&key)? {
        None => 0,
        Some(StringValue::Integer(number)) => number,
        Some(string) => parse_integer(&string.to_bytes()).ok_or(Refusal::NotAnInteger)?,
    };
    let after = before.checked_add(increment).ok_or(Refusal::Overflow)?;
    call.set(key, Value::String(StringValue::Integer(after)), Expiry::Keep);
    Ok(Reply::Integer(after))
}
