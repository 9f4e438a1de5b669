//! DEBUG, as far as it serves to see and to test.
//!
//! What is only about a program in C is refused, STRUCTSIZE and MALLCTL; so is what damages the
//! process on purpose, SEGFAULT and OOM, and LOADAOF, for there is no append only file.
//! *Source*: Redis 7.2 · debug.c.

mod clients;
mod inside;
mod object;
mod protocol;
mod reload;
mod sleep;
mod switches;
mod tables;

use protocol::protocol;
pub(super) use reload::Reload;
pub(super) use sleep::Sleep;

use super::config::parse_memory;
use super::config_command::rewrite_all;
use super::help::{help, wrong_words};
use super::io::Link;
use super::machine::Machine;
use super::note::ServerNote;
use super::state::Profile;
use crate::commands::{Classes, Effects, Event, Refusal};
use crate::keyspace::{Deadline, Entry, PLAIN_BYTES, StringValue, Value};
use crate::rdb::Digest;
use crate::resp::{Bytes, Reply, parse_integer, text_of};

pub(super) fn debug(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"populate", rest @ [_, ..]) => populate(machine, link, rest),
        (sub, _) => other(machine, link, sub, args),
    }
}

/// What is not wanted to begin with: a page fetches it when it is called.
#[inline(never)]
fn other(machine: &mut Machine<'_>, link: Link, sub: &[u8], args: &[Bytes]) -> Reply {
    match (sub, &args[2..]) {
        (b"set-active-expire", [flag]) => {
            machine.state.active_expire = parse_integer(flag) != Some(0);
            Reply::OK
        }
        (b"quicklist-packed-threshold", [size]) => packed_threshold(machine, size),
        (b"sdslen", [key]) => inside::string_lengths(machine, link, key),
        (b"listpack", [key]) => inside::listpack(machine, link, key),
        (b"quicklist", [key]) => inside::quicklist(machine, link, key, None),
        (b"quicklist", [key, full]) => inside::quicklist(machine, link, key, Some(full)),
        (b"protocol", [kind]) => protocol(machine, link, kind),
        (b"digest-value", keys) => digest_values(machine, link, keys),
        (b"digest", []) => {
            let digest = Digest::of_keyspace(&machine.state.keyspace);
            Reply::Simple(digest.to_string().into())
        }
        (b"object", [key] | [key, _]) => object::object(machine, link, key),
        (b"sleep", [_]) => sleep::sleep(machine, link, args),
        (b"reload", options) => reload::reload(machine, link, options),
        (b"replicate", words @ [_, ..]) => {
            let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
            machine.propagate_bare(&words);
            Reply::OK
        }
        // Only who sits at a prompt may: no master can end its replicas so.
        (b"panic", []) if machine.state.clients.contains_key(&link) => {
            let seconds = machine.now.millis() / 1_000;
            panic!("DEBUG PANIC called at Unix time {seconds}")
        }
        (b"assert", []) if machine.state.clients.contains_key(&link) => {
            panic!("DEBUG ASSERT: assertion failed: 1 == 2")
        }
        (b"config-rewrite-force-all", []) => rewrite_all(machine, link),
        (b"htstats", [index, options @ ..]) => tables::of_database(machine, index, options),
        (b"htstats-key", [key, options @ ..]) => tables::of_key(machine, link, key, options),
        (b"client-eviction", []) => clients::eviction(machine),
        (b"error", [text]) => Reply::error(text_of(text)),
        (b"log", [text]) => {
            let text = String::from_utf8_lossy(text).into_owned();
            machine.note(ServerNote::DebugLog(text));
            Reply::OK
        }
        (b"replybuffer", [what, value]) => clients::reply_buffer(machine, args, what, value),
        (b"help", []) => help(args, HELP),
        (b"change-repl-id", []) => {
            machine.note(ServerNote::ReplIdsChanged);
            machine.state.history.rename(&mut machine.state.random);
            Reply::OK
        }
        (sub, words) => switches::switch(machine, sub, words).unwrap_or_else(|| wrong_words(args)),
    }
}

