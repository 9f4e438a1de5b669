//! Streams: entries in the order of their names, in nodes, and the groups that read them.
//!
//! An entry is never changed. It is appended behind all others; it is deleted by a mark, and goes
//! for good with its node. What was deleted still counts: a group's lag is computed from how many
//! entries there have ever been.
//!
//! *Source*: Redis 7.2 · stream.h, t_stream.c · streamAppendItem, streamTrim,
//! streamEstimateDistanceFromFirstEverEntry.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::stream_node::{StreamEntry, StreamNode};
use super::{Group, StreamId, tree::Tree};
use crate::resp::Bytes;

/// A stream. Cloning is cheap whatever the size.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stream {
    /// By the names of the nodes. None is without entries; trimming by name may leave one, as in
    /// Redis, of which all are deleted.
    nodes: Tree<Rc<StreamNode>>,
    /// How many entries are not deleted.
    length: u64,
    /// What is remembered of those that are.
    marks: StreamMarks,
    /// By name.
    groups: Rc<BTreeMap<Bytes, Group>>,
}

/// What a stream remembers beside its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamMarks {
    /// The name that was given last.
    pub last_id: StreamId,
    /// The name of the first entry, or 0-0.
    pub first_id: StreamId,
    /// The highest name of an entry that XDEL has deleted.
    pub max_deleted_id: StreamId,
    /// How many entries were ever added.
    pub entries_added: u64,
}

/// Up to where entries are put into one node (`stream-node-max-bytes`, `-entries`; 0: no limit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Bytes of the listpack.
    pub bytes: usize,
    /// Entries, deleted ones included.
    pub entries: usize,
}

/// What a stream is to be cut down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// So many entries.
    Length(u64),
    /// The entries from this name on.
    From(StreamId),
}

/// An entry that is not deleted, with the node that it is in.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a> {
    node: &'a StreamNode,
    entry: &'a StreamEntry,
}

impl<'a> EntryRef<'a> {
    /// Its name.
    pub const fn id(self) -> StreamId {
        self.entry.id
    }

    /// Its fields and values.
    pub fn pairs(self) -> Vec<(&'a Bytes, &'a Bytes)> {
        self.node.pairs(self.entry)
    }
}

impl Stream {
    /// A stream of `nodes`, which are in order and hold live entries.
    pub fn from_parts(
        nodes: Vec<StreamNode>,
        marks: StreamMarks,
        groups: BTreeMap<Bytes, Group>,
    ) -> Self {
        let length = nodes.iter().map(|node| node.live() as u64).sum();
        let nodes = Tree::from_sorted(nodes.into_iter().map(Rc::new).collect());
        Self { nodes, length, marks, groups: Rc::new(groups) }
    }

    /// How many entries there are.
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// True if there is no entry; the key stays all the same.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What is remembered beside the entries.
    pub const fn marks(&self) -> &StreamMarks {
        &self.marks
    }

    /// The same, to be changed by XSETID.
    pub const fn marks_mut(&mut self) -> &mut StreamMarks {
        &mut self.marks
    }

    /// The groups in the order of their names.
    pub fn groups(&self) -> &BTreeMap<Bytes, Group> {
        &self.groups
    }

    /// The group `name`.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// The groups, to be changed.
    pub fn groups_mut(&mut self) -> &mut BTreeMap<Bytes, Group> {
        Rc::make_mut(&mut self.groups)
    }

    /// The group `name`, to be changed.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.groups_mut().get_mut(name)
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes from the one of `rank` on.
    pub fn nodes_from(&self, rank: usize) -> impl Iterator<Item = &StreamNode> {
        self.nodes.iter_from(rank).map(|node| &**node)
    }

    /// Appends an entry of `pairs`, fields and values in turn; `id` is above all others.
    pub fn append(&mut self, id: StreamId, pairs: &[Bytes], limits: &StreamLimits) {
        let more: usize = pairs.iter().map(|text| text.len()).sum();
        let last = self.nodes.len().checked_sub(1).and_then(|rank| self.nodes.nth(rank));
        let roomy = last.filter(|node| limits.allow(node, more)).map(|node| node.master());
        match roomy {
            None => {
                let node = Rc::new(StreamNode::begin(id, pairs));
                self.nodes.insert(node, |other| other.master().cmp(&id));
            }
            Some(master) => {
                let node = self.nodes.get_mut(|other| other.master().cmp(&master));
                Rc::make_mut(node.expect("it was found")).append(id, pairs);
            }
        }
        self.length += 1;
        self.marks.entries_added = self.marks.entries_added.wrapping_add(1);
        self.marks.last_id = id;
        if self.length == 1 {
            self.marks.first_id = id;
        }
    }

