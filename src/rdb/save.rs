//! How a value is laid out.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbSaveObjectType, rdbSaveObject.

use super::{format::Layout, listpack::ListpackWriter, score::push_score, write::Writer};
use crate::keyspace::{StringValue, Value};

/// The layout that `value` is written in.
pub(super) const fn layout_of(value: &Value) -> Layout {
    match value {
        Value::String(_) => Layout::String,
    }
}

/// Writes `value`.
pub(super) fn write_value(writer: &mut Writer, value: &Value) {
    match value {
        Value::String(StringValue::Integer(number)) => writer.integer(*number),
        Value::String(string) => writer.string(&string.to_bytes()),
    }
}

/// The listpack of `texts`.
pub(super) fn pack_texts<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut listpack = ListpackWriter::new();
    texts.for_each(|text| listpack.push(text));
    listpack.finish()
}

/// The listpack of the members and scores of a sorted set, lowest first.
pub(super) fn pack_scored<'a>(members: impl Iterator<Item = (&'a [u8], f64)>) -> Vec<u8> {
    let mut listpack = ListpackWriter::new();
    for (member, score) in members {
        listpack.push(member);
        push_score(&mut listpack, score);
    }
    listpack.finish()
}

/// Writes one member of a sorted set.
pub(super) fn write_scored(writer: &mut Writer, member: &[u8], score: f64) {
    writer.string(member);
    writer.raw(&score.to_le_bytes());
}

/// Writes a node of a list, packed.
pub(super) fn write_node<'a>(writer: &mut Writer, texts: impl Iterator<Item = &'a [u8]>) {
    writer.length(NODE_PACKED);
    writer.string(&pack_texts(texts));
}

/// Writes a node of a list that is one element.
pub(super) fn write_plain_node(writer: &mut Writer, text: &[u8]) {
    writer.length(NODE_PLAIN);
    writer.string(text);
}

/// Announces a node that is one element.
pub(super) const NODE_PLAIN: u64 = 1;
/// Announces a node that is a listpack.
pub(super) const NODE_PACKED: u64 = 2;
