//! Connections between nodes: two pipes each, in which bytes keep their order.
//!
//! A pipe has a latency and a bandwidth. Bytes are put on it one frame after the other and arrive
//! in that order. A fault may hold a pipe, slow it down, or cut its end off; it can never lose
//! something from its middle.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::intervention::WireFault;
use super::label::FrameKind;
use super::turn::NodeId;
use crate::node::Link;
use crate::random::Random;
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

/// What is not as the plan says, from one node to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// How long a byte takes instead.
    pub delay: Option<Duration>,
    /// How much longer it may take, by chance.
    pub jitter: Duration,
    /// How many bytes pass in a second instead; 0 is "any number".
    pub bandwidth: Option<u64>,
    /// True if nothing arrives; it is kept.
    pub stalled: bool,
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
    /// The end that has lost the connection without a word to the other.
    pub half_open: Option<Side>,
}

/// One direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    /// What is on its way, in the order of sending.
    pub(super) frames: VecDeque<InFlight>,
    /// When the sender's last byte will be on the wire.
    pub(super) busy_until: Instant,
    /// When the last frame arrives: none may overtake it.
    pub(super) last_arrival: Instant,
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
    /// How long it takes to be put on the wire.
    pub(super) takes: Duration,
    /// When its last byte is on the wire.
    pub(super) departs_at: Instant,
    /// When it arrives, if nothing holds it up.
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

/// All connections, and what is wrong with the wires.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// How wires are.
    pub(super) wiring: Wiring,
    /// Every connection that is open at one end at least.
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    /// Which connection a node means by a link.
    pub(super) links: BTreeMap<(NodeId, Link), (ConnectionId, Side)>,
    /// Pairs between which nothing passes, the smaller first; in order.
    pub(super) cuts: Vec<(NodeId, NodeId)>,
    /// What is wrong from one node to another.
    pub(super) troubles: BTreeMap<(NodeId, NodeId), Trouble>,
    /// Nodes that stand still: bytes wait at their doors.
    pub(super) frozen: Vec<NodeId>,
    /// The number of the next connection.
    pub(super) next: u64,
    /// Where jitter comes from.
    chance: Random,
}

impl Network {
    pub(super) fn new(wiring: Wiring, seed: u64) -> Self {
        Self {
            wiring,
            connections: BTreeMap::new(),
            links: BTreeMap::new(),
            cuts: Vec::new(),
            troubles: BTreeMap::new(),
            frozen: Vec::new(),
            next: 1,
            chance: Random::fork(seed, JITTER),
        }
    }

    pub(super) fn pair(a: NodeId, b: NodeId) -> (NodeId, NodeId) {
        (a.min(b), a.max(b))
    }

    pub(super) fn cut(&mut self, a: NodeId, b: NodeId) {
        let pair = Self::pair(a, b);
        if let Err(place) = self.cuts.binary_search(&pair) {
            self.cuts.insert(place, pair);
        }
    }

    pub(super) fn mend(&mut self, a: NodeId, b: NodeId) {
        self.cuts.retain(|&pair| pair != Self::pair(a, b));
    }

    pub(super) fn thaw(&mut self, node: NodeId) {
        self.frozen.retain(|&other| other != node);
    }

    pub(super) fn is_cut(&self, a: NodeId, b: NodeId) -> bool {
        self.cuts.contains(&Self::pair(a, b))
    }

    pub(super) fn trouble(&self, from: NodeId, to: NodeId) -> Trouble {
        self.troubles.get(&(from, to)).copied().unwrap_or_default()
    }

    pub(super) fn make_trouble(&mut self, from: NodeId, to: NodeId, fault: WireFault) {
        let trouble = self.troubles.entry((from, to)).or_default();
        match fault {
            WireFault::Stall => trouble.stalled = true,
            WireFault::Delay(by) => trouble.delay = Some(by),
            WireFault::Jitter(by) => trouble.jitter = by,
            WireFault::Bandwidth(rate) => trouble.bandwidth = Some(rate),
        }
    }

    /// How long a byte takes from one node to another, chance aside.
    ///
    /// Nothing takes no time: where a master that cannot fork refuses its replica at once, and the
    /// replica asks again at once, no time would ever pass.
    pub(super) fn latency(&self, from: NodeId, to: NodeId) -> Duration {
        self.trouble(from, to).delay.unwrap_or(self.wiring.latency).max(LATENCY_MIN)
    }

    /// In less time nothing passes from any node to another.
    pub(super) fn shortest(&self) -> Duration {
        let delays = self.troubles.values().filter_map(|trouble| trouble.delay);
        delays.fold(self.wiring.latency, Duration::min).max(LATENCY_MIN)
    }

    /// True if an end knows of its connection.
    pub(super) fn listens(&self, id: ConnectionId, side: Side) -> bool {
        let end = self.connections.get(&id).map(|connection| connection.end(side));
        end.is_some_and(|end| self.links.get(&end) == Some(&(id, side)))
    }

