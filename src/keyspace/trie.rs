//! Named values in the order of their hashes, shared until written.
//!
//! A hash is as good as chance, so a tree on its bits, from the top, is balanced by itself, and a
//! branch is read at one place: where a tree that compares looks at five items of each node, each
//! in another line of memory, this one looks at one child. Leaves find a name by its mark.
//!
//! ```text
//!      bits 63…61    ┌ 0 │ 1 │ … │ 7 ┐            a branch: the children, and how much each holds
//!      bits 60…58      ┌ 0 │ … │ 7 ┐
//!                         [ 32 slots at most ]    a leaf: marks, and slots in order
//! ```
//!
//! Branches count what lies below each child, so that the slot of a rank is found without a walk.

use std::rc::Rc;

use super::marks::{MARKS_MAX, Marks};
use crate::resp::Bytes;

/// One name of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot<V> {
    /// The hash of the name.
    pub(super) hash: u64,
    /// The name.
    pub(super) name: Bytes,
    /// What belongs to it.
    pub(super) value: V,
}

/// Slots in the order of their hashes, and of their names if those are equal.
#[derive(Clone, Debug)]
pub(super) struct Trie<V> {
    root: Node<V>,
}

#[derive(Clone, Debug)]
enum Node<V> {
    Leaf(Rc<Leaf<V>>),
    Branch(Rc<Branch<V>>),
}

#[derive(Clone, Debug)]
struct Leaf<V> {
    marks: Marks,
    slots: Vec<Slot<V>>,
}

#[derive(Clone, Debug)]
struct Branch<V> {
    /// How many slots lie below each child.
    lens: [u32; FAN],
    /// One for each value of the next bits of the hash.
    children: [Option<Node<V>>; FAN],
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self { root: Node::leaf(Vec::new()) }
    }
}

impl<V> Trie<V> {
    /// Of `slots`, which are in order.
    pub(super) fn from_sorted(slots: Vec<Slot<V>>) -> Self {
        Self { root: Node::of(slots, 0) }
    }

    pub(super) fn len(&self) -> usize {
        match &self.root {
            Node::Leaf(leaf) => leaf.slots.len(),
            Node::Branch(branch) => branch.len() as usize,
        }
    }

    pub(super) fn get(&self, hash: u64, name: &[u8]) -> Option<&Slot<V>> {
        let (mut node, mut depth) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(leaf) => return leaf.position(hash, name).map(|at| &leaf.slots[at]),
                Node::Branch(branch) => {
                    node = branch.children[child(hash, depth)].as_ref()?;
                    depth += 1;
                }
            }
        }
    }

    /// The slot of `rank`.
    pub(super) fn nth(&self, rank: usize) -> Option<&Slot<V>> {
        let (slots, at) = self.leaf_at(rank);
        slots.get(at)
    }

    /// How many slots have a hash below `hash`.
    pub(super) fn rank_of(&self, hash: u64) -> usize {
        let (mut node, mut depth, mut rank) = (&self.root, 0, 0);
        loop {
            match node {
                Node::Leaf(leaf) => {
                    return rank + leaf.slots.partition_point(|slot| slot.hash < hash);
                }
                Node::Branch(branch) => {
                    let at = child(hash, depth);
                    rank += branch.lens[..at].iter().sum::<u32>() as usize;
                    let Some(below) = &branch.children[at] else { return rank };
                    node = below;
                    depth += 1;
                }
            }
        }
    }

    /// The slots from the one of `rank` on.
    pub(super) fn iter_from(&self, rank: usize) -> impl Iterator<Item = &Slot<V>> {
        let (mut run, mut next): (&[Slot<V>], _) = (&[], rank);
        std::iter::from_fn(move || {
            if run.is_empty() {
                let (slots, at) = self.leaf_at(next);
                run = slots.get(at..)?;
                next += run.len();
            }
            run.split_off_first()
        })
    }

    /// How many slots lie in each leaf that has any.
    pub(super) fn leaf_lens(&self) -> Vec<usize> {
        let (mut lens, mut next) = (Vec::new(), 0);
        while next < self.len() {
            let len = self.leaf_at(next).0.len();
            lens.push(len);
            next += len;
        }
        lens
    }

    /// The leaf in which the slot of `rank` lies, and where; if there is none, a place where none
    /// is.
    fn leaf_at(&self, mut rank: usize) -> (&[Slot<V>], usize) {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return (&leaf.slots, rank),
                Node::Branch(branch) => {
                    let holds = |&len: &u32| {
                        let here = rank < len as usize;
                        rank -= if here { 0 } else { len as usize };
                        here
                    };
                    let found = branch.lens.iter().position(holds);
                    let Some(below) = found.and_then(|at| branch.children[at].as_ref()) else {
                        return (&[], 0);
                    };
                    node = below;
                }
            }
        }
    }
}

