//! Streams: adding entries, reading and deleting them.
//!
//! The stream of replication carries the name that an entry was given, not the `*` that asked for
//! one. *Source*: Redis 7.2 · t_stream.c · xaddCommand, xrangeGenericCommand, xsetidCommand.

pub(super) mod claim;
pub(super) mod group;
mod id;
pub(super) mod info;
pub(super) mod pending;
pub(super) mod read;
mod trim;

use super::rows::rows;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::{EntryRef, NODE_BYTES_MAX, Stream, StreamId};
use crate::resp::{Bytes, Reply};
use id::{id_reply, interval_end, interval_start, strict};
use trim::{Options, count_at};

pub(super) const TABLE: &[Spec] = rows! { Stream;
    "xadd" -5 GROW_FAST FIRST xadd, concat!(
        "key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value ",
        "[field value ...]"
    ), "Appends an entry to a stream.";
    "xlen" 2 READ_FAST FIRST xlen, "key", "Counts the entries of a stream.";
    "xrange" -4 READ FIRST xrange, "key start end [COUNT count]",
        "Answers the entries of a stream between two names.";
    "xrevrange" -4 READ FIRST xrevrange, "key end start [COUNT count]",
        "Answers the entries of a stream between two names, last to first.";
    "xdel" -3 WRITE_FAST FIRST xdel, "key id [id ...]", "Deletes entries of a stream.";
    "xtrim" -4 WRITE FIRST xtrim, "key MAXLEN|MINID [=|~] threshold [LIMIT count]",
        "Deletes the first entries of a stream.";
    "xsetid" -3 GROW_FAST FIRST xsetid,
        "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
        "Sets the name after which a stream goes on.";
};

fn xadd(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let options = Options::parse(call, true)?;
    let pairs_at = options.id_at + 1;
    let pairs = call.args.get(pairs_at..).unwrap_or_default();
    if pairs.is_empty() || !pairs.len().is_multiple_of(2) {
        return Err(Refusal::Arity("xadd".to_owned()));
    }
    if options.id.is_some_and(|id| id.ms == 0 && id.seq == Some(0)) {
        let text = "ERR The ID specified in XADD must be greater than 0-0";
        return Err(Refusal::other(text));
    }
    let key = call.arg(1);
    if options.no_mkstream && call.get::<Stream>(&key)?.is_none() {
        return Ok(Reply::Null);
    }
    let last = call.get::<Stream>(&key)?.map_or(StreamId::MIN, |stream| stream.marks().last_id);
    let id = next_id(call, &options, last)?;
    if pairs.iter().map(|text| text.len()).sum::<usize>() > NODE_BYTES_MAX {
        return Err(Refusal::other("ERR Elements are too large to be stored"));
    }
    let limits = call.settings.stream_limits();
    let mut args = call.args.to_vec();
    let stream = call.get_or_create(&key, Stream::default)?;
    stream.append(id, pairs, &limits);
    let mut gone = 0;
    if let Some(trimming) = &options.trimming {
        gone = trimming.apply(stream);
        trimming.rewrite(stream, &mut args);
    }
    if options.id.is_none_or(|id| id.seq.is_none()) {
        args[options.id_at] = Bytes::from(id.to_string().into_bytes());
    }
    call.changed(&key, 1);
    call.event(Classes::STREAM, "xadd", &key);
    if gone > 0 {
        call.event(Classes::STREAM, "xtrim", &key);
    }
    call.effects.rewritten = Some(vec![args]);
    Ok(id_reply(id))
}

/// The name of the entry to add behind `last`.
fn next_id(call: &Call<'_>, options: &Options, last: StreamId) -> Result<StreamId, Refusal> {
    if last == StreamId::MAX {
        let text = "ERR The stream has exhausted the last possible ID, unable to add more items";
        return Err(Refusal::other(text));
    }
    let now = StreamId { ms: call.now.max(0) as u64, seq: 0 };
    let id = match options.id {
        None if now.ms > last.ms => Some(now),
        None => last.next(),
        Some(typed) => {
            let found = if typed.ms == last.ms { last.seq.checked_add(1) } else { Some(0) };
            typed.seq.or(found).map(|seq| StreamId { ms: typed.ms, seq })
        }
    };
    let text = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
    id.filter(|&id| id > last).ok_or_else(|| Refusal::other(text))
}

fn xlen(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::count(call.get::<Stream>(&key)?.map_or(0, |stream| stream.len())))
}

fn xrange(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    range(call, false)
}

fn xrevrange(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    range(call, true)
}

