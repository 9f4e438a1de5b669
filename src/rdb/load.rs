//! How a value is read from its layout, part by part, and told to a sink.
//!
//! A plain collection says how many elements it has, and they follow; a packed one is a single
//! string, which is unpacked when it is whole. What is told is taken in: if bytes are missing,
//! reading goes on behind the last part that was whole.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbLoadObject.

use super::{
    format::{Form, Kind, Layout},
    packed::{tell_run, tell_value},
    read::{Broken, Reader, Stop},
    save::{RUN_PACKED, RUN_PLAIN},
    score::{read_score, read_score_text},
    sink::Sink,
    stream_load::StreamLoad,
};
use crate::keyspace::Piece;

/// A value of which some parts are read.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// How it is laid out.
    layout: Layout,
    /// How many parts are to come, once that is read.
    left: Option<u64>,
    /// True once the sink was told of an element.
    any: bool,
    /// The stream so far, if it is one.
    stream: Option<Box<StreamLoad>>,
}

/// What a value that is whole has come to.
#[derive(Clone, Debug)]
pub(super) enum Loaded<V> {
    /// What the sink has made of it.
    Value(V),
    /// It holds nothing: the key does not exist.
    Nothing,
}

impl Load {
    /// A value in `layout` of which nothing is read.
    pub(super) fn new(layout: Layout) -> Self {
        let is_stream = layout.form() == Form::Stream;
        let stream = is_stream.then(|| Box::new(StreamLoad::new(layout)));
        Self { layout, left: None, any: false, stream }
    }

    /// How it is laid out.
    pub(super) const fn layout(&self) -> Layout {
        self.layout
    }

    /// Reads as many parts as there are, up to the last.
    pub(super) fn read<S: Sink>(
        &mut self,
        reader: &mut Reader<'_>,
        sink: &mut S,
    ) -> Result<Loaded<S::Value>, Stop> {
        let at = reader.at();
        match self.layout.form() {
            Form::Plain if self.layout.kind() == Kind::String => {
                let text = reader.text()?;
                return sink.text(text.piece()).map(Loaded::Value).map_err(corrupt(at));
            }
            Form::Plain | Form::Ziplists | Form::Listpacks => return self.read_parts(reader, sink),
            Form::Ziplist | Form::Listpack | Form::Zipmap | Form::Intset => {
                let packed = reader.text()?.into_bytes();
                self.any = tell_value(self.layout, &packed, sink).map_err(corrupt(at))?;
            }
            Form::Stream => self.read_stream(reader, sink)?,
            Form::Foreign => return Err(Stop::Unsupported { what: self.layout.name(), at }),
        }
        self.finish(at, sink)
    }

    /// Reads how many parts there are, and the parts.
    fn read_parts<S: Sink>(
        &mut self,
        reader: &mut Reader<'_>,
        sink: &mut S,
    ) -> Result<Loaded<S::Value>, Stop> {
        let mut at = reader.at();
        let mut left = match self.left {
            Some(left) => left,
            None => {
                let count = reader.length()?;
                reader.commit();
                sink.begin(self.layout, count);
                count
            }
        };
        while left > 0 {
            self.left = Some(left);
            at = reader.at();
            self.any |= self.read_part(reader, sink)?;
            reader.commit();
            left -= 1;
        }
        self.finish(at, sink)
    }

    /// Reads one part; false if there is nothing in it.
    fn read_part<S: Sink>(&self, reader: &mut Reader<'_>, sink: &mut S) -> Result<bool, Stop> {
        match (self.layout.kind(), self.layout.form()) {
            (_, Form::Ziplists | Form::Listpacks) => return self.read_run(reader, sink),
            (Kind::Hash, _) => {
                let (name, value) = (reader.text()?, reader.text()?);
                sink.field(name.piece(), value.piece());
            }
            (Kind::SortedSet, _) => {
                let member = reader.text()?;
                let text = self.layout == Layout::SortedSetText;
                let score = if text { read_score_text(reader)? } else { read_score(reader)? };
                sink.member(member.piece(), score);
            }
            (_, _) => sink.element(reader.text()?.piece()),
        }
        Ok(true)
    }

    /// Reads a run of a list: a packed one, or an element so large that it has a run to itself.
    fn read_run<S: Sink>(&self, reader: &mut Reader<'_>, sink: &mut S) -> Result<bool, Stop> {
        let (at, form) = (reader.at(), self.layout.form());
        let container = if form == Form::Listpacks { reader.length()? } else { RUN_PACKED };
        let text = reader.text()?;
        match container {
            RUN_PLAIN if text.piece() == Piece::Bytes(b"") => {
                Err(Stop::Corrupt { what: "a run of a list with nothing in it", at })
            }
            RUN_PLAIN => {
                sink.plain_run(text.piece());
                Ok(true)
            }
            RUN_PACKED => tell_run(form, &text.into_bytes(), sink).map_err(corrupt(at)),
            _ => Err(Stop::Corrupt { what: "a run of a list of an unknown form", at }),
        }
    }

    /// Reads the parts of a stream.
    fn read_stream<S: Sink>(&mut self, reader: &mut Reader<'_>, sink: &mut S) -> Result<(), Stop> {
        while let Some(load) = &mut self.stream {
            let whole = load.read(reader)?;
            reader.commit();
            if let Some(stream) = whole {
                self.stream = None;
                self.any = true;
                sink.begin(self.layout, 1);
                sink.stream(stream);
            }
        }
        Ok(())
    }

    /// What the sink makes of the parts, of which the last was at `at`.
    fn finish<S: Sink>(&self, at: usize, sink: &mut S) -> Result<Loaded<S::Value>, Stop> {
        if !self.any {
            return Ok(Loaded::Nothing);
        }
        sink.end().map(Loaded::Value).map_err(corrupt(at))
    }
}

const fn corrupt(at: usize) -> impl FnOnce(Broken) -> Stop {
    move |what| Stop::Corrupt { what, at }
}
