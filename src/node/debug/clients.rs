//! DEBUG CLIENT-EVICTION: how much memory the clients take that `maxmemory-clients` may end, by
//! powers of two. DEBUG REPLYBUFFER: how their buffers are looked after. *Source*: Redis 7.2 ·
//! debug.c; server.c · getMemUsageBucket.

use std::fmt::Write as _;

use super::super::client::{Class, Client, ReplyBufferCare};
use super::super::help::wrong_words;
use super::super::io::Link;
use super::super::machine::Machine;
use crate::commands::Refusal;
use crate::resp::{Bytes, Reply, parse_integer};
use crate::time::Duration;

pub(super) fn eviction(machine: &Machine<'_>) -> Reply {
    let state = &machine.state;
    if state.config().hot.clients_memory == 0 {
        return Reply::error("ERR maxmemory-clients is disabled.");
    }
    let mut buckets = [(0, 0); BUCKETS];
    let may_go = |client: &Client| !client.no_evict && client.class() != Class::Replica;
    for (&link, client) in state.clients.iter().filter(|(_, client)| may_go(client)) {
        let memory = state.client_memory(link, client, machine.now);
        let (sum, count) = &mut buckets[bucket(memory)];
        *sum += memory;
        *count += 1;
    }
    let mut text = String::new();
    for (index, (sum, count)) in buckets.iter().enumerate() {
        let begin = if index == 0 { 0 } else { 1_u64 << (index - 1 + SMALLEST_BITS) };
        let end = (1_u64 << (index + SMALLEST_BITS)) - 1;
        let range = match index {
            LAST => format!("{begin:>10}+            "),
            _ => format!("{begin:>10} - {end:>10}"),
        };
        writeln!(text, "bucket {range}: tot-mem: {sum:>10}, clients: {count}")
            .expect("a String takes every write");
    }
    Reply::Verbatim(Bytes::from(text.into_bytes()))
}

/// `DEBUG REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|milliseconds>`, `RESIZING <0|1>`. Until now the
/// buffers were looked after as before.
pub(super) fn reply_buffer(
    machine: &mut Machine<'_>,
    args: &[Bytes],
    what: &[u8],
    value: &[u8],
) -> Reply {
    let usual = ReplyBufferCare::default();
    let mut care = machine.state.reply_buffers;
    match (what.to_ascii_lowercase().as_slice(), value.to_ascii_lowercase().as_slice()) {
        (b"peak-reset-time", b"never") => care.forgets_after = None,
        (b"peak-reset-time", b"reset") => care.forgets_after = usual.forgets_after,
        (b"peak-reset-time", millis) => match parse_integer(millis) {
            None => return Reply::error(Refusal::NotAnInteger.to_string()),
            Some(millis) => {
                care.forgets_after = u64::try_from(millis).ok().map(Duration::from_millis)
            }
        },
        (b"resizing", flag) => care.resizes = parse_integer(flag).is_some_and(|flag| flag != 0),
        _ => return wrong_words(args),
    }
    let links: Vec<Link> = machine.state.clients.iter().map(|(&link, _)| link).collect();
    for link in links {
        if let Some(client) = machine.state.clients.get_mut(&link) {
            client.look_after_replies(machine.now, machine.state.reply_buffers);
        }
    }
    machine.state.reply_buffers = care;
    Reply::OK
}

/// The bucket of a client that takes so much: by how many bits its size has.
const fn bucket(memory: u64) -> usize {
    let bits = (u64::BITS - memory.leading_zeros()) as usize;
    let bucket = bits.saturating_sub(SMALLEST_BITS);
    if bucket > LAST { LAST } else { bucket }
}

/// Redis' `CLIENT_MEM_USAGE_BUCKET_MIN_LOG`.
const SMALLEST_BITS: usize = 15;
/// Redis' `CLIENT_MEM_USAGE_BUCKETS`.
const BUCKETS: usize = 19;
const LAST: usize = BUCKETS - 1;
