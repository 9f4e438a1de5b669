//! A leaf of the tree: some entries in the order of their hashes.

use super::super::{Access, Millis, Value, marks::Marks};
use super::{Copied, Entry, PAGE_ENTRIES_MAX, tally::Tally};

/// How pages are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Making {
    /// The epoch that they belong to.
    pub(super) epoch: u64,
    /// For how many entries they have room, at least.
    room: usize,
}

impl Making {
    /// Of all the entries that there are: nobody has written them yet.
    pub(super) const ALL: Self = Self { epoch: 0, room: 0 };

    /// Of the entries of a page that was too long, in `epoch`. They will grow to what it was: to
    /// take that place at once keeps all pages of a large dataset in places of one size.
    pub(super) const fn halves(epoch: u64) -> Self {
        Self { epoch, room: PAGE_ENTRIES_MAX }
    }
}

/// A page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// A byte of the hash of each entry.
    marks: Marks,
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
        let marks = Marks::of(entries.iter().map(Entry::hash));
        let tally = Tally::sum(entries.iter().map(Tally::one));
        Self { marks, tally, uncounted: false, epoch, entries }
    }

    /// A page of entries in order, with their hashes and tallies.
    pub(super) fn of(
        parts: impl ExactSizeIterator<Item = (u64, Tally, Entry)>,
        making: Making,
    ) -> Self {
        let mut page = Self {
            marks: Marks::of(std::iter::empty()),
            tally: Tally::NONE,
            uncounted: false,
            epoch: making.epoch,
            entries: Vec::with_capacity(parts.len().max(making.room)),
        };
        for (hash, tally, entry) in parts {
            page.marks.insert(page.entries.len(), hash);
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
        self.entries.get(self.marks.likely(hash))
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

    /// Where the entry of the same key as `entry` is, if it has the same tally, and that of the
    /// page is right.
    pub(super) fn counterpart(&self, hash: u64, entry: &Entry) -> Option<usize> {
        let at = self.position(hash, &entry.key)?;
        let alike = Tally::one(&self.entries[at]) == Tally::one(entry);
        (alike && !self.uncounted).then_some(at)
    }

    /// Exchanges `entry` for its counterpart at `at`.
    pub(super) fn swap(&mut self, at: usize, entry: &mut Entry, epoch: u64) {
        self.epoch = epoch;
        std::mem::swap(&mut self.entries[at], entry);
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
        self.marks.insert(at, hash);
        if self.entries.len() == self.entries.capacity() {
            let room = PAGE_ENTRIES_MAX.min((self.entries.len() + 1).next_power_of_two());
            self.entries.reserve_exact(room.saturating_sub(self.entries.len()).max(1));
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
            self.entries[at].expires = expires.into();
            self.count(before, Tally::one(&self.entries[at]));
        }
    }

    /// Takes `key` out.
    pub(super) fn remove(&mut self, hash: u64, key: &[u8], epoch: u64) -> Option<Entry> {
        self.epoch = epoch;
        let at = self.position(hash, key)?;
        let removed = self.entries.remove(at);
        if self.entries.len() >= PAGE_ENTRIES_MAX {
            // An entry beyond the marks has moved to where there is one.
            *self = Self::new(self.take_entries(), epoch);
            return Some(removed);
        }
        self.marks.remove(at);
        self.count(Tally::one(&removed), Tally::NONE);
        Some(removed)
    }

    /// Lets the entries go.
    pub(super) fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// Where the key is.
    fn position(&self, hash: u64, key: &[u8]) -> Option<usize> {
        self.marks.find(hash, self.entries.len(), |at| *self.entries[at].key == *key)
    }

    fn count(&mut self, before: Tally, after: Tally) {
        if self.uncounted || (before != after && !self.tally.replace(before, after)) {
            self.recount();
        }
    }

    fn size(&self) -> u64 {
        let entry = |e: &Entry| ENTRY_BYTES + e.key.len() + e.value.size();
        self.entries.iter().map(entry).sum::<usize>() as u64
    }
}

/// What an entry takes beside its key and its value, by the account that INFO and the log show.
const ENTRY_BYTES: usize = 88;
