//! What has happened, and from where it can be repeated.

use std::collections::BTreeMap;

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
    /// In words.
    pub text: String,
}

/// The known history of a world: up to the cursor it has happened, beyond it will happen again.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// Every event that is known, the first at index 0.
    pub(super) entries: Vec<TraceEntry>,
    /// What people did, by the index of the event that it was, with the time.
    pub(super) acts: BTreeMap<u64, (Instant, Intervention)>,
    /// Worlds as they were before the event of an index; 0 is always there.
    pub(super) checkpoints: BTreeMap<u64, World>,
    /// How many events lie between two checkpoints; doubles when there are too many.
    spacing: u64,
}

impl Timeline {
    pub(super) fn new(world: World) -> Self {
        Self {
            entries: Vec::new(),
            acts: BTreeMap::new(),
            checkpoints: BTreeMap::from([(0, world)]),
            spacing: SPACING_MIN,
        }
    }

    /// Lets no further checkpoint be due.
    pub(super) const fn keep_none(&mut self) {
        self.spacing = u64::MAX;
    }

    /// True if a checkpoint is due before event `index`.
    pub(super) fn wants_checkpoint(&self, index: u64) -> bool {
        index.is_multiple_of(self.spacing) && !self.checkpoints.contains_key(&index)
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

    /// Forgets everything from event `index` on: the past is about to be changed.
    pub(super) fn cut_off(&mut self, index: u64) -> Vec<u64> {
        self.entries.truncate(usize::try_from(index).unwrap_or(usize::MAX));
        self.acts.split_off(&index);
        self.drop_checkpoints(|checkpoint| checkpoint > index)
    }

    /// The last checkpoint that is not behind event `index`.
    pub(super) fn checkpoint_before(&self, index: u64) -> u64 {
        self.checkpoints.range(..=index).next_back().map_or(0, |(&index, _)| index)
    }

    fn drop_checkpoints(&mut self, unwanted: impl Fn(u64) -> bool) -> Vec<u64> {
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
const SPACING_MIN: u64 = 32;
/// More checkpoints are not kept.
const CHECKPOINTS_MAX: usize = 256;
