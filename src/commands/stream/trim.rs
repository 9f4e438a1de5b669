//! The options of XADD and XTRIM that cut a stream down.
//!
//! What trimming by whole nodes comes to depends on the nodes, and on a limit of work that a
//! replica does not have: the stream carries what came of it. *Source*: Redis 7.2 · t_stream.c ·
//! streamParseAddOrTrimArgsOrReply, streamRewriteTrimArgument.

use super::id::{Typed, strict};
use crate::commands::args::clamp;
use crate::commands::{Call, Refusal, Viewer};
use crate::keyspace::{Stream, StreamId, Trim};
use crate::resp::Bytes;

/// What the options say.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) trimming: Option<Trimming>,
    pub(super) no_mkstream: bool,
    /// The name of the entry to add; none for `*`.
    pub(super) id: Option<Typed>,
    /// Where the name is.
    pub(super) id_at: usize,
}

/// How a stream is cut down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trimming {
    to: Trim,
    /// `~`: whole nodes only.
    roughly: bool,
    /// At most so many entries; 0: any number.
    limit: u64,
    /// Where the length or the name is.
    at: usize,
}

impl Options {
    /// Reads the options up to the name of an entry, if one is to be `added`, or up to the end.
    pub(super) fn parse(call: &Call<'_>, added: bool) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let (mut limit, mut index) = (None, 2);
        while index < call.args.len() {
            let more = call.args.len() - index - 1;
            if added && *call.args[index] == *b"*" {
                break;
            }
            let by_length = call.is(index, "maxlen");
            if (by_length || call.is(index, "minid")) && more > 0 {
                index = options.parse_trim(call, index, by_length)?;
            } else if call.is(index, "limit") && more > 0 {
                index += 1;
                let number = call.integer(index)?;
                let text = "ERR The LIMIT argument must be >= 0.";
                let number = u64::try_from(number).map_err(|_| Refusal::other(text))?;
                limit = Some(number);
            } else if added && call.is(index, "nomkstream") {
                options.no_mkstream = true;
            } else if added {
                options.id = Some(Typed::parse(&call.args[index])?);
                break;
            } else {
                return Err(Refusal::Syntax);
            }
            index += 1;
        }
        options.id_at = index;
        options.check_limit(call, limit, added)?;
        Ok(options)
    }

    fn parse_trim(
        &mut self,
        call: &Call<'_>,
        mut index: usize,
        by_length: bool,
    ) -> Result<usize, Refusal> {
        if self.trimming.is_some() {
            let text = "MAXLEN and MINID options at the same time are not compatible";
            return Err(Refusal::other(format!("ERR syntax error, {text}")));
        }
        let sign = &*call.args[index + 1];
        let signed = call.args.len() > index + 2 && (sign == b"~" || sign == b"=");
        let roughly = signed && sign == b"~";
        index += if signed { 2 } else { 1 };
        let to = if by_length {
            let text = "ERR The MAXLEN argument must be >= 0.";
            let most = call.integer(index)?;
            Trim::Length(u64::try_from(most).map_err(|_| Refusal::other(text))?)
        } else {
            Trim::From(strict(&call.args[index], 0)?)
        };
        self.trimming = Some(Trimming { to, roughly, limit: 0, at: index });
        Ok(index)
    }

    fn check_limit(
        &mut self,
        call: &Call<'_>,
        limit: Option<u64>,
        added: bool,
    ) -> Result<(), Refusal> {
        let syntax = |text| Err(Refusal::other(format!("ERR syntax error, {text}")));
        let Some(trimming) = &mut self.trimming else {
            return match (limit, added) {
                (Some(1..), _) => {
                    syntax("LIMIT cannot be used without specifying a trimming strategy")
                }
                (_, false) => syntax("XTRIM must be called with a trimming strategy"),
                (Some(0), true) if call.viewer != Viewer::Upstream => syntax(LIMIT_OF_NOTHING),
                (_, true) => Ok(()),
            };
        };
        // What a master sends has been carried out there, however much it was.
        if call.viewer == Viewer::Upstream {
            return Ok(());
        }
        match (limit, trimming.roughly) {
            (Some(_), false) => {
                return syntax(LIMIT_OF_NOTHING);
            }
            (Some(limit), true) => trimming.limit = limit,
            (None, true) => {
                let nodes = call.settings.stream_node_entries as u64;
                let limit = nodes.saturating_mul(100).min(1_000_000);
                trimming.limit = if limit == 0 { 10_000 } else { limit };
            }
            (None, false) => {}
        }
        Ok(())
    }
}

impl Trimming {
    /// Cuts `stream` down; how many entries went.
    pub(super) fn apply(&self, stream: &mut Stream) -> u64 {
        stream.trim(self.to, self.roughly, self.limit)
    }

    /// Puts into `args` what the trimming of `stream` has come to, if that is not what they say.
    pub(super) fn rewrite(&self, stream: &Stream, args: &mut [Bytes]) {
        if !self.roughly {
            return;
        }
        let result = match self.to {
            Trim::Length(_) => stream.len().to_string(),
            Trim::From(_) => stream.first_place().unwrap_or(StreamId::MAX).to_string(),
        };
        args[self.at - 1] = Bytes::from(&b"="[..]);
        args[self.at] = Bytes::from(result.into_bytes());
    }
}

/// What is wrong with a limit of work for what is exact, or for nothing at all.
const LIMIT_OF_NOTHING: &str = "LIMIT cannot be used without the special ~ option";

/// COUNT's number: a negative one is 0.
pub(super) fn count_at(call: &Call<'_>, index: usize) -> Result<usize, Refusal> {
    call.integer(index).map(clamp)
}
