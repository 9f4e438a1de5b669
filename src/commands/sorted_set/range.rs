//! Ranges of sorted sets: ZRANGE, its seven relatives, and ZRANGESTORE.
//!
//! They are one command: a range by rank, score or member, walked forward or backward, answered or
//! stored. The older names have some of that fixed.
//! *Source*: Redis 7.2 · t_zset.c · zrangeGenericCommand.

use super::bounds::{Bounds, By};
use crate::commands::args::clamp;
use crate::commands::hash::pairs;
use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::{Scored, SortedSet, Value};
use crate::resp::Reply;

pub(in crate::commands) const TABLE: &[Spec] = rows! { SortedSet;
    "zrange" -4 READ FIRST zrange,
        "key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        "Lists the members of a range.";
    "zrangestore" -5 GROW FIRST_TWO zrangestore,
        "dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]",
        "Stores the members of a range.";
    "zrevrange" -4 READ FIRST zrevrange, "key start stop [WITHSCORES]",
        "Lists the members of a range of ranks, highest first.";
    "zrangebyscore" -4 READ FIRST zrangebyscore, "key min max [WITHSCORES] [LIMIT offset count]",
        "Lists the members of a range of scores.";
    "zrevrangebyscore" -4 READ FIRST zrevrangebyscore,
        "key max min [WITHSCORES] [LIMIT offset count]",
        "Lists the members of a range of scores, highest first.";
    "zrangebylex" -4 READ FIRST zrangebylex, "key min max [LIMIT offset count]",
        "Lists the members between two.";
    "zrevrangebylex" -4 READ FIRST zrevrangebylex, "key max min [LIMIT offset count]",
        "Lists the members between two, highest first.";
};

fn zrange(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Fixed { by: None, reverse: None })
}

fn zrevrange(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Fixed { by: Some(By::Rank), reverse: Some(true) })
}

fn zrangebyscore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Fixed { by: Some(By::Score), reverse: Some(false) })
}

fn zrevrangebyscore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Fixed { by: Some(By::Score), reverse: Some(true) })
}

fn zrangebylex(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Fixed { by: Some(By::Member), reverse: Some(false) })
}

fn zrevrangebylex(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Fixed { by: Some(By::Member), reverse: Some(true) })
}

fn list(call: &mut Call<'_>, fixed: Fixed) -> Result<Reply, Refusal> {
    let request = Request::parse(call, 1, fixed)?;
    let set = call.get::<SortedSet>(&call.arg(1))?.unwrap_or_default();
    let members = request.members(&set);
    let member = |scored: Scored| Reply::Bulk(scored.member);
    Ok(if request.with_scores {
        let scored =
            members.map(|scored| (Reply::Bulk(scored.member), Reply::Double(scored.score)));
        pairs(scored, call.protocol)
    } else {
        Reply::Array(members.map(member).collect())
    })
}

fn zrangestore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, 2, Fixed { by: None, reverse: None })?;
    let set = call.get::<SortedSet>(&call.arg(2))?.unwrap_or_default();
    let limits = call.settings.sorted_set_limits();
    let members: Vec<Scored> = request.members(&set).collect();
    let mut stored = SortedSet::create(members.len(), 0, &limits);
    for scored in members {
        stored.set(scored.member, scored.score, &limits);
    }
    let count = stored.len() as u64;
    call.store(call.arg(1), Value::SortedSet(stored));
    if count > 0 {
        call.event(Classes::SORTED_SET, "zrangestore", &call.args[1]);
    }
    Ok(Reply::count(count))
}

/// What a command's name fixes.
#[derive(Clone, Copy, Debug)]
struct Fixed {
    by: Option<By>,
    reverse: Option<bool>,
}

/// What is asked for.
#[derive(Clone, Debug)]
struct Request {
    bounds: Bounds,
    reverse: bool,
    with_scores: bool,
    /// How many members of the range are passed over; negative for all.
    offset: i64,
    /// How many are listed; negative for all.
    count: i64,
}