impl<V: Clone> Trie<V> {
    /// Puts `slot` in, and returns the one that it replaces.
    pub(super) fn insert(&mut self, slot: Slot<V>) -> Option<Slot<V>> {
        self.root.insert(slot, 0)
    }

    /// Takes out the slot of `name`, which is there.
    pub(super) fn take(&mut self, hash: u64, name: &[u8]) -> Option<Slot<V>> {
        self.root.take(hash, name, 0)
    }
}

/// Two are equal if their slots are, whatever their shapes.
impl<V: PartialEq> PartialEq for Trie<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter_from(0).eq(other.iter_from(0))
    }
}

impl<V> Node<V> {
    fn leaf(slots: Vec<Slot<V>>) -> Self {
        let marks = Marks::of(slots.iter().map(|slot| slot.hash));
        Self::Leaf(Rc::new(Leaf { marks, slots }))
    }

    /// A node of `slots`, which are in order.
    fn of(slots: Vec<Slot<V>>, depth: u32) -> Self {
        if slots.len() <= MARKS_MAX || depth == DEPTH_MAX {
            return Self::leaf(slots);
        }
        let mut parts: [Vec<Slot<V>>; FAN] = Default::default();
        for slot in slots {
            parts[child(slot.hash, depth)].push(slot);
        }
        let lens = parts.each_ref().map(|part| part.len() as u32);
        let below = |part: Vec<_>| (!part.is_empty()).then(|| Self::of(part, depth + 1));
        Self::Branch(Rc::new(Branch { lens, children: parts.map(below) }))
    }
}

impl<V: Clone> Node<V> {
    fn insert(&mut self, slot: Slot<V>, depth: u32) -> Option<Slot<V>> {
        match self {
            Self::Branch(branch) => {
                let (own, at) = (Rc::make_mut(branch), child(slot.hash, depth));
                let replaced = match &mut own.children[at] {
                    Some(below) => below.insert(slot, depth + 1),
                    none => {
                        *none = Some(Self::leaf(vec![slot]));
                        None
                    }
                };
                own.lens[at] += u32::from(replaced.is_none());
                replaced
            }
            Self::Leaf(leaf) => {
                let own = Rc::make_mut(leaf);
                let replaced = own.insert(slot);
                if own.slots.len() > MARKS_MAX && depth < DEPTH_MAX {
                    *self = Self::of(std::mem::take(&mut own.slots), depth);
                }
                replaced
            }
        }
    }

    fn take(&mut self, hash: u64, name: &[u8], depth: u32) -> Option<Slot<V>> {
        match self {
            Self::Branch(branch) => {
                let (own, at) = (Rc::make_mut(branch), child(hash, depth));
                let taken = own.children[at].as_mut()?.take(hash, name, depth + 1)?;
                own.lens[at] -= 1;
                if own.lens[at] == 0 {
                    own.children[at] = None;
                }
                if own.len() <= JOIN_SLOTS {
                    let mut slots = Vec::new();
                    self.gather(&mut slots);
                    *self = Self::leaf(slots);
                }
                Some(taken)
            }
            Self::Leaf(leaf) => {
                let at = leaf.position(hash, name)?;
                Some(Rc::make_mut(leaf).remove(at))
            }
        }
    }

    /// Copies the slots below into `slots`, in order.
    fn gather(&self, slots: &mut Vec<Slot<V>>) {
        match self {
            Self::Branch(branch) => {
                branch.children.iter().flatten().for_each(|below| below.gather(slots));
            }
            Self::Leaf(leaf) => slots.extend(leaf.slots.iter().cloned()),
        }
    }
}

impl<V> Branch<V> {
    /// How many slots lie below it.
    fn len(&self) -> u32 {
        self.lens.iter().sum()
    }
}

impl<V> Leaf<V> {
    fn position(&self, hash: u64, name: &[u8]) -> Option<usize> {
        self.marks.find(hash, self.slots.len(), |at| *self.slots[at].name == *name)
    }

