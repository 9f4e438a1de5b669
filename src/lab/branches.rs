//! Futures that were left: who acts in the past begins a branch, and the old future stays.
//!
//! The timeline holds the branch that is being lived, from the first event on. Every other branch
//! hangs on it, or on another, at the event where they part, and keeps only what lies behind:
//!
//! ```text
//!     0 ────────────── 40 ───────────── 90      the branch that is lived
//!                       ╰───────── 75           another, which hangs on it at 40
//!                            ╰──── 80           a third, which hangs on that one at 60
//! ```
//!
//! To select a branch is to turn the tree round: what was lived until now hangs on the new one.

use std::collections::BTreeMap;

use super::intervention::Intervention;
use super::timeline::{Timeline, TraceEntry};
use crate::time::Instant;

/// A branch of history. Numbers are never given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId(pub u64);

/// A branch that is not lived now.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// The branch on which it hangs.
    parent: BranchId,
    /// The index of the first event that is its own.
    fork: u64,
    /// Its own events.
    entries: Vec<TraceEntry>,
    /// What people did in it.
    acts: BTreeMap<u64, (Instant, Intervention)>,
}

/// What can be seen of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchView {
    /// Its name.
    pub id: BranchId,
    /// True if it is the one that is lived.
    pub current: bool,
    /// The index of the first event that it does not share with the one on which it hangs.
    pub fork: u64,
    /// How many events it has.
    pub length: u64,
    /// When the first of its own was, and the last; `None` if it has none.
    pub span: Option<(Instant, Instant)>,
    /// The act with which it begins to differ, in words.
    pub first: String,
}

/// The branches that are not lived.
#[derive(Clone, Debug, Default)]
pub(super) struct Branches {
    /// The one that is lived.
    current: BranchId,
    /// The others, by name.
    others: BTreeMap<BranchId, Branch>,
    /// The name of the next.
    births: u64,
    /// How many were given up for want of room.
    pub(super) dropped: u64,
}

impl Timeline {
    /// Every branch, in the order of their beginning.
    pub(super) fn branches(&self) -> Vec<BranchView> {
        let others = self.branches.others.iter().map(|(&id, branch)| BranchView {
            id,
            current: false,
            fork: branch.fork,
            length: branch.fork + branch.entries.len() as u64,
            span: span(&branch.entries),
            first: branch.entries.first().map(|entry| entry.text.clone()).unwrap_or_default(),
        });
        let mut all: Vec<BranchView> = others.collect();
        let lived = usize::try_from(self.lived).unwrap_or(usize::MAX);
        let first = self.acts.keys().next().and_then(|&index| self.entry(index));
        let place = all.partition_point(|branch| branch.id < self.branches.current);
        let current = BranchView {
            id: self.branches.current,
            current: true,
            fork: 0,
            length: self.lived,
            span: span(&self.entries[..lived.min(self.entries.len())]),
            first: first.map(|entry| entry.text.clone()).unwrap_or_default(),
        };
        all.insert(place, current);
        all
    }

    /// The past is about to be changed at event `index`: what was lived of the future becomes a
    /// branch. The answer names checkpoints that go with it.
    pub(super) fn part(&mut self, index: u64) -> Vec<u64> {
        let lived = usize::try_from(self.lived.max(index)).unwrap_or(usize::MAX);
        self.entries.truncate(lived);
        self.acts.split_off(&self.lived.max(index));
        let left = self.branches.current;
        let (entries, acts) = self.split(index);
        if !entries.is_empty() {
            self.branches.births += 1;
            let next = BranchId(self.branches.births);
            self.hang(left, next, index, entries, acts);
            self.drop_branches();
        }
        self.lived = index;
        self.drop_checkpoints(|checkpoint| checkpoint > index)
    }

    /// Where a branch parts from the one that is lived; `None` if there is no such branch.
    pub(super) fn parts_at(&self, id: BranchId) -> Option<u64> {
        let mut fork = self.entries.len() as u64;
        let mut at = id;
        while at != self.branches.current {
            let branch = self.branches.others.get(&at)?;
            fork = fork.min(branch.fork);
            at = branch.parent;
        }
        Some(fork)
    }

    /// Makes a branch the one that is lived. The cursor must stand where both are still one.
    pub(super) fn select(&mut self, id: BranchId) -> Vec<u64> {
        let fork = self.parts_at(id).unwrap_or(0);
        let mut path = Vec::new();
        let mut at = id;
        while let Some(branch) = self.branches.others.get(&at) {
            path.push(at);
            at = branch.parent;
        }
        for next in path.into_iter().rev() {
            let Some(branch) = self.branches.others.remove(&next) else { continue };
            let left = self.branches.current;
            let (entries, acts) = self.split(branch.fork);
            self.hang(left, next, branch.fork, entries, acts);
            branch.entries.into_iter().for_each(|entry| self.push(entry));
            self.acts.extend(branch.acts);
        }
        self.lived = self.entries.len() as u64;
        self.drop_checkpoints(|checkpoint| checkpoint > fork)
    }

    fn split(&mut self, index: u64) -> (Vec<TraceEntry>, BTreeMap<u64, (Instant, Intervention)>) {
        let place = usize::try_from(index).unwrap_or(usize::MAX).min(self.entries.len());
        self.faults.retain(|&fault| fault < index);
        (self.entries.split_off(place), self.acts.split_off(&index))
    }

    /// What was lived so far hangs on `next` from now on, and so does what hung on it before.
    fn hang(
        &mut self,
        left: BranchId,
        next: BranchId,
        fork: u64,
        entries: Vec<TraceEntry>,
        acts: BTreeMap<u64, (Instant, Intervention)>,
    ) {
        for branch in self.branches.others.values_mut() {
            if branch.parent == left && branch.fork <= fork {
                branch.parent = next;
            }
        }
        let branch = Branch { parent: next, fork, entries, acts };
        self.branches.others.insert(left, branch);
        self.branches.current = next;
    }

    /// Gives up the oldest branches on which no other hangs, until the rest has room.
    fn drop_branches(&mut self) {
        loop {
            let others = &self.branches.others;
            let events: usize = others.values().map(|branch| branch.entries.len()).sum();
            if others.len() <= BRANCHES_MAX && events <= EVENTS_MAX {
                return;
            }
            let leaf = |id: &BranchId| !others.values().any(|branch| branch.parent == *id);
            let Some(oldest) = others.keys().copied().find(leaf) else { return };
            self.branches.others.remove(&oldest);
            self.branches.dropped += 1;
        }
    }
}

/// When the first of some events was, and the last.
fn span(entries: &[TraceEntry]) -> Option<(Instant, Instant)> {
    Some((entries.first()?.at, entries.last()?.at))
}

/// More branches are not kept beside the one that is lived.
const BRANCHES_MAX: usize = 64;
/// More events are not kept in all of them together.
const EVENTS_MAX: usize = 500_000;
