//! XREAD and XREADGROUP: what has come since, or what will come.
//!
//! Reading for a group is a write: the group moves on, and what was given is pending until it is
//! acknowledged. A replica is told so entry by entry, as `XCLAIM`s that cannot fail.
//!
//! ```text
//!     XREADGROUP GROUP g c STREAMS s >  ──▶  XCLAIM s g c 0 id TIME ms RETRYCOUNT 1 FORCE JUSTID …
//! ```
//! *Source*: Redis 7.2 · t_stream.c · xreadCommand, streamReplyWithRange.

use super::id::{id_reply, strict};
use super::pending::claim_of;
use super::trim::count_at;
use super::{Stream, entry_reply};
use crate::commands::rows::rows;
use crate::commands::{Block, Call, Refusal, Spec};
use crate::keyspace::{Group, Pending, StreamId};
use crate::resp::{Bytes, Protocol, Reply, text_of};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Stream;
    "xread" -4 READ_WAIT NONE xread,
        "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
        "Answers what streams hold behind given names, or waits for it.";
    "xreadgroup" -7 WAIT_SOME NONE xreadgroup, concat!(
        "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] ",
        "id [id ...]"
    ), "Answers what no consumer of a group has been given, or waits for it.";
};

/// What is asked for.
struct Request {
    /// How long to wait: none if not at all.
    wait: Option<Option<u64>>,
    /// How many entries of each stream; 0: all.
    count: usize,
    /// A group and a consumer.
    group: Option<(Bytes, Bytes)>,
    noack: bool,
    /// The index of the first key, and how many there are.
    keys_at: usize,
    keys: usize,
}

/// Where reading begins in one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    /// Behind this name.
    After(StreamId),
    /// Behind what the group was given: `>`.
    New,
}

fn xread(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    read(call, false)
}

fn xreadgroup(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    read(call, true)
}

fn read(call: &mut Call<'_>, for_group: bool) -> Result<Reply, Refusal> {
    let request = Request::parse(call, for_group)?;
    let mut since = Vec::with_capacity(request.keys);
    for index in 0..request.keys {
        since.push(request.since(call, index)?);
    }
    let (mut streams, mut stream_commands) = (Vec::new(), Vec::new());
    for (index, since) in since.iter().enumerate() {
        let key = call.arg(request.keys_at + index);
        let entries = match &request.group {
            None => request.entries(call, &key, *since)?,
            Some(_) => request.entries_for_group(call, &key, *since, &mut stream_commands)?,
        };
        streams.extend(entries.map(|entries| (Reply::Bulk(key), Reply::Array(entries))));
    }
    if for_group {
        call.effects.rewritten = Some(stream_commands);
    }
    if streams.is_empty() {
        return Ok(request.wait(call, &since, for_group));
    }
    let pair = |(key, entries)| Reply::Array(vec![key, entries]);
    Ok(match call.protocol {
        Protocol::Resp2 => Reply::Array(streams.into_iter().map(pair).collect()),
        Protocol::Resp3 => Reply::Map(streams),
    })
}

impl Request {
    fn parse(call: &Call<'_>, for_group: bool) -> Result<Self, Refusal> {
        let (mut wait, mut count, mut group, mut noack) = (None, 0, None, false);
        let (mut keys_at, mut index) = (0, 1);
        while index < call.args.len() {
            let more = call.args.len() - index - 1;
            if call.is(index, "block") && more > 0 {
                index += 1;
                wait = Some(call.timeout_millis(index)?);
            } else if call.is(index, "count") && more > 0 {
                index += 1;
                count = count_at(call, index)?;
            } else if call.is(index, "streams") && more > 0 {
                keys_at = index + 1;
                break;
            } else if call.is(index, "group") && more >= 2 {
                check_group_option(for_group, "GROUP")?;
                group = Some((call.arg(index + 1), call.arg(index + 2)));
                index += 2;
            } else if call.is(index, "noack") {
                check_group_option(for_group, "NOACK")?;
                noack = true;
            } else {
                return Err(Refusal::Syntax);
            }
            index += 1;
        }
        let listed = call.args.len() - keys_at;
        if keys_at > 0 && !listed.is_multiple_of(2) {
            let (name, symbol) = if for_group { ("xreadgroup", '>') } else { ("xread", '$') };
            return Err(Refusal::other(format!(
                "ERR Unbalanced '{name}' list of streams: for each stream key an ID or '{symbol}' \
                 must be specified."
            )));
        }
        if keys_at == 0 {
            return Err(Refusal::Syntax);
        }
        if for_group && group.is_none() {
            return Err(Refusal::other("ERR Missing GROUP option for XREADGROUP"));
        }
        Ok(Self { wait, count, group, noack, keys_at, keys: listed / 2 })
    }

