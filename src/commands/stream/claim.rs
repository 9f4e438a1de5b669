//! Taking pending entries over from other consumers: XCLAIM and XAUTOCLAIM.
//!
//! Both enter the stream as the XCLAIMs that they came to. An entry that was deleted meanwhile is
//! pending no more; the stream says so with an XCLAIM as well, which finds nothing to claim.
//! *Source*: Redis 7.2 · t_stream.c · xclaimCommand, xautoclaimCommand.

use super::id::{id_reply, interval_start, strict};
use super::pending::{claim_of, no_group};
use super::read::set_id_of;
use super::{Stream, entry_reply};
use crate::commands::rows::rows;
use crate::commands::{Call, Refusal, Spec};
use crate::keyspace::{Millis, Pending, StreamId};
use crate::resp::{Bytes, Reply, parse_integer, text_of};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Stream;
    "xclaim" -6 WRITE_FAST FIRST xclaim, concat!(
        "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] ",
        "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]"
    ), "Takes pending entries over for a consumer.";
    "xautoclaim" -6 WRITE_FAST FIRST xautoclaim,
        "key group consumer min-idle-time start [COUNT count] [JUSTID]",
        "Takes over for a consumer what has been pending too long.";
};

/// What both commands are told.
struct Claim {
    key: Bytes,
    group: Bytes,
    consumer: Bytes,
    /// How long an entry must have been pending, in milliseconds.
    idle: Millis,
    now: Millis,
    /// When the entries count as given.
    delivered: Millis,
    retry_count: Option<u64>,
    force: bool,
    just_id: bool,
    /// What enters the stream.
    commands: Vec<Vec<Bytes>>,
}

/// What became of one entry.
enum Outcome {
    /// It was taken over.
    Claimed(Reply),
    /// It is not in the stream any more, and not pending either.
    Deleted,
    /// Nothing.
    Left,
}

impl Claim {
    fn new(call: &Call<'_>, idle: i64) -> Self {
        Self {
            key: call.arg(1),
            group: call.arg(2),
            consumer: call.arg(3),
            idle: idle.max(0),
            now: call.now,
            delivered: call.now,
            retry_count: None,
            force: false,
            just_id: false,
            commands: Vec::new(),
        }
    }

    fn check_group(&self, call: &mut Call<'_>) -> Result<(), Refusal> {
        let stream = call.get::<Stream>(&self.key)?;
        let group = stream.as_ref().and_then(|stream| stream.group(&self.group));
        group.map(|_| ()).ok_or_else(|| no_group(&self.key, &self.group))
    }

    /// Takes one entry over, if that is due.
    fn claim(&mut self, stream: &mut Stream, id: StreamId, id_text: &[u8]) -> Outcome {
        let entry = stream.range(id, id).next().map(entry_reply);
        let Some(group) = stream.group_mut(&self.group) else { return Outcome::Left };
        let before = group.get(id).cloned();
        let Some(entry) = entry else {
            let Some(before) = before else { return Outcome::Left };
            let command = claim_of(&self.key, &self.group, id_text, &before, group.last_id);
            self.commands.push(command);
            group.acknowledge(id);
            return Outcome::Deleted;
        };
        let count = match &before {
            None if !self.force => return Outcome::Left,
            Some(before) if self.now.wrapping_sub(before.delivered) < self.idle => {
                return Outcome::Left;
            }
            // What is made from nothing counts as given once already.
            before => before.as_ref().map_or(1, |before| before.count),
        };
        let again = count.wrapping_add(u64::from(!self.just_id));
        let pending = Pending {
            consumer: Bytes::clone(&self.consumer),
            delivered: self.delivered,
            count: self.retry_count.unwrap_or(again),
        };
        self.commands.push(claim_of(&self.key, &self.group, id_text, &pending, group.last_id));
        group.give(id, pending);
        if let Some(consumer) = group.consumer_mut(&self.consumer) {
            consumer.active = Some(self.now);
        }
        Outcome::Claimed(if self.just_id { id_reply(id) } else { entry })
    }

    /// Makes sure of the consumer; true if it is new.
    fn meet_consumer(&self, stream: &mut Stream) -> bool {
        let Some(group) = stream.group_mut(&self.group) else { return false };
        let is_new = group.add_consumer(Bytes::clone(&self.consumer), self.now, None);
        if let Some(consumer) = group.consumer_mut(&self.consumer) {
            consumer.seen = self.now;
        }
        is_new
    }

    /// Lets the stream carry what was done.
    fn finish(self, call: &mut Call<'_>, is_new: bool) {
        call.effects.dirty += self.commands.len() as u64 + u64::from(is_new);
        call.consumer_event(&self.key, is_new);
        call.effects.rewritten = Some(self.commands);
    }
}

