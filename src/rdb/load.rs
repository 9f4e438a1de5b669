//! How a value is read from its layout, part by part.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbLoadObject.

use super::{
    format::Layout,
    read::{Reader, Stop, Text},
};
use crate::keyspace::{StringValue, Value};

/// A value of which some parts are read.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// How it is laid out.
    layout: Layout,
}

/// What reading one part has come to.
#[derive(Clone, Debug)]
pub(super) enum Loaded {
    /// The value is whole.
    Value(Value),
}

impl Load {
    /// A value in `layout` of which nothing is read.
    pub(super) const fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// Reads the next part.
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Result<Loaded, Stop> {
        if self.layout != Layout::String {
            return Err(Stop::Unsupported { what: self.layout.name(), at: reader.at() });
        }
        Ok(Loaded::Value(Value::String(read_string(reader)?)))
    }
}

fn read_string(reader: &mut Reader<'_>) -> Result<StringValue, Stop> {
    Ok(match reader.text()? {
        Text::Integer(number) => StringValue::Integer(number.into()),
        bytes @ Text::Bytes(_) => StringValue::new(bytes.to_bytes()),
    })
}
