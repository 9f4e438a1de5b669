//! Strings that are numbers: INCR and its relatives.
//!
//! A whole number enters the stream as the command was typed: adding is exact, every replica comes
//! to the same sum. A sum of fractions is rounded, so the stream carries what came of it.
//! *Source*: Redis 7.2 · t_string.c · incrDecrCommand, incrbyfloatCommand.

use super::long_double::LongDouble;
use super::rows::rows;
use super::{Call, Classes, Expiry, Refusal, Spec};
use crate::keyspace::{StringValue, Value};
use crate::resp::{Bytes, Reply, parse_integer};

pub(super) const TABLE: &[Spec] = rows! { String;
    "incr" 2 GROW_FAST FIRST incr, "key", "Adds one to a number.";
    "decr" 2 GROW_FAST FIRST decr, "key", "Takes one from a number.";
    "incrby" 3 GROW_FAST FIRST incrby, "key increment", "Adds to a number.";
    "decrby" 3 GROW_FAST FIRST decrby, "key decrement", "Takes from a number.";
    "incrbyfloat" 3 GROW_FAST FIRST incrbyfloat, "key increment",
        "Adds to a number that may have a fraction.";
};

fn incr(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    add(call, 1)
}

fn decr(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    add(call, -1)
}

fn incrby(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let increment = call.integer(2)?;
    add(call, increment)
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
    call.set(Bytes::clone(&key), Value::String(StringValue::Integer(after)), Expiry::Keep);
    call.event(Classes::STRING, "incrby", &key);
    Ok(Reply::Integer(after))
}

fn incrbyfloat(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let before = match call.string(&key)? {
        None => LongDouble::ZERO,
        Some(string) => LongDouble::parse(&string.to_bytes()).ok_or(Refusal::NotAFloat)?,
    };
    let increment = LongDouble::parse(&call.args[2]).ok_or(Refusal::NotAFloat)?;
    let after = before.plus(increment).ok_or(Refusal::NotFinite)?;
    let text = Bytes::from(after.to_string().into_bytes());
    call.propagate_as(&[&b"SET"[..], &key, &text, b"KEEPTTL"]);
    // Even a whole sum is kept as text: only SET looks whether a string is a number.
    let value = StringValue::text(Bytes::clone(&text));
    call.set(Bytes::clone(&key), Value::String(value), Expiry::Keep);
    call.event(Classes::STRING, "incrbyfloat", &key);
    Ok(Reply::Bulk(text))
}
