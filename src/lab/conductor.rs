//! A world with its timeline: what every host's loop drives.
//!
//! A host's loop is the same everywhere; only how it waits differs:
//!
//! ```text
//!     if conductor.begin()  {
//!         while let Some(turn) = conductor.next_turn() {      or next_turns, side by side,
//!             carry it out, carry its frames away             and turns_ahead meanwhile
//!             conductor.absorb(node, done)
//!         }
//!         if let Some(checkpoint) = conductor.finish() { let every place keep it }
//!     }
//! ```

use std::collections::VecDeque;

use super::ahead::Ahead;
use super::branches::{BranchId, BranchView};
use super::intervention::Intervention;
use super::network::Side;
use super::plan::{NodePlan, Plan};
use super::script::{Action, Script};
use super::strides::{NextStride, Stride};
use super::timeline::{Timeline, TraceEntry};
use super::turn::{Done, NodeId, Turn};
use super::world::{NextEvent, World};
use crate::node::Link;
use crate::time::{Duration, Instant};

/// Conducts a world, and remembers how to come back.
#[derive(Clone, Debug)]
pub struct Conductor {
    /// The world at the cursor.
    world: World,
    /// What is known before and behind it.
    timeline: Timeline,
    /// The event that is under way.
    current: Option<NextEvent>,
    /// Turns of later events that were handed out ahead of their time, those of each node in order.
    ahead: VecDeque<Turn>,
    /// True while events are only tried.
    peeking: bool,
}

/// What every place is to keep, and to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the checkpoint: the index of the event before which it stands.
    pub index: u64,
    /// Names of checkpoints that are no longer needed.
    pub forget: Vec<u64>,
}

/// What every place is to go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// The name of the checkpoint.
    pub index: u64,
}

impl Conductor {
    /// A world at its beginning. The script's acts are put on the agenda, at the times that its
    /// `run` lines give them; what cannot be foreseen (`until`, `step`, `show`) is for a runner.
    pub fn from_script(script: &Script) -> Self {
        let mut world = World::new(script.plan.clone());
        let mut at = script.plan.epoch;
        for (_, action) in &script.actions {
            match action {
                Action::Intervene(act) => {
                    at += Duration::from_millis(1);
                    world.schedule(at, act.clone());
                }
                Action::Run(span) | Action::Idle(span) => at += *span,
                Action::Step(_) | Action::Until(_) | Action::Show(_) => {}
            }
        }
        Self::new(world)
    }

    /// A world at its beginning, in which nobody acts until told.
    pub fn from_plan(plan: Plan) -> Self {
        Self::new(World::new(plan))
    }

    fn new(world: World) -> Self {
        Self {
            timeline: Timeline::new(world.clone()),
            world,
            current: None,
            ahead: VecDeque::new(),
            peeking: false,
        }
    }

    /// The world at the cursor.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// How many events have happened.
    pub const fn cursor(&self) -> u64 {
        self.world.count()
    }

    /// How many events somebody has seen: what was only tried is known, and yet to be lived.
    pub fn lived(&self) -> u64 {
        self.timeline.lived.max(self.cursor())
    }

    /// How many events are known.
    pub fn length(&self) -> u64 {
        self.timeline.entries.len() as u64
    }

    /// The events that are known.
    pub fn entries(&self) -> &[TraceEntry] {
        &self.timeline.entries
    }

    /// The events among them that were faults, as far as they have been seen.
    pub fn faults(&self) -> impl Iterator<Item = u64> {
        let lived = self.lived();
        self.timeline.faults.iter().copied().take_while(move |&index| index < lived)
    }

    /// How many of the events that somebody has seen had happened at an instant.
    pub fn cursor_at(&self, at: Instant) -> u64 {
        let lived = usize::try_from(self.lived()).unwrap_or(usize::MAX);
        let seen = &self.timeline.entries[..lived.min(self.timeline.entries.len())];
        seen.partition_point(|entry| entry.at <= at) as u64
    }

    /// What the next step will do: what it did before, if it is known, else what the agenda says.
    pub fn next_event(&self) -> Option<NextEvent> {
        let index = usize::try_from(self.cursor()).unwrap_or(usize::MAX);
        match self.timeline.entries.get(index) {
            Some(entry) => Some(NextEvent {
                at: entry.at,
                node: entry.node,
                kind: entry.kind,
                what: entry.what.clone(),
                text: entry.text.clone(),
            }),
            None => self.world.next_event(),
        }
    }

    /// What people have done up to the cursor: the event that it was, when, and the act. What the
    /// script foresaw is not among it.
    pub fn acts(&self) -> impl Iterator<Item = (u64, Instant, &Intervention)> {
        let done = self.timeline.acts.range(..self.cursor());
        done.map(|(&index, (at, act))| (index, *at, act))
    }

