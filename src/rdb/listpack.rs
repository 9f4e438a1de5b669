//! The listpack, a small collection in one string.
//!
//! ```text
//!     total(4)  count(2)  entry …  FF            numbers: least byte first; count FFFF = many
//! ```
//!
//! What an entry is like the room `keyspace` knows, which keeps lists in this form.
//!
//! *Source*: Redis 7.2 · listpack.c · lpValidateIntegrity, lpValidateNext.

use super::read::Broken;
use crate::keyspace::{Piece, back_bytes};

/// Writes a listpack.
#[derive(Clone, Debug)]
pub(super) struct ListpackWriter {
    /// Header and entries.
    bytes: Vec<u8>,
    /// How many entries.
    count: usize,
}

impl ListpackWriter {
    /// An empty listpack.
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; HEADER], count: 0 }
    }

    /// Appends `text`: as a number if it spells one.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.push_piece(Piece::of(text));
    }

    /// Appends a number in the shortest form.
    pub(super) fn push_integer(&mut self, number: i64) {
        self.push_piece(Piece::Integer(number));
    }

    fn push_piece(&mut self, piece: Piece<'_>) {
        piece.append_to(&mut self.bytes);
        self.count += 1;
    }

    /// Appends `count` entries.
    pub(super) fn extend(&mut self, entries: &[u8], count: usize) {
        self.bytes.extend_from_slice(entries);
        self.count += count;
    }

    /// The whole listpack.
    ///
    /// # Panics
    /// Beyond 4 GiB, which no encoding of a value lets it reach.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let total = u32::try_from(self.bytes.len()).expect("a listpack is smaller than 4 GiB");
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
        self.bytes[4..HEADER].copy_from_slice(&count.to_le_bytes());
        self.bytes
    }
}

/// Reads a listpack from its first entry to its last, and checks it on the way.
#[derive(Clone, Debug)]
pub struct Listpack<'a> {
    /// Entries to come.
    rest: &'a [u8],
    /// How many entries there are, if the header says.
    said: Option<u16>,
    /// How many were read.
    count: usize,
}

impl<'a> Listpack<'a> {
    /// The listpack that `bytes` are.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let (total, after) = bytes.split_first_chunk().ok_or(SHORT)?;
        let (count, rest) = after.split_first_chunk().ok_or(SHORT)?;
        let Some((&END, rest)) = rest.split_last() else { return Err(ANOTHER_LENGTH) };
        if u32::from_le_bytes(*total) as usize != bytes.len() {
            return Err(ANOTHER_LENGTH);
        }
        let said = Some(u16::from_le_bytes(*count)).filter(|&count| count != u16::MAX);
        Ok(Self { rest, said, count: 0 })
    }

    /// How many entries there are said to be; 0 if that is not said.
    pub(super) fn expected(&self) -> u64 {
        self.said.unwrap_or(0).into()
    }

    /// The bytes of the entries to come, whatever they are.
    pub const fn bytes(&self) -> &'a [u8] {
        self.rest
    }

    /// The bytes of the entries to come, and how many there are in all.
    ///
    /// # Errors
    /// If they are not sound.
    pub fn entries(mut self) -> Result<(&'a [u8], usize), Broken> {
        let entries = self.rest;
        while self.entry()?.is_some() {}
        Ok((entries, self.count))
    }

    /// The next entry; none at the end.
    #[inline]
    fn entry(&mut self) -> Result<Option<Piece<'a>>, Broken> {
        let (piece, rest) = match Piece::split_short(self.rest) {
            Some(short) => short,
            None if self.rest.is_empty() => return self.end(),
            None => split_entry(self.rest)?,
        };
        self.rest = rest;
        self.count += 1;
        Ok(Some(piece))
    }

    fn end(&self) -> Result<Option<Piece<'a>>, Broken> {
        let wrong = self.said.is_some_and(|said| usize::from(said) != self.count);
        if wrong { Err("a listpack with another number of entries than it says") } else { Ok(None) }
    }
}

impl<'a> Iterator for Listpack<'a> {
    type Item = Result<Piece<'a>, Broken>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.entry().transpose()
    }
}

/// The entry at the beginning of `bytes`, and what follows it.
fn split_entry(bytes: &[u8]) -> Result<(Piece<'_>, &[u8]), Broken> {
    let (piece, size) = Piece::read(bytes).ok_or(SHORT)?;
    let rest = read_size(&bytes[size..], size).ok_or("a listpack of broken entries")?;
    Ok((piece, rest))
}

