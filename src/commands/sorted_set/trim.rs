//! Counting ranges of sorted sets, and taking them out.
//!
//! *Source*: Redis 7.2 · t_zset.c · zremrangeGenericCommand, zcountCommand, zlexcountCommand.

use super::bounds::{Bounds, By};
use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::SortedSet;
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { SortedSet;
    "zcount" 4 READ_FAST FIRST zcount, "key min max", "Counts the members of a range of scores.";
    "zlexcount" 4 READ_FAST FIRST zlexcount, "key min max", "Counts the members between two.";
    "zremrangebyrank" 4 WRITE FIRST zremrangebyrank, "key start stop",
        "Takes a range of ranks out of a sorted set.";
    "zremrangebyscore" 4 WRITE FIRST zremrangebyscore, "key min max",
        "Takes a range of scores out of a sorted set.";
    "zremrangebylex" 4 WRITE FIRST zremrangebylex, "key min max",
        "Takes the members between two out of a sorted set.";
};

fn zcount(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    count(call, By::Score)
}

fn zlexcount(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    count(call, By::Member)
}

fn count(call: &mut Call<'_>, by: By) -> Result<Reply, Refusal> {
    let bounds = Bounds::parse(call, by, 2, 3)?;
    let set = call.get::<SortedSet>(&call.arg(1))?.unwrap_or_default();
    Ok(Reply::count(bounds.ranks(&set).len() as u64))
}

fn zremrangebyrank(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    remove(call, By::Rank)
}

fn zremrangebyscore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    remove(call, By::Score)
}

fn zremrangebylex(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    remove(call, By::Member)
}

fn remove(call: &mut Call<'_>, by: By) -> Result<Reply, Refusal> {
    let bounds = Bounds::parse(call, by, 2, 3)?;
    let key = call.arg(1);
    let Some(set) = call.get::<SortedSet>(&key)? else { return Ok(Reply::Integer(0)) };
    let ranks = bounds.ranks(&set);
    let gone: Vec<Bytes> =
        set.iter_from(ranks.start).take(ranks.len()).map(|scored| scored.member).collect();
    drop(set);
    if !gone.is_empty() {
        if let Some(set) = call.get_mut::<SortedSet>(&key)? {
            for member in &gone {
                set.remove(member);
            }
        }
        let name = match by {
            By::Rank => "zremrangebyrank",
            By::Score => "zremrangebyscore",
            By::Member => "zremrangebylex",
        };
        call.event(Classes::SORTED_SET, name, &key);
        call.changed(&key, gone.len() as u64);
    }
    Ok(Reply::count(gone.len() as u64))
}
