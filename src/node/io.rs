//! The whole boundary of a server, on one page.
//!
//! Facts come in, in the past tense; orders go out, in the imperative. Nothing else passes.

use std::fmt;
use std::rc::Rc;

use super::{LogLine, Usage};
use crate::resp::Bytes;

/// A connection, as one node knows it. The node names those that it dials, the host those that it
/// accepts; [`Link::dialled`] and [`Link::accepted`] keep the two apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(pub u64);

impl Link {
    /// The `n`-th connection that the node has dialled.
    pub const fn dialled(n: u64) -> Self {
        Self(n * 2 + 1)
    }

    /// The `n`-th connection that the node has accepted.
    pub const fn accepted(n: u64) -> Self {
        Self(n * 2)
    }

    /// True if the node dialled it.
    pub const fn is_dialled(self) -> bool {
        self.0 % 2 == 1
    }
}

/// Where a server listens or a client comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// A name or an IP address.
    pub host: Rc<str>,
    /// The port.
    pub port: u16,
}

impl Address {
    /// The address `host:port`.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: Rc::from(host), port }
    }

    /// True for a socket file: its path stands where a host does, and it has no port.
    pub const fn is_file(&self) -> bool {
        self.port == 0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What has happened to the node.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The process has started.
    Started {
        /// True if its directory holds a file of the name `dbfilename`: a dataset to begin with.
        dump: bool,
    },
    /// Somebody has connected.
    Accepted {
        /// The new connection.
        link: Link,
        /// Where it comes from.
        peer: Address,
        /// The address that it came to.
        local: Address,
    },
    /// A connection that was dialled is established.
    Opened {
        /// The connection.
        link: Link,
    },
    /// A connection that was dialled could not be established.
    Refused {
        /// The connection.
        link: Link,
        /// Why, in the system's words: `Connection refused`.
        why: String,
    },
    /// Bytes have arrived. While the node is [deaf](super::Node::is_deaf_on) on the connection, a
    /// host may keep them.
    Received {
        /// The connection.
        link: Link,
        /// The bytes.
        bytes: Bytes,
    },
    /// A wire was full: so many bytes that were not paced wait before it, and from now on are. A
    /// host whose wires take everything never says so.
    Kept {
        /// The connection.
        link: Link,
        /// How many.
        bytes: u64,
    },
    /// Paced bytes have left the wire.
    Sent {
        /// The connection.
        link: Link,
        /// How many.
        bytes: u64,
    },
    /// The peer has closed a connection.
    Closed {
        /// The connection.
        link: Link,
    },
    /// A connection broke.
    Broke {
        /// The connection.
        link: Link,
        /// When that was noticed.
        during: Breach,
    },
    /// The disk has carried out an order.
    Disk {
        /// What the order was for.
        job: Job,
        /// What came of it; an error in the system's words.
        result: Result<DiskFact, String>,
    },
    /// The server was told to listen elsewhere.
    Listened {
        /// True if it does; else it listens where it did.
        moved: bool,
    },
    /// Whether the system has memory for another process has changed.
    Forks {
        /// True if a fork fails.
        fail: bool,
    },
    /// The time of [`Node::deadline`](super::Node::deadline) has come.
    Woke,
    /// The turn before has taken so long. It is said behind every turn by a host that is
    /// [`Setup::measures`](super::Setup), and changes nothing but what INFO, SLOWLOG and LATENCY
    /// tell.
    Lasted {
        /// How long.
        nanos: u64,
    },
    /// What the process has used of its machine so far. It is said from time to time by such a
    /// host, and changes nothing but what INFO tells.
    Used {
        /// All of it.
        usage: Usage,
    },
    /// Somebody at a terminal asks the process to end: SIGINT.
    Interrupted,
    /// The system asks the process to end: SIGTERM.
    Terminated,
}

/// What the process did when it noticed that a connection was broken, and the system's words:
/// `Connection reset by peer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It read.
    Read(String),
    /// It wrote: what it has said last may never have left.
    Write(String),
}

