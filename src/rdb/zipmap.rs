//! The zipmap, the small hash of Redis before 2.6.
//!
//! ```text
//!     count  field …  FF               count FE = many
//!     field  l name  l free value …    l is one byte, or FE and four, least byte first;
//!                                      `free` bytes behind the value mean nothing
//! ```
//!
//! *Source*: Redis 7.2 · zipmap.c · zipmapValidateIntegrity.

use super::read::Broken;

/// Names and values.
pub(super) type Fields<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Names and values of the zipmap that `bytes` are.
pub(super) fn read_zipmap(bytes: &[u8]) -> Result<Fields<'_>, Broken> {
    let (&count, mut rest) = bytes.split_first().ok_or(SHORT)?;
    let mut fields = Vec::new();
    while rest.first() != Some(&END) {
        let (name, after) = read_text(rest, 0).ok_or(SHORT)?;
        let (value, after) = read_text(after, 1).ok_or(SHORT)?;
        fields.push((name, value));
        rest = after;
    }
    let miscounted = match count {
        0..MANY => fields.len() != usize::from(count),
        MANY => false,
        _ => true,
    };
    if rest.len() != 1 || miscounted || fields.is_empty() {
        return Err("a zipmap with another number of fields than it says");
    }
    Ok(fields)
}

/// A string behind its length and, if `free_bytes` is 1, a byte that says how many to pass over.
fn read_text(bytes: &[u8], free_bytes: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes.split_first()? {
        (&length @ 0..MANY, rest) => (usize::from(length), rest),
        (&MANY, rest) => {
            let (length, rest) = rest.split_first_chunk()?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        _ => return None,
    };
    let (free, rest) = rest.split_at_checked(free_bytes)?;
    let (text, rest) = rest.split_at_checked(length)?;
    let free = free.first().copied().unwrap_or(0);
    Some((text, rest.get(usize::from(free)..)?))
}

/// A length or count of this many says that the number is written elsewhere, or nowhere.
const MANY: u8 = 0xfe;
/// The byte behind the last field.
const END: u8 = 0xff;
const SHORT: Broken = "a zipmap that ends too early";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_read_past_the_free_bytes() {
        let bytes = b"\x02\x01a\x02\x00vv\x03bcd\xfe\x01\0\0\0\x02x??\xff";
        let fields = read_zipmap(bytes).unwrap();
        assert_eq!(fields, [(&b"a"[..], &b"vv"[..]), (b"bcd", b"x")]);
        for end in 0..bytes.len() {
            assert!(read_zipmap(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn the_count_must_be_exact_or_unknown() {
        let with = |count: u8| [&[count][..], b"\x01a\x01\0v\xff"].concat();
        for (count, sound) in [(1, true), (0xfe, true), (0, false), (2, false), (0xff, false)] {
            assert_eq!(read_zipmap(&with(count)).is_ok(), sound, "{count}");
        }
        assert!(read_zipmap(b"\x00\xff").is_err());
        assert!(read_zipmap(b"\x01\x01a\x01\0v\xff\xff").is_err());
    }
}
