//! XINFO: what is known of a stream. *Source*: Redis 7.2 · t_stream.c · xinfoCommand; rax.c for
//! the number of tree nodes, which only Redis has and some clients read.

use super::group::no_group_of;
use super::id::id_reply;
use super::{Stream, entry_reply};
use crate::commands::rows::rows;
use crate::commands::{Call, Refusal, Spec, help, wrong_words};
use crate::keyspace::{Consumer, Group, Millis, StreamId, StreamNode};
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Stream;
    "xinfo" -2 CONTAINER NONE xinfo,
        "CONSUMERS key group | GROUPS key | STREAM key [FULL [COUNT count]] | HELP",
        "Answers what is known of a stream.";
};

fn xinfo(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let rows = [("consumers", 4), ("groups", 3), ("stream", -3), ("help", 2)];
    let word = call.subcommand("xinfo", &rows)?;
    if word == "help" {
        return Ok(help(call.args, HELP));
    }
    let key = call.arg(2);
    let stream = call.get::<Stream>(&key)?.ok_or(Refusal::NoSuchKey)?;
    match word {
        "groups" => {
            let groups = stream.groups().iter();
            Ok(Reply::Array(groups.map(|(name, group)| line(&stream, name, group)).collect()))
        }
        "consumers" => {
            let group = stream.group(&call.args[3]);
            let group = group.ok_or_else(|| no_group_of(&key, &call.args[3]))?;
            let now = call.now;
            let lines = group.consumers().iter().map(|(name, own)| consumer_line(name, own, now));
            Ok(Reply::Array(lines.collect()))
        }
        _ => match full_count(call)? {
            None => Ok(summary(&stream)),
            Some(count) => Ok(full(&stream, count)),
        },
    }
}

/// The number behind `FULL COUNT`; none if the summary is asked for.
fn full_count(call: &Call<'_>) -> Result<Option<usize>, Refusal> {
    let count = match call.args.len() {
        3 => return Ok(None),
        4 => 10,
        6 if call.is(4, "count") => call.integer(5)?,
        _ => return Err(wrong_words(call.args)),
    };
    if !call.is(3, "full") {
        return Err(wrong_words(call.args));
    }
    let count = if count < 0 { 10 } else { count };
    Ok(Some(if count == 0 { usize::MAX } else { count as usize }))
}

