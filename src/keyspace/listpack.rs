//! The entries of a listpack: strings and numbers, one behind another, to be read both ways.
//!
//! ```text
//!     entry     0nnnnnnn                          0 to 127
//!               10llllll bytes                    a short string
//!               110nnnnn n                        13 bits, signed, most byte first
//!               1110llll l bytes | F0 l(4) bytes  longer strings
//!               F1 n(2) | F2 n(3) | F3 n(4) | F4 n(8)
//!               … each followed by its own size, to be read backwards
//! ```
//!
//! The size behind an entry is in groups of seven bits, the most significant first, and all bytes
//! but the first have their top bit set. The bounds at which it takes one byte more are off by one,
//! and everybody who walks a listpack must know it.
//!
//! What frames the entries in a file is the business of the room `rdb`.
//! *Source*: Redis 7.2 · listpack.c · lpEncodeGetType, lpEncodeBacklen, lpDecodeBacklen.

use crate::resp::{Bytes, parse_integer};

/// A string as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A number, which stands for its decimal digits.
    Integer(i64),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl<'a> Piece<'a> {
    /// How a listpack writes `text`: as a number if it spells one.
    pub fn of(text: &'a [u8]) -> Self {
        parse_integer(text).map_or(Self::Bytes(text), Self::Integer)
    }

    /// The bytes that it stands for.
    pub fn to_bytes(self) -> Bytes {
        match self {
            Self::Integer(number) => digits(number),
            Self::Bytes(bytes) => Bytes::from(bytes),
        }
    }

    /// Tells of others whether they are `text`, however they are written.
    pub fn equals(text: &[u8]) -> impl Fn(Piece<'_>) -> bool + Copy {
        let number = parse_integer(text);
        move |other| match other {
            Piece::Integer(other) => Some(other) == number,
            Piece::Bytes(other) => other == text,
        }
    }

    /// The bytes that it takes in a listpack.
    pub const fn entry_bytes(self) -> usize {
        let data = self.data_bytes();
        data + back_bytes(data)
    }

    const fn data_bytes(self) -> usize {
        match self {
            Self::Integer(number) => integer_bytes(number),
            Self::Bytes(text) => match text.len() {
                length @ ..64 => 1 + length,
                length @ 64..4_096 => 2 + length,
                length => 5 + length,
            },
        }
    }

    /// Writes its entry behind `bytes`.
    pub fn append_to(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bytes(text) if text.len() < 64 => {
                bytes.push(0x80 | text.len() as u8);
                bytes.extend_from_slice(text);
                bytes.push(1 + text.len() as u8);
            }
            Self::Bytes(_) | Self::Integer(_) => {
                let start = bytes.len();
                bytes.resize(start + self.entry_bytes(), 0);
                self.write(&mut bytes[start..]);
            }
        }
    }

    /// Writes its entry, which fills `slot`.
    ///
    /// # Panics
    /// If `slot` has another size than [`Self::entry_bytes`].
    pub fn write(self, slot: &mut [u8]) {
        let (data, back) = slot.split_at_mut(self.data_bytes());
        match self {
            Self::Integer(number) => write_integer(number, data),
            Self::Bytes(text) => write_text(text, data),
        }
        write_back(data.len(), back);
    }

    /// The entry at the beginning of `bytes`, and what follows it, if it is a short string or a
    /// small number, and sound. Nearly all are: they are worth a way without detours.
    #[inline]
    pub fn split_short(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&first, rest) = bytes.split_first()?;
        let (piece, size, rest) = match first {
            0..0x80 => (Self::Integer(first.into()), 1, rest),
            0x80..0xc0 => {
                let (text, rest) = rest.split_at_checked((first & 0x3f).into())?;
                (Self::Bytes(text), 1 + text.len(), rest)
            }
            _ => return None,
        };
        let (&written, rest) = rest.split_first()?;
        (usize::from(written) == size).then_some((piece, rest))
    }

    /// The entry at the beginning of `bytes`, and the bytes before its own size; none if it is not
    /// whole.
    pub fn read(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let (&first, rest) = bytes.split_first()?;
        let integer = |number: i64, size| Some((Self::Integer(number), size));
        let string = |header: usize, length: usize| {
            let text = bytes[header..].get(..length)?;
            Some((Self::Bytes(text), header + length))
        };
        match first {
            0..0x80 => integer(first.into(), 1),
            0x80..0xc0 => string(1, usize::from(first & 0x3f)),
            0xc0..0xe0 => {
                // Thirteen bits with their sign, moved to the top of sixteen and back.
                let bits = u16::from_be_bytes([first, *rest.first()?]) << 3;
                integer((bits as i16 >> 3).into(), 2)
            }
            0xe0..0xf0 => {
                string(2, usize::from(u16::from_be_bytes([first & 0x0f, *rest.first()?])))
            }
            0xf0 => string(5, u32::from_le_bytes(*rest.first_chunk()?) as usize),
            0xf1 => integer(i16::from_le_bytes(*rest.first_chunk()?).into(), 3),
            0xf2 => integer(i24(*rest.first_chunk()?), 4),
            0xf3 => integer(i32::from_le_bytes(*rest.first_chunk()?).into(), 5),
            0xf4 => integer(i64::from_le_bytes(*rest.first_chunk()?), 9),
            _ => None,
        }
    }
}

