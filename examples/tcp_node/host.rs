//! The world of one node: sockets, signals, files, time.
//!
//! It waits for them all in one thread, as redis-server does, turns what happens into facts and
//! carries the orders out: a wire's receipt is given when the kernel has taken the bytes, files are
//! real files in `dir`, notes are lines of the log.
//!
//! What is to be written waits until everybody who has something to say was heard: a client that
//! is answered at once is woken once for each of its neighbours, and waking is dear.

mod ending;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io::{self, Read};
use std::process::{exit, id};
use std::time::Instant as Monotonic;

use mio::{Events, Interest, Poll, Token};
use replica_lab::node::{
    Address, Breach, Carries, Input, Level, Link, LogLine, Node, Note, Outbox, Output, Profile,
    ServerNote,
};
use replica_lab::resp::Bytes;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;

use super::Clock;
use super::disk::Disk;
use super::files;
use super::listen::{Doors, Stream};
use super::log::Log;
use super::memory::HugePages;
use super::oom::Score;
use super::options::Options;
use super::socket::Socket;
use super::usage::Meter;

/// The world of one node.
pub(crate) struct Host {
    node: Node,
    clock: Clock,
    poll: Poll,
    doors: Doors,
    signals: Signals,
    /// True once a signal has asked for the end.
    asked_to_end: bool,
    /// Every socket, by the number of its token.
    sockets: BTreeMap<usize, Socket>,
    /// The token of every connection.
    tokens: BTreeMap<Link, usize>,
    /// Sockets that have something to write, or are to be closed.
    due: BTreeSet<usize>,
    /// Sockets that may have something to read, and on which the node is deaf.
    unread: BTreeSet<usize>,
    /// How many bytes they were given to write since they last wrote.
    due_bytes: usize,
    /// The number of the next token.
    next: usize,
    /// What has happened and the node has not yet been told.
    facts: VecDeque<Input>,
    disk: Disk,
    /// What the process ends with.
    status: i32,
    /// True if a configuration file was named.
    configured: bool,
    log: Log,
    /// Files that go with the process: its name, and the file.
    companions: Vec<(&'static str, String)>,
    /// What is said before the node says anything.
    prelude: Vec<(Level, String)>,
    /// What a read fills.
    buffer: Vec<u8>,
    huge_pages: HugePages,
    score: Score,
    meter: Meter,
}

/// What the log calls the file of a socket.
const SOCKET: &str = "unix socket";
/// So much is written before others are heard: what waits longer has left the processor's caches.
const DUE_BYTES_MAX: usize = 64 * 1024;
/// The token of signals; those of listeners and of sockets follow.
const SIGNALS: Token = Token(0);

impl Host {
    pub(crate) fn listen(options: Options, clock: Clock) -> io::Result<Self> {
        let Options { mut setup, configured } = options;
        let log = Log::new(&setup.config);
        let folder = fs::canonicalize(setup.config.get("dir"))?;
        // CONFIG GET answers where the files really are.
        let _ = setup.config.set_at_start("dir", &folder.to_string_lossy());
        setup.moves = true;
        setup.reachable = true;
        setup.measures = true;
        let files = files::provide(setup.config.number("maxclients")).map_err(io::Error::other)?;
        let _ = setup.config.set_at_start("maxclients", &files.clients.to_string());
        setup.files_max = files.most;
        let poll = Poll::new()?;
        let mut next = 1;
        let doors = Doors::open(&setup.config, poll.registry(), &mut next)?;
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        poll.registry().register(&mut signals, SIGNALS, Interest::READABLE)?;
        let mut companions = Vec::new();
        if let Some(path) = setup.config.text("pidfile") {
            // Redis writes it if it can, too: Debian's folder for it is made by the service alone.
            let _ = fs::write(path, format!("{}\n", id()));
            companions.push(("pid", path.to_owned()));
        }
        if let Some(path) = setup.config.text("unixsocket") {
            companions.push((SOCKET, path.to_owned()));
        }
        let dump = folder.join(setup.config.get("dbfilename")).is_file();
        Ok(Self {
            node: Node::new(setup, clock.now()),
            clock,
            poll,
            next,
            doors,
            signals,
            asked_to_end: false,
            sockets: BTreeMap::new(),
            tokens: BTreeMap::new(),
            due: BTreeSet::new(),
            unread: BTreeSet::new(),
            due_bytes: 0,
            facts: VecDeque::from([Input::Started { dump }]),
            disk: Disk::new(folder),
            status: 0,
            configured,
            log,
            companions,
            prelude: files.lines,
            buffer: vec![0; 64 * 1024],
            huge_pages: HugePages::as_found(),
            score: Score::default(),
            meter: Meter::new(),
        })
    }

