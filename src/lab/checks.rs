//! What must hold after every step, whatever people did: a value beside the lab that looks at it.
//!
//! The checks know nothing of how a node works. They read what can be seen of it and compare it
//! with what they saw before, and with what they see of others:
//!
//! * An offset goes back only by a full synchronisation, or because the process is another.
//! * On a link, acked ≤ processed ≤ received ≤ sent, and both ends name one history.
//! * A partial resynchronisation is granted only to who is on that history, and only for bytes
//!   that the backlog has.
//! * Whoever stands at one place of one history has the same data.
//! * A read-only replica takes no write of its own, and no key comes from nowhere.

use std::collections::{BTreeMap, BTreeSet};

use super::network::Side;
use super::timeline::{EventKind, TraceEntry};
use super::turn::NodeId;
use super::world::World;
use crate::keyspace::Keyspace;
use crate::node::{ReplicaStatus, Status};
use crate::rdb::Digest;
use crate::replication::{Offset, ReplicationId, Stage};
use crate::resp::split_words;

/// The checks, with what they have seen.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// Each node as it was last seen.
    nodes: Vec<Option<Seen>>,
    /// The data at each place of each history.
    past: BTreeMap<(ReplicationId, Offset), Digest>,
    /// Every word that was ever typed.
    words: BTreeSet<Vec<u8>>,
    /// True once keys were made that nobody typed.
    populated: bool,
}

/// A node as it was seen.
#[derive(Clone, Debug)]
struct Seen {
    status: Status,
    digest: Digest,
    /// Which process of the node it was.
    incarnation: u64,
    /// True if its data is not, or not only, what its history says: it loads, or it may be written
    /// to while it follows somebody.
    apart: bool,
}

/// The digest of a dataset, counted anew only when that was written to.
#[derive(Clone, Debug, Default)]
pub(super) struct DigestMemo {
    /// The dataset as it was, and its digest. The clone is what makes every write copy its page.
    last: Option<(Keyspace, Digest)>,
}

impl DigestMemo {
    /// The digest, and true if the dataset was written to since the last call.
    pub(super) fn of(&mut self, keyspace: &Keyspace) -> (Digest, bool) {
        match &self.last {
            Some((last, digest)) if keyspace.is_unwritten_since(last) => (*digest, false),
            _ => {
                let digest = Digest::of_keyspace(keyspace);
                self.last = Some((keyspace.clone(), digest));
                (digest, true)
            }
        }
    }
}

/// What the checks are shown of a node.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) node: NodeId,
    pub(super) status: Status,
    pub(super) digest: Digest,
    pub(super) read_only: bool,
}

impl Checks {
    /// Looks at what the last event has changed.
    pub(super) fn look(
        &mut self,
        world: &World,
        event: &TraceEntry,
        shown: Vec<Shown>,
    ) -> Result<(), String> {
        let typed = (event.kind == EventKind::Typed).then(|| self.hear(event)).flatten();
        self.nodes.resize(world.plan().nodes.len(), None);
        let mut changed = Vec::new();
        for Shown { node, status, digest, read_only } in shown {
            let name = &world.plan().nodes[node.0].name;
            let incarnation = world.incarnation(node);
            let before = self.nodes[node.0].take().filter(|seen| seen.incarnation == incarnation);
            let apart = is_apart(before.as_ref(), &status, read_only);
            let seen = Seen { status, digest, incarnation, apart };
            if let Some(before) = &before {
                offset_stays(name, before, &seen)?;
                if typed.as_deref().is_some_and(is_data_command) && read_only {
                    nothing_written(name, before, &seen)?;
                }
                self.promises_hold(world, node, before, &seen)?;
            }
            self.is_a_past_state(name, &seen)?;
            self.keys_were_typed(name, &seen)?;
            self.nodes[node.0] = Some(seen);
            changed.push(node);
        }
        self.links_hold(world, &changed)
    }

    /// Remembers what was typed, and answers the command's name.
    fn hear(&mut self, event: &TraceEntry) -> Option<String> {
        let (_, line) = event.text.split_once('>')?;
        let words = split_words(line.trim().as_bytes())?;
        let name = String::from_utf8_lossy(words.first()?).to_ascii_lowercase();
        self.populated |= name == "debug";
        self.words.extend(words);
        Some(name)
    }

    /// Everybody who stands here has the same data.
    fn is_a_past_state(&mut self, name: &str, seen: &Seen) -> Result<(), String> {
        // Without a backlog there is no stream, and writes leave no trace in the history.
        if seen.apart || seen.status.backlog.is_none() {
            return Ok(());
        }
        let place = (seen.status.id, seen.status.offset);
        let known = *self.past.entry(place).or_insert(seen.digest);
        if known == seen.digest {
            return Ok(());
        }
        Err(format!(
            "{name} is at offset {} of history {}, and its data is not what it was there",
            place.1, place.0
        ))
    }

    fn keys_were_typed(&self, name: &str, seen: &Seen) -> Result<(), String> {
        let strange = seen.status.keys.iter().find(|key| !self.words.contains(&key.key[..]));
        match strange {
            Some(key) if !self.populated => {
                let key = String::from_utf8_lossy(&key.key).into_owned();
                Err(format!("{name} has the key '{key}', which nobody has named"))
            }
            _ => Ok(()),
        }
    }

