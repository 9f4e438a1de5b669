//! Lengths and strings, the atoms of the format, read from bytes that may not all be there.

use std::borrow::Cow;

use super::{
    format::{length, special},
    lzf,
};
use crate::keyspace::{Piece, digits};
use crate::resp::Bytes;

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nothing is wrong so far; it takes so many bytes from the reader's first to go on.
    More(usize),
    /// These bytes cannot mean anything.
    Corrupt {
        /// What is wrong with them.
        what: &'static str,
        /// How far behind the reader's first byte.
        at: usize,
    },
    /// These bytes mean something that we cannot hold.
    Unsupported {
        /// What it is.
        what: &'static str,
        /// How far behind the reader's first byte.
        at: usize,
    },
}

/// What is wrong with a packed collection.
pub(super) type Broken = &'static str;

/// Reads one thing after another.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    /// All bytes from where reading began.
    bytes: &'a [u8],
    /// How many of them are read.
    at: usize,
    /// How many of them are taken in, whatever becomes of those that follow; `taken <= at`.
    taken: usize,
    /// Strings longer than this are not believed.
    string_bytes_max: u64,
}

/// A string as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text<'a> {
    /// A number.
    Integer(i32),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
}

impl<'a> Reader<'a> {
    /// A reader at the first of `bytes`.
    pub(super) const fn new(bytes: &'a [u8], string_bytes_max: u64) -> Self {
        Self { bytes, at: 0, taken: 0, string_bytes_max }
    }

    /// How many bytes were read.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// How many bytes were taken in: reading goes on behind them.
    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    /// Takes in what was read: it need not be read again if something that follows is missing.
    pub(super) const fn commit(&mut self) {
        self.taken = self.at;
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let taken = self.bytes[self.at..].get(..count);
        let taken = taken.ok_or_else(|| Stop::More(self.at.saturating_add(count)))?;
        self.at += count;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        Ok(self.take(N)?.try_into().expect("it took N bytes"))
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, Stop> {
        Ok(self.take(1)?[0])
    }

    /// A length. Like Redis we read a byte that announces a special string as the number below it.
    pub(super) fn length(&mut self) -> Result<u64, Stop> {
        let first = self.byte()?;
        self.length_after(first)
    }

    fn length_after(&mut self, first: u8) -> Result<u64, Stop> {
        match first {
            length::BITS_32 => Ok(u64::from(u32::from_be_bytes(self.array()?))),
            length::BITS_64 => Ok(u64::from_be_bytes(self.array()?)),
            0..0x40 | length::SPECIAL.. => Ok(u64::from(first & 0x3f)),
            length::BITS_14..0x80 => Ok(u64::from(first & 0x3f) << 8 | u64::from(self.byte()?)),
            _ => Err(Stop::Corrupt { what: "a length of an unknown form", at: self.at - 1 }),
        }
    }

    /// A string.
    ///
    /// Nearly all are short, and written as they are: these go no further than to here.
    #[inline]
    pub(super) fn text(&mut self) -> Result<Text<'a>, Stop> {
        if let Some((text, _)) = split_short(&self.bytes[self.at..]) {
            self.at += 1 + text.len();
            return Ok(Text::Bytes(Cow::Borrowed(text)));
        }
        self.text_of_any_form()
    }

