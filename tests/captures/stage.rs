//! A few nodes on one virtual clock, with wires that take no time: what the recordings had around
//! their servers. A process can be frozen, as by SIGSTOP: connections to it still open, and what is
//! sent to it waits.

use std::collections::{BTreeMap, VecDeque};

use replica_lab::lab::{ConnectionId, DiskHealth, Done, Fact, NodeId, Order, Place};
use replica_lab::node::{Address, Link, Setup};
use replica_lab::resp::{Bytes, Reply, ReplyDecoder, encode_command, split_words};
use replica_lab::time::{Duration, Instant};

/// All nodes, and what is on its way between them.
pub(crate) struct Stage {
    pub(crate) now: Instant,
    pub(crate) actors: Vec<Actor>,
    /// Facts that are due, in order.
    due: VecDeque<(usize, Event)>,
    /// The other end of every connection.
    wires: BTreeMap<(usize, Link), (usize, Link)>,
    accepted: u64,
}

/// A process.
pub(crate) struct Actor {
    pub(crate) name: &'static str,
    pub(crate) log: Vec<String>,
    place: Place,
    port: u16,
    deadline: Option<Instant>,
    /// What waits for a process that is frozen; none while it runs.
    frozen: Option<VecDeque<Event>>,
    /// The bytes that its system has taken for it meanwhile.
    held: u64,
    /// Who waits until there is room for more: what has left, when there is.
    full: Vec<(usize, Fact)>,
    /// False once it was killed.
    alive: bool,
    heard: Vec<u8>,
}

/// A fact, and the bytes that it is about.
enum Event {
    Fact(Fact),
    Received(Link, Bytes),
}

impl Stage {
    pub(crate) fn new(now: Instant) -> Self {
        Self { now, actors: Vec::new(), due: VecDeque::new(), wires: BTreeMap::new(), accepted: 2 }
    }

    /// Starts a server, on port 17201 or one after it unless told, and connects a client to it.
    pub(crate) fn start(&mut self, name: &'static str, setup: impl FnOnce(&mut Setup)) {
        let index = self.actors.len();
        let port = 17_201 + u16::try_from(index).expect("a few actors");
        let mut own = Setup { seed: index as u64 + 1, ..Setup::default() };
        // As the recorded servers were started.
        for (name, value) in [("save", ""), ("enable-debug-command", "yes")] {
            own.config.set_at_start(name, value).expect("the value fits");
        }
        own.config.set_at_start("port", &port.to_string()).expect("a port");
        setup(&mut own);
        let port = u16::try_from(own.config.number("port")).expect("a port");
        self.actors.push(Actor {
            name,
            log: Vec::new(),
            place: Place::new(own, self.now),
            port,
            deadline: None,
            frozen: None,
            held: 0,
            full: Vec::new(),
            alive: true,
            heard: Vec::new(),
        });
        self.push(index, Fact::Started);
        self.accept_client(index);
        self.actors[index].log.clear();
    }

    /// Starts a process again that has ended, on its disk and with its options; from here on it
    /// is called `new_name`.
    pub(crate) fn restart(&mut self, name: &str, new_name: &'static str) {
        let index = self.index(name);
        let actor = &mut self.actors[index];
        assert!(!actor.alive, "{name} still runs");
        (actor.name, actor.alive) = (new_name, true);
        actor.log.clear();
        self.push(index, Fact::Restarted { rdb: true, fork_fails: false });
        self.accept_client(index);
    }

    /// A client leaves, and another comes.
    pub(crate) fn change_client(&mut self, name: &str) {
        let index = self.index(name);
        self.push(index, Fact::Closed { link: CLIENT });
        self.accept_client(index);
    }

    fn accept_client(&mut self, index: usize) {
        let port = self.actors[index].port;
        let (peer, local) = (Address::new("127.0.0.1", 40_000), Address::new("127.0.0.1", port));
        let (link, connection) = (CLIENT, ConnectionId(0));
        let dialler = (NodeId(99), CLIENT);
        self.push(index, Fact::Accepted { link, connection, dialler, peer, local });
        self.settle();
    }