fn range(call: &mut Call<'_>, back: bool) -> Result<Reply, Refusal> {
    let (start_at, end_at) = if back { (3, 2) } else { (2, 3) };
    let start = interval_start(&call.args[start_at])?;
    let end = interval_end(&call.args[end_at])?;
    let (mut count, mut index) = (usize::MAX, 4);
    while index < call.args.len() {
        if !call.is(index, "count") || index + 1 == call.args.len() {
            return Err(Refusal::Syntax);
        }
        count = count_at(call, index + 1)?;
        index += 2;
    }
    let key = call.arg(1);
    let Some(stream) = call.get::<Stream>(&key)? else { return Ok(Reply::Array(Vec::new())) };
    if count == 0 {
        return Ok(Reply::NullArray);
    }
    Ok(Reply::Array(if back {
        stream.range_back(start, end).take(count).map(entry_reply).collect()
    } else {
        stream.range(start, end).take(count).map(entry_reply).collect()
    }))
}

/// An entry: its name, and its fields and values in turn.
fn entry_reply(entry: EntryRef<'_>) -> Reply {
    let bulk = |text: &Bytes| Reply::Bulk(Bytes::clone(text));
    let pairs = entry.pairs().into_iter().flat_map(|(field, value)| [bulk(field), bulk(value)]);
    Reply::Array(vec![id_reply(entry.id()), Reply::Array(pairs.collect())])
}

fn xdel(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    if call.get::<Stream>(&key)?.is_none() {
        return Ok(Reply::Integer(0));
    }
    let ids = call.ids(2)?;
    let Some(stream) = call.get_mut::<Stream>(&key)? else { return Ok(Reply::Integer(0)) };
    let first = stream.marks().first_id;
    let deleted: Vec<_> = ids.into_iter().filter(|&id| stream.delete(id)).collect();
    if stream.is_empty() || deleted.contains(&first) {
        stream.find_first();
    }
    if !deleted.is_empty() {
        call.changed(&key, deleted.len() as u64);
        call.event(Classes::STREAM, "xdel", &key);
    }
    Ok(Reply::count(deleted.len() as u64))
}

fn xtrim(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let options = Options::parse(call, false)?;
    let (key, mut args) = (call.arg(1), call.args.to_vec());
    let Some(stream) = call.get_mut::<Stream>(&key)? else { return Ok(Reply::Integer(0)) };
    let Some(trimming) = &options.trimming else { return Err(Refusal::Syntax) };
    let gone = trimming.apply(stream);
    if gone > 0 {
        trimming.rewrite(stream, &mut args);
        call.changed(&key, gone);
        call.event(Classes::STREAM, "xtrim", &key);
        call.effects.rewritten = Some(vec![args]);
    }
    Ok(Reply::count(gone))
}

fn xsetid(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let refuse = |text: &str| Err(Refusal::other(format!("ERR {text}")));
    let id = strict(&call.args[2], 0)?;
    let (mut added, mut max_deleted, mut index) = (None, StreamId::MIN, 3);
    while index < call.args.len() {
        let more = index + 1 < call.args.len();
        if call.is(index, "entriesadded") && more {
            let Ok(number) = u64::try_from(call.integer(index + 1)?) else {
                return refuse("entries_added must be positive");
            };
            added = Some(number);
        } else if call.is(index, "maxdeletedid") && more {
            max_deleted = strict(&call.args[index + 1], 0)?;
            if id < max_deleted {
                return refuse(
                    "The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                );
            }
        } else {
            return Err(Refusal::Syntax);
        }
        index += 2;
    }
    let key = call.arg(1);
    let stream = call.get::<Stream>(&key)?.ok_or(Refusal::NoSuchKey)?;
    if id < stream.marks().max_deleted_id {
        return refuse("The ID specified in XSETID is smaller than current max_deleted_entry_id");
    }
    if stream.last_entry_id().is_some_and(|last| id < last) {
        return refuse("The ID specified in XSETID is smaller than the target stream top item");
    }
    if added.is_some_and(|added| added < stream.len()) {
        let text = "The entries_added specified in XSETID is smaller than the target stream length";
        return refuse(text);
    }
    drop(stream);
    if let Some(stream) = call.get_mut::<Stream>(&key)? {
        let marks = stream.marks_mut();
        marks.last_id = id;
        marks.entries_added = added.unwrap_or(marks.entries_added);
        if max_deleted != StreamId::MIN {
            marks.max_deleted_id = max_deleted;
        }
    }
    call.changed(&key, 1);
    call.event(Classes::STREAM, "xsetid", &key);
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests;