/// What the world shall do for the node.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Connect to somebody.
    Dial {
        /// The name of the new connection.
        link: Link,
        /// Where to.
        to: Address,
    },
    /// Send bytes.
    Send {
        /// The connection.
        link: Link,
        /// The bytes.
        bytes: Bytes,
        /// What they are.
        carries: Carries,
    },
    /// Close a connection once everything sent before has left.
    Close {
        /// The connection.
        link: Link,
    },
    /// Close a connection at once: what has not left for it is lost.
    Drop {
        /// The connection.
        link: Link,
    },
    /// Use the disk; answered by [`Input::Disk`], in order.
    Disk {
        /// What it is for.
        job: Job,
        /// What to do.
        order: DiskOrder,
    },
    /// Listen elsewhere, and no longer where it was; answered by [`Input::Listened`] before
    /// anything else. Only a host that [`Setup::moves`](super::Setup) is told so.
    Listen {
        /// `bind`.
        bind: String,
        /// `port`.
        port: u16,
    },
    /// For eyes only: a line of the log. A host that drops every note runs the same history.
    Note(LogLine),
    /// The process ends.
    Exit,
}

/// What bytes on their way are. All but talk is paced: [`Input::Sent`] reports that bytes have
/// left the wire. Of snapshots and of the stream the node hands it no more than its window before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// Commands, replies and lines of the handshake.
    Talk,
    /// Replies and messages to a client whose class has an output limit: what has not left is
    /// counted. Also what MIGRATE says, piece by piece.
    Reply,
    /// A part of a snapshot.
    Snapshot,
    /// A part of the replication stream.
    Stream,
}

impl Carries {
    /// True if the host reports when the bytes have left the wire.
    pub const fn is_paced(self) -> bool {
        matches!(self, Self::Reply | Self::Snapshot | Self::Stream)
    }
}

/// What a disk order is for: it tells the node where its completion belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The snapshot child of this number writes its file.
    Save(u32),
    /// The snapshot child of this number puts its file in place.
    SaveRename(u32),
    /// A master reads its saved snapshot for the replica on this connection.
    Send(Link),
    /// A replica keeps what it receives.
    Receive,
    /// A replica puts the received file in place.
    ReceiveRename,
    /// A dataset is loaded.
    Load,
    /// CONFIG REWRITE of the client on this connection reads the configuration file.
    ReadConfig(Link),
    /// CONFIG REWRITE puts the new one in place.
    WriteConfig(Link),
    /// Nobody waits for it.
    Unawaited,
}

/// What a disk shall do. Files are named, not opened: an order is complete in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskOrder {
    /// Append to a file, which begins to exist if `create`.
    Append {
        /// The file.
        file: String,
        /// The bytes.
        bytes: Bytes,
        /// Begin a new, empty file first.
        create: bool,
    },
    /// Give a file a second name.
    Link {
        /// The file.
        from: String,
        /// Its other name.
        to: String,
    },
    /// Rename a file over another.
    Rename {
        /// The file.
        from: String,
        /// Its new name.
        to: String,
    },
    /// Read a part of a file.
    Read {
        /// The file.
        file: String,
        /// Where to begin.
        at: u64,
        /// The most bytes to read.
        max: u64,
    },
    /// Remove a file, if it exists.
    Remove {
        /// The file.
        file: String,
    },
}

/// What a disk has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskFact {
    /// The bytes were written, the file was renamed or removed.
    Done,
    /// Bytes were read; none at the end of the file.
    Read {
        /// The bytes.
        bytes: Bytes,
    },
}

/// The sink of orders: what is put in is carried out in order.
#[derive(Debug, Default)]
pub struct Outbox {
    /// The orders so far.
    pub orders: Vec<Output>,
}

impl Outbox {
    /// Adds an order.
    pub fn push(&mut self, order: Output) {
        self.orders.push(order);
    }
}
