//! A map from keys to values, on pages that are shared until written.
//!
//! The tree branches sixteen ways on the bits of a key's hash, from the top; a leaf is a *page* of
//! up to 32 entries in the order of their hashes. A page that grows beyond that splits in two, so
//! that pages are half full on average, however many keys there are: below a branch each has a
//! *run* of slots, and only one with a single slot becomes a branch itself. At the top pages split
//! earlier: a few keys have several pages, and a write copies a part of them. Every branch knows a
//! [`Tally`] of what lies below it, so that the number of keys, a random key and the next key to
//! expire are found without a walk.
//!
//! A write makes its path its own (`Rc::make_mut`: a copy if it is shared, nothing if not). Whether
//! a page counts as *copied since the snapshot* is decided by its epoch alone.

mod ahead;
mod arrivals;
mod branch;
mod page;
mod swap;
mod tally;
mod walk;

use std::rc::Rc;

pub use self::{ahead::KEYS_AT_ONCE, tally::Copied};
use self::{
    arrivals::Arrival,
    branch::Branch,
    page::{Making, Page},
    tally::Tally,
    walk::page_from,
};
pub(super) use self::{arrivals::Arrivals, walk::PageAt};
use super::{Access, Deadline, Millis, Value, key::hash_of, marks::MARKS_MAX};
use crate::resp::Bytes;

/// A key with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Value,
    /// When it expires, if it does.
    pub expires: Deadline,
    /// When, or how often, it was used.
    pub access: Access,
}

impl Entry {
    /// The hash of the key: its place in every order of this crate.
    pub fn hash(&self) -> u64 {
        hash_of(&self.key)
    }

    /// Roughly the memory that the key and its value take, with `samples` elements looked at.
    pub fn weight(&self, samples: usize) -> u64 {
        tally::ENTRY_BYTES + self.key.len() as u64 + self.value.weight(samples)
    }
}

/// The tree of one database.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    /// The top of the tree; none while there is no key.
    root: Option<Node>,
    /// Goes up by one with every snapshot.
    epoch: u64,
    /// What this epoch's writes have copied.
    copied: Copied,
    /// Hashes of keys whose values were changed in place since the tallies were made.
    uncounted: Vec<u64>,
}

#[derive(Clone, Debug)]
enum Node {
    Branch(Rc<Branch>),
    Page(Rc<Page>),
}

impl Pages {
    pub(super) fn len(&self) -> u64 {
        self.tally().keys
    }

    pub(super) fn volatile_len(&self) -> u64 {
        self.tally().volatile
    }

    pub(super) fn soonest_expiry(&self) -> Option<Millis> {
        Some(self.tally().soonest).filter(|&at| at != Millis::MAX)
    }

    /// What this epoch's writes have copied.
    pub(super) const fn copied(&self) -> Copied {
        self.copied
    }

