//! How a value is laid out.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbSaveObjectType, rdbSaveObject.

use super::{format::Layout, write::Writer};
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
