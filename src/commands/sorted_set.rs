//! Sorted sets, member by member. *Source*: Redis 7.2 · t_zset.c · zaddGenericCommand, zsetAdd.

pub(super) mod algebra;
pub(super) mod bounds;
pub(super) mod list;
pub(super) mod pop;
pub(super) mod range;
pub(super) mod trim;

use super::rows::rows;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::SortedSet;
use crate::resp::{Bytes, Reply};

pub(super) const TABLE: &[Spec] = rows! { SortedSet;
    "zadd" -4 GROW_FAST FIRST zadd,
        "key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]",
        "Adds members to a sorted set, or gives them other scores.";
    "zincrby" 4 GROW_FAST FIRST zincrby, "key increment member", "Adds to a member's score.";
    "zrem" -3 WRITE_FAST FIRST zrem, "key member [member ...]",
        "Takes members out of a sorted set.";
    "zcard" 2 READ_FAST FIRST zcard, "key", "Counts the members of a sorted set.";
    "zscore" 3 READ_FAST FIRST zscore, "key member", "Answers a member's score.";
    "zmscore" -3 READ_FAST FIRST zmscore, "key member [member ...]", "Answers members' scores.";
    "zrank" -3 READ_FAST FIRST zrank, "key member [WITHSCORE]",
        "Counts the members before a member.";
    "zrevrank" -3 READ_FAST FIRST zrevrank, "key member [WITHSCORE]",
        "Counts the members behind a member.";
};

/// The options of ZADD.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
    /// Count the changed members, too.
    ch: bool,
    incr: bool,
}

/// What became of a member.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Added {
    /// It is new.
    New(f64),
    /// It was there, and has this score now.
    Scored { score: f64, changed: bool },
    /// The options kept it as it was.
    Kept,
}

impl Options {
    /// Reads the options, and returns the index of the first score.
    fn parse(mut self, call: &Call<'_>) -> Result<(Self, usize), Refusal> {
        let mut index = 2;
        while let Some(arg) = call.args.get(index) {
            match arg.to_ascii_lowercase().as_slice() {
                b"nx" => self.nx = true,
                b"xx" => self.xx = true,
                b"gt" => self.gt = true,
                b"lt" => self.lt = true,
                b"ch" => self.ch = true,
                b"incr" => self.incr = true,
                _ => break,
            }
            index += 1;
        }
        let rest = call.args.len() - index;
        if rest == 0 || !rest.is_multiple_of(2) {
            return Err(Refusal::Syntax);
        }
        self.check(rest / 2)?;
        Ok((self, index))
    }

    fn check(self, members: usize) -> Result<(), Refusal> {
        let text = if self.nx && self.xx {
            "ERR XX and NX options at the same time are not compatible"
        } else if [self.gt, self.lt, self.nx].iter().filter(|&&given| given).count() > 1 {
            "ERR GT, LT, and/or NX options at the same time are not compatible"
        } else if self.incr && members > 1 {
            "ERR INCR option supports a single increment-element pair"
        } else {
            return Ok(());
        };
        Err(Refusal::other(text))
    }

    /// What is to become of a member with the score `before`, which is given `score`.
    fn decide(self, before: Option<f64>, score: f64) -> Result<Added, Refusal> {
        let Some(before) = before else {
            return Ok(if self.xx { Added::Kept } else { Added::New(score) });
        };
        if self.nx {
            return Ok(Added::Kept);
        }
        let score = if self.incr { before + score } else { score };
        if score.is_nan() {
            return Err(Refusal::other("ERR resulting score is not a number (NaN)"));
        }
        if (self.lt && score >= before) || (self.gt && score <= before) {
            return Ok(Added::Kept);
        }
        Ok(Added::Scored { score, changed: score != before })
    }
}

fn zadd(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    add(call, Options::default())
}

fn zincrby(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    add(call, Options { incr: true, ..Options::default() })
}

