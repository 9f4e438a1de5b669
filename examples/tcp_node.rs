//! One node on a real socket and a real clock.
//!
//! ```text
//! cargo run --release --example tcp_node -- --port 7000 [--replicaof "host port"] [--name value …]
//! ```
//!
//! This is how the engine meets what we did not write: redis-cli, client libraries, and real
//! redis-servers as its master or its replicas. The node is the same value as in the page; only the
//! host differs. It waits for sockets and for the node's deadline, turns what happens into facts,
//! and carries the orders out: a wire's receipt is given when the kernel has taken the bytes, files
//! are real files in `--dir`, notes are lines on the standard output.
//!
//! Options are those of `redis.conf`, and `--profile 7.0|7.2`: the release that the node takes
//! after, and with it the version of RDB that it writes. It listens on the loopback address unless
//! `--bind` says otherwise.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a host has a world")]
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::exit;
use std::time::{Instant as Monotonic, SystemTime};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use replica_lab::node::{
    Address, Carries, Config, ConfigError, DiskFact, DiskOrder, Input, Link, LogLine, Node, Outbox,
    Output, Profile, Setup,
};
use replica_lab::resp::Bytes;
use replica_lab::time::Instant;

fn main() {
    let setup = match setup_from(std::env::args().skip(1)) {
        Ok(setup) => setup,
        Err(why) => {
            eprintln!("\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n{why}");
            exit(1);
        }
    };
    let clock = Clock::start();
    let mut host = match Host::listen(setup, clock) {
        Ok(host) => host,
        Err(error) => {
            eprintln!("Could not create server TCP listening socket: {error}");
            exit(1);
        }
    };
    if let Err(error) = host.run() {
        eprintln!("the event loop has failed: {error}");
        exit(1);
    }
}

/// Reads options as redis-server does: a name, then every word up to the next name.
fn setup_from(args: impl Iterator<Item = String>) -> Result<Setup, String> {
    let mut setup = Setup { seed: seed(), ..Setup::default() };
    let mut args = args.peekable();
    while let Some(word) = args.next() {
        let Some(name) = word.strip_prefix("--") else {
            return Err(format!(">>> '{word}'\nOptions are given as --name value"));
        };
        let mut values = Vec::new();
        while let Some(value) = args.next_if(|next| !next.starts_with("--")) {
            values.push(value);
        }
        if values.is_empty() {
            return Err(format!(">>> '{name}'\nwrong number of arguments"));
        }
        let value = values.join(" ");
        if name == "profile" {
            setup.profile = match value.as_str() {
                "7.0" => Profile::V7_0,
                "7.2" => Profile::V7_2,
                _ => return Err(format!(">>> 'profile {value}'\nthe profiles are 7.0 and 7.2")),
            };
            continue;
        }
        set(&mut setup.config, name, &value)?;
    }
    Ok(setup)
}

fn set(config: &mut Config, name: &str, value: &str) -> Result<(), String> {
    config.set_at_start(name, value).map_err(|error| {
        let why = match error {
            ConfigError::Unknown(_) => "Bad directive or wrong number of arguments".to_owned(),
            ConfigError::Immutable(_) => "can't set immutable config".to_owned(),
            ConfigError::Invalid(_, why) => why,
        };
        format!(">>> '{name} \"{value}\"'\n{why}")
    })
}

/// Every process draws other ids.
fn seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 ^ (u64::from(std::process::id()) << 48)
}

/// Wall-clock time that never goes back.
#[derive(Clone, Copy)]
struct Clock {
    wall: u64,
    started: Monotonic,
}

impl Clock {
    fn start() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { wall: wall.as_micros() as u64, started: Monotonic::now() }
    }

    fn now(&self) -> Instant {
        Instant::from_micros(self.wall + self.started.elapsed().as_micros() as u64)
    }
}

/// The world of one node.
struct Host {
    node: Node,
    clock: Clock,
    poll: Poll,
    listener: TcpListener,
    /// Where we listen, as we tell clients.
    local: Address,
    /// Every socket, by the number of its token.
    sockets: BTreeMap<usize, Socket>,
    /// The token of every connection.
    tokens: BTreeMap<Link, usize>,
    /// The number of the next token.
    next: usize,
    /// What has happened and the node has not yet been told.
    facts: VecDeque<Input>,
    /// Where files are.
    folder: PathBuf,
    /// Lines for the standard output.
    out: io::Stdout,
    /// What a read fills.
    buffer: Vec<u8>,
}

