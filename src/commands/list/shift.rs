//! Moving an element from one list to another, at once or as soon as there is one.

use super::pop::end_at;
use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec};
use crate::keyspace::{End, List};
use crate::resp::{Bytes, Reply};

pub(in crate::commands) const TABLE: &[Spec] = rows! { List;
    "lmove" 5 GROW FIRST_TWO lmove, "source destination LEFT|RIGHT LEFT|RIGHT",
        "Moves an element from one list to another.";
    "rpoplpush" 3 GROW FIRST_TWO rpoplpush, "source destination",
        "Moves the last element of a list to the head of another.";
    "blmove" 6 WAIT_GROW FIRST_TWO blmove, "source destination LEFT|RIGHT LEFT|RIGHT timeout",
        "Moves an element from one list to another, or waits for one.";
    "brpoplpush" 4 WAIT_GROW FIRST_TWO brpoplpush, "source destination timeout",
        "Moves the last element of a list to the head of another, or waits for one.";
};

fn lmove(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let ends = (end_at(call, 3)?, end_at(call, 4)?);
    Ok(shift(call, ends)?.unwrap_or(Reply::Null))
}

fn rpoplpush(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(shift(call, (End::Right, End::Left))?.unwrap_or(Reply::Null))
}

fn blmove(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let ends = (end_at(call, 3)?, end_at(call, 4)?);
    shift_or_wait(call, ends, "LMOVE")
}

fn brpoplpush(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    shift_or_wait(call, (End::Right, End::Left), "RPOPLPUSH")
}

/// The last argument is the time to wait; without it and under the `plain` name, the command enters
/// the stream.
fn shift_or_wait(call: &mut Call<'_>, ends: (End, End), plain: &str) -> Result<Reply, Refusal> {
    let last = call.args.len() - 1;
    let timeout = call.timeout(last)?;
    if let Some(reply) = shift(call, ends)? {
        let name = Bytes::from(plain.as_bytes());
        let stream = [&[name], &call.args[1..last]].concat();
        call.effects.rewritten = Some(vec![stream]);
        return Ok(reply);
    }
    Ok(call.wait_for(&call.args[1..2], "list", timeout, Reply::Null))
}

/// Moves an element between the lists that the first arguments name; none if there is none.
fn shift(call: &mut Call<'_>, (from, to): (End, End)) -> Result<Option<Reply>, Refusal> {
    let (source, destination) = (call.arg(1), call.arg(2));
    let fill = call.settings.list_fill;
    if call.get::<List>(&source)?.is_none() {
        return Ok(None);
    }
    call.get::<List>(&destination)?;
    let Some(list) = call.get_mut::<List>(&source)? else { return Ok(None) };
    if source == destination {
        let moved = list.rotate(from, to, fill);
        call.event(Classes::LIST, pushed(to), &source);
        call.event(Classes::LIST, popped(from), &source);
        call.changed(&source, 1);
        return Ok(moved.map(Reply::Bulk));
    }
    let Some(element) = list.pop(from, 1, fill).pop() else { return Ok(None) };
    let list = call.get_or_create(&destination, List::default)?;
    list.push_popped(to, Bytes::clone(&element), fill);
    call.touch(&destination);
    call.event(Classes::LIST, pushed(to), &destination);
    call.event(Classes::LIST, popped(from), &source);
    call.changed(&source, 1);
    Ok(Some(Reply::Bulk(element)))
}

const fn pushed(end: End) -> &'static str {
    match end {
        End::Left => "lpush",
        End::Right => "rpush",
    }
}

const fn popped(end: End) -> &'static str {
    match end {
        End::Left => "lpop",
        End::Right => "rpop",
    }
}
