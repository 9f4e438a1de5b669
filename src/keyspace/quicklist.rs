//! A list of runs: encoding `quicklist`.
//!
//! ```text
//!     [a b c d] ⇄ [e f g h] ⇄ [i j]      both ends are near, the middle is a few runs away
//! ```
//!
//! Where the cuts lie depends on the whole history of pushes, and a snapshot carries them: every
//! step here puts them where Redis puts them. A run is full when one more element would take it
//! over its limit; an element that is put into the middle of a full run splits it, and the pieces
//! are then merged with their neighbours as far as they fit.
//! *Source*: Redis 7.2 · quicklist.c · _quicklistInsert, _quicklistMergeNodes, quicklistDelRange.

use std::{collections::VecDeque, rc::Rc};

use super::list_node::{Fill, ListNode};
use super::listpack::{FRAME_BYTES, Piece};
use crate::resp::Bytes;

/// Runs of elements, none of them empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Quicklist {
    /// The runs in order; each is shared until written.
    nodes: VecDeque<Rc<ListNode>>,
    /// The elements of all runs.
    len: usize,
}

/// Where an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The index of the run.
    pub(super) node: usize,
    /// The index within the run.
    pub(super) offset: usize,
}

impl Quicklist {
    pub(super) fn new(nodes: impl IntoIterator<Item = ListNode>) -> Self {
        let nodes: VecDeque<_> =
            nodes.into_iter().filter(|node| !node.is_empty()).map(Rc::new).collect();
        let len = nodes.iter().map(|node| node.len()).sum();
        Self { nodes, len }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn nodes(&self) -> impl DoubleEndedIterator<Item = &ListNode> {
        self.nodes.iter().map(|node| &**node)
    }

    /// The only run, if there is one.
    pub(super) fn only(&self) -> Option<&Rc<ListNode>> {
        if self.nodes.len() == 1 { self.nodes.front() } else { None }
    }

    pub(super) fn get(&self, index: usize) -> Option<Piece<'_>> {
        let place = self.find(index)?;
        self.nodes[place.node].get(place.offset)
    }

    /// Where the element at `index` is, sought from the nearer end.
    pub(super) fn find(&self, index: usize) -> Option<Place> {
        if index >= self.len {
            return None;
        }
        if index < self.len / 2 {
            let mut offset = index;
            for (node, run) in self.nodes.iter().enumerate() {
                if offset < run.len() {
                    return Some(Place { node, offset });
                }
                offset -= run.len();
            }
        } else {
            let mut start = self.len;
            for (node, run) in self.nodes.iter().enumerate().rev() {
                start -= run.len();
                if index >= start {
                    return Some(Place { node, offset: index - start });
                }
            }
        }
        None
    }

    pub(super) fn push_front(&mut self, element: Bytes, fill: Fill) {
        if self.has_room(Some(0), &element, fill) {
            self.node_mut(0).insert(0, &element);
        } else {
            self.nodes.push_front(Rc::new(fill.run(element)));
        }
        self.len += 1;
    }

    pub(super) fn push_back(&mut self, element: Bytes, fill: Fill) {
        let last = self.nodes.len().checked_sub(1);
        match last.filter(|_| self.has_room(last, &element, fill)) {
            Some(last) => {
                let node = self.node_mut(last);
                node.insert(node.len(), &element);
            }
            None => self.nodes.push_back(Rc::new(fill.run(element))),
        }
        self.len += 1;
    }

    pub(super) fn pop_front(&mut self) -> Option<Bytes> {
        if self.len == 0 { None } else { self.remove(Place { node: 0, offset: 0 }) }
    }

    pub(super) fn pop_back(&mut self) -> Option<Bytes> {
        let node = self.nodes.len().checked_sub(1)?;
        self.remove(Place { node, offset: self.nodes[node].len() - 1 })
    }

    /// Takes out the element at `place`, and its run if that is left empty.
    pub(super) fn remove(&mut self, place: Place) -> Option<Bytes> {
        let run = self.node_mut(place.node);
        let element = run.remove(place.offset)?;
        if run.is_empty() {
            self.nodes.remove(place.node);
        }
        self.len -= 1;
        Some(element)
    }

    /// Takes the elements of `start..end` out.
    pub(super) fn remove_range(&mut self, start: usize, end: usize) {
        let mut left = end.saturating_sub(start);
        let Some(Place { mut node, mut offset }) = self.find(start).filter(|_| left > 0) else {
            return;
        };
        self.len -= left;
        while left > 0 {
            let here = (self.nodes[node].len() - offset).min(left);
            if here == self.nodes[node].len() {
                self.nodes.remove(node);
            } else {
                self.node_mut(node).remove_range(offset, offset + here);
                node += 1;
            }
            left -= here;
            offset = 0;
        }
    }

