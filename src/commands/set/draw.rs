//! Members drawn by chance.
//!
//! Chance must not enter the stream: a replica would draw others. What SPOP took is propagated as
//! `SREM`, a thousand members at a time, or as `DEL` if it took all.
//! *Source*: Redis 7.2 · t_set.c · spopWithCountCommand, srandmemberWithCountCommand.

use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::{Encoding, Set};
use crate::random::Random;
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Set;
    "spop" -2 WRITE_FAST FIRST spop, "key [count]", "Takes any members out of a set.";
    "srandmember" -2 READ FIRST srandmember, "key [count]", "Answers any members of a set.";
};

fn spop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    match call.args.len() {
        2 => pop_one(call),
        3 => pop_many(call),
        _ => Err(Refusal::Syntax),
    }
}

fn pop_one(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let Some(set) = call.get::<Set>(&key)? else { return Ok(Reply::Null) };
    let Some(member) = set.nth(call.random.below(set.len() as u64) as usize) else {
        return Ok(Reply::Null);
    };
    drop(set);
    if let Some(set) = call.get_mut::<Set>(&key)? {
        set.remove(&member);
    }
    call.event(Classes::SET, "spop", &key);
    call.changed(&key, 1);
    call.propagate_as(&[&b"SREM"[..], &key, &member]);
    Ok(Reply::Bulk(member))
}

fn pop_many(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let count = call.count(2)?;
    let key = call.arg(1);
    let Some(set) = call.get::<Set>(&key)?.filter(|_| count > 0) else {
        return Ok(Reply::Set(Vec::new()));
    };
    if count >= set.len() {
        let dirty = call.effects.dirty + set.len() as u64;
        call.event(Classes::SET, "spop", &key);
        call.delete(&key);
        call.effects.dirty = dirty;
        call.propagate_as(&[call.implicit_deletion().as_bytes(), &key]);
        return Ok(Reply::Set(set.iter().map(Reply::Bulk).collect()));
    }
    let popped = take(call, &key, set, count)?;
    let removals = popped
        .chunks(STREAM_MEMBERS_MAX)
        .map(|members| [&[Bytes::from(&b"SREM"[..]), Bytes::clone(&key)], members].concat());
    call.effects.rewritten = Some(removals.collect());
    Ok(Reply::Set(popped.into_iter().map(Reply::Bulk).collect()))
}

/// Takes `count` members, fewer than all, out of the set at `key`.
fn take(call: &mut Call<'_>, key: &Bytes, set: Set, count: usize) -> Result<Vec<Bytes>, Refusal> {
    let limits = call.settings.set_limits();
    let rest = set.len() - count;
    if rest * MOVE_STRATEGY > count {
        let ranks = distinct(call.random, set.len(), count);
        let popped: Vec<Bytes> = ranks.iter().filter_map(|&rank| set.nth(rank)).collect();
        drop(set);
        if let Some(set) = call.get_mut::<Set>(key)? {
            for member in &popped {
                set.remove(member);
            }
        }
        call.event(Classes::SET, "spop", key);
        call.changed(key, count as u64);
        return Ok(popped);
    }
    // So few stay that a new set is made of them: it may be small enough to be packed again.
    let kept = distinct(call.random, set.len(), rest);
    let packed = Set::packed(Vec::new());
    let mut new =
        if set.encoding() == Encoding::Intset { Set::create(b"0", 0, &limits) } else { packed };
    new.extend(kept.iter().filter_map(|&rank| set.nth(rank)), &limits);
    let popped = set.iter().filter(|member| !new.contains(member)).collect();
    if let Some(set) = call.get_mut::<Set>(key)? {
        *set = new;
    }
    call.event(Classes::SET, "spop", key);
    call.changed(key, count as u64);
    Ok(popped)
}

fn srandmember(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    match call.args.len() {
        2 => {
            let Some(set) = call.get::<Set>(&key)? else { return Ok(Reply::Null) };
            let member = set.nth(call.random.below(set.len() as u64) as usize);
            Ok(member.map_or(Reply::Null, Reply::Bulk))
        }
        3 => {
            let count = call.bounded_draws(call.draws(2)?);
            let Some(set) = call.get::<Set>(&key)? else { return Ok(Reply::Array(Vec::new())) };
            let members = draws(call.random, set.len(), count).filter_map(|rank| set.nth(rank));
            Ok(Reply::Array(members.map(Reply::Bulk).collect()))
        }
        _ => Err(Refusal::Syntax),
    }
}

/// The ranks of what a command with a count answers: each at most once, in order; or, if the count
/// is negative, as many as it says, in any order and perhaps several times.
pub(in crate::commands) fn draws(
    random: &mut Random,
    len: usize,
    count: i64,
) -> Box<dyn Iterator<Item = usize> + '_> {
    let wanted = count.unsigned_abs();
    if count < 0 {
        return Box::new((0..wanted).map(move |_| random.below(len as u64) as usize));
    }
    match usize::try_from(wanted) {
        Ok(wanted) if wanted < len => Box::new(distinct(random, len, wanted).into_iter()),
        _ => Box::new(0..len),
    }
}

/// `count` different ranks below `len`, ascending: every choice as likely as the next.
fn distinct(random: &mut Random, len: usize, count: usize) -> Vec<usize> {
    // Floyd's way: every step adds one rank that is not there, by one number of chance.
    let mut chosen = std::collections::BTreeSet::new();
    for last in len - count..len {
        let rank = random.below(last as u64 + 1) as usize;
        if !chosen.insert(rank) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// How many times more members must be taken than stay before a new set is made of those that stay.
const MOVE_STRATEGY: usize = 5;
/// How many members one `SREM` in the stream names.
const STREAM_MEMBERS_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Bench;

    #[test]
    fn what_was_popped_enters_the_stream_a_thousand_at_a_time() {
        let mut bench = Bench::default();
        let members: Vec<String> = (0..3_000).map(|n| format!("m{n}")).collect();
        bench.run(&format!("SADD s {}", members.join(" ")));
        assert_eq!(bench.run("OBJECT ENCODING s"), "\"hashtable\"");
        let Reply::Set(popped) = bench.reply("SPOP s 2990") else { panic!("no set") };
        let lengths: Vec<usize> = bench.stream.iter().map(Vec::len).collect();
        assert_eq!((popped.len(), lengths), (2_990, vec![1_026, 1_026, 944]));
        assert_eq!(bench.run("OBJECT ENCODING s"), "\"listpack\"", "ten members fit again");
        assert_eq!(bench.run("SCARD s"), "(integer) 10");
        bench.run("SPOP s 10");
        assert_eq!(bench.streamed(), ["DEL s"]);
    }

    #[test]
    fn draws_differ_or_repeat_as_the_sign_says() {
        let mut random = Random::new(5);
        for count in 0..10 {
            let ranks: Vec<usize> = draws(&mut random, 10, count).collect();
            assert_eq!(ranks.len(), count as usize);
            assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        }
        assert!(draws(&mut random, 3, 100).eq(0..3));
        assert_eq!(draws(&mut random, 3, -100).count(), 100);
    }
}
