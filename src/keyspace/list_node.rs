//! A run of a list's elements that Redis packs into one listpack, and how many bytes that takes.
//!
//! Where a list is cut into runs depends on the size of the listpacks, and a snapshot carries the
//! runs as they are. So a run is the very entries of its listpack; the room `rdb` puts the frame of
//! seven bytes around them.
//! *Source*: Redis 7.2 · quicklist.c · quicklistNode, _quicklistNodeAllowInsert.

use super::listpack::Piece;
use super::pack::{Pack, Pieces};
use crate::resp::Bytes;

/// One run of a list's elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListNode {
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// At least one element, except in a packed list that is empty.
    Packed(Pack),
    /// One element so large that it is not packed.
    Plain(Bytes),
}

impl Default for ListNode {
    fn default() -> Self {
        Self::of(Pack::default())
    }
}

impl ListNode {
    const fn of(pack: Pack) -> Self {
        Self { form: Form::Packed(pack) }
    }

    /// A node of `elements`, packed.
    pub fn packed(elements: impl IntoIterator<Item = Bytes>) -> Self {
        let mut node = Self::default();
        elements.into_iter().for_each(|element| node.push(Piece::Bytes(&element)));
        node
    }

    /// A node of the `count` entries of a listpack, which are sound.
    pub fn of_entries(entries: &[u8], count: usize) -> Self {
        Self::of(Pack::of_entries(entries, count))
    }

    /// A node that is one element, as it is.
    pub const fn plain(element: Bytes) -> Self {
        Self { form: Form::Plain(element) }
    }

    /// The only element, if it is not packed.
    pub const fn as_plain(&self) -> Option<&Bytes> {
        match &self.form {
            Form::Plain(element) => Some(element),
            Form::Packed(_) => None,
        }
    }

    /// True if the node is one element that is not packed.
    pub const fn is_plain(&self) -> bool {
        self.as_plain().is_some()
    }

    /// The entries as a listpack has them; of a plain node the element.
    pub fn entries(&self) -> &[u8] {
        match &self.form {
            Form::Plain(element) => element,
            Form::Packed(pack) => pack.entries(),
        }
    }

    /// The elements in order.
    pub fn elements(&self) -> Elements<'_> {
        self.elements_from(0)
    }

    /// The elements from the one at `index` on.
    pub fn elements_from(&self, index: usize) -> Elements<'_> {
        match &self.form {
            Form::Plain(element) => Elements::Plain(Some(&**element).filter(|_| index == 0)),
            Form::Packed(pack) => Elements::Packed(pack.pieces_from(index)),
        }
    }

    /// How many elements there are.
    pub const fn len(&self) -> usize {
        match &self.form {
            Form::Plain(_) => 1,
            Form::Packed(pack) => pack.len(),
        }
    }

    /// True if there is no element.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of the listpack, or of the element that is alone.
    pub fn bytes(&self) -> usize {
        match &self.form {
            Form::Plain(element) => element.len(),
            Form::Packed(pack) => pack.listpack_bytes(),
        }
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<Piece<'_>> {
        match &self.form {
            Form::Plain(element) if index == 0 => Some(Piece::Bytes(element)),
            Form::Plain(_) => None,
            Form::Packed(pack) => pack.get(index),
        }
    }

    /// Puts `element` behind the last one.
    pub fn push(&mut self, element: Piece<'_>) {
        self.insert_piece(self.len(), element);
    }

    /// Puts `element` before the one at `index`.
    pub(super) fn insert(&mut self, index: usize, element: &[u8]) {
        self.insert_piece(index, Piece::Bytes(element));
    }

    fn insert_piece(&mut self, index: usize, element: Piece<'_>) {
        if let Form::Packed(pack) = &mut self.form {
            let element = match element {
                Piece::Integer(_) => element,
                Piece::Bytes(text) => Piece::of(text),
            };
            pack.insert(index, element);
        }
    }

    /// Takes the element at `index` out.
    pub(super) fn remove(&mut self, index: usize) -> Option<Bytes> {
        match &mut self.form {
            Form::Packed(pack) => pack.remove(index),
            Form::Plain(_) => {
                let Self { form: Form::Plain(element) } = std::mem::take(self) else { return None };
                Some(element)
            }
        }
    }

    /// Takes the elements of `start..end` out.
    pub(super) fn remove_range(&mut self, start: usize, end: usize) {
        match &mut self.form {
            Form::Packed(pack) => pack.remove_range(start, end),
            Form::Plain(_) if start < end => *self = Self::default(),
            Form::Plain(_) => {}
        }
    }

    /// Takes the elements from `index` on out, as a node of their own.
    pub(super) fn split_off(&mut self, index: usize) -> Self {
        match &mut self.form {
            Form::Packed(pack) => Self::of(pack.split_off(index)),
            Form::Plain(_) if index == 0 => std::mem::take(self),
            Form::Plain(_) => Self::default(),
        }
    }

    /// Puts the elements of `other` after these, if both are packed.
    pub(super) fn append(&mut self, other: &Self) {
        if let (Form::Packed(pack), Form::Packed(other)) = (&mut self.form, &other.form) {
            pack.append(other);
        }
    }
}

/// The elements of a node, as they are written.
#[derive(Clone, Debug)]
pub enum Elements<'a> {
    /// The one that is not packed, if it is still to come.
    Plain(Option<&'a [u8]>),
    /// Those of a listpack.
    Packed(Pieces<'a>),
}

impl<'a> Iterator for Elements<'a> {
    type Item = Piece<'a>;

    #[inline]
    fn next(&mut self) -> Option<Piece<'a>> {
        match self {
            Self::Plain(element) => element.take().map(Piece::Bytes),
            Self::Packed(pieces) => pieces.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Plain(element) => element.iter().size_hint(),
            Self::Packed(pieces) => pieces.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Elements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Plain(element) => element.take().map(Piece::Bytes),
            Self::Packed(pieces) => pieces.next_back(),
        }
    }
}

impl ExactSizeIterator for Elements<'_> {}

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

/// Redis' `SIZE_SAFETY_LIMIT`.
const SAFE_BYTES_MAX: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_knows_its_size_through_every_change() {
        let text = |n: usize| Bytes::from("x".repeat(n).into_bytes());
        let mut node = ListNode::packed((0..10).map(text));
        let mut rest = node.split_off(4);
        rest.remove(0);
        rest.remove_range(1, 3);
        node.append(&rest);
        let again = ListNode::packed(node.elements().map(Piece::to_bytes));
        assert_eq!((node.bytes(), node.len()), (again.bytes(), 7));
        assert_eq!(ListNode::packed([]).bytes(), 7);
        // ["a", "1", "-5"]
        let golden = ["a", "1", "-5"].map(|text| Bytes::from(text.as_bytes()));
        assert_eq!(ListNode::packed(golden).bytes(), 15);
    }
}
