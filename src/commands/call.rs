//! One run of one command: what a handler sees, and what it leaves behind.

use super::{Block, Classes, Event, Settings};
use crate::keyspace::{Database, Deadline, Entry, Keyspace, Millis, Tracking, Value};
use crate::random::Random;
use crate::rdb::{Layout, Version};
use crate::resp::{Bytes, Protocol};

/// Who asks: it decides what a key past its expiry looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// A client of a master, or a writing client of a writable replica: the key is deleted first.
    Owner,
    /// A client of a replica: the key is there, but treated as missing, until the master deletes
    /// it.
    Reader,
    /// The replica's master: keys never expire, so that both sides compute the same.
    Upstream,
}

/// A run of a command.
#[derive(Debug)]
pub struct Call<'a> {
    /// All data.
    pub keyspace: &'a mut Keyspace,
    /// The database that the client has selected.
    pub db: usize,
    /// The time, frozen for the whole command, script or transaction.
    pub now: Millis,
    /// Who asks.
    pub viewer: Viewer,
    /// The version of RESP that the asker speaks: some replies are built differently in each.
    pub protocol: Protocol,
    /// True if the asker can be kept waiting: false inside MULTI and for a master's commands.
    pub may_block: bool,
    /// True if a script asks: what has no order comes to it in the same order everywhere.
    pub by_script: bool,
    /// The name and the arguments.
    pub args: &'a [Bytes],
    /// True if the command only reads: a key that it misses is one that was asked for.
    pub reads: bool,
    /// The node's source of chance.
    pub random: &'a mut Random,
    /// The version of RDB that this server writes.
    pub rdb_version: Version,
    /// True if expiries enter the stream as they were given: relative ones stay relative.
    pub relative_expiries: bool,
    /// True if SET enters the stream anew even where it was given the stamp itself.
    pub rewrites_stamps: bool,
    /// The options that change what data commands do.
    pub settings: &'a Settings,
    /// True if the use of a key is noted: not while a child shares the pages, which would have to
    /// be copied, and not for a client that asked for it.
    pub notes_use: bool,
    /// True if somebody watches keys or waits for them: then it is told which were touched.
    pub tells_touched: bool,
    /// What the command leaves behind.
    pub effects: &'a mut Effects,
}

/// What a command leaves behind beside its reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// How many changes were made; at 0 nothing is propagated.
    pub dirty: u64,
    /// Deletions of keys that had expired, with their databases: they enter the stream before the
    /// command.
    pub expired: Vec<(usize, Vec<Bytes>)>,
    /// What enters the stream in place of the command as typed.
    pub rewritten: Option<Vec<Vec<Bytes>>>,
    /// Propagate although nothing was changed.
    pub forced: bool,
    /// The keys that were changed or deleted, with their databases, if anybody is to be told: for
    /// WATCH and blocked clients.
    pub touched: Vec<(usize, Bytes)>,
    /// A database was emptied: such keys may be too many to tell of them one by one.
    pub flushed: bool,
    /// True if that was FLUSHALL: a server that saves begins its file anew.
    pub emptied: bool,
    /// Keys that were not changed, and yet who waits for them is to look again.
    pub woken: Vec<(usize, Bytes)>,
    /// What has happened to keys, for those who are to be told.
    pub events: Vec<Event>,
    /// How many values are so large that Redis frees them in another thread.
    pub freed_later: u64,
    /// How many keys a reading command has found.
    pub hits: u64,
    /// How many it has missed.
    pub misses: u64,
    /// RESTORE was given a damaged value, laid out like this.
    pub damaged: Option<Layout>,
    /// The command has done nothing and wants to be run again: its reply is silent.
    pub block: Option<Box<Block>>,
}

impl Effects {
    /// True if there is nothing to tell anybody, as of nearly all commands.
    pub const fn are_counts_only(&self) -> bool {
        let Self {
            dirty: _,
            freed_later: _,
            hits: _,
            misses: _,
            // What is propagated, and who is kept waiting, has been seen to.
            rewritten: _,
            forced: _,
            block: _,
            expired,
            touched,
            flushed,
            emptied,
            woken,
            events,
            damaged,
        } = self;
        let keys = expired.is_empty() && touched.is_empty() && woken.is_empty();
        keys && events.is_empty() && !*flushed && !*emptied && damaged.is_none()
    }
}

