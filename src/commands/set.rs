//! Sets, member by member. *Source*: Redis 7.2 · t_set.c.

pub(super) mod algebra;
pub(super) mod draw;

use super::rows::rows;
use super::scan::{Options, parse_cursor, reply};
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::Set;
use crate::resp::Reply;

pub(super) const TABLE: &[Spec] = rows! { Set;
    "sadd" -3 GROW_FAST FIRST sadd, "key member [member ...]", "Adds members to a set.";
    "srem" -3 WRITE_FAST FIRST srem, "key member [member ...]", "Takes members out of a set.";
    "smove" 4 WRITE_FAST FIRST_TWO smove, "source destination member",
        "Moves a member from one set to another.";
    "sismember" 3 READ_FAST FIRST sismember, "key member", "Answers whether a set has a member.";
    "smismember" -3 READ_FAST FIRST smismember, "key member [member ...]",
        "Answers which members a set has.";
    "scard" 2 READ_FAST FIRST scard, "key", "Counts the members of a set.";
    "smembers" 2 READ FIRST smembers, "key", "Lists the members of a set.";
    "sscan" -3 READ FIRST sscan, "key cursor [MATCH pattern] [COUNT count]",
        "Lists some members of a set, and where to go on.";
};

fn sadd(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, limits) = (call.arg(1), call.settings.set_limits());
    let members = &call.args[2..];
    let set = call.get_or_create(&key, || Set::create(&members[0], members.len(), &limits))?;
    set.expect(members.len(), &limits);
    let added = set.extend(members.iter().cloned(), &limits);
    if added > 0 {
        call.event(Classes::SET, "sadd", &key);
        call.grown(&key, added as u64);
    }
    Ok(Reply::count(added as u64))
}

fn srem(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let members = &call.args[2..];
    let Some(set) = call.get_mut::<Set>(&key)? else { return Ok(Reply::Integer(0)) };
    let removed = members.iter().filter(|member| set.remove(member)).count();
    if removed > 0 {
        call.event(Classes::SET, "srem", &key);
        call.changed(&key, removed as u64);
    }
    Ok(Reply::count(removed as u64))
}

fn smove(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (source, destination, member) = (call.arg(1), call.arg(2), call.arg(3));
    let limits = call.settings.set_limits();
    let Some(set) = call.get::<Set>(&source)? else { return Ok(Reply::Integer(0)) };
    call.get::<Set>(&destination)?;
    let there = set.contains(&member);
    drop(set);
    if !there || source == destination {
        return Ok(Reply::Integer(there.into()));
    }
    if let Some(set) = call.get_mut::<Set>(&source)? {
        set.remove(&member);
    }
    call.event(Classes::SET, "srem", &source);
    call.changed(&source, 1);
    let set = call.get_or_create(&destination, || Set::create(&member, 1, &limits))?;
    let added = set.add(member, &limits);
    if added {
        call.event(Classes::SET, "sadd", &destination);
        call.changed(&destination, 1);
    }
    Ok(Reply::Integer(1))
}

fn sismember(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let found = call.get::<Set>(&key)?.is_some_and(|set| set.contains(&call.args[2]));
    Ok(Reply::Integer(found.into()))
}

fn smismember(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let set = call.get::<Set>(&key)?;
    let has = |member: &[u8]| set.as_ref().is_some_and(|set| set.contains(member));
    let found = call.args[2..].iter().map(|member| Reply::Integer(has(member).into()));
    Ok(Reply::Array(found.collect()))
}

fn scard(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::count(call.get::<Set>(&key)?.map_or(0, |set| set.len() as u64)))
}

fn smembers(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let members = call.get::<Set>(&key)?.map(|set| set.iter().map(Reply::Bulk).collect());
    Ok(Reply::Set(members.unwrap_or_default()))
}

fn sscan(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, cursor) = (call.arg(1), parse_cursor(&call.args[2])?);
    let Some(set) = call.get::<Set>(&key)? else { return Ok(reply(0, Vec::new())) };
    let options = Options::parse(&call.args[3..], false)?;
    let (next, members) = set.scan(cursor, options.count);
    let shown = members.into_iter().filter(|member| options.shows(member));
    Ok(reply(next, shown.map(Reply::Bulk).collect()))
}
