//! Popping from lists, at once or as soon as there is something.
//!
//! Commands that choose among several keys, and those that may wait, enter the stream as the plain
//! pop that they came to be.

use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::{End, List};
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { List;
    "lpop" -2 WRITE_FAST FIRST lpop, "key [count]", "Pops elements from the head of a list.";
    "rpop" -2 WRITE_FAST FIRST rpop, "key [count]", "Pops elements from the tail of a list.";
    "lmpop" -4 WRITE_SOME NONE lmpop, "numkeys key [key ...] LEFT|RIGHT [COUNT count]",
        "Pops elements from the first list that is there.";
    "blpop" -3 WAIT ALL_BUT_LAST blpop, "key [key ...] timeout",
        "Pops from the head of the first list that is there, or waits for one.";
    "brpop" -3 WAIT ALL_BUT_LAST brpop, "key [key ...] timeout",
        "Pops from the tail of the first list that is there, or waits for one.";
    "blmpop" -5 WAIT_SOME NONE blmpop, "timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]",
        "Pops elements from the first list that is there, or waits for one.";
};

/// The plain command that pops from `end`.
const fn plain_name(end: End) -> &'static str {
    match end {
        End::Left => "LPOP",
        End::Right => "RPOP",
    }
}

/// The end that the argument at `index` names.
pub(super) fn end_at(call: &Call<'_>, index: usize) -> Result<End, Refusal> {
    if call.is(index, "left") {
        Ok(End::Left)
    } else if call.is(index, "right") {
        Ok(End::Right)
    } else {
        Err(Refusal::Syntax)
    }
}

fn lpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop(call, End::Left)
}

fn rpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop(call, End::Right)
}

fn pop(call: &mut Call<'_>, end: End) -> Result<Reply, Refusal> {
    let count = match call.args.len() {
        2 => None,
        3 => Some(call.count(2)?),
        _ => return Err(Refusal::Arity(plain_name(end).to_ascii_lowercase())),
    };
    let key = call.arg(1);
    let popped = take(call, &key, end, count.unwrap_or(1))?;
    Ok(match (popped, count) {
        (None, Some(_)) => Reply::NullArray,
        (Some(popped), Some(_)) => Reply::Array(popped),
        (popped, None) => popped.unwrap_or_default().pop().unwrap_or(Reply::Null),
    })
}

/// Pops up to `count` elements of a list; none if there is no list.
fn take(
    call: &mut Call<'_>,
    key: &Bytes,
    end: End,
    count: usize,
) -> Result<Option<Vec<Reply>>, Refusal> {
    let fill = call.settings.list_fill;
    let Some(list) = call.get_mut::<List>(key)? else { return Ok(None) };
    if count == 0 {
        return Ok(Some(Vec::new()));
    }
    let popped = list.pop(end, count, fill);
    let name = if end == End::Left { "lpop" } else { "rpop" };
    call.event(Classes::LIST, name, key);
    call.changed(key, popped.len() as u64);
    Ok(Some(popped.into_iter().map(Reply::Bulk).collect()))
}

/// Several keys, an end and a count: what LMPOP is asked for.
struct Request<'a> {
    keys: &'a [Bytes],
    end: End,
    count: usize,
}

impl<'a> Request<'a> {
    /// Reads from the argument at `index`, which is the number of keys.
    fn parse(call: &Call<'a>, index: usize) -> Result<Self, Refusal> {
        let number = call.at_least(1, index, "ERR numkeys should be greater than 0")?;
        let (_, behind) = call.numbered_keys(index, number).ok_or(Refusal::Syntax)?;
        let end = end_at(call, behind)?;
        let count = call.counted(behind + 1)?;
        Ok(Self { keys: &call.args[index + 1..behind], end, count })
    }

    /// Pops from the first key that holds a list.
    fn serve(&self, call: &mut Call<'_>) -> Result<Option<Reply>, Refusal> {
        let Some(key) = first_list(call, self.keys)? else { return Ok(None) };
        let popped = take(call, &key, self.end, self.count)?.unwrap_or_default();
        let count = popped.len().to_string();
        call.propagate_as(&[plain_name(self.end).as_bytes(), &key, count.as_bytes()]);
        Ok(Some(Reply::Array(vec![Reply::Bulk(key), Reply::Array(popped)])))
    }
}

/// The first of `keys` that holds a list; one that holds another type before it is refused.
fn first_list(call: &mut Call<'_>, keys: &[Bytes]) -> Result<Option<Bytes>, Refusal> {
    for key in keys {
        if call.get::<List>(key)?.is_some() {
            return Ok(Some(Bytes::clone(key)));
        }
    }
    Ok(None)
}

fn lmpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, 1)?;
    Ok(request.serve(call)?.unwrap_or(Reply::NullArray))
}

fn blmpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, 2)?;
    let timeout = call.timeout(1)?;
    match request.serve(call)? {
        Some(reply) => Ok(reply),
        None => Ok(call.wait_for(request.keys, "list", timeout, Reply::NullArray)),
    }
}

fn blpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop_or_wait(call, End::Left)
}

fn brpop(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    pop_or_wait(call, End::Right)
}

fn pop_or_wait(call: &mut Call<'_>, end: End) -> Result<Reply, Refusal> {
    let last = call.args.len() - 1;
    let timeout = call.timeout(last)?;
    let keys = &call.args[1..last];
    let Some(key) = first_list(call, keys)? else {
        return Ok(call.wait_for(keys, "list", timeout, Reply::NullArray));
    };
    let popped = take(call, &key, end, 1)?.unwrap_or_default();
    call.propagate_as(&[plain_name(end).as_bytes(), &key]);
    Ok(Reply::Array([vec![Reply::Bulk(key)], popped].concat()))
}
