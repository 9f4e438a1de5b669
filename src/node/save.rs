//! The child that writes a snapshot: to a file, or straight to the replicas.
//!
//! Redis forks, and the child sees the data of that instant. Here the child is a value that holds
//! [`Keyspace::snapshot`](crate::keyspace::Keyspace::snapshot) and an encoder. It works when it is
//! woken, a chunk at a time; how fast is the machine's speed. As with a real child, its end is not
//! noticed at once: the parent looks on its cron, every 100 ms.
//!
//! ```text
//!     Writing ──chunk by chunk──▶ Exited ──the parent looks──▶ none
//!        │ disk: each chunk waits for the disk, the last for the rename
//!        │ sockets: each chunk waits until every replica has taken the one before
//! ```
//! *Source*: Redis 7.2 · rdb.c · rdbSaveBackground, rdbSaveToSlavesSockets,
//! backgroundSaveDoneHandler.

mod killed;
mod points;
mod sent;
mod sync_file;

pub(super) use points::bgsave;

use super::downstream::CHUNK_BYTES;
use super::io::{Carries, DiskFact, DiskOrder, Job, Link, Output};
use super::machine::Machine;
use super::note::{MasterNote, Note, SnapshotNote, Target};
use super::state::State;
use crate::keyspace::Keyspace;
use crate::rdb::Encoder;
use crate::replication::{Framing, Offset, Stage};
use crate::resp::Bytes;
use crate::time::{Duration, Instant};

/// A running, or exited, child.
#[derive(Clone, Debug)]
pub(super) struct Child {
    /// Its process id.
    pub(super) pid: u32,
    /// The snapshot, and how far it is written.
    pub(super) encoder: Encoder,
    /// Where it goes.
    pub(super) target: ChildTarget,
    /// What it is doing.
    pub(super) stage: ChildStage,
    /// Encoded bytes that have not been handed on.
    pending: Vec<u8>,
    /// A chunk that is encoded and not yet due: `rdb-key-save-delay` holds it back. With it,
    /// whether it is the last.
    held: Option<(Vec<u8>, bool)>,
    /// Bytes handed on, framing included.
    pub(super) written: u64,
    /// The changes since the last save that it holds.
    pub(super) dirty: u64,
    /// When it was forked.
    pub(super) began_at: Instant,
    /// When the next chunk is encoded.
    pub(super) ready_at: Instant,
}

/// Where a snapshot goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ChildTarget {
    /// Into a file.
    Disk {
        /// The name until it is complete.
        file: String,
    },
    /// To every replica that waited when it began.
    Sockets {
        /// Its announcement and its end.
        framing: Framing,
    },
}

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChildStage {
    /// It encodes the next chunk, ready at `ready_at`.
    Writing,
    /// It waits until the disk, or every replica, has taken the chunk.
    Handing,
    /// It waits until its file has its name.
    Renaming,
    /// It has ended; the parent has not yet looked.
    Exited {
        /// True if everything was written.
        success: bool,
    },
}

