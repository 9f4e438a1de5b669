//! XGROUP: consumer groups and their consumers. *Source*: Redis 7.2 · t_stream.c · xgroupCommand.

use super::Stream;
use super::id::{lenient, strict};
use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Refusal, Spec, help, wrong_words};
use crate::keyspace::{Group, StreamId};
use crate::resp::{Bytes, Reply, text_of};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Stream;
    "xgroup" -2 CONTAINER_WRITE NONE xgroup, concat!(
        "CREATE key group id|$ [MKSTREAM] [ENTRIESREAD entries-read] | CREATECONSUMER key group ",
        "consumer | DELCONSUMER key group consumer | DESTROY key group | SETID key group id|$ ",
        "[ENTRIESREAD entries-read] | HELP"
    ), "Makes and changes consumer groups.";
};

fn xgroup(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let word = call.subcommand(
        "xgroup",
        &[
            ("create", -5),
            ("createconsumer", 5),
            ("delconsumer", 5),
            ("destroy", 4),
            ("setid", -5),
            ("help", 2),
        ],
    )?;
    if word == "help" {
        return Ok(help(call.args, HELP));
    }
    let options = Options::parse(call, word)?;
    let (key, name) = (call.arg(2), call.arg(3));
    let stream = call.get::<Stream>(&key)?;
    if !options.mkstream {
        let Some(stream) = &stream else { return Err(Refusal::other(NO_KEY)) };
        let needed = matches!(word, "setid" | "createconsumer" | "delconsumer");
        if needed && stream.group(&name).is_none() {
            return Err(no_group_of(&key, &name));
        }
    }
    let last = stream.map_or(StreamId::MIN, |stream| stream.marks().last_id);
    match word {
        "create" => create(call, &key, name, last, &options),
        "setid" => {
            let id = if *call.args[4] == *b"$" { last } else { lenient(&call.args[4], 0)? };
            let group = change(call, &key, &name)?;
            group.last_id = id;
            group.entries_read = options.entries_read;
            call.effects.dirty += 1;
            call.event(Classes::STREAM, "xgroup-setid", &key);
            Ok(Reply::OK)
        }
        "destroy" => destroy(call, &key, &name),
        "createconsumer" => {
            let (consumer, now) = (call.arg(4), call.now);
            let is_new = change(call, &key, &name)?.add_consumer(consumer, now, None);
            call.effects.dirty += u64::from(is_new);
            call.consumer_event(&key, is_new);
            Ok(Reply::Integer(is_new.into()))
        }
        _ => {
            let consumer = call.arg(4);
            let pending = change(call, &key, &name)?.remove_consumer(&consumer);
            if pending.is_some() {
                call.effects.dirty += 1;
                call.event(Classes::STREAM, "xgroup-delconsumer", &key);
            }
            Ok(Reply::count(pending.unwrap_or(0) as u64))
        }
    }
}

/// The options of CREATE and SETID.
#[derive(Default)]
struct Options {
    mkstream: bool,
    entries_read: Option<u64>,
}

impl Options {
    fn parse(call: &Call<'_>, word: &str) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let (of_create, of_both) = (word == "create", matches!(word, "create" | "setid"));
        let mut index = 5;
        while index < call.args.len() {
            if of_create && call.is(index, "mkstream") {
                options.mkstream = true;
                index += 1;
            } else if of_both && call.is(index, "entriesread") && index + 1 < call.args.len() {
                options.entries_read = match call.integer(index + 1)? {
                    -1 => None,
                    number => Some(u64::try_from(number).map_err(|_| {
                        Refusal::other("ERR value for ENTRIESREAD must be positive or -1")
                    })?),
                };
                index += 2;
            } else {
                return Err(wrong_words(call.args));
            }
        }
        Ok(options)
    }
}

/// The refusal of a group that does not exist, of a stream that does.
pub(super) fn no_group_of(key: &[u8], group: &[u8]) -> Refusal {
    let (key, group) = (text_of(key), text_of(group));
    Refusal::Other(format!("NOGROUP No such consumer group '{group}' for key name '{key}'"))
}

impl Call<'_> {
    /// A consumer is met for the first time.
    pub(super) fn consumer_event(&mut self, key: &[u8], is_new: bool) {
        if is_new {
            self.event(Classes::STREAM, "xgroup-createconsumer", key);
        }
    }
}

/// A group that exists, to be changed.
fn change<'c>(call: &'c mut Call<'_>, key: &[u8], name: &[u8]) -> Result<&'c mut Group, Refusal> {
    let group = call.get_mut::<Stream>(key)?.and_then(|stream| stream.group_mut(name));
    group.ok_or_else(|| no_group_of(key, name))
}

fn create(
    call: &mut Call<'_>,
    key: &Bytes,
    name: Bytes,
    last: StreamId,
    options: &Options,
) -> Result<Reply, Refusal> {
    let id = if *call.args[4] == *b"$" { last } else { strict(&call.args[4], 0)? };
    if call.get::<Stream>(key)?.is_none() {
        call.get_or_create(key, Stream::default)?;
        call.touch(key);
    }
    let stream = call.get_or_create(key, Stream::default)?;
    if stream.group(&name).is_some() {
        return Err(Refusal::other("BUSYGROUP Consumer Group name already exists"));
    }
    stream.groups_mut().insert(name, Group::new(id, options.entries_read));
    call.effects.dirty += 1;
    call.event(Classes::STREAM, "xgroup-create", key);
    Ok(Reply::OK)
}

fn destroy(call: &mut Call<'_>, key: &Bytes, name: &[u8]) -> Result<Reply, Refusal> {
    let stream = call.get::<Stream>(key)?;
    if stream.is_none_or(|stream| stream.group(name).is_none()) {
        return Ok(Reply::Integer(0));
    }
    if let Some(stream) = call.get_mut::<Stream>(key)? {
        stream.groups_mut().remove(name);
    }
    call.effects.dirty += 1;
    call.event(Classes::STREAM, "xgroup-destroy", key);
    // Who waits for the group's entries is told that there is no group.
    call.effects.woken.push((call.db, Bytes::clone(key)));
    Ok(Reply::Integer(1))
}

const NO_KEY: &str = concat!(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to ",
    "use the MKSTREAM option to create an empty stream automatically."
);

const HELP: &[&str] = &[
    "CREATE <key> <groupname> <id|$> [option]",
    "    Create a new consumer group. Options are:",
    "    * MKSTREAM",
    "      Create the empty stream if it does not exist.",
    "    * ENTRIESREAD entries_read",
    "      Set the group's entries_read counter (internal use).",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Create a new consumer in the specified group.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Remove the specified consumer.",
    "DESTROY <key> <groupname>",
    "    Remove the specified group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
    "    Set the current group ID and entries_read counter.",
];
