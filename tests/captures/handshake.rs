//! `handshake.txt`: what a replica says to a master that is played by the test, with its log.
//!
//! The recorded lines are played in order: `<-` is awaited from our node, `->` is said to it. Where
//! the recording ends its master hangs up, and does so again when the replica comes back; the log
//! was read up to some instant after that, so it must be how ours begins.

use std::collections::BTreeMap;

use replica_lab::lab::{ConnectionId, DiskHealth, Done, Fact, Order, Place};
use replica_lab::node::{Address, Link, Setup};
use replica_lab::resp::{Bytes, Reply, ReplyDecoder, encode_command};
use replica_lab::time::{Duration, Instant};

use crate::python;

/// One line of a recorded conversation.
#[derive(Clone, Debug)]
enum Step {
    /// The replica says this, so many times in a row.
    Hear(Vec<u8>, usize),
    /// The master says this.
    Say(Vec<u8>),
    /// The replica closes the connection, so many seconds after the beginning.
    Closed(f64),
    /// The master closes the connection.
    HangUp,
    /// The replica is back on another connection.
    Back(f64),
    /// It is not.
    NotBack,
    /// Fields of INFO and perhaps ROLE.
    Info(String),
}

/// A recorded conversation.
#[derive(Debug, Default)]
struct Case {
    steps: Vec<Step>,
    log: Vec<String>,
}