    /// Where reading begins in the stream of the key at `index`.
    fn since(&self, call: &mut Call<'_>, index: usize) -> Result<Since, Refusal> {
        let (key, id) =
            (call.arg(self.keys_at + index), call.arg(self.keys_at + self.keys + index));
        let stream = call.get::<Stream>(&key)?;
        if let Some((group, _)) = &self.group
            && stream.as_ref().and_then(|stream| stream.group(group)).is_none()
        {
            let (key, group) = (text_of(&key), text_of(group));
            return Err(Refusal::other(format!(
                "NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP \
                 option"
            )));
        }
        match (&*id, &self.group) {
            (b"$", Some(_)) => Err(Refusal::other(NO_DOLLAR)),
            (b"$", None) => {
                Ok(Since::After(stream.map_or(StreamId::MIN, |stream| stream.marks().last_id)))
            }
            (b">", None) => Err(Refusal::other(NO_NEW)),
            (b">", Some(_)) => Ok(Since::New),
            (id, group) => match strict(id, 0)? {
                StreamId::MAX if group.is_some() => Ok(Since::New),
                id => Ok(Since::After(id)),
            },
        }
    }

    /// As many entries as are asked for.
    const fn most(&self) -> usize {
        if self.count == 0 { usize::MAX } else { self.count }
    }

    /// The entries behind a name; none if there are none.
    fn entries(
        &self,
        call: &mut Call<'_>,
        key: &[u8],
        since: Since,
    ) -> Result<Option<Vec<Reply>>, Refusal> {
        let Since::After(id) = since else { return Ok(None) };
        let (Some(stream), Some(start)) = (call.get::<Stream>(key)?, id.next()) else {
            return Ok(None);
        };
        let entries = stream.range(start, StreamId::MAX).take(self.most());
        let entries: Vec<Reply> = entries.map(entry_reply).collect();
        Ok(Some(entries).filter(|entries| !entries.is_empty()))
    }

    /// The entries that a consumer is given; none if there are none.
    fn entries_for_group(
        &self,
        call: &mut Call<'_>,
        key: &Bytes,
        since: Since,
        commands: &mut Vec<Vec<Bytes>>,
    ) -> Result<Option<Vec<Reply>>, Refusal> {
        let now = call.now;
        let Some((group_name, consumer)) = &self.group else { return Ok(None) };
        let Some(stream) = call.get_mut::<Stream>(key)? else { return Ok(None) };
        let Some(group) = stream.group_mut(group_name) else { return Ok(None) };
        let mut changes = 0;
        if group.add_consumer(Bytes::clone(consumer), now, None) {
            changes += 1;
            if self.noack {
                let words: [&[u8]; 5] = [b"XGROUP", b"CREATECONSUMER", key, group_name, consumer];
                commands.push(words.map(Bytes::from).to_vec());
            }
        }
        if let Some(consumer) = group.consumer_mut(consumer) {
            consumer.seen = now;
        }
        let last = group.last_id;
        let entries = match since {
            Since::After(id) => Some(self.history(stream, group_name, consumer, id, now)),
            Since::New if stream.last_entry_id().is_some_and(|id| id > last) => {
                Some(self.deliver(stream, key, now, commands))
            }
            Since::New => None,
        };
        call.effects.dirty += changes + u64::from(entries.is_some());
        call.consumer_event(key, changes > 0);
        Ok(entries)
    }

