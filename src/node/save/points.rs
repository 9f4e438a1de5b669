//! When a server saves by itself, and when it is told to: save points and BGSAVE.
//! *Source*: Redis 7.2 · server.c · serverCron; rdb.c · bgsaveCommand.

use super::super::cron::{Wake, at_tick};
use super::super::io::Link;
use super::super::machine::{Deadline, Machine};
use super::super::note::SnapshotNote;
use super::super::state::State;
use super::NO_MEMORY;
use crate::resp::{Bytes, Reply};
use crate::time::Instant;

impl State {
    /// The next instant at which a snapshot begins that nobody asks for.
    pub(in crate::node) fn save_due(&self) -> Option<Deadline> {
        let at = Instant::from_millis(self.save_second()? * 1_000);
        Some(at_tick(self, at, Wake::SavePoint))
    }

    /// The second from which on it may begin.
    fn save_second(&self) -> Option<u64> {
        if self.child.is_some() || self.loading.is_some() {
            return None;
        }
        let due = if self.saves.scheduled { Some(0) } else { self.next_save_point() };
        // After a failure the next try has to wait a little.
        let retry = if self.saves.failed { self.saves.tried + RETRY_SECONDS + 1 } else { 0 };
        Some(due?.max(retry))
    }

    /// The second in which the first of the save points is reached, if enough has changed.
    fn next_save_point(&self) -> Option<u64> {
        let points = self.config().save_points.iter();
        let reached = points.filter(|point| self.saves.dirty >= point.changes);
        reached.map(|point| self.saves.last + point.seconds + 1).min()
    }
}

impl Machine<'_> {
    /// Begins the snapshot that is due.
    pub(in crate::node) fn save_if_due(&mut self) {
        let now = self.now.seconds();
        if self.state.save_second().is_none_or(|second| second > now) {
            return;
        }
        let passed = now.saturating_sub(self.state.saves.last);
        let points = self.state.config().save_points.iter();
        let changed = self.state.saves.dirty;
        let point = points.copied().find(|p| changed >= p.changes && passed > p.seconds);
        if let Some(point) = point {
            self.note(SnapshotNote::SavePointReached(point));
        }
        self.state.saves.scheduled = false;
        self.begin_saving();
    }

    /// Forks a child that saves; false if there is no memory for it.
    fn begin_saving(&mut self) -> bool {
        self.state.saves.tried = self.now.seconds();
        if self.state.forks_fail {
            self.state.saves.failed = true;
            self.note(SnapshotNote::CannotFork(NO_MEMORY));
            return false;
        }
        let pid = self.fork_to_disk();
        self.note(SnapshotNote::SavingStarted(pid));
        self.pump_child();
        true
    }
}

/// `BGSAVE [SCHEDULE]`.
pub(in crate::node) fn bgsave(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let schedule = match args {
        [_] => false,
        [_, word] if word.eq_ignore_ascii_case(b"schedule") => true,
        _ => return Reply::error("ERR syntax error"),
    };
    if machine.state.child.is_some() {
        return Reply::error("ERR Background save already in progress");
    }
    // A transaction is one instant; the fork comes after it.
    if machine.state.in_exec || (schedule && machine.state.loading.is_some()) {
        machine.state.saves.scheduled = true;
        return Reply::Simple("Background saving scheduled".into());
    }
    if machine.begin_saving() {
        Reply::Simple("Background saving started".into())
    } else {
        Reply::error("ERR")
    }
}

/// Redis' `CONFIG_BGSAVE_RETRY_DELAY`.
const RETRY_SECONDS: u64 = 5;