    pub(crate) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        loop {
            self.settle();
            let wait = self.node.deadline().map(|deadline| {
                let micros = deadline.at.since(self.clock.now()).micros();
                std::time::Duration::from_micros(micros)
            });
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    SIGNALS => self.signalled(),
                    Token(token) if self.doors.has(token) => self.accept(token)?,
                    Token(token) => {
                        if event.is_writable() {
                            self.writable(token);
                        }
                        if event.is_readable() {
                            self.readable(token, event.is_read_closed() || event.is_error());
                        }
                        self.tell_node();
                    }
                }
            }
            let now = self.clock.now();
            if self.node.deadline().is_some_and(|deadline| deadline.at <= now) {
                self.facts.push_back(Input::Woke);
            }
            self.facts.extend(self.meter.read(now).map(|usage| Input::Used { usage }));
        }
    }

    /// Tells the node what has happened, and writes what it says, until all is quiet.
    fn settle(&mut self) {
        loop {
            self.tell_node();
            if let Err(why) = self.score.obey(&self.node) {
                self.say('M', Level::Warning, &why);
            }
            self.flush_due();
            self.read_on();
            if self.facts.is_empty() && self.due.is_empty() {
                return;
            }
        }
    }

    /// Reads from those whom the node hears again.
    fn read_on(&mut self) {
        if self.unread.is_empty() {
            return;
        }
        for token in std::mem::take(&mut self.unread) {
            self.readable(token, true);
        }
    }

    /// Writes as much of what is due as the kernel takes.
    fn flush_due(&mut self) {
        self.due_bytes = 0;
        for token in std::mem::take(&mut self.due) {
            self.flush(token);
        }
    }

    /// Tells the node what has happened, and carries out what it orders.
    fn tell_node(&mut self) {
        while let Some(fact) = self.facts.pop_front() {
            let mut out = Outbox::default();
            let (now, began) = (self.clock.now(), Monotonic::now());
            self.node.handle(now, fact, &mut out);
            let nanos = began.elapsed().as_nanos() as u64;
            self.node.handle(now, Input::Lasted { nanos }, &mut out);
            self.huge_pages.renounce(self.node.is_loading());
            for order in out.orders {
                self.carry_out(order);
            }
        }
        if self.due_bytes > DUE_BYTES_MAX {
            self.flush_due();
        }
    }

    fn carry_out(&mut self, order: Output) {
        match order {
            Output::Dial { link, to } => self.dial(link, &to),
            Output::Send { link, bytes, carries } => self.send(link, bytes, carries),
            Output::Close { link } => self.close(link, false),
            Output::Drop { link } => self.close(link, true),
            Output::Disk { job, order } => {
                let result = self.disk.carry_out(order).map_err(|error| words(&error));
                self.facts.push_back(Input::Disk { job, result });
            }
            Output::Listen { bind, port } => self.move_to(bind, port),
            Output::Note(line) => {
                self.log.obey(self.node.option("loglevel"));
                self.heed(&line.note);
                self.print(&line);
            }
            Output::Exit => exit(self.status),
        }
    }

    /// The host says a little more than the node: its process has files, and a number.
    fn print(&self, line: &LogLine) {
        match &line.note {
            Note::Server(ServerNote::Version(version)) => self.print_start(version, line.level()),
            Note::Server(ServerNote::ReadyToAccept) if line.profile != Profile::V7_2 => {
                self.log.print(line);
                for (_, path) in self.companions.iter().filter(|(what, _)| *what == SOCKET) {
                    let text = format!("The server is now ready to accept connections at {path}");
                    self.say(line.role, Level::Notice, &text);
                }
            }
            Note::Server(ServerNote::ReadyToAccept) => {
                let mut kinds: Vec<_> = self.doors.kinds().collect();
                kinds.dedup();
                for kind in kinds {
                    let text = format!("Ready to accept connections {kind}");
                    self.say(line.role, Level::Notice, &text);
                }
            }
            Note::Server(ServerNote::RunningMode(port)) if self.log.has_picture => {
                self.log.picture(line.profile.redis_version(), *port);
            }
            Note::Server(ServerNote::Bye) => {
                for (what, path) in &self.companions {
                    self.say(line.role, Level::Notice, &format!("Removing the {what} file."));
                    let _ = fs::remove_file(path);
                }
                self.log.print(line);
            }
            Note::Replica(_)
            | Note::Psync(_)
            | Note::Transfer(_)
            | Note::Load(_)
            | Note::Protocol(_)
            | Note::Master(_)
            | Note::Snapshot(_)
            | Note::Server(_) => self.log.print(line),
        }
    }

    fn print_start(&self, version: &str, level: Level) {
        self.say('C', level, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
        let text = format!(
            "Redis version={version}, bits=64, commit=00000000, modified=0, pid={}, just started",
            id()
        );
        self.say('C', level, &text);
        if self.configured {
            self.say('C', level, "Configuration loaded");
        } else {
            let text = "Warning: no config file specified, using the default config. In order to \
                        specify a config file use tcp_node /path/to/redis.conf";
            self.say('C', Level::Warning, text);
        }
        for (level, text) in &self.prelude {
            self.say('M', *level, text);
        }
        self.say('M', Level::Notice, "monotonic clock: POSIX clock_gettime");
    }

    fn say(&self, role: char, level: Level, text: &str) {
        self.log.say(self.clock.now(), role, level, text);
    }

    /// The socket of a connection, which now has something to do.
    fn engage(&mut self, link: Link) -> Option<&mut Socket> {
        let token = *self.tokens.get(&link)?;
        self.due.insert(token);
        self.sockets.get_mut(&token)
    }

    fn send(&mut self, link: Link, bytes: Bytes, carries: Carries) {
        let length = bytes.len();
        if let Some(socket) = self.engage(link) {
            socket.queue.push_back((bytes, carries.is_paced()));
            self.due_bytes += length;
        }
    }

    /// Closes a connection once everything is written, or without writing any more.
    fn close(&mut self, link: Link, at_once: bool) {
        let Some(&token) = self.tokens.get(&link) else { return };
        let Some(socket) = self.sockets.get_mut(&token) else { return };
        if at_once || socket.queue.is_empty() {
            return self.remove(token);
        }
        socket.closing = true;
        self.due.insert(token);
    }

    /// Listens elsewhere, if it can.
    fn move_to(&mut self, bind: String, port: u16) {
        let moved = self.doors.move_to(bind, port, self.poll.registry(), &mut self.next);
        if let Err(error) = &moved {
            self.say('M', Level::Warning, &error.to_string());
        }
        self.facts.push_front(Input::Listened { moved: moved.is_ok() });
    }

    fn accept(&mut self, place: usize) -> io::Result<()> {
        loop {
            match self.doors.accept(place) {
                Ok((stream, peer, local)) => {
                    let link = Link::accepted(self.next as u64);
                    self.add(stream, link, false)?;
                    self.facts.push_back(Input::Accepted { link, peer, local });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The peer has given up, or there is no descriptor left: the next may do better.
                Err(_) => {
                    let clients = self.node.option("maxclients").parse().unwrap_or(0);
                    let _ = files::provide(clients);
                    return Ok(());
                }
            }
        }
    }

    fn add(&mut self, mut stream: Stream, link: Link, connecting: bool) -> io::Result<()> {
        let token = self.next;
        self.next += 1;
        stream.register(self.poll.registry(), Token(token))?;
        let (queue, written, closing) = (VecDeque::new(), 0, false);
        self.sockets.insert(token, Socket { stream, link, queue, written, connecting, closing });
        self.tokens.insert(link, token);
        Ok(())
    }

    fn dial(&mut self, link: Link, to: &Address) {
        let connected = Stream::connect(to, self.node.option("bind-source-addr"));
        if let Err(error) = connected.and_then(|stream| self.add(stream, link, true)) {
            self.facts.push_back(Input::Refused { link, why: words(&error) });
        }
    }

    fn writable(&mut self, token: usize) {
        let Some(socket) = self.sockets.get_mut(&token) else { return };
        if socket.connecting {
            let link = socket.link;
            match socket.stream.is_established() {
                Ok(true) => {
                    socket.connecting = false;
                    self.due.insert(token);
                    self.facts.push_back(Input::Opened { link });
                }
                Ok(false) => {}
                Err(error) => {
                    self.remove(token);
                    self.facts.push_back(Input::Refused { link, why: words(&error) });
                }
            }
            return;
        }
        self.flush(token);
    }

    /// Reads what has arrived; `ended` if nothing more will.
    fn readable(&mut self, token: usize, ended: bool) {
        loop {
            let Some(socket) = self.sockets.get_mut(&token) else { return };
            if socket.connecting || socket.closing {
                return;
            }
            let link = socket.link;
            if self.node.is_deaf_on(link) {
                self.unread.insert(token);
                return;
            }
            match socket.stream.read(&mut self.buffer) {
                Ok(0) => return self.lost(token, None),
                Ok(count) => {
                    let bytes = Bytes::from(&self.buffer[..count]);
                    self.facts.push_back(Input::Received { link, bytes });
                    self.tell_node();
                    // What a replica says next may meet a master that is gone: it writes before it
                    // reads on, as Redis does.
                    if link.is_dialled() {
                        self.flush(token);
                    }
                    // There was no more, and the next to arrive is an event of its own.
                    if count < self.buffer.len() && !ended {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.lost(token, Some(Breach::Read(words(&error)))),
            }
        }
    }

    /// Writes as much as the kernel takes.
    fn flush(&mut self, token: usize) {
        let Some(socket) = self.sockets.get_mut(&token) else { return };
        if socket.connecting {
            return;
        }
        let link = socket.link;
        let mut taken = 0;
        let result = socket.write_queue(&mut taken);
        let done = socket.closing && socket.queue.is_empty();
        let kept = if link.is_dialled() { 0 } else { socket.pace_the_rest() };
        if taken > 0 {
            self.facts.push_back(Input::Sent { link, bytes: taken });
        }
        if kept > 0 {
            self.facts.push_back(Input::Kept { link, bytes: kept });
        }
        match result {
            Err(error) => self.lost(token, Some(Breach::Write(words(&error)))),
            Ok(()) if done => self.remove(token),
            Ok(()) => {}
        }
    }

    /// The peer is gone, or the connection is broken.
    fn lost(&mut self, token: usize, breach: Option<Breach>) {
        if let Some(Socket { link, closing: false, .. }) = self.remove_socket(token) {
            self.facts.push_back(match breach {
                Some(during) => Input::Broke { link, during },
                None => Input::Closed { link },
            });
        }
    }

    fn remove(&mut self, token: usize) {
        self.remove_socket(token);
    }

    fn remove_socket(&mut self, token: usize) -> Option<Socket> {
        let mut socket = self.sockets.remove(&token)?;
        self.tokens.remove(&socket.link);
        socket.stream.deregister(self.poll.registry());
        Some(socket)
    }
}

/// The system's words without the number that Rust adds.
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