    /// The current epoch.
    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// True if both have one root: not equal pages, but the same.
    pub(super) fn are_those_of(&self, other: &Self) -> bool {
        match (&self.root, &other.root) {
            (None, None) => true,
            (Some(Node::Page(a)), Some(Node::Page(b))) => Rc::ptr_eq(a, b),
            (Some(Node::Branch(a)), Some(Node::Branch(b))) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// Roughly the memory that all entries take, as of the last [`Self::recount`].
    pub(super) fn bytes(&self) -> u64 {
        self.tally().bytes
    }

    /// Counts anew what was changed in place.
    pub(super) fn recount(&mut self) {
        for hash in std::mem::take(&mut self.uncounted) {
            if let Some(root) = &mut self.root {
                root.recount(hash, 0);
            }
        }
    }

    /// Takes every key out; the epoch goes on.
    pub(super) fn clear(&mut self) {
        self.root = None;
        self.uncounted.clear();
    }

    /// Begins a new epoch, from which [`Self::copied`] counts.
    pub(super) fn begin_epoch(&mut self) {
        // The pages are still our own: to count later might copy them.
        self.recount();
        self.epoch += 1;
        self.copied = Copied::default();
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Entry> {
        let hash = hash_of(key);
        let mut node = self.root.as_ref()?;
        let mut depth = 0;
        loop {
            match node {
                Node::Branch(branch) => {
                    node = branch.child(hash, depth)?;
                    depth += 1;
                }
                Node::Page(page) => return page.get(hash, key),
            }
        }
    }

    /// The value of `key`, which is there, to be changed in place. Its expiry has
    /// [`Self::set_expiry`].
    pub(super) fn value_mut(&mut self, key: &[u8]) -> Option<&mut Value> {
        let hash = hash_of(key);
        if self.uncounted.last() != Some(&hash) {
            if self.uncounted.len() == UNCOUNTED_MAX {
                self.recount();
            }
            self.uncounted.push(hash);
        }
        let (epoch, copied) = (self.epoch, &mut self.copied);
        let mut node = self.root.as_mut()?;
        let mut depth = 0;
        loop {
            match node {
                Node::Branch(branch) => {
                    node = Rc::make_mut(branch).child_mut(hash, depth).as_mut()?;
                    depth += 1;
                }
                Node::Page(page) => {
                    page.note_write(epoch, copied);
                    return Rc::make_mut(page).value_mut(hash, key, epoch);
                }
            }
        }
    }

    /// Puts `entry` in, and returns the one that it replaced.
    pub(super) fn insert(&mut self, mut entry: Entry) -> Option<Entry> {
        let hash = entry.hash();
        if self.swap(hash, &mut entry) {
            return Some(entry);
        }
        let mut write = Write { epoch: self.epoch, copied: &mut self.copied };
        let Some(root) = &mut self.root else {
            self.root = Some(Node::page(vec![entry], self.epoch));
            return None;
        };
        let replaced = root.insert(hash, entry, 0, &mut write);
        if let Some(entries) = root.overflow(PAGE_ENTRIES_MAX) {
            let making = Making::halves(self.epoch);
            *root = Arrival::sorted(entries, |order| Node::of_sorted(order, 0, making));
        }
        replaced
    }

    /// Gives `key` another expiry, or none; false if there is no such key.
    pub(super) fn set_expiry(&mut self, key: &[u8], expires: Option<Millis>) -> bool {
        if self.get(key).is_none() {
            return false;
        }
        let mut write = Write { epoch: self.epoch, copied: &mut self.copied };
        let root = self.root.as_mut().expect("a key was found below the root");
        root.set_expiry(hash_of(key), key, expires, 0, &mut write);
        true
    }

    /// Notes a use of `key`, which is there.
    pub(super) fn set_access(&mut self, key: &[u8], access: Access) {
        let hash = hash_of(key);
        let (mut node, mut depth) = (self.root.as_mut(), 0);
        loop {
            match node {
                None => return,
                Some(Node::Branch(branch)) => {
                    node = Rc::make_mut(branch).child_mut(hash, depth).as_mut();
                    depth += 1;
                }
                Some(Node::Page(page)) => {
                    return Rc::make_mut(page).set_access(hash, key, access);
                }
            }
        }
    }

    /// Takes `key` out.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        self.get(key)?;
        let mut write = Write { epoch: self.epoch, copied: &mut self.copied };
        let root = self.root.as_mut()?;
        let removed = root.remove(hash_of(key), key, 0, &mut write);
        if root.tally().keys == 0 {
            self.root = None;
        }
        removed
    }

    /// The `rank`-th entry in the order of hashes.
    pub(super) fn nth(&self, mut rank: u64) -> Option<&Entry> {
        let mut node = self.root.as_ref()?;
        loop {
            match node {
                Node::Page(page) => return page.entries().get(usize::try_from(rank).ok()?),
                Node::Branch(branch) => {
                    node = branch.children().find(|child| {
                        let keys = child.tally().keys;
                        let here = rank < keys;
                        if !here {
                            rank -= keys;
                        }
                        here
                    })?;
                }
            }
        }
    }

    /// The `rank`-th entry that has an expiry, in the order of hashes.
    pub(super) fn nth_volatile(&self, rank: u64) -> Option<&Entry> {
        let (mut node, mut left) = (self.root.as_ref()?, usize::try_from(rank).ok()?);
        loop {
            match node {
                Node::Page(page) => {
                    return page.entries().iter().filter(|e| e.expires.is_some()).nth(left);
                }
                Node::Branch(branch) => {
                    node = branch.children().find(|child| {
                        let volatile = child.tally().volatile as usize;
                        let here = left < volatile;
                        if !here {
                            left -= volatile;
                        }
                        here
                    })?;
                }
            }
        }
    }

    /// One entry whose expiry is the soonest of all.
    pub(super) fn soonest(&self) -> Option<&Entry> {
        let soonest = self.soonest_expiry()?;
        let mut node = self.root.as_ref()?;
        loop {
            match node {
                Node::Page(page) => {
                    return page.entries().iter().find(|entry| entry.expires.at() == Some(soonest));
                }
                Node::Branch(branch) => {
                    node = branch.children().find(|c| c.tally().soonest == soonest)?;
                }
            }
        }
    }

    /// The first page that holds a hash of at least `from`, and the hash at which the next begins.
    ///
    /// The answer may include entries before `from`, if their page has that hash in its range.
    pub(super) fn page_from(&self, from: u64) -> Option<PageAt<'_>> {
        page_from(self.root.as_ref()?, from, (0, 1 << 64), 0)
    }

    fn tally(&self) -> Tally {
        self.root.as_ref().map_or(Tally::NONE, Node::tally)
    }
}

/// A write that is under way: its epoch, and the count of what it copies.
struct Write<'a> {
    epoch: u64,
    copied: &'a mut Copied,
}

