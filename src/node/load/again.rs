//! DEBUG RELOAD: the dataset that is read takes the place of the one that is there.

use super::super::debug::Reload;
use super::super::io::Output;
use super::super::machine::Machine;
use super::super::note::{LoadNote, ServerNote};
use super::super::scripts::Libraries;
use super::super::state::Profile;
use super::{Loading, Source};
use crate::keyspace::Entry;
use crate::resp::Reply;

impl Machine<'_> {
    /// Reads the dump file again.
    pub(in crate::node) fn reload(&mut self, reload: Reload) {
        let file = self.state.config().get("dbfilename").to_owned();
        let loading = Loading::new(self.state, Source::Again(file, reload), self.now);
        self.state.loading = Some(loading);
        self.load_next();
    }

    /// The file was read to its end.
    #[inline(never)]
    pub(super) fn reloaded(&mut self, loading: Loading, reload: Reload) {
        self.done_loading(&loading);
        if reload.flush {
            self.state.keyspace = loading.filling.finish();
            self.state.libraries = Libraries::new(loading.libraries);
        } else if !self.merge(loading, reload) {
            return;
        }
        self.note(ServerNote::DbReloaded);
        self.answer_waiting(reload.link, &Reply::OK);
    }

    /// False if a key is there twice, and that was not asked for: Redis ends then. A library that
    /// is there twice is only an error.
    fn merge(&mut self, loading: Loading, reload: Reload) -> bool {
        if !self.state.libraries.merge(&loading.libraries, reload.merge) {
            self.answer_failed_reload(reload);
            return false;
        }
        self.put_beside(loading, reload.merge)
    }

    /// Puts keys to those that are there.
    fn put_beside(&mut self, loading: Loading, merge: bool) -> bool {
        for (index, db) in loading.filling.finish().iter() {
            let entries: Vec<Entry> = db.iter().cloned().collect();
            for entry in entries {
                let key = entry.key.clone();
                let twice = self.state.keyspace.db_mut(index).put(entry).is_some();
                if twice && !merge {
                    self.note(LoadNote::DuplicateKey(key.escape_ascii().to_string()));
                    self.out.push(Output::Exit);
                    return false;
                }
            }
        }
        true
    }

    /// The file could not be read to its end: what was read stays.
    pub(super) fn reload_failed(&mut self, loading: Loading, reload: Reload) {
        self.state.saves.keys_loaded = loading.loaded;
        if reload.flush {
            self.state.libraries = Libraries::new(loading.libraries);
            self.state.keyspace = loading.filling.finish();
        } else {
            let _ = self.state.libraries.merge(&loading.libraries, reload.merge);
            if !self.put_beside(loading, reload.merge) {
                return;
            }
        }
        self.answer_failed_reload(reload);
    }

    fn answer_failed_reload(&mut self, reload: Reload) {
        let text = match self.state.setup.profile {
            Profile::V7_2 => "ERR Error trying to load the RDB dump, check server logs.",
            Profile::V6_2 | Profile::V7_0 => "ERR Error trying to load the RDB dump",
        };
        self.answer_waiting(reload.link, &Reply::error(text));
    }
}