    /// A replica that streams without a snapshot was promised a continuation: it must be on the
    /// master's history, at a place from which the backlog has everything.
    fn promises_hold(
        &self,
        world: &World,
        node: NodeId,
        before: &Seen,
        now: &Seen,
    ) -> Result<(), String> {
        let (old, new) = (&before.status, &now.status);
        for replica in &new.replicas {
            let known = old.replicas.iter().any(|other| other.link == replica.link);
            let Some((peer, link)) = world.peer(node, replica.link) else { continue };
            let Some(Some(seen)) = self.nodes.get(peer.0) else { continue };
            let upstream = seen.status.upstream.as_ref();
            let streams = matches!(replica.stage, Stage::Streaming { .. });
            if known || !streams || upstream.and_then(|upstream| upstream.link) != Some(link) {
                continue;
            }
            let (id, offset) = (seen.status.id, seen.status.offset);
            let shared = (id == new.id && offset <= new.offset)
                || (id == new.second_id && is_below(offset, new.second_offset));
            let kept = old.backlog.is_some_and(|backlog| offset.0 + 1 >= backlog.first);
            if !shared || !kept {
                let plan = world.plan();
                let (name, peer) = (&plan.nodes[node.0].name, &plan.nodes[peer.0].name);
                return Err(format!(
                    "{name} has promised {peer} to go on from offset {offset} of {id}, and {}",
                    if shared { "its backlog does not go back so far" } else { "was never there" }
                ));
            }
            // What was sent at once is on the wire: behind it the stream begins.
            let connection = world.connection(node, replica.link);
            let connection = connection.and_then(|(id, _)| world.network.connections.get(&id));
            let flying = connection.into_iter().flat_map(|c| c.in_flight(Side::Acceptor));
            let flying: u64 = flying.filter(|frame| frame.paced).map(|frame| frame.bytes).sum();
            let begins = new.offset.0.saturating_sub(replica.buffered + flying);
            if begins != offset.0 {
                let plan = world.plan();
                let (name, peer) = (&plan.nodes[node.0].name, &plan.nodes[peer.0].name);
                return Err(format!(
                    "{name} goes on from offset {begins}, but {peer} has everything up to {offset}"
                ));
            }
        }
        Ok(())
    }

    /// Both ends of every link agree on how far it has come.
    fn links_hold(&self, world: &World, changed: &[NodeId]) -> Result<(), String> {
        for (id, connection) in world.connections() {
            let ((below, link), (above, far)) = (connection.dialler, connection.acceptor);
            let concerned = changed.contains(&below) || changed.contains(&above);
            let both = world.network.listens(id, Side::Dialler)
                && world.network.listens(id, Side::Acceptor);
            if !concerned || !both || !world.is_running(below) || !world.is_running(above) {
                continue;
            }
            let (Some(Some(replica)), Some(Some(master))) =
                (self.nodes.get(below.0), self.nodes.get(above.0))
            else {
                continue;
            };
            let down = master.status.replicas.iter().find(|down| down.link == far);
            let up = replica.status.upstream.as_ref().filter(|up| up.up && up.link == Some(link));
            let (Some(down), Some(up)) = (down, up) else { continue };
            let Some(sent) = sent(&master.status, down) else { continue };
            let plan = world.plan();
            let names = (&plan.nodes[below.0].name, &plan.nodes[above.0].name);
            if replica.status.id != master.status.id {
                return Err(format!("{} and {} name different histories", names.0, names.1));
            }
            let order = [down.acked, up.processed, up.received, sent];
            if !order.is_sorted() {
                let [acked, processed, received, sent] = order;
                return Err(format!(
                    "from {} to {}: acked {acked} ≤ processed {processed} ≤ received {received} ≤ \
                     sent {sent} does not hold",
                    names.1, names.0
                ));
            }
        }
        Ok(())
    }
}

/// True while a node's data is not, or not only, what its history says.
fn is_apart(before: Option<&Seen>, status: &Status, read_only: bool) -> bool {
    if status.loading.is_some() || (status.replica && !read_only) {
        return true;
    }
    let was = before.is_some_and(|seen| seen.apart);
    // Only a full synchronisation brings a node back to a history.
    let synced = before.is_some_and(|seen| {
        seen.status.loading.is_some() && status.upstream.as_ref().is_some_and(|up| up.up)
    });
    was && !synced
}

/// How far the master has sent on a link; `None` before the stream begins.
fn sent(master: &Status, down: &ReplicaStatus) -> Option<Offset> {
    let streams = matches!(down.stage, Stage::Streaming { .. });
    streams.then(|| Offset(master.offset.0.saturating_sub(down.buffered)))
}

/// True if a history's second name covers an offset.
fn is_below(offset: Offset, second: i64) -> bool {
    i64::try_from(offset.0).is_ok_and(|offset| offset < second)
}

fn offset_stays(name: &str, before: &Seen, now: &Seen) -> Result<(), String> {
    let (old, new) = (before.status.offset, now.status.offset);
    let transfer = |seen: &Seen| {
        seen.status.loading.is_some()
            || seen.status.upstream.as_ref().is_some_and(|up| up.transfer.is_some())
    };
    if new >= old || transfer(before) || transfer(now) {
        return Ok(());
    }
    Err(format!("{name} has gone back from offset {old} to {new} without a full synchronisation"))
}

fn nothing_written(name: &str, before: &Seen, now: &Seen) -> Result<(), String> {
    let followed = before.status.replica && now.status.replica;
    if !followed || before.digest == now.digest {
        return Ok(());
    }
    Err(format!("{name} is a read-only replica, and has taken a write of its own"))
}

/// True if a command works on keys, and not on the server.
fn is_data_command(name: &str) -> bool {
    !["debug", "replicaof", "slaveof", "config", "shutdown"].contains(&name)
}
