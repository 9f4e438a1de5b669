//! The conductor's knowledge of a world: clock, agenda, wires, disks, and what was printed.
//!
//! An *event* is one entry of the agenda, or one act of a person. It consists of turns: usually
//! one; a delivery is one for the receiver and, if the sender paces itself, one for the sender.

use std::collections::VecDeque;
use std::rc::Rc;

use super::agenda::{Agenda, Entry};
use super::describe::Happening;
use super::disk::DiskWork;
use super::intervention::Intervention;
use super::log::NodeLog;
use super::network::{Connection, ConnectionId, Network, Side, Trouble};
use super::plan::{NodePlan, Plan};
use super::timeline::{EventKind, Weight};
use super::turn::{Done, Fact, NodeId, Turn};
use crate::node::{Deadline, Link};
use crate::time::Instant;

/// A world. A clone is a checkpoint of everything but the places.
#[derive(Clone, Debug)]
pub struct World {
    /// What it is made of.
    pub(super) plan: Rc<Plan>,
    /// The time.
    pub(super) now: Instant,
    /// What will happen.
    pub(super) agenda: Agenda<Event>,
    /// Who is connected to whom, and what is on its way.
    pub(super) network: Network,
    /// The machines, one for each node of the plan.
    pub(super) machines: Vec<Machine>,
    /// What cannot reach its node while the wire is stalled.
    pub(super) held: Vec<((NodeId, NodeId), Event)>,
    /// The turns of the event that is under way.
    pub(super) turns: VecDeque<Turn>,
    /// The nodes whose turns have been handed out, and of which nothing has come yet.
    pub(super) under_way: Vec<NodeId>,
    /// What has come of the event that is under way.
    pub(super) so_far: SoFar,
    /// How many events have happened.
    count: u64,
    /// How many bytes have arrived, or were moved by a disk.
    pub(super) moved: u64,
    /// The hash of all that has happened.
    hash: u64,
}

/// What has come of an event.
#[derive(Clone, Debug, Default)]
pub(super) struct SoFar {
    /// How many orders were given.
    pub(super) orders: u64,
    /// True if a command or a reply arrived.
    pub(super) spoke: bool,
    /// The last line of a log.
    pub(super) said: Option<Rc<str>>,
}

/// What the conductor knows of a node's process and machine.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    /// When the node wants to be woken, and where that stands on the agenda.
    pub(super) deadline: Option<(Deadline, Entry)>,
    /// The disk's work.
    pub(super) disk: DiskQueue,
    /// True once the process has ended.
    pub(super) ended: bool,
    /// How often a process was started again.
    pub(super) incarnation: u64,
    /// What has happened to a process that stands still.
    pub(super) pending: VecDeque<Fact>,
    /// True if the process cannot fork.
    pub(super) fork_fails: bool,
    /// What the node has printed.
    pub(super) log: NodeLog,
}

/// A disk's work.
#[derive(Clone, Debug, Default)]
pub(super) struct DiskQueue {
    /// When the last order will be done.
    pub(super) busy_until: Instant,
    /// What the orders do.
    pub(super) works: VecDeque<DiskWork>,
    /// How many bytes it moves in a second, if not as the plan says; 0 is "any number".
    pub(super) speed: Option<u64>,
    /// How it is.
    pub(super) health: DiskHealth,
}