impl Node {
    fn page(entries: Vec<Entry>, epoch: u64) -> Self {
        Self::Page(Rc::new(Page::new(entries, epoch)))
    }

    fn tally(&self) -> Tally {
        match self {
            Self::Branch(branch) => branch.tally(),
            Self::Page(page) => page.tally(),
        }
    }

    fn insert(
        &mut self,
        hash: u64,
        entry: Entry,
        depth: u32,
        write: &mut Write<'_>,
    ) -> Option<Entry> {
        match self {
            Self::Branch(branch) => Rc::make_mut(branch).insert(hash, entry, depth, write),
            Self::Page(page) => {
                page.note_write(write.epoch, write.copied);
                Rc::make_mut(page).insert(hash, entry, write.epoch)
            }
        }
    }

    /// The entries of a page that has grown beyond `limit`, and is to be replaced.
    fn overflow(&mut self, limit: usize) -> Option<Vec<Entry>> {
        match self {
            Self::Page(page) if page.entries().len() > limit => {
                Some(Rc::make_mut(page).take_entries())
            }
            Self::Page(_) | Self::Branch(_) => None,
        }
    }

    fn set_expiry(
        &mut self,
        hash: u64,
        key: &[u8],
        expires: Option<Millis>,
        depth: u32,
        write: &mut Write<'_>,
    ) {
        match self {
            Self::Branch(branch) => {
                let branch = Rc::make_mut(branch);
                if let Some(child) = branch.child_mut(hash, depth) {
                    let before = child.tally();
                    child.set_expiry(hash, key, expires, depth + 1, write);
                    let after = child.tally();
                    branch.count(before, after);
                }
            }
            Self::Page(page) => {
                page.note_write(write.epoch, write.copied);
                Rc::make_mut(page).set_expiry(hash, key, expires, write.epoch);
            }
        }
    }

    fn remove(
        &mut self,
        hash: u64,
        key: &[u8],
        depth: u32,
        write: &mut Write<'_>,
    ) -> Option<Entry> {
        match self {
            Self::Branch(branch) => {
                let own = Rc::make_mut(branch);
                let removed = own.remove(hash, key, depth, write);
                self.shorten(PAGE_ENTRIES_MERGE, write.epoch);
                removed
            }
            Self::Page(page) => {
                page.note_write(write.epoch, write.copied);
                Rc::make_mut(page).remove(hash, key, write.epoch)
            }
        }
    }

    /// Counts the page of `hash` anew, and what it changes above.
    fn recount(&mut self, hash: u64, depth: u32) {
        match self {
            Self::Branch(branch) => {
                let own = Rc::make_mut(branch);
                let Some(child) = own.child_mut(hash, depth) else { return };
                let before = child.tally();
                child.recount(hash, depth + 1);
                let after = child.tally();
                own.count(before, after);
            }
            Self::Page(page) => Rc::make_mut(page).recount(),
        }
    }

    /// Makes a page of a branch with no more than `limit` keys.
    fn shorten(&mut self, limit: u64, epoch: u64) {
        let Self::Branch(branch) = self else { return };
        if branch.tally().keys <= limit {
            let mut entries = Vec::new();
            self.drain_into(&mut entries);
            *self = Self::page(entries, epoch);
        }
    }

    /// Copies the entries below into `entries`, in order.
    fn drain_into(&self, entries: &mut Vec<Entry>) {
        match self {
            Self::Branch(branch) => {
                branch.children().for_each(|child| child.drain_into(entries));
            }
            Self::Page(page) => entries.extend(page.entries().iter().cloned()),
        }
    }
}

/// Which slot of a branch the hash belongs to at `depth`.
const fn slot(hash: u64, depth: u32) -> usize {
    (hash >> (64 - BITS * (depth + 1))) as usize & (FAN - 1)
}

/// So many changes in place are remembered before they are counted.
const UNCOUNTED_MAX: usize = 64;
/// Bits of the hash that one branch takes.
const BITS: u32 = 4;
/// Slots of a branch.
const FAN: usize = 1 << BITS;
/// The depth at which the hash has no more bits; pages there do not split.
const DEPTH_MAX: u32 = 64 / BITS;
/// A page that has grown beyond this splits.
const PAGE_ENTRIES_MAX: usize = MARKS_MAX;
/// Pages that have shrunk to this together become one again.
const PAGE_ENTRIES_MERGE: u64 = 12;

#[cfg(test)]
mod tests;
