//! A run of a list's elements that Redis packs into one listpack, and how many bytes that takes.
//!
//! Where a list is cut into runs depends on the size of the listpacks, and a snapshot carries the
//! runs as they are. So the size must be the one that Redis computes, although nothing is packed
//! here: the room `rdb` writes the bytes.
//!
//! ```text
//!     total:4 count:2 │ data back │ data back │ … │ ff          7 bytes around the entries
//!     data   an integer: 1 to 9 bytes; a string: its length, in 1, 2 or 5 bytes, and itself
//!     back   the size of data, so that a listpack can be read backwards: 1 to 5 bytes
//! ```
//! *Source*: Redis 7.2 · listpack.c · lpEncodeGetType, lpEncodeBacklen.

use std::collections::VecDeque;

use crate::resp::{Bytes, parse_integer};

/// One run of a list's elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListNode {
    /// At least one, except in a packed list that is empty.
    elements: VecDeque<Bytes>,
    /// The size of the listpack, or of the element that is alone.
    bytes: usize,
    /// True if it is one element so large that it is not packed.
    plain: bool,
}

impl Default for ListNode {
    fn default() -> Self {
        Self { elements: VecDeque::new(), bytes: FRAME_BYTES, plain: false }
    }
}

impl ListNode {
    /// A node of `elements`, packed.
    pub fn packed(elements: impl IntoIterator<Item = Bytes>) -> Self {
        let elements: VecDeque<Bytes> = elements.into_iter().collect();
        let entries: usize = elements.iter().map(|element| entry_bytes(element)).sum();
        Self { elements, bytes: FRAME_BYTES + entries, plain: false }
    }

    /// A node that is one element, as it is.
    pub fn plain(element: Bytes) -> Self {
        Self { bytes: element.len(), elements: VecDeque::from([element]), plain: true }
    }

    /// True if the node is one element that is not packed.
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// The elements in order.
    pub fn elements(&self) -> impl DoubleEndedIterator<Item = &Bytes> + ExactSizeIterator {
        self.elements.iter()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// True if there is no element.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The size of the listpack, or of the element that is alone.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<&Bytes> {
        self.elements.get(index)
    }

    /// Puts `element` before the one at `index`.
    pub(super) fn insert(&mut self, index: usize, element: Bytes) {
        self.bytes += entry_bytes(&element);
        self.elements.insert(index, element);
    }

    /// Takes the element at `index` out.
    pub(super) fn remove(&mut self, index: usize) -> Option<Bytes> {
        let element = self.elements.remove(index)?;
        self.bytes -= if self.plain { element.len() } else { entry_bytes(&element) };
        Some(element)
    }

    /// Takes the elements of `start..end` out.
    pub(super) fn remove_range(&mut self, start: usize, end: usize) {
        let gone: usize = self.elements.range(start..end).map(|element| entry_bytes(element)).sum();
        self.elements.drain(start..end);
        self.bytes -= gone;
    }

    /// Takes the elements from `index` on out, as a node of their own.
    pub(super) fn split_off(&mut self, index: usize) -> Self {
        let rest = Self::packed(self.elements.split_off(index));
        self.bytes -= rest.bytes - FRAME_BYTES;
        rest
    }

    /// Puts the elements of `other` after these.
    pub(super) fn append(&mut self, other: &Self) {
        self.elements.extend(other.elements.iter().cloned());
        self.bytes += other.bytes - FRAME_BYTES;
    }
}

/// How a list is cut into runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// `list-max-listpack-size`: a number of elements, or a class of bytes if it is negative.
    pub size: i64,
    /// An element of so many bytes is not packed: it is a run of its own.
    pub plain: usize,
}

impl Default for Fill {
    fn default() -> Self {
        Self::of(-2)
    }
}

impl Fill {
    /// What `list-max-listpack-size` says, where elements of a gigabyte are not packed.
    pub const fn of(size: i64) -> Self {
        Self { size, plain: PLAIN_BYTES }
    }

    /// True if a listpack of `bytes` and `count` elements is allowed.
    ///
    /// Positive sizes count elements, but never beyond 8 KiB; negative ones are classes of bytes.
    pub(super) const fn fits(self, bytes: usize, count: usize) -> bool {
        match self.limits() {
            (Some(limit), _) => bytes <= limit,
            (None, limit) => bytes <= SAFE_BYTES_MAX && count <= limit,
        }
    }

