//! The name of a value, and its place in every order.
//!
//! A large dataset is mostly short keys. One that is shared by counting takes two words for its
//! place, two for its counts, and an allocation to be followed on every comparison; so a short key
//! lies in its entry. A long one stays shared: a copy of its page costs no copy of it.

use std::{fmt, ops::Deref};

use crate::resp::Bytes;

/// A key.
#[derive(Clone)]
pub struct Key(Form);

#[derive(Clone)]
enum Form {
    Short { length: u8, bytes: [u8; SHORT_BYTES_MAX] },
    Long(Bytes),
}

impl Key {
    /// The key as shared bytes.
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Form::Short { .. } => Bytes::from(&**self),
            Form::Long(bytes) => Bytes::clone(bytes),
        }
    }

    fn short(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; SHORT_BYTES_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self(Form::Short { length: text.len() as u8, bytes }))
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Form::Short { length, bytes } => &bytes[..usize::from(*length)],
            Form::Long(bytes) => bytes,
        }
    }
}

impl From<Bytes> for Key {
    fn from(bytes: Bytes) -> Self {
        Self::short(&bytes).unwrap_or(Self(Form::Long(bytes)))
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self::short(bytes).unwrap_or_else(|| Self(Form::Long(Bytes::from(bytes))))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

/// A hash of 64 bits, the same on every target: eight bytes at a time through a multiplication,
/// and SplitMix64's finish so that the top bits, which choose the page, depend on all of them.
pub(super) fn hash_of(key: &[u8]) -> u64 {
    let (words, rest) = key.as_chunks::<8>();
    let mix = |hash: u64, word: [u8; 8]| {
        (hash.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(0xff51_afd7_ed55_8ccd)
    };
    let mut hash = 0x9e37_79b9_7f4a_7c15 ^ key.len() as u64;
    hash = words.iter().fold(hash, |hash, &word| mix(hash, word));
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = mix(hash, word);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// So many bytes fit beside a length where the two words of a shared key would lie.
const SHORT_BYTES_MAX: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_bytes_however_it_lies() {
        assert_eq!(size_of::<Key>(), 8 + size_of::<Bytes>().max(16));
        for length in [0, 1, SHORT_BYTES_MAX, SHORT_BYTES_MAX + 1, 300] {
            let bytes = Bytes::from(vec![b'x'; length]);
            let key = Key::from(Bytes::clone(&bytes));
            assert_eq!((&*key, &key.to_bytes()), (&*bytes, &bytes));
            assert_eq!(key, Key::from(&*bytes));
        }
        assert_eq!(format!("{:?}", Key::from(&b"a\n"[..])), r#""a\n""#);
    }

    #[test]
    fn the_order_of_keys_never_changes() {
        for (key, hash) in HASHES {
            assert_eq!(hash_of(key.as_bytes()), hash, "{key}");
        }
    }

    /// Orders are seen in transcripts, traces and files: these were read from the first version.
    const HASHES: [(&str, u64); 4] = [
        ("", 0xe220_a839_7b1d_cdaf),
        ("a", 0xd0d4_a85d_aff2_aee3),
        ("key:1234", 0x69d5_5257_a1b0_d570),
        ("key:000000000001", 0xbbf3_3821_75f5_3900),
    ];
}