    /// Puts `element` in the place of another.
    pub(super) fn replace(&mut self, place: Place, element: Bytes, fill: Fill) {
        let large = fill.is_plain(&element);
        if large && self.nodes[place.node].is_plain() {
            self.nodes[place.node] = Rc::new(ListNode::plain(element));
        } else if large || self.nodes[place.node].is_plain() {
            self.insert(place, true, element, fill);
            self.remove(place);
        } else {
            let run = self.node_mut(place.node);
            run.remove(place.offset);
            run.insert(place.offset, &element);
        }
    }

    /// Puts `element` beside the one at `place`.
    pub(super) fn insert(&mut self, place: Place, after: bool, element: Bytes, fill: Fill) {
        let Place { node, offset } = place;
        self.len += 1;
        if self.has_room(Some(node), &element, fill) {
            return self.node_mut(node).insert(offset + usize::from(after), &element);
        }
        let at_tail = after && offset == self.nodes[node].len() - 1;
        let at_head = !after && offset == 0;
        let before = node.checked_sub(1);
        if at_tail && self.has_room(Some(node + 1), &element, fill) {
            self.node_mut(node + 1).insert(0, &element);
        } else if let Some(before) =
            before.filter(|_| at_head && self.has_room(before, &element, fill))
        {
            let run = self.node_mut(before);
            run.insert(run.len(), &element);
        } else if at_tail || at_head {
            self.nodes.insert(node + usize::from(after), Rc::new(fill.run(element)));
        } else {
            self.split(place, after, element, fill);
        }
    }

    /// Cuts a full run at `place` and puts `element` at the cut.
    fn split(&mut self, place: Place, after: bool, element: Bytes, fill: Fill) {
        let Place { node, offset } = place;
        let mut rest = self.node_mut(node).split_off(offset + usize::from(after));
        if fill.is_plain(&element) {
            self.nodes.insert(node + 1, Rc::new(rest));
            self.nodes.insert(node + 1, Rc::new(ListNode::plain(element)));
            return;
        }
        if after {
            rest.insert(0, &element);
        } else {
            let run = self.node_mut(node);
            run.insert(run.len(), &element);
        }
        self.nodes.insert(node + 1, Rc::new(rest));
        // The run that kept the element beside the cut is the centre of what is merged.
        self.merge_around(if after { node } else { node + 1 }, fill);
    }

    /// Merges the two runs before `centre`, the two after it, and then it with what lies beside.
    fn merge_around(&mut self, mut centre: usize, fill: Fill) {
        if centre >= 2 && self.merge(centre - 2, fill) {
            centre -= 1;
        }
        self.merge(centre + 1, fill);
        if centre >= 1 && self.merge(centre - 1, fill) {
            centre -= 1;
        }
        self.merge(centre, fill);
    }

    /// Merges the run at `left` with the one after it, if both are there and fit into one.
    fn merge(&mut self, left: usize, fill: Fill) -> bool {
        let (Some(a), Some(b)) = (self.nodes.get(left), self.nodes.get(left + 1)) else {
            return false;
        };
        // Two small plain runs have less than the frame that two packed ones share.
        let packed = !a.is_plain() && !b.is_plain();
        if !packed || !fill.fits(a.bytes() + b.bytes() - FRAME_BYTES, a.len() + b.len()) {
            return false;
        }
        if let Some(right) = self.nodes.remove(left + 1) {
            self.node_mut(left).append(&right);
        }
        true
    }

    /// True if the run at `node` is there and takes one more element.
    fn has_room(&self, node: Option<usize>, element: &[u8], fill: Fill) -> bool {
        let Some(run) = node.and_then(|node| self.nodes.get(node)) else { return false };
        let bytes = run.bytes() + element.len() + ENTRY_OVERHEAD;
        !run.is_plain() && !fill.is_plain(element) && fill.fits(bytes, run.len() + 1)
    }

    fn node_mut(&mut self, node: usize) -> &mut ListNode {
        Rc::make_mut(&mut self.nodes[node])
    }
}

/// Redis' `SIZE_ESTIMATE_OVERHEAD`: what an entry may take beside its bytes, rounded up.
const ENTRY_OVERHEAD: usize = 8;
