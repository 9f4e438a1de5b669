//! A map from keys to values, on pages that are shared until written.
//!
//! The tree branches sixteen ways on the bits of a key's hash, from the top; a leaf is a *page* of
//! up to 32 entries in the order of their hashes. Every branch knows a [`Tally`] of what lies below
//! it, so that the number of keys, a random key and the next key to expire are found without a
//! walk.
//!
//! A write makes its path its own (`Rc::make_mut`: a copy if it is shared, nothing if not). Whether
//! a page counts as *copied since the snapshot* is decided by its epoch alone.

use std::rc::Rc;

use super::{Millis, Value};
use crate::resp::Bytes;

/// A key with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The hash of the key: its place in every order of this crate.
    pub hash: u64,
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Value,
    /// When it expires, if it does.
    pub expires: Option<Millis>,
}

/// What has been copied since the snapshot that began the current epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Pages written for the first time in the epoch.
    pub pages: u64,
    /// Roughly their bytes.
    pub bytes: u64,
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
}

#[derive(Clone, Debug)]
enum Node {
    Branch(Rc<Branch>),
    Page(Rc<Page>),
}

#[derive(Clone, Debug)]
struct Branch {
    /// The sum over `children`.
    tally: Tally,
    /// One for each value of the next four bits of the hash.
    children: [Option<Node>; FAN],
}

#[derive(Clone, Debug)]
struct Page {
    /// The sum over `entries`.
    tally: Tally,
    /// The epoch of the last write.
    epoch: u64,
    /// Sorted by hash, then key.
    entries: Vec<Entry>,
}

/// What lies below a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    /// Keys.
    keys: u64,
    /// Keys that have an expiry.
    volatile: u64,
    /// The earliest expiry among them; `Millis::MAX` if none.
    soonest: Millis,
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

    /// Takes every key out; the epoch goes on.
    pub(super) fn clear(&mut self) {
        self.root = None;
    }

    /// Begins a new epoch, from which [`Self::copied`] counts.
    pub(super) fn begin_epoch(&mut self) {
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
                    node = branch.children[slot(hash, depth)].as_ref()?;
                    depth += 1;
                }
                Node::Page(page) => return page.find(hash, key).ok().map(|at| &page.entries[at]),
            }
        }
    }

    /// The value of `key`, to be changed in place. Its expiry has [`Self::set_expiry`].
    pub(super) fn value_mut(&mut self, key: &[u8]) -> Option<&mut Value> {
        // A look first: a write that finds nothing must not copy the path.
        self.get(key)?;
        let hash = hash_of(key);
        let (epoch, copied) = (self.epoch, &mut self.copied);
        let mut node = self.root.as_mut()?;
        let mut depth = 0;
        loop {
            match node {
                Node::Branch(branch) => {
                    node = Rc::make_mut(branch).children[slot(hash, depth)].as_mut()?;
                    depth += 1;
                }
                Node::Page(page) => {
                    page.note_write(epoch, copied);
                    let page = Rc::make_mut(page);
                    page.epoch = epoch;
                    let at = page.find(hash, key).ok()?;
                    return Some(&mut page.entries[at].value);
                }
            }
        }
    }

    /// Puts `entry` in, and returns the one that it replaced.
    pub(super) fn insert(
        &mut self,
        key: Bytes,
        value: Value,
        expires: Option<Millis>,
    ) -> Option<Entry> {
        let entry = Entry { hash: hash_of(&key), key, value, expires };
        let mut write = Write { epoch: self.epoch, copied: &mut self.copied };
        match &mut self.root {
            Some(root) => root.insert(entry, 0, &mut write),
            empty @ None => {
                *empty = Some(Node::page(vec![entry], self.epoch));
                None
            }
        }
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
                Node::Page(page) => return page.entries.get(usize::try_from(rank).ok()?),
                Node::Branch(branch) => {
                    node = branch.children.iter().flatten().find(|child| {
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

    /// One entry whose expiry is the soonest of all.
    pub(super) fn soonest(&self) -> Option<&Entry> {
        let soonest = self.soonest_expiry()?;
        let mut node = self.root.as_ref()?;
        loop {
            match node {
                Node::Page(page) => {
                    return page.entries.iter().find(|entry| entry.expires == Some(soonest));
                }
                Node::Branch(branch) => {
                    node =
                        branch.children.iter().flatten().find(|c| c.tally().soonest == soonest)?;
                }
            }
        }
    }

    /// The first page that holds a hash of at least `from`, and the hash at which the next begins.
    ///
    /// The answer may include entries before `from`, if their page has that hash in its range.
    pub(super) fn page_from(&self, from: u64) -> Option<PageAt<'_>> {
        page_from(self.root.as_ref()?, from, 0, 0)
    }

    fn tally(&self) -> Tally {
        self.root.as_ref().map_or(Tally::NONE, Node::tally)
    }
}

/// A page, and where the one after it begins.
pub(super) struct PageAt<'a> {
    /// Its entries, in the order of hashes.
    pub(super) entries: &'a [Entry],
    /// The first hash that a page may have.
    pub(super) start: u64,
    /// The first hash beyond the page's range; none at the end of the tree.
    pub(super) next: Option<u64>,
    /// The epoch of the page's last write.
    pub(super) epoch: u64,
}

fn page_from(node: &Node, from: u64, start: u64, depth: u32) -> Option<PageAt<'_>> {
    match node {
        Node::Page(page) => {
            let next = if depth == 0 { None } else { start.checked_add(span(depth)) };
            Some(PageAt { entries: &page.entries, start, next, epoch: page.epoch })
        }
        Node::Branch(branch) => {
            let width = span(depth + 1);
            let first = if from <= start { 0 } else { ((from - start) / width) as usize };
            (first..FAN).find_map(|index| {
                let child = branch.children[index].as_ref()?;
                page_from(child, from, start + index as u64 * width, depth + 1)
            })
        }
    }
}

