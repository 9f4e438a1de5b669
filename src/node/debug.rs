//! DEBUG, as far as it serves to see and to test. *Source*: Redis 7.2 · debug.c.

use super::debug_protocol::protocol;
use super::io::Link;
use super::machine::Machine;
use crate::keyspace::{Entry, StringValue, Value};
use crate::rdb::Digest;
use crate::resp::{Bytes, Reply, parse_integer};

pub(super) fn debug(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"populate", rest @ [_, ..]) => populate(machine, link, rest),
        (b"set-active-expire", [flag]) => {
            machine.state.active_expire = parse_integer(flag) != Some(0);
            Reply::OK
        }
        (b"protocol", [kind]) => protocol(machine, link, kind),
        (b"digest-value", keys) => digest_values(machine, link, keys),
        (b"digest", []) => {
            let digest = Digest::of_keyspace(&machine.state.keyspace);
            Reply::Simple(digest.to_string().into())
        }
        (b"change-repl-id", []) => {
            machine.state.history.rename(&mut machine.state.random);
            Reply::OK
        }
        _ => {
            let sub = String::from_utf8_lossy(&args[1]);
            Reply::error(format!(
                "ERR unknown subcommand or wrong number of arguments for '{sub}'. Try DEBUG HELP."
            ))
        }
    }
}

/// The digest of each key's value; all zeros where there is none.
fn digest_values(machine: &Machine<'_>, link: Link, keys: &[Bytes]) -> Reply {
    let db = machine.state.clients.get(&link).map_or(0, |client| client.db);
    let digest = |key: &Bytes| {
        let entry = machine.state.keyspace.db(db).get(key);
        let digest = entry.map(|entry| Digest::of_value(&entry.value, entry.expires.is_some()));
        Reply::bulk(digest.unwrap_or_default().to_string())
    };
    Reply::Array(keys.iter().map(digest).collect())
}

/// `DEBUG POPULATE <count> [<prefix>] [<size>]`: keys that are not there yet, not propagated.
fn populate(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let number = |index: usize| args.get(index).map(|arg| parse_integer(arg));
    let (Some(Some(count)), size @ (None | Some(Some(_)))) = (number(0), number(2)) else {
        return Reply::error("ERR value is not an integer or out of range");
    };
    let prefix = args.get(1).map_or_else(|| "key".into(), |prefix| String::from_utf8_lossy(prefix));
    let size = size.flatten().and_then(|size| usize::try_from(size).ok());
    let db = machine.state.clients.get(&link).map_or(0, |client| client.db);
    let access = machine.state.config().settings.tracking.fresh(machine.now.millis() as i64);
    let db = machine.state.keyspace.db_mut(db);
    for n in 0..count {
        let key = Bytes::from(format!("{prefix}:{n}").into_bytes());
        if db.get(&key).is_some() {
            continue;
        }
        let mut value = format!("value:{n}").into_bytes();
        if let Some(size) = size {
            value.resize(size, 0);
        }
        let value = Value::String(StringValue::new(Bytes::from(value)));
        db.put(Entry { key: key.into(), value, expires: None, access });
    }
    Reply::OK
}
