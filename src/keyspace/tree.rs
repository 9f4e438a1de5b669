//! An ordered tree that knows ranks and is shared until written.
//!
//! Two things are asked of every big collection: *which element is the n-th*, for `ZRANGE`, `SPOP`
//! and friends, and *a copy of all of it at no cost*, for snapshots and checkpoints. Redis answers
//! the first with a skiplist that counts its spans, and leaves the second to the kernel's fork. A
//! tree whose branches count what lies below them, and whose nodes are reference-counted, answers
//! both: a write copies the few nodes on its path if somebody else still holds them.
//!
//! ```text
//!                     ┌ a·5 │ f·4 │ m·6 ┐              a branch: for each child its first item
//!                   ╱         │         ╲              and how many lie below it
//!        ┌ a b c d e ┐ ┌ f g h k ┐ ┌ m n p q r s ┐     leaves, all at one depth
//! ```
//!
//! Nodes are wide because memory is far: a search compares within a few runs of neighbours, where a
//! binary tree would wait for a place of its own at every step.
//!
//! # Invariants
//! * No node but the root is empty, and none is wider than [`WIDTH`].
//! * What a branch says of a child is true: its first item and its count. The first item is a copy,
//!   for comparison only; [`Tree::get_mut`] may leave it behind in what does not matter to order.
//! * The tree has no order of its own: every search brings a *probe*, which tells how an item
//!   compares with what is sought. All probes of one tree must agree.

use std::{cmp::Ordering, rc::Rc};

/// Items in an order, each with its rank.
#[derive(Clone, Debug)]
pub(super) struct Tree<T> {
    len: usize,
    root: Node<T>,
}

#[derive(Clone, Debug)]
enum Node<T> {
    Leaf(Rc<Vec<T>>),
    Branch(Rc<Vec<Child<T>>>),
}

#[derive(Clone, Debug)]
struct Child<T> {
    /// Its first item.
    first: T,
    /// How many items lie below.
    len: usize,
    node: Node<T>,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { len: 0, root: Node::Leaf(Rc::default()) }
    }
}

impl<T> Tree<T> {
    /// How many items there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The item that `probe` finds equal.
    pub(super) fn get(&self, probe: impl Fn(&T) -> Ordering) -> Option<&T> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Branch(children) => node = &children[place(children, &probe)].node,
                Node::Leaf(items) => {
                    return items.binary_search_by(probe).ok().map(|at| &items[at]);
                }
            }
        }
    }

    /// The item of `rank`.
    pub(super) fn nth(&self, rank: usize) -> Option<&T> {
        let (items, at) = self.leaf_at(rank);
        items.get(at)
    }

    /// How many items, from the first on, satisfy `before`; none after them does.
    pub(super) fn partition(&self, before: impl Fn(&T) -> bool) -> usize {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(items) => return rank + items.partition_point(before),
                Node::Branch(children) => {
                    let after = children.partition_point(|child| before(&child.first));
                    let at = after.saturating_sub(1);
                    rank += count(&children[..at]);
                    node = &children[at].node;
                }
            }
        }
    }

    /// The items in order, from the one of `rank` on.
    pub(super) fn iter_from(&self, rank: usize) -> impl Iterator<Item = &T> {
        let (mut run, mut next): (&[T], _) = (&[], rank);
        std::iter::from_fn(move || {
            if run.is_empty() {
                let (items, at) = self.leaf_at(next);
                run = items.get(at..)?;
                next += run.len();
            }
            run.split_off_first()
        })
    }

    /// The first `end` items, last to first.
    pub(super) fn iter_back(&self, end: usize) -> impl Iterator<Item = &T> {
        let (mut run, mut left): (&[T], _) = (&[], end.min(self.len));
        std::iter::from_fn(move || {
            if run.is_empty() {
                let (items, at) = self.leaf_at(left.checked_sub(1)?);
                run = items.get(..=at)?;
                left -= run.len();
            }
            run.split_off_last()
        })
    }

    /// The leaf in which the item of `rank` lies, and where.
    fn leaf_at(&self, mut rank: usize) -> (&[T], usize) {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return (items, rank),
                Node::Branch(children) => {
                    let mut at = 0;
                    while rank >= children[at].len && at + 1 < children.len() {
                        rank -= children[at].len;
                        at += 1;
                    }
                    node = &children[at].node;
                }
            }
        }
    }
}

