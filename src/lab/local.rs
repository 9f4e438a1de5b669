//! The host in this process: turns are plain calls.

use std::collections::BTreeMap;

use super::conductor::{Checkpoint, Conductor};
use super::intervention::Intervention;
use super::place::Place;
use super::plan::Plan;
use super::script::Script;
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

    /// Every node, the removed ones included.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.places.len()).map(NodeId)
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

    fn carry_out(&mut self) {
        let world = self.conductor.world();
        for index in self.places.len()..world.plan().nodes.len() {
            self.places.push(Place::new(world.plan().setup(index), world.now()));
        }
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
