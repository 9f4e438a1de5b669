//! An ordered tree that knows ranks and is shared until written.
//!
//! Two things are asked of every big collection: *which element is the n-th*, for `ZRANGE`, `SPOP`
//! and friends, and *a copy of all of it at no cost*, for snapshots and checkpoints. Redis answers
//! the first with a skiplist that counts its spans, and leaves the second to the kernel's fork. A
//! binary tree whose nodes count what lies below them, and are reference-counted, answers both: a
//! write copies the dozen nodes on its path if somebody else still holds them.
//!
//! ```text
//!                 m·7                 the number is how many items lie at and below a node:
//!               ╱     ╲               it gives the rank of every item, and it is also the
//!            d·3       t·3            weight by which the tree is kept balanced
//!           ╱   ╲     ╱   ╲
//!          a·1  f·1  p·1  z·1
//! ```
//!
//! # Invariants
//! * Of two siblings, neither weighs more than three times the other, where an empty one weighs 1
//!   (Hirai and Yamamoto, *Balancing weight-balanced trees*: the pair ⟨3, 2⟩).
//! * The tree has no order of its own: every search brings a *probe*, which tells how an item
//!   compares with what is sought. All probes of one tree must agree.

use std::{cmp::Ordering, mem, rc::Rc};

/// Items in an order, each with its rank.
#[derive(Clone, Debug)]
pub(super) struct Tree<T> {
    root: Link<T>,
}

type Link<T> = Option<Rc<Node<T>>>;

#[derive(Clone, Debug)]
struct Node<T> {
    /// Items at and below this node.
    len: usize,
    /// What lies between `left` and `right`.
    item: T,
    /// The items before.
    left: Link<T>,
    /// The items after.
    right: Link<T>,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<T> Tree<T> {
    /// A tree of `items`, which are in order.
    pub(super) fn from_sorted(items: Vec<T>) -> Self {
        let len = items.len();
        Self { root: build(&mut items.into_iter(), len) }
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        len(&self.root)
    }

    /// The item that `probe` finds equal.
    pub(super) fn get(&self, probe: impl Fn(&T) -> Ordering) -> Option<&T> {
        let mut node = self.root.as_ref()?;
        loop {
            node = match probe(&node.item) {
                Ordering::Equal => return Some(&node.item),
                Ordering::Less => node.right.as_ref()?,
                Ordering::Greater => node.left.as_ref()?,
            };
        }
    }

    /// The item of `rank`.
    pub(super) fn nth(&self, mut rank: usize) -> Option<&T> {
        let mut node = self.root.as_ref()?;
        loop {
            let before = len(&node.left);
            node = match rank.cmp(&before) {
                Ordering::Equal => return Some(&node.item),
                Ordering::Less => node.left.as_ref()?,
                Ordering::Greater => {
                    rank -= before + 1;
                    node.right.as_ref()?
                }
            };
        }
    }

    /// How many items, from the first on, satisfy `before`; none after them does.
    pub(super) fn partition(&self, before: impl Fn(&T) -> bool) -> usize {
        let (mut link, mut rank) = (&self.root, 0);
        while let Some(node) = link {
            link = if before(&node.item) {
                rank += len(&node.left) + 1;
                &node.right
            } else {
                &node.left
            };
        }
        rank
    }

    /// The items in order, from the one of `rank` on.
    pub(super) fn iter_from(&self, rank: usize) -> impl Iterator<Item = &T> {
        let mut path = Vec::new();
        let (mut link, mut rank) = (&self.root, rank);
        while let Some(node) = link {
            let before = len(&node.left);
            link = if rank <= before {
                path.push(&**node);
                &node.left
            } else {
                rank -= before + 1;
                &node.right
            };
        }
        std::iter::from_fn(move || {
            let node = path.pop()?;
            let mut link = &node.right;
            while let Some(next) = link {
                path.push(&**next);
                link = &next.left;
            }
            Some(&node.item)
        })
    }

    /// The first `end` items, last to first.
    pub(super) fn iter_back(&self, end: usize) -> impl Iterator<Item = &T> {
        let mut path = Vec::new();
        let (mut link, mut end) = (&self.root, end);
        while let Some(node) = link {
            let through = len(&node.left) + 1;
            link = if end >= through {
                path.push(&**node);
                end -= through;
                &node.right
            } else {
                &node.left
            };
        }
        std::iter::from_fn(move || {
            let node = path.pop()?;
            let mut link = &node.left;
            while let Some(next) = link {
                path.push(&**next);
                link = &next.right;
            }
            Some(&node.item)
        })
    }
}

impl<T: Clone> Tree<T> {
    /// Puts `item` where `probe` says, and returns the one that it replaces.
    pub(super) fn insert(&mut self, item: T, probe: impl Fn(&T) -> Ordering) -> Option<T> {
        insert(&mut self.root, item, &probe)
    }

