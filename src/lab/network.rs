//! Connections between nodes: two pipes each, in which bytes keep their order.
//!
//! A pipe has a latency and a bandwidth. Bytes are put on it one frame after the other and arrive
//! in that order. A fault may empty a pipe; it can never lose something from its middle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use super::label::FrameKind;
use super::turn::NodeId;
use crate::node::Link;
use crate::time::{Duration, Instant};

/// A connection of the lab. Numbers are never given twice on one branch of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end that dialled: a replica.
    Dialler,
    /// The end that accepted: a master.
    Acceptor,
}

impl Side {
    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Acceptor,
            Self::Acceptor => Self::Dialler,
        }
    }
}

/// How every wire of a lab is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wiring {
    /// How long a byte takes.
    pub latency: Duration,
    /// How many bytes pass in a second; 0 is "any number".
    pub bytes_per_second: u64,
}

impl Default for Wiring {
    fn default() -> Self {
        Self { latency: Duration::from_millis(1), bytes_per_second: 0 }
    }
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The node that dialled, and how it names the connection.
    pub dialler: (NodeId, Link),
    /// The node that accepted, and how it names the connection.
    pub acceptor: (NodeId, Link),
    /// What the dialler has sent.
    pub(super) up: Pipe,
    /// What the acceptor has sent.
    pub(super) down: Pipe,
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    /// What is on its way, in the order of sending.
    pub(super) frames: VecDeque<InFlight>,
    /// When the sender's last byte will be on the wire.
    pub(super) busy_until: Instant,
    /// True once the sender has closed it behind its last frame.
    pub(super) closed: bool,
    /// How many frames were ever sent.
    pub(super) sent: u64,
}

/// A frame on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct InFlight {
    /// Its number on the pipe.
    pub number: u64,
    /// Its size; 0 for the end of the pipe.
    pub bytes: u64,
    /// Whether the sender waits for its departure.
    pub paced: bool,
    /// When it was sent.
    pub sent_at: Instant,
    /// When it arrives.
    pub arrives_at: Instant,
    /// What it is.
    pub kind: FrameKind,
    /// What it says.
    pub label: Rc<str>,
    /// True for the mark that the sender has closed the pipe.
    pub end: bool,
}

impl Connection {
    /// The node at an end, and how it names the connection.
    pub const fn end(&self, side: Side) -> (NodeId, Link) {
        match side {
            Side::Dialler => self.dialler,
            Side::Acceptor => self.acceptor,
        }
    }

    /// What is on its way from an end.
    pub fn in_flight(&self, from: Side) -> impl Iterator<Item = &InFlight> {
        self.pipe(from).frames.iter().filter(|frame| !frame.end)
    }

    /// How many frames an end has ever sent.
    pub const fn sent(&self, from: Side) -> u64 {
        self.pipe(from).sent
    }

    pub(super) const fn pipe(&self, from: Side) -> &Pipe {
        match from {
            Side::Dialler => &self.up,
            Side::Acceptor => &self.down,
        }
    }

    pub(super) const fn pipe_mut(&mut self, from: Side) -> &mut Pipe {
        match from {
            Side::Dialler => &mut self.up,
            Side::Acceptor => &mut self.down,
        }
    }
}

/// All connections, and who is cut from whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    /// How wires are.
    pub(super) wiring: Wiring,
    /// Every connection that is open at one end at least.
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    /// Which connection a node means by a link.
    pub(super) links: BTreeMap<(NodeId, Link), (ConnectionId, Side)>,
    /// Pairs between which nothing passes, the smaller first.
    pub(super) cuts: BTreeSet<(NodeId, NodeId)>,
    /// The number of the next connection.
    pub(super) next: u64,
}

impl Network {
    pub(super) fn pair(a: NodeId, b: NodeId) -> (NodeId, NodeId) {
        (a.min(b), a.max(b))
    }

    pub(super) fn is_cut(&self, a: NodeId, b: NodeId) -> bool {
        self.cuts.contains(&Self::pair(a, b))
    }

    /// Puts a frame on the wire, and says when it arrives.
    pub(super) fn send(
        &mut self,
        id: ConnectionId,
        from: Side,
        now: Instant,
        frame: impl FnOnce(u64, Instant) -> InFlight,
    ) -> Option<Instant> {
        let wiring = self.wiring;
        let pipe = self.connections.get_mut(&id)?.pipe_mut(from);
        if pipe.closed {
            return None;
        }
        let mut frame = frame(pipe.sent, now);
        let departs =
            pipe.busy_until.max(now) + Duration::of_bytes(frame.bytes, wiring.bytes_per_second);
        pipe.busy_until = departs;
        frame.arrives_at = departs + wiring.latency;
        let at = frame.arrives_at;
        if frame.end {
            pipe.closed = true;
        } else {
            pipe.sent += 1;
        }
        pipe.frames.push_back(frame);
        Some(at)
    }

    /// Forgets a connection at both ends.
    pub(super) fn forget(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.connections.remove(&id)?;
        self.links.remove(&connection.dialler);
        self.links.remove(&connection.acceptor);
        Some(connection)
    }
}