    /// The limits of a listpack: of bytes, or else of elements.
    pub(super) const fn limits(self) -> (Option<usize>, usize) {
        match self.size {
            ..=-5 => (Some(65_536), usize::MAX),
            -4 => (Some(32_768), usize::MAX),
            -3 => (Some(16_384), usize::MAX),
            -2 => (Some(8_192), usize::MAX),
            -1 => (Some(4_096), usize::MAX),
            0 => (None, 1),
            1.. => (None, self.size as usize),
        }
    }

    /// A new run of one element.
    pub(super) fn run(self, element: Bytes) -> ListNode {
        if self.is_plain(&element) { ListNode::plain(element) } else { ListNode::packed([element]) }
    }

    /// True if `element` is not packed.
    pub(super) const fn is_plain(self, element: &[u8]) -> bool {
        element.len() >= self.plain
    }
}

/// From how many bytes on Redis packs no element, unless `DEBUG QUICKLIST-PACKED-THRESHOLD` says
/// otherwise.
pub const PLAIN_BYTES: usize = 1 << 30;

/// The bytes that `element` takes in a listpack.
pub(super) fn entry_bytes(element: &[u8]) -> usize {
    let data = match parse_integer(element) {
        Some(number) => integer_bytes(number),
        None => match element.len() {
            length @ ..64 => 1 + length,
            length @ 64..4_096 => 2 + length,
            length => 5 + length,
        },
    };
    data + back_bytes(data)
}

/// The bytes that `number` takes in a listpack.
pub(super) const fn integer_entry_bytes(number: i64) -> usize {
    let data = integer_bytes(number);
    data + back_bytes(data)
}

const fn integer_bytes(number: i64) -> usize {
    match number {
        0..=127 => 1,
        -4_096..=4_095 => 2,
        -0x8000..=0x7fff => 3,
        -0x80_0000..=0x7f_ffff => 4,
        -0x8000_0000..=0x7fff_ffff => 5,
        _ => 9,
    }
}

/// The bounds are Redis' own: a size of 16,383 takes three bytes although two could hold it.
const fn back_bytes(data: usize) -> usize {
    match data {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

/// The header of a listpack and the byte at its end.
pub(super) const FRAME_BYTES: usize = 7;
/// Redis' `SIZE_SAFETY_LIMIT`.
const SAFE_BYTES_MAX: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_what_it_takes_in_redis() {
        for (text, size) in [
            ("", 2),
            ("a", 3),
            ("127", 2),
            ("128", 3),
            ("-1", 3),
            ("4095", 3),
            ("4096", 4),
            ("-4097", 4),
            ("32768", 5),
            ("8388608", 6),
            ("2147483648", 10),
            ("01", 4),
        ] {
            assert_eq!(entry_bytes(text.as_bytes()), size, "{text}");
        }
        for (length, size) in [(63, 65), (64, 67), (126, 130), (4_095, 4_099), (4_096, 4_103)] {
            assert_eq!(entry_bytes(&vec![b'x'; length]), size, "{length}");
        }
        assert_eq!(entry_bytes(&[b'x'; 16_377]), 16_377 + 5 + 2);
        assert_eq!(entry_bytes(&[b'x'; 16_378]), 16_378 + 5 + 3);
    }

    #[test]
    fn a_node_knows_its_size_through_every_change() {
        let text = |n: usize| Bytes::from("x".repeat(n).into_bytes());
        let mut node = ListNode::packed((0..10).map(text));
        let mut rest = node.split_off(4);
        rest.remove(0);
        rest.remove_range(1, 3);
        node.append(&rest);
        let again = ListNode::packed(node.elements().cloned());
        assert_eq!((node.bytes(), node.len()), (again.bytes(), 7));
        assert_eq!(ListNode::packed([]).bytes(), 7);
        // ["a", "1", "-5"]
        let golden = ["a", "1", "-5"].map(|text| Bytes::from(text.as_bytes()));
        assert_eq!(ListNode::packed(golden).bytes(), 15);
    }
}