impl Machine<'_> {
    /// Forks for the replicas that wait.
    pub(super) fn start_replica_snapshot(
        &mut self,
        waiting: &[Link],
        target: Target,
        without_keys: bool,
    ) {
        self.note(SnapshotNote::StartingBgsave(target));
        let stands_at = self.state.history.offset;
        if self.state.forks_fail {
            return self.refuse_snapshot(waiting, target, stands_at);
        }
        match target {
            Target::Sockets => {
                for &link in waiting {
                    self.promise_snapshot(link, stands_at);
                }
                let framing = Framing::marked(&mut self.state.random);
                let data = if without_keys {
                    Keyspace::new(self.state.keyspace.databases())
                } else {
                    self.state.keyspace.snapshot()
                };
                let (pid, header) = (self.fork(), framing.header());
                self.begin_writing(pid, data, ChildTarget::Sockets { framing }, header);
                self.note(SnapshotNote::TransferStarted(pid));
            }
            Target::Disk => {
                let pid = self.fork_to_disk();
                self.state.saves.for_replicas = self.state.keeps_no_files();
                self.note(SnapshotNote::SavingStarted(pid));
                for &link in waiting {
                    self.promise_snapshot(link, stands_at);
                }
            }
        }
        self.pump_child();
    }

    /// There is no memory for a child: those who wait are told, and let go.
    #[inline(never)]
    fn refuse_snapshot(&mut self, waiting: &[Link], target: Target, stands_at: Offset) {
        if target == Target::Sockets {
            // Redis has made its promise by the time it forks.
            for &link in waiting {
                self.promise_snapshot(link, stands_at);
            }
        }
        self.note(SnapshotNote::CannotFork(NO_MEMORY));
        self.note(SnapshotNote::BgsaveForReplicationNotBegun);
        for &link in waiting {
            self.send_to_replica(link, b"-BGSAVE failed, replication can't continue\r\n");
            self.hang_up(link);
        }
    }

    /// Forks a child that writes the dump file.
    pub(super) fn fork_to_disk(&mut self) -> u32 {
        let pid = self.fork();
        self.write_to_disk(pid);
        pid
    }

    /// The process of this number, a child or the server itself, writes the dump file.
    pub(super) fn write_to_disk(&mut self, pid: u32) {
        let file = format!("temp-{pid}.rdb");
        let create =
            DiskOrder::Append { file: file.clone(), bytes: Bytes::from(&[][..]), create: true };
        self.out.push(Output::Disk { job: Job::Unawaited, order: create });
        let data = self.state.keyspace.snapshot();
        self.begin_writing(pid, data, ChildTarget::Disk { file }, Vec::new());
    }

    /// The number of a new process.
    const fn fork(&mut self) -> u32 {
        let pid = self.state.next_pid;
        self.state.next_pid += 1;
        self.state.stats.forks += 1;
        pid
    }

    fn begin_writing(&mut self, pid: u32, data: Keyspace, target: ChildTarget, pending: Vec<u8>) {
        let header = self.state.rdb_header(self.now);
        let options = self.state.rdb_options(self.now);
        let state = &mut *self.state;
        let speed = state.setup.speeds.snapshot_bytes_per_second;
        state.child = Some(Child {
            pid,
            encoder: Encoder::new(data, header, options),
            target,
            stage: ChildStage::Writing,
            pending,
            held: None,
            written: 0,
            dirty: state.saves.dirty,
            began_at: self.now,
            ready_at: self.now + Duration::of_bytes(CHUNK_BYTES as u64, speed),
        });
    }

    /// Lets the child go on, as far as it can.
    pub(super) fn pump_child(&mut self) {
        loop {
            let room = self.replicas_have_room();
            let Some(child) = &mut self.state.child else { return };
            if child.stage == ChildStage::Handing
                && room
                && matches!(child.target, ChildTarget::Sockets { .. })
            {
                child.stage = ChildStage::Writing;
            }
            if child.stage != ChildStage::Writing || self.now < child.ready_at {
                return;
            }
            let key_delay = self.state.setup.config.hot.key_save_delay;
            let speed = self.state.setup.speeds.snapshot_bytes_per_second;
            let held = child.held.take();
            let fresh = held.is_none();
            let before = child.encoder.keys_done();
            let (chunk, last) = held.unwrap_or_else(|| child.next_chunk());
            let keys = child.encoder.keys_done() - before;
            let delay = key_delay.of(keys);
            if fresh && delay > Duration::ZERO {
                child.ready_at = self.now + delay;
                child.held = Some((chunk, last));
                return;
            }
            child.written += chunk.len() as u64;
            child.ready_at = self.now + Duration::of_bytes(chunk.len() as u64, speed);
            child.stage = ChildStage::Handing;
            self.hand_on(chunk, last);
        }
    }

    fn hand_on(&mut self, chunk: Vec<u8>, last: bool) {
        let Some(child) = &mut self.state.child else { return };
        match &child.target {
            ChildTarget::Disk { file } => {
                if chunk.is_empty() {
                    return self.put_in_place();
                }
                let (file, bytes) = (file.clone(), Bytes::from(chunk));
                let order = DiskOrder::Append { file, bytes, create: false };
                self.out.push(Output::Disk { job: Job::Save(child.pid), order });
            }
            ChildTarget::Sockets { .. } => {
                self.hand_to_replicas(&Bytes::from(chunk));
                if last {
                    self.child_wrote_all();
                }
            }
        }
    }

    fn hand_to_replicas(&mut self, chunk: &Bytes) {
        let count = chunk.len() as u64;
        for link in self.state.receivers() {
            let now = self.now;
            if let Some(down) = self.state.downlink_mut(link) {
                if down.in_wire == 0 {
                    down.since = now;
                }
                down.in_wire += count;
            }
            self.state.stats.repl_output_bytes += count;
            let bytes = Bytes::clone(chunk);
            self.send(link, bytes, Carries::Snapshot);
        }
    }

    /// The slowest replica sets the pace: nobody gets a chunk before all have room for it.
    fn replicas_have_room(&self) -> bool {
        let window = self.state.setup.send_window;
        self.state.receivers().iter().all(|&link| {
            self.state.downlink(link).is_some_and(|down| {
                down.in_wire + CHUNK_BYTES as u64 <= window.max(CHUNK_BYTES as u64)
            })
        })
    }

    /// The last chunk has gone into the pipe: the child tells what it cost and ends.
    fn child_wrote_all(&mut self) {
        let receivers = self.state.receivers().len();
        let copied = self.state.keyspace.copied().bytes;
        let Some(child) = &mut self.state.child else { return };
        child.stage = ChildStage::Exited { success: true };
        let pid = child.pid;
        self.note_as(pid, 'C', Note::from(SnapshotNote::ForkCow(copied)));
        self.note(SnapshotNote::DoneReadingPipe(receivers));
    }

    /// The disk has answered a child: `renamed` if its file is in place. A child that was killed
    /// hears no more.
    pub(super) fn child_disk(&mut self, pid: u32, renamed: bool, result: Result<DiskFact, String>) {
        let copied = self.state.keyspace.copied().bytes;
        let Some(child) = self.state.child.as_mut().filter(|child| child.pid == pid) else {
            return;
        };
        if result.is_err() {
            child.stage = ChildStage::Exited { success: false };
        }
        let result = result.map_err(|why| self.file_failed(renamed, why));
        if let Some(patron) = self.state.patron.take_if(|_| result.is_err() || renamed) {
            return self.file_written(patron, result.map(|_| ()));
        }
        let Some(child) = &mut self.state.child else { return };
        match (result, renamed) {
            (Err(note), _) => self.note_as(pid, 'C', note),
            (Ok(_), true) => {
                child.stage = ChildStage::Exited { success: true };
                self.note_as(pid, 'C', Note::from(SnapshotNote::DbSavedOnDisk));
                self.note_as(pid, 'C', Note::from(SnapshotNote::ForkCow(copied)));
            }
            (Ok(_), false) => {
                child.stage = ChildStage::Writing;
                self.pump_child();
            }
        }
    }

    /// The parent looks whether its child has ended.
    pub(super) fn reap_child(&mut self) {
        let Some(Child { stage: ChildStage::Exited { success }, .. }) = self.state.child else {
            return;
        };
        let Some(child) = self.state.child.take() else { return };
        if success {
            self.state.saves.copied = self.state.keyspace.copied().bytes;
        }
        match (&child.target, success) {
            (ChildTarget::Disk { .. }, true) => {
                self.note(SnapshotNote::SavingTerminated);
                self.state.saves.last = self.now.seconds();
                self.state.saved(child.dirty);
                self.count_bgsave(&child, true);
                self.snapshot_saved(child.written);
            }
            (ChildTarget::Disk { .. }, false) => {
                self.note(SnapshotNote::SavingError);
                self.count_bgsave(&child, false);
                self.snapshot_failed();
            }
            (ChildTarget::Sockets { .. }, _) => {
                self.note(SnapshotNote::TransferTerminated);
                self.snapshot_streamed();
            }
        }
        self.start_due_snapshot(false);
    }

    fn count_bgsave(&mut self, child: &Child, success: bool) {
        let seconds = self.now.since(child.began_at).seconds();
        let saves = &mut self.state.saves;
        saves.seconds = Some(seconds);
        saves.failed = !success;
        saves.count += u64::from(success);
    }

    /// The file is there: those who waited for it are sent it.
    fn snapshot_saved(&mut self, total: u64) {
        let generation = self.state.saves.generation;
        for link in self.state.receivers() {
            let Some(down) = self.state.downlink_mut(link) else { continue };
            let Stage::AwaitSnapshotEnd { from } = down.stage else { continue };
            down.stage = Stage::SendSnapshot { from, generation, sent: 0, total, reading: false };
            self.send_to_replica(link, &Framing::Counted { bytes: total }.header());
            self.send_snapshot(link);
        }
    }

    /// Nobody who waits for the snapshot will be sent one.
    pub(super) fn snapshot_failed(&mut self) {
        for link in self.state.receivers() {
            self.note(SnapshotNote::BgsaveForReplicationFailed);
            self.hang_up(link);
        }
    }

    /// Everybody has been sent everything: they are online, and their first ACK opens the stream.
    fn snapshot_streamed(&mut self) {
        let now = self.now;
        for link in self.state.receivers() {
            let name = self.state.replica_name(link);
            self.note(MasterNote::StreamedTransferSucceeded(name));
            if let Some(down) = self.state.downlink_mut(link) {
                let Stage::AwaitSnapshotEnd { from } = down.stage else { continue };
                down.stage = Stage::AwaitFirstAck { from };
                down.acked_at = now;
            }
            self.put_online(link);
        }
    }

    /// A replica has its snapshot; one that wanted no more is let go.
    fn put_online(&mut self, link: Link) {
        let name = self.state.replica_name(link);
        if self.state.downlink(link).is_some_and(|down| down.introduction.rdb_only) {
            self.note(MasterNote::RdbOnlyReplicaServed(name));
            return self.hang_up(link);
        }
        self.note(MasterNote::SynchronizationSucceeded(name));
    }
}

