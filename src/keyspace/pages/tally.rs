//! What lies below a node of the tree, kept up to date without looking at it all.

use super::super::Millis;

/// What lies below a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    /// Keys.
    pub(super) keys: u64,
    /// Keys that have an expiry.
    pub(super) volatile: u64,
    /// The earliest expiry among them; `Millis::MAX` if none.
    pub(super) soonest: Millis,
}

impl Tally {
    /// The tally of nothing.
    pub(super) const NONE: Self = Self { keys: 0, volatile: 0, soonest: Millis::MAX };

    /// The tally of one key.
    pub(super) fn one(expires: Option<Millis>) -> Self {
        let volatile = u64::from(expires.is_some());
        Self { keys: 1, volatile, soonest: expires.unwrap_or(Millis::MAX) }
    }

    /// The sum of tallies.
    pub(super) fn sum(tallies: impl Iterator<Item = Self>) -> Self {
        tallies.fold(Self::NONE, |sum, tally| Self {
            keys: sum.keys + tally.keys,
            volatile: sum.volatile + tally.volatile,
            soonest: sum.soonest.min(tally.soonest),
        })
    }

    /// Counts that a part whose tally was `before` has become `after`. False if what is the soonest
    /// is no longer known: the sum is to be taken anew.
    #[must_use]
    pub(super) const fn replace(&mut self, before: Self, after: Self) -> bool {
        self.keys = self.keys - before.keys + after.keys;
        self.volatile = self.volatile - before.volatile + after.volatile;
        if after.soonest <= self.soonest {
            self.soonest = after.soonest;
            return true;
        }
        before.soonest > self.soonest
    }
}
