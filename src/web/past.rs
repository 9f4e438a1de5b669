//! What nodes were told, event by event: who lives a history again is told all of it at once.
//!
//! What comes of a turn decides which one is next; so the first time an event is a message to a
//! node and an answer. The second time every turn is known before: a jump back is one message to
//! each node, however many events lie between the checkpoint and the place.

use super::message::{PlainFact, PlainTurn};
use crate::lab::{NodeId, Turn};
use crate::time::Instant;

/// The turns of the history that is lived.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// All of them, packed, in the order in which they were handed out.
    packed: Vec<u8>,
    /// Where those of each event end.
    ends: Vec<usize>,
    /// True while the last event is lived for the first time.
    open: bool,
}

impl Past {
    /// The event of an index begins.
    pub(super) fn begin(&mut self, index: u64) {
        self.open = self.ends.len() as u64 == index;
        if self.open {
            self.ends.push(self.packed.len());
        }
    }

    /// A turn of this event is handed out.
    pub(super) fn note(&mut self, turn: &Turn) {
        if let Some(end) = self.ends.last_mut().filter(|_| self.open) {
            let plain = PlainTurn { now: turn.now.micros(), fact: turn.fact.clone().into() };
            let packed = postcard::to_allocvec(&(turn.node.0, plain));
            self.packed.extend(packed.expect("a turn is plain data"));
            *end = self.packed.len();
        }
    }

    /// Forgets the events from an index on: others will be in their place.
    pub(super) fn forget_from(&mut self, index: u64) {
        self.ends.truncate(usize::try_from(index).unwrap_or(usize::MAX));
        self.packed.truncate(self.ends.last().copied().unwrap_or(0));
        self.open = false;
    }

    /// The turns of the events from `from` to before `to`, if all are known, and none of them makes
    /// or ends a connection, or may take long: then a node can take its own one after the other.
    pub(super) fn between(&self, from: u64, to: u64) -> Option<Vec<Turn>> {
        let end = |count: u64| match usize::try_from(count).ok()?.checked_sub(1) {
            Some(last) => self.ends.get(last).copied(),
            None => Some(0),
        };
        let mut rest = self.packed.get(end(from)?..end(to)?)?;
        let mut turns = Vec::new();
        while !rest.is_empty() {
            let ((node, PlainTurn { now, fact }), after) =
                postcard::take_from_bytes::<(usize, PlainTurn)>(rest).ok()?;
            if !is_light(&fact) {
                return None;
            }
            let now = Instant::from_micros(now);
            turns.push(Turn { node: NodeId(node), now, fact: fact.into() });
            rest = after;
        }
        Some(turns)
    }
}

/// True if a fact neither makes nor ends a connection, and is no act of a person, nor a file.
const fn is_light(fact: &PlainFact) -> bool {
    match fact {
        PlainFact::Received { .. } | PlainFact::Sent { .. } | PlainFact::Woke => true,
        PlainFact::Started
        | PlainFact::DiskDone { .. }
        | PlainFact::Typed { .. }
        | PlainFact::Forks { .. }
        | PlainFact::Accepted { .. }
        | PlainFact::Opened { .. }
        | PlainFact::Refused { .. }
        | PlainFact::Closed { .. }
        | PlainFact::Reset { .. }
        | PlainFact::Restarted { .. } => false,
    }
}