    fn text_of_any_form(&mut self) -> Result<Text<'a>, Stop> {
        let start = self.at;
        let text = match self.byte()? {
            special::INT_8 => Text::Integer(i8::from_le_bytes(self.array()?).into()),
            special::INT_16 => Text::Integer(i16::from_le_bytes(self.array()?).into()),
            special::INT_32 => Text::Integer(i32::from_le_bytes(self.array()?)),
            special::LZF => Text::Bytes(self.packed(start)?),
            0xc4.. => {
                return Err(Stop::Corrupt { what: "a string of an unknown form", at: start });
            }
            first => {
                let length = self.length_after(first)?;
                Text::Bytes(self.bytes(length, start)?.into())
            }
        };
        Ok(text)
    }

    /// The name of a key.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Bytes, Stop> {
        Ok(match self.text()? {
            Text::Integer(number) => digits(number.into()),
            Text::Bytes(bytes) => Bytes::from(&*bytes),
        })
    }

    /// A string whose bytes are wanted, whatever they mean.
    pub(super) fn string(&mut self) -> Result<Bytes, Stop> {
        Ok(self.text()?.piece().to_bytes())
    }

    fn packed(&mut self, start: usize) -> Result<Cow<'a, [u8]>, Stop> {
        let packed_length = self.length()?;
        let length = self.length()?;
        let corrupt = Stop::Corrupt { what: "a packed string that does not unpack", at: start };
        let fits = length <= self.string_bytes_max;
        let packed = self.bytes(packed_length, start)?;
        let length = usize::try_from(length).ok().filter(|_| fits).ok_or(corrupt)?;
        Ok(lzf::decompress(packed, length).ok_or(corrupt)?.into())
    }

    /// The next `count` bytes, if that is believable.
    fn bytes(&mut self, count: u64, start: usize) -> Result<&'a [u8], Stop> {
        let believable = usize::try_from(count).ok().filter(|_| count <= self.string_bytes_max);
        let too_long = Stop::Corrupt { what: "a string longer than any may be", at: start };
        self.take(believable.ok_or(too_long)?)
    }
}

impl<'a> Text<'a> {
    /// The string for somebody who need not keep it.
    pub(super) fn piece(&self) -> Piece<'_> {
        match self {
            Self::Integer(number) => Piece::Integer((*number).into()),
            Self::Bytes(bytes) => Piece::Bytes(bytes),
        }
    }

    /// The bytes of the string.
    pub(super) fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Integer(number) => Cow::Owned(digits(number.into()).to_vec()),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// A string at the beginning of `bytes`, and what follows, if it is short, written as it is, and
/// whole.
#[inline]
pub(super) fn split_short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    if length >= length::BITS_14 { None } else { rest.split_at_checked(length.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Result<Bytes, Stop> {
        Reader::new(bytes, 1_000).string()
    }

    #[test]
    fn every_form_of_a_length_is_read() {
        for (bytes, value) in [
            (&b"\x3f"[..], 63),
            (b"\x40\x01", 1),
            (b"\x80\0\0\0\x02", 2),
            (b"\x81\0\0\0\0\0\0\0\x03", 3),
            (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff", u64::MAX),
            (b"\xc4", 4),
        ] {
            assert_eq!(Reader::new(bytes, 0).length(), Ok(value));
            for cut in 0..bytes.len() {
                assert!(matches!(Reader::new(&bytes[..cut], 0).length(), Err(Stop::More(_))));
            }
        }
        assert!(matches!(Reader::new(b"\x82", 0).length(), Err(Stop::Corrupt { at: 0, .. })));
    }

    #[test]
    fn every_form_of_a_string_is_read() {
        for (bytes, value) in [
            (&b"\x02ab"[..], &b"ab"[..]),
            (b"\x40\x02ab", b"ab"),
            (b"\xc0\x80", b"-128"),
            (b"\xc1\x80\x00", b"128"),
            (b"\xc2\xff\xff\xff\x7f", b"2147483647"),
            (b"\xc3\x08\x16\x01RR\xe0\x0a\x00\x00R", b"RRRRRRRRRRRRRRRRRRRRRR"),
        ] {
            assert_eq!(text(bytes).as_deref(), Ok(value));
            for cut in 0..bytes.len() {
                assert!(matches!(text(&bytes[..cut]), Err(Stop::More(n)) if n > cut));
            }
        }
    }

    #[test]
    fn numbers_are_spelled_in_digits() {
        for number in [0, 7, -1, 10, 4096, -305, i64::MAX, i64::MIN] {
            assert_eq!(*digits(number), *number.to_string().as_bytes());
        }
    }

    #[test]
    fn an_absurd_length_is_refused_before_its_bytes_arrive() {
        for bytes in [
            &b"\x80\x7f\xff\xff\xff"[..],
            b"\x81\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\xc3\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff\0a",
            b"\xc3\x02\x40\xff\0a",
            b"\xc4",
        ] {
            assert!(matches!(text(bytes), Err(Stop::Corrupt { at: 0, .. })), "{bytes:02x?}");
        }
    }
}
