//! What a key holds.

use super::{Encoding, Group, Hash, List, Set, SortedSet, Stream};
use std::rc::Rc;

use crate::resp::{Bytes, parse_integer};

/// The value of a key. Cloning is cheap whatever the size.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string, perhaps kept as a number.
    String(StringValue),
    /// A sequence of strings.
    List(List),
    /// Different strings.
    Set(Set),
    /// Fields with values.
    Hash(Hash),
    /// Different strings in the order of their scores.
    SortedSet(SortedSet),
    /// Entries in the order of their names. It is much larger than the others, and rare: in a
    /// place of its own it does not make every key larger.
    Stream(Box<Stream>),
}

impl Value {
    /// The name that `TYPE` answers.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Hash(_) => "hash",
            Self::SortedSet(_) => "zset",
            Self::Stream(_) => "stream",
        }
    }

    /// How the value lies: what `OBJECT ENCODING` answers.
    pub const fn encoding(&self) -> Encoding {
        match self {
            Self::String(string) => string.encoding(),
            Self::List(list) => list.encoding(),
            Self::Set(set) => set.encoding(),
            Self::Hash(hash) => hash.encoding(),
            Self::SortedSet(members) => members.encoding(),
            Self::Stream(_) => Encoding::Stream,
        }
    }

    /// How many elements lie in each leaf of the value's table, if it has one.
    pub fn leaves(&self) -> Option<Vec<usize>> {
        match self {
            Self::Set(set) => set.leaves(),
            Self::Hash(hash) => hash.leaves(),
            Self::SortedSet(members) => members.leaves(),
            Self::String(_) | Self::List(_) | Self::Stream(_) => None,
        }
    }

    /// Looks at the place where the value begins, and nothing else.
    pub(super) fn glance(&self) -> u8 {
        match self {
            Self::String(string) => {
                string.as_bytes().and_then(<[u8]>::first).copied().unwrap_or_default()
            }
            Self::List(_) | Self::Set(_) | Self::Hash(_) | Self::SortedSet(_) | Self::Stream(_) => {
                0
            }
        }
    }

    /// True for a collection without elements, which no key may hold.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            // A stream stays when it is empty: its names must not be given again.
            Self::String(_) | Self::Stream(_) => false,
            Self::List(list) => list.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::Hash(hash) => hash.is_empty(),
            Self::SortedSet(members) => members.is_empty(),
        }
    }

    /// In how many pieces the value lies, by which Redis decides who frees it.
    pub fn free_effort(&self) -> usize {
        match (self, self.encoding()) {
            (Self::List(list), Encoding::Quicklist) => list.nodes().count(),
            (Self::Set(set), Encoding::Hashtable) => set.len(),
            (Self::Hash(hash), Encoding::Hashtable) => hash.len(),
            (Self::SortedSet(members), Encoding::Skiplist) => members.len(),
            (Self::Stream(stream), _) => {
                let pending = |group: &Group| 1 + group.pending();
                stream.node_count() + stream.groups().values().map(pending).sum::<usize>()
            }
            _ => 1,
        }
    }

    /// Roughly the bytes that are copied when the value's page is: of a collection, no more than
    /// its first elements, for a big one shares its parts with its copy.
    pub fn size(&self) -> usize {
        let elements = match self {
            Self::String(string) => return HEAD_BYTES + string.len(),
            Self::List(list) => list.len(),
            Self::Set(set) => set.len(),
            Self::Hash(hash) => 2 * hash.len(),
            Self::SortedSet(members) => 2 * members.len(),
            Self::Stream(_) => STREAM_ELEMENTS,
        };
        HEAD_BYTES + elements.min(ELEMENTS_COPIED_MAX) * ELEMENT_BYTES
    }
}

/// A string as Redis keeps it.
#[derive(Clone, Debug, PartialEq)]
pub enum StringValue {
    /// A canonical 64-bit integer: encoding `int`.
    Integer(i64),
    /// At most 44 bytes, written whole: encoding `embstr`.
    Embedded(Bytes),
    /// Longer, or changed in place: encoding `raw`. Only one form can lie in the handle itself, or
    /// every key takes a word more.
    Raw(Rc<[u8]>),
}

impl StringValue {
    /// The form that `SET` gives `bytes`: a number if it reads as one, else by length.
    pub fn new(bytes: Bytes) -> Self {
        parse_integer(&bytes).map_or_else(|| Self::text(bytes), Self::Integer)
    }

    /// The form of a string that nobody looked at for a number.
    pub fn text(bytes: Bytes) -> Self {
        if bytes.len() <= EMBEDDED_BYTES_MAX { Self::Embedded(bytes) } else { Self::raw(bytes) }
    }

    /// The form of a string that was changed in place.
    pub fn raw(bytes: Bytes) -> Self {
        Self::Raw(bytes.into_shared())
    }

    /// The bytes of a string that is not kept as a number.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Integer(_) => None,
            Self::Embedded(bytes) => Some(bytes),
            Self::Raw(bytes) => Some(bytes),
        }
    }

    /// The bytes that `GET` answers.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Integer(number) => Bytes::from(number.to_string().into_bytes()),
            Self::Embedded(bytes) => Bytes::clone(bytes),
            Self::Raw(bytes) => Bytes::of_shared(bytes),
        }
    }

    /// The length in bytes that `STRLEN` answers.
    pub fn len(&self) -> usize {
        match self {
            Self::Integer(number) => number.to_string().len(),
            Self::Embedded(bytes) => bytes.len(),
            Self::Raw(bytes) => bytes.len(),
        }
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn encoding(&self) -> Encoding {
        match self {
            Self::Integer(_) => Encoding::Int,
            Self::Embedded(_) => Encoding::Embstr,
            Self::Raw(_) => Encoding::Raw,
        }
    }
}

/// Redis' `OBJ_ENCODING_EMBSTR_SIZE_LIMIT`.
const EMBEDDED_BYTES_MAX: usize = 44;
/// What a value takes beside its elements.
const HEAD_BYTES: usize = 16;
/// What a short element takes.
const ELEMENT_BYTES: usize = 24;
/// What a stream's own memory comes to: its nodes are shared.
const STREAM_ELEMENTS: usize = 4;
/// How many elements are counted at most.
const ELEMENTS_COPIED_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_follows_the_bytes() {
        for (text, encoding) in [
            ("12345", "int"),
            ("-9223372036854775808", "int"),
            ("9223372036854775808", "embstr"),
            ("007", "embstr"),
            (&"x".repeat(44), "embstr"),
            (&"x".repeat(45), "raw"),
        ] {
            let value = StringValue::new(Bytes::from(text.as_bytes()));
            assert_eq!(value.encoding().name(), encoding, "{text}");
            assert_eq!(&*value.to_bytes(), text.as_bytes());
            assert_eq!(value.len(), text.len());
        }
    }
}
