//! A branch of the tree: a child for every run of its slots.
//!
//! A run is a power of two of slots, and begins at a multiple of its length. A page that becomes
//! too long gives the second half of its run to a new page; two pages that have become short, and
//! are halves of one run, become one.

use std::rc::Rc;

use super::arrivals::{Arrival, Sorted};
use super::{Entry, FAN, Making, Node, PAGE_ENTRIES_MAX, PAGE_ENTRIES_MERGE, Tally, Write, slot};

#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// The sum over `children`.
    tally: Tally,
    runs: Runs,
    /// At the first slot of each run its child, if there are keys in it.
    children: [Option<Node>; FAN],
}

/// How the slots are divided into runs: a bit for the first slot of each.
#[derive(Clone, Copy, Debug)]
struct Runs(u16);

impl Branch {
    /// A branch without children, and with one run of all slots.
    pub(super) fn empty() -> Self {
        Self { tally: Tally::NONE, runs: Runs(1), children: [const { None }; FAN] }
    }

    /// This branch as a node, when its children have come.
    pub(super) fn into_node(mut self) -> Node {
        self.recount();
        Node::Branch(Rc::new(self))
    }

    pub(super) const fn tally(&self) -> Tally {
        self.tally
    }

    /// The children in the order of hashes.
    pub(super) fn children(&self) -> impl Iterator<Item = &Node> {
        self.children.iter().flatten()
    }

    /// The child of `hash`.
    pub(super) fn child(&self, hash: u64, depth: u32) -> Option<&Node> {
        self.children[self.runs.start(slot(hash, depth))].as_ref()
    }

    /// The place of the child of `hash`.
    pub(super) fn child_mut(&mut self, hash: u64, depth: u32) -> &mut Option<Node> {
        &mut self.children[self.runs.start(slot(hash, depth))]
    }

    /// The child of the run that `slot` is in, the first slot of the run and its length.
    pub(super) fn run(&self, slot: usize) -> (Option<&Node>, usize, usize) {
        let start = self.runs.start(slot);
        (self.children[start].as_ref(), start, self.runs.length(start))
    }

    /// Puts `child` where the run at `start` has its child.
    pub(super) fn place(&mut self, start: usize, child: Option<Node>) {
        self.children[start] = child;
    }

    /// Halves the run at `start`, unless it is one slot; where the second half begins.
    pub(super) fn halve(&mut self, start: usize) -> Option<usize> {
        let half = self.runs.length(start) / 2;
        self.runs.0 |= 1 << (start + half);
        (half > 0).then_some(start + half)
    }

    /// Puts `entry` in, and returns the one that it replaced.
    pub(super) fn insert(
        &mut self,
        hash: u64,
        entry: Entry,
        depth: u32,
        write: &mut Write<'_>,
    ) -> Option<Entry> {
        let start = self.runs.start(slot(hash, depth));
        let Some(child) = &mut self.children[start] else {
            let page = Node::page(vec![entry], write.epoch);
            self.count(Tally::NONE, page.tally());
            self.children[start] = Some(page);
            return None;
        };
        let before = child.tally();
        let replaced = child.insert(hash, entry, depth + 1, write);
        let after = child.tally();
        let limit = if self.runs.length(start) > 1 { entries_max(depth) } else { PAGE_ENTRIES_MAX };
        if let Some(entries) = child.overflow(limit) {
            let making = Making::halves(write.epoch);
            Arrival::sorted(entries, |order| self.spread(start, order, depth, making));
        }
        self.count(before, after);
        replaced
    }