    /// The item that `probe` finds equal, to be changed so that its place stays.
    pub(super) fn get_mut(&mut self, probe: impl Fn(&T) -> Ordering) -> Option<&mut T> {
        self.get(&probe)?;
        let mut node = Rc::make_mut(self.root.as_mut()?);
        loop {
            let next = match probe(&node.item) {
                Ordering::Equal => return Some(&mut node.item),
                Ordering::Less => &mut node.right,
                Ordering::Greater => &mut node.left,
            };
            node = Rc::make_mut(next.as_mut()?);
        }
    }

    /// Takes out the item that `probe` finds equal.
    pub(super) fn remove(&mut self, probe: impl Fn(&T) -> Ordering) -> Option<T> {
        // A look first: a removal that finds nothing must not copy the path.
        self.get(&probe)?;
        remove(&mut self.root, &probe)
    }
}

/// Two trees are equal if their items are, whatever their shapes.
impl<T: PartialEq> PartialEq for Tree<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter_from(0).eq(other.iter_from(0))
    }
}

impl<T: Clone> Node<T> {
    /// Counts again, and turns the node if one side has grown too heavy.
    fn settle(&mut self) {
        let (left, right) = (weight(&self.left), weight(&self.right));
        if right > DELTA * left {
            self.turn_left();
        } else if left > DELTA * right {
            self.turn_right();
        } else {
            self.len = left + right - 1;
        }
    }

    /// Lifts the right child, or its left child if that is the heavier part of it.
    fn turn_left(&mut self) {
        let child = Rc::make_mut(self.right.as_mut().expect("the heavier side is not empty"));
        if weight(&child.left) >= GAMMA * weight(&child.right) {
            child.lift_left();
        }
        self.lift_right();
    }

    /// Lifts the left child, or its right child if that is the heavier part of it.
    fn turn_right(&mut self) {
        let child = Rc::make_mut(self.left.as_mut().expect("the heavier side is not empty"));
        if weight(&child.right) >= GAMMA * weight(&child.left) {
            child.lift_right();
        }
        self.lift_left();
    }

    /// Puts the right child in this node's place, and this node to its left.
    fn lift_right(&mut self) {
        let mut lifted = self.right.take().expect("there is a child to lift");
        let child = Rc::make_mut(&mut lifted);
        self.right = child.left.take();
        self.count();
        mem::swap(self, child);
        self.left = Some(lifted);
        self.count();
    }

    /// Puts the left child in this node's place, and this node to its right.
    fn lift_left(&mut self) {
        let mut lifted = self.left.take().expect("there is a child to lift");
        let child = Rc::make_mut(&mut lifted);
        self.left = child.right.take();
        self.count();
        mem::swap(self, child);
        self.right = Some(lifted);
        self.count();
    }

    fn count(&mut self) {
        self.len = len(&self.left) + len(&self.right) + 1;
    }
}

fn len<T>(link: &Link<T>) -> usize {
    link.as_ref().map_or(0, |node| node.len)
}

fn weight<T>(link: &Link<T>) -> usize {
    len(link) + 1
}

fn build<T>(items: &mut impl Iterator<Item = T>, len: usize) -> Link<T> {
    if len == 0 {
        return None;
    }
    let before = len / 2;
    let left = build(items, before);
    let item = items.next()?;
    let right = build(items, len - before - 1);
    Some(Rc::new(Node { len, item, left, right }))
}

