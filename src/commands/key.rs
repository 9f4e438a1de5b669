//! Keys of any type. *Source*: Redis 7.2 · db.c.

use super::{Call, Flags, Group, Handler, Keys, Refusal, Spec};
use crate::resp::{Bytes, Reply};

pub(super) const TABLE: &[Spec] = &[
    row("del", -2, Flags::WRITE, Keys::ALL, "key [key ...]", "Deletes keys.", del),
    row(
        "unlink",
        -2,
        WRITE_FAST,
        Keys::ALL,
        "key [key ...]",
        "Deletes keys, and frees them later.",
        del,
    ),
    row("exists", -2, READ_FAST, Keys::ALL, "key [key ...]", "Counts the keys that exist.", exists),
    row("type", 2, READ_FAST, Keys::FIRST, "key", "Answers the type of a key's value.", type_of),
    row("dbsize", 1, READ_FAST, Keys::NONE, "", "Counts the keys of the database.", dbsize),
    row(
        "flushdb",
        -1,
        Flags::WRITE,
        Keys::NONE,
        "[ASYNC|SYNC]",
        "Deletes all keys of the database.",
        flushdb,
    ),
    row(
        "flushall",
        -1,
        Flags::WRITE,
        Keys::NONE,
        "[ASYNC|SYNC]",
        "Deletes all keys of all databases.",
        flushall,
    ),
];

const WRITE_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const READ_FAST: Flags = Flags::READONLY.and(Flags::FAST);

const fn row(
    name: &'static str,
    arity: i32,
    flags: Flags,
    keys: Keys,
    usage: &'static str,
    summary: &'static str,
    handler: Handler,
) -> Spec {
    Spec { name, arity, flags, keys, group: Group::Generic, usage, summary, handler }
}

fn del(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut deleted = 0;
    for index in 1..call.args.len() {
        let key = call.arg(index);
        deleted += i64::from(call.delete(&key));
    }
    Ok(Reply::Integer(deleted))
}

fn exists(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut found = 0;
    for index in 1..call.args.len() {
        let key = call.arg(index);
        found += i64::from(call.entry(&key).is_some());
    }
    Ok(Reply::Integer(found))
}

fn type_of(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::Simple(call.value(&key).map_or("none", |value| value.type_name()).into()))
}

fn dbsize(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::count(call.database().len()))
}

/// Both flushes enter the stream always, even when there was nothing to delete.
fn flushdb(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    check_flush_mode(call)?;
    flush(call, call.db);
    Ok(Reply::OK)
}

fn flushall(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    check_flush_mode(call)?;
    for db in 0..call.keyspace.databases() {
        flush(call, db);
    }
    Ok(Reply::OK)
}

fn check_flush_mode(call: &Call<'_>) -> Result<(), Refusal> {
    match call.args.len() {
        1 => Ok(()),
        2 if call.is(1, "async") || call.is(1, "sync") => Ok(()),
        _ => Err(Refusal::Syntax),
    }
}

fn flush(call: &mut Call<'_>, db: usize) {
    let keys: Vec<_> = call.keyspace.db(db).iter().map(|e| (db, Bytes::clone(&e.key))).collect();
    call.effects.touched.extend(keys);
    call.effects.dirty += call.keyspace.db(db).len();
    call.effects.forced = true;
    call.keyspace.db_mut(db).clear();
}
