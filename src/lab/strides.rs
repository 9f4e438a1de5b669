//! Steps of three sizes, the next one named; and back to where something changed.

use std::fmt;

use super::local::LocalLab;
use super::place::Place;
use super::timeline::{TraceEntry, Weight};
use super::turn::NodeId;
use crate::node::ReplicaStatus;
use crate::time::Instant;

/// How far a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stride {
    /// To the next event in which something happens: one delivery, timer or chunk.
    Frame,
    /// To the next command or reply.
    Command,
    /// To the next line of a log: the handshake is done, a snapshot has begun, the stream is open.
    Phase,
}

/// What a step will end with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStride {
    /// How many events it takes.
    pub events: u64,
    /// What the last of them is: for a phase, the line of the log.
    pub text: String,
}

/// Something that can be watched for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The node's name.
    pub node: String,
    /// What of it.
    pub what: Watched,
}

/// What of a node is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// Its offset.
    Offset,
    /// The name of its history.
    Id,
    /// The state of its link to its master.
    Link,
    /// How far its replicas were brought, and what they have confirmed.
    Replicas,
    /// A key, in any database.
    Key(String),
}

impl Stride {
    /// True if a step of this size ends with the event.
    pub fn ends_with(self, entry: &TraceEntry) -> bool {
        match self {
            Self::Frame => entry.weight >= Weight::Frame,
            Self::Command => entry.weight >= Weight::Command,
            Self::Phase => entry.weight >= Weight::Phase,
        }
    }
}

impl Watch {
    /// Reads `master offset`, `replica1 link`, `master replicas`, `master id`, `replica1 key k`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (node, what) = match words.as_slice() {
            [node, "offset"] => (node, Watched::Offset),
            [node, "id"] => (node, Watched::Id),
            [node, "link"] => (node, Watched::Link),
            [node, "replicas"] => (node, Watched::Replicas),
            [node, "key", key] => (node, Watched::Key((*key).to_owned())),
            _ => {
                return Err(format!(
                    "'{text}' cannot be watched: write 'node offset', 'node id', 'node link', \
                     'node replicas' or 'node key KEY'"
                ));
            }
        };
        Ok(Self { node: (*node).to_owned(), what })
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = &self.node;
        match &self.what {
            Watched::Offset => write!(f, "{node} offset"),
            Watched::Id => write!(f, "{node} id"),
            Watched::Link => write!(f, "{node} link"),
            Watched::Replicas => write!(f, "{node} replicas"),
            Watched::Key(key) => write!(f, "{node} key {key}"),
        }
    }
}

impl Watched {
    /// What is watched of the node at `place`, in words.
    pub fn of(&self, place: &Place, now: Instant) -> String {
        let status = place.status(now, 0);
        match self {
            Self::Offset => status.offset.to_string(),
            Self::Id => status.id.to_string(),
            Self::Link => status.upstream.map_or("none", |upstream| upstream.state).to_owned(),
            Self::Replicas => {
                let replica = |replica: &ReplicaStatus| {
                    format!("{} {} {}", replica.name, replica.stage.info_name(), replica.acked)
                };
                status.replicas.iter().map(replica).collect::<Vec<_>>().join(", ")
            }
            Self::Key(key) => format!("{:?}", place.key(key.as_bytes())),
        }
    }
}

impl LocalLab {
    /// Takes a step; false if nothing of that size will happen by itself.
    pub fn stride(&mut self, stride: Stride) -> bool {
        for _ in 0..EVENTS_AHEAD {
            if !self.step() {
                return false;
            }
            if stride.ends_with(self.conductor().last_entry()) {
                return true;
            }
        }
        false
    }

    /// Names what a step would end with. If it is not known it is tried, and taken back.
    pub fn next_stride(&mut self, stride: Stride) -> Option<NextStride> {
        if let Some(known) = self.conductor().known_stride(stride) {
            return Some(known);
        }
        let here = self.conductor().cursor();
        self.set_peeking(true);
        let found = self.stride(stride);
        let ahead = self.conductor().cursor();
        let text = found.then(|| self.conductor().last_entry().headline().to_owned());
        self.seek(here);
        self.set_peeking(false);
        text.map(|text| NextStride { events: ahead - here, text })
    }

    /// Goes back to just behind the event that last changed what is watched; false, and nowhere,
    /// if it never was different.
    pub fn back_to_change(&mut self, watch: &Watch) -> bool {
        let here = self.conductor().cursor();
        let now = self.watched(watch);
        let mut end = here;
        while end > 0 {
            let start = self.conductor().checkpoint_before(end - 1);
            self.seek(start);
            // The last event of this stretch behind which it was as it is now, and before it not.
            let mut found = None;
            let mut same = self.watched(watch) == now;
            while self.conductor().cursor() < end && self.step() {
                let was = std::mem::replace(&mut same, self.watched(watch) == now);
                if same && !was {
                    found = Some(self.conductor().cursor());
                }
            }
            if let Some(target) = found {
                self.seek(target);
                return true;
            }
            end = start;
        }
        self.seek(here);
        false
    }

    /// What is watched, in words.
    fn watched(&self, watch: &Watch) -> Option<String> {
        let world = self.conductor().world();
        let node = world.plan().named(&watch.node).map(NodeId)?;
        Some(watch.what.of(self.place(node), world.now()))
    }
}

/// How many events are looked at for the end of a step.
const EVENTS_AHEAD: u64 = 100_000;