    /// The world before anything had happened.
    pub(super) fn first_world(&self) -> &World {
        &self.timeline.checkpoints[&0]
    }

    /// When the next step will be.
    pub fn next_at(&self) -> Option<Instant> {
        let index = usize::try_from(self.cursor()).unwrap_or(usize::MAX);
        match self.timeline.entries.get(index) {
            Some(entry) => Some(entry.at),
            None => self.world.next_at(),
        }
    }

    /// The event that has happened last.
    ///
    /// # Panics
    /// If none has happened.
    pub fn last_entry(&self) -> &TraceEntry {
        let index = usize::try_from(self.cursor()).unwrap_or(usize::MAX);
        &self.timeline.entries[index - 1]
    }

    /// The same history, with nothing of it lived yet.
    pub(super) fn unlived(&self) -> Self {
        let mut again = self.clone();
        again.world = self.first_world().clone();
        again.timeline.keep_none();
        again.timeline.checkpoints.retain(|&index, _| index == 0);
        again
    }

    /// Every branch of history, in the order of their beginning.
    pub fn branches(&self) -> Vec<BranchView> {
        self.timeline.branches()
    }

    /// Where a branch parts from the one that is lived; `None` if there is no such branch.
    pub fn parts_at(&self, id: BranchId) -> Option<u64> {
        self.timeline.parts_at(id)
    }

    /// Makes a branch the one that is lived; the answer names checkpoints that are given up.
    ///
    /// # Panics
    /// If the cursor stands where the two have parted.
    pub fn select(&mut self, id: BranchId) -> Vec<u64> {
        let parts = self.timeline.parts_at(id);
        assert!(parts.is_some_and(|at| self.cursor() <= at), "the cursor is before the parting");
        self.timeline.select(id)
    }

    /// What was given up for want of room, in sentences.
    pub fn losses(&self) -> Vec<String> {
        let plan = self.world.plan();
        let lost = |(index, node): (usize, &NodePlan)| {
            let log = self.world.log(NodeId(index));
            let lost = log.count - log.lines.len() as u64;
            (lost > 0).then(|| format!("{}'s log has lost its {lost} oldest lines", node.name))
        };
        let logs = plan.nodes.iter().enumerate().filter_map(lost);
        self.timeline.losses().into_iter().chain(logs).collect()
    }

    /// What a step would end with, if it is known.
    pub fn known_stride(&self, stride: Stride) -> Option<NextStride> {
        let (events, last) = self.known_end(stride)?;
        Some(NextStride { events, text: last.headline().to_owned() })
    }

    /// The event that a step would end with, if it is known, and how many events the step takes.
    pub fn known_end(&self, stride: Stride) -> Option<(u64, &TraceEntry)> {
        let cursor = usize::try_from(self.cursor()).unwrap_or(usize::MAX);
        let ahead = self.entries().get(cursor..)?;
        let index = ahead.iter().position(|entry| stride.ends_with(entry))?;
        Some((index as u64 + 1, &ahead[index]))
    }

    /// The last checkpoint that is not behind event `index`.
    pub fn checkpoint_before(&self, index: u64) -> u64 {
        self.timeline.checkpoint_before(index)
    }

    /// Gives up every checkpoint but the first, and names them: a place has lost what it kept.
    pub fn forget_checkpoints(&mut self) -> Vec<u64> {
        self.timeline.drop_checkpoints(|_| true)
    }

    /// While peeking, what happens is not lived: who acts then leaves no branch behind.
    pub const fn set_peeking(&mut self, peeking: bool) {
        self.peeking = peeking;
    }

    /// Keeps no more checkpoints.
    pub(super) const fn keep_no_checkpoints(&mut self) {
        self.timeline.keep_none();
    }

    /// Begins the next event; false if nothing will ever happen by itself.
    pub fn begin(&mut self) -> bool {
        let act = self.timeline.acts.get(&self.cursor()).cloned();
        self.current = match act {
            Some((at, act)) => {
                self.world.idle_until(at);
                Some(self.world.act(&act))
            }
            None => self.world.begin(),
        };
        self.current.is_some()
    }

    /// Begins an act of a person, now. What was lived of the future becomes a branch; the answer
    /// names the checkpoints that go with it.
    pub fn begin_act(&mut self, act: Intervention) -> Vec<u64> {
        let index = self.cursor();
        let forget = self.timeline.part(index);
        self.current = Some(self.world.act(&act));
        self.timeline.acts.insert(index, (self.world.now(), act));
        forget
    }

