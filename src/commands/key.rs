//! Keys of any type. *Source*: Redis 7.2 · db.c.

use super::rows::rows;
use super::{Call, Classes, Refusal, Spec, Viewer};
use crate::keyspace::Entry;
use crate::resp::{Bytes, Reply};

pub(super) const TABLE: &[Spec] = rows! { Generic;
    "del" -2 WRITE ALL del, "key [key ...]", "Deletes keys.";
    "unlink" -2 WRITE_FAST ALL del, "key [key ...]", "Deletes keys, and frees them later.";
    "exists" -2 READ_FAST ALL exists, "key [key ...]", "Counts the keys that exist.";
    "touch" -2 READ_FAST ALL touch, "key [key ...]", "Counts the keys that exist, as a use.";
    "type" 2 READ_FAST FIRST type_of, "key", "Answers the type of a key's value.";
    "dbsize" 1 READ_FAST NONE dbsize, "", "Counts the keys of the database.";
    "randomkey" 1 READ_ANY NONE randomkey, "", "Answers any key.";
    "rename" 3 WRITE FIRST_TWO rename, "key newkey", "Gives a key another name.";
    "renamenx" 3 WRITE_FAST FIRST_TWO renamenx, "key newkey",
        "Gives a key another name that no key has.";
    "copy" -3 GROW FIRST_TWO copy, "source destination [DB destination-db] [REPLACE]",
        "Copies a key's value to another key.";
    "move" 3 WRITE_FAST FIRST move_to, "key db", "Moves a key to another database.";
    "swapdb" 3 WRITE_FAST NONE swapdb, "index1 index2", "Exchanges two databases.";
    "flushdb" -1 WRITE NONE flushdb, "[ASYNC|SYNC]", "Deletes all keys of the database.";
    "flushall" -1 WRITE NONE flushall, "[ASYNC|SYNC]", "Deletes all keys of all databases.";
};

fn del(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let keys = &call.args[1..];
    if call.settings.lazy_user_del || call.is(0, "unlink") {
        free_later(call);
    }
    Ok(Reply::count(keys.iter().filter(|key| call.delete(key)).count() as u64))
}

/// Counts what Redis frees in another thread: what is not freed in a moment.
#[inline(never)]
fn free_later(call: &mut Call<'_>) {
    let large = |key: &&Bytes| {
        let entry = call.keyspace.db(call.db).get(key);
        entry.is_some_and(|entry| entry.value.free_effort() > FREE_EFFORT_MAX)
    };
    call.effects.freed_later += call.args[1..].iter().filter(large).count() as u64;
}

fn exists(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let keys = &call.args[1..];
    Ok(Reply::count(keys.iter().filter(|key| call.peek(key).is_some()).count() as u64))
}

fn touch(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let keys = &call.args[1..];
    Ok(Reply::count(keys.iter().filter(|key| call.exists(key)).count() as u64))
}

fn type_of(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    Ok(Reply::Simple(call.peek(&key).map_or("none", |entry| entry.value.type_name()).into()))
}

fn dbsize(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::count(call.database().len()))
}

/// Draws until a key is found that has not expired. A reader may not delete those that have: if
/// there may be no others, it gives up after a while and answers one of them.
fn randomkey(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut tries = RANDOM_TRIES_MAX;
    loop {
        let database = call.keyspace.db(call.db);
        let all_volatile = database.len() == database.volatile_len();
        let Some(entry) = database.random(call.random) else { return Ok(Reply::Null) };
        let key = entry.key.clone();
        tries -= 1;
        let gives_up = call.viewer == Viewer::Reader && all_volatile && tries == 0;
        if gives_up || call.exists(&key) {
            return Ok(Reply::Bulk(key));
        }
        tries = tries.max(1);
    }
}

fn rename(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    rename_unless(call, false)?;
    Ok(Reply::OK)
}

fn renamenx(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::Integer(rename_unless(call, true)?.into()))
}

