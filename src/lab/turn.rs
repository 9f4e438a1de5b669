//! What passes between the conductor and a host: no payload, only what it takes to decide when.

use super::disk::DiskWork;
use super::label::FrameKind;
use super::network::ConnectionId;
use super::world::DiskHealth;
use crate::node::{Address, Deadline, Level, Link};
use crate::time::Instant;

/// A node of the lab, by its place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// "This node is to take this fact at this instant."
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The node.
    pub node: NodeId,
    /// The instant.
    pub now: Instant,
    /// The fact.
    pub fact: Fact,
}

/// A fact whose payload, if it has one, waits at the node's place.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The process starts.
    Started,
    /// A person has typed a line at the prompt.
    Typed {
        /// The line.
        line: String,
    },
    /// Somebody has connected.
    Accepted {
        /// The new connection, as the acceptor names it.
        link: Link,
        /// The connection.
        connection: ConnectionId,
        /// The node that dialled, and how it names the connection.
        dialler: (NodeId, Link),
        /// Where it comes from.
        peer: Address,
        /// Where it came to.
        local: Address,
    },
    /// A dialled connection is established.
    Opened {
        /// The connection, as the dialler names it.
        link: Link,
        /// The connection.
        connection: ConnectionId,
    },
    /// A dialled connection could not be made.
    Refused {
        /// The connection, as the dialler names it.
        link: Link,
        /// Why.
        why: String,
    },
    /// The oldest frame in the inbox of a connection has arrived.
    Received {
        /// The connection.
        link: Link,
    },
    /// Bytes have left the wire.
    Sent {
        /// The connection.
        link: Link,
        /// How many.
        bytes: u64,
    },
    /// A connection is closed.
    Closed {
        /// The connection.
        link: Link,
    },
    /// A connection was reset.
    Reset {
        /// The connection.
        link: Link,
    },
    /// The disk has come to its oldest order.
    DiskDone {
        /// How it is.
        health: DiskHealth,
    },
    /// The process was killed, and another starts on the same disk.
    Restarted {
        /// False if the RDB file was removed before.
        rdb: bool,
        /// True if it cannot fork.
        fork_fails: bool,
    },
    /// Whether the process can fork has changed.
    Forks {
        /// True if it cannot.
        fail: bool,
    },
    /// The node's deadline has come.
    Woke,
}

/// What came of a turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// The orders that the node gave, in order.
    pub orders: Vec<Order>,
    /// When it wants to be woken.
    pub deadline: Option<Deadline>,
}

impl Done {
    /// True if the node has closed a connection or ended: what it was about to hear, it may not.
    pub fn ends_something(&self) -> bool {
        self.orders.iter().any(|order| matches!(order, Order::Close { .. } | Order::Exit))
    }
}

/// An order without its payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Connect to somebody.
    Dial {
        /// The new connection, as the dialler names it.
        link: Link,
        /// Where to.
        to: Address,
    },
    /// Bytes were handed to the carrier.
    Send {
        /// The connection.
        link: Link,
        /// How many bytes.
        bytes: u64,
        /// Report when they have left the wire.
        paced: bool,
        /// A digest of the bytes, for the trace.
        digest: u64,
        /// What they are, for eyes only.
        kind: FrameKind,
        /// What they say, for eyes only.
        label: String,
    },
    /// Close a connection behind everything sent before.
    Close {
        /// The connection.
        link: Link,
    },
    /// The disk has something to do.
    Disk {
        /// What it does.
        work: DiskWork,
    },
    /// A line for the log.
    Note {
        /// The whole line.
        line: String,
        /// How important it is.
        level: Level,
    },
    /// The prompt prints a reply.
    Said {
        /// As redis-cli prints it.
        text: String,
    },
    /// The process has ended.
    Exit,
}
