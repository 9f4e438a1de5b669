//! `maxmemory`: what a server does that has no room for more.
//!
//! Before a client's command the memory is counted. While it is above the limit, keys give way as
//! `maxmemory-policy` says; each is a deletion of its own in the stream, for a replica does not
//! choose for itself. If nothing may go, commands that could take more are refused.
//!
//! To find the key that was used least recently, or least often, all would have to be kept in that
//! order. Redis draws some at random and keeps the best of what it has drawn in a pool, which is
//! nearly as good; so does this. *Source*: Redis 7.2 · evict.c · performEvictions,
//! evictionPoolPopulate.

use super::super::machine::Machine;
use super::super::note::ServerNote;
use super::super::state::State;
use super::Asker;
use crate::commands::{self, Classes, Effects, Event};
use crate::keyspace::{Entry, Tracking};
use crate::rdb::Uses;
use crate::replication::Unit;
use crate::resp::Bytes;
use crate::time::Instant;

/// `maxmemory-policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy {
    /// Which key goes first.
    order: Order,
    /// Only keys that have an expiry may go.
    volatile: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    LeastRecent,
    LeastFrequent,
    SoonestExpiry,
    Random,
}

impl Policy {
    /// None for `noeviction`.
    fn named(name: &str) -> Option<Self> {
        let (keys, order) = name.split_once('-')?;
        let order = match order {
            "lru" => Order::LeastRecent,
            "lfu" => Order::LeastFrequent,
            "ttl" => Order::SoonestExpiry,
            _ => Order::Random,
        };
        Some(Self { order, volatile: keys == "volatile" })
    }
}

/// What is remembered from one eviction to the next.
#[derive(Clone, Debug, Default)]
pub(in crate::node) struct Eviction {
    /// The best that were drawn, the one that goes next last.
    pool: Vec<Candidate>,
    /// Where the next draw without an order begins.
    next_db: usize,
}

/// A key that may go.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    /// The more, the sooner.
    claim: u64,
    db: usize,
    key: Bytes,
}

impl State {
    /// What `maxmemory` is held against. What clients have yet to read and to say is counted, but
    /// not what replicas have yet to read beyond the backlog: evictions would make it grow.
    pub(in crate::node) fn used_memory(&self) -> u64 {
        let backlog = self.backlog.as_ref().map_or(0, |backlog| backlog.len().min(backlog.size()));
        EMPTY_SERVER_BYTES + self.keyspace.bytes() + backlog + self.clients.weight()
    }

    /// What the process occupies: what is in use, unless its host knows better.
    pub(in crate::node) fn resident_memory(&self) -> u64 {
        if self.usage.resident == 0 { self.used_memory() } else { self.usage.resident }
    }

    /// Redis' four accounts of memory beyond the data: their names, what each is of, and from what.
    /// The allocator keeps no books here, so it is told to have lost nothing.
    pub(in crate::node) fn memory_accounts(&self) -> [(&'static str, u64, u64); 4] {
        let (used, resident) = (self.used_memory(), self.resident_memory());
        [
            ("allocator_frag", used, used),
            ("allocator_rss", resident, used),
            ("rss_overhead", resident, resident),
            ("mem_fragmentation", resident, used),
        ]
    }

    /// The most that was in use at a tick, or is now.
    pub(in crate::node) fn peak_memory(&self) -> u64 {
        self.memory_peak.max(self.used_memory())
    }

    /// What a snapshot tells of the use of keys: as much as the policy asks for.
    pub(in crate::node) fn rdb_uses(&self, now: Instant) -> Uses {
        let now = now.millis() as i64;
        match Policy::named(self.config().get("maxmemory-policy")).map(|policy| policy.order) {
            Some(Order::LeastRecent) => Uses::Idle { now },
            Some(Order::LeastFrequent) => {
                let decay_minutes = self.config().number("lfu-decay-time");
                Uses::Frequency { now, decay_minutes }
            }
            Some(Order::SoonestExpiry | Order::Random) | None => Uses::Omitted,
        }
    }

    fn claim(&self, order: Order, entry: &Entry, now: i64) -> u64 {
        match (order, self.config().settings.tracking) {
            (Order::SoonestExpiry, _) => u64::MAX - entry.expires.at().map_or(0, i64::unsigned_abs),
            (_, Tracking::Frequency { decay_minutes, .. }) => {
                u64::from(u8::MAX - entry.access.frequency(now, decay_minutes))
            }
            (_, Tracking::Recency) => entry.access.idle_seconds(now),
        }
    }
}

impl Machine<'_> {
    /// Lets keys go until there is room; false if there is none.
    pub(in crate::node) fn make_room(&mut self) -> bool {
        let limit = self.state.config().hot.maxmemory;
        limit == 0 || self.make_room_below(limit)
    }

    /// What is not wanted to begin with: a page fetches it when it is called.
    #[inline(never)]
    fn make_room_below(&mut self, limit: u64) -> bool {
        let waits = self.state.loading.is_some() || self.state.pauses.scope().is_some();
        let obeys = self.state.is_replica() && self.state.config().yes("replica-ignore-maxmemory");
        if waits || obeys {
            return true;
        }
        self.state.keyspace.recount();
        if let Some(link) = self.state.served {
            self.state.clients.weigh(link, self.now);
        }
        let excess = self.state.used_memory().saturating_sub(limit);
        if excess == 0 {
            return true;
        }
        let Some(policy) = Policy::named(self.state.config().get("maxmemory-policy")) else {
            return false;
        };
        // What the deletions add to the stream is on its way out, and does not count.
        let made = self.evict_bytes(excess, policy);
        self.tell_before_the_reply();
        made
    }

