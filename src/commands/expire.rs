//! Keys that expire: EXPIRE and its relatives.
//!
//! An expiry enters the stream as an absolute time, whatever form it was given in: a replica that
//! receives it later must not let the key live longer. Before 7.0 it entered as it was given, and
//! the key lived longer. *Source*: Redis 7.2 · expire.c.

use super::rows::rows;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::Millis;
use crate::resp::{Bytes, Reply, parse_integer, text_of};

pub(super) const TABLE: &[Spec] = rows! { Generic;
    "expire" -3 WRITE_FAST FIRST expire, "key seconds [NX|XX|GT|LT]",
        "Sets a key's expiry in seconds from now.";
    "pexpire" -3 WRITE_FAST FIRST pexpire, "key milliseconds [NX|XX|GT|LT]",
        "Sets a key's expiry in milliseconds from now.";
    "expireat" -3 WRITE_FAST FIRST expireat, "key unix-time-seconds [NX|XX|GT|LT]",
        "Sets a key's expiry as a Unix time.";
    "pexpireat" -3 WRITE_FAST FIRST pexpireat, "key unix-time-milliseconds [NX|XX|GT|LT]",
        "Sets a key's expiry as a Unix time in milliseconds.";
    "persist" 2 WRITE_FAST FIRST persist, "key", "Takes a key's expiry away.";
    "ttl" 2 READ_FAST FIRST ttl, "key", "Answers the seconds until a key expires.";
    "pttl" 2 READ_FAST FIRST pttl, "key", "Answers the milliseconds until a key expires.";
    "expiretime" 2 READ_FAST FIRST expiretime, "key",
        "Answers when a key expires, as a Unix time.";
    "pexpiretime" 2 READ_FAST FIRST pexpiretime, "key",
        "Answers when a key expires, as a Unix time in milliseconds.";
};

/// The unit and the origin of an expiry that a user gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// How many milliseconds one unit has.
    pub(super) unit: Millis,
    /// True if it counts from now, false if from the epoch.
    pub(super) relative: bool,
}

impl Clock {
    /// Seconds from now: EX, EXPIRE.
    pub(super) const SECONDS: Self = Self { unit: 1_000, relative: true };
    /// Milliseconds from now: PX, PEXPIRE.
    pub(super) const MILLIS: Self = Self { unit: 1, relative: true };
    /// Unix seconds: EXAT, EXPIREAT.
    pub(super) const UNIX_SECONDS: Self = Self { unit: 1_000, relative: false };
    /// Unix milliseconds: PXAT, PEXPIREAT.
    pub(super) const UNIX_MILLIS: Self = Self { unit: 1, relative: false };

    /// The clock of an option of SET, in lower case.
    pub(super) const fn named(word: &[u8]) -> Option<Self> {
        match word {
            b"ex" => Some(Self::SECONDS),
            b"px" => Some(Self::MILLIS),
            b"exat" => Some(Self::UNIX_SECONDS),
            b"pxat" => Some(Self::UNIX_MILLIS),
            _ => None,
        }
    }

    /// The stamp that `text` means, or `None` if it does not fit 64 bits.
    pub(super) fn stamp(self, number: i64, now: Millis) -> Option<Millis> {
        let millis = number.checked_mul(self.unit)?;
        if self.relative { millis.checked_add(now) } else { Some(millis) }
    }
}

fn expire(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    expire_by(call, Clock::SECONDS, "expire")
}

fn pexpire(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    expire_by(call, Clock::MILLIS, "pexpire")
}

fn expireat(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    expire_by(call, Clock::UNIX_SECONDS, "expireat")
}

fn pexpireat(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    expire_by(call, Clock::UNIX_MILLIS, "pexpireat")
}

/// The conditions of EXPIRE's last arguments.
#[derive(Clone, Copy, Debug, Default)]
struct Conditions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Conditions {
    fn parse(args: &[Bytes]) -> Result<Self, Refusal> {
        let mut conditions = Self::default();
        for arg in args {
            match arg.to_ascii_lowercase().as_slice() {
                b"nx" => conditions.nx = true,
                b"xx" => conditions.xx = true,
                b"gt" => conditions.gt = true,
                b"lt" => conditions.lt = true,
                _ => {
                    let option = text_of(arg);
                    return Err(Refusal::other(format!("ERR Unsupported option {option}")));
                }
            }
        }
        let Self { nx, xx, gt, lt } = conditions;
        if nx && (xx || gt || lt) {
            let text = "ERR NX and XX, GT or LT options at the same time are not compatible";
            return Err(Refusal::other(text));
        }
        if gt && lt {
            let text = "ERR GT and LT options at the same time are not compatible";
            return Err(Refusal::other(text));
        }
        Ok(conditions)
    }

    /// A key without expiry counts as one that expires never.
    fn allow(self, current: Option<Millis>, wanted: Millis) -> bool {
        let later = current.is_some_and(|current| wanted > current);
        let sooner = current.is_none_or(|current| wanted < current);
        (!self.nx || current.is_none())
            && (!self.xx || current.is_some())
            && (!self.gt || later)
            && (!self.lt || sooner)
    }
}