#[test]
fn every_recorded_handshake_is_repeated() {
    let cases = cases();
    assert_eq!(cases.len(), 20, "{:?}", cases.keys());
    let mut faults = Vec::new();
    for (name, case) in &cases {
        let mut replica = Replica::start(name);
        let fault = case.steps.iter().find_map(|step| replica.play(step).err());
        let fault = fault.or_else(|| replica.end(&case.log).err());
        faults.extend(fault.map(|fault| format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n\n"));
}

/// Our node, and the master that it speaks with.
struct Replica {
    place: Place,
    now: Instant,
    began: Instant,
    deadline: Option<Instant>,
    /// The connection that the master reads.
    link: Option<Link>,
    /// The connections that were dialled and not looked at, in order.
    dialled: Vec<Link>,
    /// What was said on each connection and not heard yet, and whether it is still open.
    said: BTreeMap<Link, (Vec<u8>, bool)>,
    log: Vec<String>,
}

impl Replica {
    fn start(case: &str) -> Self {
        let mut setup = Setup::default();
        let mut options = vec![("port", "17111")];
        options.extend_from_slice(match case {
            "plain full sync, $EOF form, replicaof in config" => {
                &[("replicaof", "127.0.0.1 17110")][..]
            }
            "announce ip/port + masterauth" => &[
                ("masterauth", "pw"),
                ("replica-announce-ip", "10.1.2.3"),
                ("replica-announce-port", "7777"),
            ],
            "masteruser+masterauth, AUTH refused" => &[("masteruser", "u"), ("masterauth", "pw")],
            "bulk: wrong EOF mark, diskless load" => &[("repl-diskless-load", "on-empty-db")],
            "handshake silence: repl-timeout 2, no PONG" | "transfer silence: repl-timeout 2" => {
                &[("repl-timeout", "2")]
            }
            _ => &[],
        });
        for (name, value) in options {
            setup.config.set_at_start(name, value).expect("the option is known");
        }
        let follows = setup.config.text("replicaof").is_some();
        let now = Instant::from_millis(START_MILLIS);
        let mut replica = Self {
            place: Place::new(setup, now),
            now,
            began: now,
            deadline: None,
            link: None,
            dialled: Vec::new(),
            said: BTreeMap::new(),
            log: Vec::new(),
        };
        replica.take(Fact::Started);
        let (peer, local) = (Address::new("127.0.0.1", 40_000), Address::new("127.0.0.1", 17_111));
        let (link, connection) = (CLIENT, ConnectionId(0));
        let dialler = (replica_lab::lab::NodeId(1), CLIENT);
        replica.take(Fact::Accepted { link, connection, dialler, peer, local });
        if !follows {
            // The recorded logs begin with the order.
            replica.log.clear();
            replica.ask(&["REPLICAOF", "127.0.0.1", "17110"]);
        }
        replica.link = replica.next_connection(Duration::ZERO);
        replica
    }

    /// A turn and what follows from it at once: dials are answered, the disk obeys.
    fn take(&mut self, fact: Fact) {
        let mut facts = vec![fact];
        while !facts.is_empty() {
            self.now += Duration::from_micros(10);
            let (Done { orders, deadline }, sent) = self.place.take(self.now, facts.remove(0));
            self.deadline = deadline.map(|deadline| deadline.at);
            for frame in sent {
                self.said.entry(frame.link).or_default().0.extend_from_slice(&frame.bytes);
            }
            for order in orders {
                match order {
                    Order::Dial { link, .. } => {
                        self.dialled.push(link);
                        self.said.insert(link, (Vec::new(), true));
                        facts.push(Fact::Opened { link, connection: ConnectionId(link.0) });
                    }
                    Order::Close { link } => {
                        self.said.entry(link).or_default().1 = false;
                    }
                    Order::Disk { .. } => facts.push(Fact::DiskDone { health: DiskHealth::Works }),
                    Order::Note { line, .. } if line.contains(BEFORE_THE_NODE[0]) => {}
                    // The recorder took no line that warns of its machine, and not this one.
                    Order::Note { line, .. } if line.contains("# WARNING: ") => {}
                    Order::Note { line, .. } => self.log.push(without_time(&line)),
                    Order::Send { link, bytes, paced: true, .. } => {
                        facts.push(Fact::Sent { link, bytes });
                    }
                    Order::Send { .. } | Order::Said { .. } | Order::Exit => {}
                }
            }
        }
    }

    /// Lets time pass until `done`, at most for `span`; false if it never was.
    fn pass(&mut self, span: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + span;
        while !done(self) {
            let Some(next) = self.deadline.filter(|&next| next <= end) else {
                self.now = end;
                return false;
            };
            self.now = self.now.max(next);
            self.take(Fact::Woke);
        }
        true
    }

    fn next_connection(&mut self, patience: Duration) -> Option<Link> {
        self.pass(patience, |replica| !replica.dialled.is_empty());
        (!self.dialled.is_empty()).then(|| self.dialled.remove(0))
    }

    /// A command of a client, and its reply.
    fn ask(&mut self, words: &[&str]) -> Reply {
        let mut bytes = Vec::new();
        encode_command(words, &mut bytes);
        self.said.remove(&CLIENT);
        self.place.deliver(CLIENT, Bytes::from(bytes));
        self.take(Fact::Received { link: CLIENT });
        let mut decoder = ReplyDecoder::default();
        decoder.feed(&self.said[&CLIENT].0);
        decoder.next_reply().expect("a reply is sound").expect("a command is answered")
    }

    fn play(&mut self, step: &Step) -> Result<(), String> {
        let link = self.link.ok_or("there is no connection")?;
        match step {
            Step::Say(bytes) => {
                self.place.deliver(link, Bytes::from(bytes.as_slice()));
                self.take(Fact::Received { link });
                Ok(())
            }
            Step::Hear(wanted, times) => {
                let heard = (0..*times).take_while(|_| self.hear(link, wanted)).count();
                // By the clock, once more or less is the same.
                if heard + 1 >= (*times).max(2) {
                    return Ok(());
                }
                let (wanted, said) = (wanted.escape_ascii(), self.said[&link].0.escape_ascii());
                Err(format!("wanted {times} times {wanted}\n  got {said}"))
            }
            Step::Closed(at) => {
                if !self.pass(PATIENCE, |replica| !replica.said[&link].1) {
                    return Err("the connection is not closed".to_owned());
                }
                self.check_time("closed", *at)
            }
            Step::HangUp => {
                self.pass(Duration::from_millis(500), |_| false);
                self.hang_up();
                Ok(())
            }
            Step::Back(at) => {
                self.link = self.next_connection(PATIENCE);
                self.link.ok_or("the replica does not come back")?;
                self.check_time("reconnected", *at)
            }
            Step::NotBack => match self.next_connection(Duration::from_millis(1_600)) {
                Some(_) => Err("the replica has dialled again".to_owned()),
                None => Ok(()),
            },
            Step::Info(recorded) => self.check_info(recorded),
        }
    }

    /// Waits for `wanted` and takes it off what was said; false if something else was.
    fn hear(&mut self, link: Link, wanted: &[u8]) -> bool {
        let length = wanted.len();
        self.pass(PATIENCE, |replica| {
            let (said, open) = &replica.said[&link];
            said.len() >= length || !open
        });
        let said = &mut self.said.entry(link).or_default().0;
        if said.len() < length || without_ids(&said[..length]) != without_ids(wanted) {
            return false;
        }
        said.drain(..length);
        true
    }

    /// The cron runs once a second, at another moment in each server.
    fn check_time(&self, what: &str, recorded: f64) -> Result<(), String> {
        let ours = self.now.since(self.began).micros() as f64 / 1e6;
        if (ours - recorded).abs() < 1.1 {
            return Ok(());
        }
        Err(format!("{what} after {ours:.2} s, recorded: {recorded:.2} s"))
    }

    fn check_info(&mut self, recorded: &str) -> Result<(), String> {
        let Reply::Bulk(info) = self.ask(&["INFO", "replication"]) else {
            return Err("INFO is no bulk string".to_owned());
        };
        let info = String::from_utf8_lossy(&info).into_owned();
        let own = info.lines().filter_map(|line| line.split_once(':')).collect::<BTreeMap<_, _>>();
        let (fields, role) = recorded.split_once("} role=").unwrap_or((recorded, ""));
        for (name, value) in fields.split(", '").filter_map(|field| field.split_once("': '")) {
            let name = name.trim_start_matches("{'");
            let value = value.trim_end_matches(['}', '\'']);
            let got = own.get(name).copied().unwrap_or("(no such field)");
            let same = without_ids(got.as_bytes()) == without_ids(value.as_bytes());
            if !same && name != "master_last_io_seconds_ago" {
                return Err(format!("{name} is {got}, recorded: {recorded}"));
            }
        }
        let own = python::reply(&self.ask(&["ROLE"]));
        if role.is_empty() || own == role {
            return Ok(());
        }
        Err(format!("ROLE is {own}, recorded: {recorded}"))
    }

    /// The master closes the connection; false if it is closed already.
    fn hang_up(&mut self) -> bool {
        let Some(link) = self.link.filter(|link| self.said[link].1) else { return false };
        self.said.entry(link).or_default().1 = false;
        self.take(Fact::Closed { link });
        true
    }

    /// The master hangs up as often as the log has still something to say about it.
    fn end(mut self, recorded: &[String]) -> Result<(), String> {
        loop {
            let same = self.log.iter().zip(recorded).take_while(|(ours, line)| is_line(ours, line));
            let count = same.count();
            if count == recorded.len() {
                return Ok(());
            }
            if count < self.log.len() {
                let (ours, line) = (&self.log[count], &recorded[count]);
                return Err(format!("line {count} of the log\n  wanted {line}\n  got    {ours}"));
            }
            if !self.hang_up() {
                self.link = self.next_connection(PATIENCE);
            }
            if self.link.is_none() {
                return Err(format!("the log ends before\n  {}", recorded[count]));
            }
        }
    }
}

/// True if a line of ours is the recorded one, as far as that goes.
fn is_line(ours: &str, recorded: &str) -> bool {
    match recorded.strip_suffix('…') {
        Some(beginning) => ours.starts_with(beginning),
        None => ours == recorded,
    }
}

/// A line of the log from the role on, without what differs by nature.
fn without_time(line: &str) -> String {
    let (process, rest) = line.split_once(' ').expect("a line has a date");
    let role = process.split_once(':').expect("a line has a role").1;
    let text = rest.splitn(5, ' ').last().expect("a line has a text");
    masked(&format!("{role} {text}"))
}

/// A line without ages, clients and ids that are not the master's. Clients are the last thing of a
/// line, or the last that the recording, which cut its lines, has of it.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some((before, rest)) = line.split_once("RDB age ") {
        line =
            format!("{before}RDB age <n>{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    for begin in ["(user request from '", "from client: "] {
        if let Some((before, _)) = line.split_once(begin) {
            line = format!("{before}{begin}<client>");
        }
    }
    String::from_utf8(without_ids(line.as_bytes())).expect("a mask is ASCII")
}

/// Forty digits in a row become stars, but for the master's, which are all `a`.
fn without_ids(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    for start in 0..bytes.len().saturating_sub(39) {
        let id = &mut bytes[start..start + 40];
        if id.iter().all(is_digit) && id.iter().any(|&byte| byte != b'a') {
            id.fill(b'*');
        }
    }
    bytes
}

/// The recorded conversations by name. Two were recorded again, because their master was still
/// busy with the connection of the one before: the later recording stands.
fn cases() -> BTreeMap<String, Case> {
    let mut cases = BTreeMap::new();
    let (mut name, mut case) = (String::new(), Case::default());
    for line in include_str!("handshake.txt").lines().chain(["### "]) {
        if let Some(next) = line.strip_prefix("### ") {
            cases.insert(std::mem::replace(&mut name, next.to_owned()), std::mem::take(&mut case));
        } else if let Some(text) = line.strip_prefix("  LOG ") {
            if BEFORE_THE_NODE.iter().any(|begin| text.contains(begin)) {
                continue;
            }
            let cut = if text.chars().count() == LINE_CHARS_MAX { "…" } else { "" };
            case.log.push(masked(text) + cut);
        } else if let Some(text) = line.strip_prefix("  ") {
            case.read(text);
        }
    }
    cases.remove("");
    let hangs_up = cases.get_mut("master closes mid-transfer").expect("it is recorded");
    hangs_up.steps.insert(hangs_up.steps.len() - 1, Step::HangUp);
    let wrong_mark = cases.get_mut("bulk: wrong EOF mark, diskless load").expect("it is recorded");
    for step in &mut wrong_mark.steps {
        if let Step::Say(bytes) = step
            && bytes.starts_with(b"$EOF:")
        {
            let end = bytes.len() - 40;
            bytes[end..].fill(b'e');
        }
    }
    cases
}

impl Case {
    fn read(&mut self, line: &str) {
        let seconds = |text: &str| -> f64 {
            text.trim_end_matches("s]").parse().expect("a number of seconds")
        };
        if let Some(literal) = line.strip_prefix("<- ") {
            let bytes = python::unquoted(literal);
            match self.steps.last_mut() {
                Some(Step::Hear(same, times)) if *same == bytes => *times += 1,
                _ => self.steps.push(Step::Hear(bytes, 1)),
            }
        } else if let Some(literal) = line.strip_prefix("-> ") {
            self.steps.push(Step::Say(whole(literal)));
        } else if let Some(at) = line.strip_prefix("[replica closed connection at +") {
            self.steps.push(Step::Closed(seconds(at)));
        } else if let Some(at) = line.strip_prefix("[replica reconnected at +") {
            self.steps.push(Step::Back(seconds(at)));
        } else if line.starts_with("[no reconnect") {
            self.steps.push(Step::NotBack);
        } else if let Some(literal) = line.strip_prefix("GETACK inside MULTI <- ") {
            self.steps.push(Step::Say(hidden("GETACK").expect("it is known").to_vec()));
            self.steps.push(Step::Hear(python::unquoted(literal), 1));
        } else {
            let text = line.strip_prefix("INFO ").unwrap_or_else(|| panic!("what is {line}?"));
            let (label, fields) = text.split_once('{').expect("INFO has fields");
            if let Some(bytes) = hidden(label.trim_end_matches(": ")) {
                // The reply to GETACK was recorded before the INFO that names it.
                let at = self.steps.len() - usize::from(label.contains("GETACK"));
                self.steps.insert(at, Step::Say(bytes.to_vec()));
            }
            self.steps.push(Step::Info(format!("{{{fields}")));
        }
    }
}

/// What the recording's master said without showing it.
fn hidden(label: &str) -> Option<&'static [u8]> {
    Some(match label {
        "" | "after sync" => return None,
        "after SELECT+SET (50 bytes)" => {
            b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"
        }
        "after \\n and \\r\\n (3 bytes)" => b"\n\r\n",
        "after PING (14)" => b"*1\r\n$4\r\nPING\r\n",
        "after GETACK (37)" | "GETACK" => b"*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n",
        "after MULTI+SET unfinished (15+27)" => {
            b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n"
        }
        "after EXEC" => b"*1\r\n$4\r\nEXEC\r\n",
        "partial command" => b"*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$5\r\nhe",
        "completed" => b"llo\r\n",
        "after INCR + erroring LPUSH" => {
            b"*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*3\r\n$5\r\nLPUSH\r\n$1\r\na\r\n$2\r\nxx\r\n"
        }
        "after inline command" => b"SET inline 1\r\n",
        _ => panic!("what was said for {label}?"),
    })
}

/// What the master said. The longest are shown by their beginnings only: they are the dataset of
/// `empty_diskless.rdb` between a mark and the same mark.
fn whole(literal: &str) -> Vec<u8> {
    let Some((header, _)) = literal.split_once("REDIS0011\\xfa\\tre...") else {
        return python::unquoted(literal);
    };
    let mut bytes = python::unquoted(&format!("{header}'"));
    let mark = bytes["$EOF:".len()..bytes.len() - 2].to_vec();
    bytes.extend_from_slice(include_bytes!("../vectors/empty_diskless.rdb"));
    bytes.extend(mark);
    bytes
}

/// Lines that a process prints while it reads its configuration, before there is a node.
const BEFORE_THE_NODE: [&str; 3] =
    ["* Redis version=", "* Configuration loaded", "* monotonic clock"];
/// The client that asks our node.
const CLIENT: Link = Link::accepted(1);
/// Some time after the dataset of the recording was saved.
const START_MILLIS: u64 = 1_795_402_700_000;
/// How long something is waited for.
const PATIENCE: Duration = Duration::from_secs(70);
/// The recording cut longer lines.
const LINE_CHARS_MAX: usize = 230;
