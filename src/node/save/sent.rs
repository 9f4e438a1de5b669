//! The saved file on its way to replicas.
//!
//! Redis holds the file open, and a new one may take its name meanwhile. Here files are named: one
//! that is still being sent has a second name from then on.
//! *Source*: Redis 7.2 · replication.c · sendBulkToSlave.

use super::super::downstream::CHUNK_BYTES;
use super::super::io::{Carries, DiskFact, DiskOrder, Job, Link, Output};
use super::super::machine::Machine;
use super::super::note::{Note, ServerNote, SnapshotNote};
use super::{ChildStage, ChildTarget};
use crate::replication::Stage;

impl Machine<'_> {
    /// The file that is complete takes its name.
    pub(super) fn put_in_place(&mut self) {
        let to = self.state.config().get("dbfilename").to_owned();
        let generation = self.state.saves.generation;
        if self.state.child.is_some() && self.is_being_sent(generation) {
            let order = DiskOrder::Link { from: to.clone(), to: second_name(generation) };
            self.out.push(Output::Disk { job: Job::Unawaited, order });
        }
        let Some(child) = &mut self.state.child else { return };
        let ChildTarget::Disk { file } = &child.target else { return };
        let order = DiskOrder::Rename { from: file.clone(), to };
        child.stage = ChildStage::Renaming;
        let job = Job::SaveRename(child.pid);
        self.state.saves.generation += 1;
        self.out.push(Output::Disk { job, order });
    }

    /// What is said of a file that could not be written, or take its name; what there is of it
    /// goes.
    #[inline(never)]
    pub(super) fn file_failed(&mut self, renamed: bool, why: String) -> Note {
        let child = self.state.child.as_ref();
        // Redis hands what is little to the system only when all of it is there.
        let is_little = child.is_none_or(|child| child.written <= STDIO_BYTES);
        let step = if is_little { "fflush" } else { "rdbSaveRio" };
        let Some(ChildTarget::Disk { file }) = child.map(|child| &child.target) else {
            return Note::from(SnapshotNote::WriteError(step, why));
        };
        let from = file.clone();
        let order = DiskOrder::Remove { file: from.clone() };
        self.out.push(Output::Disk { job: Job::Unawaited, order });
        if !renamed {
            return Note::from(SnapshotNote::WriteError(step, why));
        }
        let config = self.state.config();
        let (to, folder) = (config.get("dbfilename").to_owned(), config.get("dir").to_owned());
        Note::from(ServerNote::CannotRename { from, to, folder, why })
    }

    /// Removes the second name of a file that nobody reads any more.
    pub(in crate::node) fn release_file(&mut self, generation: u64) {
        if generation < self.state.saves.generation && !self.is_being_sent(generation) {
            let order = DiskOrder::Remove { file: second_name(generation) };
            self.out.push(Output::Disk { job: Job::Unawaited, order });
        }
    }

    fn is_being_sent(&self, which: u64) -> bool {
        self.state.downlinks().any(|(_, down)| {
            let stage = &down.stage;
            matches!(stage, Stage::SendSnapshot { generation, .. } if *generation == which)
        })
    }

    /// Reads the next part of the saved file for a replica whose wire has room.
    pub(in crate::node) fn send_snapshot(&mut self, link: Link) {
        let window = self.state.setup.send_window.max(CHUNK_BYTES as u64);
        let Some(down) = self.state.downlink_mut(link) else { return };
        let Stage::SendSnapshot { generation, sent, total, reading, .. } = &mut down.stage else {
            return;
        };
        if *reading || down.in_wire + CHUNK_BYTES as u64 > window {
            return;
        }
        *reading = true;
        let (at, max) = (*sent, (*total - *sent).min(CHUNK_BYTES as u64));
        let file = Some(*generation)
            .filter(|&generation| generation < self.state.saves.generation)
            .map_or_else(|| self.state.config().get("dbfilename").to_owned(), second_name);
        let order = DiskOrder::Read { file, at, max };
        self.out.push(Output::Disk { job: Job::Send(link), order });
    }

    /// A part of the saved file was read for a replica.
    pub(in crate::node) fn snapshot_read(&mut self, link: Link, result: Result<DiskFact, String>) {
        let now = self.now;
        let Some(down) = self.state.downlink_mut(link) else { return };
        let Stage::SendSnapshot { from, generation, sent, total, .. } = down.stage else { return };
        let bytes = match result {
            Ok(DiskFact::Read { bytes }) if !bytes.is_empty() => bytes,
            _ => return self.hang_up(link),
        };
        let count = bytes.len() as u64;
        down.in_wire += count;
        let sent = sent + count;
        down.stage = Stage::SendSnapshot { from, generation, sent, total, reading: false };
        let complete = sent >= total;
        if complete {
            down.stage = Stage::Streaming { next: from };
            down.acked_at = now;
        }
        self.state.stats.repl_output_bytes += count;
        self.send(link, bytes, Carries::Snapshot);
        if complete {
            self.release_file(generation);
            self.put_online(link);
        } else {
            self.send_snapshot(link);
        }
    }
}

fn second_name(generation: u64) -> String {
    format!("temp-sent-{generation}.rdb")
}

/// So much is collected in C before it is written.
const STDIO_BYTES: u64 = 4_096;
