//! BITFIELD: numbers of any width inside a string.
//!
//! A field has a sign or not, a width and an offset. What does not fit is cut, stops at the limit,
//! or is not done, as OVERFLOW said last. *Source*: Redis 7.2 · bitops.c · bitfieldGeneric.

use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::resp::{Reply, parse_integer};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Bitmap;
    "bitfield" -2 GROW FIRST bitfield, concat!(
        "key [GET encoding offset | [OVERFLOW WRAP|SAT|FAIL] SET encoding offset value | ",
        "INCRBY encoding offset increment ...]"
    ), "Reads and writes numbers of any width inside a string.";
    "bitfield_ro" -2 READ_FAST FIRST bitfield_ro, "key [GET encoding offset ...]",
        "Reads numbers of any width inside a string.";
};

/// What becomes of a number that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

/// A place for a number.
#[derive(Clone, Copy, Debug)]
struct Field {
    signed: bool,
    /// 1 to 64, or 63 without a sign.
    width: u32,
    /// The offset of its first bit.
    offset: u64,
}

/// What is done to a field.
#[derive(Clone, Copy, Debug)]
enum Act {
    Get,
    Set(i64, Overflow),
    Add(i64, Overflow),
}

impl Field {
    fn parse(call: &Call<'_>, index: usize) -> Result<Self, Refusal> {
        let wrong = || Refusal::other(WRONG_TYPE);
        let (&sign, digits) = call.args[index].split_first().ok_or_else(wrong)?;
        let widest = match sign {
            b'i' => 64,
            b'u' => 63,
            _ => return Err(wrong()),
        };
        let width = parse_integer(digits).filter(|width| (1..=widest).contains(width));
        let width = width.ok_or_else(wrong)? as u32;
        let offset = call.bit_offset(index + 1, Some(width))?;
        Ok(Self { signed: sign == b'i', width, offset })
    }

    /// How many bytes a string has that holds the field.
    const fn bytes(self) -> usize {
        ((self.offset + self.width as u64 - 1) / 8 + 1) as usize
    }

    fn read(self, bytes: &[u8]) -> i64 {
        let bit = |at: u64| {
            let byte = bytes.get((at / 8) as usize).copied().unwrap_or(0);
            i64::from(byte >> (7 - at % 8) & 1)
        };
        let bits = self.offset..self.offset + u64::from(self.width);
        let number = bits.fold(0, |number, at| number << 1 | bit(at));
        let unused = 64 - self.width;
        if self.signed { number << unused >> unused } else { number }
    }

    fn write(self, bytes: &mut [u8], number: i64) {
        for place in 0..u64::from(self.width) {
            let at = self.offset + place;
            let mask = 0x80 >> (at % 8);
            let byte = &mut bytes[(at / 8) as usize];
            if number >> (u64::from(self.width) - 1 - place) & 1 == 1 {
                *byte |= mask;
            } else {
                *byte &= !mask;
            }
        }
    }

    /// `number` as the field can hold it, if it can.
    fn fit(self, number: i128, overflow: Overflow) -> Option<i64> {
        let one = 1_i128;
        let (low, high) = if self.signed {
            (-(one << (self.width - 1)), (one << (self.width - 1)) - 1)
        } else {
            (0, (one << self.width) - 1)
        };
        if (low..=high).contains(&number) {
            return Some(number as i64);
        }
        match overflow {
            Overflow::Fail => None,
            Overflow::Saturate => Some(number.clamp(low, high) as i64),
            Overflow::Wrap => {
                let unused = 64 - self.width;
                let cut = (number as i64) << unused;
                Some(if self.signed { cut >> unused } else { (cut as u64 >> unused) as i64 })
            }
        }
    }

    /// A number that the user gave, as the field takes it: without a sign, a negative one is huge.
    fn given(self, number: i64) -> i128 {
        if self.signed { number.into() } else { (number as u64).into() }
    }
}

fn parse(call: &Call<'_>) -> Result<Vec<(Field, Act)>, Refusal> {
    let mut acts = Vec::new();
    let (mut index, mut overflow) = (2, Overflow::Wrap);
    while index < call.args.len() {
        let more = call.args.len() - index - 1;
        let get = call.is(index, "get") && more >= 2;
        let set = call.is(index, "set") && more >= 3;
        if call.is(index, "overflow") && more >= 1 {
            overflow = match call.args[index + 1].to_ascii_lowercase().as_slice() {
                b"wrap" => Overflow::Wrap,
                b"sat" => Overflow::Saturate,
                b"fail" => Overflow::Fail,
                _ => return Err(Refusal::other("ERR Invalid OVERFLOW type specified")),
            };
            index += 2;
            continue;
        }
        let add = call.is(index, "incrby") && more >= 3;
        if !(get || set || add) {
            return Err(Refusal::Syntax);
        }
        let field = Field::parse(call, index + 1)?;
        let number = if get { 0 } else { call.integer(index + 3)? };
        let act = match (get, set) {
            (true, _) => Act::Get,
            (false, true) => Act::Set(number, overflow),
            (false, false) => Act::Add(number, overflow),
        };
        acts.push((field, act));
        index += if get { 3 } else { 4 };
    }
    Ok(acts)
}

fn bitfield(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let acts = parse(call)?;
    let written = acts.iter().filter(|(_, act)| !matches!(act, Act::Get));
    let Some(length) = written.map(|(field, _)| field.bytes()).max() else {
        return read_all(call, &acts);
    };
    let key = call.arg(1);
    let (bytes, grown) = call.bits_mut(&key, length)?;
    let (mut replies, mut changes) = (Vec::with_capacity(acts.len()), 0);
    for (field, act) in acts {
        let before = field.read(bytes);
        let (after, answers_new) = match act {
            Act::Get => (Some(before), true),
            Act::Set(number, overflow) => (field.fit(field.given(number), overflow), false),
            Act::Add(number, overflow) => {
                (field.fit(i128::from(before) + i128::from(number), overflow), true)
            }
        };
        let Some(after) = after else {
            replies.push(Reply::Null);
            continue;
        };
        if !matches!(act, Act::Get) {
            field.write(bytes, after);
            changes += u64::from(grown || before != after);
        }
        replies.push(Reply::Integer(if answers_new { after } else { before }));
    }
    if changes > 0 {
        call.changed(&key, changes);
        call.event(Classes::STRING, "setbit", &key);
    }
    Ok(Reply::Array(replies))
}

fn bitfield_ro(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let acts = parse(call)?;
    if acts.iter().any(|(_, act)| !matches!(act, Act::Get)) {
        return Err(Refusal::other("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    read_all(call, &acts)
}

fn read_all(call: &mut Call<'_>, acts: &[(Field, Act)]) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let bytes = call.bits(&key)?.unwrap_or_default();
    Ok(Reply::Array(acts.iter().map(|(field, _)| Reply::Integer(field.read(&bytes))).collect()))
}

const WRONG_TYPE: &str = concat!(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but ",
    "i64 is."
);
