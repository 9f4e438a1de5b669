//! Entries in the order in which they came, and how a whole tree is made of them.
//!
//! They are kept in blocks, shared until written, so that a clone costs a count for each block. In
//! the end their hashes are sorted, and every page is made once: it holds the very entries that it
//! would hold if they had been put in one by one. Those that will lie near each other are kept near
//! each other from the beginning, for no more than one group of them is near the processor at once.

use std::rc::Rc;

use super::{DEPTH_MAX, Entry, FAN, Node, PAGE_ENTRIES_MAX, Page, Pages, Tally, slot};

/// Entries that wait for their pages.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Arrivals {
    /// By the top bits of their hashes; none while there is no entry.
    groups: Vec<Group<Rc<Block>>>,
}

/// Blocks, of which all are full but the last.
type Group<B> = Vec<B>;

type Block = Vec<Arrival>;

/// One of them, with what is told cheaply while it is near.
#[derive(Clone, Debug)]
struct Arrival {
    hash: u64,
    /// What the entry weighs.
    bytes: u64,
    /// Until it is on its page.
    entry: Option<Entry>,
}

/// An arrival on the way to its page, with its hash.
type Sorted<'a> = (u64, &'a mut Arrival);

impl Arrivals {
    /// Keeps `entry`.
    pub(in super::super) fn push(&mut self, entry: Entry) {
        if self.groups.is_empty() {
            self.groups = vec![Vec::new(); GROUPS];
        }
        let (hash, bytes) = (entry.hash(), Tally::one(&entry).bytes);
        let arrival = Arrival { hash, bytes, entry: Some(entry) };
        let group = &mut self.groups[slot(hash, 0)];
        match group.last_mut().filter(|block| block.len() < BLOCK_ENTRIES) {
            Some(block) => Rc::make_mut(block).push(arrival),
            None => {
                // Of a small dataset there is one block, which grows with it.
                let mut block =
                    Vec::with_capacity(if group.is_empty() { 1 } else { BLOCK_ENTRIES });
                block.push(arrival);
                group.push(Rc::new(block));
            }
        }
    }

    /// The tree of all entries; of several with the same key the last stays.
    pub(in super::super) fn into_pages(self) -> Pages {
        let own = |group: Group<Rc<Block>>| group.into_iter().map(Rc::unwrap_or_clone).collect();
        let mut groups: Vec<Group<Block>> = self.groups.into_iter().map(own).collect();
        let mut late = Vec::new();
        let root = Node::of_groups(&mut groups, 0, &mut late);
        let mut pages = Pages { root, ..Pages::default() };
        for entry in late {
            pages.insert(entry);
        }
        pages
    }
}

impl Node {
    /// The node of all entries in `groups`, at `depth`, but for those that are put in `late`.
    fn of_groups(groups: &mut [Group<Block>], depth: u32, late: &mut Vec<Entry>) -> Option<Self> {
        let count: usize = groups.iter().flatten().map(Vec::len).sum();
        if groups.len() > 1 && count > PAGE_ENTRIES_MAX {
            let part = groups.len() / FAN;
            let mut parts = groups.chunks_mut(part);
            return Some(Self::branch(std::array::from_fn(|_| {
                Self::of_groups(parts.next()?, depth + 1, late)
            })));
        }
        let arrivals = groups.iter_mut().flatten().flatten();
        let mut order: Vec<Sorted<'_>> = arrivals.map(|one| (one.hash, one)).collect();
        order.sort_by_key(|(hash, _)| *hash);
        // Nearly always a hash says which key it is. Where it comes twice, keys decide.
        order.dedup_by(|(hash, arrival), kept| {
            let again = *hash == kept.0;
            if again {
                late.extend(arrival.entry.take());
            }
            again
        });
        let node = (!order.is_empty()).then(|| Self::of_sorted(&mut order, depth));
        // What has been emptied makes room for the next.
        groups.iter_mut().for_each(|group| *group = Vec::new());
        node
    }

    /// The node of `order`, whose hashes ascend, at `depth`.
    fn of_sorted(order: &mut [Sorted<'_>], depth: u32) -> Self {
        if order.len() <= PAGE_ENTRIES_MAX || depth == DEPTH_MAX {
            return Self::Page(Rc::new(Page::of(order.iter_mut().map(Arrival::leave))));
        }
        let mut rest = order;
        Self::branch(std::array::from_fn(|child| {
            let end = rest.partition_point(|(hash, _)| slot(*hash, depth) <= child);
            let (part, after) = std::mem::take(&mut rest).split_at_mut(end);
            rest = after;
            (!part.is_empty()).then(|| Self::of_sorted(part, depth + 1))
        }))
    }
}

impl Arrival {
    /// Gives the entry away, with its hash and its tally.
    fn leave((hash, arrival): &mut Sorted<'_>) -> (u64, Tally, Entry) {
        let entry = arrival.entry.take().expect("every arrival goes to one page");
        (*hash, Tally::of(entry.expires, arrival.bytes), entry)
    }
}

/// A group for every child of the root: to more places at once a processor does not write well.
const GROUPS: usize = FAN;
/// So many entries make a block.
const BLOCK_ENTRIES: usize = 128;