    /// The next turn of the event that is under way.
    pub fn next_turn(&mut self) -> Option<Turn> {
        let turn = self.world.next_turn()?;
        self.meet(&turn);
        Some(turn)
    }

    /// The next turns of the event that is under way, which may be taken at the same time. What
    /// came of them is to be absorbed in their order.
    pub fn next_turns(&mut self) -> Vec<Turn> {
        let turns = self.world.next_turns();
        turns.iter().for_each(|turn| self.meet(turn));
        turns
    }

    /// Turns of later events, before `end`, that may be taken at once, in this order. Each is
    /// handed out again when its time has come, unless one of the same node before it ended
    /// something.
    ///
    /// Until then a node is ahead of the world: who wants to look at it, or to go elsewhere, must
    /// first go on until [`Self::is_ahead`] is false.
    pub fn turns_ahead(&mut self, end: Instant) -> Vec<Ahead> {
        let cursor = self.cursor();
        if end <= self.world.now() || self.timeline.is_checkpoint_near(cursor) {
            return Vec::new();
        }
        let act = self.timeline.acts.range(cursor + 1..).next().map_or(end, |(_, (at, _))| *at);
        let turns = self.world.turns_ahead(end.min(act), &self.ahead);
        self.ahead.extend(turns.iter().map(|ahead| ahead.turn.clone()));
        turns
    }

    /// The turn after those that were handed out is taken ahead of its time, too: where a history
    /// is lived again, it will come just so.
    pub fn hand_out(&mut self, turn: Turn) {
        self.ahead.push_back(turn);
    }

    /// True while a node has begun a turn of an event that has not come.
    pub fn is_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// The time of a turn has come, for which it may have been handed out ahead.
    fn meet(&mut self, turn: &Turn) {
        if let Some(index) = self.ahead.iter().position(|other| other.node == turn.node) {
            let begun = self.ahead.remove(index);
            assert_eq!(
                begun.as_ref(),
                Some(turn),
                "a turn that was taken ahead of its time is another"
            );
        }
    }

    /// Takes in what came of a turn.
    pub fn absorb(&mut self, node: NodeId, done: Done) {
        if done.ends_something() {
            self.ahead.retain(|turn| turn.node != node);
        }
        self.world.absorb(node, done);
    }

    /// Ends the event, and says whether the places are to keep a checkpoint.
    ///
    /// # Panics
    /// If a repeated event differs from what it was: the engine would not be deterministic.
    pub fn finish(&mut self) -> Option<Checkpoint> {
        let current = self.current.take()?;
        let NextEvent { at, node, kind, what, text } = current;
        let (weight, said) = self.world.weigh(kind);
        let entry = TraceEntry { at, node, kind, what, text, weight, said };
        if !self.peeking {
            self.timeline.lived = self.timeline.lived.max(self.cursor());
        }
        let index = usize::try_from(self.cursor() - 1).unwrap_or(usize::MAX);
        match self.timeline.entries.get(index) {
            Some(known) => assert_eq!(*known, entry, "event {index} was repeated differently"),
            None => self.timeline.push(entry),
        }
        let index = self.cursor();
        let whole = !self.is_ahead() && !self.world.has_untold();
        let due = whole && self.timeline.wants_checkpoint(&self.world);
        due.then(|| {
            let forget = self.timeline.keep(index, self.world.clone());
            Checkpoint { index, forget }
        })
    }

    /// Prepares to go to where `target` events have happened: back to a checkpoint if the target
    /// lies behind the cursor. From there, step until [`Self::cursor`] is the target.
    pub fn seek(&mut self, target: u64) -> Option<Restore> {
        let index = self.timeline.checkpoint_before(target);
        if self.cursor() <= target && self.cursor() >= index {
            return None;
        }
        self.world = self.timeline.checkpoints[&index].clone();
        self.ahead.clear();
        Some(Restore { index })
    }

    /// Lets time pass up to `at`, but not beyond the next event.
    pub fn idle_until(&mut self, at: Instant) {
        let limit = self.next_event().map_or(at, |next| next.at.min(at));
        self.world.idle_until(limit);
    }

    /// How many frames every end of every connection has been sent, by node and link: a place that
    /// keeps a checkpoint must first have them all.
    pub fn frames_sent_to(&self, node: NodeId) -> Vec<(Link, u64)> {
        let ends = self.world.connections().flat_map(|(id, connection)| {
            [Side::Dialler, Side::Acceptor].map(|side| {
                let (owner, link) = connection.end(side);
                (owner == node && self.world.network.listens(id, side))
                    .then(|| (link, connection.sent(side.other())))
            })
        });
        ends.flatten().collect()
    }
}
