//! Lists: one run while it is small, then a list of runs; and back when it has shrunk to half.
//!
//! ```text
//!                  a push would take it over the limit
//!      listpack ─────────────────────────────────────────▶ quicklist
//!               ◀─────────────────────────────────────────
//!                  a removal leaves one run of half the limit
//! ```
//!
//! The gap between the two thresholds keeps a list at the limit from turning at every command.
//! The limit is `list-max-listpack-size`, here called *fill*.
//! *Source*: Redis 7.2 · t_list.c · listTypeTryConversionAppend, listTypeTryConversion.

use std::rc::Rc;

use super::{
    Encoding,
    list_node::{Fill, ListNode},
    listpack::Piece,
    quicklist::{Place, Quicklist},
};
use crate::resp::{Bytes, parse_integer};

/// A list of byte strings. Cloning is cheap whatever the size.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    form: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Listpack(Rc<ListNode>),
    Quicklist(Rc<Quicklist>),
}

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The head: index 0.
    Left,
    /// The tail: index -1.
    Right,
}

impl Default for List {
    fn default() -> Self {
        Self::packed(ListNode::default())
    }
}

impl List {
    /// A list that is one run: encoding `listpack`.
    pub fn packed(node: ListNode) -> Self {
        Self { form: Form::Listpack(Rc::new(node)) }
    }

    /// A list of runs: encoding `quicklist`. Empty runs are left out.
    pub fn quicklist(nodes: impl IntoIterator<Item = ListNode>) -> Self {
        Self { form: Form::Quicklist(Rc::new(Quicklist::new(nodes))) }
    }

    /// A list of `elements`, pushed one by one to the tail.
    pub fn from_elements(elements: &[Bytes], fill: Fill) -> Self {
        let mut list = Self::default();
        list.push(End::Right, elements, fill);
        list
    }

    /// Pushes `elements` one after another: the last to be pushed to the left is the new head.
    pub fn push(&mut self, end: End, elements: &[Bytes], fill: Fill) {
        self.grow(elements.iter().map(|element| element.len()).sum(), elements.len(), fill);
        elements.iter().for_each(|element| self.push_one(end, Bytes::clone(element), fill));
    }

    /// Pops up to `count` elements, the outermost first.
    pub fn pop(&mut self, end: End, count: usize, fill: Fill) -> Vec<Bytes> {
        let popped = (0..count.min(self.len())).map_while(|_| self.pop_one(end)).collect();
        self.shrink(fill);
        popped
    }

    /// Moves the element at the end `from` to the end `to`.
    pub fn rotate(&mut self, from: End, to: End, fill: Fill) -> Option<Bytes> {
        let element = self.pop_one(from)?;
        self.push_popped(to, Bytes::clone(&element), fill);
        self.shrink(fill);
        Some(element)
    }

    /// Pushes an element that was popped from a list.
    ///
    /// It differs from [`Self::push`] in what it takes a number's size to be before it looks at the
    /// limit: none, for Redis holds such an element as a number and not as its text.
    pub fn push_popped(&mut self, end: End, element: Bytes, fill: Fill) {
        let bytes = if parse_integer(&element).is_some() { 0 } else { element.len() };
        self.grow(bytes, 1, fill);
        self.push_one(end, element, fill);
    }

    /// Puts `element` in the place of the one at `index`; false if there is none.
    pub fn replace(&mut self, index: usize, element: Bytes, fill: Fill) -> bool {
        self.grow(element.len(), 1, fill);
        if index >= self.len() {
            return false;
        }
        match &mut self.form {
            Form::Listpack(node) => {
                let node = Rc::make_mut(node);
                node.remove(index);
                node.insert(index, &element);
            }
            Form::Quicklist(list) => {
                let list = Rc::make_mut(list);
                if let Some(place) = list.find(index) {
                    list.replace(place, element, fill);
                }
            }
        }
        self.shrink(fill);
        true
    }

    /// Puts `element` beside the first that equals `pivot`; false if there is none.
    pub fn insert(&mut self, pivot: &[u8], after: bool, element: Bytes, fill: Fill) -> bool {
        self.grow(element.len(), 1, fill);
        let Some(index) = self.index_of(pivot) else { return false };
        match &mut self.form {
            Form::Listpack(node) => {
                Rc::make_mut(node).insert(index + usize::from(after), &element);
            }
            Form::Quicklist(list) => {
                let list = Rc::make_mut(list);
                if let Some(place) = list.find(index) {
                    list.insert(place, after, element, fill);
                }
            }
        }
        true
    }

    /// Takes out the elements that equal `element`, from the end `from` on, `limit` at most;
    /// returns how many.
    pub fn remove(&mut self, element: &[u8], from: End, limit: usize, fill: Fill) -> usize {
        let mut places: Vec<Place> = self.places_of(element).collect();
        if from == End::Right {
            places.reverse();
        }
        places.truncate(limit);
        // From the back on, so that the places before stay right.
        places.sort_unstable_by_key(|place| (place.node, place.offset));
        for &place in places.iter().rev() {
            match &mut self.form {
                Form::Listpack(node) => drop(Rc::make_mut(node).remove(place.offset)),
                Form::Quicklist(list) => drop(Rc::make_mut(list).remove(place)),
            }
        }
        if !places.is_empty() {
            self.shrink(fill);
        }
        places.len()
    }

