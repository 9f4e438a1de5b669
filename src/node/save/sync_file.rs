//! `rdb-del-sync-files`: a server that keeps nothing on its disk leaves no snapshot there either.
//! *Source*: Redis 7.2 · replication.c · removeRDBUsedToSyncReplicas.

use super::super::cron::{Wake, at_second};
use super::super::io::{DiskOrder, Job, Output};
use super::super::machine::{Deadline, Machine};
use super::super::note::{LoadNote, SnapshotNote};
use super::super::state::State;
use crate::replication::Stage;

impl State {
    /// True if snapshots are only for replicas, and go when they have served.
    pub(in crate::node) fn keeps_no_files(&self) -> bool {
        !self.config().hot.saves && self.config().yes("rdb-del-sync-files")
    }

    /// When the cron removes the file.
    pub(in crate::node) fn sent_file_due(&self) -> Option<Deadline> {
        let served = self.sync_file_has_served();
        served.then(|| at_second(self, self.started_at, Wake::RemoveSentFile))
    }

    /// True if the file that was made for replicas has served.
    fn sync_file_has_served(&self) -> bool {
        let needs = |stage: &Stage| match stage {
            Stage::AwaitSnapshot | Stage::AwaitSnapshotEnd { .. } | Stage::SendSnapshot { .. } => {
                true
            }
            Stage::AwaitFirstAck { .. } | Stage::Streaming { .. } => false,
        };
        self.saves.for_replicas
            && self.keeps_no_files()
            && !self.downlinks().any(|(_, down)| needs(&down.stage))
    }
}

impl Machine<'_> {
    /// Removes the file that was made for replicas, once it has served.
    pub(in crate::node) fn remove_sent_file(&mut self) {
        if self.state.sync_file_has_served() {
            self.note(SnapshotNote::RemovingSentFile);
            self.remove_dump();
        }
    }

    /// Removes the file that came from the master, and is loaded.
    pub(in crate::node) fn remove_received_file(&mut self) {
        if self.state.keeps_no_files() {
            self.note(LoadNote::RemovingReceivedFile);
            self.remove_dump();
        }
    }

    fn remove_dump(&mut self) {
        self.state.saves.for_replicas = false;
        let file = self.state.config().get("dbfilename").to_owned();
        self.out.push(Output::Disk { job: Job::Unawaited, order: DiskOrder::Remove { file } });
    }
}
