//! What has happened, and from where it can be repeated.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::branches::Branches;
use super::describe::Happening;
use super::intervention::Intervention;
use super::turn::NodeId;
use super::world::World;
use crate::time::Instant;

/// What an event was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A person typed a command.
    Typed,
    /// A connection was accepted or established.
    Opened,
    /// A connection could not be made.
    Refused,
    /// Bytes arrived.
    Delivered,
    /// A connection was closed.
    Closed,
    /// A node's own time had come.
    Woke,
    /// A disk finished an order.
    Disk,
    /// A person cut or healed something.
    Fault,
}

/// An event that has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceEntry {
    /// When.
    pub at: Instant,
    /// To which node.
    pub node: NodeId,
    /// Of what kind.
    pub kind: EventKind,
    /// What happened.
    pub what: Happening,
    /// The same in words: the nodes keep the names that they had.
    pub text: String,
    /// How much came of it.
    pub weight: Weight,
    /// The last line that a log said in it.
    pub said: Option<Rc<str>>,
}

/// How much comes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing: a timer after which there was nothing to do.
    Idle,
    /// Bytes moved, or a node did something.
    Frame,
    /// A command or a reply was heard, or a person acted.
    Command,
    /// A log has said something.
    Phase,
}

impl TraceEntry {
    /// What is to be said of it: the line of the log, if there is one.
    pub fn headline(&self) -> &str {
        self.said.as_deref().unwrap_or(&self.text)
    }
}

/// The known history of a world: up to the cursor it has happened, beyond it will happen again.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// Every event that is known, the first at index 0.
    pub(super) entries: Vec<TraceEntry>,
    /// Where in them the faults are.
    pub(super) faults: Vec<u64>,
    /// What people did, by the index of the event that it was, with the time.
    pub(super) acts: BTreeMap<u64, (Instant, Intervention)>,
    /// Worlds as they were before the event of an index; 0 is always there.
    pub(super) checkpoints: BTreeMap<u64, World>,
    /// How many events lie between two checkpoints; doubles when there are too many.
    pub(super) spacing: u64,
    /// How many bytes had moved when a checkpoint was due last.
    moved: u64,
    /// True once a checkpoint was left out because so much moved.
    sparse: bool,
    /// How many events somebody has seen; what lies behind was only tried.
    pub(super) lived: u64,
    /// Futures that were left.
    pub(super) branches: Branches,
}

impl Timeline {
    pub(super) fn new(world: World) -> Self {
        Self {
            entries: Vec::new(),
            faults: Vec::new(),
            acts: BTreeMap::new(),
            checkpoints: BTreeMap::from([(0, world)]),
            spacing: SPACING_MIN,
            moved: 0,
            sparse: false,
            lived: 0,
            branches: Branches::default(),
        }
    }

    /// Adds what has happened for the first time.
    pub(super) fn push(&mut self, entry: TraceEntry) {
        if entry.kind == EventKind::Fault {
            self.faults.push(self.entries.len() as u64);
        }
        self.entries.push(entry);
    }

    /// The event of an index, if it is known.
    pub(super) fn entry(&self, index: u64) -> Option<&TraceEntry> {
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// What was given up for want of room, in sentences.
    pub(super) fn losses(&self) -> Vec<String> {
        let mut losses = Vec::new();
        if self.spacing > SPACING_MIN && self.spacing < u64::MAX {
            losses.push(format!(
                "checkpoints are {} events apart, to keep no more than {CHECKPOINTS_MAX}: going \
                 back repeats up to that many",
                self.spacing
            ));
        }
        if self.sparse {
            let why = "while much data moved, few checkpoints were kept: going back repeats more";
            losses.push(why.to_owned());
        }
        match self.branches.dropped {
            0 => {}
            1 => losses.push("the oldest branch was given up for want of room".to_owned()),
            n => losses.push(format!("the {n} oldest branches were given up for want of room")),
        }
        losses
    }

    /// Lets no further checkpoint be due.
    pub(super) const fn keep_none(&mut self) {
        self.spacing = u64::MAX;
    }

    /// True if a checkpoint is to be kept of `world`.
    ///
    /// What a checkpoint shares with its nodes is copied as soon as they write to it. So while a
    /// dataset is on its way there is one only whenever as much has moved as before in all: the
    /// copies are then together no more than the dataset.
    pub(super) fn wants_checkpoint(&mut self, world: &World) -> bool {
        let index = world.count();
        if !index.is_multiple_of(self.spacing) || self.checkpoints.contains_key(&index) {
            return false;
        }
        let moved = world.moved;
        let lately = moved.saturating_sub(std::mem::replace(&mut self.moved, moved));
        if lately <= (self.spacing * BYTES_PER_EVENT).max(BYTES_MIN) {
            return true;
        }
        let last = self.checkpoint_before(index);
        let worth = moved >= 2 * self.checkpoints[&last].moved;
        self.sparse |= !worth && index - last >= GAP_USUAL;
        worth
    }

    /// True if a checkpoint will be due within the next few events, or is now. Where one is kept
    /// already, as when a history is lived again, none will be.
    pub(super) fn is_checkpoint_near(&self, index: u64) -> bool {
        if self.spacing == u64::MAX {
            return false;
        }
        let left = self.spacing - index % self.spacing;
        left <= EVENTS_NEAR && !self.checkpoints.contains_key(&(index + left))
    }

    /// Keeps a checkpoint, and answers those that are given up for it.
    pub(super) fn keep(&mut self, index: u64, world: World) -> Vec<u64> {
        self.checkpoints.insert(index, world);
        if self.checkpoints.len() <= CHECKPOINTS_MAX {
            return Vec::new();
        }
        self.spacing *= 2;
        let spacing = self.spacing;
        self.drop_checkpoints(|index| !index.is_multiple_of(spacing))
    }

    /// The last checkpoint that is not behind event `index`.
    pub(super) fn checkpoint_before(&self, index: u64) -> u64 {
        self.checkpoints.range(..=index).next_back().map_or(0, |(&index, _)| index)
    }

    pub(super) fn drop_checkpoints(&mut self, unwanted: impl Fn(u64) -> bool) -> Vec<u64> {
        let dropped: Vec<u64> = self
            .checkpoints
            .keys()
            .copied()
            .filter(|&index| index > 0 && unwanted(index))
            .collect();
        for index in &dropped {
            self.checkpoints.remove(index);
        }
        dropped
    }
}

/// Checkpoints are at first this many events apart.
const SPACING_MIN: u64 = 16;
/// A gap is told of only if it is larger than this.
const GAP_USUAL: u64 = 32;
/// More than this is much to move in an event, on average.
const BYTES_PER_EVENT: u64 = 2_048;
/// Between two checkpoints, this is never much.
const BYTES_MIN: u64 = 65_536;
/// So many events before a checkpoint no turn is taken ahead of its time.
const EVENTS_NEAR: u64 = 4;
/// More checkpoints are not kept.
const CHECKPOINTS_MAX: usize = 1_024;