    fn evict_bytes(&mut self, excess: u64, policy: Policy) -> bool {
        let before = self.state.keyspace.bytes();
        while before - self.state.keyspace.bytes() < excess {
            let Some((db, key)) = self.choose(policy) else { return false };
            self.evict(db, key);
        }
        true
    }

    /// After `CONFIG SET maxmemory` room is made at once, or behind the transaction that it is in.
    pub(in crate::node) fn obey_new_limit(&mut self) {
        let limit = self.state.config().hot.maxmemory;
        self.state.keyspace.recount();
        let used = self.state.used_memory();
        if limit > 0 && used > limit {
            self.note(ServerNote::LimitBelowUse { limit, used });
            self.state.owes_room = self.state.in_exec;
            if !self.state.in_exec {
                self.make_room();
            }
        }
    }

    fn choose(&mut self, policy: Policy) -> Option<(usize, Bytes)> {
        if policy.order == Order::Random {
            return self.choose_any(policy.volatile);
        }
        loop {
            self.draw(policy);
            let keyspace = &self.state.keyspace;
            while let Some(candidate) = self.state.eviction.pool.pop() {
                let entry = keyspace.db(candidate.db).get(&candidate.key);
                if entry.is_some_and(|entry| !policy.volatile || entry.expires.is_some()) {
                    return Some((candidate.db, candidate.key));
                }
            }
            let mut left = keyspace.iter().map(|(_, db)| db);
            let may_go =
                left.any(|db| if policy.volatile { db.volatile_len() > 0 } else { !db.is_empty() });
            if !may_go {
                return None;
            }
        }
    }

    /// Draws keys of each database into the pool, which keeps the best.
    fn draw(&mut self, policy: Policy) {
        let samples = self.state.config().number("maxmemory-samples");
        let now = self.now.millis() as i64;
        for db in 0..self.state.keyspace.databases() {
            for _ in 0..samples {
                let drawn = self.draw_key(db, policy.volatile).map(|entry| entry.key.clone());
                let Some(key) = drawn else { break };
                let Some(entry) = self.state.keyspace.db(db).get(&key) else { break };
                let claim = self.state.claim(policy.order, entry, now);
                self.state.eviction.offer(Candidate { claim, db, key });
            }
        }
    }

    fn draw_key(&mut self, db: usize, volatile: bool) -> Option<&Entry> {
        let state = &mut *self.state;
        let (db, random) = (state.keyspace.db(db), &mut state.random);
        if volatile { db.random_volatile(random) } else { db.random(random) }
    }

    /// Any key, of each database in turn.
    fn choose_any(&mut self, volatile: bool) -> Option<(usize, Bytes)> {
        let databases = self.state.keyspace.databases();
        (0..databases).find_map(|_| {
            let db = self.state.eviction.next_db % databases;
            self.state.eviction.next_db = db + 1;
            self.draw_key(db, volatile).map(|entry| (db, entry.key.clone()))
        })
    }

    fn evict(&mut self, db: usize, key: Bytes) {
        let lazy = self.state.config().yes("lazyfree-lazy-eviction");
        self.state.stats.evicted_keys += 1;
        self.delete_by_itself(db, key, lazy, (Classes::EVICTED, "evicted"));
    }

    /// Deletes a key that nobody has asked to delete: in the stream it is a command of its own.
    pub(in crate::node) fn delete_by_itself(
        &mut self,
        db: usize,
        key: Bytes,
        lazy: bool,
        (class, name): (Classes, &'static str),
    ) {
        let args = [Bytes::from(if lazy { &b"UNLINK"[..] } else { b"DEL" }), key];
        let Some(spec) = commands::lookup(&args[0]) else { return };
        // Seen as the master link sees it: the key is deleted by this very command.
        let mut effects = Effects::default();
        self.call(spec, Asker::upstream(db), &args, &mut effects);
        effects.events.clear();
        if self.state.config().settings.notify.tell(class) {
            effects.events.push(Event { db, name, key: Bytes::clone(&args[1]) });
        }
        let caused = self.settle(db, &args, &mut effects);
        self.propagate(&caused, Unit::Loose);
    }
}

impl Eviction {
    /// Takes a candidate into the pool, if it is better than one that is there.
    fn offer(&mut self, candidate: Candidate) {
        if self.pool.iter().any(|one| one.db == candidate.db && one.key == candidate.key) {
            return;
        }
        let at = self.pool.partition_point(|one| one.claim < candidate.claim);
        if self.pool.len() < POOL_SIZE {
            self.pool.insert(at, candidate);
        } else if at > 0 {
            self.pool.remove(0);
            self.pool.insert(at - 1, candidate);
        }
    }
}

/// Redis' `EVPOOL_SIZE`.
const POOL_SIZE: usize = 16;
/// What a server uses that holds no key.
pub(in crate::node) const EMPTY_SERVER_BYTES: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_keeps_the_best() {
        let mut eviction = Eviction::default();
        let candidate = |claim| Candidate { claim, db: 0, key: Bytes::from(vec![claim as u8]) };
        (0..40).rev().for_each(|claim| eviction.offer(candidate(claim)));
        eviction.offer(candidate(39));
        let kept: Vec<u64> = eviction.pool.iter().map(|one| one.claim).collect();
        assert_eq!(kept, (24..40).collect::<Vec<_>>());
    }

    #[test]
    fn a_policy_is_read_from_its_name() {
        assert_eq!(Policy::named("noeviction"), None);
        let named = |name| Policy::named(name).map(|policy| (policy.order, policy.volatile));
        assert_eq!(named("allkeys-lru"), Some((Order::LeastRecent, false)));
        assert_eq!(named("volatile-ttl"), Some((Order::SoonestExpiry, true)));
        assert_eq!(named("allkeys-random"), Some((Order::Random, false)));
    }
}
