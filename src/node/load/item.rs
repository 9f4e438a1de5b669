//! What one item of a file means to the server that loads it.

use super::super::machine::Machine;
use super::super::note::LoadNote;
use super::Fault;
use crate::keyspace::Entry;
use crate::rdb::Item;
use crate::replication::{Offset, ReplicationId};
use crate::resp::parse_integer;

impl Machine<'_> {
    pub(super) fn load_item(&mut self, item: Item) {
        let seconds = self.now.seconds();
        let now = self.now.millis() as i64;
        let is_master = !self.state.is_replica();
        let tracking = self.state.config().settings.tracking;
        let Some(loading) = &mut self.state.loading else { return };
        match item {
            Item::Key { db, key, value, expires, idle, frequency } => {
                let index = usize::try_from(db).unwrap_or(usize::MAX);
                if index >= loading.filling.databases() {
                    let text = format!(
                        "FATAL: Data file was created with a Redis server configured to handle \
                         more than {} databases. Exiting",
                        loading.filling.databases()
                    );
                    return self.loading_failed(Fault::Other(text));
                }
                // A master begins without what has expired; a replica waits to be told.
                if is_master && loading.is_start() && expires.is_some_and(|at| at < now) {
                    loading.expired.push((index, key));
                    return;
                }
                loading.loaded += 1;
                loading.owing += 1;
                let access = tracking.restored(idle, frequency, now);
                let entry = Entry { key, value, expires: expires.into(), access };
                loading.filling.put(index, entry);
            }
            Item::Aux { name, value } => {
                let number = parse_integer(&value).and_then(|n| u64::try_from(n).ok());
                match (&*name, number) {
                    (b"redis-ver", _) => {
                        let version = String::from_utf8_lossy(&value).into_owned();
                        self.note(LoadNote::LoadingRdbVersion(version));
                    }
                    (b"ctime", Some(ctime)) => {
                        self.note(LoadNote::RdbAge(seconds.saturating_sub(ctime)));
                    }
                    (b"used-mem", Some(bytes)) => self.note(LoadNote::RdbMemory(bytes)),
                    (b"repl-stream-db", Some(db)) => loading.stream_db = usize::try_from(db).ok(),
                    (b"repl-offset", Some(offset)) => loading.repl_offset = Some(Offset(offset)),
                    (b"repl-id", _) => loading.repl_id = ReplicationId::parse(&value),
                    _ => {}
                }
            }
            Item::Function(code) => loading.libraries.push(code),
            Item::SelectDb(_) | Item::Resize { .. } | Item::End => {}
        }
    }
}
