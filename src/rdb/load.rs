//! How a value is read from its layout, part by part.
//!
//! A plain collection says how many elements it has, and they follow; a packed one is a single
//! string, which is unpacked when it is whole. Either way the elements are gathered first, with
//! what the layout tells of their form, and made into a value at the end.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbLoadObject.

use super::{
    build::Thresholds,
    format::{Form, Layout},
    gather::{Gathered, ListRun},
    read::{Broken, Reader, Stop, Text},
    save::{RUN_PACKED, RUN_PLAIN},
    score::{read_score, read_score_text},
    stream_load::StreamLoad,
};
use crate::keyspace::{StringValue, Value};

/// A value of which some parts are read.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// How it is laid out.
    layout: Layout,
    /// How many parts are to come, once that is read.
    left: Option<u64>,
    /// The elements so far.
    gathered: Gathered,
    /// What decides the encoding.
    thresholds: Thresholds,
    /// The stream so far, if it is one.
    stream: Option<Box<StreamLoad>>,
}

/// What reading one part has come to.
#[derive(Clone, Debug)]
pub(super) enum Loaded {
    /// More parts follow.
    Part,
    /// The value is whole.
    Value(Value),
    /// The value is whole and holds nothing: the key does not exist.
    Nothing,
}

impl Load {
    /// A value in `layout` of which nothing is read.
    pub(super) fn new(layout: Layout, thresholds: Thresholds) -> Self {
        let is_stream = layout.form() == Form::Stream;
        let stream = is_stream.then(|| Box::new(StreamLoad::new(layout)));
        Self { layout, left: None, gathered: Gathered::of(layout), thresholds, stream }
    }

    /// Reads the next part.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<Loaded, Stop> {
        if self.layout == Layout::String {
            return Ok(Loaded::Value(Value::String(read_string(reader)?)));
        }
        if let Some(stream) = &mut self.stream {
            let whole = stream.read(reader)?;
            return Ok(
                whole.map_or(Loaded::Part, |stream| Loaded::Value(Value::Stream(Box::new(stream))))
            );
        }
        match self.layout.form() {
            Form::Plain | Form::Ziplists | Form::Listpacks => self.read_part(reader),
            Form::Ziplist | Form::Listpack | Form::Zipmap | Form::Intset => {
                self.read_packed(reader)
            }
            Form::Stream | Form::Foreign => {
                Err(Stop::Unsupported { what: self.layout.name(), at: reader.at() })
            }
        }
    }

    /// Reads how many parts there are, or one of them.
    fn read_part(&mut self, reader: &mut Reader<'_>) -> Result<Loaded, Stop> {
        let at = reader.at();
        let left = match self.left {
            None => reader.length()?,
            Some(left) => {
                self.read_element(reader)?;
                left - 1
            }
        };
        self.left = Some(left);
        if left > 0 { Ok(Loaded::Part) } else { self.finish(at) }
    }

    fn read_element(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        match &mut self.gathered {
            Gathered::Elements(texts) | Gathered::Members(texts) => texts.push(reader.string()?),
            Gathered::Fields(fields) => fields.push((reader.string()?, reader.string()?)),
            Gathered::Scored(members) => {
                let member = reader.string()?;
                let text = self.layout == Layout::SortedSetText;
                let score = if text { read_score_text(reader)? } else { read_score(reader)? };
                members.push((member, score));
            }
            Gathered::Runs(runs) => {
                let run = read_run(self.layout, reader)?;
                // An empty run is passed over, as in Redis.
                runs.extend(Some(run).filter(|run| !run.is_empty()));
            }
            Gathered::Numbers { .. } => unreachable!("an intset is one part"),
        }
        Ok(())
    }

    /// Reads a value that is one string.
    fn read_packed(&mut self, reader: &mut Reader<'_>) -> Result<Loaded, Stop> {
        let at = reader.at();
        let packed = reader.string()?;
        self.gathered = Gathered::unpack(self.layout, &packed).map_err(corrupt(at))?;
        self.finish(at)
    }

    /// Makes the value of what was gathered.
    fn finish(&mut self, at: usize) -> Result<Loaded, Stop> {
        let gathered = std::mem::replace(&mut self.gathered, Gathered::of(self.layout));
        if gathered.is_empty() {
            return Ok(Loaded::Nothing);
        }
        let value = gathered.into_value(self.layout, &self.thresholds);
        value.map(Loaded::Value).map_err(corrupt(at))
    }
}

fn read_string(reader: &mut Reader<'_>) -> Result<StringValue, Stop> {
    Ok(match reader.text()? {
        Text::Integer(number) => StringValue::Integer(number.into()),
        bytes @ Text::Bytes(_) => StringValue::new(bytes.to_bytes()),
    })
}

/// Reads a run of a list: a packed one, or an element so large that it has a run to itself.
fn read_run(layout: Layout, reader: &mut Reader<'_>) -> Result<ListRun, Stop> {
    let at = reader.at();
    let container = if layout.form() == Form::Listpacks { reader.length()? } else { RUN_PACKED };
    let text = reader.string()?;
    match container {
        RUN_PLAIN => Ok(ListRun::Plain(text)),
        RUN_PACKED => ListRun::unpack(layout.form(), &text).map_err(corrupt(at)),
        _ => Err(Stop::Corrupt { what: "a run of a list of an unknown form", at }),
    }
}

const fn corrupt(at: usize) -> impl FnOnce(Broken) -> Stop {
    move |what| Stop::Corrupt { what, at }
}
