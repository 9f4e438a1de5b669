//! Strings as rows of bits: SETBIT and its relatives.
//!
//! Bit 0 is the highest bit of the first byte. A string is followed by as many zeros as anybody
//! asks for; writing beyond its end makes them real.
//! *Source*: Redis 7.2 · bitops.c · setbitCommand, bitcountCommand, bitposCommand.

pub(super) mod field;
pub(super) mod op;

use std::ops::Range;

use std::rc::Rc;

use super::rows::rows;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::{StringValue, Value};
use crate::resp::{Bytes, Reply, parse_integer};

pub(super) const TABLE: &[Spec] = rows! { Bitmap;
    "setbit" 4 GROW FIRST setbit, "key offset value", "Sets a bit, and answers the old one.";
    "getbit" 3 READ_FAST FIRST getbit, "key offset", "Answers a bit.";
    "bitcount" -2 READ FIRST bitcount, "key [start end [BYTE|BIT]]",
        "Counts the bits that are set.";
    "bitpos" -3 READ FIRST bitpos, "key bit [start [end [BYTE|BIT]]]",
        "Finds the first bit that is set, or that is not.";
};

impl Call<'_> {
    /// The offset of a bit that the argument at `index` is; behind `#`, one counted in fields of
    /// `width` bits.
    pub(super) fn bit_offset(&self, index: usize, width: Option<u32>) -> Result<u64, Refusal> {
        let text = &*self.args[index];
        let (digits, unit) = match (text.strip_prefix(b"#"), width) {
            (Some(digits), Some(width)) => (digits, i64::from(width)),
            (_, _) => (text, 1),
        };
        let offset = parse_integer(digits).and_then(|number| number.checked_mul(unit));
        let offset = offset.and_then(|offset| u64::try_from(offset).ok());
        offset
            .filter(|offset| offset / 8 < self.string_bytes_max())
            .ok_or_else(|| Refusal::other("ERR bit offset is not an integer or out of range"))
    }

    /// The bytes of the string at `key`; none if there is no such key.
    pub(super) fn bits(&mut self, key: &[u8]) -> Result<Option<Bytes>, Refusal> {
        Ok(self.string(key)?.map(|string| string.to_bytes()))
    }

    /// The bytes of the string at `key`, at least `length` of them, to be changed in place; and
    /// whether some of them are new.
    pub(super) fn bits_mut(
        &mut self,
        key: &Bytes,
        length: usize,
    ) -> Result<(&mut [u8], bool), Refusal> {
        let before = self.string(key)?;
        let is_new = before.is_none();
        let had = before.as_ref().map_or(0, StringValue::len);
        let as_it_is = had >= length && matches!(before, Some(StringValue::Raw(_)));
        if !as_it_is && let Some(before) = before {
            let mut bytes = before.to_bytes().to_vec();
            bytes.resize(had.max(length), 0);
            if let Some(string) = self.get_mut::<StringValue>(key)? {
                *string = StringValue::Raw(bytes.into());
            }
        } else {
            drop(before);
        }
        let string = self.get_or_create(key, || StringValue::Raw(vec![0; length].into()))?;
        let StringValue::Raw(bytes) = string else { unreachable!("it was made raw") };
        Ok((Rc::make_mut(bytes), is_new || had < length))
    }
}

fn setbit(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let offset = call.bit_offset(2, None)?;
    let bit = parse_integer(&call.args[3]).filter(|bit| (0..=1).contains(bit));
    let bit = bit.ok_or_else(|| Refusal::other("ERR bit is not an integer or out of range"))? == 1;
    let key = call.arg(1);
    let at = (offset / 8) as usize;
    let (bytes, grown) = call.bits_mut(&key, at + 1)?;
    let mask = 0x80 >> (offset % 8);
    let before = bytes[at] & mask != 0;
    if bit {
        bytes[at] |= mask;
    } else {
        bytes[at] &= !mask;
    }
    if grown || before != bit {
        call.changed(&key, 1);
        call.event(Classes::STRING, "setbit", &key);
    }
    Ok(Reply::Integer(before.into()))
}

fn getbit(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let offset = call.bit_offset(2, None)?;
    let key = call.arg(1);
    let bytes = call.bits(&key)?.unwrap_or_default();
    let byte = bytes.get((offset / 8) as usize).copied().unwrap_or(0);
    Ok(Reply::Integer((byte >> (7 - offset % 8) & 1).into()))
}

