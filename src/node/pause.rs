//! CLIENT PAUSE: clients wait, and nothing changes by itself.
//!
//! A pause keeps every client's command waiting, or only those that may write; while it lasts keys
//! do not expire, nothing is evicted, and replicas are asked for nothing. CLIENT PAUSE, FAILOVER
//! and SHUTDOWN pause for their own reasons and end their own pauses; what holds is the sum.
//! *Source*: Redis 7.2 · networking.c · pauseActions, blockPostponeClient.

use super::client::Waiting;
use super::gates::Row;
use super::io::Link;
use super::machine::Machine;
use super::upstream::Uplink;
use crate::commands::Flags;
use crate::resp::{Bytes, Command};
use crate::time::Instant;

/// Who has paused the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// CLIENT PAUSE.
    Command,
    /// FAILOVER.
    Failover,
    /// SHUTDOWN, which waits for replicas.
    Shutdown,
}

/// Which commands wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Those that may write or replicate.
    Writes,
    /// All.
    All,
}

/// One pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pause {
    scope: Scope,
    /// When it ends; none: when it is ended.
    until: Option<Instant>,
}

/// All pauses, a place for each reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Pauses([Option<Pause>; 3]);

impl Pauses {
    /// What waits, if anything.
    pub(super) fn scope(&self) -> Option<Scope> {
        self.0.iter().flatten().map(|pause| pause.scope).max()
    }

    /// When the next of them ends by itself.
    pub(super) fn end(&self) -> Option<Instant> {
        self.0.iter().flatten().filter_map(|pause| pause.until).min()
    }
}

impl Machine<'_> {
    /// Begins a pause, in the place of the one that has the same reason.
    pub(super) fn pause(&mut self, reason: Reason, scope: Scope, until: Option<Instant>) {
        let place = &mut self.state.pauses.0[reason as usize];
        // A user's pause of everything is not weakened by a user's pause of writes.
        let kept = place.filter(|_| reason == Reason::Command).map_or(scope, |old| old.scope);
        *place = Some(Pause { scope: scope.max(kept), until });
    }

    /// Ends a pause.
    pub(super) fn unpause(&mut self, reason: Reason) {
        self.state.pauses.0[reason as usize] = None;
    }

    /// Ends the pauses whose time is over, and lets the clients through that none holds any more.
    pub(super) fn end_pauses(&mut self) {
        let now = self.now;
        for pause in &mut self.state.pauses.0 {
            *pause = pause.filter(|pause| pause.until.is_none_or(|until| now < until));
        }
        if self.state.upstream.is_postponed() {
            self.obey();
        }
        if self.state.postponed.is_empty() || self.state.pauses.scope() == Some(Scope::All) {
            return;
        }
        for link in std::mem::take(&mut self.state.postponed) {
            let Some(client) = self.state.clients.get_mut(&link) else { continue };
            let Some(Waiting::Unpause(command)) = client.waiting.take() else { continue };
            self.command(link, *command);
            self.state.resumed.push(link);
        }
    }

    /// True if a pause keeps this command waiting.
    pub(super) fn is_paused(&self, link: Link, row: Row, args: &[Bytes]) -> bool {
        match self.state.pauses.scope() {
            None => false,
            Some(Scope::All) => true,
            Some(Scope::Writes) => {
                self.may_replicate(row, args)
                    || (row.name() == "exec"
                        && self.queue_any(link, |row, args| self.may_replicate(row, args)))
            }
        }
    }

    /// True if a pause keeps this command of the master waiting; one of a transaction waits with
    /// its EXEC.
    #[inline(never)]
    pub(super) fn is_stream_paused(&self, command: &Command) -> bool {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return false };
        let replicates = |command: &Command| {
            let row = self.state.row(&command.args[0]);
            row.is_some_and(|row| self.may_replicate(row, &command.args))
        };
        match (self.state.pauses.scope(), &stream.transaction) {
            (None, _) => false,
            (Some(Scope::All), _) => true,
            (Some(Scope::Writes), None) => replicates(command),
            (Some(Scope::Writes), Some(transaction)) => {
                self.state.command_name(&command.args[0]) == "exec"
                    && transaction.queue.iter().any(replicates)
            }
        }
    }

    /// True if a command may enter the stream. A script that says it writes nothing does not.
    #[inline(never)]
    fn may_replicate(&self, row: Row, args: &[Bytes]) -> bool {
        let flags = row.flags(args);
        (flags.has(Flags::WRITE) || flags.has(Flags::MAY_REPLICATE))
            && !self.state.is_declared_reading(row.name(), args)
    }

    /// Keeps a client waiting with its command.
    #[inline(never)]
    pub(super) fn postpone(&mut self, link: Link, command: Command) {
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.waiting = Some(Waiting::Unpause(Box::new(command)));
            self.state.postponed.push(link);
        }
    }
}
