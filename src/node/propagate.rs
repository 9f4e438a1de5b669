//! What a command leaves behind: changes counted, watches broken, the stream fed.
//! *Source*: Redis 7.2 · server.c · propagatePendingCommands; replication.c ·
//! feedReplicationBuffer.

use super::io::Link;
use super::machine::Machine;
use crate::commands::Effects;
use crate::replication::{StreamEncoder, Unit};
use crate::resp::Bytes;

/// What one command or transaction sends into the stream: commands with their databases.
pub(super) type Caused = Vec<(usize, Vec<Bytes>)>;

impl Machine<'_> {
    /// Takes a command's effects in, and answers what it wants propagated.
    pub(super) fn settle(&mut self, db: usize, args: &[Bytes], effects: &mut Effects) -> Caused {
        self.account(effects);
        let mut caused: Caused = std::mem::take(&mut effects.expired);
        if self.state.setup.profile.sends_expired_keys_alone() && !self.state.in_exec {
            self.propagate(&std::mem::take(&mut caused), Unit::Loose);
        }
        if effects.dirty > 0 || effects.forced {
            let commands = effects.rewritten.take().unwrap_or_else(|| vec![args.to_vec()]);
            caused.extend(commands.into_iter().map(|args| (db, args)));
        }
        caused
    }

    /// Takes a command's effects in, except for what it wants propagated.
    pub(super) fn account(&mut self, effects: &Effects) {
        self.state.saves.dirty += effects.dirty;
        self.state.stats.freed_later += effects.freed_later;
        self.state.stats.keyspace_hits += effects.hits;
        self.state.stats.keyspace_misses += effects.misses;
        if !effects.are_counts_only() {
            self.tell_of(effects);
        }
    }

    /// Takes in what somebody is to know of.
    #[inline(never)]
    fn tell_of(&mut self, effects: &Effects) {
        self.state.stats.expired_keys += effects.expired.len() as u64;
        self.break_watches(&effects.touched);
        if effects.flushed {
            self.invalidate_all();
        } else {
            self.invalidate(&effects.touched, &effects.expired);
        }
        self.signal_ready(&effects.touched);
        self.signal_ready(&effects.woken);
        if let Some(layout) = effects.damaged {
            self.note_damaged(layout);
        }
        if effects.emptied {
            self.save_emptiness();
        }
        self.notify(&effects.events);
    }

    /// True if what commands cause goes into a stream. What a replica's own clients write stays
    /// there.
    const fn has_stream(&self) -> bool {
        !self.state.is_replica() && self.state.backlog.is_some()
    }

    /// Lets the stream carry a command of the server's own, behind what is being carried out.
    pub(super) fn also_propagate(&mut self, link: Link, args: &[Bytes]) {
        let db = self.state.clients.get(&link).map_or(0, |client| client.db);
        self.state.also.push((db, args.to_vec()));
    }

    /// Takes the effects of a client's command in, and sends what it wants propagated.
    pub(super) fn settle_call(
        &mut self,
        (link, db): (Link, usize),
        args: &[Bytes],
        effects: &mut Effects,
        unit: Unit,
    ) {
        let changes = effects.dirty > 0 || effects.forced;
        let writes = changes || !effects.expired.is_empty();
        if !self.has_stream() {
            self.account(effects);
        } else if effects.expired.is_empty() && effects.rewritten.is_none() {
            // As nearly all are: alone, and to be sent as it was typed.
            self.account(effects);
            if changes {
                self.propagate_typed(db, args);
            }
        } else {
            let caused = self.settle(db, args, effects);
            self.propagate(&caused, unit);
        }
        if writes {
            self.remember_write(link);
        }
    }

    /// Sends a command into the stream that stands alone there.
    fn propagate_typed(&mut self, db: usize, args: &[Bytes]) {
        let mut bytes = Vec::with_capacity(COMMAND_BYTES);
        self.state.stream.command(db, args, &mut bytes);
        self.extend_stream(&bytes);
    }

    /// Sends commands into the stream.
    pub(super) fn propagate(&mut self, caused: &Caused, unit: Unit) {
        if caused.is_empty() || !self.has_stream() {
            return;
        }
        let mut bytes = Vec::new();
        self.state.stream.unit(caused, unit, &mut bytes);
        self.extend_stream(&bytes);
    }

    /// Sends a command that belongs to no database into the stream.
    pub(super) fn propagate_bare<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        if self.state.backlog.is_none() {
            return;
        }
        let mut bytes = Vec::new();
        StreamEncoder::bare(args, &mut bytes);
        self.extend_stream(&bytes);
    }

    /// Appends bytes to the stream: the history grows, the backlog keeps them.
    pub(super) fn extend_stream(&mut self, bytes: &[u8]) {
        self.state.history.offset = self.state.history.offset.plus(bytes.len() as u64);
        if let Some(backlog) = &mut self.state.backlog {
            backlog.append(bytes);
        }
    }

    /// A client's WAIT is about the stream up to its last write.
    pub(super) fn remember_write(&mut self, link: Link) {
        let offset = self.state.history.offset;
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.wrote = offset;
        }
    }
}

/// Most commands take less in the stream.
const COMMAND_BYTES: usize = 256;
