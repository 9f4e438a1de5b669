//! A run of a stream's entries that Redis packs into one listpack.
//!
//! Where a stream is cut into nodes depends on the size of the listpacks, and a snapshot carries
//! the nodes as they are, entries that were deleted included. So a node here knows the size that
//! its listpack would have; the room `rdb` writes the bytes.
//!
//! ```text
//!     count  deleted  fields…  0             the master entry: the names of its fields
//!     flags  ms  seq  values…  pieces        an entry with the same fields: 2, or 3 if deleted
//!     flags  ms  seq  number  field value …  pieces          another entry: 0, or 1 if deleted
//! ```
//! *Source*: Redis 7.2 · t_stream.c · streamAppendItem, streamIteratorRemoveEntry.

use std::rc::Rc;

use super::StreamId;
use super::listpack::{FRAME_BYTES, Piece};
use crate::resp::Bytes;

/// A run of entries; the first entry's name is the node's.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamNode {
    /// The name of the entry that began the node.
    master: StreamId,
    /// The names of that entry's fields.
    fields: Rc<[Bytes]>,
    /// In the order of their names, which all differ.
    entries: Vec<StreamEntry>,
    /// How many of them are not deleted.
    live: usize,
    /// What the entries take in a listpack.
    entry_bytes: usize,
}

/// One entry as its node holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// Its name.
    pub id: StreamId,
    /// True if it was deleted: it keeps its place until its node goes.
    pub deleted: bool,
    /// True if its fields are those of the node.
    pub same_fields: bool,
    /// The values, or the fields and values in turn if its fields are its own.
    pub texts: Rc<[Bytes]>,
}

impl StreamNode {
    /// A node without entries.
    pub fn new(master: StreamId, fields: Rc<[Bytes]>) -> Self {
        Self { master, fields, entries: Vec::new(), live: 0, entry_bytes: 0 }
    }

    /// The node that begins with an entry of `pairs`, fields and values in turn.
    pub(super) fn begin(id: StreamId, pairs: &[Bytes]) -> Self {
        let mut node = Self::new(id, pairs.iter().step_by(2).cloned().collect());
        node.append(id, pairs);
        node
    }

    /// The name under which it is found.
    pub const fn master(&self) -> StreamId {
        self.master
    }

    /// The names of the fields that most entries have.
    pub fn fields(&self) -> &[Bytes] {
        &self.fields
    }

    /// All entries, deleted ones included.
    pub fn entries(&self) -> &[StreamEntry] {
        &self.entries
    }

    /// How many entries are not deleted.
    pub const fn live(&self) -> usize {
        self.live
    }

    /// How many are.
    pub const fn deleted(&self) -> usize {
        self.entries.len() - self.live
    }

    /// The size of the listpack.
    pub(super) fn bytes(&self) -> usize {
        let counts = [self.live, self.deleted(), self.fields.len(), 0];
        let head: usize = counts.iter().map(|&count| integer_entry_bytes(count as i64)).sum();
        let fields: usize = self.fields.iter().map(|field| entry_bytes(field)).sum();
        FRAME_BYTES + head + fields + self.entry_bytes
    }

    /// Appends an entry of `pairs`, fields and values in turn.
    pub(super) fn append(&mut self, id: StreamId, pairs: &[Bytes]) {
        let same_fields = pairs.iter().step_by(2).eq(self.fields.iter());
        let texts = match same_fields {
            true => pairs.iter().skip(1).step_by(2).cloned().collect(),
            false => pairs.iter().cloned().collect(),
        };
        self.push(StreamEntry { id, deleted: false, same_fields, texts });
    }

    /// Appends an entry as it is.
    pub fn push(&mut self, entry: StreamEntry) {
        self.entry_bytes += entry.bytes(self.master);
        self.live += usize::from(!entry.deleted);
        self.entries.push(entry);
    }

    /// The place of the first entry that is not before `id`.
    pub(super) fn place(&self, id: StreamId) -> usize {
        self.entries.partition_point(|entry| entry.id < id)
    }

    /// The entry named `id`, if it is there and not deleted.
    pub(super) fn get(&self, id: StreamId) -> Option<&StreamEntry> {
        self.entries.get(self.place(id)).filter(|entry| entry.id == id && !entry.deleted)
    }

    /// Marks the entry at `place` as deleted; false if it was.
    pub(super) fn delete(&mut self, place: usize) -> bool {
        let entry = &mut self.entries[place];
        if entry.deleted {
            return false;
        }
        entry.deleted = true;
        self.live -= 1;
        true
    }

    /// The fields and values of one of the node's entries.
    pub fn pairs<'a>(&'a self, entry: &'a StreamEntry) -> Vec<(&'a Bytes, &'a Bytes)> {
        if entry.same_fields {
            return self.fields.iter().zip(entry.texts.iter()).collect();
        }
        entry.texts.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect()
    }
}

impl StreamEntry {
    /// How many pieces of the listpack the entry has before the last, which tells this number.
    pub fn pieces(&self) -> usize {
        let own = usize::from(!self.same_fields);
        3 + own + self.texts.len()
    }

    /// How far it is from the node's name, in milliseconds and in numbers, as Redis subtracts.
    pub const fn distance(&self, master: StreamId) -> (i64, i64) {
        let ms = self.id.ms.wrapping_sub(master.ms) as i64;
        (ms, self.id.seq.wrapping_sub(master.seq) as i64)
    }

    fn bytes(&self, master: StreamId) -> usize {
        let (ms, seq) = self.distance(master);
        // The flags take the same whatever they are.
        let mut bytes = integer_entry_bytes(0) + integer_entry_bytes(ms) + integer_entry_bytes(seq);
        if !self.same_fields {
            bytes += integer_entry_bytes(self.texts.len() as i64 / 2);
        }
        bytes += self.texts.iter().map(|text| entry_bytes(text)).sum::<usize>();
        bytes + integer_entry_bytes(self.pieces() as i64)
    }
}

/// The bytes that `text` takes in a listpack.
fn entry_bytes(text: &[u8]) -> usize {
    Piece::of(text).entry_bytes()
}

const fn integer_entry_bytes(number: i64) -> usize {
    Piece::Integer(number).entry_bytes()
}