fn xclaim(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut claim = Claim::new(call, 0);
    claim.check_group(call)?;
    let wrong_idle = || Refusal::other("ERR Invalid min-idle-time argument for XCLAIM");
    claim.idle = parse_integer(&call.args[4]).ok_or_else(wrong_idle)?.max(0);
    let ids: Vec<_> = call.args[5..].iter().map_while(|text| strict(text, 0).ok()).collect();
    let last_id = parse_options(call, &mut claim, 5 + ids.len())?;
    let key = Bytes::clone(&claim.key);
    let args = call.args;
    let Some(stream) = call.get_mut::<Stream>(&key)? else { return Ok(Reply::NullArray) };
    let mut moved = false;
    if let Some(group) = stream.group_mut(&claim.group) {
        moved = last_id > group.last_id;
        group.last_id = group.last_id.max(last_id);
    }
    let is_new = claim.meet_consumer(stream);
    let mut replies = Vec::new();
    for (&id, id_text) in ids.iter().zip(&args[5..]) {
        if let Outcome::Claimed(reply) = claim.claim(stream, id, id_text) {
            replies.push(reply);
        }
    }
    // Otherwise the XCLAIMs have said it.
    if moved
        && claim.commands.is_empty()
        && let Some(group) = stream.group(&claim.group)
    {
        claim.commands.push(set_id_of(&key, &claim.group, group));
    }
    claim.finish(call, is_new);
    Ok(Reply::Array(replies))
}

/// Reads the options of XCLAIM from `index` on; up to where the group has read at least.
fn parse_options(
    call: &Call<'_>,
    claim: &mut Claim,
    mut index: usize,
) -> Result<StreamId, Refusal> {
    let (mut last_id, mut delivered) = (StreamId::MIN, None);
    while index < call.args.len() {
        let option = call.args[index].to_ascii_lowercase();
        let valued = index + 1 < call.args.len();
        let number = |name: &str| {
            let text = || Refusal::Other(format!("ERR Invalid {name} option argument for XCLAIM"));
            parse_integer(&call.args[index + 1]).ok_or_else(text)
        };
        match option.as_slice() {
            b"force" => claim.force = true,
            b"justid" => claim.just_id = true,
            b"idle" if valued => delivered = Some(claim.now.wrapping_sub(number("IDLE")?)),
            b"time" if valued => delivered = Some(number("TIME")?),
            b"retrycount" if valued => {
                claim.retry_count = u64::try_from(number("RETRYCOUNT")?).ok();
            }
            b"lastid" if valued => last_id = strict(&call.args[index + 1], 0)?,
            _ => {
                let option = text_of(&call.args[index]);
                let text = format!("ERR Unrecognized XCLAIM option '{option}'");
                return Err(Refusal::Other(text));
            }
        }
        index += if matches!(option.as_slice(), b"force" | b"justid") { 1 } else { 2 };
    }
    // A time that cannot be right is taken for now: clients do sums with their own clocks.
    let sane = delivered.filter(|&time| (0..=claim.now).contains(&time));
    claim.delivered = sane.unwrap_or(claim.now);
    Ok(last_id)
}

fn xautoclaim(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let wrong_idle = || Refusal::other("ERR Invalid min-idle-time argument for XAUTOCLAIM");
    let idle = parse_integer(&call.args[4]).ok_or_else(wrong_idle)?;
    let mut claim = Claim::new(call, idle);
    let start = interval_start(&call.args[5])?;
    let (mut count, mut index) = (100, 6);
    while index < call.args.len() {
        if call.is(index, "count") && index + 1 < call.args.len() {
            index += 1;
            let number = parse_integer(&call.args[index]);
            let number = number.filter(|number| (1..=i64::MAX / 16).contains(number));
            count = number.ok_or_else(|| Refusal::other("ERR COUNT must be > 0"))?;
        } else if call.is(index, "justid") {
            claim.just_id = true;
        } else {
            return Err(Refusal::Syntax);
        }
        index += 1;
    }
    claim.check_group(call)?;
    let key = Bytes::clone(&claim.key);
    let Some(stream) = call.get_mut::<Stream>(&key)? else { return Ok(Reply::NullArray) };
    let is_new = claim.meet_consumer(stream);
    let (replies, deleted, next) = claim_from(stream, &mut claim, start, count);
    claim.finish(call, is_new);
    let deleted = deleted.into_iter().map(id_reply).collect();
    Ok(Reply::Array(vec![id_reply(next), Reply::Array(replies), Reply::Array(deleted)]))
}

/// Claims what has been pending too long, from `start` on; what was claimed, what was deleted, and
/// where to go on.
fn claim_from(
    stream: &mut Stream,
    claim: &mut Claim,
    start: StreamId,
    count: i64,
) -> (Vec<Reply>, Vec<StreamId>, StreamId) {
    let (mut replies, mut deleted) = (Vec::new(), Vec::new());
    let next_from = |stream: &Stream, claim: &Claim, id| {
        let group = stream.group(&claim.group)?;
        group.pending_from(group.rank(id)).next().map(|(id, _)| *id)
    };
    let (mut left, mut attempts) = (count, count.saturating_mul(ATTEMPTS));
    let mut next = next_from(stream, claim, start);
    while let Some(id) = next.filter(|_| left > 0 && attempts > 0) {
        attempts -= 1;
        match claim.claim(stream, id, id.to_string().as_bytes()) {
            Outcome::Claimed(reply) => replies.push(reply),
            Outcome::Deleted => deleted.push(id),
            Outcome::Left => left += 1,
        }
        left -= 1;
        next = id.next().and_then(|id| next_from(stream, claim, id));
    }
    (replies, deleted, next.unwrap_or_default())
}

/// How many entries are looked at for each that is asked for.
const ATTEMPTS: i64 = 10;
