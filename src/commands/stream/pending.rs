//! What was given to consumers and not acknowledged: XACK and XPENDING.
//! *Source*: Redis 7.2 · t_stream.c · xackCommand, xpendingCommand, streamPropagateXCLAIM.

use super::Stream;
use super::id::{id_reply, interval_end, interval_start};
use super::trim::count_at;
use crate::commands::rows::rows;
use crate::commands::{Call, Refusal, Spec};
use crate::keyspace::{Group, Pending, StreamId};
use crate::resp::{Bytes, Reply, text_of};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Stream;
    "xack" -4 WRITE_FAST FIRST xack, "key group id [id ...]",
        "Says that entries are done with.";
    "xpending" -3 READ FIRST xpending,
        "key group [[IDLE min-idle-time] start end count [consumer]]",
        "Answers what was given to consumers and not acknowledged.";
};

/// How the stream says that an entry was given to a consumer.
pub(super) fn claim_of(
    key: &[u8],
    group: &[u8],
    id: &[u8],
    pending: &Pending,
    last_id: StreamId,
) -> Vec<Bytes> {
    let (time, count) = (pending.delivered.to_string(), pending.count.to_string());
    let last_id = last_id.to_string();
    let words: [&[u8]; 14] = [
        b"XCLAIM",
        key,
        group,
        &pending.consumer,
        b"0",
        id,
        b"TIME",
        time.as_bytes(),
        b"RETRYCOUNT",
        count.as_bytes(),
        b"FORCE",
        b"JUSTID",
        b"LASTID",
        last_id.as_bytes(),
    ];
    words.map(Bytes::from).to_vec()
}

/// The refusal of a group that does not exist.
pub(super) fn no_group(key: &[u8], group: &[u8]) -> Refusal {
    let (key, group) = (text_of(key), text_of(group));
    Refusal::Other(format!("NOGROUP No such key '{key}' or consumer group '{group}'"))
}

fn xack(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, name) = (call.arg(1), call.arg(2));
    let stream = call.get::<Stream>(&key)?;
    if stream.is_none_or(|stream| stream.group(&name).is_none()) {
        return Ok(Reply::Integer(0));
    }
    let ids = call.ids(3)?;
    let group = call.get_mut::<Stream>(&key)?.and_then(|stream| stream.group_mut(&name));
    let Some(group) = group else { return Ok(Reply::Integer(0)) };
    let done = ids.into_iter().filter(|&id| group.acknowledge(id).is_some()).count() as u64;
    call.effects.dirty += done;
    Ok(Reply::count(done))
}

/// Which pending entries are asked for.
struct Part {
    idle: i64,
    start: StreamId,
    end: StreamId,
    count: usize,
    consumer: Option<Bytes>,
}

impl Part {
    fn parse(call: &Call<'_>) -> Result<Self, Refusal> {
        let (mut idle, mut index) = (0, 3);
        if call.is(3, "idle") {
            idle = call.integer(4)?;
            if call.args.len() < 8 {
                return Err(Refusal::Syntax);
            }
            index = 5;
        }
        let count = count_at(call, index + 2)?;
        let start = interval_start(&call.args[index])?;
        let end = interval_end(&call.args[index + 1])?;
        let consumer = call.args.get(index + 3).cloned();
        Ok(Self { idle, start, end, count, consumer })
    }

    fn reply(&self, group: &Group, now: i64) -> Reply {
        let idle_enough =
            |pending: &Pending| self.idle == 0 || now.wrapping_sub(pending.delivered) >= self.idle;
        let line = |(id, pending): (StreamId, &Pending)| {
            Reply::Array(vec![
                id_reply(id),
                Reply::Bulk(Bytes::clone(&pending.consumer)),
                Reply::Integer(now.wrapping_sub(pending.delivered).max(0)),
                Reply::count(pending.count),
            ])
        };
        let entries: Box<dyn Iterator<Item = StreamId>> = match &self.consumer {
            None => Box::new(group.pending_from(group.rank(self.start)).map(|(id, _)| *id)),
            Some(name) => match group.consumer(name) {
                None => Box::new(std::iter::empty()),
                Some(own) => Box::new(own.pending_from(own.rank(self.start))),
            },
        };
        let entries = entries.take_while(|&id| id <= self.end);
        let entries = entries.filter_map(|id| group.get(id).map(|pending| (id, pending)));
        let entries = entries.filter(|(_, pending)| idle_enough(pending));
        Reply::Array(entries.take(self.count).map(line).collect())
    }
}

fn xpending(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let part = match call.args.len() {
        3 => None,
        6..=9 => Some(Part::parse(call)?),
        _ => return Err(Refusal::Syntax),
    };
    let (key, name) = (call.arg(1), call.arg(2));
    let stream = call.get::<Stream>(&key)?;
    let group = stream.as_ref().and_then(|stream| stream.group(&name));
    let group = group.ok_or_else(|| no_group(&key, &name))?;
    Ok(part.map_or_else(|| summary(group), |part| part.reply(group, call.now)))
}

/// How much is pending, from where to where, and with whom.
fn summary(group: &Group) -> Reply {
    let count = group.pending();
    let id_at = |rank: usize| group.pending_from(rank).next().map(|(id, _)| id_reply(*id));
    let Some(first) = id_at(0) else {
        return Reply::Array(vec![Reply::Integer(0), Reply::Null, Reply::Null, Reply::NullArray]);
    };
    let last = id_at(count - 1).unwrap_or(Reply::Null);
    let busy = group.consumers().iter().filter(|(_, consumer)| consumer.pending() > 0);
    let consumers = busy.map(|(name, consumer)| {
        Reply::Array(vec![
            Reply::Bulk(Bytes::clone(name)),
            Reply::bulk(consumer.pending().to_string()),
        ])
    });
    Reply::Array(vec![Reply::count(count as u64), first, last, Reply::Array(consumers.collect())])
}
