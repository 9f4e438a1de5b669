//! Intersections, unions and differences of sorted sets; plain sets take part with scores of 1.
//!
//! Sums of scores are rounded, so the order of adding matters: the inputs are taken from the
//! smallest to the largest, as in Redis.
//! *Source*: Redis 7.2 · t_zset.c · zunionInterDiffGenericCommand.

use std::collections::BTreeMap;

use crate::commands::args::score;
use crate::commands::hash::pairs;
use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::{Scored, Set, SortedSet, Value};
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { SortedSet;
    "zunion" -3 READ_SOME NONE zunion,
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]",
        "Lists the members that any sorted set has.";
    "zinter" -3 READ_SOME NONE zinter,
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]",
        "Lists the members that all sorted sets have.";
    "zdiff" -3 READ_SOME NONE zdiff, "numkeys key [key ...] [WITHSCORES]",
        "Lists the members that only the first sorted set has.";
    "zintercard" -3 READ_SOME NONE zintercard, "numkeys key [key ...] [LIMIT limit]",
        "Counts the members that all sorted sets have.";
    "zunionstore" -4 GROW_SOME FIRST zunionstore,
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]",
        "Stores the members that any sorted set has.";
    "zinterstore" -4 GROW_SOME FIRST zinterstore,
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]",
        "Stores the members that all sorted sets have.";
    "zdiffstore" -4 GROW_SOME FIRST zdiffstore, "destination numkeys key [key ...]",
        "Stores the members that only the first sorted set has.";
};

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Union,
    Inter,
    Diff,
}

/// What becomes of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    List,
    Store,
    Count,
}

/// How the scores of one member are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

/// One input.
struct Source {
    members: Members,
    weight: f64,
}

/// The members of an input.
enum Members {
    Scored(SortedSet),
    Plain(Set),
}

/// What is asked for.
struct Request {
    operation: Operation,
    sources: Vec<Source>,
    aggregate: Aggregate,
    with_scores: bool,
    /// How many are counted; 0 for all.
    limit: usize,
}

fn zunion(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Operation::Union, "zunion")
}

fn zinter(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Operation::Inter, "zinter")
}

fn zdiff(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    list(call, Operation::Diff, "zdiff")
}

fn list(call: &mut Call<'_>, operation: Operation, name: &str) -> Result<Reply, Refusal> {
    let request = Request::parse(call, operation, Use::List, name)?;
    let mut members = request.members();
    members.sort_by(Scored::order);
    let member = |scored: &Scored| Reply::Bulk(Bytes::clone(&scored.member));
    Ok(if request.with_scores {
        let scored = members.iter().map(|scored| (member(scored), Reply::Double(scored.score)));
        pairs(scored, call.protocol)
    } else {
        Reply::Array(members.iter().map(member).collect())
    })
}

fn zintercard(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, Operation::Inter, Use::Count, "zintercard")?;
    let count = request.members().len();
    Ok(Reply::count(if request.limit == 0 { count } else { count.min(request.limit) } as u64))
}

fn zunionstore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    store(call, Operation::Union, "zunionstore")
}

fn zinterstore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    store(call, Operation::Inter, "zinterstore")
}

fn zdiffstore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    store(call, Operation::Diff, "zdiffstore")
}

fn store(call: &mut Call<'_>, operation: Operation, name: &'static str) -> Result<Reply, Refusal> {
    let request = Request::parse(call, operation, Use::Store, name)?;
    let mut set = SortedSet::skiplist(request.members());
    set.repack(&call.settings.sorted_set_limits());
    let count = set.len() as u64;
    call.store(call.arg(1), Value::SortedSet(set));
    if count > 0 {
        call.event(Classes::SORTED_SET, name, &call.args[1]);
    }
    Ok(Reply::count(count))
}

