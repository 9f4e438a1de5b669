//! The host in this process: turns are plain calls.

use std::collections::BTreeMap;

use super::conductor::{Checkpoint, Conductor};
use super::intervention::Intervention;
use super::place::Place;
use super::script::{Plan, Script, Until};
use super::turn::{NodeId, Turn};
use crate::node::Status;
use crate::time::{Duration, Instant};

/// A lab whose nodes live here.
#[derive(Clone, Debug)]
pub struct LocalLab {
    conductor: Conductor,
    places: Vec<Place>,
    /// The places as they were at each checkpoint.
    kept: BTreeMap<u64, Vec<Place>>,
}

impl LocalLab {
    /// A lab in which nobody acts until told.
    pub fn from_plan(plan: Plan) -> Self {
        Self::new(Conductor::from_plan(plan))
    }

    /// A lab whose script's acts are on the agenda.
    pub fn from_script(script: &Script) -> Self {
        Self::new(Conductor::from_script(script))
    }

    fn new(conductor: Conductor) -> Self {
        let plan = conductor.world().plan();
        let place = |index| Place::new(plan.setup(index), plan.epoch);
        let places: Vec<Place> = (0..plan.nodes.len()).map(place).collect();
        Self { kept: BTreeMap::from([(0, places.clone())]), conductor, places }
    }

    /// The conductor, to be looked at.
    pub const fn conductor(&self) -> &Conductor {
        &self.conductor
    }

    /// What can be seen of a node.
    pub fn status(&self, node: NodeId, keys: usize) -> Status {
        self.places[node.0].status(self.conductor.world().now(), keys)
    }

    /// A place, to be looked at.
    pub fn place(&self, node: NodeId) -> &Place {
        &self.places[node.0]
    }

    /// Carries out the next event; false if nothing will ever happen by itself.
    pub fn step(&mut self) -> bool {
        if !self.conductor.begin() {
            return false;
        }
        self.carry_out();
        true
    }

    /// Lets a person act.
    pub fn intervene(&mut self, act: Intervention) {
        for index in self.conductor.begin_act(act) {
            self.kept.remove(&index);
        }
        self.carry_out();
    }

    /// Goes to where `target` events have happened.
    pub fn seek(&mut self, target: u64) {
        if let Some(restore) = self.conductor.seek(target) {
            self.places.clone_from(&self.kept[&restore.index]);
        }
        while self.conductor.cursor() < target && self.step() {}
    }

    /// Lets `span` of virtual time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.conductor.world().now() + span;
        self.run_until(end);
    }

    /// Lets time pass up to `end`.
    pub fn run_until(&mut self, end: Instant) {
        while self.conductor.next_event().is_some_and(|next| next.at <= end) {
            self.step();
        }
        self.conductor.idle_until(end);
    }

    /// Steps until a condition holds, for at most an hour of virtual time; false if it never does.
    pub fn until(&mut self, condition: &Until) -> bool {
        let deadline = self.conductor.world().now() + Duration::from_secs(3_600);
        let seen = self.log_counts();
        while !self.holds(condition, &seen) {
            let next = self.conductor.next_event();
            if next.is_none_or(|next| next.at > deadline) || !self.step() {
                return false;
            }
        }
        true
    }

    fn log_counts(&self) -> Vec<u64> {
        let nodes = 0..self.places.len();
        nodes.map(|index| self.conductor.world().log(NodeId(index)).count).collect()
    }

    /// True if the condition holds; log lines count that were printed since `seen`.
    fn holds(&self, condition: &Until, seen: &[u64]) -> bool {
        let world = self.conductor.world();
        let find = |name: &str| world.plan().named(name).map(NodeId);
        match condition {
            Until::Log { node, text } => find(node).is_some_and(|node| {
                let log = world.log(node);
                let fresh = usize::try_from(log.count - seen[node.0]).unwrap_or(usize::MAX);
                log.lines.iter().rev().take(fresh).any(|(.., line)| line.contains(text.as_str()))
            }),
            Until::Up { node } => find(node).is_some_and(|node| {
                self.status(node, 0).upstream.is_some_and(|upstream| upstream.up)
            }),
            Until::Synced => (0..self.places.len()).all(|index| self.is_synced(NodeId(index))),
        }
    }

    /// True if a node's link to its master, if it has one, has nothing left to do.
    fn is_synced(&self, node: NodeId) -> bool {
        let status = self.status(node, 0);
        let Some(upstream) = status.upstream else {
            let offset = status.offset;
            return status.replicas.iter().all(|replica| replica.acked == offset);
        };
        let master = self.conductor.world().plan().find(&upstream.master).map(NodeId);
        upstream.up
            && master.is_some_and(|master| {
                let master = self.status(master, 0);
                master.offset == status.offset && master.id == status.id
            })
    }

    fn carry_out(&mut self) {
        while let Some(Turn { node, now, fact }) = self.conductor.next_turn() {
            let (done, sent) = self.places[node.0].take(now, fact);
            for frame in sent {
                if let Some((peer, link)) = self.conductor.world().peer(node, frame.link) {
                    self.places[peer.0].deliver(link, frame.bytes);
                }
            }
            self.conductor.absorb(node, done);
        }
        if let Some(Checkpoint { index, forget }) = self.conductor.finish() {
            self.kept.insert(index, self.places.clone());
            for index in forget {
                self.kept.remove(&index);
            }
        }
    }
}
