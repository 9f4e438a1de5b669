//! What will happen, in the order in which it will.

use std::collections::BTreeMap;

use crate::time::Instant;

/// A queue of events by time; what is due at one instant happens in the order of entry.
#[derive(Clone, Debug)]
pub(super) struct Agenda<E> {
    /// By instant, then by the number of the entry.
    entries: BTreeMap<Entry, E>,
    /// The number of the next entry.
    births: u64,
}

/// The place of an event on the agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// When it happens.
    pub(super) at: Instant,
    /// Which entry it was.
    birth: u64,
}

impl<E> Agenda<E> {
    pub(super) const fn new() -> Self {
        Self { entries: BTreeMap::new(), births: 0 }
    }

    pub(super) fn add(&mut self, at: Instant, event: E) -> Entry {
        let entry = Entry { at, birth: self.births };
        self.births += 1;
        self.entries.insert(entry, event);
        entry
    }

    pub(super) fn remove(&mut self, entry: Entry) {
        self.entries.remove(&entry);
    }

    pub(super) fn peek(&self) -> Option<(Instant, &E)> {
        self.entries.first_key_value().map(|(entry, event)| (entry.at, event))
    }

    /// What will happen, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Instant, &E)> {
        self.entries.iter().map(|(entry, event)| (entry.at, event))
    }

    pub(super) fn pop(&mut self) -> Option<(Entry, E)> {
        self.entries.pop_first()
    }

    /// Drops every event that `keep` refuses.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&E) -> bool) {
        self.entries.retain(|_, event| keep(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_break_by_entry() {
        let mut agenda = Agenda::new();
        let at = Instant::from_millis(5);
        agenda.add(at, 'b');
        let c = agenda.add(at, 'c');
        agenda.add(Instant::from_millis(1), 'a');
        agenda.add(at, 'd');
        agenda.remove(c);
        let order: String = std::iter::from_fn(|| agenda.pop()).map(|(_, event)| event).collect();
        assert_eq!(order, "abd");
    }
}