impl Request {
    fn parse(
        call: &mut Call<'_>,
        operation: Operation,
        usage: Use,
        name: &str,
    ) -> Result<Self, Refusal> {
        let index = if usage == Use::Store { 2 } else { 1 };
        let number = call.integer(index)?;
        let none =
            || Refusal::Other(format!("ERR at least 1 input key is needed for '{name}' command"));
        let number = usize::try_from(number)
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| if number > 0 { Refusal::Syntax } else { none() })?;
        let (keys, end) = call.numbered_keys(index, number).ok_or(Refusal::Syntax)?;
        let keys = keys.to_vec();
        let mut sources = Vec::with_capacity(keys.len());
        for key in &keys {
            sources.push(Source { members: members(call, key)?, weight: 1.0 });
        }
        let aggregate = Aggregate::Sum;
        let mut request = Self { operation, sources, aggregate, with_scores: false, limit: 0 };
        request.parse_options(call, end, usage)?;
        if operation != Operation::Diff {
            request.sources.sort_by_key(|source| source.members.len());
        }
        Ok(request)
    }

    fn parse_options(
        &mut self,
        call: &Call<'_>,
        mut index: usize,
        usage: Use,
    ) -> Result<(), Refusal> {
        let weighs = self.operation != Operation::Diff && usage != Use::Count;
        while let Some(arg) = call.args.get(index) {
            let behind = call.args.len() - index - 1;
            match arg.to_ascii_lowercase().as_slice() {
                b"weights" if weighs && behind >= self.sources.len() => {
                    for source in &mut self.sources {
                        index += 1;
                        let text = "ERR weight value is not a float";
                        source.weight =
                            score(&call.args[index]).ok_or_else(|| Refusal::other(text))?;
                    }
                }
                b"aggregate" if weighs && behind >= 1 => {
                    index += 1;
                    self.aggregate = Aggregate::parse(&call.args[index])?;
                }
                b"withscores" if usage == Use::List => self.with_scores = true,
                b"limit" if usage == Use::Count && behind >= 1 => {
                    index += 1;
                    self.limit = call.at_least(0, index, "ERR LIMIT can't be negative")?;
                }
                _ => return Err(Refusal::Syntax),
            }
            index += 1;
        }
        Ok(())
    }

    /// The result, in no order.
    fn members(&self) -> Vec<Scored> {
        match self.operation {
            Operation::Union => self.union(),
            Operation::Inter => self.intersection(),
            Operation::Diff => self.difference(),
        }
    }

    fn union(&self) -> Vec<Scored> {
        let mut scores = BTreeMap::<Bytes, f64>::new();
        for source in &self.sources {
            for (member, score) in source.members.iter() {
                let score = weigh(score, source.weight);
                let sum = |before: &mut f64| *before = self.aggregate.of(*before, score);
                scores.entry(member).and_modify(sum).or_insert(score);
            }
        }
        scores.into_iter().map(|(member, score)| Scored { score, member }).collect()
    }

    fn intersection(&self) -> Vec<Scored> {
        let Some((smallest, others)) = self.sources.split_first() else { return Vec::new() };
        let common = |(member, score): (Bytes, f64)| {
            let mut sum = weigh(score, smallest.weight);
            for source in others {
                let score = source.members.score(&member)?;
                sum = self.aggregate.of(sum, score * source.weight);
            }
            Some(Scored { score: sum, member })
        };
        smallest.members.iter().filter_map(common).collect()
    }

    fn difference(&self) -> Vec<Scored> {
        let Some((first, others)) = self.sources.split_first() else { return Vec::new() };
        let alone = |member: &Bytes| others.iter().all(|o| o.members.score(member).is_none());
        let members = first.members.iter().filter(|(member, _)| alone(member));
        members.map(|(member, score)| Scored { score, member }).collect()
    }
}

/// Infinity times zero counts for nothing.
fn weigh(score: f64, weight: f64) -> f64 {
    let score = score * weight;
    if score.is_nan() { 0.0 } else { score }
}

impl Aggregate {
    fn parse(word: &[u8]) -> Result<Self, Refusal> {
        match word.to_ascii_lowercase().as_slice() {
            b"sum" => Ok(Self::Sum),
            b"min" => Ok(Self::Min),
            b"max" => Ok(Self::Max),
            _ => Err(Refusal::Syntax),
        }
    }

    /// Infinities of both signs cancel out.
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum if (a + b).is_nan() => 0.0,
            Self::Sum => a + b,
            Self::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Self::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

/// The members of `key`: of a sorted set, of a set, or none.
fn members(call: &mut Call<'_>, key: &[u8]) -> Result<Members, Refusal> {
    match call.value(key) {
        None => Ok(Members::Scored(SortedSet::default())),
        Some(Value::SortedSet(set)) => Ok(Members::Scored(set.clone())),
        Some(Value::Set(set)) => Ok(Members::Plain(set.clone())),
        Some(_) => Err(Refusal::WrongType),
    }
}

impl Members {
    fn len(&self) -> usize {
        match self {
            Self::Scored(set) => set.len(),
            Self::Plain(set) => set.len(),
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Scored(set) => set.score(member),
            Self::Plain(set) => set.contains(member).then_some(1.0),
        }
    }

    fn iter(&self) -> Box<dyn Iterator<Item = (Bytes, f64)> + '_> {
        match self {
            Self::Scored(set) => Box::new(set.iter().map(|scored| (scored.member, scored.score))),
            Self::Plain(set) => Box::new(set.iter().map(|member| (member, 1.0))),
        }
    }
}
