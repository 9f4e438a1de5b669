//! Keys that a writable replica's own clients gave an expiry.
//!
//! A replica leaves the keys of its master alone, however long they have expired: their deletion
//! will come with the stream. No stream will delete what was written here, so these keys are
//! remembered, and deleted by the cron.
//! *Source*: Redis 7.2 · expire.c · rememberSlaveKeyWithExpire, expireSlaveKeys.

use super::machine::Machine;
use super::state::State;
use crate::keyspace::Millis;
use crate::resp::Bytes;

impl State {
    /// When the first of the keys expires that this replica has to delete itself.
    pub(super) fn soonest_own_expiry(&self) -> Option<Millis> {
        let expiry = |(db, key): &(usize, Bytes)| self.keyspace.db(*db).get(key)?.expires.at();
        self.own_expiring.iter().filter_map(expiry).min()
    }
}

impl Machine<'_> {
    /// A client has written: on a replica, remember the keys that have an expiry now.
    pub(super) fn remember_own_expiries(&mut self, touched: &[(usize, Bytes)]) {
        if !self.state.is_replica() {
            return;
        }
        for (db, key) in touched {
            let entry = self.state.keyspace.db(*db).get(key);
            if entry.is_some_and(|entry| entry.expires.is_some()) {
                self.state.own_expiring.insert((*db, Bytes::clone(key)));
            }
        }
    }

    /// Deletes the keys that have expired; nobody is told. Forgets those that will not expire.
    pub(super) fn expire_own_keys(&mut self) {
        let now = self.now.millis() as i64;
        for (db, key) in std::mem::take(&mut self.state.own_expiring) {
            let expires = self.state.keyspace.db(db).get(&key).and_then(|entry| entry.expires.at());
            match expires {
                Some(at) if now > at => {
                    self.state.keyspace.db_mut(db).remove(&key);
                    self.state.stats.expired_keys += 1;
                    let expired = [(db, key)];
                    self.break_watches(&expired);
                    self.invalidate(&expired, &[]);
                }
                Some(_) => {
                    self.state.own_expiring.insert((db, key));
                }
                None => {}
            }
        }
    }
}