/// How a disk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskHealth {
    /// It works.
    #[default]
    Works,
    /// It takes no more bytes.
    Full,
    /// It does nothing that it is told.
    Fails,
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
    /// What happens.
    pub what: Happening,
    /// The same in words.
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
    /// An end hears that the other knows nothing of the connection.
    Reset { connection: ConnectionId, to: Side },
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
        let network = Network::new(plan.wiring, plan.seed);
        Self {
            now: plan.epoch,
            plan: Rc::new(plan),
            agenda,
            network,
            machines: vec![Machine::default(); count],
            held: Vec::new(),
            turns: VecDeque::new(),
            under_way: Vec::new(),
            so_far: SoFar::default(),
            count: 0,
            moved: 0,
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
        &self.machines[node.0].log
    }

    /// Every connection, in the order of dialling.
    pub fn connections(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.network.connections.iter().map(|(&id, connection)| (id, connection))
    }

    /// Every pair of nodes that is cut.
    pub fn cuts(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.network.cuts.iter().copied()
    }

    /// What is wrong on the way from one node to another.
    pub fn trouble(&self, from: NodeId, to: NodeId) -> Trouble {
        self.network.trouble(from, to)
    }

    /// True while a node's process is there, if perhaps standing still.
    pub fn is_running(&self, node: NodeId) -> bool {
        !self.machines[node.0].ended
    }

    /// How often a node's process was started again.
    pub fn incarnation(&self, node: NodeId) -> u64 {
        self.machines[node.0].incarnation
    }

    /// True while a node's process stands still.
    pub fn is_frozen(&self, node: NodeId) -> bool {
        self.network.frozen.contains(&node)
    }

    /// How a node's disk is.
    pub fn disk_health(&self, node: NodeId) -> DiskHealth {
        self.machines[node.0].disk.health
    }

    /// True if a node's process cannot fork.
    pub fn fork_fails(&self, node: NodeId) -> bool {
        self.machines[node.0].fork_fails
    }

    /// True if a place could not be kept now: it has not yet been told of a connection on which
    /// something has been sent.
    pub(super) fn has_untold(&self) -> bool {
        self.machines.iter().any(|machine| !machine.pending.is_empty())
    }

    /// The node at the other end of a connection, and how it names it; none if it has left.
    pub fn peer(&self, node: NodeId, link: Link) -> Option<(NodeId, Link)> {
        let &(id, side) = self.network.links.get(&(node, link))?;
        let hears = self.network.listens(id, side.other());
        self.network.connections.get(&id).filter(|_| hears).map(|c| c.end(side.other()))
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
        Some(self.announced(at.max(self.now), event))
    }

    fn announced(&self, at: Instant, event: &Event) -> NextEvent {
        let (node, what) = self.describe(event);
        NextEvent { at, node, kind: what.kind(), text: self.in_words(node, &what), what }
    }

    /// When the next event will be.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.agenda.peek().map(|(at, _)| at.max(self.now))
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
        let next = self.announced(self.now, &event);
        self.begin_hash(&next);
        self.enact(event);
        next
    }

    /// How much has come of the event that has ended, and the last line that a log said in it.
    pub(super) fn weigh(&mut self, kind: EventKind) -> (Weight, Option<Rc<str>>) {
        let SoFar { orders, spoke, said } = std::mem::take(&mut self.so_far);
        let weight = match kind {
            _ if said.is_some() => Weight::Phase,
            EventKind::Typed | EventKind::Fault => Weight::Command,
            EventKind::Delivered if spoke => Weight::Command,
            EventKind::Woke if orders == 0 => Weight::Idle,
            EventKind::Opened
            | EventKind::Refused
            | EventKind::Delivered
            | EventKind::Closed
            | EventKind::Woke
            | EventKind::Disk => Weight::Frame,
        };
        (weight, said)
    }

    /// The next turn of the event that is under way.
    pub(super) fn next_turn(&mut self) -> Option<Turn> {
        let turn = self.turns.pop_front();
        match &turn {
            Some(turn) => self.under_way.push(turn.node),
            None => self.count += 1,
        }
        turn
    }

    /// The next turns of the event that is under way, each of another node: at one instant no node
    /// can hear what another does.
    pub(super) fn next_turns(&mut self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        turns.extend(self.next_turn());
        while let Some(turn) = self.turns.front()
            && turns.iter().all(|other| other.node != turn.node)
        {
            turns.extend(self.next_turn());
        }
        turns
    }

    /// Takes in what came of a turn.
    pub(super) fn absorb(&mut self, node: NodeId, done: Done) {
        self.under_way.retain(|&other| other != node);
        for order in done.orders {
            self.absorb_order(node, order);
        }
        self.set_deadline(node, done.deadline);
    }

    /// Gives a node a turn, unless its process has ended; one that stands still hears it later.
    pub(super) fn turn(&mut self, node: NodeId, fact: Fact) {
        let machine = &mut self.machines[node.0];
        if machine.ended {
            return;
        }
        if self.network.frozen.contains(&node) {
            machine.pending.push_back(fact);
            return;
        }
        self.turns.push_back(Turn { node, now: self.now, fact });
    }

    pub(super) fn node(&self, id: NodeId) -> &NodePlan {
        &self.plan.nodes[id.0]
    }

    fn set_deadline(&mut self, node: NodeId, deadline: Option<Deadline>) {
        let machine = &mut self.machines[node.0];
        let current = &mut machine.deadline;
        if current.as_ref().map(|(deadline, _)| *deadline) == deadline {
            return;
        }
        if let Some((_, entry)) = current.take() {
            self.agenda.remove(entry);
        }
        if let Some(deadline) = deadline.filter(|_| !machine.ended) {
            let entry = self.agenda.add(deadline.at.max(self.now), Event::Wake(node));
            machine.deadline = Some((deadline, entry));
        }
    }

    fn begin_hash(&mut self, next: &NextEvent) {
        self.so_far = SoFar::default();
        let kind = next.kind as u64;
        self.mix(&[self.count, next.at.micros(), next.node.0 as u64, kind]);
    }

    /// Takes numbers into the hash of the trace.
    pub(super) fn mix(&mut self, words: &[u64]) {
        for word in words {
            for byte in word.to_le_bytes() {
                self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
}
