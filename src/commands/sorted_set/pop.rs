//! Popping from sorted sets, at once or as soon as there is something.
//!
//! *Source*: Redis 7.2 · t_zset.c · genericZpopCommand, blockingGenericZpopCommand.

use crate::commands::hash::pairs;
use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::{Scored, SortedSet};
use crate::resp::{Bytes, Protocol, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { SortedSet;
    "zpopmin" -2 WRITE_FAST FIRST zpopmin, "key [count]",
        "Pops the lowest members of a sorted set.";
    "zpopmax" -2 WRITE_FAST FIRST zpopmax, "key [count]",
        "Pops the highest members of a sorted set.";
    "zmpop" -4 WRITE_SOME NONE zmpop, "numkeys key [key ...] MIN|MAX [COUNT count]",
        "Pops members from the first sorted set that is there.";
    "bzpopmin" -3 WAIT_FAST ALL_BUT_LAST bzpopmin, "key [key ...] timeout",
        "Pops the lowest member of the first sorted set that is there, or waits for one.";
    "bzpopmax" -3 WAIT_FAST ALL_BUT_LAST bzpopmax, "key [key ...] timeout",
        "Pops the highest member of the first sorted set that is there, or waits for one.";
    "bzmpop" -5 WAIT_SOME NONE bzmpop, "timeout numkeys key [key ...] MIN|MAX [COUNT count]",
        "Pops members from the first sorted set that is there, or waits for one.";
};

/// Where members are popped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Min,
    Max,
}

impl Side {
    /// The plain command that pops here.
    const fn plain_name(self) -> &'static str {
        match self {
            Self::Min => "ZPOPMIN",
            Self::Max => "ZPOPMAX",
        }
    }
}

fn zpopmin(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop(call, Side::Min)
}

fn zpopmax(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop(call, Side::Max)
}

fn pop(call: &mut Call<'_>, side: Side) -> Result<Reply, Refusal> {
    let count = match call.args.len() {
        2 => None,
        3 => Some(call.count(2)?),
        _ => return Err(Refusal::Syntax),
    };
    let key = call.arg(1);
    let popped = take(call, &key, side, count.unwrap_or(1))?;
    // Without a count, the only pair is not put into an array of its own even in RESP3.
    let protocol = if count.is_some() { call.protocol } else { Protocol::Resp2 };
    Ok(pairs(popped.into_iter().map(replies), protocol))
}

fn replies(scored: Scored) -> (Reply, Reply) {
    (Reply::Bulk(scored.member), Reply::Double(scored.score))
}

/// Pops up to `count` members, the outermost first.
fn take(
    call: &mut Call<'_>,
    key: &Bytes,
    side: Side,
    count: usize,
) -> Result<Vec<Scored>, Refusal> {
    let Some(set) = call.get_mut::<SortedSet>(key)? else { return Ok(Vec::new()) };
    let mut pop = |_| match side {
        Side::Min => set.take_nth(0),
        Side::Max => set.take_nth(set.len().checked_sub(1)?),
    };
    let popped: Vec<Scored> = (0..count).map_while(&mut pop).collect();
    if !popped.is_empty() {
        let name = match side {
            Side::Min => "zpopmin",
            Side::Max => "zpopmax",
        };
        call.event(Classes::SORTED_SET, name, key);
        call.changed(key, popped.len() as u64);
    }
    Ok(popped)
}

/// Several keys, a side and a count: what ZMPOP is asked for.
struct Request<'a> {
    keys: &'a [Bytes],
    side: Side,
    count: usize,
}

impl<'a> Request<'a> {
    /// Reads from the argument at `index`, which is the number of keys.
    fn parse(call: &Call<'a>, index: usize) -> Result<Self, Refusal> {
        let number = call.at_least(1, index, "ERR numkeys should be greater than 0")?;
        let (_, end) = call.numbered_keys(index, number).ok_or(Refusal::Syntax)?;
        let side = if call.is(end, "min") {
            Side::Min
        } else if call.is(end, "max") {
            Side::Max
        } else {
            return Err(Refusal::Syntax);
        };
        let count = call.counted(end + 1)?;
        Ok(Self { keys: &call.args[index + 1..end], side, count })
    }

    /// Pops from the first key that holds a sorted set.
    fn serve(&self, call: &mut Call<'_>) -> Result<Option<Reply>, Refusal> {
        let Some(key) = first_sorted_set(call, self.keys)? else { return Ok(None) };
        let popped = take(call, &key, self.side, self.count)?;
        let count = popped.len().to_string();
        call.propagate_as(&[self.side.plain_name().as_bytes(), &key, count.as_bytes()]);
        let popped = pairs(popped.into_iter().map(replies), Protocol::Resp3);
        Ok(Some(Reply::Array(vec![Reply::Bulk(key), popped])))
    }
}

/// The first of `keys` that holds a sorted set; one that holds another type before it is refused.
fn first_sorted_set(call: &mut Call<'_>, keys: &[Bytes]) -> Result<Option<Bytes>, Refusal> {
    for key in keys {
        if call.get::<SortedSet>(key)?.is_some() {
            return Ok(Some(Bytes::clone(key)));
        }
    }
    Ok(None)
}

fn zmpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, 1)?;
    Ok(request.serve(call)?.unwrap_or(Reply::NullArray))
}

fn bzmpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, 2)?;
    let timeout = call.timeout(1)?;
    match request.serve(call)? {
        Some(reply) => Ok(reply),
        None => Ok(call.wait_for(request.keys, "zset", timeout, Reply::NullArray)),
    }
}

fn bzpopmin(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop_or_wait(call, Side::Min)
}

fn bzpopmax(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop_or_wait(call, Side::Max)
}

fn pop_or_wait(call: &mut Call<'_>, side: Side) -> Result<Reply, Refusal> {
    let last = call.args.len() - 1;
    let timeout = call.timeout(last)?;
    let keys = &call.args[1..last];
    let Some(key) = first_sorted_set(call, keys)? else {
        return Ok(call.wait_for(keys, "zset", timeout, Reply::NullArray));
    };
    let popped = take(call, &key, side, 1)?;
    call.propagate_as(&[side.plain_name().as_bytes(), &key]);
    let popped = popped.into_iter().map(replies).flat_map(|(member, score)| [member, score]);
    Ok(Reply::Array(std::iter::once(Reply::Bulk(key)).chain(popped).collect()))
}