/// How many hashes lie below one node at `depth` (at least 1).
const fn span(depth: u32) -> u64 {
    1 << (64 - BITS * depth)
}

/// A write that is under way: its epoch, and the count of what it copies.
struct Write<'a> {
    epoch: u64,
    copied: &'a mut Copied,
}

impl Node {
    fn page(entries: Vec<Entry>, epoch: u64) -> Self {
        Self::Page(Rc::new(Page { tally: Tally::of(&entries), epoch, entries }))
    }

    fn tally(&self) -> Tally {
        match self {
            Self::Branch(branch) => branch.tally,
            Self::Page(page) => page.tally,
        }
    }

    fn insert(&mut self, entry: Entry, depth: u32, write: &mut Write<'_>) -> Option<Entry> {
        match self {
            Self::Branch(branch) => {
                let branch = Rc::make_mut(branch);
                let place = &mut branch.children[slot(entry.hash, depth)];
                let replaced = match place {
                    Some(child) => child.insert(entry, depth + 1, write),
                    None => {
                        *place = Some(Self::page(vec![entry], write.epoch));
                        None
                    }
                };
                branch.tally = Tally::below(&branch.children);
                replaced
            }
            Self::Page(page) => {
                page.note_write(write.epoch, write.copied);
                let own = Rc::make_mut(page);
                own.epoch = write.epoch;
                let replaced = match own.find(entry.hash, &entry.key) {
                    Ok(at) => Some(std::mem::replace(&mut own.entries[at], entry)),
                    Err(at) => {
                        own.entries.insert(at, entry);
                        None
                    }
                };
                own.tally = Tally::of(&own.entries);
                if own.entries.len() > PAGE_ENTRIES_MAX && depth < DEPTH_MAX {
                    let entries = std::mem::take(&mut own.entries);
                    *self = Self::split(entries, depth, write.epoch);
                }
                replaced
            }
        }
    }

