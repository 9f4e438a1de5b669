//! Lists, one key at a time. *Source*: Redis 7.2 · t_list.c.

pub(super) mod pop;
pub(super) mod shift;

use super::args::{clamp, span};
use super::rows::rows;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::{End, List, Piece};
use crate::resp::Reply;

pub(super) const TABLE: &[Spec] = rows! { List;
    "lpush" -3 GROW_FAST FIRST lpush, "key element [element ...]",
        "Pushes elements to the head of a list.";
    "rpush" -3 GROW_FAST FIRST rpush, "key element [element ...]",
        "Pushes elements to the tail of a list.";
    "lpushx" -3 GROW_FAST FIRST lpushx, "key element [element ...]",
        "Pushes elements to the head of a list that exists.";
    "rpushx" -3 GROW_FAST FIRST rpushx, "key element [element ...]",
        "Pushes elements to the tail of a list that exists.";
    "llen" 2 READ_FAST FIRST llen, "key", "Answers the length of a list.";
    "lindex" 3 READ FIRST lindex, "key index", "Answers an element of a list.";
    "lset" 4 GROW FIRST lset, "key index element", "Replaces an element of a list.";
    "linsert" 5 GROW FIRST linsert, "key BEFORE|AFTER pivot element",
        "Puts an element beside another.";
    "lrange" 4 READ FIRST lrange, "key start stop", "Answers some elements of a list.";
    "ltrim" 4 WRITE FIRST ltrim, "key start stop", "Keeps only some elements of a list.";
    "lrem" 4 WRITE FIRST lrem, "key count element", "Takes equal elements out of a list.";
    "lpos" -3 READ FIRST lpos, "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
        "Finds where equal elements are.";
};

fn lpush(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    push(call, End::Left)
}

fn rpush(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    push(call, End::Right)
}

fn lpushx(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    push_if_there(call, End::Left)
}

fn rpushx(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    push_if_there(call, End::Right)
}

fn push(call: &mut Call<'_>, end: End) -> Result<Reply, Refusal> {
    let (key, fill) = (call.arg(1), call.settings.list_fill);
    let elements = &call.args[2..];
    let list = call.get_or_create(&key, List::default)?;
    list.push(end, elements, fill);
    let length = list.len();
    let name = if end == End::Left { "lpush" } else { "rpush" };
    call.event(Classes::LIST, name, &key);
    call.grown(&key, elements.len() as u64);
    Ok(Reply::count(length as u64))
}

fn push_if_there(call: &mut Call<'_>, end: End) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    if call.get::<List>(&key)?.is_none() {
        return Ok(Reply::Integer(0));
    }
    push(call, end)
}

fn llen(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::count(call.get::<List>(&key)?.map_or(0, |list| list.len() as u64)))
}

/// The place of `index`, which may be counted from the end.
fn place(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { len as i64 + index } else { index };
    usize::try_from(index).ok()
}

fn lindex(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let Some(list) = call.get::<List>(&key)? else { return Ok(Reply::Null) };
    let index = place(call.integer(2)?, list.len());
    let element = index.and_then(|index| list.get(index));
    Ok(element.map_or(Reply::Null, |element| Reply::Bulk(element.to_bytes())))
}

fn lset(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (key, fill) = (call.arg(1), call.settings.list_fill);
    let len = call.get::<List>(&key)?.ok_or(Refusal::NoSuchKey)?.len();
    let index = place(call.integer(2)?, len);
    let element = call.arg(3);
    let list = call.get_mut::<List>(&key)?.ok_or(Refusal::NoSuchKey)?;
    if !list.replace(index.unwrap_or(usize::MAX), element, fill) {
        return Err(Refusal::IndexOutOfRange);
    }
    call.event(Classes::LIST, "lset", &key);
    call.changed(&key, 1);
    Ok(Reply::OK)
}

fn linsert(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let after = call.is(2, "after");
    if !after && !call.is(2, "before") {
        return Err(Refusal::Syntax);
    }
    let (key, fill) = (call.arg(1), call.settings.list_fill);
    let (pivot, element) = (call.arg(3), call.arg(4));
    let Some(list) = call.get_mut::<List>(&key)? else { return Ok(Reply::Integer(0)) };
    if !list.insert(&pivot, after, element, fill) {
        return Ok(Reply::Integer(-1));
    }
    let length = list.len();
    call.event(Classes::LIST, "linsert", &key);
    call.changed(&key, 1);
    Ok(Reply::count(length as u64))
}