/// A part of a string that the user has asked for: its ends, perhaps counted from the end.
struct Part {
    start: i64,
    end: Option<i64>,
    /// True if the ends are bits, not bytes.
    in_bits: bool,
}

impl Part {
    const WHOLE: Self = Self { start: 0, end: None, in_bits: false };

    /// The ends that begin at the argument at `index`.
    fn parse(call: &Call<'_>, index: usize) -> Result<Self, Refusal> {
        let start = call.integer(index)?;
        let unit_at = index + 2;
        if call.args.len() > unit_at + 1 {
            return Err(Refusal::Syntax);
        }
        let in_bits = call.is(unit_at, "bit");
        if call.args.len() > unit_at && !in_bits && !call.is(unit_at, "byte") {
            return Err(Refusal::Syntax);
        }
        let given = call.args.len() > index + 1;
        let end = given.then(|| call.integer(index + 1)).transpose()?;
        Ok(Self { start, end, in_bits })
    }

    /// The bits of a string of `length` bytes that belong to the part.
    fn bits(&self, length: usize) -> Range<usize> {
        let unit = if self.in_bits { 1 } else { 8 };
        let total = length as i64 * 8 / unit;
        let place = |index: i64| if index < 0 { (total + index).max(0) } else { index };
        let end = self.end.map_or(total, |end| place(end).saturating_add(1).min(total));
        let start = place(self.start);
        if start >= end { 0..0 } else { (start * unit) as usize..(end * unit) as usize }
    }
}

/// As in Redis until 7.4, of a key that is not there nobody looks at the rest of the words.
fn bitcount(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let Some(bytes) = call.bits(&key)? else { return Ok(Reply::Integer(0)) };
    let part = match call.args.len() {
        2 => Part::WHOLE,
        4 | 5 => {
            // BITPOS looks at the unit before the second end, BITCOUNT after it.
            call.integer(2).and_then(|_| call.integer(3))?;
            Part::parse(call, 2)?
        }
        _ => return Err(Refusal::Syntax),
    };
    let backwards = part.end.is_some_and(|end| part.start < 0 && end < 0 && part.start > end);
    let count = if backwards { 0 } else { count_ones(&bytes, part.bits(bytes.len())) };
    Ok(Reply::count(count))
}

fn count_ones(bytes: &[u8], bits: Range<usize>) -> u64 {
    if bits.is_empty() {
        return 0;
    }
    let ones = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
    let (first, last) = (bits.start / 8, (bits.end - 1) / 8);
    let before = u64::from((bytes[first] & !(0xff >> (bits.start % 8))).count_ones());
    let after = u64::from((bytes[last] & (0x7f >> ((bits.end - 1) % 8))).count_ones());
    ones(&bytes[first..=last]) - before - after
}

fn bitpos(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let bit = call.integer(2)?;
    if !(0..=1).contains(&bit) {
        return Err(Refusal::other("ERR The bit argument must be 1 or 0."));
    }
    let bit = bit == 1;
    let key = call.arg(1);
    let Some(bytes) = call.bits(&key)? else { return Ok(Reply::Integer(-i64::from(bit))) };
    let part = if call.args.len() == 3 { Part::WHOLE } else { Part::parse(call, 3)? };
    let bits = part.bits(bytes.len());
    let found = find(&bytes, bits.clone(), bit);
    // Behind the string there are zeros, unless the user has said where to stop.
    let beyond = (!bit && part.end.is_none() && !bits.is_empty()).then_some(bits.end);
    Ok(Reply::Integer(found.or(beyond).map_or(-1, |at| at as i64)))
}

/// The first of `bits` that equals `bit`.
fn find(bytes: &[u8], bits: Range<usize>, bit: bool) -> Option<usize> {
    let nothing = if bit { 0 } else { 0xff };
    let mut at = bits.start;
    while at < bits.end {
        if at.is_multiple_of(8) && bytes[at / 8] == nothing {
            at += 8;
            continue;
        }
        if (bytes[at / 8] >> (7 - at % 8) & 1 == 1) == bit {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Gives `key` the string `bytes`, or deletes it if that is empty.
fn store(call: &mut Call<'_>, key: Bytes, bytes: Vec<u8>) {
    if bytes.is_empty() {
        call.clear(&key);
    } else {
        let value = Value::String(StringValue::Raw(bytes.into()));
        call.set(Bytes::clone(&key), value, super::Expiry::Clear);
        call.event(Classes::STRING, "set", &key);
    }
}

#[cfg(test)]
mod tests;
