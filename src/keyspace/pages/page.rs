//! A leaf of the tree: some entries in the order of their hashes.
//!
//! A look-up must not touch every key on its way: each is in a place of its own. So a page begins
//! with a *mark* for each entry, a byte of its hash, and a key is compared where the marks agree.

use super::super::{Access, Millis, Value};
use super::{Copied, Entry, PAGE_ENTRIES_MAX, tally::Tally};

/// A page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// For entry `n` at index `n`: the low byte of its hash, while there are so many.
    marks: [u8; PAGE_ENTRIES_MAX],
    /// The sum over `entries`, as of the last count.
    tally: Tally,
    /// True if a value was changed in place since.
    uncounted: bool,
    /// The epoch of the last write.
    epoch: u64,
    /// Sorted by hash, then key.
    entries: Vec<Entry>,
}

impl Page {
    /// A page of `entries`, which are in order.
    pub(super) fn new(entries: Vec<Entry>, epoch: u64) -> Self {
        let mut marks = [0; PAGE_ENTRIES_MAX];
        for (mark, entry) in marks.iter_mut().zip(&entries) {
            *mark = entry.hash() as u8;
        }
        let tally = Tally::sum(entries.iter().map(Tally::one));
        Self { marks, tally, uncounted: false, epoch, entries }
    }

    /// A page of entries that nobody has written yet, in order, with their hashes and tallies.
    pub(super) fn of(parts: impl ExactSizeIterator<Item = (u64, Tally, Entry)>) -> Self {
        let mut page = Self {
            marks: [0; PAGE_ENTRIES_MAX],
            tally: Tally::NONE,
            uncounted: false,
            epoch: 0,
            entries: Vec::with_capacity(parts.len()),
        };
        for (hash, tally, entry) in parts {
            if let Some(mark) = page.marks.get_mut(page.entries.len()) {
                *mark = hash as u8;
            }
            page.tally = Tally::sum([page.tally, tally].into_iter());
            page.entries.push(entry);
        }
        page
    }

    pub(super) const fn tally(&self) -> Tally {
        self.tally
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of `key`.
    pub(super) fn get(&self, hash: u64, key: &[u8]) -> Option<&Entry> {
        self.position(hash, key).map(|at| &self.entries[at])
    }

    /// The entry that is probably the one of `hash`.
    pub(super) fn likely(&self, hash: u64) -> Option<&Entry> {
        self.entries.get(self.alike(hash as u8).trailing_zeros() as usize)
    }

    /// Counts the page as copied if the write that follows is its first in the epoch.
    pub(super) fn note_write(&self, epoch: u64, copied: &mut Copied) {
        if self.epoch != epoch {
            copied.pages += 1;
            copied.bytes += self.size();
        }
    }

    /// The value of `key`, to be changed in place.
    pub(super) fn value_mut(&mut self, hash: u64, key: &[u8], epoch: u64) -> Option<&mut Value> {
        self.epoch = epoch;
        self.uncounted = true;
        self.position(hash, key).map(|at| &mut self.entries[at].value)
    }

    /// Notes a use of `key`: no write, for nobody's data is another.
    pub(super) fn set_access(&mut self, hash: u64, key: &[u8], access: Access) {
        if let Some(at) = self.position(hash, key) {
            self.entries[at].access = access;
        }
    }

    /// Counts anew what was changed in place.
    pub(super) fn recount(&mut self) {
        self.tally = Tally::sum(self.entries.iter().map(Tally::one));
        self.uncounted = false;
    }

    /// Puts `entry` in, and returns the one that it replaced.
    pub(super) fn insert(&mut self, hash: u64, entry: Entry, epoch: u64) -> Option<Entry> {
        self.epoch = epoch;
        let after = Tally::one(&entry);
        if let Some(at) = self.position(hash, &entry.key) {
            let replaced = std::mem::replace(&mut self.entries[at], entry);
            self.count(Tally::one(&replaced), after);
            return Some(replaced);
        }
        let at = self.entries.partition_point(|e| (e.hash(), &*e.key) < (hash, &*entry.key));
        if at < self.marks.len() {
            self.marks.copy_within(at..PAGE_ENTRIES_MAX - 1, at + 1);
            self.marks[at] = hash as u8;
        }
        // A page grows by little: a million of them must not be half empty.
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(GROWTH);
        }
        self.entries.insert(at, entry);
        self.count(Tally::NONE, after);
        None
    }

    /// Gives `key` another expiry, or none.
    pub(super) fn set_expiry(
        &mut self,
        hash: u64,
        key: &[u8],
        expires: Option<Millis>,
        epoch: u64,
    ) {
        self.epoch = epoch;
        if let Some(at) = self.position(hash, key) {
            let before = Tally::one(&self.entries[at]);
            self.entries[at].expires = expires;
            self.count(before, Tally::one(&self.entries[at]));
        }
    }

    /// Takes `key` out.
    pub(super) fn remove(&mut self, hash: u64, key: &[u8], epoch: u64) -> Option<Entry> {
        self.epoch = epoch;
        let at = self.position(hash, key)?;
        let removed = self.entries.remove(at);
        if self.entries.len() >= self.marks.len() {
            // An entry beyond the marks has moved to where there is one.
            *self = Self::new(self.take_entries(), epoch);
            return Some(removed);
        }
        self.marks.copy_within(at + 1.., at);
        self.count(Tally::one(&removed), Tally::NONE);
        Some(removed)
    }

    /// Lets the entries go.
    pub(super) fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// Where the key is.
    fn position(&self, hash: u64, key: &[u8]) -> Option<usize> {
        let marked = self.entries.len().min(self.marks.len());
        let mut alike = self.alike(hash as u8) & ((1 << marked) - 1);
        while alike != 0 {
            let at = alike.trailing_zeros() as usize;
            if *self.entries[at].key == *key {
                return Some(at);
            }
            alike &= alike - 1;
        }
        (marked..self.entries.len()).find(|&at| *self.entries[at].key == *key)
    }

    /// Which marks are `mark`: bit `n` for entry `n`. Eight at a time, as in a word each byte.
    fn alike(&self, mark: u8) -> u64 {
        let (words, _) = self.marks.as_chunks::<8>();
        let sought = u64::from(mark) * EACH_BYTE;
        words.iter().rev().fold(0, |alike, &word| {
            let differs = u64::from_le_bytes(word) ^ sought;
            let low = EACH_BYTE * 0x7f;
            let equal = !(((differs & low) + low) | differs | low) >> 7;
            alike << 8 | equal.wrapping_mul(GATHER) >> 56
        })
    }

    fn count(&mut self, before: Tally, after: Tally) {
        if self.uncounted || !self.tally.replace(before, after) {
            self.recount();
        }
    }

    fn size(&self) -> u64 {
        let entry = |e: &Entry| ENTRY_BYTES + e.key.len() + e.value.size();
        self.entries.iter().map(entry).sum::<usize>() as u64
    }
}

/// The lowest bit of each byte of a word.
const EACH_BYTE: u64 = u64::MAX / 255;
/// Brings the lowest bits of eight bytes together in the topmost byte.
const GATHER: u64 = 0x0102_0408_1020_4080;
/// A full page makes room for so many entries at once.
const GROWTH: usize = 4;
/// What an entry takes beside its key and its value, by the account that INFO and the log show.
const ENTRY_BYTES: usize = 88;
