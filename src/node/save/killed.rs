//! A child that is killed before it has saved everything.
//! *Source*: Redis 7.2 · rdb.c · killRDBChild; replication.c · readSyncBulkPayload.

use super::super::io::{DiskOrder, Job, Output};
use super::super::machine::Machine;
use super::super::note::{LoadNote, Note, ServerNote, SnapshotNote, Target};
use super::{Child, ChildStage, ChildTarget};

/// The signal by which a server ends its own children.
const SIGUSR1: u32 = 10;

impl Machine<'_> {
    /// A replica that waited for the running snapshot is gone. If it was the last, the child is
    /// killed, unless its file is wanted anyway.
    #[inline(never)]
    pub(in crate::node) fn receiver_dropped(&mut self) {
        let Some(child) = &self.state.child else { return };
        let to_disk = matches!(child.target, ChildTarget::Disk { .. });
        let wanted = to_disk && self.state.config().hot.saves;
        if child.has_exited() || wanted || !self.state.receivers().is_empty() {
            return self.pump_child();
        }
        if !to_disk {
            self.note(SnapshotNote::LastReplicaDropped);
        }
        self.signal_child();
    }

    /// The dataset is about to go: a child that still saves it would put its file over the one
    /// that was received.
    pub(in crate::node) fn stop_saving_to_load(&mut self, from_file: bool) {
        let Some(child) = &self.state.child else { return };
        let (pid, exited) = (child.pid, child.has_exited());
        if from_file {
            self.note(LoadNote::KillingChild(pid));
        }
        if !exited {
            self.signal_child();
        }
    }

    /// The server is about to end: what a child still writes is not wanted any more. Answers what
    /// it has written to, if there was one.
    #[inline(never)]
    pub(in crate::node) fn kill_child_to_exit(&mut self) -> Option<Target> {
        let child = self.state.child.as_ref()?;
        let target = match child.target {
            ChildTarget::Sockets { .. } => Target::Sockets,
            ChildTarget::Disk { .. } => Target::Disk,
        };
        // Who has ordered SAVE waits for a file that the server writes itself.
        let is_child = self.state.patron.take().is_none();
        if is_child {
            let (pid, exited) = (child.pid, child.has_exited());
            self.note(ServerNote::KillingChild);
            if !exited {
                self.note_as(pid, 'C', Note::from(SnapshotNote::ChildKilled));
            }
        }
        self.kill_child();
        is_child.then_some(target)
    }

    /// Says that a child has ended by a signal of its own server.
    pub(in crate::node) fn note_killed(&mut self, target: Target) {
        self.note(match target {
            Target::Sockets => SnapshotNote::TransferKilled(SIGUSR1),
            Target::Disk => SnapshotNote::SavingKilled(SIGUSR1),
        });
    }

    /// Nobody hears of the child any more, and its file goes.
    pub(in crate::node) fn kill_child(&mut self) {
        let Some(child) = self.state.child.take() else { return };
        if let ChildTarget::Disk { file } = child.target {
            let order = DiskOrder::Remove { file };
            self.out.push(Output::Disk { job: Job::Unawaited, order });
        }
    }

    /// Kills the child with SIGUSR1, and removes its file.
    fn signal_child(&mut self) {
        let Some(child) = self.state.child.take() else { return };
        self.note_as(child.pid, 'C', Note::from(SnapshotNote::ChildKilled));
        match child.target {
            ChildTarget::Sockets { .. } => self.note_killed(Target::Sockets),
            ChildTarget::Disk { file } => {
                self.note_killed(Target::Disk);
                let order = DiskOrder::Remove { file };
                self.out.push(Output::Disk { job: Job::Unawaited, order });
            }
        }
    }
}

impl Child {
    const fn has_exited(&self) -> bool {
        matches!(self.stage, ChildStage::Exited { .. })
    }
}
