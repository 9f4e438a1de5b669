//! The intset, a set of numbers in one string: width(4) count(4) numbers, least byte first.
//!
//! All numbers take the same width, 2, 4 or 8 bytes, and are in ascending order. The width is the
//! widest that was ever needed, so it belongs to the value: it cannot be told from the numbers.
//!
//! *Source*: Redis 7.2 · intset.c · intsetValidateIntegrity.

use super::read::Broken;

/// The bytes of the ascending `numbers` with `width` bytes each.
///
/// # Panics
/// If a number does not fit the width.
pub(super) fn write_intset(width: usize, numbers: impl ExactSizeIterator<Item = i64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + width * numbers.len());
    bytes.extend((width as u32).to_le_bytes());
    bytes.extend((numbers.len() as u32).to_le_bytes());
    for number in numbers {
        assert!(width_of(number) <= width, "the width of an intset fits its numbers");
        bytes.extend_from_slice(&number.to_le_bytes()[..width]);
    }
    bytes
}

/// The width that `number` needs.
pub(super) const fn width_of(number: i64) -> usize {
    match number {
        -0x8000..=0x7fff => 2,
        -0x8000_0000..=0x7fff_ffff => 4,
        _ => 8,
    }
}

/// The width and the numbers of the intset that `bytes` are.
pub(super) fn read_intset(
    bytes: &[u8],
) -> Result<(usize, impl ExactSizeIterator<Item = i64>), Broken> {
    let (width, after) = bytes.split_first_chunk().ok_or(SHORT)?;
    let (count, rest) = after.split_first_chunk().ok_or(SHORT)?;
    let (width, count) = (u32::from_le_bytes(*width), u32::from_le_bytes(*count));
    if !matches!(width, 2 | 4 | 8) || u64::from(width) * u64::from(count) != rest.len() as u64 {
        return Err("an intset of another length than it says");
    }
    let width = width as usize;
    let numbers = rest.chunks_exact(width).map(move |bytes| {
        let mut wide = [if bytes[width - 1] & 0x80 == 0 { 0 } else { 0xff }; 8];
        wide[..width].copy_from_slice(bytes);
        i64::from_le_bytes(wide)
    });
    if count == 0 || !numbers.clone().is_sorted_by(|a, b| a < b) {
        return Err("an intset that is empty or not in ascending order");
    }
    Ok((width, numbers))
}

/// Bytes before the first number.
const HEADER: usize = 8;
const SHORT: Broken = "an intset that ends too early";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_comes_back() {
        for (width, numbers) in [
            (2, vec![-0x8000, -1, 0, 1, 0x7fff]),
            (4, vec![-0x8000_0000, -5, 70_000]),
            (8, vec![i64::MIN, 1, i64::MAX]),
            (8, vec![7]),
        ] {
            let bytes = write_intset(width, numbers.iter().copied());
            assert_eq!(bytes.len(), 8 + width * numbers.len());
            let (read_width, read) = read_intset(&bytes).unwrap();
            assert_eq!((read_width, read.collect()), (width, numbers));
        }
    }

    #[test]
    fn a_broken_intset_is_refused() {
        for bytes in [
            &b""[..],
            b"\x02\0\0\0\0\0\0\0",
            b"\x03\0\0\0\x01\0\0\0\x01\0\0",
            b"\x02\0\0\0\x02\0\0\0\x01\0",
            b"\x02\0\0\0\x02\0\0\0\x01\0\x01\0",
            b"\x02\0\0\0\x02\0\0\0\x01\0\xff\xff",
            b"\x08\0\0\0\xff\xff\xff\xff\x01\0",
        ] {
            assert!(read_intset(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