fn expire_by(call: &mut Call<'_>, clock: Clock, name: &'static str) -> Result<Reply, Refusal> {
    let conditions = Conditions::parse(&call.args[3..])?;
    let number = call.integer(2)?;
    let at = clock.stamp(number, call.now).ok_or(Refusal::ExpireTime(name))?;
    let key = call.arg(1);
    let Some(current) = call.entry(&key).map(|entry| entry.expires.at()) else {
        return Ok(Reply::Integer(0));
    };
    if !conditions.allow(current, at) {
        return Ok(Reply::Integer(0));
    }
    expire_at(call, &key, at);
    if !call.is_past(at) && clock != Clock::UNIX_MILLIS && !call.relative_expiries {
        let mut stream = vec![Bytes::from(&b"PEXPIREAT"[..]), key, decimal(at)];
        stream.extend(call.args[3..].iter().cloned());
        call.effects.rewritten = Some(vec![stream]);
    }
    Ok(Reply::Integer(1))
}

/// Gives an existing key an expiry, or deletes it if the time is past.
pub(super) fn expire_at(call: &mut Call<'_>, key: &Bytes, at: Millis) {
    if call.is_past(at) {
        call.delete(key);
        call.propagate_as(&[call.expiry_deletion().as_bytes(), key]);
    } else {
        call.expire_later(key, at);
    }
}

impl Call<'_> {
    /// Gives an existing key an expiry; one change.
    pub(super) fn expire_later(&mut self, key: &[u8], at: Millis) {
        self.database().set_expiry(key, Some(at));
        self.touch(key);
        self.event(Classes::GENERIC, "expire", key);
        self.effects.dirty += 1;
    }

    /// Takes the expiry of `key` away; one change, or false if it has none.
    pub(super) fn persist(&mut self, key: &[u8]) -> bool {
        if self.entry(key).is_none_or(|entry| !entry.expires.is_some()) {
            return false;
        }
        self.database().set_expiry(key, None);
        self.touch(key);
        self.event(Classes::GENERIC, "persist", key);
        self.effects.dirty += 1;
        true
    }
}

fn persist(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::Integer(call.persist(&key).into()))
}

fn ttl(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let now = call.now;
    remaining(call, |at| ((at - now).max(0) + 500) / 1_000)
}

fn pttl(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let now = call.now;
    remaining(call, |at| (at - now).max(0))
}

fn expiretime(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    remaining(call, |at| (at + 500) / 1_000)
}

fn pexpiretime(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    remaining(call, |at| at)
}

/// -2 for no key, -1 for no expiry.
fn remaining(call: &mut Call<'_>, show: impl Fn(Millis) -> i64) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::Integer(match call.peek(&key) {
        None => -2,
        Some(entry) => entry.expires.at().map_or(-1, show),
    }))
}

/// `number` as the stream carries it.
pub(super) fn decimal(number: i64) -> Bytes {
    Bytes::from(number.to_string().into_bytes())
}

/// Reads the number of an expiry option: an integer, and positive.
pub(super) fn positive_expiry(
    text: &[u8],
    clock: Clock,
    now: Millis,
    name: &'static str,
) -> Result<Millis, Refusal> {
    let number = parse_integer(text).ok_or(Refusal::NotAnInteger)?;
    if number <= 0 {
        return Err(Refusal::ExpireTime(name));
    }
    clock.stamp(number, now).ok_or(Refusal::ExpireTime(name))
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Bench;

    /// Before 7.0 an expiry went to replicas as it had been given, and counted from its arrival.
    #[test]
    fn a_6_2_sends_expiries_as_they_were_given() {
        let at = "33177117420";
        let (exat, pexat) = (format!("SET k v EXAT {at}"), format!("SET k v PXAT {at}000"));
        let (getex, pexpireat) = (format!("GETEX k EXAT {at}"), format!("PEXPIREAT k {at}000"));
        let expireat = format!("EXPIREAT k {at}");
        let cases: [(&str, &str, &str); 9] = [
            ("SET k v EX 10", "SET k v PX 10000", "SET k v PXAT 1010000"),
            ("SETEX k 10 v", "SET k v PX 10000", "SET k v PXAT 1010000"),
            ("PSETEX k 10 v", "SET k v PX 10", "SET k v PXAT 1000010"),
            (&exat, &pexat, &pexat),
            ("GETEX k EX 10", "PEXPIRE k 10000", "PEXPIREAT k 1010000"),
            (&getex, &pexpireat, &pexpireat),
            ("EXPIRE k 10", "EXPIRE k 10", "PEXPIREAT k 1010000"),
            ("PEXPIRE k 10", "PEXPIRE k 10", "PEXPIREAT k 1000010"),
            (&expireat, &expireat, &pexpireat),
        ];
        for (line, old, new) in cases {
            for (relative_expiries, sent) in [(true, old), (false, new)] {
                let mut bench = Bench::default();
                bench.relative_expiries = relative_expiries;
                bench.run("SET k v");
                bench.run(line);
                assert_eq!(bench.streamed(), [sent], "{line}");
            }
        }
    }
}
