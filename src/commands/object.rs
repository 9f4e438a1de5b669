//! OBJECT: how a value is kept. *Source*: Redis 7.2 · object.c · objectCommand.

use super::rows::rows;
use super::{Call, Refusal, Spec, help, unknown_subcommand};
use crate::keyspace::{Encoding, StringValue, Tracking, Value};
use crate::rdb::Version;
use crate::resp::Reply;

pub(super) const TABLE: &[Spec] = rows! { Generic;
    "object" -2 CONTAINER NONE object, "ENCODING|FREQ|IDLETIME|REFCOUNT key | HELP",
        "Answers how a key's value is kept.";
};

/// What the release that writes `version` of RDB calls the encoding of a value: short lists and
/// sets of strings are packed since 7.2, and what was packed before 7.0 were ziplists.
pub fn encoding_name(value: &Value, version: Version) -> &'static str {
    let encoding = value.encoding();
    match (value, version) {
        (_, Version::V11) => encoding.name(),
        (Value::List(_), _) => Encoding::Quicklist.name(),
        (Value::Set(_), _) if encoding == Encoding::Listpack => Encoding::Hashtable.name(),
        (_, Version::V9) if encoding == Encoding::Listpack => "ziplist",
        _ => encoding.name(),
    }
}

fn object(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let word = String::from_utf8_lossy(&call.args[1]).to_ascii_lowercase();
    let arity = match word.as_str() {
        "help" => 2,
        "encoding" | "freq" | "idletime" | "refcount" => 3,
        _ => return Err(unknown_subcommand(call.args)),
    };
    if call.args.len() != arity {
        return Err(Refusal::Arity(format!("object|{word}")));
    }
    if arity == 2 {
        return Ok(help(call.args, HELP));
    }
    let key = call.arg(2);
    let (now, tracking, version) = (call.now, call.settings.tracking, call.rdb_version);
    let shares = call.settings.shares_integers;
    let Some(entry) = call.peek(&key) else { return Ok(Reply::Null) };
    match (word.as_str(), tracking) {
        ("encoding", _) => Ok(Reply::bulk(encoding_name(&entry.value, version))),
        ("refcount", _) if shares => Ok(Reply::Integer(references(&entry.value))),
        ("refcount", _) => Ok(Reply::Integer(1)),
        ("idletime", Tracking::Recency) => Ok(Reply::count(entry.access.idle_seconds(now))),
        ("idletime", Tracking::Frequency { .. }) => Err(Refusal::other(NO_IDLE_TIME)),
        (_, Tracking::Frequency { decay_minutes, .. }) => {
            Ok(Reply::Integer(entry.access.frequency(now, decay_minutes).into()))
        }
        (_, Tracking::Recency) => Err(Refusal::other(NO_FREQUENCY)),
    }
}

/// Redis keeps the numbers below 10,000 once, and counts no references to them; unless it has to
/// know when each was used.
fn references(value: &Value) -> i64 {
    if let Value::String(StringValue::Integer(0..10_000)) = value { i32::MAX.into() } else { 1 }
}

const NO_FREQUENCY: &str = concat!(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that ",
    "when switching between policies at runtime LRU and LFU data will take some time to adjust."
);

const NO_IDLE_TIME: &str = concat!(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when ",
    "switching between policies at runtime LRU and LFU data will take some time to adjust."
);

const HELP: &[&str] = &[
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
];
