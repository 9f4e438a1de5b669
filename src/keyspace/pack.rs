//! Small strings side by side in one place, as the entries of a listpack.
//!
//! ```text
//!     │ free … │ entry │ entry │ entry │ … free │
//!              ▲ start                 ▲ the vector's length
//! ```
//!
//! Redis moves everything when something is put in front. Here there is room to grow at both ends,
//! and it doubles: so a push costs the same at either, and a queue does not wander off.

use super::listpack::{FRAME_BYTES, Piece, back_bytes, last_entry_bytes};
use crate::resp::Bytes;

/// Entries, of which each can be reached from either end.
#[derive(Clone, Debug, Default)]
pub(super) struct Pack {
    /// Free room, and from `start` on the entries.
    bytes: Vec<u8>,
    start: usize,
    /// How many entries there are.
    len: usize,
}

/// Free room does not count.
impl PartialEq for Pack {
    fn eq(&self, other: &Self) -> bool {
        self.entries() == other.entries()
    }
}

impl Eq for Pack {}

impl Pack {
    /// The entries of `texts`, in a place of about their size.
    pub(super) fn of_texts<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let room = texts.clone().map(|text| text.len() + SHORT_ENTRY_BYTES).sum();
        let mut pack = Self { bytes: Vec::with_capacity(room), start: 0, len: 0 };
        for text in texts {
            Piece::of(text).append_to(&mut pack.bytes);
            pack.len += 1;
        }
        pack
    }

    /// The entries that somebody else has written, and has counted.
    pub(super) fn of_entries(entries: &[u8], len: usize) -> Self {
        Self { bytes: entries.to_vec(), start: 0, len }
    }

    /// The entries as a listpack has them.
    pub(super) fn entries(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The size of the listpack.
    pub(super) fn listpack_bytes(&self) -> usize {
        FRAME_BYTES + self.entries().len()
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, index: usize) -> Option<Piece<'_>> {
        if index < self.len { self.pieces_from(index).next() } else { None }
    }

    /// All that lies in it.
    pub(super) fn pieces(&self) -> Pieces<'_> {
        Pieces { entries: self.entries(), left: self.len }
    }

    /// What lies in it from `index` on.
    pub(super) fn pieces_from(&self, index: usize) -> Pieces<'_> {
        let left = self.len.saturating_sub(index);
        Pieces { entries: &self.bytes[self.place(index)..], left }
    }

    /// What lies in it two by two, from the pair at `index` on.
    pub(super) fn pairs_from(&self, index: usize) -> impl Iterator<Item = (Piece<'_>, Piece<'_>)> {
        let mut pieces = self.pieces_from(2 * index);
        std::iter::from_fn(move || Some((pieces.next()?, pieces.next()?)))
    }

    /// Puts `piece` behind the last entry.
    pub(super) fn push(&mut self, piece: Piece<'_>) {
        self.insert(self.len, piece);
    }

    /// Puts `piece` in the place of the entry at `index`.
    pub(super) fn replace(&mut self, index: usize, piece: Piece<'_>) {
        self.remove_range(index, index + 1);
        self.insert(index, piece);
    }

    /// Puts `piece` before the entry at `index`.
    pub(super) fn insert(&mut self, index: usize, piece: Piece<'_>) {
        let at = self.place(index);
        piece.write(self.open(at, piece.entry_bytes()));
        self.len += 1;
    }

    /// Takes the entry at `index` out.
    pub(super) fn remove(&mut self, index: usize) -> Option<Bytes> {
        let text = self.get(index)?.to_bytes();
        self.remove_range(index, index + 1);
        Some(text)
    }

    /// Where the entry is that is `text`, among those that are multiples of `stride`; told in
    /// strides.
    pub(super) fn find(&self, text: &[u8], stride: usize) -> Option<usize> {
        self.pieces().step_by(stride).position(Piece::equals(text))
    }

    /// Takes the entries of `start..end` out.
    pub(super) fn remove_range(&mut self, start: usize, end: usize) {
        let (from, to) = (self.place(start), self.place(end));
        if from == self.start {
            self.start = to;
        } else {
            self.bytes.drain(from..to);
        }
        self.len -= end - start;
        let needed = self.entries().len();
        if self.bytes.capacity() > SPARE_BYTES + 4 * needed {
            self.bytes.drain(..self.start);
            self.start = 0;
            self.bytes.shrink_to(2 * needed);
        }
    }

    /// Takes the entries from `index` on out, as a pack of their own.
    pub(super) fn split_off(&mut self, index: usize) -> Self {
        let rest = Self::of_entries(&self.bytes[self.place(index)..], self.len - index);
        self.remove_range(index, self.len);
        rest
    }

    /// Puts the entries of `other` behind these.
    pub(super) fn append(&mut self, other: &Self) {
        self.bytes.extend_from_slice(other.entries());
        self.len += other.len;
    }

    /// Where the entry at `index` begins, sought from the nearer end; behind the last is the end.
    fn place(&self, index: usize) -> usize {
        if index <= self.len / 2 {
            let mut pieces = self.pieces();
            let passed = pieces.by_ref().take(index).count();
            debug_assert_eq!(passed, index, "it begins with so many entries");
            self.bytes.len() - pieces.entries.len()
        } else {
            let end = self.bytes.len();
            (index..self.len).fold(end, |end, _| end - last_entry_bytes(&self.bytes[..end]))
        }
    }

    /// Makes room for `size` bytes before what lies at `at`.
    fn open(&mut self, at: usize, size: usize) -> &mut [u8] {
        let end = self.bytes.len();
        let at = if at == end {
            if end + size > self.bytes.capacity() && self.start > end / 2 {
                self.bytes.drain(..self.start);
                self.start = 0;
            }
            let at = self.bytes.len();
            self.bytes.resize(at + size, 0);
            at
        } else if at == self.start {
            self.have_before(size);
            self.start -= size;
            self.start
        } else {
            self.bytes.resize(end + size, 0);
            self.bytes.copy_within(at..end, at + size);
            at
        };
        &mut self.bytes[at..at + size]
    }

    /// Sees to it that so many bytes are free before the first entry.
    fn have_before(&mut self, size: usize) {
        if self.start >= size {
            return;
        }
        let entries = self.entries();
        let free = entries.len().max(size);
        let mut bytes = Vec::with_capacity(free + entries.len());
        bytes.resize(free, 0);
        bytes.extend_from_slice(entries);
        (self.bytes, self.start) = (bytes, free);
    }
}