    /// True if nothing that an end sends arrives now.
    pub(super) fn is_held(&self, id: ConnectionId, from: Side) -> bool {
        self.connections.get(&id).is_some_and(|connection| {
            let (sender, receiver) = (connection.end(from).0, connection.end(from.other()).0);
            self.trouble(sender, receiver).stalled || self.frozen.contains(&receiver)
        })
    }

    /// Puts a frame on the wire, and says when it arrives; `None` if it is held or cannot be sent.
    pub(super) fn send(
        &mut self,
        id: ConnectionId,
        from: Side,
        now: Instant,
        frame: impl FnOnce(u64, Instant) -> InFlight,
    ) -> Option<Instant> {
        let connection = self.connections.get(&id)?;
        let (sender, receiver) = (connection.end(from).0, connection.end(from.other()).0);
        let rate = self.rate(sender, receiver);
        let lag = self.lag(sender, receiver);
        let held = self.is_held(id, from);
        let pipe = self.connections.get_mut(&id)?.pipe_mut(from);
        if pipe.closed {
            return None;
        }
        let mut frame = frame(pipe.sent, now);
        frame.takes = Duration::of_bytes(frame.bytes, rate);
        frame.departs_at = pipe.busy_until.max(now) + frame.takes;
        pipe.busy_until = frame.departs_at;
        pipe.last_arrival = pipe.last_arrival.max(frame.departs_at + lag);
        frame.arrives_at = pipe.last_arrival;
        let at = frame.arrives_at;
        if frame.end {
            pipe.closed = true;
        } else {
            pipe.sent += 1;
        }
        pipe.frames.push_back(frame);
        (!held).then_some(at)
    }

    /// The wire has changed: what is not yet on it takes the new time, and what was kept back
    /// starts anew. The answer is when each frame arrives; none do while the pipe is held.
    #[inline(never)]
    pub(super) fn retime(
        &mut self,
        id: ConnectionId,
        from: Side,
        now: Instant,
        kept_back: bool,
    ) -> Vec<Instant> {
        let held = self.is_held(id, from);
        let Some(connection) = self.connections.get(&id) else { return Vec::new() };
        let (sender, receiver) = (connection.end(from).0, connection.end(from.other()).0);
        let rate = self.rate(sender, receiver);
        let count = connection.pipe(from).frames.len();
        let lags: Vec<Duration> = (0..count).map(|_| self.lag(sender, receiver)).collect();
        let Some(connection) = self.connections.get_mut(&id) else { return Vec::new() };
        let pipe = connection.pipe_mut(from);
        let (mut busy, mut last) = (Instant::EPOCH, Instant::EPOCH);
        for (frame, lag) in pipe.frames.iter_mut().zip(lags) {
            let left = frame.departs_at.since(now);
            if left > Duration::ZERO {
                let share = |bytes: u64| {
                    let (left, takes) =
                        (u128::from(left.micros()), u128::from(frame.takes.micros()));
                    let rest = (u128::from(bytes) * left).checked_div(takes).unwrap_or(0);
                    u64::try_from(rest).unwrap_or(bytes).min(bytes)
                };
                frame.takes = Duration::of_bytes(share(frame.bytes), rate);
                frame.departs_at = busy.max(now) + frame.takes;
                frame.arrives_at = frame.departs_at + lag;
            } else if kept_back {
                frame.arrives_at = frame.arrives_at.max(now + lag);
            }
            busy = busy.max(frame.departs_at);
            frame.arrives_at = frame.arrives_at.max(last).max(now);
            last = frame.arrives_at;
        }
        pipe.busy_until = busy;
        pipe.last_arrival = last;
        if held {
            return Vec::new();
        }
        pipe.frames.iter().map(|frame| frame.arrives_at).collect()
    }

    /// Forgets a connection at both ends.
    pub(super) fn forget(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.connections.remove(&id)?;
        for side in [Side::Dialler, Side::Acceptor] {
            if self.links.get(&connection.end(side)) == Some(&(id, side)) {
                self.links.remove(&connection.end(side));
            }
        }
        Some(connection)
    }

    fn rate(&self, from: NodeId, to: NodeId) -> u64 {
        self.trouble(from, to).bandwidth.unwrap_or(self.wiring.bytes_per_second)
    }

    /// How long a byte takes now; draws from chance only where there is jitter.
    fn lag(&mut self, from: NodeId, to: NodeId) -> Duration {
        let jitter = self.trouble(from, to).jitter.micros();
        let by_chance = if jitter == 0 { 0 } else { self.chance.below(jitter + 1) };
        self.latency(from, to) + Duration::from_micros(by_chance)
    }
}

/// The user of the seed that jitter is.
const JITTER: u64 = 0x6a69_7474_6572;

/// What a byte takes at least: about what it takes over loopback.
const LATENCY_MIN: Duration = Duration::from_micros(10);
