//! How a stream is laid out.
//!
//! ```text
//!     nodes  (name(16) listpack) …                            names: most byte first
//!     length  last  [first  highest deleted  added]           [since 7.0]
//!     groups  (name  last  [read]  pending (name(16) time(8) count) …
//!              consumers (name  seen(8) <active(8)>  names (name(16)) …) …) …     <since 7.2>
//! ```
//!
//! Every node, pending entry and consumer is a part of its own, so that a stream of any size is
//! written in pieces of any size.
//! *Source*: Redis 7.2 · rdb.c · rdbSaveObject, rdbSaveStreamPEL, rdbSaveStreamConsumers.

use super::{format::Layout, listpack::ListpackWriter, save::Parts, write::Writer};
use crate::keyspace::{Group, Stream, StreamId, StreamNode};

/// Writes `stream` from a part on; the part to go on with, if there is one.
pub(super) fn write_stream(
    parts: &mut Parts<'_>,
    stream: &Stream,
    layout: Layout,
) -> Option<usize> {
    let nodes = stream.node_count();
    let mut next = parts.from;
    while next < nodes {
        if parts.is_enough(next) {
            return Some(next);
        }
        if next == 0 {
            parts.writer.length(nodes as u64);
        }
        let node = stream.nodes_from(next).next()?;
        write_node(parts.writer, node);
        next += 1;
    }
    if next == nodes {
        if parts.is_enough(next) {
            return Some(next);
        }
        write_marks(parts.writer, stream, layout);
        next += 1;
    }
    let mut first = nodes + 1;
    for (name, group) in stream.groups() {
        let count = group_parts(group);
        while next < first + count {
            if parts.is_enough(next) {
                return Some(next);
            }
            write_group_part(parts.writer, name, group, next - first, layout);
            next += 1;
        }
        first += count;
    }
    None
}

fn write_node(writer: &mut Writer, node: &StreamNode) {
    writer.string(&node.master().to_be_bytes());
    let mut listpack = ListpackWriter::new();
    listpack.push_integer(node.live() as i64);
    listpack.push_integer(node.deleted() as i64);
    listpack.push_integer(node.fields().len() as i64);
    node.fields().iter().for_each(|field| listpack.push(field));
    listpack.push_integer(0);
    for entry in node.entries() {
        let same = if entry.same_fields { FLAG_SAME_FIELDS } else { 0 };
        listpack.push_integer(same | if entry.deleted { FLAG_DELETED } else { 0 });
        let (ms, seq) = entry.distance(node.master());
        listpack.push_integer(ms);
        listpack.push_integer(seq);
        if !entry.same_fields {
            listpack.push_integer(entry.texts.len() as i64 / 2);
        }
        entry.texts.iter().for_each(|text| listpack.push(text));
        listpack.push_integer(entry.pieces() as i64);
    }
    writer.string(&listpack.finish());
}

fn write_marks(writer: &mut Writer, stream: &Stream, layout: Layout) {
    if stream.node_count() == 0 {
        writer.length(0);
    }
    let marks = stream.marks();
    writer.length(stream.len());
    write_id(writer, marks.last_id);
    if layout != Layout::Stream {
        write_id(writer, marks.first_id);
        write_id(writer, marks.max_deleted_id);
        writer.length(marks.entries_added);
    }
    writer.length(stream.groups().len() as u64);
}

/// The head, the pending entries, the number of consumers, the consumers.
fn group_parts(group: &Group) -> usize {
    2 + group.pending() + group.consumers().len()
}

fn write_group_part(writer: &mut Writer, name: &[u8], group: &Group, part: usize, layout: Layout) {
    if part == 0 {
        writer.string(name);
        write_id(writer, group.last_id);
        if layout != Layout::Stream {
            writer.length(group.entries_read.unwrap_or(u64::MAX));
        }
        return writer.length(group.pending() as u64);
    }
    if let Some((id, pending)) = group.pending_from(part - 1).next() {
        writer.raw(&id.to_be_bytes());
        writer.raw(&pending.delivered.to_le_bytes());
        return writer.length(pending.count);
    }
    let Some(consumer) = (part - 1 - group.pending()).checked_sub(1) else {
        return writer.length(group.consumers().len() as u64);
    };
    if let Some((name, consumer)) = group.consumers().iter().nth(consumer) {
        writer.string(name);
        writer.raw(&consumer.seen.to_le_bytes());
        if layout == Layout::Stream3 {
            writer.raw(&consumer.active.unwrap_or(-1).to_le_bytes());
        }
        writer.length(consumer.pending() as u64);
        consumer.pending_from(0).for_each(|id| writer.raw(&id.to_be_bytes()));
    }
}

fn write_id(writer: &mut Writer, id: StreamId) {
    writer.length(id.ms);
    writer.length(id.seq);
}

/// The entry is deleted.
pub(super) const FLAG_DELETED: i64 = 1;
/// The entry has the fields of its node.
pub(super) const FLAG_SAME_FIELDS: i64 = 2;
