//! What lies below a node of the tree, kept up to date without looking at it all.

use super::{super::Millis, Entry};

/// What lies below a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    /// Keys.
    pub(super) keys: u64,
    /// Keys that have an expiry.
    pub(super) volatile: u64,
    /// The earliest expiry among them; `Millis::MAX` if none.
    pub(super) soonest: Millis,
    /// Roughly the memory that they take.
    pub(super) bytes: u64,
}

impl Tally {
    /// The tally of nothing.
    pub(super) const NONE: Self = Self { keys: 0, volatile: 0, soonest: Millis::MAX, bytes: 0 };

    /// The tally of one key.
    pub(super) fn one(entry: &Entry) -> Self {
        Self::of(entry.expires.at(), entry.weight(SAMPLES))
    }

    /// The tally of a key that takes so many bytes.
    pub(super) fn of(expires: Option<Millis>, bytes: u64) -> Self {
        let volatile = u64::from(expires.is_some());
        Self { keys: 1, volatile, soonest: expires.unwrap_or(Millis::MAX), bytes }
    }

    /// The sum of tallies.
    pub(super) fn sum(tallies: impl Iterator<Item = Self>) -> Self {
        tallies.fold(Self::NONE, |sum, tally| Self {
            keys: sum.keys + tally.keys,
            volatile: sum.volatile + tally.volatile,
            soonest: sum.soonest.min(tally.soonest),
            bytes: sum.bytes + tally.bytes,
        })
    }

    /// Counts that a part whose tally was `before` has become `after`. False if what is the soonest
    /// is no longer known: the sum is to be taken anew.
    #[must_use]
    pub(super) const fn replace(&mut self, before: Self, after: Self) -> bool {
        self.keys = self.keys - before.keys + after.keys;
        self.volatile = self.volatile - before.volatile + after.volatile;
        self.bytes = self.bytes - before.bytes + after.bytes;
        if after.soonest <= self.soonest {
            self.soonest = after.soonest;
            return true;
        }
        before.soonest > self.soonest
    }
}

/// What a key takes in Redis' tables beside its name and its value.
pub(super) const ENTRY_BYTES: u64 = 44;
/// How many elements of a collection stand for all.
const SAMPLES: usize = 5;

/// What has been copied since the snapshot that began the current epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Pages written for the first time in the epoch.
    pub pages: u64,
    /// Roughly their bytes.
    pub bytes: u64,
}