fn insert<T: Clone>(link: &mut Link<T>, item: T, probe: &impl Fn(&T) -> Ordering) -> Option<T> {
    let Some(node) = link else {
        *link = Some(Rc::new(Node { len: 1, item, left: None, right: None }));
        return None;
    };
    let node = Rc::make_mut(node);
    let replaced = match probe(&node.item) {
        Ordering::Equal => return Some(mem::replace(&mut node.item, item)),
        Ordering::Less => insert(&mut node.right, item, probe),
        Ordering::Greater => insert(&mut node.left, item, probe),
    };
    node.settle();
    replaced
}

fn remove<T: Clone>(link: &mut Link<T>, probe: &impl Fn(&T) -> Ordering) -> Option<T> {
    let node = Rc::make_mut(link.as_mut()?);
    let removed = match probe(&node.item) {
        Ordering::Less => remove(&mut node.right, probe),
        Ordering::Greater => remove(&mut node.left, probe),
        Ordering::Equal => match remove_first(&mut node.right) {
            Some(next) => Some(mem::replace(&mut node.item, next)),
            None => {
                let rest = node.left.take();
                let taken = mem::replace(link, rest)?;
                return Some(Rc::unwrap_or_clone(taken).item);
            }
        },
    };
    node.settle();
    removed
}

fn remove_first<T: Clone>(link: &mut Link<T>) -> Option<T> {
    let node = Rc::make_mut(link.as_mut()?);
    if node.left.is_some() {
        let first = remove_first(&mut node.left);
        node.settle();
        return first;
    }
    let rest = node.right.take();
    let taken = mem::replace(link, rest)?;
    Some(Rc::unwrap_or_clone(taken).item)
}

/// How many times heavier one sibling may be.
const DELTA: usize = 3;
/// How many times heavier the inner grandchild must be to be lifted twice.
const GAMMA: usize = 2;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(items: impl IntoIterator<Item = u32>) -> Tree<u32> {
        let mut tree = Tree::default();
        for item in items {
            tree.insert(item, |other| other.cmp(&item));
        }
        tree
    }

    /// Checks counts and balance, and returns the number of items.
    fn check<T>(link: &Link<T>) -> usize {
        let Some(node) = link else { return 0 };
        let (left, right) = (check(&node.left), check(&node.right));
        assert_eq!(node.len, left + right + 1);
        assert!(left < DELTA * (right + 1) && right < DELTA * (left + 1), "{left} | {right}");
        node.len
    }

    #[test]
    fn a_clone_keeps_its_items_while_the_other_is_written() {
        let mut live = of(0..1_000);
        let kept = live.clone();
        for item in 0..500 {
            live.remove(|other| other.cmp(&item));
        }
        assert_eq!((live.len(), kept.len()), (500, 1_000));
        assert!(kept.iter_from(0).copied().eq(0..1_000));
    }

    #[test]
    fn ascending_items_make_no_list() {
        check(&of(0..10_000).root);
        check(&of((0..10_000).rev()).root);
        check(&Tree::from_sorted((0..10_000).collect()).root);
    }

    proptest! {
        #[test]
        fn the_tree_agrees_with_an_ordered_set(
            steps in prop::collection::vec((0u32..300, any::<bool>()), 1..600)
        ) {
            let (mut tree, mut set) = (Tree::default(), BTreeSet::new());
            for (item, remove) in steps {
                let (changed, expected) = if remove {
                    (tree.remove(|o: &u32| o.cmp(&item)).is_some(), set.remove(&item))
                } else {
                    (tree.insert(item, |o| o.cmp(&item)).is_none(), set.insert(item))
                };
                prop_assert_eq!(changed, expected);
            }
            check(&tree.root);
            let sorted: Vec<u32> = set.into_iter().collect();
            for (rank, item) in sorted.iter().enumerate() {
                prop_assert_eq!(tree.nth(rank), Some(item));
                prop_assert_eq!(tree.get(|o| o.cmp(item)), Some(item));
                prop_assert_eq!(tree.partition(|o| o < item), rank);
                prop_assert!(tree.iter_from(rank).eq(&sorted[rank..]));
                prop_assert!(tree.iter_back(rank).eq(sorted[..rank].iter().rev()));
            }
            prop_assert_eq!(&tree, &Tree::from_sorted(sorted));
        }
    }
}
