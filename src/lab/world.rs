//! The conductor's knowledge of a world: clock, agenda, wires, disks, and what was printed.
//!
//! An *event* is one entry of the agenda, or one act of a person. It consists of turns: usually
//! one; a delivery is one for the receiver and, if the sender paces itself, one for the sender.

use std::collections::VecDeque;
use std::rc::Rc;

use super::agenda::{Agenda, Entry};
use super::intervention::Intervention;
use super::label::FrameKind;
use super::log::NodeLog;
use super::network::{Connection, ConnectionId, InFlight, Network, Pipe, Side};
use super::script::{NodePlan, Plan};
use super::timeline::EventKind;
use super::turn::{Done, Fact, NodeId, Order, Turn};
use crate::node::{Address, Deadline, Link};
use crate::time::{Duration, Instant};

/// A world. A clone is a checkpoint of everything but the places.
#[derive(Clone, Debug)]
pub struct World {
    /// What it was made of.
    plan: Rc<Plan>,
    /// The time.
    now: Instant,
    /// What will happen.
    agenda: Agenda<Event>,
    /// Who is connected to whom, and what is on its way.
    pub(super) network: Network,
    /// When each node wants to be woken, and where that stands on the agenda.
    pub(super) deadlines: Vec<Option<(Deadline, Entry)>>,
    /// When each disk will have done all that it was ordered.
    pub(super) disks: Vec<DiskQueue>,
    /// Which processes have ended.
    ended: Vec<bool>,
    /// What each node has printed.
    logs: Vec<NodeLog>,
    /// The turns of the event that is under way.
    turns: VecDeque<Turn>,
    /// How many events have happened.
    count: u64,
    /// The hash of all that has happened.
    hash: u64,
}

/// A disk's work.
#[derive(Clone, Debug, Default)]
pub(super) struct DiskQueue {
    /// When the last order will be done.
    busy_until: Instant,
    /// What the orders do, in words.
    pub(super) labels: VecDeque<Rc<str>>,
}

/// The next event, before it happens.
#[derive(Clone, Debug, PartialEq)]
pub struct NextEvent {
    /// When.
    pub at: Instant,
    /// To which node.
    pub node: NodeId,
    /// Of what kind.
    pub kind: EventKind,
    /// In words.
    pub text: String,
}

/// An entry of the agenda.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A node starts.
    Start(NodeId),
    /// A person acts, as the script foresaw.
    Intervene(Intervention),
    /// A dialled connection reaches the other node.
    Reach { dialler: (NodeId, Link), to: NodeId },
    /// The dialler hears that its connection stands.
    Establish(ConnectionId),
    /// The dialler hears that there will be no connection.
    Refuse { dialler: (NodeId, Link), why: &'static str },
    /// The oldest frame of a pipe arrives.
    Arrive { connection: ConnectionId, from: Side },
    /// A disk has carried out its oldest order.
    Disk(NodeId),
    /// A node's deadline.
    Wake(NodeId),
}

