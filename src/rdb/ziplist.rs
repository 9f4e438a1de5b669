//! The ziplist, which listpacks have replaced; servers before 7.0 wrote it.
//!
//! ```text
//!     total(4)  last(4)  count(2)  entry …  FF    least byte first; count FFFF = many
//!     entry     size of the entry before, then
//!               00llllll bytes | 01llllll l bytes | 80 l(4) bytes        most byte first
//!               C0 n(2) | D0 n(4) | E0 n(8) | F0 n(3) | FE n | F1 to FD  least byte first
//! ```
//!
//! The size of the entry before is one byte, or FE and four: an entry that grows beyond 253 bytes
//! makes its neighbour grow, which may go on to the end. Listpacks were made so that this cannot
//! be.
//!
//! *Source*: Redis 7.2 · ziplist.c · ziplistValidateIntegrity.

use super::read::Broken;
use crate::keyspace::{Piece, i24};

/// Reads a ziplist from its first entry to its last, and checks it on the way.
#[derive(Clone, Debug)]
pub(super) struct Ziplist<'a> {
    /// Entries to come, and the end.
    rest: &'a [u8],
    /// How many entries are to come, if the header says.
    left: Option<u16>,
    /// Bytes from here to the last entry, if there is one.
    last: usize,
    /// The size of the entry before; 0 at the first.
    before: usize,
    /// True when the end was reached, or something broken.
    done: bool,
}

impl<'a> Ziplist<'a> {
    /// The ziplist that `bytes` are.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let (total, after) = bytes.split_first_chunk().ok_or(SHORT)?;
        let (last, after) = after.split_first_chunk().ok_or(SHORT)?;
        let (count, rest) = after.split_first_chunk().ok_or(SHORT)?;
        if u32::from_le_bytes(*total) as usize != bytes.len() || rest.last() != Some(&END) {
            return Err("a ziplist of another length than it says");
        }
        let last = (u32::from_le_bytes(*last) as usize).checked_sub(HEADER).ok_or(MISPLACED)?;
        let left = Some(u16::from_le_bytes(*count)).filter(|&count| count != u16::MAX);
        Ok(Self { rest, left, last, before: 0, done: false })
    }

    /// How many entries are to come, if the header says so.
    pub(super) const fn left(&self) -> Option<u16> {
        self.left
    }

    /// The next entry; none at the end.
    fn entry(&mut self) -> Result<Option<Piece<'a>>, Broken> {
        if self.rest == [END] {
            return match self.left {
                Some(1..) => Err(MISCOUNTED),
                // Seen from behind the last entry, that is its size before here.
                _ if self.last != 0 => Err(MISPLACED),
                _ => Ok(None),
            };
        }
        self.left = match self.left {
            Some(left) => Some(left.checked_sub(1).ok_or(MISCOUNTED)?),
            None => None,
        };
        let (before, after) = read_size_before(self.rest).ok_or(SHORT)?;
        if before != self.before {
            return Err("a ziplist of broken entries");
        }
        let (piece, rest) = read_entry(after).ok_or(SHORT)?;
        let size = self.rest.len() - rest.len();
        // Only the last entry keeps the distance at which the header put it.
        if rest != [END] {
            self.last = self.last.checked_sub(size).ok_or(MISPLACED)?;
        }
        if rest.is_empty() {
            return Err(SHORT);
        }
        (self.before, self.rest) = (size, rest);
        Ok(Some(piece))
    }
}

impl<'a> Iterator for Ziplist<'a> {
    type Item = Result<Piece<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let entry = self.entry().transpose();
        self.done = !matches!(entry, Some(Ok(_)));
        entry
    }
}

/// The size of the entry before, and what follows it.
fn read_size_before(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes.split_first()? {
        (&size @ 0..0xfe, rest) => Some((size.into(), rest)),
        (0xfe, rest) => {
            let (size, rest) = rest.split_first_chunk()?;
            Some((u32::from_le_bytes(*size) as usize, rest))
        }
        _ => None,
    }
}