impl Machine<'_> {
    /// What the options `enable-debug-command` and `enable-module-command` say of a client.
    pub(super) fn allows(&self, link: Link, option: &str) -> bool {
        let local = || {
            let client = self.state.clients.get(&link);
            client.is_none_or(|client| self.state.is_local(&client.peer))
        };
        match self.state.config().get(option) {
            "no" => self.state.setup.profile == Profile::V6_2,
            "local" => local(),
            _ => true,
        }
    }

    /// Refuses what the configuration keeps from a client, inside MULTI as well.
    pub(super) fn check_protected(
        &self,
        link: Link,
        command: &'static str,
        args: &[Bytes],
    ) -> Result<(), Refusal> {
        let loads = || {
            let sub = args.get(1).map(|sub| sub.to_ascii_lowercase());
            matches!(sub.as_deref(), Some(b"load" | b"loadex" | b"unload"))
        };
        let option = match command {
            "debug" => "enable-debug-command",
            "module" if loads() => "enable-module-command",
            _ => return Ok(()),
        };
        if self.allows(link, option) {
            return Ok(());
        }
        Err(Refusal::Other(format!(
            "ERR {} command not allowed. If the {option} option is set to \"local\", you can run \
             it from a local connection, otherwise you need to set this option in the \
             configuration file, and then restart the server.",
            command.to_ascii_uppercase(),
        )))
    }
}

/// From how many bytes on an element of a list is not packed; 0 for what is usual.
fn packed_threshold(machine: &mut Machine<'_>, size: &[u8]) -> Reply {
    let size = std::str::from_utf8(size).ok().and_then(parse_memory);
    let Some(size) = size.filter(|&size| size <= PLAIN_BYTES_MAX) else {
        return Reply::error(
            "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
        );
    };
    let plain = usize::try_from(size).unwrap_or(usize::MAX);
    let fill = &mut machine.state.setup.config.settings.list_fill;
    fill.plain = if plain == 0 { PLAIN_BYTES } else { plain };
    Reply::OK
}

/// The digest of each key's value; all zeros where there is none.
fn digest_values(machine: &Machine<'_>, link: Link, keys: &[Bytes]) -> Reply {
    let db = machine.state.clients.get(&link).map_or(0, |client| client.db);
    let digest = |key: &Bytes| {
        let entry = machine.state.keyspace.db(db).get(key);
        let digest = entry.map(|entry| Digest::of_value(&entry.value, entry.expires.is_some()));
        Reply::Simple(digest.unwrap_or_default().to_string().into())
    };
    Reply::Array(keys.iter().map(digest).collect())
}

/// `DEBUG POPULATE <count> [<prefix>] [<size>]`: keys that are not there yet, not propagated.
fn populate(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let number = |index: usize| args.get(index).map(|arg| parse_integer(arg));
    let (Some(Some(count @ 0..)), size @ (None | Some(Some(_)))) = (number(0), number(2)) else {
        return Reply::error("ERR value is out of range, must be positive");
    };
    let prefix = args.get(1).map_or_else(|| "key".into(), |prefix| String::from_utf8_lossy(prefix));
    let size = size.flatten().and_then(|size| usize::try_from(size).ok());
    let index = machine.state.clients.get(&link).map_or(0, |client| client.db);
    let settings = &machine.state.config().settings;
    let (tells, touches) = (settings.notify.tell(Classes::NEW), machine.tells_touched());
    let mut effects = Effects::default();
    let access = machine.state.config().settings.tracking.fresh(machine.now.millis() as i64);
    let db = machine.state.keyspace.db_mut(index);
    for n in 0..count {
        let key = Bytes::from(format!("{prefix}:{n}").into_bytes());
        if db.get(&key).is_some() {
            continue;
        }
        if tells {
            effects.events.push(Event { db: index, name: "new", key: key.clone() });
        }
        if touches {
            effects.touched.push((index, key.clone()));
        }
        let mut value = format!("value:{n}").into_bytes();
        if let Some(size) = size {
            value.resize(size, 0);
        }
        let value = Value::String(StringValue::new(Bytes::from(value)));
        db.put(Entry { key, value, expires: Deadline::NEVER, access });
    }
    machine.account(&effects);
    Reply::OK
}

