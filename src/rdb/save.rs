//! How a value is laid out.
//!
//! A value is written in *parts*, so that one that is as large as the dataset needs no more memory
//! than any other: an element of a plain collection, a run of a list, or the whole of a packed one.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbSaveObjectType, rdbSaveObject.

use super::{
    format::{Form, Layout, Version},
    intset::write_intset,
    listpack::ListpackWriter,
    stream_save::write_stream,
    write::Writer,
};
use crate::keyspace::{Encoding, List, ListNode, Set, StringValue, Value};

/// The layout in which `value` is written for servers of `version`.
///
/// What a server does not know is written plain: every server packs small values again by itself.
pub(super) fn layout_of(value: &Value, version: Version) -> Layout {
    let layout = match (value, value.encoding()) {
        (Value::String(_), _) => Layout::String,
        (Value::List(_), _) => Layout::ListQuicklist2,
        (Value::Set(_), Encoding::Intset) => Layout::SetIntset,
        (Value::Set(_), Encoding::Listpack) => Layout::SetListpack,
        (Value::Set(_), _) => Layout::Set,
        (Value::Hash(_), Encoding::Listpack) => Layout::HashListpack,
        (Value::Hash(_), _) => Layout::Hash,
        (Value::SortedSet(_), Encoding::Listpack) => Layout::SortedSetListpack,
        (Value::SortedSet(_), _) => Layout::SortedSet,
        (Value::Stream(_), _) => stream_layout(version),
    };
    if version >= layout.since() { layout } else { plain_layout_of(value) }
}

const fn stream_layout(version: Version) -> Layout {
    match version {
        Version::V9 => Layout::Stream,
        Version::V10 => Layout::Stream2,
        Version::V11 => Layout::Stream3,
    }
}

const fn plain_layout_of(value: &Value) -> Layout {
    match value {
        Value::String(_) => Layout::String,
        Value::List(_) => Layout::List,
        Value::Set(_) => Layout::Set,
        Value::Hash(_) => Layout::Hash,
        Value::SortedSet(_) => Layout::SortedSet,
        Value::Stream(_) => Layout::Stream,
    }
}

/// Writes `value` from the part `from` on, until it is whole or the writer holds `bytes_max`; the
/// part to go on with, if there is one.
pub(super) fn write_value(
    writer: &mut Writer,
    value: &Value,
    layout: Layout,
    from: usize,
    bytes_max: usize,
) -> Option<usize> {
    let parts = Parts { writer, from, bytes_max };
    match value {
        Value::String(StringValue::Integer(number)) => parts.writer.integer(*number),
        Value::String(StringValue::Embedded(bytes)) => parts.writer.string(bytes),
        Value::String(StringValue::Raw(bytes)) => parts.writer.string(bytes),
        Value::List(_)
        | Value::Set(_)
        | Value::Hash(_)
        | Value::SortedSet(_)
        | Value::Stream(_) => {
            return write_collection(parts, value, layout);
        }
    }
    None
}

/// What is not wanted to begin with: a page fetches it when it is called.
#[inline(never)]
fn write_collection(mut parts: Parts<'_>, value: &Value, layout: Layout) -> Option<usize> {
    let (plain, from) = (layout.form() == Form::Plain, parts.from);
    match value {
        Value::String(_) => {}
        Value::List(list) if plain => {
            return parts.write(list.len(), list.iter_from(from), |w, text| {
                w.string(&text.to_bytes());
            });
        }
        Value::List(list) => return write_runs(&mut parts, list),
        Value::Stream(stream) => return write_stream(&mut parts, stream, layout),
        Value::Set(set) if plain => {
            return parts.write(set.len(), set.iter_from(from), |w, member| w.string(&member));
        }
        Value::Hash(hash) if plain => {
            return parts.write(hash.len(), hash.iter_from(from), |w, (name, value)| {
                w.string(&name);
                w.string(&value);
            });
        }
        Value::SortedSet(set) if plain => {
            // From the highest to the lowest, as Redis walks its skiplist.
            let members = set.iter_back(set.len().saturating_sub(from));
            return parts.write(set.len(), members, |w, scored| {
                w.string(&scored.member);
                w.raw(&scored.score.to_le_bytes());
            });
        }
        Value::Set(set) => parts.writer.string(&pack_set(set)),
        Value::Hash(hash) => parts.writer.string(&listpack(hash.as_listpack())),
        Value::SortedSet(set) => parts.writer.string(&listpack(set.as_listpack())),
    }
    None
}

/// What is written of a value in parts.
pub(super) struct Parts<'a> {
    pub(super) writer: &'a mut Writer,
    /// The first part to write.
    pub(super) from: usize,
    /// Enough bytes for now.
    bytes_max: usize,
}

impl Parts<'_> {
    /// True if there are bytes enough for now, and `next` is not the first part to write.
    pub(super) fn is_enough(&self, next: usize) -> bool {
        next > self.from && self.writer.pending() >= self.bytes_max
    }

    /// Writes `parts`, which begin with the one at `from`, and before the first how many there are.
    fn write<T>(
        &mut self,
        count: usize,
        parts: impl Iterator<Item = T>,
        write: impl Fn(&mut Writer, T),
    ) -> Option<usize> {
        if self.from == 0 {
            self.writer.length(count as u64);
        }
        let mut next = self.from;
        for part in parts {
            if self.is_enough(next) {
                break;
            }
            write(self.writer, part);
            next += 1;
        }
        if next < count { Some(next) } else { None }
    }
}

/// Writes a list run by run.
fn write_runs(parts: &mut Parts<'_>, list: &List) -> Option<usize> {
    let runs = list.nodes().skip(parts.from);
    parts.write(list.nodes().count(), runs, write_run)
}

fn write_run(writer: &mut Writer, run: &ListNode) {
    if let Some(element) = run.as_plain() {
        writer.length(RUN_PLAIN);
        return writer.string(element);
    }
    writer.length(RUN_PACKED);
    writer.string(&listpack(Some((run.entries(), run.len()))));
}

fn pack_set(set: &Set) -> Vec<u8> {
    match set.as_numbers() {
        Some((width, numbers)) => write_intset(width.into(), numbers.iter().copied()),
        None => listpack(set.as_listpack()),
    }
}

/// A listpack of the entries of a value that is laid out as one.
fn listpack(entries: Option<(&[u8], usize)>) -> Vec<u8> {
    let (entries, count) = entries.expect("the layout goes by the encoding");
    let mut listpack = ListpackWriter::new();
    listpack.extend(entries, count);
    listpack.finish()
}

/// Announces a run that is one element, as it is.
pub(super) const RUN_PLAIN: u64 = 1;
/// Announces a run that is a listpack.
pub(super) const RUN_PACKED: u64 = 2;