fn map(pairs: impl IntoIterator<Item = (&'static str, Reply)>) -> Reply {
    Reply::Map(pairs.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

fn bulk(text: &Bytes) -> Reply {
    Reply::Bulk(Bytes::clone(text))
}

/// What the summary and the whole begin with.
fn head(stream: &Stream) -> Vec<(&'static str, Reply)> {
    let marks = stream.marks();
    vec![
        ("length", Reply::count(stream.len())),
        ("radix-tree-keys", Reply::count(stream.node_count() as u64)),
        ("radix-tree-nodes", Reply::count(tree_nodes(stream))),
        ("last-generated-id", id_reply(marks.last_id)),
        ("max-deleted-entry-id", id_reply(marks.max_deleted_id)),
        ("entries-added", Reply::count(marks.entries_added)),
        ("recorded-first-entry-id", id_reply(marks.first_id)),
    ]
}

fn summary(stream: &Stream) -> Reply {
    let (min, max) = (StreamId::MIN, StreamId::MAX);
    let mut pairs = head(stream);
    let first = stream.range(min, max).next().map_or(Reply::Null, entry_reply);
    let last = stream.range_back(min, max).next().map_or(Reply::Null, entry_reply);
    pairs.push(("groups", Reply::count(stream.groups().len() as u64)));
    pairs.push(("first-entry", first));
    pairs.push(("last-entry", last));
    map(pairs)
}

fn full(stream: &Stream, count: usize) -> Reply {
    let mut pairs = head(stream);
    let entries = stream.range(StreamId::MIN, StreamId::MAX).take(count).map(entry_reply);
    pairs.push(("entries", Reply::Array(entries.collect())));
    let groups = stream.groups().iter().map(|(name, group)| full_group(stream, name, group, count));
    pairs.push(("groups", Reply::Array(groups.collect())));
    map(pairs)
}

fn read_and_lag(stream: &Stream, group: &Group) -> [(&'static str, Reply); 2] {
    [
        ("entries-read", group.entries_read.map_or(Reply::Null, Reply::count)),
        ("lag", stream.lag(group).map_or(Reply::Null, Reply::Integer)),
    ]
}

/// A group as XINFO GROUPS shows it.
fn line(stream: &Stream, name: &Bytes, group: &Group) -> Reply {
    let mut pairs = vec![
        ("name", bulk(name)),
        ("consumers", Reply::count(group.consumers().len() as u64)),
        ("pending", Reply::count(group.pending() as u64)),
        ("last-delivered-id", id_reply(group.last_id)),
    ];
    pairs.extend(read_and_lag(stream, group));
    map(pairs)
}

/// A consumer as XINFO CONSUMERS shows it.
fn consumer_line(name: &Bytes, consumer: &Consumer, now: Millis) -> Reply {
    let since = |then: Millis| now.wrapping_sub(then);
    map([
        ("name", bulk(name)),
        ("pending", Reply::count(consumer.pending() as u64)),
        ("idle", Reply::Integer(since(consumer.seen).max(0))),
        ("inactive", Reply::Integer(consumer.active.map_or(-1, since))),
    ])
}

fn full_group(stream: &Stream, name: &Bytes, group: &Group, count: usize) -> Reply {
    let mut pairs = vec![("name", bulk(name)), ("last-delivered-id", id_reply(group.last_id))];
    pairs.extend(read_and_lag(stream, group));
    pairs.push(("pel-count", Reply::count(group.pending() as u64)));
    let pending = group.pending_from(0).take(count).map(|(id, pending)| {
        Reply::Array(vec![
            id_reply(*id),
            bulk(&pending.consumer),
            Reply::Integer(pending.delivered),
            Reply::count(pending.count),
        ])
    });
    pairs.push(("pending", Reply::Array(pending.collect())));
    let consumers = group.consumers().iter();
    let consumers = consumers.map(|(name, own)| full_consumer(group, name, own, count));
    pairs.push(("consumers", Reply::Array(consumers.collect())));
    map(pairs)
}

fn full_consumer(group: &Group, name: &Bytes, consumer: &Consumer, count: usize) -> Reply {
    let known = consumer.pending_from(0).take(count).filter_map(|id| Some((id, group.get(id)?)));
    let pending = known.map(|(id, pending)| {
        let delivered = Reply::Integer(pending.delivered);
        Reply::Array(vec![id_reply(id), delivered, Reply::count(pending.count)])
    });
    map([
        ("name", bulk(name)),
        ("seen-time", Reply::Integer(consumer.seen)),
        ("active-time", Reply::Integer(consumer.active.unwrap_or(-1))),
        ("pel-count", Reply::count(consumer.pending() as u64)),
        ("pending", Reply::Array(pending.collect())),
    ])
}

/// How many nodes Redis' radix tree has for the names of the stream's nodes.
fn tree_nodes(stream: &Stream) -> u64 {
    let names: Vec<_> = stream.nodes_from(0).map(StreamNode::master).collect();
    let names: Vec<_> = names.into_iter().map(StreamId::to_be_bytes).collect();
    if names.is_empty() { 1 } else { tree_nodes_of(&names, 0) }
}

/// The nodes for `names`, which are in order and share their first `depth` bytes: one for what all
/// share further, one where they part, and theirs behind it; or one at the end.
fn tree_nodes_of(names: &[[u8; 16]], depth: usize) -> u64 {
    let (first, last) = (&names[0], &names[names.len() - 1]);
    let shared = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    let chain = u64::from(shared > depth);
    if shared == first.len() {
        return chain + 1;
    }
    let branches = names.chunk_by(|a, b| a[shared] == b[shared]);
    chain + 1 + branches.map(|names| tree_nodes_of(names, shared + 1)).sum::<u64>()
}

const HELP: &[&str] = &[
    "CONSUMERS <key> <groupname>",
    "    Show consumers of <groupname>.",
    "GROUPS <key>",
    "    Show the stream consumer groups.",
    "STREAM <key> [FULL [COUNT <count>]",
    "    Show information about the stream.",
];