impl World {
    /// The world of a plan, in which every node is about to start.
    pub fn new(plan: Plan) -> Self {
        let count = plan.nodes.len();
        let mut agenda = Agenda::new();
        for index in 0..count {
            agenda.add(plan.epoch, Event::Start(NodeId(index)));
        }
        let network = Network { wiring: plan.wiring, next: 1, ..Network::default() };
        Self {
            now: plan.epoch,
            plan: Rc::new(plan),
            agenda,
            network,
            deadlines: vec![None; count],
            disks: vec![DiskQueue::default(); count],
            ended: vec![false; count],
            logs: vec![NodeLog::default(); count],
            turns: VecDeque::new(),
            count: 0,
            hash: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// Puts an act on the agenda.
    pub fn schedule(&mut self, at: Instant, act: Intervention) {
        self.agenda.add(at, Event::Intervene(act));
    }

    /// What the world was made of.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The time.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// How many events have happened.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The hash of all that has happened.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// What a node has printed.
    pub fn log(&self, node: NodeId) -> &NodeLog {
        &self.logs[node.0]
    }

    /// Every connection, in the order of dialling.
    pub fn connections(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.network.connections.iter().map(|(&id, connection)| (id, connection))
    }

    /// Every pair of nodes that is cut.
    pub fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.network.cuts.iter().copied()
    }

    /// The node at the other end of a connection, and how it names it.
    pub fn peer(&self, node: NodeId, link: Link) -> Option<(NodeId, Link)> {
        let &(id, side) = self.network.links.get(&(node, link))?;
        Some(self.network.connections.get(&id)?.end(side.other()))
    }

    /// The connection that a node means by a link.
    pub fn connection(&self, node: NodeId, link: Link) -> Option<(ConnectionId, Side)> {
        self.network.links.get(&(node, link)).copied()
    }

    /// Lets time pass up to `at`, but not beyond the next event.
    pub fn idle_until(&mut self, at: Instant) {
        let limit = self.agenda.peek().map_or(at, |(next, _)| next.min(at));
        self.now = self.now.max(limit);
    }

    /// The next event, if anything will ever happen by itself.
    pub fn next_event(&self) -> Option<NextEvent> {
        let (at, event) = self.agenda.peek()?;
        let (node, kind, text) = self.describe(event);
        Some(NextEvent { at: at.max(self.now), node, kind, text })
    }

    /// Begins the next event of the agenda, and says what it is.
    pub(super) fn begin(&mut self) -> Option<NextEvent> {
        let next = self.next_event()?;
        let (_, event) = self.agenda.pop()?;
        self.now = next.at;
        self.begin_hash(&next);
        self.enact(event);
        Some(next)
    }

    /// Begins an act of a person, now.
    pub(super) fn act(&mut self, act: &Intervention) -> NextEvent {
        let event = Event::Intervene(act.clone());
        let (node, kind, text) = self.describe(&event);
        let next = NextEvent { at: self.now, node, kind, text };
        self.begin_hash(&next);
        self.enact(event);
        next
    }

    /// The next turn of the event that is under way.
    pub(super) fn next_turn(&mut self) -> Option<Turn> {
        let turn = self.turns.pop_front();
        if turn.is_none() {
            self.count += 1;
        }
        turn
    }

    /// Takes in what came of a turn.
    pub(super) fn absorb(&mut self, node: NodeId, done: Done) {
        for order in done.orders {
            self.absorb_order(node, order);
        }
        self.set_deadline(node, done.deadline);
    }

    /// Gives a node a turn, unless its process has ended.
    fn turn(&mut self, node: NodeId, fact: Fact) {
        if self.ended[node.0] {
            return;
        }
        self.turns.push_back(Turn { node, now: self.now, fact });
    }

    fn enact(&mut self, event: Event) {
        match event {
            Event::Start(node) => self.turn(node, Fact::Started),
            Event::Intervene(act) => self.intervene(act),
            Event::Reach { dialler, to } => self.reach(dialler, to),
            Event::Establish(id) => {
                if let Some(connection) = self.network.connections.get(&id) {
                    let (node, link) = connection.dialler;
                    if self.network.links.contains_key(&(node, link)) {
                        self.turn(node, Fact::Opened { link, connection: id });
                    }
                }
            }
            Event::Refuse { dialler: (node, link), why } => {
                self.turn(node, Fact::Refused { link, why: why.to_owned() });
            }
            Event::Arrive { connection, from } => self.arrive(connection, from),
            Event::Disk(node) => {
                self.disks[node.0].labels.pop_front();
                self.turn(node, Fact::DiskDone);
            }
            Event::Wake(node) => {
                self.deadlines[node.0] = None;
                self.turn(node, Fact::Woke);
            }
        }
    }

    fn intervene(&mut self, act: Intervention) {
        match act {
            Intervention::Type { node, line } => {
                let Some(index) = self.plan.named(&node) else { return };
                let refused = self.ended[index].then_some("Could not connect: Connection refused");
                self.logs[index].typed(self.count, &line, refused.unwrap_or(""));
                self.turn(NodeId(index), Fact::Typed { line });
            }
            Intervention::Cut { a, b } => {
                let (Some(a), Some(b)) = (self.plan.named(&a), self.plan.named(&b)) else { return };
                self.cut(NodeId(a), NodeId(b));
            }
            Intervention::Heal { a, b } => {
                let (Some(a), Some(b)) = (self.plan.named(&a), self.plan.named(&b)) else { return };
                self.network.cuts.remove(&Network::pair(NodeId(a), NodeId(b)));
            }
        }
    }

    /// Every connection between the two is reset, and what is on its way is lost.
    fn cut(&mut self, a: NodeId, b: NodeId) {
        self.network.cuts.insert(Network::pair(a, b));
        let between =
            |c: &Connection| Network::pair(c.dialler.0, c.acceptor.0) == Network::pair(a, b);
        let broken: Vec<ConnectionId> =
            self.connections().filter(|(_, c)| between(c)).map(|(id, _)| id).collect();
        for id in broken {
            let Some(connection) = self.network.connections.get(&id) else { continue };
            for (node, link) in [connection.acceptor, connection.dialler] {
                if self.network.links.contains_key(&(node, link)) {
                    self.turn(node, Fact::Closed { link });
                }
            }
            self.forget(id);
        }
    }

    fn forget(&mut self, id: ConnectionId) {
        self.network.forget(id);
        self.agenda.retain(|event| match event {
            Event::Arrive { connection, .. } | Event::Establish(connection) => *connection != id,
            Event::Start(_)
            | Event::Intervene(_)
            | Event::Reach { .. }
            | Event::Refuse { .. }
            | Event::Disk(_)
            | Event::Wake(_) => true,
        });
    }

    fn reach(&mut self, dialler: (NodeId, Link), to: NodeId) {
        if self.network.is_cut(dialler.0, to) || self.ended[to.0] {
            let why = if self.ended[to.0] { "Connection refused" } else { "No route to host" };
            let why = why.to_owned();
            return self.turn(dialler.0, Fact::Refused { link: dialler.1, why });
        }
        let id = ConnectionId(self.network.next);
        self.network.next += 1;
        let acceptor = (to, Link::accepted(id.0));
        let (up, down) = (Pipe::default(), Pipe::default());
        self.network.connections.insert(id, Connection { dialler, acceptor, up, down });
        self.network.links.insert(dialler, (id, Side::Dialler));
        self.network.links.insert(acceptor, (id, Side::Acceptor));
        let at = self.now + self.network.wiring.latency;
        self.agenda.add(at, Event::Establish(id));
        let port = u16::try_from(EPHEMERAL_PORT + id.0 % 20_000).unwrap_or(u16::MAX);
        let peer = Address::new(&self.node(dialler.0).ip, port);
        let own = self.node(to);
        let listens = u16::try_from(own.config.number("port")).unwrap_or(0);
        let local = Address::new(&own.ip, listens);
        self.turn(to, Fact::Accepted { link: acceptor.1, connection: id, dialler, peer, local });
    }

    pub(super) fn node(&self, id: NodeId) -> &NodePlan {
        &self.plan.nodes[id.0]
    }

    fn arrive(&mut self, id: ConnectionId, from: Side) {
        let Some(connection) = self.network.connections.get_mut(&id) else { return };
        let (sender, receiver) = (connection.end(from), connection.end(from.other()));
        let Some(frame) = connection.pipe_mut(from).frames.pop_front() else { return };
        let listens = |end: &(NodeId, Link)| self.network.links.contains_key(end);
        let (hears, paces) = (listens(&receiver), frame.paced && listens(&sender));
        if frame.end {
            if hears {
                self.turn(receiver.0, Fact::Closed { link: receiver.1 });
            }
            return self.forget(id);
        }
        if hears {
            self.turn(receiver.0, Fact::Received { link: receiver.1 });
        }
        if paces {
            self.turn(sender.0, Fact::Sent { link: sender.1, bytes: frame.bytes });
        }
    }

    fn absorb_order(&mut self, node: NodeId, order: Order) {
        match order {
            Order::Dial { link, to } => self.dial(node, link, &to),
            Order::Send { link, bytes, paced, digest, kind, label } => {
                self.mix(&[1, node.0 as u64, link.0, bytes, digest]);
                let (label, end) = (Rc::from(label.as_str()), false);
                self.send(node, link, |number, sent_at| InFlight {
                    number,
                    bytes,
                    paced,
                    sent_at,
                    arrives_at: sent_at,
                    kind,
                    label,
                    end,
                });
            }
            Order::Close { link } => self.close(node, link),
            Order::Disk { bytes, label } => {
                self.mix(&[3, node.0 as u64, bytes]);
                let speed = self.node(node).disk_bytes_per_second;
                let disk = &mut self.disks[node.0];
                disk.labels.push_back(Rc::from(label.as_str()));
                let at = disk.busy_until.max(self.now) + Duration::of_bytes(bytes, speed);
                disk.busy_until = at;
                self.agenda.add(at, Event::Disk(node));
            }
            Order::Note { line, level } => {
                self.logs[node.0].note((self.count, self.now, level, Rc::from(line.as_str())));
            }
            Order::Said { text } => self.logs[node.0].said(&text),
            Order::Exit => self.exit(node),
        }
    }

    fn dial(&mut self, node: NodeId, link: Link, to: &Address) {
        self.mix(&[2, node.0 as u64, link.0]);
        let dialler = (node, link);
        let latency = self.network.wiring.latency;
        let event = match self.plan.find(to).map(NodeId) {
            Some(to) if self.network.is_cut(node, to) => {
                Event::Refuse { dialler, why: "No route to host" }
            }
            Some(to) if self.ended[to.0] => Event::Refuse { dialler, why: "Connection refused" },
            Some(to) => Event::Reach { dialler, to },
            None if self.plan.named(&to.host).is_some() => {
                Event::Refuse { dialler, why: "Connection refused" }
            }
            None => Event::Refuse { dialler, why: "Name or service not known" },
        };
        self.agenda.add(self.now + latency, event);
    }

    fn send(&mut self, node: NodeId, link: Link, frame: impl FnOnce(u64, Instant) -> InFlight) {
        let Some(&(connection, from)) = self.network.links.get(&(node, link)) else { return };
        if let Some(at) = self.network.send(connection, from, self.now, frame) {
            self.agenda.add(at, Event::Arrive { connection, from });
        }
    }

    /// A node closes its end; the other hears of it behind everything sent before.
    fn close(&mut self, node: NodeId, link: Link) {
        self.mix(&[4, node.0 as u64, link.0]);
        self.send(node, link, |number, sent_at| InFlight {
            number,
            bytes: 0,
            paced: false,
            sent_at,
            arrives_at: sent_at,
            kind: FrameKind::Control,
            label: Rc::from("the connection is closed"),
            end: true,
        });
        if self.network.links.remove(&(node, link)).is_none() {
            // It was still being made.
            self.agenda.retain(|event| match event {
                Event::Reach { dialler, .. } | Event::Refuse { dialler, .. } => {
                    *dialler != (node, link)
                }
                Event::Start(_)
                | Event::Intervene(_)
                | Event::Establish(_)
                | Event::Arrive { .. }
                | Event::Disk(_)
                | Event::Wake(_) => true,
            });
        }
    }

    /// A process has ended: its connections close, and nothing wakes it.
    fn exit(&mut self, node: NodeId) {
        self.ended[node.0] = true;
        let links: Vec<Link> = self
            .network
            .links
            .keys()
            .filter(|(owner, _)| *owner == node)
            .map(|&(_, link)| link)
            .collect();
        for link in links {
            self.close(node, link);
        }
    }

    fn set_deadline(&mut self, node: NodeId, deadline: Option<Deadline>) {
        let current = &mut self.deadlines[node.0];
        if current.as_ref().map(|(deadline, _)| *deadline) == deadline {
            return;
        }
        if let Some((_, entry)) = current.take() {
            self.agenda.remove(entry);
        }
        if let Some(deadline) = deadline.filter(|_| !self.ended[node.0]) {
            let entry = self.agenda.add(deadline.at.max(self.now), Event::Wake(node));
            self.deadlines[node.0] = Some((deadline, entry));
        }
    }

    fn begin_hash(&mut self, next: &NextEvent) {
        let kind = next.kind as u64;
        self.mix(&[self.count, next.at.micros(), next.node.0 as u64, kind]);
    }

    /// Takes numbers into the hash of the trace.
    fn mix(&mut self, words: &[u64]) {
        for word in words {
            for byte in word.to_le_bytes() {
                self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
}

/// The first port from which connections come.
const EPHEMERAL_PORT: u64 = 40_000;
