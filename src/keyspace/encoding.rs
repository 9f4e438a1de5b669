//! How small values are packed, and when they no longer are.
//!
//! Redis keeps a small collection as one flat string and turns it, once and for good, into a real
//! structure when it outgrows a threshold. `OBJECT ENCODING` tells which, and a snapshot is written
//! accordingly, so both must agree with Redis at every step. The thresholds belong to the
//! configuration; whoever changes a collection brings them along.

/// The name that `OBJECT ENCODING` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// A string that is a 64-bit number.
    Int,
    /// A string of at most 44 bytes, written whole.
    Embstr,
    /// A string that is longer, or was changed in place.
    Raw,
    /// A small list, set, hash or sorted set, flat.
    Listpack,
    /// A list of listpacks.
    Quicklist,
    /// A small set of numbers, flat and ascending.
    Intset,
    /// A set or a hash that is a table.
    Hashtable,
    /// A sorted set that is a structure.
    Skiplist,
    /// A stream: nodes that are flat.
    Stream,
}

impl Encoding {
    /// The name as Redis writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Embstr => "embstr",
            Self::Raw => "raw",
            Self::Listpack => "listpack",
            Self::Quicklist => "quicklist",
            Self::Intset => "intset",
            Self::Hashtable => "hashtable",
            Self::Skiplist => "skiplist",
            Self::Stream => "stream",
        }
    }
}

/// Up to where a hash or a sorted set is packed; both limits are still allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Elements: fields of a hash, members of a sorted set.
    pub entries: usize,
    /// Bytes of the longest element.
    pub element_bytes: usize,
}

/// Up to where a set is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetLimits {
    /// Members, if all are numbers.
    pub numbers: usize,
    /// Otherwise.
    pub packed: Limits,
}

impl Limits {
    /// True if `count` elements, the longest of `bytes`, may be packed.
    pub const fn allow(self, count: usize, bytes: usize) -> bool {
        count <= self.entries && bytes <= self.element_bytes
    }
}
