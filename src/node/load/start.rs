//! The dataset with which a process starts, and its place in a history.

use super::super::machine::Machine;
use super::super::note::{LoadNote, ReplicaNote};
use super::super::scripts::Libraries;
use super::super::upstream::Cached;
use super::Loading;
use crate::replication::{Offset, ReplicationId, SecondId, Unit};
use crate::resp::Bytes;

impl Machine<'_> {
    /// The dataset of the start is whole; so is the server's place in a history, if it is written.
    #[inline(never)]
    pub(super) fn started_with(&mut self, loading: Loading) {
        self.done_loading(&loading);
        let expired = loading.expired.len() as u64;
        self.state.keyspace = loading.filling.finish();
        self.state.libraries = Libraries::new(loading.libraries);
        self.note(LoadNote::LoadedFromDisk(self.now.since(loading.began)));
        let place = (loading.repl_id, loading.repl_offset, loading.stream_db);
        let resumes = self.state.is_replica() || self.state.setup.profile.resumes_as_master();
        if let (true, (Some(id), Some(offset), Some(db))) = (resumes, place) {
            self.resume_history(id, offset, db, &loading.expired);
        }
        self.state.stats.expired_keys += expired;
        self.ready();
    }

    /// Goes on in the history of the file: a replica under its name, a master under a new one.
    fn resume_history(
        &mut self,
        id: ReplicationId,
        offset: Offset,
        db: usize,
        expired: &[(usize, Bytes)],
    ) {
        self.state.history.offset = offset;
        if self.state.is_replica() {
            self.state.history.id = id;
            let client = self.state.number_client();
            self.state.upstream.cached = Some(Cached { id, offset, db, client });
            self.note(ReplicaNote::SynthesizedCachedMaster);
            return;
        }
        self.state.history.second = Some(SecondId { id, shared: offset });
        self.create_backlog();
        // What went by itself while nobody looked enters the stream like any deletion.
        let name = if self.state.config().settings.lazy_expire { "UNLINK" } else { "DEL" };
        for (db, key) in expired {
            let args = vec![Bytes::from(name.as_bytes()), Bytes::clone(key)];
            self.propagate(&vec![(*db, args)], Unit::Loose);
        }
    }
}