    /// Spreads the entries of a page that has grown too long over a branch.
    fn split(entries: Vec<Entry>, depth: u32, epoch: u64) -> Self {
        let mut parts: [Vec<Entry>; FAN] = Default::default();
        for entry in entries {
            parts[slot(entry.hash, depth)].push(entry);
        }
        let children =
            parts.map(|part| if part.is_empty() { None } else { Some(Self::page(part, epoch)) });
        Self::Branch(Rc::new(Branch { tally: Tally::below(&children), children }))
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
                if let Some(child) = &mut branch.children[slot(hash, depth)] {
                    child.set_expiry(hash, key, expires, depth + 1, write);
                }
                branch.tally = Tally::below(&branch.children);
            }
            Self::Page(page) => {
                page.note_write(write.epoch, write.copied);
                let page = Rc::make_mut(page);
                page.epoch = write.epoch;
                if let Ok(at) = page.find(hash, key) {
                    page.entries[at].expires = expires;
                }
                page.tally = Tally::of(&page.entries);
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
                let place = &mut own.children[slot(hash, depth)];
                let child = place.as_mut()?;
                let removed = child.remove(hash, key, depth + 1, write);
                if child.tally().keys == 0 {
                    *place = None;
                }
                own.tally = Tally::below(&own.children);
                if own.tally.keys <= PAGE_ENTRIES_MERGE {
                    let mut entries = Vec::new();
                    self.drain_into(&mut entries);
                    *self = Self::page(entries, write.epoch);
                }
                removed
            }
            Self::Page(page) => {
                page.note_write(write.epoch, write.copied);
                let page = Rc::make_mut(page);
                page.epoch = write.epoch;
                let at = page.find(hash, key).ok()?;
                let removed = page.entries.remove(at);
                page.tally = Tally::of(&page.entries);
                Some(removed)
            }
        }
    }

    /// Copies the entries below into `entries`, in order.
    fn drain_into(&self, entries: &mut Vec<Entry>) {
        match self {
            Self::Branch(branch) => {
                branch.children.iter().flatten().for_each(|child| child.drain_into(entries));
            }
            Self::Page(page) => entries.extend(page.entries.iter().cloned()),
        }
    }
}

impl Page {
    /// Where the key is, or where it would go.
    fn find(&self, hash: u64, key: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|e| e.hash.cmp(&hash).then_with(|| (*e.key).cmp(key)))
    }

    /// Counts the page as copied if this is its first write in the epoch.
    fn note_write(&self, epoch: u64, copied: &mut Copied) {
        if self.epoch != epoch {
            copied.pages += 1;
            copied.bytes += self.size();
        }
    }

    fn size(&self) -> u64 {
        let entry = |e: &Entry| size_of::<Entry>() + 16 + e.key.len() + e.value.size();
        self.entries.iter().map(entry).sum::<usize>() as u64
    }
}

impl Tally {
    const NONE: Self = Self { keys: 0, volatile: 0, soonest: Millis::MAX };

    fn of(entries: &[Entry]) -> Self {
        entries.iter().fold(Self::NONE, |tally, entry| {
            let volatile = u64::from(entry.expires.is_some());
            let soonest = entry.expires.unwrap_or(Millis::MAX);
            tally.plus(Self { keys: 1, volatile, soonest })
        })
    }

    fn below(children: &[Option<Node>; FAN]) -> Self {
        children.iter().flatten().fold(Self::NONE, |tally, child| tally.plus(child.tally()))
    }

    fn plus(self, other: Self) -> Self {
        Self {
            keys: self.keys + other.keys,
            volatile: self.volatile + other.volatile,
            soonest: self.soonest.min(other.soonest),
        }
    }
}

/// Which child the hash goes to at `depth`.
const fn slot(hash: u64, depth: u32) -> usize {
    (hash >> (64 - BITS * (depth + 1))) as usize & (FAN - 1)
}

/// A hash of 64 bits, the same on every target: eight bytes at a time through a multiplication,
/// and SplitMix64's finish so that the top bits, which choose the page, depend on all of them.
pub(super) fn hash_of(key: &[u8]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15 ^ key.len() as u64;
    for chunk in key.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash =
            (hash.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Bits of the hash that one branch takes.
const BITS: u32 = 4;
/// Children of a branch.
const FAN: usize = 1 << BITS;
/// The depth at which the hash has no more bits; pages there do not split.
const DEPTH_MAX: u32 = 64 / BITS;
/// A page that has grown beyond this splits.
const PAGE_ENTRIES_MAX: usize = 32;
/// A branch that has shrunk to this becomes a page again.
const PAGE_ENTRIES_MERGE: u64 = 12;

#[cfg(test)]
mod tests;