    /// Keeps only the elements of `start..end`.
    pub fn trim(&mut self, start: usize, end: usize, fill: Fill) {
        let len = self.len();
        for (start, end) in [(end.min(len), len), (0, start.min(len))] {
            match &mut self.form {
                Form::Listpack(node) => Rc::make_mut(node).remove_range(start, end),
                Form::Quicklist(list) => Rc::make_mut(list).remove_range(start, end),
            }
        }
        self.shrink(fill);
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Listpack(node) => node.len(),
            Form::Quicklist(list) => list.len(),
        }
    }

    /// True if there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index` from the head.
    pub fn get(&self, index: usize) -> Option<Piece<'_>> {
        match &self.form {
            Form::Listpack(node) => node.get(index),
            Form::Quicklist(list) => list.get(index),
        }
    }

    /// Every element from the head on.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Piece<'_>> {
        self.nodes().flat_map(ListNode::elements)
    }

    /// The elements from `index` on.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = Piece<'_>> {
        let place = match &self.form {
            Form::Listpack(_) => Some(Place { node: 0, offset: index }),
            Form::Quicklist(list) => list.find(index),
        };
        let place = place.unwrap_or(Place { node: usize::MAX, offset: 0 });
        let first = move |at| if at == 0 { place.offset } else { 0 };
        let runs = self.nodes().skip(place.node).enumerate();
        runs.flat_map(move |(at, run)| run.elements_from(first(at)))
    }

    /// The runs from the head on: one, perhaps empty, for a list that is packed.
    pub fn nodes(&self) -> Box<dyn DoubleEndedIterator<Item = &ListNode> + '_> {
        match &self.form {
            Form::Listpack(node) => Box::new(std::iter::once(&**node)),
            Form::Quicklist(list) => Box::new(list.nodes()),
        }
    }

    /// How the elements lie.
    pub const fn encoding(&self) -> Encoding {
        match self.form {
            Form::Listpack(_) => Encoding::Listpack,
            Form::Quicklist(_) => Encoding::Quicklist,
        }
    }

    /// Becomes a listpack if it is one packed run within the limit: after loading.
    pub fn repack(&mut self, fill: Fill) {
        self.repack_within(fill.limits());
    }

    /// Becomes a listpack if it is one packed run within half the limit: after a removal.
    fn shrink(&mut self, fill: Fill) {
        let (bytes, count) = fill.limits();
        self.repack_within((bytes.map(|bytes| bytes / 2), count / 2));
    }

    fn repack_within(&mut self, (bytes, count): (Option<usize>, usize)) {
        let Form::Quicklist(list) = &self.form else { return };
        if let Some(node) = list.only().filter(|node| !node.is_plain())
            && node.bytes() <= bytes.unwrap_or(usize::MAX)
            && node.len() <= count
        {
            self.form = Form::Listpack(Rc::clone(node));
        }
    }

    /// Becomes a quicklist if `bytes` in `count` elements would take it over the limit.
    fn grow(&mut self, bytes: usize, count: usize, fill: Fill) {
        if let Form::Listpack(node) = &self.form
            && !fill.fits(node.bytes() + bytes, node.len() + count)
        {
            *self = Self::quicklist([ListNode::clone(node)]);
        }
    }

    fn push_one(&mut self, end: End, element: Bytes, fill: Fill) {
        match (&mut self.form, end) {
            (Form::Listpack(node), End::Left) => Rc::make_mut(node).insert(0, &element),
            (Form::Listpack(node), End::Right) => {
                let node = Rc::make_mut(node);
                node.insert(node.len(), &element);
            }
            (Form::Quicklist(list), End::Left) => Rc::make_mut(list).push_front(element, fill),
            (Form::Quicklist(list), End::Right) => Rc::make_mut(list).push_back(element, fill),
        }
    }

    fn pop_one(&mut self, end: End) -> Option<Bytes> {
        match (&mut self.form, end) {
            (Form::Listpack(node), End::Left) => Rc::make_mut(node).remove(0),
            (Form::Listpack(node), End::Right) => {
                let last = node.len().checked_sub(1)?;
                Rc::make_mut(node).remove(last)
            }
            (Form::Quicklist(list), End::Left) => Rc::make_mut(list).pop_front(),
            (Form::Quicklist(list), End::Right) => Rc::make_mut(list).pop_back(),
        }
    }

    /// Where the first element lies that equals `element`.
    fn index_of(&self, element: &[u8]) -> Option<usize> {
        self.iter().position(Piece::equals(element))
    }

    fn places_of(&self, element: &[u8]) -> impl Iterator<Item = Place> {
        let equals = Piece::equals(element);
        self.nodes().enumerate().flat_map(move |(node, run)| {
            let equal = run.elements().enumerate().filter(move |(_, other)| equals(*other));
            equal.map(move |(offset, _)| Place { node, offset })
        })
    }
}

#[cfg(test)]
mod tests;