impl Request {
    /// Reads the arguments from `source` on: the key, the limits, the options.
    fn parse(call: &Call<'_>, source: usize, fixed: Fixed) -> Result<Self, Refusal> {
        let Fixed { mut by, mut reverse } = fixed;
        let (mut with_scores, mut offset, mut count) = (false, 0, -1);
        let mut index = source + 3;
        while let Some(arg) = call.args.get(index) {
            match arg.to_ascii_lowercase().as_slice() {
                b"withscores" if source == 1 => with_scores = true,
                b"limit" if index + 2 < call.args.len() => {
                    (offset, count) = (call.integer(index + 1)?, call.integer(index + 2)?);
                    index += 2;
                }
                b"rev" if fixed.reverse.is_none() && reverse.is_none() => reverse = Some(true),
                b"bylex" if by.is_none() => by = Some(By::Member),
                b"byscore" if by.is_none() => by = Some(By::Score),
                _ => return Err(Refusal::Syntax),
            }
            index += 1;
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if count != -1 && by == By::Rank {
            return Err(Refusal::other(LIMIT_WITHOUT_BY));
        }
        if by == By::Rank {
            // A count that limits nothing is let through, and then its offset is not looked at.
            offset = 0;
        }
        if with_scores && by == By::Member {
            return Err(Refusal::other(SCORES_OF_LEX));
        }
        let (low, high) = (source + 1, source + 2);
        let turned = reverse && by != By::Rank;
        let (min, max) = if turned { (high, low) } else { (low, high) };
        let bounds = Bounds::parse(call, by, min, max)?;
        Ok(Self { bounds, reverse, with_scores, offset, count })
    }

    fn members<'a>(&self, set: &'a SortedSet) -> Box<dyn Iterator<Item = Scored> + 'a> {
        let mut ranks = self.bounds.ranks(set);
        if self.reverse && matches!(self.bounds, Bounds::Rank { .. }) {
            ranks = set.len() - ranks.end..set.len() - ranks.start;
        }
        let passed = if self.offset < 0 { ranks.len() } else { clamp(self.offset) };
        let listed = if self.count < 0 { usize::MAX } else { clamp(self.count) };
        let listed = ranks.len().saturating_sub(passed).min(listed);
        if self.reverse {
            let end = ranks.end.saturating_sub(passed);
            Box::new(set.iter_back(end).take(listed))
        } else {
            let start = ranks.start.saturating_add(passed);
            Box::new(set.iter_from(start).take(listed))
        }
    }
}

const LIMIT_WITHOUT_BY: &str =
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
const SCORES_OF_LEX: &str = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

#[cfg(test)]
mod tests {
    use crate::commands::testing::Bench;
    use crate::resp::Protocol;

    fn bench() -> Bench {
        let mut bench = Bench::default();
        bench.run("ZADD z 1 a 2 b 3 c 4 d 5 e");
        bench
    }

    #[test]
    fn ranges_are_walked_both_ways() {
        let mut bench = bench();
        for (command, members) in [
            ("ZRANGE z 1 2", "bc"),
            ("ZRANGE z 1 2 REV", "dc"),
            ("ZREVRANGE z 0 0", "e"),
            ("ZRANGE z 0 1 LIMIT -1 -1", "ab"),
            ("ZRANGE z (1 3 BYSCORE", "bc"),
            ("ZRANGE z 4 (1 BYSCORE REV", "dcb"),
            ("ZRANGE z 4 (1 BYSCORE REV LIMIT 1 1", "c"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 3 -1", "de"),
            ("ZRANGEBYSCORE z 5 1", ""),
            ("ZREVRANGEBYSCORE z 5 1 LIMIT 0 2", "ed"),
            ("ZRANGEBYLEX z [b (d", "bc"),
            ("ZRANGEBYLEX z + -", ""),
            ("ZREVRANGEBYLEX z + [c", "edc"),
            ("ZRANGEBYSCORE z 1 5 LIMIT -1 5", ""),
        ] {
            let listed: Vec<String> = members.chars().map(|c| format!("\"{c}\"")).collect();
            assert_eq!(bench.run(command), format!("[{}]", listed.join(", ")), "{command}");
        }
    }

    #[test]
    fn scores_are_paired_in_resp3_and_flat_in_resp2() {
        let mut bench = bench();
        let command = "ZRANGE z 0 0 WITHSCORES";
        assert_eq!(bench.run(command), "[\"a\", (double) 1]");
        bench.protocol = Protocol::Resp3;
        assert_eq!(bench.run(command), "[[\"a\", (double) 1]]");
    }

    #[test]
    fn an_empty_range_takes_the_destination_away() {
        let mut bench = bench();
        assert_eq!(bench.run("ZRANGESTORE d z 0 1"), "(integer) 2");
        assert_eq!(bench.run("ZRANGESTORE d z 9 10"), "(integer) 0");
        assert_eq!(bench.streamed(), ["ZRANGESTORE d z 9 10"]);
        assert_eq!(bench.run("EXISTS d"), "(integer) 0");
        bench.run("ZRANGESTORE d z 9 10");
        assert!(bench.streamed().is_empty());
    }
}