    /// Gives `order`, whose hashes ascend, to as few pages as the run at `start` allows.
    pub(super) fn spread(
        &mut self,
        start: usize,
        order: &mut [Sorted<'_>],
        depth: u32,
        making: Making,
    ) {
        let second = if order.len() > entries_max(depth) { self.halve(start) } else { None };
        if let Some(middle) = second {
            let cut = order.partition_point(|(hash, _)| slot(*hash, depth) < middle);
            let (left, right) = order.split_at_mut(cut);
            self.spread(start, left, depth, making);
            self.spread(middle, right, depth, making);
        } else if order.is_empty() {
            self.children[start] = None;
        } else {
            self.children[start] = Some(Node::of_sorted(order, depth + 1, making));
        }
    }

    /// Takes `key` out.
    pub(super) fn remove(
        &mut self,
        hash: u64,
        key: &[u8],
        depth: u32,
        write: &mut Write<'_>,
    ) -> Option<Entry> {
        let start = self.runs.start(slot(hash, depth));
        let child = self.children[start].as_mut()?;
        let before = child.tally();
        let removed = child.remove(hash, key, depth + 1, write);
        let after = child.tally();
        if after.keys == 0 {
            self.children[start] = None;
        }
        self.count(before, after);
        let mut short = Some(start);
        while let Some(start) = short {
            short = self.join(start, entries_merge(depth), write.epoch);
        }
        removed
    }

    /// Makes one page of that at `start` and its other half, if there are no more than `limit` keys
    /// on both; where it begins.
    pub(super) fn join(&mut self, start: usize, limit: u64, epoch: u64) -> Option<usize> {
        let (first, second) = self.runs.halves(start)?;
        let halves = [&self.children[first], &self.children[second]];
        let keys: u64 = halves.iter().map(|half| keys_of_page(half.as_ref())).sum();
        if keys > limit {
            return None;
        }
        let mut entries = Vec::new();
        halves.into_iter().flatten().for_each(|half| half.drain_into(&mut entries));
        self.runs.0 &= !(1 << second);
        self.children[second] = None;
        self.children[first] = (keys > 0).then(|| Node::page(entries, epoch));
        Some(first)
    }

    /// Counts that a child's tally was `before` and is `after`.
    pub(super) fn count(&mut self, before: Tally, after: Tally) {
        if before != after && !self.tally.replace(before, after) {
            self.recount();
        }
    }

    fn recount(&mut self) {
        self.tally = Tally::sum(self.children().map(Node::tally));
    }
}

impl Runs {
    /// The first slot of the run that `slot` is in.
    const fn start(self, slot: usize) -> usize {
        let up_to_it = self.0 & u16::MAX >> (FAN - 1 - slot);
        up_to_it.ilog2() as usize
    }

    /// How many slots the run at `start` has.
    const fn length(self, start: usize) -> usize {
        let after = (self.0 as u32 | 1 << FAN) >> (start + 1);
        after.trailing_zeros() as usize + 1
    }

    /// The run at `start` and the one that has been its other half, in order.
    const fn halves(self, start: usize) -> Option<(usize, usize)> {
        let length = self.length(start);
        let other = start ^ length;
        if length == FAN || self.start(other) != other || self.length(other) != length {
            return None;
        }
        Some(if start < other { (start, other) } else { (other, start) })
    }
}

/// With more entries a page whose run has several slots splits. Below the top that is a full page;
/// at the top it is less, so that a small dataset has several pages, and a write copies a part.
pub(super) const fn entries_max(depth: u32) -> usize {
    if depth == 0 { TOP_ENTRIES_MAX } else { PAGE_ENTRIES_MAX }
}

/// With no more entries two pages become one.
const fn entries_merge(depth: u32) -> u64 {
    if depth == 0 { TOP_ENTRIES_MAX as u64 / 2 } else { PAGE_ENTRIES_MERGE }
}

const TOP_ENTRIES_MAX: usize = 4;

/// How many keys there are on what must be a page to be joined with another.
fn keys_of_page(child: Option<&Node>) -> u64 {
    match child {
        None => 0,
        Some(Node::Page(page)) => page.tally().keys,
        Some(Node::Branch(_)) => u64::MAX / 2,
    }
}