/// The entry at the beginning of `bytes`, and what follows it.
fn read_entry(bytes: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let string = |header: usize, length: usize| {
        let (text, rest) = bytes[header..].split_at_checked(length)?;
        Some((Piece::Bytes(text), rest))
    };
    let integer = |number: i64, size: usize| Some((Piece::Integer(number), &rest[size..]));
    match first {
        0..0x40 => string(1, first.into()),
        0x40..0x80 => string(2, usize::from(u16::from_be_bytes([first & 0x3f, *rest.first()?]))),
        0x80 => string(5, u32::from_be_bytes(*rest.first_chunk()?) as usize),
        0xc0 => integer(i16::from_le_bytes(*rest.first_chunk()?).into(), 2),
        0xd0 => integer(i32::from_le_bytes(*rest.first_chunk()?).into(), 4),
        0xe0 => integer(i64::from_le_bytes(*rest.first_chunk()?), 8),
        0xf0 => integer(i24(*rest.first_chunk()?), 3),
        0xf1..0xfe => integer(i64::from(first & 0x0f) - 1, 0),
        0xfe => integer(i8::from_le_bytes(*rest.first_chunk()?).into(), 1),
        _ => None,
    }
}

/// Bytes before the first entry.
const HEADER: usize = 10;
/// The byte behind the last entry.
const END: u8 = 0xff;
const SHORT: Broken = "a ziplist that ends too early";
const MISCOUNTED: Broken = "a ziplist with another number of entries than it says";
const MISPLACED: Broken = "a ziplist whose last entry is not where it says";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ziplist of `entries`, each without the size of the one before.
    fn ziplist(entries: &[&[u8]]) -> Vec<u8> {
        let (mut body, mut before, mut last) = (Vec::new(), 0, HEADER);
        for entry in entries {
            let start = body.len();
            last = HEADER + start;
            match before {
                0..254 => body.push(before as u8),
                _ => body.extend([&[0xfe], &(before as u32).to_le_bytes()[..]].concat()),
            }
            body.extend_from_slice(entry);
            before = body.len() - start;
        }
        body.push(END);
        let mut bytes = ((HEADER + body.len()) as u32).to_le_bytes().to_vec();
        bytes.extend((last as u32).to_le_bytes());
        bytes.extend((entries.len() as u16).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    fn pieces(bytes: &[u8]) -> Result<Vec<Piece<'_>>, Broken> {
        Ziplist::new(bytes)?.collect()
    }

    fn sample() -> Vec<u8> {
        let long = [&b"\x41\x2c"[..], &[b'x'; 300]].concat();
        let longer = [&b"\x80\0\0\x40\0"[..], &[b'y'; 16_384]].concat();
        ziplist(&[
            b"\x02hi",
            &long,
            &longer,
            b"\xc0\xff\xff",
            b"\xd0\0\0\0\x80",
            b"\xe0\x01\0\0\0\0\0\0\0",
            b"\xf0\xff\xff\x7f",
            b"\xf1",
            b"\xfd",
            b"\xfe\x80",
        ])
    }

    #[test]
    fn every_form_of_an_entry_is_read() {
        let bytes = sample();
        let pieces = pieces(&bytes).unwrap();
        assert_eq!(pieces[0], Piece::Bytes(b"hi"));
        assert_eq!(pieces[1], Piece::Bytes(&[b'x'; 300]));
        assert_eq!(pieces[2], Piece::Bytes(&[b'y'; 16_384]));
        let numbers = [-1, i64::from(i32::MIN), 1, 0x7f_ffff, 0, 12, -128];
        assert_eq!(pieces[3..], numbers.map(Piece::Integer));
    }

    #[test]
    fn a_broken_ziplist_is_refused() {
        let sound = ziplist(&[b"\x02hi", b"\xc0\xff\xff", b"\xf1"]);
        assert!(pieces(&sound).is_ok());
        for end in 0..sound.len() {
            assert!(pieces(&sound[..end]).is_err());
        }
        for at in [0, 4, 8, 10, 14] {
            let mut broken = sound.clone();
            broken[at] ^= 1;
            assert!(pieces(&broken).is_err(), "{at}");
        }
    }

    #[test]
    fn an_empty_ziplist_is_sound() {
        assert_eq!(pieces(&ziplist(&[])), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn changed_bytes_do_no_harm(at in any::<prop::sample::Index>(), byte: u8) {
            let mut bytes = sample();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = pieces(&bytes);
        }
    }
}