    pub(crate) fn index(&self, name: &str) -> usize {
        let found = self.actors.iter().position(|actor| actor.name == name);
        found.unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    pub(crate) fn actor(&mut self, name: &str) -> &mut Actor {
        let index = self.index(name);
        &mut self.actors[index]
    }

    /// Sends a line of words to a server.
    pub(crate) fn tell(&mut self, name: &str, line: &str) {
        let words = split_words(line.as_bytes()).expect("a line of words");
        let mut bytes = Vec::new();
        encode_command(&words, &mut bytes);
        let index = self.index(name);
        self.due.push_back((index, Event::Received(CLIENT, Bytes::from(bytes))));
        self.settle();
    }

    /// Sends a line of words to a server, and waits for the reply, at most a minute.
    pub(crate) fn ask(&mut self, name: &str, line: &str) -> Reply {
        self.actor(name).heard.clear();
        self.tell(name, line);
        self.run_until(Duration::from_secs(60), |stage| {
            !stage.actors[stage.index(name)].heard.is_empty()
        });
        let mut decoder = ReplyDecoder::default();
        decoder.feed(&self.actor(name).heard);
        let reply = decoder.next_reply().expect("a reply is sound");
        reply.unwrap_or_else(|| panic!("{name} does not answer {line}"))
    }

    /// Sends a line of words to a server, and takes down all that it says for a while.
    pub(crate) fn hear(&mut self, name: &str, line: &str, millis: u64) -> Vec<u8> {
        self.actor(name).heard.clear();
        self.tell(name, line);
        self.run(millis);
        std::mem::take(&mut self.actor(name).heard)
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, millis: u64) {
        self.run_until(Duration::from_millis(millis), |_| false);
    }

    /// Lets time pass until `done`, at most for `span`; false if it never was.
    pub(crate) fn run_until(&mut self, span: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + span;
        while !done(self) {
            let running = |actor: &&Actor| actor.alive && actor.frozen.is_none();
            let deadlines = self.actors.iter().filter(running).filter_map(|actor| actor.deadline);
            let Some(next) = deadlines.min().filter(|&next| next <= end) else {
                self.now = end;
                return done(self);
            };
            self.now = self.now.max(next);
            for index in 0..self.actors.len() {
                let actor = &self.actors[index];
                if running(&actor) && actor.deadline.is_some_and(|at| at <= self.now) {
                    self.push(index, Fact::Woke);
                }
            }
            self.settle();
        }
        true
    }

    /// Waits until a line with `text` is in a log that nobody has compared.
    pub(crate) fn run_until_log(&mut self, name: &str, text: &str) {
        let index = self.index(name);
        let has = |stage: &Self| stage.actors[index].log.iter().any(|line| line.contains(text));
        let found = self.run_until(Duration::from_secs(60), has);
        assert!(found, "{name} never says {text}: {:#?}", self.actors[index].log);
    }

    /// SIGSTOP.
    pub(crate) fn freeze(&mut self, name: &str) {
        self.actor(name).frozen = Some(VecDeque::new());
    }

    /// SIGCONT.
    pub(crate) fn thaw(&mut self, name: &str) {
        let index = self.index(name);
        let actor = &mut self.actors[index];
        let held = actor.frozen.take().unwrap_or_default();
        actor.held = 0;
        self.due.extend(held.into_iter().map(|event| (index, event)));
        let room = std::mem::take(&mut self.actors[index].full);
        self.due.extend(room.into_iter().map(|(from, fact)| (from, Event::Fact(fact))));
        if self.actors[index].deadline.is_some_and(|at| at <= self.now) {
            self.push(index, Fact::Woke);
        }
        self.settle();
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, name: &str) {
        self.end(self.index(name));
        self.settle();
    }

    /// A process has ended: the system closes what was open.
    fn end(&mut self, index: usize) {
        self.actors[index].alive = false;
        let ends: Vec<(usize, Link)> =
            self.wires.keys().copied().filter(|&(at, _)| at == index).collect();
        for end in ends {
            self.close(end);
        }
    }

    fn push(&mut self, index: usize, fact: Fact) {
        self.due.push_back((index, Event::Fact(fact)));
    }

    /// Carries out everything that is due now, and what follows from it.
    fn settle(&mut self) {
        while let Some((index, event)) = self.due.pop_front() {
            let actor = &mut self.actors[index];
            if !actor.alive {
                continue;
            }
            if let Some(held) = &mut actor.frozen {
                held.push_back(event);
                continue;
            }
            let fact = match event {
                Event::Fact(fact) => fact,
                Event::Received(link, bytes) => {
                    actor.place.deliver(link, bytes);
                    Fact::Received { link }
                }
            };
            self.now += Duration::from_micros(1);
            let (Done { orders, deadline }, sent) = self.actors[index].place.take(self.now, fact);
            self.actors[index].deadline = deadline.map(|deadline| deadline.at);
            let mut frames: VecDeque<Bytes> = sent.into_iter().map(|frame| frame.bytes).collect();
            for order in orders {
                self.carry_out(index, order, &mut frames);
            }
        }
    }

    fn carry_out(&mut self, index: usize, order: Order, frames: &mut VecDeque<Bytes>) {
        match order {
            Order::Dial { link, to } => self.connect(index, link, to.port),
            Order::Send { link, bytes, paced, .. } => {
                let frame = frames.pop_front().expect("a frame for each order to send");
                let other = self.wires.get(&(index, link)).copied();
                if link == CLIENT {
                    self.actors[index].heard.extend_from_slice(&frame);
                } else if let Some((other, theirs)) = other {
                    self.due.push_back((other, Event::Received(theirs, frame)));
                }
                let sent = Fact::Sent { link, bytes };
                match other.filter(|_| paced) {
                    Some((other, _)) if self.is_full(other, bytes) => {
                        self.actors[other].full.push((index, sent));
                    }
                    _ if paced => self.push(index, sent),
                    _ => {}
                }
            }
            Order::Close { link } => self.close((index, link)),
            Order::Disk { .. } => self.push(index, Fact::DiskDone { health: DiskHealth::Works }),
            Order::Note { line, .. } => self.actors[index].log.push(line),
            Order::Exit => self.end(index),
            Order::Said { .. } => {}
        }
    }

    /// True if the system of a frozen process has no room for what comes after these bytes.
    fn is_full(&mut self, index: usize, bytes: u64) -> bool {
        let actor = &mut self.actors[index];
        actor.held += if actor.frozen.is_some() { bytes } else { 0 };
        actor.held > WINDOW
    }

    /// A connection is made by the system, whatever the process does that listens.
    fn connect(&mut self, from: usize, link: Link, port: u16) {
        let listens = |actor: &Actor| actor.alive && actor.port == port;
        let Some(to) = self.actors.iter().position(listens) else {
            let why = "Connection refused".to_owned();
            return self.push(from, Fact::Refused { link, why });
        };
        let theirs = Link::accepted(self.accepted);
        let connection = ConnectionId(self.accepted);
        self.accepted += 1;
        self.wires.insert((from, link), (to, theirs));
        self.wires.insert((to, theirs), (from, link));
        let (peer, local) = (Address::new("127.0.0.1", 33_000), Address::new("127.0.0.1", port));
        let dialler = (NodeId(from), link);
        self.push(to, Fact::Accepted { link: theirs, connection, dialler, peer, local });
        self.push(from, Fact::Opened { link, connection });
    }

    fn close(&mut self, end: (usize, Link)) {
        if let Some((other, theirs)) = self.wires.remove(&end) {
            self.wires.remove(&(other, theirs));
            self.push(other, Fact::Closed { link: theirs });
        }
    }
}

/// About how much a system keeps for a process that does not read, as it was in the recordings.
const WINDOW: u64 = 3_780_000;
/// The client of each server.
const CLIENT: Link = Link::accepted(1);