impl Child {
    /// The next bytes, with what frames them, and whether they are the last.
    fn next_chunk(&mut self) -> (Vec<u8>, bool) {
        while self.pending.len() < CHUNK_BYTES {
            let Some(bytes) = self.encoder.next_chunk(CHUNK_BYTES) else {
                if let ChildTarget::Sockets { framing } = &self.target {
                    self.pending.extend_from_slice(framing.trailer());
                }
                return (std::mem::take(&mut self.pending), true);
            };
            self.pending.extend(bytes);
        }
        let rest = self.pending.split_off(CHUNK_BYTES);
        (std::mem::replace(&mut self.pending, rest), false)
    }
}

impl State {
    /// The replicas that the running snapshot is for.
    pub(super) fn receivers(&self) -> Vec<Link> {
        self.downlinks()
            .filter(|(_, down)| matches!(down.stage, Stage::AwaitSnapshotEnd { .. }))
            .map(|(link, _)| link)
            .collect()
    }

    /// True while a child writes straight to replicas.
    pub(super) fn streams_snapshot(&self) -> bool {
        let target = self.child.as_ref().map(|child| &child.target);
        matches!(target, Some(ChildTarget::Sockets { .. }))
    }
}

/// What the system says to a fork for which it has no memory.
const NO_MEMORY: &str = "Cannot allocate memory";