fn add(call: &mut Call<'_>, options: Options) -> Result<Reply, Refusal> {
    let (options, first) = options.parse(call)?;
    let pairs = call.args[first..].as_chunks::<2>().0;
    let scores: Result<Vec<f64>, Refusal> =
        (first..call.args.len()).step_by(2).map(|index| call.score(index)).collect();
    let scores = scores?;
    let key = call.arg(1);
    let nothing = if options.incr { Reply::Null } else { Reply::Integer(0) };
    if call.get::<SortedSet>(&key)?.is_none() && options.xx {
        return Ok(nothing);
    }
    let limits = call.settings.sorted_set_limits();
    let create = || SortedSet::create(pairs.len(), pairs[0][1].len(), &limits);
    let set = call.get_or_create(&key, create)?;
    set.expect(pairs.len(), &limits);
    let (mut new, mut changed, mut last, mut refusal) = (0, 0, nothing, None);
    for ([_, member], score) in pairs.iter().zip(scores) {
        let score = match options.decide(set.score(member), score) {
            Ok(Added::New(score)) => {
                new += 1;
                score
            }
            Ok(Added::Scored { score, changed: differs }) => {
                changed += u64::from(differs);
                last = Reply::Double(score);
                if differs { score } else { continue }
            }
            Ok(Added::Kept) => continue,
            Err(why) => {
                refusal = Some(why);
                break;
            }
        };
        last = Reply::Double(score);
        set.set(Bytes::clone(member), score, &limits);
    }
    if new + changed > 0 {
        let name = if options.incr { "zincr" } else { "zadd" };
        call.event(Classes::SORTED_SET, name, &key);
        call.grown(&key, new + changed);
    }
    if let Some(why) = refusal {
        return Err(why);
    }
    let counted = if options.ch { new + changed } else { new };
    Ok(if options.incr { last } else { Reply::count(counted) })
}

fn zrem(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let members = &call.args[2..];
    let Some(set) = call.get_mut::<SortedSet>(&key)? else { return Ok(Reply::Integer(0)) };
    let removed = members.iter().filter(|member| set.remove(member).is_some()).count();
    if removed > 0 {
        call.event(Classes::SORTED_SET, "zrem", &key);
        call.changed(&key, removed as u64);
    }
    Ok(Reply::count(removed as u64))
}

fn zcard(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::count(call.get::<SortedSet>(&key)?.map_or(0, |set| set.len() as u64)))
}

fn zscore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let score = call.get::<SortedSet>(&key)?.and_then(|set| set.score(&call.args[2]));
    Ok(score.map_or(Reply::Null, Reply::Double))
}

fn zmscore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let set = call.get::<SortedSet>(&key)?.unwrap_or_default();
    let scores = call.args[2..].iter().map(|member| set.score(member));
    Ok(Reply::Array(scores.map(|score| score.map_or(Reply::Null, Reply::Double)).collect()))
}

fn zrank(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    rank(call, "zrank", |_, rank| rank)
}

fn zrevrank(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    rank(call, "zrevrank", |len, rank| len - 1 - rank)
}

fn rank(
    call: &mut Call<'_>,
    name: &str,
    count: impl Fn(usize, usize) -> usize,
) -> Result<Reply, Refusal> {
    let with_score = match call.args.len() {
        3 => false,
        4 if call.is(3, "withscore") => true,
        4 => return Err(Refusal::Syntax),
        _ => return Err(Refusal::Arity(name.to_owned())),
    };
    let key = call.arg(1);
    let set = call.get::<SortedSet>(&key)?.unwrap_or_default();
    let Some(rank) = set.rank(&call.args[2]) else {
        return Ok(if with_score { Reply::NullArray } else { Reply::Null });
    };
    let rank = Reply::count(count(set.len(), rank) as u64);
    let score = set.score(&call.args[2]).filter(|_| with_score);
    Ok(match score {
        Some(score) => Reply::Array(vec![rank, Reply::Double(score)]),
        None => rank,
    })
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Bench;

    #[test]
    fn options_decide_what_becomes_of_a_member() {
        let mut bench = Bench::default();
        bench.run("ZADD z 5 a");
        for (command, reply) in [
            ("ZADD z GT 4 a", "(integer) 0"),
            ("ZADD z GT CH 6 a", "(integer) 1"),
            ("ZADD z LT CH 7 a", "(integer) 0"),
            ("ZADD z NX 9 a 1 b", "(integer) 1"),
            ("ZADD z XX 9 c", "(integer) 0"),
            ("ZADD z INCR 1 a", "(double) 7"),
            ("ZADD z INCR 0 a", "(double) 7"),
            ("ZADD z INCR GT -1 a", "(nil)"),
            ("ZADD none XX INCR 1 a", "(nil)"),
            ("ZRANK z a WITHSCORE", "[(integer) 1, (double) 7]"),
            ("ZREVRANK z a", "(integer) 0"),
            ("ZRANK z x WITHSCORE", "(nil array)"),
        ] {
            assert_eq!(bench.run(command), reply, "{command}");
        }
        assert_eq!(bench.run("EXISTS none"), "(integer) 0");
    }

    #[test]
    fn a_sum_that_is_no_number_changes_nothing() {
        let mut bench = Bench::default();
        bench.run("ZADD z inf a");
        let refusal = "(error) ERR resulting score is not a number (NaN)";
        assert_eq!(bench.run("ZINCRBY z -inf a"), refusal);
        assert_eq!(bench.run("ZSCORE z a"), "(double) inf");
        assert!(bench.streamed().is_empty());
    }
}