/// What follows the size at the beginning of `bytes`, if that is `size`.
fn read_size(bytes: &[u8], size: usize) -> Option<&[u8]> {
    if size < 128 {
        let (&written, rest) = bytes.split_first()?;
        return (usize::from(written) == size).then_some(rest);
    }
    let (written, rest) = bytes.split_at_checked(back_bytes(size))?;
    let value = written.iter().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    let marked = written[1..].iter().all(|byte| byte & 0x80 != 0) && written[0] & 0x80 == 0;
    (value == size && marked).then_some(rest)
}

/// Bytes before the first entry.
const HEADER: usize = 6;
/// The byte behind the last entry.
const END: u8 = 0xff;
const SHORT: Broken = "a listpack that ends too early";
const ANOTHER_LENGTH: Broken = "a listpack of another length than it says";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::resp::Bytes;

    fn packed(texts: &[&[u8]]) -> Vec<u8> {
        let mut writer = ListpackWriter::new();
        texts.iter().for_each(|text| writer.push(text));
        writer.finish()
    }

    fn unpacked(bytes: &[u8]) -> Result<Vec<Bytes>, Broken> {
        Listpack::new(bytes)?.map(|piece| Ok(piece?.to_bytes())).collect()
    }

    #[test]
    fn three_elements_take_the_known_bytes() {
        let bytes = b"\x0f\0\0\0\x03\0\x81a\x02\x01\x01\xdf\xfb\x02\xff";
        assert_eq!(packed(&[b"a", b"1", b"-5"]), bytes);
        assert_eq!(packed(&[b""])[6..], *b"\x80\x01\xff");
    }

    #[test]
    fn numbers_take_the_shortest_form_and_come_back() {
        for (number, size) in [
            (0, 2),
            (127, 2),
            (128, 3),
            (-1, 3),
            (-4096, 3),
            (4095, 3),
            (4096, 4),
            (-4097, 4),
            (0x8000, 5),
            (-0x80_0000, 5),
            (0x80_0000, 6),
            (i64::from(i32::MIN), 6),
            (i64::from(i32::MAX) + 1, 10),
            (i64::MIN, 10),
            (i64::MAX, 10),
        ] {
            let text = number.to_string();
            let bytes = packed(&[text.as_bytes()]);
            assert_eq!(bytes.len(), 7 + size, "{number}");
            let pieces: Vec<_> = Listpack::new(&bytes).unwrap().collect();
            assert_eq!(pieces, [Ok(Piece::Integer(number))]);
        }
    }

    #[test]
    fn the_size_behind_an_entry_grows_one_too_early() {
        for (length, size) in [(125, 1), (126, 2), (16_377, 2), (16_378, 3), (2_097_146, 4)] {
            let text = vec![b'x'; length];
            let bytes = packed(&[&text]);
            let header = if length < 4096 { 2 } else { 5 };
            assert_eq!(bytes.len(), 7 + header + length + size, "{length}");
            assert_eq!(unpacked(&bytes).unwrap(), [Bytes::from(text)]);
        }
    }

    #[test]
    fn a_long_listpack_does_not_count() {
        let texts = vec![&b"7"[..]; 70_000];
        let bytes = packed(&texts);
        assert_eq!(bytes[4..6], [0xff, 0xff]);
        assert_eq!(unpacked(&bytes).unwrap().len(), 70_000);
    }

    #[test]
    fn a_broken_listpack_is_refused() {
        let sound = packed(&[b"hello", b"17", &[b'x'; 200]]);
        assert!(unpacked(&sound).is_ok());
        for end in 0..sound.len() {
            assert!(unpacked(&sound[..end]).is_err());
        }
        for (at, byte) in [(0, 1), (4, 2), (4, 4), (6, 0x86), (12, 7), (13, 0xf5)] {
            let mut broken = sound.clone();
            broken[at] = byte;
            assert!(unpacked(&broken).is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_unpacks(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..50)
        ) {
            let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
            let bytes: Vec<Bytes> = texts.iter().map(|&text| Bytes::from(text)).collect();
            prop_assert_eq!(unpacked(&packed(&texts)), Ok(bytes));
        }

        #[test]
        fn hostile_bytes_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 6..100)) {
            let total = bytes.len() as u32;
            bytes[..4].copy_from_slice(&total.to_le_bytes());
            bytes[4..6].copy_from_slice(&[0xff; 2]);
            *bytes.last_mut().unwrap() = 0xff;
            let _ = unpacked(&bytes);
        }
    }
}
