//! SLOWLOG and LATENCY: which commands took long.
//!
//! How long one took is known where a host measures turns (see `machine/turn.rs`).
//! Whoever sets `slowlog-log-slower-than 0` sees every command, as in Redis.
//! *Source*: Redis 7.2 · slowlog.c, latency.c.

use std::collections::{BTreeMap, VecDeque};

use super::super::gates::Row;
use super::super::help::{help, wrong_words};
use super::super::io::Link;
use super::super::machine::{Caller, Machine};
use super::super::monitor::shown_words;
use crate::commands::Flags;
use crate::resp::{Bytes, Reply, parse_integer, text_of};
use crate::time::Duration;

/// What is remembered of commands that took long.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Slow {
    /// The newest first.
    log: VecDeque<Entry>,
    /// The id of the next.
    next: u64,
    /// By event: when, in Unix seconds, and how many milliseconds.
    spikes: BTreeMap<&'static str, VecDeque<(u64, u64)>>,
}

#[derive(Clone, Debug)]
struct Entry {
    id: u64,
    seconds: u64,
    micros: u64,
    args: Vec<Bytes>,
    client: String,
    name: String,
}

impl Machine<'_> {
    /// A command of this name was a spike.
    #[inline(never)]
    pub(in crate::node) fn note_spike(&mut self, name: &str, took: Duration) {
        let container = name.split('|').next().unwrap_or(name);
        let row = Row::find(container.as_bytes());
        let is_fast = row.is_some_and(|row| row.flags(&[]).has(Flags::FAST));
        self.note_event(if is_fast { "fast-command" } else { "command" }, took);
    }

    /// Something has taken so long.
    #[inline(never)]
    pub(in crate::node) fn note_event(&mut self, event: &'static str, took: Duration) {
        let spikes = self.state.slow.spikes.entry(event).or_default();
        spikes.push_back((self.now.seconds(), took.millis()));
        if spikes.len() > SPIKES_MAX {
            spikes.pop_front();
        }
    }

    /// Remembers a command that was slow. EXEC is not: what it has run is.
    #[inline(never)]
    pub(in crate::node) fn log_slow(&mut self, caller: Caller, args: &[Bytes], took: Duration) {
        if self.state.command_name(&args[0]) == "exec" {
            return;
        }
        let most = usize::try_from(self.state.config().number("slowlog-max-len")).unwrap_or(0);
        let (client, peer) = match caller {
            Caller::Client(link) => {
                let client = self.state.clients.get(&link);
                (client, client.map(|client| client.peer.to_string()).unwrap_or_default())
            }
            Caller::Script => (None, "?:0".to_owned()),
            Caller::Master => {
                let master = self.state.upstream.master.as_ref();
                (None, master.map(ToString::to_string).unwrap_or_default())
            }
        };
        let entry = Entry {
            id: self.state.slow.next,
            seconds: self.now.seconds(),
            micros: took.micros(),
            args: shortened(self.state.command_name(&args[0]), args),
            client: peer,
            name: client.map(|client| client.name.clone()).unwrap_or_default(),
        };
        self.state.slow.next += 1;
        self.state.slow.log.push_front(entry);
        self.state.slow.log.truncate(most);
    }
}

/// What the log keeps of a long command.
fn shortened(name: &str, args: &[Bytes]) -> Vec<Bytes> {
    let clip = |arg: &[u8]| match arg.len().checked_sub(ARG_BYTES_MAX) {
        None | Some(0) => Bytes::from(arg),
        Some(more) => {
            let note = format!("... ({more} more bytes)");
            Bytes::from([&arg[..ARG_BYTES_MAX], note.as_bytes()].concat())
        }
    };
    let shown = shown_words(name, args).map(clip);
    if args.len() <= ARGS_MAX {
        return shown.collect();
    }
    let note = format!("... ({} more arguments)", args.len() - ARGS_MAX + 1);
    let last = std::iter::once(Bytes::from(note.into_bytes()));
    shown.take(ARGS_MAX - 1).chain(last).collect()
}

pub(in crate::node) fn slowlog(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    let log = &mut machine.state.slow.log;
    match (sub.as_slice(), &args[2..]) {
        (b"len", []) => Reply::count(log.len() as u64),
        (b"reset", []) => {
            log.clear();
            Reply::OK
        }
        (b"get", count @ ([] | [_])) => {
            let count = count.first().map_or(Some(10), |count| parse_integer(count));
            let Some(count) = count.filter(|&count| count >= -1) else {
                return Reply::error("ERR count should be greater than or equal to -1");
            };
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            Reply::Array(log.iter().take(count).map(Entry::reply).collect())
        }
        (b"help", []) => help(args, SLOWLOG_HELP),
        _ => wrong_words(args),
    }
}

impl Entry {
    fn reply(&self) -> Reply {
        Reply::Array(vec![
            Reply::count(self.id),
            Reply::count(self.seconds),
            Reply::count(self.micros),
            Reply::Array(self.args.iter().cloned().map(Reply::Bulk).collect()),
            Reply::bulk(&self.client),
            Reply::bulk(&self.name),
        ])
    }
}

