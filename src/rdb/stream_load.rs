//! How a stream is read from its layout, part by part; `stream_save` shows the layout.
//!
//! What the layouts before 7.0 and 7.2 do not say is filled in as Redis fills it in.
//! *Source*: Redis 7.2 · rdb.c · rdbLoadObject.

use std::collections::BTreeMap;

use super::{
    format::Layout,
    listpack::Listpack,
    read::{Broken, Reader, Stop},
    stream_save::{FLAG_DELETED, FLAG_SAME_FIELDS},
};
use crate::{
    keyspace::{Group, Pending, Piece, Stream, StreamEntry, StreamId, StreamMarks, StreamNode},
    resp::Bytes,
};

/// A stream of which some parts are read.
#[derive(Clone, Debug)]
pub(super) struct StreamLoad {
    /// What its layout says.
    layout: Layout,
    /// What is to be read next.
    next: Next,
    nodes: Vec<StreamNode>,
    /// What is remembered beside the entries, once it is read.
    stream: Stream,
    groups: BTreeMap<Bytes, Group>,
    /// The group whose parts are being read.
    open: Option<(Bytes, Group)>,
    /// Its entries whose consumers are not yet known, with when and how often they were given.
    unowned: BTreeMap<StreamId, (i64, u64)>,
}

/// What is to be read next, with how many of the same are to come.
#[derive(Clone, Copy, Debug)]
enum Next {
    Count,
    Nodes(u64),
    Groups(u64),
    Pending { groups: u64, left: u64 },
    Consumers { groups: u64, left: u64 },
}

impl StreamLoad {
    /// A stream of which nothing is read.
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            next: Next::Count,
            nodes: Vec::new(),
            stream: Stream::default(),
            groups: BTreeMap::new(),
            open: None,
            unowned: BTreeMap::new(),
        }
    }

    /// Reads the next part; the stream, if that was the last.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<Option<Stream>, Stop> {
        let at = reader.at();
        let corrupt = |what: Broken| Stop::Corrupt { what, at };
        self.next = match self.next {
            Next::Count => Next::Nodes(reader.length()?),
            Next::Nodes(0) => {
                let (marks, length) = self.read_marks(reader)?;
                let groups = reader.length()?;
                self.build(marks, length).map_err(corrupt)?;
                Next::Groups(groups)
            }
            Next::Nodes(left) => {
                let (name, listpack) = (reader.string()?, reader.string()?);
                let node = self.read_node(&name, &listpack).map_err(corrupt)?;
                self.nodes.push(node);
                Next::Nodes(left - 1)
            }
            Next::Groups(0) => {
                *self.stream.groups_mut() = std::mem::take(&mut self.groups);
                return Ok(Some(std::mem::take(&mut self.stream)));
            }
            Next::Groups(left) => self.read_group(reader, left - 1)?,
            Next::Pending { groups, left: 0 } => Next::Consumers { groups, left: reader.length()? },
            Next::Pending { groups, left } => {
                self.read_pending(reader)?;
                Next::Pending { groups, left: left - 1 }
            }
            Next::Consumers { groups, left: 0 } => {
                self.close_group().map_err(corrupt)?;
                Next::Groups(groups)
            }
            Next::Consumers { groups, left } => {
                self.read_consumer(reader)?;
                Next::Consumers { groups, left: left - 1 }
            }
        };
        Ok(None)
    }

    fn read_node(&self, name: &[u8], listpack: &[u8]) -> Result<StreamNode, Broken> {
        let name = name.try_into().map_err(|_| "a node of a stream without a name")?;
        let last = self.nodes.last().and_then(|node| node.entries().last());
        let node = NodeReader::read(StreamId::from_be_bytes(name), listpack)?;
        let first = node.entries().first().ok_or("a node of a stream without entries")?;
        let sorted = last.is_none_or(|last| last.id < first.id);
        if sorted { Ok(node) } else { Err("a stream whose nodes are in disorder") }
    }

    fn read_marks(&self, reader: &mut Reader<'_>) -> Result<(StreamMarks, u64), Stop> {
        let length = reader.length()?;
        let last_id = read_id(reader)?;
        if self.layout != Layout::Stream {
            let (first_id, max_deleted_id) = (read_id(reader)?, read_id(reader)?);
            let entries_added = reader.length()?;
            return Ok((StreamMarks { last_id, first_id, max_deleted_id, entries_added }, length));
        }
        let marks = StreamMarks { last_id, entries_added: length, ..StreamMarks::default() };
        Ok((marks, length))
    }

    /// Makes a stream of the nodes.
    fn build(&mut self, marks: StreamMarks, length: u64) -> Result<(), Broken> {
        let nodes = std::mem::take(&mut self.nodes);
        self.stream = Stream::from_parts(nodes, marks, BTreeMap::new());
        if self.layout == Layout::Stream {
            self.stream.find_first();
        }
        let sound = self.stream.len() == length;
        if sound { Ok(()) } else { Err("a stream of another length than it says") }
    }

    fn read_group(&mut self, reader: &mut Reader<'_>, groups: u64) -> Result<Next, Stop> {
        let at = reader.at();
        let (name, last_id) = (reader.string()?, read_id(reader)?);
        let read = if self.layout == Layout::Stream {
            self.stream.count_up_to(last_id)
        } else {
            Some(reader.length()?).filter(|&read| read != u64::MAX)
        };
        let left = reader.length()?;
        if self.groups.contains_key(&name) {
            return Err(Stop::Corrupt { what: "a stream with the same group twice", at });
        }
        self.open = Some((name, Group::new(last_id, read)));
        self.unowned.clear();
        Ok(Next::Pending { groups, left })
    }

    fn read_pending(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        let at = reader.at();
        let id = StreamId::from_be_bytes(reader.array()?);
        let delivered = i64::from_le_bytes(reader.array()?);
        let count = reader.length()?;
        let twice = self.unowned.insert(id, (delivered, count)).is_some();
        let what = "a group with the same pending entry twice";
        if twice { Err(Stop::Corrupt { what, at }) } else { Ok(()) }
    }

    fn read_consumer(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        let at = reader.at();
        let name = reader.string()?;
        let seen = i64::from_le_bytes(reader.array()?);
        let active = if self.layout == Layout::Stream3 {
            Some(i64::from_le_bytes(reader.array()?)).filter(|&at| at != -1)
        } else {
            Some(seen)
        };
        let count = reader.length()?;
        let bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(ID_BYTES));
        // No consumer holds more than its group: the bytes need not be waited for.
        let bytes = bytes.filter(|_| count <= self.unowned.len() as u64);
        let corrupt = |what| Stop::Corrupt { what, at };
        let ids = reader.take(bytes.ok_or_else(|| corrupt(UNOWNED))?)?;
        let Some((_, group)) = &mut self.open else { return Err(corrupt(UNOWNED)) };
        if !group.add_consumer(Bytes::clone(&name), seen, active) {
            return Err(corrupt("a group with the same consumer twice"));
        }
        for id in ids.as_chunks().0 {
            let id = StreamId::from_be_bytes(*id);
            let (delivered, count) = self.unowned.remove(&id).ok_or_else(|| corrupt(UNOWNED))?;
            group.give(id, Pending { consumer: Bytes::clone(&name), delivered, count });
        }
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), Broken> {
        if !self.unowned.is_empty() {
            return Err("a pending entry without a consumer");
        }
        self.groups.extend(self.open.take());
        Ok(())
    }
}