    /// What the consumer has been given behind `id` and has not acknowledged.
    fn history(
        &self,
        stream: &mut Stream,
        group: &[u8],
        consumer: &[u8],
        id: StreamId,
        now: i64,
    ) -> Vec<Reply> {
        let own = stream.group(group).and_then(|group| group.consumer(consumer));
        let (Some(own), Some(start)) = (own, id.next()) else { return Vec::new() };
        let ids: Vec<_> = own.pending_from(own.rank(start)).take(self.most()).collect();
        let mut replies = Vec::with_capacity(ids.len());
        for id in ids {
            let entry = stream.range(id, id).next().map(entry_reply);
            if entry.is_some()
                && let Some(group) = stream.group_mut(group)
            {
                group.give_again(id, now);
            }
            let gone = || Reply::Array(vec![id_reply(id), Reply::NullArray]);
            replies.push(entry.unwrap_or_else(gone));
        }
        replies
    }

    /// Gives the consumer what no other has been given.
    fn deliver(
        &self,
        stream: &mut Stream,
        key: &Bytes,
        now: i64,
        commands: &mut Vec<Vec<Bytes>>,
    ) -> Vec<Reply> {
        let Some((group_name, consumer)) = &self.group else { return Vec::new() };
        let Some(group) = stream.group(group_name) else { return Vec::new() };
        let Some(start) = group.last_id.next() else { return Vec::new() };
        let mut read = group.entries_read;
        let (mut ids, mut replies) = (Vec::new(), Vec::new());
        for entry in stream.range(start, StreamId::MAX).take(self.most()) {
            read = read_with(stream, read, entry.id());
            ids.push(entry.id());
            replies.push(entry_reply(entry));
        }
        let Some(group) = stream.group_mut(group_name) else { return Vec::new() };
        group.entries_read = read;
        for id in ids {
            group.last_id = id;
            if self.noack {
                continue;
            }
            let pending = Pending { consumer: Bytes::clone(consumer), delivered: now, count: 1 };
            let id_text = Bytes::from(id.to_string().into_bytes());
            commands.push(claim_of(key, group_name, &id_text, &pending, id));
            group.give(id, pending);
            if let Some(consumer) = group.consumer_mut(consumer) {
                consumer.active = Some(now);
            }
        }
        if self.noack {
            commands.push(set_id_of(key, group_name, group));
        }
        replies
    }

    /// Waits for new entries, if that is asked for; `$` means from now on the last name of now.
    fn wait(&self, call: &mut Call<'_>, since: &[Since], for_group: bool) -> Reply {
        let Some(timeout_ms) = self.wait.filter(|_| call.may_block) else {
            return Reply::NullArray;
        };
        let mut args = call.args.to_vec();
        for (index, since) in since.iter().enumerate() {
            if let Since::After(id) = since {
                let at = self.keys_at + self.keys + index;
                args[at] = Bytes::from(id.to_string().into_bytes());
            }
        }
        let keys = call.args[self.keys_at..self.keys_at + self.keys].to_vec();
        call.effects.block = Some(Box::new(Block {
            keys,
            type_name: "stream",
            timeout_ms,
            when_gone: for_group,
            again: Some(args),
        }));
        Reply::Silent
    }
}

/// How many entries a group has read with the one named `id`, the next.
fn read_with(stream: &Stream, read: Option<u64>, id: StreamId) -> Option<u64> {
    match read {
        Some(read) if !stream.has_holes_from(id) => Some(read + 1),
        _ => stream.count_up_to(id),
    }
}

/// How the stream says up to where a group has read.
pub(super) fn set_id_of(key: &[u8], name: &[u8], group: &Group) -> Vec<Bytes> {
    let id = group.last_id.to_string();
    let read = group.entries_read.map_or_else(|| "-1".to_owned(), |read| read.to_string());
    let words: [&[u8]; 7] =
        [b"XGROUP", b"SETID", key, name, id.as_bytes(), b"ENTRIESREAD", read.as_bytes()];
    words.map(Bytes::from).to_vec()
}

fn check_group_option(for_group: bool, option: &str) -> Result<(), Refusal> {
    if for_group {
        return Ok(());
    }
    let text = format!(
        "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
    );
    Err(Refusal::other(text))
}

const NO_DOLLAR: &str = concat!(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of ",
    "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would ",
    "just return an empty result set."
);
const NO_NEW: &str = concat!(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> ",
    "<consumer> option."
);