/// A connection.
struct Socket {
    stream: TcpStream,
    link: Link,
    /// What waits to be written, with whether it is paced.
    queue: VecDeque<(Bytes, bool)>,
    /// How much of the first is written.
    written: usize,
    /// True until a dialled connection is established.
    connecting: bool,
    /// True once it closes when everything is written.
    closing: bool,
}

const LISTENER: Token = Token(0);

impl Host {
    fn listen(setup: Setup, clock: Clock) -> io::Result<Self> {
        let port = setup.config.number("port") as u16;
        let bind = setup.config.get("bind").split(' ').next().unwrap_or("*");
        let local = Address::new(if bind == "*" { "127.0.0.1" } else { bind }, port);
        let address = resolve(&local)?;
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let folder = PathBuf::from(setup.config.get("dir"));
        let dump = folder.join(setup.config.get("dbfilename")).is_file();
        Ok(Self {
            node: Node::new(setup, clock.now()),
            clock,
            poll,
            listener,
            local,
            sockets: BTreeMap::new(),
            tokens: BTreeMap::new(),
            next: 1,
            facts: VecDeque::from([Input::Started { dump }]),
            folder,
            out: io::stdout(),
            buffer: vec![0; 64 * 1024],
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1_024);
        loop {
            self.tell_node();
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
                    LISTENER => self.accept()?,
                    Token(token) => {
                        if event.is_writable() {
                            self.writable(token);
                        }
                        if event.is_readable() {
                            self.readable(token);
                        }
                        self.tell_node();
                    }
                }
            }
            let now = self.clock.now();
            if self.node.deadline().is_some_and(|deadline| deadline.at <= now) {
                self.facts.push_back(Input::Woke);
            }
        }
    }

    /// Tells the node what has happened, and carries out what it orders, until all is quiet.
    fn tell_node(&mut self) {
        while let Some(fact) = self.facts.pop_front() {
            let mut out = Outbox::default();
            self.node.handle(self.clock.now(), fact, &mut out);
            for order in out.orders {
                self.carry_out(order);
            }
        }
        let tokens: Vec<usize> =
            self.sockets.iter().filter(|(_, s)| s.is_due()).map(|(&token, _)| token).collect();
        for token in tokens {
            self.flush(token);
        }
        if !self.facts.is_empty() {
            self.tell_node();
        }
    }

    fn carry_out(&mut self, order: Output) {
        match order {
            Output::Dial { link, to } => self.dial(link, &to),
            Output::Send { link, bytes, carries } => self.send(link, bytes, carries),
            Output::Close { link } => {
                if let Some(socket) = self.socket(link) {
                    socket.closing = true;
                }
            }
            Output::Drop { link } => {
                if let Some(socket) = self.socket(link) {
                    socket.queue.clear();
                    socket.closing = true;
                }
            }
            Output::Disk { job, order } => {
                let result = disk(&self.folder, order).map_err(|error| error.to_string());
                self.facts.push_back(Input::Disk { job, result });
            }
            Output::Note(line) => self.print(&line),
            Output::Exit => exit(0),
        }
    }

    fn print(&mut self, line: &LogLine) {
        let mut line = line.clone();
        if line.pid == 1 {
            line.pid = std::process::id();
        }
        // A log that nobody reads is no reason to stop.
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }

    fn socket(&mut self, link: Link) -> Option<&mut Socket> {
        self.sockets.get_mut(self.tokens.get(&link)?)
    }

    fn send(&mut self, link: Link, bytes: Bytes, carries: Carries) {
        if let Some(socket) = self.socket(link) {
            socket.queue.push_back((bytes, carries.is_paced()));
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    let link = Link::accepted(self.next as u64);
                    self.add(stream, link, false)?;
                    let peer = Address::new(&peer.ip().to_string(), peer.port());
                    self.facts.push_back(Input::Accepted { link, peer, local: self.local.clone() });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The peer has given up, or there is no descriptor left: the next may do better.
                Err(_) => return Ok(()),
            }
        }
    }

    fn add(&mut self, mut stream: TcpStream, link: Link, connecting: bool) -> io::Result<()> {
        let token = self.next;
        self.next += 1;
        let _ = stream.set_nodelay(true);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(token), interest)?;
        let (queue, written, closing) = (VecDeque::new(), 0, false);
        self.sockets.insert(token, Socket { stream, link, queue, written, connecting, closing });
        self.tokens.insert(link, token);
        Ok(())
    }

    fn dial(&mut self, link: Link, to: &Address) {
        let connected = resolve(to).and_then(TcpStream::connect);
        if let Err(error) = connected.and_then(|stream| self.add(stream, link, true)) {
            self.facts.push_back(Input::Refused { link, why: words(&error) });
        }
    }

    fn writable(&mut self, token: usize) {
        let Some(socket) = self.sockets.get_mut(&token) else { return };
        if socket.connecting {
            let link = socket.link;
            match socket.stream.take_error() {
                Ok(None) if socket.stream.peer_addr().is_ok() => {
                    socket.connecting = false;
                    self.facts.push_back(Input::Opened { link });
                }
                Ok(None) => {}
                Ok(Some(error)) | Err(error) => {
                    self.remove(token);
                    self.facts.push_back(Input::Refused { link, why: words(&error) });
                }
            }
            return;
        }
        self.flush(token);
    }

    fn readable(&mut self, token: usize) {
        loop {
            let Some(socket) = self.sockets.get_mut(&token) else { return };
            if socket.connecting {
                return;
            }
            let link = socket.link;
            match socket.stream.read(&mut self.buffer) {
                Ok(0) => return self.lost(token),
                Ok(count) => {
                    let bytes = Bytes::from(&self.buffer[..count]);
                    self.facts.push_back(Input::Received { link, bytes });
                    self.tell_node();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.lost(token),
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
        if taken > 0 {
            self.facts.push_back(Input::Sent { link, bytes: taken });
        }
        match result {
            Err(_) => self.lost(token),
            Ok(()) if done => self.remove(token),
            Ok(()) => {}
        }
    }

    /// The peer is gone.
    fn lost(&mut self, token: usize) {
        if let Some(socket) = self.remove_socket(token)
            && !socket.closing
        {
            self.facts.push_back(Input::Closed { link: socket.link });
        }
    }

    fn remove(&mut self, token: usize) {
        self.remove_socket(token);
    }

    fn remove_socket(&mut self, token: usize) -> Option<Socket> {
        let mut socket = self.sockets.remove(&token)?;
        self.tokens.remove(&socket.link);
        let _ = self.poll.registry().deregister(&mut socket.stream);
        Some(socket)
    }
}

impl Socket {
    /// True if there is something to write, or nothing left before the end.
    fn is_due(&self) -> bool {
        !self.connecting && (self.closing || !self.queue.is_empty())
    }

    /// Writes until the kernel has enough; `taken` grows by the paced bytes that it took.
    fn write_queue(&mut self, taken: &mut u64) -> io::Result<()> {
        while let Some((bytes, paced)) = self.queue.front() {
            match self.stream.write(&bytes[self.written..]) {
                Ok(count) => {
                    self.written += count;
                    if *paced {
                        *taken += count as u64;
                    }
                    if self.written == bytes.len() {
                        self.queue.pop_front();
                        self.written = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn resolve(address: &Address) -> io::Result<SocketAddr> {
    let mut found = (&*address.host, address.port).to_socket_addrs()?;
    found.next().ok_or_else(|| io::Error::other("Name or service not known"))
}

/// The system's words without the number that Rust adds.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Carries out an order on real files.
fn disk(folder: &Path, order: DiskOrder) -> io::Result<DiskFact> {
    match order {
        DiskOrder::Append { file, bytes, create } => {
            let path = folder.join(file);
            let mut file = if create {
                File::create(path)?
            } else {
                OpenOptions::new().append(true).open(path)?
            };
            file.write_all(&bytes)?;
            Ok(DiskFact::Done)
        }
        DiskOrder::Rename { from, to } => {
            fs::rename(folder.join(from), folder.join(to))?;
            Ok(DiskFact::Done)
        }
        DiskOrder::Read { file, at, max } => {
            let mut file = File::open(folder.join(file))?;
            file.seek(SeekFrom::Start(at))?;
            let mut bytes = Vec::new();
            file.take(max).read_to_end(&mut bytes)?;
            Ok(DiskFact::Read { bytes: Bytes::from(bytes) })
        }
        DiskOrder::Remove { file } => {
            fs::remove_file(folder.join(file))?;
            Ok(DiskFact::Done)
        }
    }
}