impl<T: Clone> Tree<T> {
    /// A tree of `items`, which are in order.
    pub(super) fn from_sorted(items: Vec<T>) -> Self {
        let len = items.len();
        let leaf = |items: Vec<T>| Child {
            first: items[0].clone(),
            len: items.len(),
            node: Node::Leaf(Rc::new(items)),
        };
        let mut row: Vec<Child<T>> = runs(items).map(leaf).collect();
        while row.len() > 1 {
            row = runs(row).map(Child::above).collect();
        }
        row.pop().map_or_else(Self::default, |top| Self { len, root: top.node })
    }

    /// Puts `item` where `probe` says, and returns the one that it replaces.
    pub(super) fn insert(&mut self, item: T, probe: impl Fn(&T) -> Ordering) -> Option<T> {
        let (replaced, split) = self.root.insert(item, &probe);
        self.len += usize::from(replaced.is_none());
        if let Some(right) = split {
            let left = std::mem::replace(&mut self.root, Node::Leaf(Rc::default()));
            let len = self.len - right.len;
            let left = Child { first: left.first().clone(), len, node: left };
            self.root = Node::Branch(Rc::new(vec![left, right]));
        }
        replaced
    }

    /// The item that `probe` finds equal, to be changed so that its place stays.
    pub(super) fn get_mut(&mut self, probe: impl Fn(&T) -> Ordering) -> Option<&mut T> {
        // A look first: a search that finds nothing must not copy the path.
        self.get(&probe)?;
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Branch(children) => {
                    let at = place(children, &probe);
                    node = &mut Rc::make_mut(children)[at].node;
                }
                Node::Leaf(items) => {
                    let at = items.binary_search_by(probe).ok()?;
                    return Rc::make_mut(items).get_mut(at);
                }
            }
        }
    }

    /// Takes out the item that `probe` finds equal.
    pub(super) fn remove(&mut self, probe: impl Fn(&T) -> Ordering) -> Option<T> {
        // A look first: a removal that finds nothing must not copy the path.
        self.get(&probe)?;
        self.take(probe)
    }

    /// Takes out the item that `probe` finds equal, and that is there.
    pub(super) fn take(&mut self, probe: impl Fn(&T) -> Ordering) -> Option<T> {
        let removed = self.root.remove(&probe)?;
        self.len -= 1;
        while let Node::Branch(children) = &self.root
            && let [only] = children.as_slice()
        {
            self.root = only.node.clone();
        }
        Some(removed)
    }
}

/// Two trees are equal if their items are, whatever their shapes.
impl<T: PartialEq> PartialEq for Tree<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter_from(0).eq(other.iter_from(0))
    }
}

impl<T> Node<T> {
    /// The first item of a node that is not empty.
    fn first(&self) -> &T {
        match self {
            Self::Leaf(items) => &items[0],
            Self::Branch(children) => &children[0].first,
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::Leaf(items) => items.len(),
            Self::Branch(children) => children.len(),
        }
    }
}

impl<T: Clone> Node<T> {
    /// Puts `item` in; returns the one that it replaces, and the right half if the node had to
    /// split.
    fn insert(
        &mut self,
        item: T,
        probe: &impl Fn(&T) -> Ordering,
    ) -> (Option<T>, Option<Child<T>>) {
        match self {
            Self::Leaf(items) => match items.binary_search_by(probe) {
                Ok(at) => (Some(std::mem::replace(&mut Rc::make_mut(items)[at], item)), None),
                Err(at) => {
                    let right = put(Rc::make_mut(items), at, item);
                    let child = |right: Vec<T>| Child {
                        first: right[0].clone(),
                        len: right.len(),
                        node: Self::Leaf(Rc::new(right)),
                    };
                    (None, right.map(child))
                }
            },
            Self::Branch(children) => {
                let at = place(children, probe);
                let children = Rc::make_mut(children);
                let child = &mut children[at];
                if probe(&child.first).is_ge() {
                    child.first = item.clone();
                }
                let (replaced, split) = child.node.insert(item, probe);
                child.len += usize::from(replaced.is_none());
                let Some(right) = split else { return (replaced, None) };
                child.len -= right.len;
                (replaced, put(children, at + 1, right).map(Child::above))
            }
        }
    }

    fn remove(&mut self, probe: &impl Fn(&T) -> Ordering) -> Option<T> {
        match self {
            Self::Leaf(items) => {
                let at = items.binary_search_by(probe).ok()?;
                Some(Rc::make_mut(items).remove(at))
            }
            Self::Branch(children) => {
                let at = place(children, probe);
                let children = Rc::make_mut(children);
                let child = &mut children[at];
                let removed = child.node.remove(probe)?;
                child.len -= 1;
                if child.len == 0 {
                    children.remove(at);
                } else {
                    if probe(&child.first).is_eq() {
                        child.first = child.node.first().clone();
                    }
                    join(children, at);
                }
                Some(removed)
            }
        }
    }

