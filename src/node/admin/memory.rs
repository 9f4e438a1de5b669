//! MEMORY: what keys and the server take. *Source*: Redis 7.2 · object.c · memoryCommand.

use super::super::gates::EMPTY_SERVER_BYTES;
use super::super::help::{help, wrong_words};
use super::super::io::Link;
use super::super::machine::Machine;
use crate::resp::{Bytes, Reply, parse_integer};

pub(in crate::node) fn memory(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"usage", [key, options @ ..]) => usage(machine, link, key, options),
        (b"stats", []) => stats(machine),
        (b"doctor", []) => Reply::Verbatim(Bytes::from(diagnosis(machine).as_bytes())),
        (b"purge", []) => Reply::OK,
        (b"malloc-stats", []) => Reply::bulk("Stats not supported for the current allocator"),
        (b"help", []) => help(args, HELP),
        _ => wrong_words(args),
    }
}

/// `USAGE key [SAMPLES count]`: 0 for all.
fn usage(machine: &Machine<'_>, link: Link, key: &Bytes, options: &[Bytes]) -> Reply {
    let mut samples = 5;
    let mut words = options.iter();
    while let Some(word) = words.next() {
        let Some(count) = words.next().filter(|_| word.eq_ignore_ascii_case(b"samples")) else {
            return Reply::error("ERR syntax error");
        };
        let Some(count) = parse_integer(count) else {
            return Reply::error("ERR value is not an integer or out of range");
        };
        let Ok(count) = usize::try_from(count) else { return Reply::error("ERR syntax error") };
        samples = if count == 0 { usize::MAX } else { count };
    }
    let db = machine.state.clients.get(&link).map_or(0, |client| client.db);
    let entry = machine.state.keyspace.db(db).get(key);
    entry.map_or(Reply::Null, |entry| Reply::count(entry.weight(samples)))
}

fn stats(machine: &mut Machine<'_>) -> Reply {
    machine.state.keyspace.recount();
    let state = &*machine.state;
    let (used, data) = (state.used_memory(), state.keyspace.bytes());
    let (resident, peak) = (state.resident_memory(), state.peak_memory());
    let overhead = used - data;
    let keys = state.keyspace.len();
    let number = |name: &str, value: u64| (Reply::bulk(name), Reply::count(value));
    let double = |name: &str, value: f64| (Reply::bulk(name), Reply::Double(value));
    let backlog = state.backlog.as_ref().map_or(0, |backlog| backlog.len());
    let mut fields = vec![
        number("peak.allocated", peak),
        number("total.allocated", used),
        number("startup.allocated", EMPTY_SERVER_BYTES),
        number("replication.backlog", backlog),
    ];
    fields.push(number("clients.slaves", 0));
    fields.push(number("clients.normal", state.clients_memory(machine.now)));
    let none = ["cluster.links", "aof.buffer", "lua.caches"];
    fields.extend(none.map(|name| number(name, 0)));
    fields.push(number("functions.caches", 0));
    for (index, db) in state.keyspace.iter().filter(|(_, db)| !db.is_empty()) {
        let tables = vec![
            number("overhead.hashtable.main", db.len() * TABLE_ENTRY_BYTES),
            number("overhead.hashtable.expires", db.volatile_len() * TABLE_ENTRY_BYTES),
            number("overhead.hashtable.slot-to-keys", 0),
        ];
        fields.push((Reply::bulk(format!("db.{index}")), Reply::Map(tables)));
    }
    fields.extend([
        number("overhead.total", overhead),
        number("keys.count", keys),
        number("keys.bytes-per-key", data.checked_div(keys).unwrap_or(0)),
        number("dataset.bytes", data),
        double(
            "dataset.percentage",
            100.0 * data as f64 / (used - EMPTY_SERVER_BYTES).max(1) as f64,
        ),
        double("peak.percentage", 100.0 * used as f64 / peak as f64),
        number("allocator.allocated", used),
        number("allocator.active", used),
        number("allocator.resident", resident),
    ]);
    let names = [
        ("allocator-fragmentation.ratio", "allocator-fragmentation.bytes"),
        ("allocator-rss.ratio", "allocator-rss.bytes"),
        ("rss-overhead.ratio", "rss-overhead.bytes"),
        ("fragmentation", "fragmentation.bytes"),
    ];
    for ((ratio, bytes), (_, of, from)) in names.into_iter().zip(state.memory_accounts()) {
        fields.push(double(ratio, of as f64 / from as f64));
        fields.push((Reply::bulk(bytes), Reply::Integer(of as i64 - from as i64)));
    }
    Reply::Map(fields)
}

/// There is no allocator that could be ill.
fn diagnosis(machine: &Machine<'_>) -> &'static str {
    if machine.state.used_memory() < SMALL_BYTES {
        "Hi Sam, this instance is empty or is using very little memory, my issues detector can't \
         be used in these conditions. Please, leave for your mission on Earth and fill it with \
         some data. The new Sam and I will be back to our programming as soon as I finished \
         rebooting.\n"
    } else {
        "Hi Sam, I can't find any memory issue in your instance. I can only account for what \
         occurs on this base.\n"
    }
}

/// What Redis' tables take for a key.
const TABLE_ENTRY_BYTES: u64 = 32;
/// Redis, too, does not look before there is so much.
const SMALL_BYTES: u64 = 5 << 20;

const HELP: &[&str] = &[
    "DOCTOR",
    "    Return memory problems reports.",
    "MALLOC-STATS",
    "    Return internal statistics report from the memory allocator.",
    "PURGE",
    "    Attempt to purge dirty pages for reclamation by the allocator.",
    "STATS",
    "    Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>]",
    "    Return memory in bytes used by <key> and its value. Nested values are",
    "    sampled up to <count> times (default: 5, 0 means sample all).",
];