fn lrange(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.arg(1);
    let list = call.get::<List>(&key)?.unwrap_or_default();
    let range = span(start, end, list.len());
    let elements = list.iter_from(range.start).take(range.len());
    Ok(Reply::Array(elements.map(|element| Reply::Bulk(element.to_bytes())).collect()))
}

fn ltrim(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let (key, fill) = (call.arg(1), call.settings.list_fill);
    let Some(list) = call.get_mut::<List>(&key)? else { return Ok(Reply::OK) };
    let before = list.len();
    let range = span(start, end, before);
    list.trim(range.start, range.end, fill);
    let gone = before - list.len();
    call.event(Classes::LIST, "ltrim", &key);
    call.changed(&key, gone as u64);
    Ok(Reply::OK)
}

fn lrem(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let count = call.draws(2)?;
    let (key, fill) = (call.arg(1), call.settings.list_fill);
    let element = call.arg(3);
    let limit = if count == 0 { usize::MAX } else { clamp(count.abs()) };
    let from = if count < 0 { End::Right } else { End::Left };
    let Some(list) = call.get_mut::<List>(&key)? else { return Ok(Reply::Integer(0)) };
    let gone = list.remove(&element, from, limit, fill);
    if gone > 0 {
        call.event(Classes::LIST, "lrem", &key);
        call.changed(&key, gone as u64);
    }
    Ok(Reply::count(gone as u64))
}

/// The options of LPOS.
#[derive(Clone, Copy, Debug)]
struct Search {
    /// The first match that counts, 1 for the first; negative from the tail.
    rank: i64,
    /// How many matches are wanted, 0 for all; none if only one is, and not as an array.
    count: Option<usize>,
    /// How many elements are compared; 0 for all.
    compared_max: usize,
}

impl Search {
    fn parse(call: &Call<'_>) -> Result<Self, Refusal> {
        let mut search = Self { rank: 1, count: None, compared_max: 0 };
        for index in (3..call.args.len()).step_by(2) {
            let value = index + 1;
            if value == call.args.len() {
                return Err(Refusal::Syntax);
            } else if call.is(index, "rank") {
                search.rank = call.draws(value)?;
                if search.rank == 0 {
                    return Err(Refusal::other(RANK_ZERO));
                }
            } else if call.is(index, "count") {
                let count = call.at_least(0, value, "ERR COUNT can't be negative")?;
                search.count = Some(count);
            } else if call.is(index, "maxlen") {
                search.compared_max = call.at_least(0, value, "ERR MAXLEN can't be negative")?;
            } else {
                return Err(Refusal::Syntax);
            }
        }
        Ok(search)
    }

    fn places(&self, list: &List, element: &[u8]) -> Vec<usize> {
        let equals = Piece::equals(element);
        let all = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        let last = list.len().saturating_sub(1);
        let elements: Box<dyn Iterator<Item = (usize, Piece<'_>)>> = if self.rank < 0 {
            Box::new(list.iter().rev().enumerate().map(move |(back, other)| (last - back, other)))
        } else {
            Box::new(list.iter().enumerate())
        };
        let matching = elements.take(all(self.compared_max)).filter(|(_, other)| equals(*other));
        let skipped = clamp(self.rank.abs() - 1);
        let wanted = all(self.count.unwrap_or(1));
        matching.map(|(at, _)| at).skip(skipped).take(wanted).collect()
    }
}

fn lpos(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let search = Search::parse(call)?;
    let key = call.arg(1);
    let list = call.get::<List>(&key)?.unwrap_or_default();
    let places = search.places(&list, &call.args[2]);
    let mut replies = places.into_iter().map(|at| Reply::count(at as u64));
    Ok(match search.count {
        Some(_) => Reply::Array(replies.collect()),
        None => replies.next().unwrap_or(Reply::Null),
    })
}

const RANK_ZERO: &str = concat!(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... ",
    "or use negative to start from the end of the list"
);