fn read_id(reader: &mut Reader<'_>) -> Result<StreamId, Stop> {
    Ok(StreamId { ms: reader.length()?, seq: reader.length()? })
}

/// Reads the listpack of a node.
struct NodeReader<'a> {
    pieces: Listpack<'a>,
}

impl NodeReader<'_> {
    fn read(master: StreamId, listpack: &[u8]) -> Result<StreamNode, Broken> {
        let mut reader = NodeReader { pieces: Listpack::new(listpack)? };
        let (live, deleted) = (reader.count()?, reader.count()?);
        let fields = reader.count()?;
        let fields = reader.texts(fields)?;
        if reader.integer()? != 0 {
            return Err(BROKEN);
        }
        let mut node = StreamNode::new(master, fields.into());
        while let Some(flags) = reader.pieces.next() {
            let entry = reader.entry(&node, integer(flags?)?)?;
            node.push(entry);
        }
        let sorted = node.entries().is_sorted_by(|a, b| a.id < b.id);
        let counted = node.live() == live && node.deleted() == deleted;
        if sorted && counted { Ok(node) } else { Err(BROKEN) }
    }

    fn entry(&mut self, node: &StreamNode, flags: i64) -> Result<StreamEntry, Broken> {
        let master = node.master();
        let ms = master.ms.wrapping_add_signed(self.integer()?);
        let seq = master.seq.wrapping_add_signed(self.integer()?);
        let same_fields = flags & FLAG_SAME_FIELDS != 0;
        let texts = match same_fields {
            true => self.texts(node.fields().len())?,
            false => {
                let count = self.count()?;
                self.texts(count.checked_mul(2).ok_or(BROKEN)?)?
            }
        };
        let deleted = flags & FLAG_DELETED != 0;
        let id = StreamId { ms, seq };
        let entry = StreamEntry { id, deleted, same_fields, texts: texts.into() };
        let sound = self.count()? == entry.pieces() && (0..4).contains(&flags);
        if sound { Ok(entry) } else { Err(BROKEN) }
    }

    fn texts(&mut self, count: usize) -> Result<Vec<Bytes>, Broken> {
        // Not reserved beforehand: the count is not to be believed.
        (0..count).map(|_| Ok(self.pieces.next().ok_or(BROKEN)??.to_bytes())).collect()
    }

    fn count(&mut self) -> Result<usize, Broken> {
        usize::try_from(self.integer()?).map_err(|_| BROKEN)
    }

    fn integer(&mut self) -> Result<i64, Broken> {
        integer(self.pieces.next().ok_or(BROKEN)??)
    }
}

const fn integer(piece: Piece<'_>) -> Result<i64, Broken> {
    match piece {
        Piece::Integer(number) => Ok(number),
        Piece::Bytes(_) => Err(BROKEN),
    }
}

/// The bytes of an entry's name.
const ID_BYTES: usize = 16;
const BROKEN: Broken = "a node of a stream that makes no sense";
const UNOWNED: Broken = "a consumer with an entry that is not pending";