/// A little less than 4 GiB.
const PLAIN_BYTES_MAX: u64 = (1 << 32) - (1 << 20);

const HELP: &[&str] = &[
    "AOF-FLUSH-SLEEP <microsec>",
    "    Server will sleep before flushing the AOF, this is used for testing.",
    "ASSERT",
    "    Crash by assertion failed.",
    "CHANGE-REPL-ID",
    "    Change the replication IDs of the instance.",
    "    Dangerous: should be used only for testing the replication subsystem.",
    "CLIENT-EVICTION",
    "    Show low level client eviction pools info (maxmemory-clients)",
    "CONFIG-REWRITE-FORCE-ALL",
    "    Like CONFIG REWRITE but writes all configuration options, including",
    "    keywords not listed in original configuration file or default values.",
    "CRASH-AND-RECOVER [<milliseconds>]",
    "    Hard crash and restart after a <milliseconds> delay (default 0).",
    "DIGEST",
    "    Output a hex signature representing the current DB content.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Output a hex signature of the values of all the specified keys.",
    "DROP-CLUSTER-PACKET-FILTER <packet-type>",
    "    Drop all packets that match the filtered type. Set to -1 allow all packets.",
    "ERROR <string>",
    "    Return a Redis protocol error with <string> as message. Useful for clients",
    "    unit tests to simulate Redis errors.",
    "HTSTATS <dbid> [full]",
    "    Return hash table statistics of the specified Redis database.",
    "HTSTATS-KEY <key> [full]",
    "    Like HTSTATS but for the hash table stored at <key>'s value.",
    "LEAK <string>",
    "    Create a memory leak of the input string.",
    "LISTPACK <key>",
    "    Show low level info about the listpack encoding of <key>.",
    "LOG <message>",
    "    Write <message> to the server log.",
    "OBJECT <key>",
    "    Show low level info about `key` and associated value.",
    "PANIC",
    "    Crash the server simulating a panic.",
    "PAUSE-CRON <0|1>",
    "    Stop periodic cron job processing.",
    "POPULATE <count> [<prefix>] [<size>]",
    "    Create <count> string keys named key:<num>. If <prefix> is specified then",
    "    it is used instead of the 'key' prefix. These are not propagated to",
    "    replicas.",
    "PROTOCOL <type>",
    "    Reply with a test value of the specified type. <type> can be: string,",
    "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
    "    true, false.",
    "QUICKLIST <key> [<0|1>]",
    "    Show low level info about the quicklist encoding of <key>.",
    "    The optional argument (0 by default) sets the level of detail",
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    Sets the threshold for elements to be inserted as plain vs packed nodes",
    "    Default value is 1GB, allows values up to 4GB. Setting to 0 restores to default.",
    "RELOAD [option ...]",
    "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
    "    * MERGE: conflicting keys will be loaded from RDB.",
    "    * NOFLUSH: the existing database will not be removed before load, but",
    "      conflicting keys will generate an exception and kill the server.",
    "    * NOSAVE: the database will be loaded from an existing RDB file.",
    "REPLICATE <string>",
    "    Replicates the provided string to replicas, allowing data divergence.",
    "REPLYBUFFER PEAK-RESET-TIME <NEVER||RESET|time>",
    "    Sets the time (in milliseconds) to wait between client reply buffer peak resets.",
    "    In case NEVER is provided the last observed peak will never be reset",
    "    In case RESET is provided the peak reset time will be restored to the default value",
    "REPLYBUFFER RESIZING <0|1>",
    "    Enable or disable the reply buffer resize cron job",
    "RESTART [<milliseconds>]",
    "    Graceful restart: save config, db, restart after a <milliseconds> delay (default 0).",
    "SDSLEN <key>",
    "    Show low level SDS string info representing `key` and value.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Setting it to 0 disables expiring keys in background when they are not",
    "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
    "    default.",
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    "    Enables or disables checksum checks for RDB files and RESTORE's payload.",
    "SLEEP <seconds>",
    "    Stop the server for <seconds>. Decimals allowed.",
    "STRINGMATCH-TEST",
    "    Run a fuzz tester against the stringmatchlen() function.",
];
