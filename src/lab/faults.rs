//! What people do to a world: at prompts, to wires, and to machines.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::intervention::{Intervention, MachineFault, WireFault};
use super::network::{ConnectionId, Network, Side};
use super::turn::{Fact, NodeId};
use super::world::{DiskHealth, Event, Machine, World};
use crate::node::Link;
use crate::time::Instant;

impl World {
    pub(super) fn intervene(&mut self, act: &Intervention) {
        let named: Option<Vec<NodeId>> =
            act.nodes().into_iter().map(|name| self.plan.named(name).map(NodeId)).collect();
        // An act that names a node that is no more does nothing.
        let Some(nodes) = named else { return };
        match (act, nodes.as_slice()) {
            (Intervention::Type { line, .. }, &[node]) => self.type_line(node, line),
            (_, nodes) => self.interfere(act, nodes),
        }
    }

    /// What nobody types; a page begins without it.
    #[inline(never)]
    fn interfere(&mut self, act: &Intervention, nodes: &[NodeId]) {
        match (act, nodes) {
            (Intervention::Cut { .. }, &[a, b]) => {
                self.network.cut(a, b);
                self.reset(a, b);
            }
            (Intervention::Reset { .. }, &[a, b]) => self.reset(a, b),
            (Intervention::HalfOpen { .. }, &[a, b]) => self.half_open(a, b),
            (Intervention::Partition { left, .. }, nodes) => {
                let (left, right) = nodes.split_at(left.len());
                for (&a, &b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
                    self.change_wire(a, b, WireFault::Stall);
                    self.change_wire(b, a, WireFault::Stall);
                }
            }
            (Intervention::Wire { fault, .. }, &[from, to]) => self.change_wire(from, to, *fault),
            (Intervention::Heal { .. }, &[a, b]) => self.heal(a, b),
            (Intervention::Heal { .. }, _) => self.heal_all(),
            (Intervention::Machine { fault, .. }, &[node]) => self.change_machine(node, *fault),
            (Intervention::Add { name, settings }, _) => self.add_node(name, settings),
            (
                Intervention::Type { .. }
                | Intervention::Cut { .. }
                | Intervention::Reset { .. }
                | Intervention::HalfOpen { .. }
                | Intervention::Wire { .. }
                | Intervention::Machine { .. },
                _,
            ) => unreachable!("an act names as many nodes as it concerns"),
        }
    }

    fn type_line(&mut self, node: NodeId, line: &str) {
        let count = self.count();
        let machine = &mut self.machines[node.0];
        let refused = machine.ended.then_some("Could not connect: Connection refused");
        machine.log.typed(count, line, refused.unwrap_or(""));
        self.turn(node, Fact::Typed { line: line.to_owned() });
    }

    /// The connections between two nodes.
    fn between(&self, a: NodeId, b: NodeId) -> Vec<ConnectionId> {
        let pair = Network::pair(a, b);
        self.connections()
            .filter(|(_, c)| Network::pair(c.dialler.0, c.acceptor.0) == pair)
            .map(|(id, _)| id)
            .collect()
    }

    /// Every connection between the two is reset, and what is on its way is lost.
    fn reset(&mut self, a: NodeId, b: NodeId) {
        for id in self.between(a, b) {
            for side in [Side::Acceptor, Side::Dialler] {
                let Some(connection) = self.network.connections.get(&id) else { continue };
                let (node, link) = connection.end(side);
                if self.network.listens(id, side) {
                    self.turn(node, Fact::Reset { link });
                }
            }
            self.forget(id);
        }
    }

    /// `a` knows no more of its connections to `b`, which is not told.
    fn half_open(&mut self, a: NodeId, b: NodeId) {
        for id in self.between(a, b) {
            let Some(connection) = self.network.connections.get_mut(&id) else { continue };
            let side = if connection.dialler.0 == a { Side::Dialler } else { Side::Acceptor };
            let (node, link) = connection.end(side);
            connection.half_open = Some(side);
            if self.network.listens(id, side) {
                self.network.links.remove(&(node, link));
                self.turn(node, Fact::Closed { link });
            }
        }
    }

    fn change_wire(&mut self, from: NodeId, to: NodeId, fault: WireFault) {
        self.network.make_trouble(from, to, fault);
        self.rewire(from, to, false);
    }

    fn heal(&mut self, a: NodeId, b: NodeId) {
        self.network.mend(a, b);
        for (from, to) in [(a, b), (b, a)] {
            let stalled = self.network.trouble(from, to).stalled;
            if self.network.troubles.remove(&(from, to)).is_some() {
                self.rewire(from, to, stalled);
            }
            self.release(from, to);
        }
    }

    fn heal_all(&mut self) {
        let mut pairs: BTreeSet<(NodeId, NodeId)> = self.network.cuts.iter().copied().collect();
        pairs.extend(self.network.troubles.keys().map(|&(a, b)| Network::pair(a, b)));
        for (a, b) in pairs {
            self.heal(a, b);
        }
    }