pub(in crate::node) fn latency(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    let spikes = &mut machine.state.slow.spikes;
    let of = |event: &Bytes| {
        let name = String::from_utf8_lossy(event).into_owned();
        spikes.get(name.as_str()).cloned().unwrap_or_default()
    };
    match (sub.as_slice(), &args[2..]) {
        (b"latest", []) => Reply::Array(spikes.iter().map(latest).collect()),
        (b"history", [event]) => {
            let pair = |(at, millis): (u64, u64)| {
                Reply::Array(vec![Reply::count(at), Reply::count(millis)])
            };
            Reply::Array(of(event).into_iter().map(pair).collect())
        }
        (b"reset", events) => {
            let before = spikes.len();
            let named = |name: &&str| events.iter().any(|event| **event == *name.as_bytes());
            spikes.retain(|name, _| !events.is_empty() && !named(name));
            Reply::count((before - spikes.len()) as u64)
        }
        (b"graph", [event]) if of(event).is_empty() => {
            let event = text_of(event);
            Reply::error(format!("ERR No samples available for event '{event}'"))
        }
        (b"graph", [event]) => {
            let text = graph(&String::from_utf8_lossy(event), &of(event));
            Reply::Verbatim(Bytes::from(text.into_bytes()))
        }
        (b"histogram", names) => super::latency::histogram(machine.state, names),
        (b"doctor", []) => doctor(machine),
        (b"help", []) => help(args, LATENCY_HELP),
        _ => wrong_words(args),
    }
}

/// An event, its last spike, and its highest.
fn latest((name, spikes): (&&str, &VecDeque<(u64, u64)>)) -> Reply {
    let (at, last) = spikes.back().copied().unwrap_or_default();
    let highest = spikes.iter().map(|(_, millis)| *millis).max().unwrap_or(0);
    let numbers = [at, last, highest].map(Reply::count);
    Reply::Array([Reply::bulk(*name)].into_iter().chain(numbers).collect())
}

/// The spikes as bars of up to four lines.
fn graph(event: &str, spikes: &VecDeque<(u64, u64)>) -> String {
    let highest = spikes.iter().map(|(_, millis)| *millis).max().unwrap_or(0);
    let lowest = spikes.iter().map(|(_, millis)| *millis).min().unwrap_or(0);
    let mut text = format!("{event} - high {highest} ms, low {lowest} ms\n{}\n", "-".repeat(80));
    for line in (0..GRAPH_LINES).rev() {
        let bar = |(_, millis): &(u64, u64)| {
            let height = millis * GRAPH_LINES / highest.max(1);
            if height > line || line == 0 { '#' } else { ' ' }
        };
        text.extend(spikes.iter().map(bar));
        text.push('\n');
    }
    text
}

/// The report that there is no report. It quotes a film, as Redis does.
const DOCTOR_IS_OFF: &str = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in \
                             this Redis instance. You may use \"CONFIG SET \
                             latency-monitor-threshold <milliseconds>.\" in order to enable it. \
                             If we weren't in a deep space mission I'd suggest to take a look at \
                             https://redis.io/topics/latency-monitor.\n";
/// The report that all is well.
const DOCTOR_IS_CONTENT: &str = "Dave, no latency spike was observed during the lifetime of this \
                                 Redis instance, not in the slightest bit. I honestly think you \
                                 ought to sit down calmly, take a stress pill, and think things \
                                 over.\n";

fn doctor(machine: &Machine<'_>) -> Reply {
    let spikes = &machine.state.slow.spikes;
    let text = if machine.state.config().hot.latency_threshold == 0 {
        DOCTOR_IS_OFF.to_owned()
    } else if spikes.is_empty() {
        DOCTOR_IS_CONTENT.to_owned()
    } else {
        let line = |(name, spikes): (&&str, &VecDeque<(u64, u64)>)| {
            let highest = spikes.iter().map(|(_, millis)| *millis).max().unwrap_or(0);
            format!("{name}: {} latency spikes, the highest of {highest} ms.\n", spikes.len())
        };
        spikes.iter().map(line).collect()
    };
    Reply::Verbatim(Bytes::from(text.into_bytes()))
}

/// LOLWUT: the version. Redis draws a picture when it is asked for one of an old release.
pub(in crate::node) fn lolwut(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    if let [_, word, version, ..] = args
        && word.eq_ignore_ascii_case(b"version")
        && parse_integer(version).is_none()
    {
        return Reply::error("ERR value is not an integer or out of range");
    }
    let version = machine.state.setup.profile.redis_version();
    Reply::Verbatim(Bytes::from(format!("Redis ver. {version}\n").into_bytes()))
}

/// Redis' `LATENCY_TS_LEN`.
const SPIKES_MAX: usize = 160;
/// How high a bar is.
const GRAPH_LINES: u64 = 4;
/// Redis' `SLOWLOG_ENTRY_MAX_ARGC` and `SLOWLOG_ENTRY_MAX_STRING`.
const ARGS_MAX: usize = 32;
const ARG_BYTES_MAX: usize = 128;

const SLOWLOG_HELP: &[&str] = &[
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
];

const LATENCY_HELP: &[&str] = &[
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the \
     specified command names.",
    "    If no commands are specified then all histograms are replied.",
];
