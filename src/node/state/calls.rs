//! How often commands ran, and what became of it.

use std::borrow::Cow;
use std::rc::Rc;

use super::super::admin::Runs;
use super::super::machine::Unmeasured;

/// What became of the runs of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::node) struct Calls {
    /// How often it ran.
    pub(in crate::node) calls: u64,
    /// How often it was refused before it ran.
    pub(in crate::node) rejected: u64,
    /// How often it ended with an error.
    pub(in crate::node) failed: u64,
    /// How often it ran in the turn that is not measured yet, where that is all there is to know.
    pub(in crate::node) fresh: u64,
    /// How many nanoseconds they took.
    pub(in crate::node) nanos: u64,
    /// How long they took, those that were tracked.
    pub(in crate::node) runs: Runs,
}

/// By the names of commands, with those of their subcommands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::node) struct CallCounts {
    /// In the order in which they were called first.
    counts: Vec<(Cow<'static, str>, Calls)>,
    /// Where the last one is: clients like to call the same again.
    last: usize,
    /// Runs of which the host has yet to say how long they took.
    pub(in crate::node) unmeasured: Rc<Unmeasured>,
}

impl CallCounts {
    /// The counts of a command.
    pub(in crate::node) fn of(&mut self, name: impl Into<Cow<'static, str>>) -> &mut Calls {
        let name = name.into();
        if self.counts.get(self.last).is_none_or(|(last, _)| *last != name) {
            self.seek(name);
        }
        &mut self.counts[self.last].1
    }

    #[inline(never)]
    fn seek(&mut self, name: Cow<'static, str>) {
        let known = self.counts.iter().position(|(other, _)| *other == name);
        self.last = known.unwrap_or(self.counts.len());
        if known.is_none() {
            self.counts.push((name, Calls::default()));
        }
    }

    /// The place of the counts that were asked for last.
    pub(in crate::node) const fn last(&self) -> usize {
        self.last
    }

    /// The counts at a place.
    pub(in crate::node) fn at(&mut self, place: usize) -> &mut Calls {
        &mut self.counts[place].1
    }

    /// Whose counts are at a place.
    pub(in crate::node) fn name_at(&self, place: usize) -> &str {
        &self.counts[place].0
    }

    /// All of them, by name.
    pub(in crate::node) fn by_name(&self) -> Vec<(&str, &Calls)> {
        let mut sorted: Vec<_> = self.counts.iter().map(|(name, calls)| (&**name, calls)).collect();
        sorted.sort_unstable_by_key(|(name, _)| *name);
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_own_count() {
        let mut counts = CallCounts::default();
        for name in ["set", "get", "set", "set", "client|id", "get", "set"] {
            counts.of(Cow::Borrowed(name)).calls += 1;
        }
        let told = counts.by_name();
        let told: Vec<(&str, u64)> =
            told.into_iter().map(|(name, calls)| (name, calls.calls)).collect();
        assert_eq!(told, [("client|id", 1), ("get", 2), ("set", 4)]);
    }
}
