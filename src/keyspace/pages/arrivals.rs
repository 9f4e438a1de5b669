//! Entries in the order in which they came, and how a whole tree is made of them.
//!
//! They are kept in blocks, shared until written, so that a clone costs a count for each block: one
//! that a clone holds is left as it is, and another begins. Where the blocks end nobody can see. In
//! the end their hashes are sorted, and every page is made once: it holds the very entries that it
//! would hold if they had been put in one by one. Those that will lie near each other are kept near
//! each other from the beginning, for no more than one group of them is near the processor at once.

use std::cmp::Ordering;
use std::rc::Rc;

use super::branch::entries_max;
use super::{
    BITS, Branch, DEPTH_MAX, Entry, FAN, Making, Node, PAGE_ENTRIES_MAX, Page, Pages, Tally, slot,
};

/// Entries that wait for their pages.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Arrivals {
    /// By the top bits of their hashes; none while there is no entry.
    groups: Vec<Group<Rc<Block>>>,
}

/// Blocks, in the order in which they came.
type Group<B> = Vec<B>;

type Block = Vec<Arrival>;

/// One of them, with what is told cheaply while it is near.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    hash: u64,
    /// What the entry weighs.
    bytes: u64,
    /// Until it is on its page.
    entry: Option<Entry>,
}

/// An arrival on the way to its page, with its hash.
pub(super) type Sorted<'a> = (u64, &'a mut Arrival);

impl Arrivals {
    /// Keeps `entry`.
    pub(in super::super) fn push(&mut self, entry: Entry) {
        if self.groups.is_empty() {
            self.groups = vec![Vec::new(); GROUPS];
        }
        let arrival = Arrival::new(entry);
        let group = &mut self.groups[slot(arrival.hash, 0)];
        let filled = group.last().map_or(0, |block| block.len());
        if let Some(block) = group.last_mut().filter(|_| filled < BLOCK_ENTRIES) {
            if filled < COPIED_MAX {
                return Rc::make_mut(block).push(arrival);
            }
            if let Some(block) = Rc::get_mut(block) {
                return block.push(arrival);
            }
        }
        // Of a small dataset there is one block, which grows with it; and so does one that begins
        // because a clone holds the block before.
        let room = if filled < BLOCK_ENTRIES { 1 } else { BLOCK_ENTRIES };
        let mut block = Vec::with_capacity(room);
        block.push(arrival);
        group.push(Rc::new(block));
    }

    /// The tree of all entries; of several with the same key the last stays.
    pub(in super::super) fn into_pages(self) -> Pages {
        let own = |group: Group<Rc<Block>>| group.into_iter().map(Rc::unwrap_or_clone).collect();
        let mut groups: Vec<Group<Block>> = self.groups.into_iter().map(own).collect();
        Pages { root: Node::of_groups(&mut groups), ..Pages::default() }
    }
}

impl Node {
    /// The top of the tree of all entries in `groups`.
    fn of_groups(groups: &mut [Group<Block>]) -> Option<Self> {
        if count(groups) <= PAGE_ENTRIES_MAX {
            return Self::of_arrivals(groups, 0);
        }
        let mut top = Branch::empty();
        top.gather(0, groups);
        let mut node = top.into_node();
        node.shorten(PAGE_ENTRIES_MAX as u64, Making::ALL.epoch);
        Some(node)
    }

    /// The node of all entries in `groups`, at `depth`; of several with one key the last.
    fn of_arrivals(groups: &mut [Group<Block>], depth: u32) -> Option<Self> {
        let mut order = sorted(groups);
        order.dedup_by(|later, kept| {
            let again = Arrival::order(later, kept).is_eq();
            if again {
                std::mem::swap(later, kept);
            }
            again
        });
        let node = (!order.is_empty()).then(|| Self::of_sorted(&mut order, depth, Making::ALL));
        // What has been emptied makes room for the next.
        groups.iter_mut().for_each(|group| *group = Vec::new());
        node
    }