/// False if nothing was done: the names are the same, or the other is `taken` and must not be.
fn rename_unless(call: &mut Call<'_>, taken: bool) -> Result<bool, Refusal> {
    let (key, other) = (call.arg(1), call.arg(2));
    let entry = call.entry(&key).cloned().ok_or(Refusal::NoSuchKey)?;
    if key == other || (call.exists(&other) && taken) {
        return Ok(false);
    }
    // What the other name held is gone without a word.
    call.database().remove(&other);
    call.appears(&other);
    call.database().remove(&key);
    call.database().put(Entry { key: Bytes::clone(&other), ..entry });
    call.touch(&key);
    call.touch(&other);
    call.event(Classes::GENERIC, "rename_from", &key);
    call.event(Classes::GENERIC, "rename_to", &other);
    call.effects.dirty += 1;
    Ok(true)
}

fn copy(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let (mut db, mut replace, mut index) = (call.db, false, 3);
    while index < call.args.len() {
        if call.is(index, "replace") {
            replace = true;
        } else if call.is(index, "db") && index + 1 < call.args.len() {
            index += 1;
            db = call.database_index(index)?;
        } else {
            return Err(Refusal::Syntax);
        }
        index += 1;
    }
    let (key, other) = (call.arg(1), call.arg(2));
    if db == call.db && key == other {
        return Err(Refusal::SameObject);
    }
    let Some(entry) = call.entry(&key).cloned() else { return Ok(Reply::Integer(0)) };
    if call.entry_in(db, &other).is_some() && !replace {
        return Ok(Reply::Integer(0));
    }
    call.event_in(db, Classes::NEW, "new", &other);
    let access = call.settings.tracking.fresh(call.now);
    let copy = Entry { key: Bytes::clone(&other), access, ..entry };
    call.keyspace.db_mut(db).put(copy);
    call.event_in(db, Classes::GENERIC, "copy_to", &other);
    call.touch_in(db, &other);
    call.effects.dirty += 1;
    Ok(Reply::Integer(1))
}

fn move_to(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let db = call.database_index(2)?;
    if db == call.db {
        return Err(Refusal::SameObject);
    }
    let key = call.arg(1);
    let Some(entry) = call.entry(&key).cloned() else { return Ok(Reply::Integer(0)) };
    if call.entry_in(db, &key).is_some() {
        return Ok(Reply::Integer(0));
    }
    call.database().remove(&key);
    call.event_in(db, Classes::NEW, "new", &key);
    call.keyspace.db_mut(db).put(entry);
    call.event(Classes::GENERIC, "move_from", &key);
    call.event_in(db, Classes::GENERIC, "move_to", &key);
    call.touch(&key);
    call.touch_in(db, &key);
    call.effects.dirty += 1;
    Ok(Reply::Integer(1))
}

/// It enters the stream even when both are the same.
fn swapdb(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let read = |index, text: &'static str| {
        let range = i32::MIN.into()..=i32::MAX.into();
        call.integer_in(index, range).map_err(|_| Refusal::other(text))
    };
    let a = read(1, "ERR invalid first DB index")?;
    let b = read(2, "ERR invalid second DB index")?;
    let (a, b) = (call.check_database(a)?, call.check_database(b)?);
    touch_all(call, a);
    touch_all(call, b);
    call.keyspace.swap(a, b);
    touch_all(call, a);
    touch_all(call, b);
    call.effects.dirty += 1;
    Ok(Reply::OK)
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
    call.effects.emptied = true;
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
    touch_all(call, db);
    if call.is(1, "async") || (call.args.len() == 1 && call.settings.lazy_user_flush) {
        call.effects.freed_later += call.keyspace.db(db).len();
    }
    call.effects.dirty += call.keyspace.db(db).len();
    call.effects.forced = true;
    call.effects.flushed = true;
    call.keyspace.db_mut(db).clear();
}

fn touch_all(call: &mut Call<'_>, db: usize) {
    if call.tells_touched {
        let keys = call.keyspace.db(db).iter().map(|entry| (db, entry.key.clone()));
        call.effects.touched.extend(keys);
    }
}

/// Redis' `LAZYFREE_THRESHOLD`.
const FREE_EFFORT_MAX: usize = 64;
/// How often a reader draws from keys that may all have expired.
const RANDOM_TRIES_MAX: u32 = 100;
