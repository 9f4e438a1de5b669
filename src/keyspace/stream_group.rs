//! A consumer group: who has been given which entry of a stream, and has not said that it is done.
//!
//! *Source*: Redis 7.2 · stream.h · streamCG, streamConsumer, streamNACK.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Millis, StreamId, tree::Tree};
use crate::resp::Bytes;

/// A group of consumers that share the entries of a stream. A clone costs nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The last entry that was given to a consumer.
    pub last_id: StreamId,
    /// How many entries of the stream's whole life were given; none if nobody can tell.
    pub entries_read: Option<u64>,
    /// What was given and not acknowledged, to whomever.
    pending: Tree<(StreamId, Pending)>,
    /// By name.
    consumers: Rc<BTreeMap<Bytes, Consumer>>,
}

/// An entry that was given to a consumer and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// To whom it was given last.
    pub consumer: Bytes,
    /// When.
    pub delivered: Millis,
    /// How often.
    pub count: u64,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// When it last asked.
    pub seen: Millis,
    /// When it was last given something.
    pub active: Option<Millis>,
    /// What it was given and has not acknowledged.
    pending: Tree<StreamId>,
}

impl Consumer {
    /// How many entries it has not acknowledged.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The entries that it has not acknowledged, from the one of `rank` on.
    pub fn pending_from(&self, rank: usize) -> impl Iterator<Item = StreamId> {
        self.pending.iter_from(rank).copied()
    }

    /// How many of them come before `id`.
    pub fn rank(&self, id: StreamId) -> usize {
        self.pending.partition(|&other| other < id)
    }
}

impl Group {
    /// A group without consumers that has read up to `last_id`.
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Self {
        Self { last_id, entries_read, pending: Tree::default(), consumers: Rc::default() }
    }

    /// How many entries are pending.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The pending entries from the one of `rank` on.
    pub fn pending_from(&self, rank: usize) -> impl Iterator<Item = &(StreamId, Pending)> {
        self.pending.iter_from(rank)
    }

    /// How many of them come before `id`.
    pub fn rank(&self, id: StreamId) -> usize {
        self.pending.partition(|(other, _)| *other < id)
    }

    /// What is known of the pending entry `id`.
    pub fn get(&self, id: StreamId) -> Option<&Pending> {
        self.pending.get(|(other, _)| other.cmp(&id)).map(|(_, pending)| pending)
    }

    /// The consumers in the order of their names.
    pub fn consumers(&self) -> &BTreeMap<Bytes, Consumer> {
        &self.consumers
    }

    /// The consumer `name`.
    pub fn consumer(&self, name: &[u8]) -> Option<&Consumer> {
        self.consumers.get(name)
    }

    /// The consumer `name`, to be changed.
    pub fn consumer_mut(&mut self, name: &[u8]) -> Option<&mut Consumer> {
        Rc::make_mut(&mut self.consumers).get_mut(name)
    }

    /// Adds the consumer `name`, seen at `seen`; false if there is one.
    pub fn add_consumer(&mut self, name: Bytes, seen: Millis, active: Option<Millis>) -> bool {
        if self.consumers.contains_key(&name) {
            return false;
        }
        let consumer = Consumer { seen, active, pending: Tree::default() };
        Rc::make_mut(&mut self.consumers).insert(name, consumer);
        true
    }

    /// Takes the consumer `name` out with all that it has not acknowledged: how much that was.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        self.consumers.get(name)?;
        let consumer = Rc::make_mut(&mut self.consumers).remove(name)?;
        for id in consumer.pending_from(0) {
            self.pending.remove(|(other, _)| other.cmp(&id));
        }
        Some(consumer.pending())
    }

    /// Gives the entry `id` to a consumer of this group, whoever had it before.
    pub fn give(&mut self, id: StreamId, pending: Pending) {
        let to = Bytes::clone(&pending.consumer);
        let before = self.pending.insert((id, pending), |(other, _)| other.cmp(&id));
        let from = before.map(|(_, before)| before.consumer);
        if from.as_ref() == Some(&to) {
            return;
        }
        if let Some(from) = from {
            self.take_from(&from, id);
        }
        if let Some(consumer) = self.consumer_mut(&to) {
            consumer.pending.insert(id, |other| other.cmp(&id));
        }
    }

    /// Notes that the pending entry `id` was given once more.
    pub fn give_again(&mut self, id: StreamId, now: Millis) {
        if let Some((_, pending)) = self.pending.get_mut(|(other, _)| other.cmp(&id)) {
            pending.delivered = now;
            pending.count += 1;
        }
    }

    /// The entry `id` is pending no more; what was known of it.
    pub fn acknowledge(&mut self, id: StreamId) -> Option<Pending> {
        let (_, pending) = self.pending.remove(|(other, _)| other.cmp(&id))?;
        self.take_from(&pending.consumer, id);
        Some(pending)
    }

    fn take_from(&mut self, consumer: &[u8], id: StreamId) {
        if let Some(consumer) = self.consumer_mut(consumer) {
            consumer.pending.remove(|other| other.cmp(&id));
        }
    }
}