    /// The entries from `start` to `end`, both included.
    pub fn range(&self, start: StreamId, end: StreamId) -> impl Iterator<Item = EntryRef<'_>> {
        let rank = self.nodes.partition(|node| node.master() <= start).saturating_sub(1);
        let live = move |node| live_entries(node).skip_while(move |entry| entry.id() < start);
        self.nodes_from(rank).flat_map(live).take_while(move |entry| entry.id() <= end)
    }

    /// The same, from the last to the first.
    pub fn range_back(&self, start: StreamId, end: StreamId) -> impl Iterator<Item = EntryRef<'_>> {
        let behind = self.nodes.partition(|node| node.master() <= end);
        let live = move |node| live_entries(node).rev().skip_while(move |entry| entry.id() > end);
        let nodes = self.nodes.iter_back(behind).map(|node| &**node);
        nodes.flat_map(live).take_while(move |entry| entry.id() >= start)
    }

    /// True if there is an entry named `id`.
    pub fn contains(&self, id: StreamId) -> bool {
        self.node_of(id).is_some_and(|node| node.get(id).is_some())
    }

    /// The name of the last entry that is not deleted.
    pub fn last_entry_id(&self) -> Option<StreamId> {
        self.range_back(StreamId::MIN, StreamId::MAX).next().map(EntryRef::id)
    }

    /// The name of the first entry, deleted or not.
    pub fn first_place(&self) -> Option<StreamId> {
        self.nodes.nth(0).and_then(|node| node.entries().first()).map(|entry| entry.id)
    }

    fn node_of(&self, id: StreamId) -> Option<&Rc<StreamNode>> {
        let behind = self.nodes.partition(|node| node.master() <= id);
        self.nodes.nth(behind.checked_sub(1)?)
    }

    /// Deletes the entry `id`; false if there is none.
    pub fn delete(&mut self, id: StreamId) -> bool {
        let Some(node) = self.node_of(id).filter(|node| node.get(id).is_some()) else {
            return false;
        };
        let (master, place, is_last) = (node.master(), node.place(id), node.live() == 1);
        if is_last {
            self.nodes.remove(|other| other.master().cmp(&master));
        } else {
            self.change(master, |node| node.delete(place));
        }
        self.length -= 1;
        self.marks.max_deleted_id = self.marks.max_deleted_id.max(id);
        true
    }

    /// Cuts the stream down, whole nodes only if `roughly`, and no more than `limit` entries unless
    /// that is 0; how many went.
    pub fn trim(&mut self, trim: Trim, roughly: bool, limit: u64) -> u64 {
        let mut gone = 0;
        while let Some(node) = self.nodes.nth(0) {
            let live = node.live() as u64;
            let enough = matches!(trim, Trim::Length(most) if self.length <= most);
            if enough || (limit > 0 && gone + live > limit) {
                break;
            }
            let master = node.master();
            let whole = match trim {
                Trim::Length(most) => self.length - live >= most,
                Trim::From(id) => node.entries().last().is_none_or(|entry| entry.id < id),
            };
            if whole {
                self.nodes.remove(|other| other.master().cmp(&master));
                self.length -= live;
                gone += live;
                continue;
            }
            if !roughly {
                gone += self.trim_node(master, trim);
            }
            break;
        }
        if gone > 0 {
            self.find_first();
        }
        gone
    }

    /// Deletes the first entries of a node of which some stay.
    fn trim_node(&mut self, master: StreamId, trim: Trim) -> u64 {
        let length = self.length;
        let mut gone = 0;
        self.change(master, |node| {
            for place in 0..node.entries().len() {
                let stop = match trim {
                    Trim::Length(most) => length - gone <= most,
                    Trim::From(id) => node.entries()[place].id >= id,
                };
                if stop {
                    break;
                }
                gone += u64::from(node.delete(place));
            }
        });
        self.length -= gone;
        gone
    }

    /// Notes which entry is the first now.
    pub fn find_first(&mut self) {
        let first = self.range(StreamId::MIN, StreamId::MAX).next().map(EntryRef::id);
        self.marks.first_id = first.unwrap_or_default();
    }

    fn change<T>(&mut self, master: StreamId, change: impl FnOnce(&mut StreamNode) -> T) {
        if let Some(node) = self.nodes.get_mut(|other| other.master().cmp(&master)) {
            change(Rc::make_mut(node));
        }
    }

    /// True if XDEL may have left a hole at `start` or behind it.
    pub fn has_holes_from(&self, start: StreamId) -> bool {
        let deleted = self.marks.max_deleted_id;
        self.length > 0 && deleted != StreamId::MIN && start <= deleted
    }

    /// How many entries were ever added up to `id`, if that can be told.
    pub fn count_up_to(&self, id: StreamId) -> Option<u64> {
        let StreamMarks { last_id, first_id, max_deleted_id, entries_added } = self.marks;
        if entries_added == 0 {
            return Some(0);
        }
        if self.length == 0 && id <= last_id {
            return Some(entries_added);
        }
        if (id != StreamId::MIN && id < max_deleted_id) || id > last_id {
            return None;
        }
        if id == last_id {
            return Some(entries_added);
        }
        let no_holes = max_deleted_id == StreamId::MIN || max_deleted_id < first_id;
        let before_first = entries_added.wrapping_sub(self.length);
        let count = if id < first_id { before_first } else { before_first.wrapping_add(1) };
        Some(count).filter(|_| no_holes && id <= first_id)
    }

    /// How many entries `group` has not yet been given, if that can be told.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        let added = self.marks.entries_added;
        if added == 0 {
            return Some(0);
        }
        let known = group.entries_read.filter(|_| !self.has_holes_from(group.last_id));
        let read = known.or_else(|| self.count_up_to(group.last_id))?;
        Some(added.wrapping_sub(read) as i64)
    }
}

impl StreamLimits {
    /// True if a node may take an entry whose texts are `more` bytes.
    fn allow(&self, node: &StreamNode, more: usize) -> bool {
        let bytes = if self.bytes == 0 { NODE_BYTES_MAX } else { self.bytes.min(NODE_BYTES_MAX) };
        let count = node.entries().len();
        node.bytes() + more < bytes && (self.entries == 0 || count < self.entries)
    }
}

fn live_entries(node: &StreamNode) -> impl DoubleEndedIterator<Item = EntryRef<'_>> {
    let live = node.entries().iter().filter(|entry| !entry.deleted);
    live.map(move |entry| EntryRef { node, entry })
}

/// Redis' `STREAM_LISTPACK_MAX_SIZE`.
pub const NODE_BYTES_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests;
