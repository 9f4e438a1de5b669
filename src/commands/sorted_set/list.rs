//! Members of sorted sets by chance, and bit by bit.
//!
//! ZSCAN shows scores as they are kept: a packed set keeps text, a big one numbers, and Redis
//! prints those with seventeen digits whether they are needed or not.
//! *Source*: Redis 7.2 · t_zset.c · zrandmemberCommand; db.c · scanGenericCommand.

use crate::commands::hash::pairs;
use crate::commands::rows::rows;
use crate::commands::scan::{Options, parse_cursor, reply};
use crate::commands::set::draw::draws;
use crate::commands::{Call, Refusal, Spec};
use crate::keyspace::{Encoding, Scored, SortedSet};
use crate::rdb::Version;
use crate::resp::{Reply, format_double, format_double_17};

pub(in crate::commands) const TABLE: &[Spec] = rows! { SortedSet;
    "zrandmember" -2 READ FIRST zrandmember, "key [count [WITHSCORES]]",
        "Answers any members of a sorted set.";
    "zscan" -3 READ FIRST zscan, "key cursor [MATCH pattern] [COUNT count]",
        "Lists some members of a sorted set, and where to go on.";
};

fn zrandmember(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    if call.args.len() == 2 {
        let Some(set) = call.get::<SortedSet>(&key)? else { return Ok(Reply::Null) };
        let scored = set.nth(call.random.below(set.len() as u64) as usize);
        return Ok(scored.map_or(Reply::Null, |scored| bulks(scored).0));
    }
    let (count, with_scores) = call.draws_with("withscores")?;
    let Some(set) = call.get::<SortedSet>(&key)? else { return Ok(Reply::Array(Vec::new())) };
    // Who asks for all is shown them as Redis walks a sorted set: from the highest down.
    let last = if count >= set.len() as i64 { Some(set.len() - 1) } else { None };
    let ranks = draws(call.random, set.len(), count).map(|rank| last.map_or(rank, |l| l - rank));
    let drawn = ranks.filter_map(|rank| set.nth(rank)).map(bulks);
    Ok(if with_scores {
        pairs(drawn, call.protocol)
    } else {
        Reply::Array(drawn.map(|(member, _)| member).collect())
    })
}

fn bulks(scored: Scored) -> (Reply, Reply) {
    (Reply::Bulk(scored.member), Reply::Double(scored.score))
}

fn zscan(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, cursor) = (call.arg(1), parse_cursor(&call.args[2])?);
    let Some(set) = call.get::<SortedSet>(&key)? else { return Ok(reply(0, Vec::new())) };
    let options = Options::parse(&call.args[3..], false)?;
    // Before 7.2 the text had them, too, unless it was that of a whole number.
    let is_packed = set.encoding() == Encoding::Listpack;
    let is_older = call.rdb_version < Version::V11;
    let show = |score: f64| match is_packed && !(is_older && score.fract() != 0.0) {
        true => format_double(score),
        false => format_double_17(score),
    };
    let (next, members) = set.scan(cursor, options.count);
    let shown = members.into_iter().filter(|scored| options.shows(&scored.member));
    let both = |Scored { member, score }| [Reply::Bulk(member), Reply::bulk(show(score))];
    Ok(reply(next, shown.flat_map(both).collect()))
}