    /// The node of `order`, whose hashes ascend, at `depth`.
    pub(super) fn of_sorted(order: &mut [Sorted<'_>], depth: u32, making: Making) -> Self {
        if order.len() <= PAGE_ENTRIES_MAX || depth == DEPTH_MAX {
            let parts = order.iter_mut().map(Arrival::leave);
            return Self::Page(Rc::new(Page::of(parts, making)));
        }
        let mut branch = Branch::empty();
        branch.spread(0, order, depth, making);
        branch.into_node()
    }
}

impl Branch {
    /// Gives what is in `groups`, of which each slot from `start` on has one, to few children.
    fn gather(&mut self, start: usize, groups: &mut [Group<Block>]) {
        let second = if count(groups) > entries_max(0) { self.halve(start) } else { None };
        if let Some(middle) = second {
            let (left, right) = groups.split_at_mut(middle - start);
            self.gather(start, left);
            self.gather(middle, right);
            // Those that came twice were counted twice.
            self.join(start, entries_max(0) as u64, Making::ALL.epoch);
        } else {
            self.place(start, Node::of_arrivals(groups, 1));
        }
    }
}

fn count(groups: &[Group<Block>]) -> usize {
    groups.iter().flatten().map(Vec::len).sum()
}

/// What is in `groups`, a run of slots of the root, by hash and key; of one key as it came.
fn sorted(groups: &mut [Group<Block>]) -> Vec<Sorted<'_>> {
    if count(groups) > COMPARED_MAX {
        return sorted_by_place(groups);
    }
    let arrivals = groups.iter_mut().flatten().flatten();
    let mut order: Vec<Sorted<'_>> = arrivals.map(|arrival| (arrival.hash, arrival)).collect();
    order.sort_by(Arrival::order);
    order
}

/// As [`sorted`]. Hashes are spread evenly: each is put about where it belongs at once, among a few
/// others, and is compared with these alone.
#[inline(never)]
fn sorted_by_place(groups: &mut [Group<Block>]) -> Vec<Sorted<'_>> {
    let count = count(groups);
    let alike = BITS - groups.len().ilog2();
    let bits = (count / BUCKET_ENTRIES).ilog2();
    let bucket = |hash: u64| (hash << alike >> (64 - bits)) as usize;
    let mut places = vec![0; 1 << bits];
    for arrival in groups.iter().flatten().flatten() {
        places[bucket(arrival.hash)] += 1;
    }
    let mut start = 0;
    for place in &mut places {
        start += std::mem::replace(place, start);
    }
    let mut order: Vec<Option<Sorted<'_>>> = Vec::new();
    order.resize_with(count, || None);
    for arrival in groups.iter_mut().flatten().flatten() {
        let place = &mut places[bucket(arrival.hash)];
        order[*place] = Some((arrival.hash, arrival));
        *place += 1;
    }
    let mut order: Vec<Sorted<'_>> = order.into_iter().flatten().collect();
    let mut start = 0;
    for end in places {
        order[start..end].sort_by(Arrival::order);
        start = end;
    }
    order
}

impl Arrival {
    fn new(entry: Entry) -> Self {
        Self { hash: entry.hash(), bytes: Tally::one(&entry).bytes, entry: Some(entry) }
    }

    /// Shows `entries`, which are in order, as arrivals that are in order.
    pub(super) fn sorted<R>(entries: Vec<Entry>, show: impl FnOnce(&mut [Sorted<'_>]) -> R) -> R {
        let mut arrivals: Vec<Self> = entries.into_iter().map(Self::new).collect();
        let mut order: Vec<Sorted<'_>> = arrivals.iter_mut().map(|one| (one.hash, one)).collect();
        show(&mut order)
    }

    /// By hash, which nearly always says which key it is, then by key.
    fn order(a: &Sorted<'_>, b: &Sorted<'_>) -> Ordering {
        a.0.cmp(&b.0).then_with(|| a.1.key().cmp(&b.1.key()))
    }

    fn key(&self) -> Option<&[u8]> {
        self.entry.as_ref().map(|entry| &*entry.key)
    }

    /// Gives the entry away, with its hash and its tally.
    fn leave((hash, arrival): &mut Sorted<'_>) -> (u64, Tally, Entry) {
        let entry = arrival.entry.take().expect("every arrival goes to one page");
        (*hash, Tally::of(entry.expires.at(), arrival.bytes), entry)
    }
}

/// A group for every child of the root: to more places at once a processor does not write well.
const GROUPS: usize = FAN;
/// So many entries make a block, if nobody holds a clone: as large a place is given back for other
/// things as soon as its group is done, and no small one is among those of other groups.
const BLOCK_ENTRIES: usize = 8_192;
/// So many are compared with each other as they are.
const COMPARED_MAX: usize = 64;
/// Of more so many are about at one place before they are compared.
const BUCKET_ENTRIES: usize = 4;
/// A block of fewer is copied if somebody holds a clone, so that clones leave no crumbs.
const COPIED_MAX: usize = 128;
