//! The names of entries, as users type them. *Source*: Redis 7.2 · t_stream.c ·
//! streamGenericParseIDOrReply, streamParseIntervalIDOrReply.

use crate::commands::{Call, Refusal};
use crate::keyspace::StreamId;
use crate::resp::Reply;

/// A name as typed: `5`, `5-1`, or `5-*` where the number is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) ms: u64,
    /// None if it is to be found.
    pub(super) seq: Option<u64>,
}

impl Typed {
    /// Reads a name whose number is 0 if it is not there.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        if let Some(ms) = text.strip_suffix(b"-*")
            && !ms.contains(&b'-')
        {
            return Ok(Self { ms: number(ms).ok_or_else(invalid)?, seq: None });
        }
        let StreamId { ms, seq } = strict(text, 0)?;
        Ok(Self { ms, seq: Some(seq) })
    }
}

/// Reads a name whose number is `missing` if it is not there.
pub(super) fn strict(text: &[u8], missing: u64) -> Result<StreamId, Refusal> {
    let parse = || {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let Some(dash) = text.iter().position(|&byte| byte == b'-') else {
            return Some(StreamId { ms: number(text)?, seq: missing });
        };
        Some(StreamId { ms: number(&text[..dash])?, seq: number(&text[dash + 1..])? })
    };
    parse().ok_or_else(invalid)
}

/// The same, where `-` is the first of all names and `+` the last.
pub(super) fn lenient(text: &[u8], missing: u64) -> Result<StreamId, Refusal> {
    match text {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => strict(text, missing),
    }
}

/// The first name of an interval; behind `(` it does not belong to it.
pub(super) fn interval_start(text: &[u8]) -> Result<StreamId, Refusal> {
    let Some(behind) = exclusive(text) else { return lenient(text, 0) };
    let next = strict(behind, 0)?.next();
    next.ok_or_else(|| Refusal::other("ERR invalid start ID for the interval"))
}

/// The last name of an interval.
pub(super) fn interval_end(text: &[u8]) -> Result<StreamId, Refusal> {
    let Some(before) = exclusive(text) else { return lenient(text, u64::MAX) };
    let previous = strict(before, u64::MAX)?.previous();
    previous.ok_or_else(|| Refusal::other("ERR invalid end ID for the interval"))
}

fn exclusive(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"(").filter(|rest| !rest.is_empty())
}

/// Decimal digits; unlike elsewhere they may begin with zeros, with a plus or with spaces.
fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn invalid() -> Refusal {
    Refusal::other("ERR Invalid stream ID specified as stream command argument")
}

/// `id` as a reply.
pub(super) fn id_reply(id: StreamId) -> Reply {
    Reply::bulk(id.to_string())
}

impl Call<'_> {
    /// The names that are the arguments from `index` on.
    pub(super) fn ids(&self, index: usize) -> Result<Vec<StreamId>, Refusal> {
        self.args[index..].iter().map(|text| strict(text, 0)).collect()
    }
}

/// Redis copies the text into a buffer of so many bytes.
const TEXT_BYTES_MAX: usize = 127;
