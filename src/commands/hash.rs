//! Hashes. *Source*: Redis 7.2 · t_hash.c.

use super::long_double::LongDouble;
use super::rows::rows;
use super::scan::{Options, parse_cursor, reply};
use super::set::draw::draws;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::Hash;
use crate::resp::{Bytes, Protocol, Reply, parse_integer};

pub(super) const TABLE: &[Spec] = rows! { Hash;
    "hset" -4 GROW_FAST FIRST hset, "key field value [field value ...]",
        "Sets fields of a hash.";
    "hmset" -4 GROW_FAST FIRST hmset, "key field value [field value ...]",
        "Sets fields of a hash; HSET says how many are new.";
    "hsetnx" 4 GROW_FAST FIRST hsetnx, "key field value",
        "Sets a field of a hash if it has no value.";
    "hget" 3 READ_FAST FIRST hget, "key field", "Answers a field of a hash.";
    "hmget" -3 READ_FAST FIRST hmget, "key field [field ...]", "Answers fields of a hash.";
    "hdel" -3 WRITE_FAST FIRST hdel, "key field [field ...]", "Deletes fields of a hash.";
    "hlen" 2 READ_FAST FIRST hlen, "key", "Counts the fields of a hash.";
    "hstrlen" 3 READ_FAST FIRST hstrlen, "key field", "Answers the length of a field.";
    "hexists" 3 READ_FAST FIRST hexists, "key field", "Answers whether a hash has a field.";
    "hincrby" 4 GROW_FAST FIRST hincrby, "key field increment", "Adds to a field.";
    "hincrbyfloat" 4 GROW_FAST FIRST hincrbyfloat, "key field increment",
        "Adds to a field that may have a fraction.";
    "hkeys" 2 READ FIRST hkeys, "key", "Lists the names of the fields of a hash.";
    "hvals" 2 READ FIRST hvals, "key", "Lists the values of the fields of a hash.";
    "hgetall" 2 READ FIRST hgetall, "key", "Lists the fields of a hash with their values.";
    "hrandfield" -2 READ FIRST hrandfield, "key [count [WITHVALUES]]",
        "Answers any fields of a hash.";
    "hscan" -3 READ FIRST hscan, "key cursor [MATCH pattern] [COUNT count]",
        "Lists some fields of a hash, and where to go on.";
};

fn hset(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::count(set_fields(call, "hset")?))
}

fn hmset(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    set_fields(call, "hmset")?;
    Ok(Reply::OK)
}

/// Sets all fields, and returns how many are new.
fn set_fields(call: &mut Call<'_>, name: &str) -> Result<u64, Refusal> {
    if !call.args.len().is_multiple_of(2) {
        return Err(Refusal::Arity(name.to_owned()));
    }
    let (key, limits) = (call.arg(1), call.settings.hash_limits());
    let fields = &call.args[2..];
    let hash = call.get_or_create(&key, Hash::default)?;
    hash.expect(fields, &limits);
    let mut created = 0;
    for [name, value] in fields.as_chunks::<2>().0 {
        created += u64::from(hash.set(Bytes::clone(name), Bytes::clone(value), &limits));
    }
    call.event(Classes::HASH, "hset", &key);
    call.grown(&key, fields.len() as u64 / 2);
    Ok(created)
}

fn hsetnx(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, limits) = (call.arg(1), call.settings.hash_limits());
    if call.get::<Hash>(&key)?.is_some_and(|hash| hash.get(&call.args[2]).is_some()) {
        return Ok(Reply::Integer(0));
    }
    let (name, value) = (call.arg(2), call.arg(3));
    call.get_or_create(&key, Hash::default)?.set(name, value, &limits);
    call.event(Classes::HASH, "hset", &key);
    call.changed(&key, 1);
    Ok(Reply::Integer(1))
}

/// The value of the field that the argument at `index` names.
fn field(call: &mut Call<'_>, index: usize) -> Result<Option<Bytes>, Refusal> {
    let key = call.arg(1);
    Ok(call.get::<Hash>(&key)?.and_then(|hash| hash.get(&call.args[index])))
}

fn hget(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(field(call, 2)?.map_or(Reply::Null, Reply::Bulk))
}

fn hmget(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let hash = call.get::<Hash>(&key)?.unwrap_or_default();
    let values = call.args[2..].iter().map(|name| hash.get(name));
    Ok(Reply::Array(values.map(|value| value.map_or(Reply::Null, Reply::Bulk)).collect()))
}

fn hdel(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let names = &call.args[2..];
    let Some(hash) = call.get_mut::<Hash>(&key)? else { return Ok(Reply::Integer(0)) };
    let deleted = names.iter().filter(|name| hash.remove(name).is_some()).count();
    if deleted > 0 {
        call.event(Classes::HASH, "hdel", &key);
        call.changed(&key, deleted as u64);
    }
    Ok(Reply::count(deleted as u64))
}

fn hlen(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::count(call.get::<Hash>(&key)?.map_or(0, |hash| hash.len() as u64)))
}