/// What becomes of a key's expiry when it is given a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It stays.
    Keep,
    /// It is taken away.
    Clear,
    /// It is set.
    At(Millis),
}

impl<'a> Call<'a> {
    /// The argument at `index`.
    ///
    /// # Panics
    /// If the arity did not promise it.
    pub fn arg(&self, index: usize) -> Bytes {
        Bytes::clone(&self.args[index])
    }

    /// True if the argument at `index` is `word`, in any case.
    pub fn is(&self, index: usize, word: &str) -> bool {
        self.args.get(index).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The selected database.
    pub fn database(&mut self) -> &mut Database {
        self.keyspace.db_mut(self.db)
    }

    /// The entry of `key` as the viewer sees it; an owner deletes it first if it has expired.
    pub fn entry(&mut self, key: &[u8]) -> Option<&Entry> {
        self.entry_in(self.db, key)
    }

    /// The entry of `key` in database `db` as the viewer sees it.
    pub fn entry_in(&mut self, db: usize, key: &[u8]) -> Option<&Entry> {
        let found = self.find(db, key, self.notes_use, &mut |_| {});
        if found { self.keyspace.db(db).get(key) } else { None }
    }

    /// The entry of `key`, by a look that is no use.
    pub fn peek(&mut self, key: &[u8]) -> Option<&Entry> {
        let found = self.find(self.db, key, false, &mut |_| {});
        if found { self.keyspace.db(self.db).get(key) } else { None }
    }

    /// True if the viewer sees `key`.
    pub fn exists(&mut self, key: &[u8]) -> bool {
        self.find(self.db, key, self.notes_use, &mut |_| {})
    }

    /// Shows the entry of `key` as it was before this use, if the viewer sees it; true if so.
    pub(super) fn find(
        &mut self,
        db: usize,
        key: &[u8],
        used: bool,
        show: &mut dyn FnMut(&Entry),
    ) -> bool {
        let Some(entry) = self.keyspace.db(db).get(key) else {
            self.missed(db, key);
            return false;
        };
        let expired = entry.expires.at().is_some_and(|at| self.now > at);
        if expired && self.viewer != Viewer::Upstream {
            if self.viewer == Viewer::Owner {
                self.delete_expired(db, key);
            }
            self.missed(db, key);
            return false;
        }
        show(entry);
        let before = entry.access;
        self.effects.hits += u64::from(self.reads);
        if used {
            let access = self.settings.tracking.used(before, self.now, self.random);
            if access != before {
                self.keyspace.db_mut(db).set_access(key, access);
            }
        }
        true
    }

    /// The value of `key` as the viewer sees it.
    pub fn value(&mut self, key: &[u8]) -> Option<&Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of `key`, to be changed in place; the caller counts the change.
    pub fn value_mut(&mut self, key: &[u8]) -> Option<&mut Value> {
        self.entry(key)?;
        self.database().value_mut(key)
    }

    /// Gives `key` a value; one change.
    pub fn set(&mut self, key: Bytes, value: Value, expiry: Expiry) {
        let (now, tracking) = (self.now, self.settings.tracking);
        let database = self.keyspace.db(self.db);
        // What it holds is mostly of no account, and a look at it is half of what there is to do.
        let counts = tracking != Tracking::Recency
            || (expiry == Expiry::Keep && database.volatile_len() > 0)
            || self.settings.notify.tell(Classes::NEW);
        let before = if counts { database.get(&key) } else { None };
        let expires = match expiry {
            Expiry::Keep => before.and_then(|entry| entry.expires.at()),
            Expiry::Clear => None,
            Expiry::At(at) => Some(at),
        };
        let access = before
            .map_or_else(|| tracking.fresh(now), |entry| tracking.rewritten(entry.access, now));
        if before.is_none() {
            self.event(Classes::NEW, "new", &key);
        }
        self.touch(&key);
        self.database().put(Entry { key, value, expires: expires.into(), access });
        self.effects.dirty += 1;
    }

    /// Gives `key`, which holds nothing, a value without an expiry; the caller counts the change.
    pub fn create(&mut self, key: Bytes, value: Value) {
        let access = self.settings.tracking.fresh(self.now);
        self.database().put(Entry { key, value, expires: Deadline::NEVER, access });
    }

    /// Deletes `key` if the viewer sees it; one change.
    pub fn delete(&mut self, key: &[u8]) -> bool {
        self.entry(key).is_some() && self.clear(key)
    }

    /// Deletes `key`, also if it has expired: what a command stores there is nothing.
    pub fn clear(&mut self, key: &[u8]) -> bool {
        if self.database().remove(key).is_none() {
            return false;
        }
        self.touch(key);
        self.event(Classes::GENERIC, "del", key);
        self.effects.dirty += 1;
        true
    }

    /// Says that `key` is about to hold something, which is new if it holds nothing yet.
    pub(super) fn appears(&mut self, key: &[u8]) {
        if self.keyspace.db(self.db).get(key).is_none() {
            self.event(Classes::NEW, "new", key);
        }
    }

    /// Says that `key` of the selected database was changed.
    pub fn touch(&mut self, key: &[u8]) {
        self.touch_in(self.db, key);
    }

    /// Says that `key` of database `db` was changed.
    pub(super) fn touch_in(&mut self, db: usize, key: &[u8]) {
        if self.tells_touched {
            self.effects.touched.push((db, Bytes::from(key)));
        }
    }

    /// Says that the collection at `key` was given more, by `changes` changes.
    pub fn grown(&mut self, key: &[u8], changes: u64) {
        self.touch(key);
        self.effects.dirty += changes;
    }

    /// Says that the collection at `key` was changed in place, `changes` times; an empty one goes.
    pub fn changed(&mut self, key: &[u8], changes: u64) {
        self.grown(key, changes);
        let value = self.database().get(key).map(|entry| &entry.value);
        if value.is_some_and(Value::is_empty_collection) {
            self.database().remove(key);
            self.event(Classes::GENERIC, "del", key);
        }
    }

    /// Gives `key` the value that a command computed, or deletes it if that is empty.
    pub fn store(&mut self, key: Bytes, value: Value) {
        if value.is_empty_collection() {
            self.clear(&key);
        } else {
            self.set(key, value, Expiry::Clear);
        }
    }

    /// Lets the stream carry `args` in place of the command as typed.
    pub fn propagate_as<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        self.effects.rewritten = Some(vec![args.iter().map(|a| Bytes::from(a.as_ref())).collect()]);
    }

