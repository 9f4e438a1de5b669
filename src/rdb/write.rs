//! Lengths and strings, the atoms of the format, written.

use super::{
    format::{length, special},
    lzf::Compressor,
};
use crate::resp::parse_integer;

/// Bytes being written, and what is needed to write strings.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    /// What was written; the first `taken` bytes are gone, and stay only to be moved seldom.
    pub(super) bytes: Vec<u8>,
    /// How many bytes were taken; at most `bytes.len()`.
    taken: usize,
    /// Packs long strings; none if they are to be written as they are.
    compressor: Option<Compressor>,
}

impl Writer {
    /// An empty writer that compresses strings if `compress`.
    pub(super) fn new(compress: bool) -> Self {
        Self { bytes: Vec::new(), taken: 0, compressor: compress.then(Compressor::default) }
    }

    /// How many bytes were written and not yet taken.
    pub(super) const fn pending(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Takes the first bytes out, at most `max` of them.
    pub(super) fn take(&mut self, max: usize) -> Vec<u8> {
        let end = self.taken + max.min(self.pending());
        let taken = self.bytes[self.taken..end].to_vec();
        self.taken = end;
        if self.taken >= self.pending() {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        taken
    }

    /// Appends one byte.
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Appends bytes that need no length.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a length in the shortest form.
    pub(super) fn length(&mut self, value: u64) {
        match value {
            0..64 => self.byte(value as u8),
            64..0x4000 => self.raw(&(value as u16 | u16::from(length::BITS_14) << 8).to_be_bytes()),
            0x4000..=0xffff_ffff => {
                self.byte(length::BITS_32);
                self.raw(&(value as u32).to_be_bytes());
            }
            _ => {
                self.byte(length::BITS_64);
                self.raw(&value.to_be_bytes());
            }
        }
    }

    /// Appends a string: as a number if it spells one, packed if that saves something, else as is.
    pub(super) fn string(&mut self, text: &[u8]) {
        let number = if text.len() <= NUMBER_CHARS_MAX { parse_integer(text) } else { None };
        if let Some(number) = number.and_then(|number| i32::try_from(number).ok()) {
            return self.number(number);
        }
        if self.packed(text).is_none() {
            self.length(text.len() as u64);
            self.raw(text);
        }
    }

    /// Appends a string that is a number.
    pub(super) fn integer(&mut self, number: i64) {
        match i32::try_from(number) {
            Ok(number) => self.number(number),
            Err(_) => self.string(number.to_string().as_bytes()),
        }
    }

    fn number(&mut self, number: i32) {
        if let Ok(number) = i8::try_from(number) {
            self.raw(&[special::INT_8, number as u8]);
        } else if let Ok(number) = i16::try_from(number) {
            self.byte(special::INT_16);
            self.raw(&number.to_le_bytes());
        } else {
            self.byte(special::INT_32);
            self.raw(&number.to_le_bytes());
        }
    }

    /// Appends `text` packed, if it is long enough and then takes at least four bytes less.
    fn packed(&mut self, text: &[u8]) -> Option<()> {
        if text.len() <= UNPACKED_BYTES_MAX {
            return None;
        }
        let packed = self.compressor.as_mut()?.compress(text, text.len() - 4)?;
        self.byte(special::LZF);
        self.length(packed.len() as u64);
        self.length(text.len() as u64);
        self.raw(&packed);
        Some(())
    }
}

/// `-2147483648` has so many characters.
const NUMBER_CHARS_MAX: usize = 11;
/// Strings up to here are never packed.
const UNPACKED_BYTES_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::new(true);
        write(&mut writer);
        writer.bytes
    }

    #[test]
    fn bytes_are_taken_in_order() {
        let mut writer = Writer::new(false);
        writer.raw(&[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(writer.take(3), [1, 2, 3]);
        writer.byte(8);
        assert_eq!((writer.take(4), writer.pending()), (vec![4, 5, 6, 7], 1));
        assert_eq!((writer.take(4), writer.pending()), (vec![8], 0));
        assert!(writer.take(4).is_empty() && writer.bytes.is_empty());
    }

    #[test]
    fn a_length_takes_the_shortest_form() {
        for (value, bytes) in [
            (63, &b"\x3f"[..]),
            (64, b"\x40\x40"),
            (16_383, b"\x7f\xff"),
            (16_384, b"\x80\x00\x00\x40\x00"),
            (0xffff_ffff, b"\x80\xff\xff\xff\xff"),
            (0x1_0000_0000, b"\x81\0\0\0\x01\0\0\0\0"),
        ] {
            assert_eq!(written(|w| w.length(value)), bytes);
        }
    }

    #[test]
    fn a_string_that_spells_a_small_integer_becomes_one() {
        for (text, bytes) in [
            ("0", &b"\xc0\x00"[..]),
            ("-128", b"\xc0\x80"),
            ("128", b"\xc1\x80\x00"),
            ("-32769", b"\xc2\xff\x7f\xff\xff"),
            ("2147483647", b"\xc2\xff\xff\xff\x7f"),
            ("2147483648", b"\x0a2147483648"),
            ("-0", b"\x02-0"),
            ("01", b"\x0201"),
            ("+1", b"\x02+1"),
            ("", b"\x00"),
        ] {
            assert_eq!(written(|w| w.string(text.as_bytes())), bytes, "{text}");
        }
        assert_eq!(written(|w| w.integer(-1)), b"\xc0\xff");
        assert_eq!(written(|w| w.integer(i64::MAX)), b"\x139223372036854775807");
    }

    #[test]
    fn a_long_string_is_packed_where_it_repeats() {
        let text = [b'R'; 22];
        assert_eq!(written(|w| w.string(&text)), b"\xc3\x08\x16\x01\x52\x52\xe0\x0a\x00\x00\x52");
        let mut plain = Writer::new(false);
        plain.string(&text);
        assert_eq!(plain.bytes.len(), 23);
        assert_eq!(written(|w| w.string(&text[..20])).len(), 21);
    }
}