fn hstrlen(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::count(field(call, 2)?.map_or(0, |value| value.len() as u64)))
}

fn hexists(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::Integer(field(call, 2)?.is_some().into()))
}

fn hincrby(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let increment = call.integer(3)?;
    let not_integer = || Refusal::other("ERR hash value is not an integer");
    let before = match field(call, 2)? {
        None => 0,
        Some(value) => parse_integer(&value).ok_or_else(not_integer)?,
    };
    let after = before.checked_add(increment).ok_or(Refusal::Overflow)?;
    put(call, Bytes::from(after.to_string().into_bytes()), "hincrby")?;
    Ok(Reply::Integer(after))
}

fn hincrbyfloat(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let increment = LongDouble::parse(&call.args[3]).ok_or(Refusal::NotAFloat)?;
    if increment.is_infinite() {
        return Err(Refusal::other("ERR value is NaN or Infinity"));
    }
    let not_float = || Refusal::other("ERR hash value is not a float");
    let before = match field(call, 2)? {
        None => LongDouble::ZERO,
        Some(value) => LongDouble::parse(&value).ok_or_else(not_float)?,
    };
    let after = before.plus(increment).ok_or(Refusal::NotFinite)?;
    let text = Bytes::from(after.to_string().into_bytes());
    call.propagate_as(&[&b"HSET"[..], &call.args[1], &call.args[2], &text]);
    put(call, Bytes::clone(&text), "hincrbyfloat")?;
    Ok(Reply::Bulk(text))
}

/// Gives the field that the second argument names a value.
fn put(call: &mut Call<'_>, value: Bytes, event: &'static str) -> Result<(), Refusal> {
    let (key, name, limits) = (call.arg(1), call.arg(2), call.settings.hash_limits());
    call.get_or_create(&key, Hash::default)?.set(name, value, &limits);
    call.event(Classes::HASH, event, &key);
    call.changed(&key, 1);
    Ok(())
}

fn hkeys(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let hash = call.get::<Hash>(&key)?.unwrap_or_default();
    Ok(Reply::Array(hash.iter().map(|(name, _)| Reply::Bulk(name)).collect()))
}

fn hvals(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let hash = call.get::<Hash>(&key)?.unwrap_or_default();
    Ok(Reply::Array(hash.iter().map(|(_, value)| Reply::Bulk(value)).collect()))
}

fn hgetall(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let hash = call.get::<Hash>(&key)?.unwrap_or_default();
    Ok(Reply::Map(hash.iter().map(bulks).collect()))
}

fn bulks((name, value): (Bytes, Bytes)) -> (Reply, Reply) {
    (Reply::Bulk(name), Reply::Bulk(value))
}

fn hrandfield(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    if call.args.len() == 2 {
        let Some(hash) = call.get::<Hash>(&key)? else { return Ok(Reply::Null) };
        let field = hash.nth(call.random.below(hash.len() as u64) as usize);
        return Ok(field.map_or(Reply::Null, |(name, _)| Reply::Bulk(name)));
    }
    let (count, with_values) = call.draws_with("withvalues")?;
    let Some(hash) = call.get::<Hash>(&key)? else { return Ok(Reply::Array(Vec::new())) };
    let drawn = draws(call.random, hash.len(), count).filter_map(|rank| hash.nth(rank)).map(bulks);
    Ok(if with_values {
        pairs(drawn, call.protocol)
    } else {
        Reply::Array(drawn.map(|(name, _)| name).collect())
    })
}

impl Call<'_> {
    /// The count of a command that draws by chance, and whether it is followed by `word`.
    pub(super) fn draws_with(&self, word: &str) -> Result<(i64, bool), Refusal> {
        let count = self.bounded_draws(self.draws(2)?);
        let doubled = match self.args.len() {
            3 => false,
            4 if self.is(3, word) => true,
            _ => return Err(Refusal::Syntax),
        };
        if doubled && !(-i64::MAX / 2..=i64::MAX / 2).contains(&count) {
            return Err(Refusal::other("ERR value is out of range"));
        }
        Ok((count, doubled))
    }
}

/// Pairs in an order: one after another in RESP2, each an array of its own in RESP3.
pub(super) fn pairs(pairs: impl Iterator<Item = (Reply, Reply)>, protocol: Protocol) -> Reply {
    Reply::Array(match protocol {
        Protocol::Resp2 => pairs.flat_map(|(name, value)| [name, value]).collect(),
        Protocol::Resp3 => pairs.map(|(name, value)| Reply::Array(vec![name, value])).collect(),
    })
}

fn hscan(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, cursor) = (call.arg(1), parse_cursor(&call.args[2])?);
    let Some(hash) = call.get::<Hash>(&key)? else { return Ok(reply(0, Vec::new())) };
    let options = Options::parse(&call.args[3..], false)?;
    let (next, fields) = hash.scan(cursor, options.count);
    let shown = fields.into_iter().filter(|(name, _)| options.shows(name)).map(bulks);
    Ok(reply(next, shown.flat_map(|(name, value)| [name, value]).collect()))
}
