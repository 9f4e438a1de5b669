//! The host in this process: turns are plain calls.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::branches::BranchId;
use super::checks::{Checks, DigestMemo, Shown};
use super::conductor::{Checkpoint, Conductor};
use super::intervention::Intervention;
use super::place::{Place, Sent};
use super::plan::Plan;
use super::record::{self, Message};
use super::script::Script;
use super::turn::{NodeId, Turn};
use crate::node::Status;
use crate::resp::Bytes;
use crate::time::{Duration, Instant};

/// A lab whose nodes live here.
#[derive(Clone, Debug)]
pub struct LocalLab {
    conductor: Conductor,
    places: Vec<Place>,
    /// The places as they were at each checkpoint.
    kept: BTreeMap<u64, Vec<Place>>,
    /// The nodes that had a turn in the last event.
    touched: BTreeSet<NodeId>,
    /// What must hold after every step, if anybody looks.
    checks: Option<Checks>,
    /// What the checks know of each dataset.
    digests: Vec<DigestMemo>,
    /// What does not hold.
    broken: Option<Broken>,
    /// What happens to bytes between nodes that should not.
    tamper: Option<Tamper>,
    /// What passes between nodes, if anybody keeps it.
    record: Option<Vec<Message>>,
}

/// Changes the bytes of a frame from one node to another: a planted bug, to see it caught.
pub type Tamper = fn(NodeId, NodeId, &mut Vec<u8>);

/// A check that does not hold, with everything that it takes to see it again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("seed {seed}, event {event} ({what}): {why}\n\n{script}")]
pub struct Broken {
    /// The world's seed.
    pub seed: u64,
    /// How many events have happened.
    pub event: u64,
    /// What the last of them was.
    pub what: String,
    /// What does not hold.
    pub why: String,
    /// The script that leads here.
    pub script: String,
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
        let place = |index: usize| Place::of(plan, index, plan.epoch);
        let places: Vec<Place> = (0..plan.nodes.len()).map(place).collect();
        Self {
            kept: BTreeMap::from([(0, places.clone())]),
            conductor,
            places,
            touched: BTreeSet::new(),
            checks: None,
            digests: Vec::new(),
            broken: None,
            tamper: None,
            record: None,
        }
    }

    /// The same history again, up to the cursor, with everything that passed between nodes.
    pub(super) fn recorded(conductor: &Conductor) -> Vec<Message> {
        let target = conductor.cursor();
        let mut lab = Self::new(conductor.unlived());
        lab.record = Some(Vec::new());
        while lab.conductor.cursor() < target && lab.step() {}
        lab.record.unwrap_or_default()
    }

    /// Checks from now on, after every step, what must always hold. A broken check stops the lab.
    pub fn watch(&mut self) {
        self.checks = Some(Checks::default());
    }

    /// The check that does not hold, if there is one.
    pub const fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// Plants a bug: what is sent from now on passes through `tamper`.
    pub fn plant(&mut self, tamper: Tamper) {
        self.tamper = Some(tamper);
    }

    /// Keeps no checkpoints: who never goes back is faster without.
    pub fn forget_the_past(&mut self) {
        self.conductor.keep_no_checkpoints();
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

    /// Carries out the next event; false if nothing will ever happen by itself, or if a check is
    /// broken.
    pub fn step(&mut self) -> bool {
        if self.broken.is_some() || !self.conductor.begin() {
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
            // What the checks remember of the future is of no use in the past.
            self.checks = self.checks.take().map(|_| Checks::default());
            self.digests.clear();
            self.broken = None;
        }
        while self.conductor.cursor() < target && self.step() {}
    }

    /// Goes to where a branch parts from the one that is lived, and lives the branch from there;
    /// false if there is no such branch.
    pub fn select(&mut self, branch: BranchId) -> bool {
        let Some(parts) = self.conductor.parts_at(branch) else { return false };
        if self.conductor.cursor() > parts {
            self.seek(parts);
        }
        for index in self.conductor.select(branch) {
            self.kept.remove(&index);
        }
        true
    }

    /// While peeking, what happens is not lived.
    pub(super) const fn set_peeking(&mut self, peeking: bool) {
        self.conductor.set_peeking(peeking);
    }

    /// Lets `span` of virtual time pass.
    pub fn run(&mut self, span: Duration) {
        let end = self.conductor.world().now() + span;
        self.run_until(end);
    }

    /// Lets `span` of virtual time pass, but not beyond the next event, which does not happen.
    pub fn idle(&mut self, span: Duration) {
        let end = self.conductor.world().now() + span;
        self.conductor.idle_until(end);
    }

    /// Lets time pass up to `end`.
    pub fn run_until(&mut self, end: Instant) {
        while self.conductor.next_at().is_some_and(|at| at <= end) && self.step() {}
        self.conductor.idle_until(end);
    }

    fn carry_out(&mut self) {
        let world = self.conductor.world();
        for index in self.places.len()..world.plan().nodes.len() {
            self.places.push(Place::of(world.plan(), index, world.now()));
        }
        self.touched.clear();
        while let Some(Turn { node, now, fact }) = self.conductor.next_turn() {
            self.touched.insert(node);
            if let Some(record) = &mut self.record {
                record::arrived(record, self.conductor.world(), node, &fact);
            }
            let (done, sent) = self.places[node.0].take(now, fact);
            if let Some(record) = &mut self.record {
                record::sent(record, self.conductor.world(), node, &done, &sent);
            }
            for Sent { link, mut bytes } in sent {
                if let Some((peer, link)) = self.conductor.world().peer(node, link) {
                    if let Some(tamper) = self.tamper {
                        let mut changed = bytes.to_vec();
                        tamper(node, peer, &mut changed);
                        bytes = Bytes::from(changed);
                    }
                    self.places[peer.0].deliver(link, bytes);
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
        self.check();
    }

    /// Shows the checks what the last event has touched.
    fn check(&mut self) {
        let Some(mut checks) = self.checks.take() else { return };
        let event = self.conductor.last_entry();
        self.digests.resize_with(self.places.len(), DigestMemo::default);
        let shown = self.touched.iter().map(|&node| {
            let place = &self.places[node.0];
            let (digest, written) = self.digests[node.0].of(place.keyspace());
            // Keys that were looked at need no second look.
            let keys = if written { KEYS_CHECKED } else { 0 };
            Shown {
                node,
                status: place.status(self.conductor.world().now(), keys),
                digest,
                read_only: place.is_read_only(),
            }
        });
        let result = checks.look(self.conductor.world(), event, shown.collect());
        if let Err(why) = result {
            self.broken = Some(Broken {
                seed: self.conductor.world().plan().seed,
                event: self.conductor.cursor(),
                what: event.text.to_string(),
                why,
                script: self.conductor.retell(),
            });
        }
        self.checks = Some(checks);
    }
}

/// How many keys of each node the checks look at.
const KEYS_CHECKED: usize = 64;