    fn insert(&mut self, slot: Slot<V>) -> Option<Slot<V>> {
        if let Some(at) = self.position(slot.hash, &slot.name) {
            return Some(std::mem::replace(&mut self.slots[at], slot));
        }
        let order = |other: &Slot<V>| (other.hash, &*other.name) < (slot.hash, &*slot.name);
        let at = self.slots.partition_point(order);
        self.marks.insert(at, slot.hash);
        // A leaf grows by little: thousands of them must not be half empty.
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(GROWTH);
        }
        self.slots.insert(at, slot);
        None
    }

    fn remove(&mut self, at: usize) -> Slot<V> {
        let removed = self.slots.remove(at);
        if self.slots.len() < MARKS_MAX {
            self.marks.remove(at);
        } else {
            // A slot beyond the marks has moved to where there is one.
            self.marks = Marks::of(self.slots.iter().map(|slot| slot.hash));
        }
        removed
    }
}

/// Which child the hash goes to at `depth`.
const fn child(hash: u64, depth: u32) -> usize {
    (hash >> (64 - BITS * (depth + 1))) as usize & (FAN - 1)
}

/// Bits of the hash that one branch takes.
const BITS: u32 = 3;
/// Children of a branch.
const FAN: usize = 1 << BITS;
/// The depth at which the hash has no more bits for a branch; leaves there do not split.
const DEPTH_MAX: u32 = 64 / BITS;
/// A branch that has shrunk to this becomes a leaf again.
const JOIN_SLOTS: u32 = 16;
/// A full leaf makes room for so many slots at once.
const GROWTH: usize = 4;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn slot(hash: u64, name: &str, value: u32) -> Slot<u32> {
        Slot { hash, name: Bytes::from(name.as_bytes()), value }
    }

    #[test]
    fn names_with_one_hash_are_told_apart() {
        let mut trie = Trie::default();
        for n in 0..100 {
            assert_eq!(trie.insert(slot(7, &n.to_string(), n)), None);
        }
        for n in 0..100 {
            let name = n.to_string();
            assert_eq!(trie.get(7, name.as_bytes()), Some(&slot(7, &name, n)));
            assert_eq!(trie.take(7, name.as_bytes()), Some(slot(7, &name, n)));
        }
        assert_eq!(trie, Trie::default());
    }

    #[test]
    fn a_clone_keeps_its_slots_while_the_other_is_written() {
        let hash = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut live = Trie::default();
        (0..1_000).for_each(|n| drop(live.insert(slot(hash(n), "n", n as u32))));
        let kept = live.clone();
        (0..500).for_each(|n| drop(live.take(hash(n), b"n")));
        assert_eq!((live.len(), kept.len(), kept.iter_from(0).count()), (500, 1_000, 1_000));
    }

    proptest! {
        #[test]
        fn a_trie_is_a_map_in_the_order_of_hashes(
            steps in prop::collection::vec((any::<u8>(), any::<bool>(), 0u32..3), 1..600),
        ) {
            // Few hashes that share long beginnings, so that branches split and join.
            let hash = |n: u8| u64::from(n) << 56 | u64::from(n % 3) << 20;
            let (mut trie, mut model) = (Trie::default(), BTreeMap::new());
            for (value, (n, remove, name)) in (0..).zip(steps) {
                // A name has one hash.
                let name = format!("{n}.{name}");
                let key = (hash(n), name.clone());
                if remove {
                    let there = model.remove(&key).map(|value| slot(hash(n), &name, value));
                    prop_assert_eq!(trie.get(hash(n), name.as_bytes()), there.as_ref());
                    prop_assert_eq!(trie.take(hash(n), name.as_bytes()), there);
                } else {
                    let before = trie.insert(slot(hash(n), &name, value));
                    let modelled = model.insert(key, value);
                    prop_assert_eq!(before.map(|slot| slot.value), modelled);
                }
                prop_assert_eq!(trie.len(), model.len());
            }
            let all: Vec<_> =
                model.iter().map(|((hash, name), &value)| slot(*hash, name, value)).collect();
            prop_assert!(trie.iter_from(0).eq(&all));
            for (rank, slot) in all.iter().enumerate() {
                prop_assert_eq!(trie.nth(rank), Some(slot));
                let below = all.iter().filter(|other| other.hash < slot.hash).count();
                prop_assert_eq!(trie.rank_of(slot.hash), below);
            }
            prop_assert_eq!(trie.nth(all.len()), None);
            prop_assert_eq!(trie, Trie::from_sorted(all));
        }
    }
}