    /// What is on its way from one node to another takes its time anew.
    fn rewire(&mut self, from: NodeId, to: NodeId, kept_back: bool) {
        for id in self.between(from, to) {
            let Some(connection) = self.network.connections.get(&id) else { continue };
            let side = if connection.dialler.0 == from { Side::Dialler } else { Side::Acceptor };
            let times = self.network.retime(id, side, self.now, kept_back);
            let arrives = |event: &Event| match event {
                Event::Arrive { connection, from } => (*connection, *from) == (id, side),
                Event::Start(_)
                | Event::Intervene(_)
                | Event::Reach { .. }
                | Event::Establish(_)
                | Event::Refuse { .. }
                | Event::Reset { .. }
                | Event::Disk(_)
                | Event::Wake(_) => false,
            };
            self.agenda.retain(|event| !arrives(event));
            for at in times {
                self.agenda.add(at, Event::Arrive { connection: id, from: side });
            }
        }
    }

    /// What could not reach its node now can.
    fn release(&mut self, from: NodeId, to: NodeId) {
        let at = self.now + self.network.latency(from, to);
        let (released, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition::<Vec<_>, _>(|(way, _)| *way == (from, to));
        self.held = held;
        for (_, event) in released {
            self.agenda.add(at, event);
        }
    }

    fn change_machine(&mut self, node: NodeId, fault: MachineFault) {
        match fault {
            MachineFault::Freeze => self.freeze(node),
            MachineFault::Thaw => self.thaw(node),
            MachineFault::Crash => self.crash(node),
            MachineFault::Restart { rdb } => {
                self.crash(node);
                let machine = &mut self.machines[node.0];
                machine.ended = false;
                machine.incarnation += 1;
                let fork_fails = machine.fork_fails;
                self.turn(node, Fact::Restarted { rdb, fork_fails });
            }
            MachineFault::DiskSpeed(speed) => self.machines[node.0].disk.speed = Some(speed),
            MachineFault::DiskFull => self.machines[node.0].disk.health = DiskHealth::Full,
            MachineFault::DiskFails => self.machines[node.0].disk.health = DiskHealth::Fails,
            MachineFault::DiskWorks => {
                let disk = &mut self.machines[node.0].disk;
                (disk.health, disk.speed) = (DiskHealth::Works, None);
            }
            MachineFault::ForkFails => self.set_forks(node, true),
            MachineFault::ForkWorks => self.set_forks(node, false),
            MachineFault::Remove => {
                self.crash(node);
                Rc::make_mut(&mut self.plan).nodes[node.0].removed = true;
            }
        }
    }

    fn set_forks(&mut self, node: NodeId, fail: bool) {
        self.machines[node.0].fork_fails = fail;
        self.turn(node, Fact::Forks { fail });
    }

    /// The process is not given the processor. Its kernel still takes connections for it, and
    /// bytes until the sender's window is full.
    fn freeze(&mut self, node: NodeId) {
        if self.machines[node.0].ended || self.is_frozen(node) {
            return;
        }
        self.network.frozen.push(node);
        self.rewire_all_to(node);
    }

    /// What has happened meanwhile is heard now, in order; then what waits at the door comes in.
    fn thaw(&mut self, node: NodeId) {
        if !self.is_frozen(node) {
            return;
        }
        self.network.thaw(node);
        for fact in std::mem::take(&mut self.machines[node.0].pending) {
            self.turn(node, fact);
        }
        self.rewire_all_to(node);
    }

    fn rewire_all_to(&mut self, node: NodeId) {
        for other in (0..self.machines.len()).map(NodeId).filter(|&other| other != node) {
            self.rewire(other, node, false);
        }
    }

    /// The process is killed: its system closes what it had open, and what it had ordered of its
    /// disk is not done.
    fn crash(&mut self, node: NodeId) {
        if self.machines[node.0].ended {
            return;
        }
        self.network.thaw(node);
        self.exit(node);
        self.rewire_all_to(node);
        let machine = &mut self.machines[node.0];
        machine.pending.clear();
        machine.disk.works.clear();
        machine.disk.busy_until = Instant::EPOCH;
        machine.deadline = None;
        self.drop_events(|event| match event {
            Event::Start(of) | Event::Disk(of) | Event::Wake(of) => *of == node,
            Event::Reach { dialler, .. } | Event::Refuse { dialler, .. } => dialler.0 == node,
            Event::Intervene(_)
            | Event::Establish(_)
            | Event::Arrive { .. }
            | Event::Reset { .. } => false,
        });
    }

    fn add_node(&mut self, name: &str, settings: &str) {
        let Ok(node) = self.plan.new_node(name, settings) else { return };
        let id = NodeId(self.plan.nodes.len());
        Rc::make_mut(&mut self.plan).nodes.push(node);
        self.machines.push(Machine::default());
        self.turn(id, Fact::Started);
    }

    /// The links by which a node knows its connections.
    pub(super) fn links_of(&self, node: NodeId) -> Vec<Link> {
        let owned = self.network.links.range((node, Link(0))..=(node, Link(u64::MAX)));
        owned.map(|(&(_, link), _)| link).collect()
    }
}
