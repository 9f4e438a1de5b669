//! Byte strings that go from hand to hand: keys, values, arguments, frames.
//!
//! A long one is shared by counting. A short one, as most are, would take more memory for its place
//! and its counts than for its bytes, and every look at it would be a step to a place of its own;
//! so it lies in the handle itself, and a copy of it is a copy.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::rc::Rc;

/// An immutable byte string. Cloning is cheap whatever the length.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(Form);

/// The form follows from the length, and what a short string leaves free is zero: equal strings
/// have equal forms.
#[derive(Clone, PartialEq, Eq)]
enum Form {
    Short { length: u8, bytes: [u8; SHORT_BYTES_MAX] },
    Long(Rc<[u8]>),
}

impl Bytes {
    /// A string whose bytes are held by others too.
    pub fn of_shared(bytes: &Rc<[u8]>) -> Self {
        Self::short(bytes).unwrap_or_else(|| Self(Form::Long(Rc::clone(bytes))))
    }

    /// The bytes in a place that others can hold too.
    pub fn into_shared(self) -> Rc<[u8]> {
        match self.0 {
            Form::Short { length, bytes } => Rc::from(&bytes[..usize::from(length)]),
            Form::Long(bytes) => bytes,
        }
    }

    fn short(text: &[u8]) -> Option<Self> {
        let length = text.len();
        let mut bytes = [0; SHORT_BYTES_MAX];
        let room = bytes.get_mut(..length)?;
        // To copy whole words, of which the last may overlap, is swifter than to copy a length.
        if let (Some(first), Some(last)) = (text.first_chunk::<WORD>(), text.last_chunk::<WORD>()) {
            room[..WORD].copy_from_slice(first);
            if let Some(second) = text[WORD..].first_chunk::<WORD>() {
                room[WORD..2 * WORD].copy_from_slice(second);
            }
            room[length - WORD..].copy_from_slice(last);
        } else {
            room.copy_from_slice(text);
        }
        Some(Self(Form::Short { length: length as u8, bytes }))
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self(Form::Short { length: 0, bytes: [0; SHORT_BYTES_MAX] })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Form::Short { length, bytes } => &bytes[..usize::from(*length)],
            Form::Long(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Borrow<[u8]> for Bytes {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self::short(bytes).unwrap_or_else(|| Self(Form::Long(Rc::from(bytes))))
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        Self::from(bytes.into_iter().collect::<Vec<u8>>())
    }
}

impl Ord for Bytes {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl PartialOrd for Bytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As the slice that it stands for.
impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

/// So many bytes fit into one word more than a shared string takes, or on a page, where words are
/// small and code that moves more of them is dear, into two.
const SHORT_BYTES_MAX: usize = 2 * size_of::<usize>() + 6;
/// So many bytes are copied at once; three times as many are more than a short string has.
const WORD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_its_bytes_however_it_lies() {
        assert_eq!(size_of::<Bytes>(), 2 + SHORT_BYTES_MAX);
        for length in (0..SHORT_BYTES_MAX + 2).chain([300]) {
            let text: Vec<u8> = (1..=255).cycle().take(length).collect();
            let bytes = Bytes::from(&*text);
            assert_eq!((&*bytes, &bytes), (&*text, &bytes.clone()));
            assert_eq!(bytes, text.into_iter().collect());
        }
        assert_eq!(Bytes::default(), Bytes::from(b""));
        assert_eq!(format!("{:?}", Bytes::from(b"a\n")), r#""a\n""#);
    }

    #[test]
    fn the_order_of_strings_is_that_of_their_bytes() {
        let long = [b'b'; SHORT_BYTES_MAX + 1];
        let texts: [&[u8]; 5] = [b"", b"a", b"ab", b"b", &long];
        let sorted: Vec<Bytes> = texts.into_iter().map(Bytes::from).collect();
        assert!(sorted.is_sorted_by(|a, b| a < b));
    }
}