    /// True if an expiry at `at` means that the key is gone at once: never on a replica, which
    /// keeps the key with a past expiry until its master deletes it.
    pub fn is_past(&self, at: Millis) -> bool {
        self.viewer == Viewer::Owner && at <= self.now
    }

    /// The name under which the deletion of an expired key enters the stream.
    pub const fn expiry_deletion(&self) -> &'static str {
        if self.settings.lazy_expire { "UNLINK" } else { "DEL" }
    }

    /// The name under which a deletion that a command implies enters the stream.
    pub const fn implicit_deletion(&self) -> &'static str {
        if self.settings.lazy_server_del { "UNLINK" } else { "DEL" }
    }

    /// True if `key` is past its expiry: later than the stamp, not at it.
    pub fn is_expired(&self, db: usize, key: &[u8]) -> bool {
        let entry = self.keyspace.db(db).get(key);
        entry.and_then(|entry| entry.expires.at()).is_some_and(|at| self.now > at)
    }

    fn missed(&mut self, db: usize, key: &[u8]) {
        if self.reads {
            self.effects.misses += 1;
            self.event_in(db, Classes::MISS, "keymiss", key);
        }
    }

    fn delete_expired(&mut self, db: usize, key: &[u8]) {
        self.keyspace.db_mut(db).remove(key);
        let key = Bytes::from(key);
        self.event_in(db, Classes::EXPIRED, "expired", &key);
        self.touch_in(db, &key);
        let name = Bytes::from(self.expiry_deletion().as_bytes());
        self.effects.expired.push((db, vec![name, key]));
    }
}
