//! `stream.txt`: what each command answers, and what it sends to a replica.
//!
//! The recorded expiries are absolute. Where a command gave a relative one, the difference is the
//! time at which it ran; our clock is set to it, so nothing needs to be masked.

use replica_lab::node::{DiskFact, Input, Link, Output, Setup};
use replica_lab::resp::{CommandDecoder, Reply, ReplyDecoder, split_words};
use replica_lab::time::{Duration, Instant};

use crate::python;
use crate::scenarios::WITH_AOF;
use crate::story::Story;
use crate::support::{Bench, CLIENT, STRANGER, sent_to};

/// What was recorded of one command.
#[derive(Debug)]
struct Case {
    /// Its line in the file.
    line: usize,
    /// The command, or some words for it.
    text: String,
    /// The reply, as Python prints it.
    reply: String,
    /// The propagated commands.
    stream: Vec<String>,
    /// The bytes of these.
    bytes: usize,
    /// What a client heard that was blocked meanwhile.
    blocked: Option<String>,
}

/// What a case came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    reply: String,
    stream: Vec<String>,
    /// Unknown where chance decides.
    bytes: Option<usize>,
    blocked: Option<String>,
}

#[test]
fn every_command_answers_and_propagates_as_recorded() {
    let cases = cases();
    assert_eq!(cases.len(), 282, "every case of the file is read");
    let mut server = Recorder::new();
    let mut faults = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        server.set_clock(&cases[index..]);
        let (wanted, got) = server.replay(case);
        if wanted != got {
            let (line, text) = (case.line, &case.text);
            faults.push(format!("stream.txt:{line} {text}\n  wanted {wanted:?}\n  got    {got:?}"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The section of WAIT: who waits makes the master ask, once.
#[test]
fn wait_asks_the_replica_as_recorded() {
    let mut server = Recorder::new();
    let wait = words("WAIT 1 300");
    server.say(CLIENT, &words("SET w 1"));
    // Twice: nothing new was written, but the replica has not confirmed.
    for _ in 0..2 {
        assert_eq!(server.say(CLIENT, &wait).0, "");
        assert_eq!(server.streamed(), ["SELECT 0", "SET w 1", "REPLCONF GETACK *"][..]);
        server.bench.now += Duration::from_millis(400);
        let orders = server.tell(Input::Woke);
        assert_eq!(sent_to(CLIENT, &orders), b":0\r\n");
        server.tail = vec!["SELECT 0".into(), "SET w 1".into()];
    }
    let offset = server.offset.to_string();
    server.say(REPLICA, &words(&format!("REPLCONF ACK {offset}")));
    assert_eq!(server.say(CLIENT, &wait).0, "1");
    assert_eq!(server.say(STRANGER, &wait).0, "1");
    assert!(server.tail.len() == 2 && server.streamed().len() == 2);
}

/// A replica that keeps an AOF says what is on its disk; who waits for that is told at once.
#[test]
fn waitaof_counts_a_replica_with_an_aof_as_recorded() {
    let mut server = Recorder::new();
    server.say(STRANGER, &words("SET x 1"));
    assert_eq!(server.say(STRANGER, &words("WAITAOF 0 1 3000")).0, "");
    let end = server.offset;
    let in_memory = server.say(REPLICA, &words(&format!("REPLCONF ACK {end}")));
    assert_eq!(in_memory.1, "", "it is not on its disk");
    let on_disk = server.say(REPLICA, &words(&format!("REPLCONF ACK {end} FACK {end}")));
    assert_eq!(on_disk.1, Story::open(10).recorded(WITH_AOF));
}

const REPLICA: Link = Link::accepted(2);

/// A server with one replica, whose stream is read.
struct Recorder {
    bench: Bench,
    decoder: CommandDecoder,
    /// The bytes of the stream since the last look, and ever.
    fresh: usize,
    offset: usize,
    /// The commands of the stream that nobody has looked at.
    tail: Vec<String>,
}

impl Recorder {
    fn new() -> Self {
        let mut setup = Setup::default();
        for (name, value) in
            [("repl-diskless-sync-delay", "0"), ("repl-ping-replica-period", "99999")]
        {
            setup.config.set_at_start(name, value).expect("the option is known");
        }
        let bench = Bench::started(setup, Instant::from_millis(START_MILLIS));
        let decoder = CommandDecoder::default();
        let mut server = Self { bench, decoder, fresh: 0, offset: 0, tail: Vec::new() };
        for link in [CLIENT, STRANGER, REPLICA] {
            server.bench.accept(link);
        }
        for line in ["REPLCONF listening-port 17199", "REPLCONF capa eof capa psync2", "PSYNC ? -1"]
        {
            server.say(REPLICA, &words(line));
        }
        let end = server.bench.now + Duration::from_secs(1);
        server.wake_until(end);
        server.say(REPLICA, &words("REPLCONF ACK 0"));
        let (info, _) = server.say(CLIENT, &words("INFO replication"));
        assert!(info.contains("state=online,offset=0,"), "{info}");
        server
    }

    /// A fact; what the replica is sent has left the wire at once, and its stream is read.
    fn tell(&mut self, input: Input) -> Vec<Output> {
        let now = self.bench.now;
        let mut orders = self.bench.tell(input);
        let mut next = 0;
        while let Some(order) = orders.get(next) {
            next += 1;
            if let Output::Disk { job, .. } = *order {
                orders.extend(self.bench.tell(Input::Disk { job, result: Ok(DiskFact::Done) }));
                continue;
            }
            let Output::Send { link: REPLICA, bytes, carries } = order else { continue };
            let (count, stream) = (bytes.len(), bytes.clone());
            if *carries == replica_lab::node::Carries::Stream {
                self.fresh += count;
                self.offset += count;
                self.decoder.feed(&stream);
            }
            if carries.is_paced() {
                let more = self.bench.tell(Input::Sent { link: REPLICA, bytes: count as u64 });
                orders.extend(more);
            }
        }
        while let Some(command) = self.decoder.next_command().expect("the stream is sound") {
            let shown: Vec<String> = command.args.iter().map(|arg| python::word(arg)).collect();
            self.tail.push(shown.join(" "));
        }
        // The file tells what time it is; a turn takes none.
        self.bench.now = now;
        orders
    }

    fn wake_until(&mut self, end: Instant) {
        while let Some(deadline) = self.bench.node.deadline().filter(|next| next.at <= end) {
            self.bench.now = self.bench.now.max(deadline.at);
            self.tell(Input::Woke);
        }
        self.bench.now = end;
    }

    /// A command of a client: the reply, and what another client hears at the same time.
    fn say(&mut self, link: Link, args: &[Vec<u8>]) -> (String, String) {
        let mut bytes = Vec::new();
        replica_lab::resp::encode_command(args, &mut bytes);
        let orders = self.tell(Input::Received { link, bytes: bytes.as_slice().into() });
        let heard =
            |link| if link == REPLICA { String::new() } else { shown(&sent_to(link, &orders)) };
        (heard(link), heard(STRANGER))
    }

    /// What has entered the stream since the last look.
    fn streamed(&mut self) -> Vec<String> {
        self.fresh = 0;
        std::mem::take(&mut self.tail)
    }

    /// Sets the clock to when the first of these cases ran, as far as the file tells.
    fn set_clock(&mut self, cases: &[Case]) {
        let mut until_it_slept = cases.iter().take_while(|case| !case.text.starts_with(SLEPT));
        let known = until_it_slept.find_map(Case::ran_at).map(Instant::from_millis);
        self.bench.now = known.map_or(self.bench.now, |at| self.bench.now.max(at));
    }

    /// Runs a case: what was recorded, and what came of it.
    fn replay(&mut self, case: &Case) -> (Outcome, Outcome) {
        let mut text = case.text.as_str();
        let waiter = text.strip_prefix("[another client blocked in: ").map(|rest| {
            let (waiter, command) = rest.split_once("] ").expect("the bracket is closed");
            text = command;
            waiter
        });
        let at_once = waiter.map(|waiter| self.say(STRANGER, &words(waiter)).1);
        self.streamed();
        self.prepare(text);
        let (mut reply, mut heard) = (String::new(), String::new());
        for mut args in typed(text) {
            // The file shows the code of a library only in the stream.
            if text == "FUNCTION LOAD" {
                args = split_words(case.stream[0].as_bytes()).expect("a line of words");
            }
            (reply, heard) = self.say(CLIENT, &args);
        }
        for _ in 0..RANDOM_TRIES {
            if text.starts_with("RANDOMKEY") && self.tail.is_empty() {
                (reply, heard) = self.say(CLIENT, &words("RANDOMKEY"));
            }
        }
        let bytes = Some(self.fresh);
        // The file shows an error that comes to a waiting client without its sign.
        let blocked =
            at_once.map(|at_once| format!("{at_once}{heard}").trim_start_matches('-').to_owned());
        let got = Outcome { reply, stream: self.streamed(), bytes, blocked };
        (mask(text, case.outcome()), mask(text, got))
    }

    /// What the recording did without showing it.
    fn prepare(&mut self, text: &str) {
        if text.starts_with("MULTI; GET mx") {
            self.say(CLIENT, &words("SET mx 1 PX 20"));
            self.streamed();
            self.bench.now += Duration::from_millis(50);
        }
        if text.starts_with(SLEPT) {
            let end = self.bench.now + Duration::from_millis(500);
            self.wake_until(end);
        }
    }
}

impl Case {
    fn outcome(&self) -> Outcome {
        Outcome {
            reply: self.reply.clone(),
            stream: self.stream.clone(),
            bytes: Some(self.bytes),
            blocked: self.blocked.clone(),
        }
    }

    /// When it ran: the recorded expiry without the relative one that was asked for.
    fn ran_at(&self) -> Option<u64> {
        let mut words = self.stream.iter().flat_map(|command| command.split([' ', '-']));
        let stamp = words.find(|word| word.len() == 13 && word.starts_with("17954"))?;
        let asked = typed(&self.text).into_iter().find_map(|args| relative_millis(&args))?;
        Some(stamp.parse::<u64>().expect("digits") - asked)
    }
}

/// The time to live that a command asks for.
fn relative_millis(args: &[Vec<u8>]) -> Option<u64> {
    let args: Vec<String> =
        args.iter().map(|arg| String::from_utf8_lossy(arg).to_ascii_uppercase()).collect();
    let number = |index: usize| args.get(index).and_then(|arg| arg.parse::<u64>().ok());
    let option = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| number(at + 1));
    match args[0].as_str() {
        "SET" | "GETEX" => option("EX").map(|seconds| seconds * 1_000).or_else(|| option("PX")),
        "SETEX" | "EXPIRE" => number(2).map(|seconds| seconds * 1_000),
        "PSETEX" | "PEXPIRE" | "RESTORE" => number(2),
        "XADD" | "XREADGROUP" | "XCLAIM" | "XAUTOCLAIM" => Some(0),
        _ => None,
    }
}

/// What differs by nature: which members chance draws, and the order of a hash table.
fn mask(text: &str, mut outcome: Outcome) -> Outcome {
    let draws = ["SPOP", "SRANDMEMBER", "SCAN", "RANDOMKEY"].iter().any(|name| text.contains(name));
    // Nothing tells when this script ran.
    if text.contains("'ttl','1','ex'") {
        outcome.stream.iter_mut().for_each(|command| command.truncate("SET ttl 1 PXAT ".len()));
    }
    if text.starts_with(SLEPT) {
        outcome.stream.sort();
    }
    if !draws {
        return outcome;
    }
    let drawn = bulk_strings(&outcome.reply);
    let list = |name: &str| text.contains(name) && outcome.reply.contains(", [");
    if list("SCAN") {
        let mut keys = drawn;
        keys.sort();
        outcome.reply = keys.join(" ");
        return outcome;
    }
    for (rank, member) in drawn.iter().enumerate() {
        outcome.reply = outcome.reply.replacen(&format!("b'{member}'"), &format!("<{rank}>"), 1);
    }
    for command in outcome.stream.iter_mut().filter(|command| command.starts_with("SREM ")) {
        let named = |word: &str| match drawn.iter().position(|member| member == word) {
            Some(rank) => format!("<{rank}>"),
            None => word.to_owned(),
        };
        *command = command.split(' ').map(named).collect::<Vec<_>>().join(" ");
        outcome.bytes = None;
    }
    outcome
}

/// The bulk strings of a printed reply.
fn bulk_strings(mut text: &str) -> Vec<String> {
    let mut found = Vec::new();
    while let Some((_, rest)) = text.split_once("b'") {
        let (string, rest) = rest.split_once('\'').expect("a literal ends");
        found.push(string.to_owned());
        text = rest;
    }
    found
}

/// The commands that a case stands for.
fn typed(text: &str) -> Vec<Vec<Vec<u8>>> {
    let payload = b"\x00\xc0\x01\x0b\x00O\xa7Z\xc5,\x9e\xf8u";
    let restore = |begin: &str, end: &str| {
        let mut args = words(begin);
        args.push(payload.to_vec());
        args.extend(words(end));
        vec![args]
    };
    match text {
        "RESTORE rr 0 <payload>" => return restore("RESTORE rr 0", ""),
        "RESTORE rr 5000 <payload> REPLACE" => return restore("RESTORE rr 5000", "REPLACE"),
        "RESTORE .. REPLACE ABSTTL" => {
            return restore("RESTORE rr 4102444800000", "REPLACE ABSTTL");
        }
        "RESTORE .. 1 REPLACE ABSTTL (past)" => return restore("RESTORE rr 1", "REPLACE ABSTTL"),
        "SCAN over expired" => return vec![words("SCAN 0 COUNT 1000")],
        "RANDOMKEY maybe hits expired" => return Vec::new(),
        "XADD st 5-* (fails: smaller)" => return vec![words("XADD st 5-* f v")],
        "(after 500ms) PING" => return vec![words("PING")],
        _ => {}
    }
    let parts = text.split("; ").map(str::trim).filter(|part| !part.is_empty() && *part != ";");
    if text.starts_with("MULTI") { parts.map(words).collect() } else { vec![words(text)] }
}

fn words(line: &str) -> Vec<Vec<u8>> {
    split_words(line.as_bytes())
        .unwrap_or_else(|| line.split(' ').map(|word| word.as_bytes().to_vec()).collect())
}

fn shown(bytes: &[u8]) -> String {
    let mut decoder = ReplyDecoder::default();
    decoder.feed(bytes);
    let mut shown = Vec::new();
    while let Some(reply) = decoder.next_reply().expect("a reply is sound") {
        assert_ne!(reply, Reply::Silent);
        shown.push(python::reply(&reply));
    }
    shown.join(" ")
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (index, line) in include_str!("stream.txt").lines().enumerate() {
        let new = line.strip_prefix("> ").and_then(|line| line.split_once("   => "));
        if let Some((text, reply)) = new {
            cases.push(Case {
                line: index + 1,
                text: text.to_owned(),
                reply: reply.to_owned(),
                stream: Vec::new(),
                bytes: 0,
                blocked: None,
            });
            continue;
        }
        if line.starts_with("### WAIT") {
            break;
        }
        let (Some(line), Some(case)) = (line.strip_prefix("      "), cases.last_mut()) else {
            continue;
        };
        if let Some(command) = line.strip_prefix("| ") {
            case.stream.push(command.to_owned());
        } else if let Some(bytes) = line.strip_prefix("bytes=") {
            case.bytes = bytes.parse().expect("a number of bytes");
        } else if let Some(reply) = line.strip_prefix("blocked client got: ") {
            case.blocked = Some(reply.to_owned());
        } else {
            assert_eq!(line, "trailing stream: []", "stream.txt:{}", index + 1);
        }
    }
    cases
}

/// Some time before the first recorded command.
const START_MILLIS: u64 = 1_795_402_380_000;

/// How a case begins before which the recording slept.
const SLEPT: &str = "(after 500ms)";

/// So often chance has a chance to hit one key of twelve.
const RANDOM_TRIES: usize = 200;