const fn integer_bytes(number: i64) -> usize {
    match number {
        0..=127 => 1,
        -4_096..=4_095 => 2,
        -0x8000..=0x7fff => 3,
        -0x80_0000..=0x7f_ffff => 4,
        -0x8000_0000..=0x7fff_ffff => 5,
        _ => 9,
    }
}

fn write_integer(number: i64, data: &mut [u8]) {
    let size = data.len();
    match size {
        1 => data[0] = number as u8,
        2 => data.copy_from_slice(&(0xc000 | number as u16 & 0x1fff).to_be_bytes()),
        _ => {
            data[0] = if size == 9 { 0xf4 } else { 0xf1 + (size - 3) as u8 };
            data[1..].copy_from_slice(&number.to_le_bytes()[..size - 1]);
        }
    }
}

fn write_text(text: &[u8], data: &mut [u8]) {
    let (head, body) = data.split_at_mut(data.len() - text.len());
    match head {
        [one] => *one = 0x80 | text.len() as u8,
        [_, _] => head.copy_from_slice(&(0xe000 | text.len() as u16).to_be_bytes()),
        _ => {
            head[0] = 0xf0;
            head[1..].copy_from_slice(&(text.len() as u32).to_le_bytes());
        }
    }
    body.copy_from_slice(text);
}

/// Writes the size of an entry behind it.
fn write_back(size: usize, back: &mut [u8]) {
    let groups = back.len();
    for (place, byte) in back.iter_mut().enumerate() {
        let bits = (size >> (7 * (groups - 1 - place))) as u8 & 0x7f;
        *byte = if place == 0 { bits } else { bits | 0x80 };
    }
}

/// How many bytes the size of an entry takes.
///
/// The bounds are Redis' own: a size of 16,383 takes three bytes although two could hold it.
pub const fn back_bytes(size: usize) -> usize {
    match size {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

/// The size of the entry at whose end `bytes` end, with what tells it.
pub(super) fn last_entry_bytes(bytes: &[u8]) -> usize {
    let mut size = 0;
    for (group, &byte) in bytes.iter().rev().enumerate() {
        size |= usize::from(byte & 0x7f) << (7 * group);
        if byte & 0x80 == 0 {
            return size + group + 1;
        }
    }
    unreachable!("the first byte of a size is not marked")
}

/// A number of three bytes.
pub const fn i24([a, b, c]: [u8; 3]) -> i64 {
    (i32::from_le_bytes([0, a, b, c]) >> 8) as i64
}

/// The decimal digits of `number`, without a stop between the stack and the heap.
pub fn digits(number: i64) -> Bytes {
    let mut text = [0; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    let mut rest = number.unsigned_abs();
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        text[start] = b'-';
    }
    Bytes::from(&text[start..])
}

/// The digits of 2^63 and a sign.
const DIGITS_MAX: usize = 20;
/// The header of a listpack and the byte at its end.
pub(super) const FRAME_BYTES: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn size(text: &[u8]) -> usize {
        Piece::of(text).entry_bytes()
    }

    #[test]
    fn an_entry_takes_what_it_takes_in_redis() {
        for (text, bytes) in [
            ("", 2),
            ("a", 3),
            ("127", 2),
            ("128", 3),
            ("-1", 3),
            ("4095", 3),
            ("4096", 4),
            ("-4097", 4),
            ("32768", 5),
            ("8388608", 6),
            ("2147483648", 10),
            ("01", 4),
        ] {
            assert_eq!(size(text.as_bytes()), bytes, "{text}");
        }
        for (length, bytes) in [(63, 65), (64, 67), (126, 130), (4_095, 4_099), (4_096, 4_103)] {
            assert_eq!(size(&vec![b'x'; length]), bytes, "{length}");
        }
        assert_eq!(size(&[b'x'; 16_377]), 16_377 + 5 + 2);
        assert_eq!(size(&[b'x'; 16_378]), 16_378 + 5 + 3);
    }

    #[test]
    fn an_entry_is_read_from_both_ends() {
        let longest = vec![b'x'; 2_097_146];
        let texts: [&[u8]; 9] = [
            b"",
            b"a",
            &longest[..63],
            &longest[..64],
            &longest[..4_096],
            b"-1",
            b"0",
            b"01",
            &longest,
        ];
        let numbers = [1i64, -1, 127, 128, -4_096, 4_096, 1 << 15, 1 << 23, 1 << 31, i64::MIN];
        let texts = texts.into_iter().map(Piece::of);
        for piece in texts.chain(numbers.into_iter().map(Piece::Integer)) {
            let mut entry = vec![0; piece.entry_bytes()];
            piece.write(&mut entry);
            let (read, data) = Piece::read(&entry).unwrap();
            assert_eq!((read, data + back_bytes(data)), (piece, entry.len()));
            assert_eq!(last_entry_bytes(&[b"before", &*entry].concat()), entry.len());
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 7, -1, 10, i64::MAX, i64::MIN] {
            assert_eq!(digits(number), Bytes::from(number.to_string().into_bytes()));
        }
    }
}