    /// Takes in what lies to the right, at the same depth.
    fn append(&mut self, right: Self) {
        match (self, right) {
            (Self::Leaf(items), Self::Leaf(more)) => {
                Rc::make_mut(items).extend(Rc::unwrap_or_clone(more));
            }
            (Self::Branch(children), Self::Branch(more)) => {
                Rc::make_mut(children).extend(Rc::unwrap_or_clone(more));
            }
            (Self::Leaf(_), Self::Branch(_)) | (Self::Branch(_), Self::Leaf(_)) => {
                unreachable!("all leaves are at one depth")
            }
        }
    }
}

impl<T: Clone> Child<T> {
    /// The branch over `children`.
    fn above(children: Vec<Self>) -> Self {
        let (first, len) = (children[0].first.clone(), count(&children));
        Self { first, len, node: Node::Branch(Rc::new(children)) }
    }
}

/// In which child the probe finds what it seeks, if it is there.
fn place<T>(children: &[Child<T>], probe: &impl Fn(&T) -> Ordering) -> usize {
    children.partition_point(|child| probe(&child.first).is_le()).saturating_sub(1)
}

fn count<T>(children: &[Child<T>]) -> usize {
    children.iter().map(|child| child.len).sum()
}

/// Puts `one` into a row at `at`; the right part of the row, if it was full.
fn put<T>(row: &mut Vec<T>, at: usize, one: T) -> Option<Vec<T>> {
    if row.len() < WIDTH {
        row.insert(at, one);
        return None;
    }
    // What comes in order, as a stream does, leaves full rows behind.
    let cut = if at == WIDTH { WIDTH } else { WIDTH / 2 };
    let mut right = row.split_off(cut);
    if at < cut {
        row.insert(at, one)
    } else {
        right.insert(at - cut, one)
    }
    Some(right)
}

/// Joins the child at `at`, if it has become narrow, with a neighbour, if both fit well into one.
fn join<T: Clone>(children: &mut Vec<Child<T>>, at: usize) {
    if children.len() < 2 || children[at].node.width() >= WIDTH / 4 {
        return;
    }
    let left = at.saturating_sub(1);
    if children[left].node.width() + children[left + 1].node.width() <= WIDTH * 3 / 4 {
        let right = children.remove(left + 1);
        children[left].len += right.len;
        children[left].node.append(right.node);
    }
}

/// Cuts a row into runs of about the same width, none too wide.
fn runs<T>(row: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let (len, parts) = (row.len(), row.len().div_ceil(WIDTH));
    let mut row = row.into_iter();
    (0..parts).map(move |n| row.by_ref().take(len * (n + 1) / parts - len * n / parts).collect())
}

/// How many items a leaf holds at most, and how many children a branch.
const WIDTH: usize = 32;

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

    /// Checks what branches say of their children, and returns the depth and the items below.
    fn check<T: Clone + PartialEq + std::fmt::Debug>(node: &Node<T>) -> (usize, Vec<T>) {
        assert!(node.width() <= WIDTH);
        let Node::Branch(children) = node else {
            let Node::Leaf(items) = node else { unreachable!() };
            return (1, items.to_vec());
        };
        let (mut depths, mut all) = (Vec::new(), Vec::new());
        for child in &**children {
            let (depth, items) = check(&child.node);
            assert_eq!((child.len, Some(&child.first)), (items.len(), items.first()));
            depths.push(depth);
            all.extend(items);
        }
        depths.dedup();
        assert_eq!(depths.len(), 1, "leaves at different depths");
        (depths[0] + 1, all)
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
    fn a_tree_is_shallow_however_its_items_come() {
        for tree in [of(0..10_000), of((0..10_000).rev()), Tree::from_sorted((0..10_000).collect())]
        {
            let (depth, items) = check(&tree.root);
            assert!(depth <= 4 && items.into_iter().eq(0..10_000), "{depth}");
        }
    }

    #[test]
    fn a_tree_that_loses_its_items_loses_its_nodes() {
        let mut tree = of(0..10_000);
        for item in (0..10_000).filter(|item| item % 100 != 0) {
            tree.remove(|other| other.cmp(&item));
        }
        let (depth, items) = check(&tree.root);
        assert_eq!((depth, items.len()), (2, 100));
        for item in (0..10_000).step_by(100) {
            tree.remove(|other| other.cmp(&item));
        }
        assert!(matches!(&tree.root, Node::Leaf(items) if items.is_empty()));
    }

    proptest! {
        #[test]
        fn the_tree_agrees_with_an_ordered_set(
            steps in prop::collection::vec((0u32..600, prop::bool::weighted(0.4)), 1..1_500)
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
