//! Intersections, unions and differences of sets.
//!
//! The order in which members meet a result decides how it is encoded, so the walks are Redis' own:
//! an intersection walks the smallest set, a union all sets in turn; a difference either asks every
//! set for each member of the first, or takes the members of all others out of a copy, whichever
//! looks cheaper.
//! *Source*: Redis 7.2 · t_set.c · sinterGenericCommand, sunionDiffGenericCommand.

use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::{Encoding, Set, SetLimits, Value};
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Set;
    "sinter" -2 READ ALL sinter, "key [key ...]", "Lists the members that all sets have.";
    "sintercard" -3 READ_SOME NONE sintercard, "numkeys key [key ...] [LIMIT limit]",
        "Counts the members that all sets have.";
    "sinterstore" -3 GROW ALL sinterstore, "destination key [key ...]",
        "Stores the members that all sets have.";
    "sunion" -2 READ ALL sunion, "key [key ...]", "Lists the members that any set has.";
    "sunionstore" -3 GROW ALL sunionstore, "destination key [key ...]",
        "Stores the members that any set has.";
    "sdiff" -2 READ ALL sdiff, "key [key ...]", "Lists the members that only the first set has.";
    "sdiffstore" -3 GROW ALL sdiffstore, "destination key [key ...]",
        "Stores the members that only the first set has.";
};

/// The sets of `keys`; none for a key that is not there.
fn sets(call: &mut Call<'_>, keys: &[Bytes]) -> Result<Vec<Option<Set>>, Refusal> {
    call.reading(|call| keys.iter().map(|key| call.get(key)).collect())
}

fn listed(set: &Set) -> Reply {
    Reply::Set(set.iter().map(Reply::Bulk).collect())
}

fn store(call: &mut Call<'_>, set: Set, name: &'static str) -> Reply {
    let size = set.len() as u64;
    call.store(call.arg(1), Value::Set(set));
    if size > 0 {
        call.event(Classes::SET, name, &call.args[1]);
    }
    Reply::count(size)
}

fn sinter(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let common = Common::of(sets(call, &call.args[1..])?);
    Ok(Reply::Set(common.members().map(Reply::Bulk).collect()))
}

fn sinterstore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let common = Common::of(sets(call, &call.args[2..])?);
    let set = common.collect(&call.settings.set_limits());
    Ok(store(call, set, "sinterstore"))
}

fn sintercard(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let number = call.at_least(1, 1, "ERR numkeys should be greater than 0")?;
    let too_many = || Refusal::other("ERR Number of keys can't be greater than number of args");
    let (_, end) = call.numbered_keys(1, number).ok_or_else(too_many)?;
    let mut limit = 0;
    for index in (end..call.args.len()).step_by(2) {
        if !call.is(index, "limit") || index + 1 == call.args.len() {
            return Err(Refusal::Syntax);
        }
        limit = call.at_least(0, index + 1, "ERR LIMIT can't be negative")?;
    }
    let common = Common::of(sets(call, &call.args[2..end])?);
    let limit = if limit == 0 { usize::MAX } else { limit };
    Ok(Reply::count(common.members().take(limit).count() as u64))
}

/// What several sets have in common.
struct Common {
    /// From the smallest to the largest; none if one of the sets is not there.
    sets: Vec<Set>,
}

impl Common {
    fn of(sets: Vec<Option<Set>>) -> Self {
        let mut sets: Vec<Set> = sets.into_iter().collect::<Option<_>>().unwrap_or_default();
        sets.sort_by_key(Set::len);
        Self { sets }
    }

    fn members(&self) -> impl Iterator<Item = Bytes> {
        let smallest = self.sets.first().into_iter().flat_map(Set::iter);
        smallest.filter(|member| self.sets[1..].iter().all(|set| set.contains(member)))
    }

    fn collect(&self, limits: &SetLimits) -> Set {
        let numbers = self.sets.first().is_some_and(|set| set.encoding() == Encoding::Intset);
        let mut set = if numbers { Set::create(b"0", 0, limits) } else { Set::packed(Vec::new()) };
        set.extend(self.members(), limits);
        set.repack(limits);
        set
    }
}

fn sunion(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let sets = sets(call, &call.args[1..])?;
    Ok(listed(&union(&sets, &call.settings.set_limits())))
}

fn sunionstore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let sets = sets(call, &call.args[2..])?;
    let set = union(&sets, &call.settings.set_limits());
    Ok(store(call, set, "sunionstore"))
}

fn union(sets: &[Option<Set>], limits: &SetLimits) -> Set {
    let mut union = Set::create(b"0", 0, limits);
    for set in sets.iter().flatten() {
        union.extend(set.iter(), limits);
    }
    union
}

fn sdiff(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let keys = &call.args[1..];
    let sets = sets(call, keys)?;
    Ok(listed(&difference(keys, sets, &call.settings.set_limits())))
}

fn sdiffstore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let keys = &call.args[2..];
    let sets = sets(call, keys)?;
    let set = difference(keys, sets, &call.settings.set_limits());
    Ok(store(call, set, "sdiffstore"))
}

fn difference(keys: &[Bytes], sets: Vec<Option<Set>>, limits: &SetLimits) -> Set {
    let mut rest = Set::create(b"0", 0, limits);
    let mut sets = sets.into_iter();
    let Some(first) = sets.next().flatten().filter(|_| !keys[1..].contains(&keys[0])) else {
        return rest;
    };
    let others: Vec<Set> = sets.flatten().collect();
    // Asking each set for each member stops at the first that has it, so it counts for half.
    let asked = first.len() * (others.len() + 1) / 2;
    let taken = first.len() + others.iter().map(Set::len).sum::<usize>();
    if asked <= taken {
        let alone = first.iter().filter(|member| !others.iter().any(|set| set.contains(member)));
        rest.extend(alone, limits);
        return rest;
    }
    rest.extend(first.iter(), limits);
    for member in others.iter().flat_map(Set::iter) {
        rest.remove(&member);
    }
    rest
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Bench;

    #[test]
    fn results_are_packed_as_redis_packs_them() {
        let mut bench = Bench::default();
        bench.run("SADD words 1 2 x");
        bench.run("SADD numbers 2 1 3");
        let mut stored = |command: &str, encoding: &str| {
            bench.run(command);
            assert_eq!(bench.run("OBJECT ENCODING d"), format!("\"{encoding}\""), "{command}");
        };
        stored("SINTERSTORE d words numbers", "intset");
        stored("SUNIONSTORE d words numbers", "listpack");
        stored("SDIFFSTORE d numbers words", "intset");
        stored("SDIFFSTORE d words numbers", "listpack");
        assert_eq!(bench.run("SINTERSTORE d words none"), "(integer) 0");
        assert_eq!(bench.run("EXISTS d"), "(integer) 0");
        assert_eq!(bench.run("SDIFF words words"), "[]");
    }
}