/// What a short text has around it.
const SHORT_ENTRY_BYTES: usize = 2;
/// So much room nobody gives back.
const SPARE_BYTES: usize = 128;

/// What lies in a pack, one after another, or from the back.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    /// The entries to come.
    entries: &'a [u8],
    left: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    #[inline]
    fn next(&mut self) -> Option<Piece<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (piece, data) = Piece::read(self.entries).expect("a pack has sound entries");
        self.entries = &self.entries[data + back_bytes(data)..];
        Some(piece)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Pieces<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let at = self.entries.len() - last_entry_bytes(self.entries);
        let (piece, _) = Piece::read(&self.entries[at..]).expect("a pack has sound entries");
        self.entries = &self.entries[..at];
        Some(piece)
    }
}

impl ExactSizeIterator for Pieces<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(pack: &Pack) -> Vec<Bytes> {
        pack.pieces().map(Piece::to_bytes).collect()
    }

    #[test]
    fn a_queue_does_not_wander_off() {
        let mut pack = Pack::default();
        for n in 0..10_000i64 {
            pack.insert(pack.len(), Piece::Integer(n));
            if n >= 10 {
                assert_eq!(pack.remove(0), Some(Bytes::from((n - 10).to_string().into_bytes())));
            }
        }
        assert!(pack.bytes.capacity() < 300, "{}", pack.bytes.capacity());
        for n in 0..10_000i64 {
            pack.insert(0, Piece::Integer(n));
            pack.remove(10);
        }
        assert!(pack.bytes.capacity() < 300, "{}", pack.bytes.capacity());
    }

    #[test]
    fn what_shrinks_gives_its_room_back() {
        let mut pack = Pack::default();
        (0..2_000).for_each(|n| pack.insert(0, Piece::Integer(n)));
        pack.remove_range(3, 2_000);
        assert!(pack.bytes.capacity() < 300, "{}", pack.bytes.capacity());
        assert_eq!(texts(&pack), ["1999", "1998", "1997"].map(|text| Bytes::from(text.as_bytes())));
    }

    proptest! {
        #[test]
        fn a_pack_is_a_sequence(
            steps in prop::collection::vec(
                (0u8..6, any::<prop::sample::Index>(), 0usize..300),
                1..200,
            )
        ) {
            let (mut pack, mut model) = (Pack::default(), Vec::<Bytes>::new());
            for (what, at, n) in steps {
                let text = Bytes::from(n.to_string().repeat(n % 7).into_bytes());
                let index = at.index(model.len() + 1);
                match what {
                    0..3 => {
                        let index = [0, model.len(), index][usize::from(what)];
                        pack.insert(index, Piece::of(&text));
                        model.insert(index, text);
                    }
                    3 => {
                        let there = index < model.len();
                        prop_assert_eq!(pack.remove(index), there.then(|| model.remove(index)));
                    }
                    4 => {
                        let end = model.len().min(index + n % 5);
                        pack.remove_range(index, end);
                        model.drain(index..end);
                    }
                    _ => {
                        let rest = pack.split_off(index);
                        prop_assert_eq!(texts(&rest), &model[index..]);
                        pack.append(&rest);
                    }
                }
                prop_assert_eq!(texts(&pack), &model[..]);
            }
            let back: Vec<Bytes> = pack.pieces().rev().map(Piece::to_bytes).collect();
            prop_assert!(back.iter().rev().eq(&model));
            for index in 0..=model.len() {
                prop_assert_eq!(pack.get(index).map(Piece::to_bytes), model.get(index).cloned());
                let rest: Vec<Bytes> = pack.pieces_from(index).map(Piece::to_bytes).collect();
                prop_assert_eq!(&rest, &model[index..]);
            }
        }
    }
}
