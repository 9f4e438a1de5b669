//! Numbered databases, and the snapshot of all of them.

use super::{Access, Copied, Entry, Millis, Value, pages::Pages};
use crate::random::Random;
use crate::resp::Bytes;

/// All databases of a server. A clone is the whole data of one instant, at the cost of a few
/// counts.
#[derive(Clone, Debug)]
pub struct Keyspace {
    /// Database `n` at index `n`.
    databases: Vec<Database>,
}

/// One database: keys, values, expiries.
#[derive(Clone, Debug, Default)]
pub struct Database {
    pages: Pages,
}

/// One page as the map of pages shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageView {
    /// The first hash that may be on the page: its name, as long as it does not split.
    pub start: u64,
    /// How many keys are on it.
    pub keys: usize,
    /// True if it was written, and so copied, since the snapshot began.
    pub copied: bool,
}

impl Keyspace {
    /// `databases` empty databases.
    ///
    /// # Panics
    /// If `databases` is 0: there is always a database 0.
    pub fn new(databases: usize) -> Self {
        assert!(databases > 0, "a server has at least one database");
        Self { databases: vec![Database::default(); databases] }
    }

    /// Databases on these pages.
    pub(super) fn of_pages(pages: impl Iterator<Item = Pages>) -> Self {
        Self { databases: pages.map(|pages| Database { pages }).collect() }
    }

    /// How many databases there are.
    pub const fn databases(&self) -> usize {
        self.databases.len()
    }

    /// Database `index`.
    pub fn db(&self, index: usize) -> &Database {
        &self.databases[index]
    }

    /// Database `index`, to be changed.
    pub fn db_mut(&mut self, index: usize) -> &mut Database {
        &mut self.databases[index]
    }

    /// Every database with its number.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Database)> {
        self.databases.iter().enumerate()
    }

    /// The data of this instant. From here on [`Self::copied`] counts what the writes copy.
    pub fn snapshot(&mut self) -> Self {
        self.databases.iter_mut().for_each(|db| db.pages.begin_epoch());
        self.clone()
    }

    /// True if nothing was written since the other was cloned from this one, or this from it: they
    /// stand on the very same pages. As long as a clone is held, a write must copy.
    pub fn is_unwritten_since(&self, clone: &Self) -> bool {
        self.databases.len() == clone.databases.len()
            && self
                .databases
                .iter()
                .zip(&clone.databases)
                .all(|(a, b)| a.pages.are_those_of(&b.pages))
    }

    /// What writes have copied since the last snapshot.
    pub fn copied(&self) -> Copied {
        self.databases.iter().fold(Copied::default(), |sum, db| {
            let copied = db.pages.copied();
            Copied { pages: sum.pages + copied.pages, bytes: sum.bytes + copied.bytes }
        })
    }

    /// All keys of all databases.
    pub fn len(&self) -> u64 {
        self.databases.iter().map(Database::len).sum()
    }

    /// Roughly the memory that all keys take, as of the last [`Self::recount`].
    pub fn bytes(&self) -> u64 {
        self.databases.iter().map(|db| db.pages.bytes()).sum()
    }

    /// Counts anew what was changed in place.
    pub fn recount(&mut self) {
        self.databases.iter_mut().for_each(|db| db.pages.recount());
    }

    /// True if no database holds a key.
    pub fn is_empty(&self) -> bool {
        self.databases.iter().all(Database::is_empty)
    }

    /// The database and the stamp of the key that expires first.
    pub fn soonest_expiry(&self) -> Option<(usize, Millis)> {
        let soonest = |(index, db): (usize, &Database)| db.soonest_expiry().map(|at| (index, at));
        self.iter().filter_map(soonest).min_by_key(|&(index, at)| (at, index))
    }

    /// Empties every database.
    pub fn clear(&mut self) {
        self.databases.iter_mut().for_each(Database::clear);
    }

    /// Exchanges the contents of two databases.
    pub fn swap(&mut self, a: usize, b: usize) {
        self.databases.swap(a, b);
    }
}

impl Database {
    /// How many keys there are, expired ones included.
    pub fn len(&self) -> u64 {
        self.pages.len()
    }

    /// True if there is no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys have an expiry.
    pub fn volatile_len(&self) -> u64 {
        self.pages.volatile_len()
    }

    /// The earliest expiry of any key.
    pub fn soonest_expiry(&self) -> Option<Millis> {
        self.pages.soonest_expiry()
    }

    /// The entry whose expiry is the earliest.
    pub fn soonest(&self) -> Option<&Entry> {
        self.pages.soonest()
    }

    /// The entry of `key`, whether or not it has expired.
    pub fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.pages.get(key)
    }

    /// Looks at the places of `keys`, which are about to be used.
    pub fn look_ahead<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) {
        self.pages.look_ahead(keys);
    }

    /// The value of `key`, which is there, to be changed in place.
    pub fn value_mut(&mut self, key: &[u8]) -> Option<&mut Value> {
        self.pages.value_mut(key)
    }

    /// Gives `key` a value and an expiry, and returns what it had before.
    pub fn insert(&mut self, key: Bytes, value: Value, expires: Option<Millis>) -> Option<Entry> {
        self.put(Entry { key, value, expires: expires.into(), access: Access::default() })
    }

    /// Puts `entry` in the place of the one of the same key, which it returns.
    pub fn put(&mut self, entry: Entry) -> Option<Entry> {
        self.pages.insert(entry)
    }

    /// Notes a use of `key`.
    pub fn set_access(&mut self, key: &[u8], access: Access) {
        self.pages.set_access(key, access);
    }

    /// Gives `key` another expiry, or none; false if there is no such key.
    pub fn set_expiry(&mut self, key: &[u8], expires: Option<Millis>) -> bool {
        self.pages.set_expiry(key, expires)
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        self.pages.remove(key)
    }

    /// Takes every key out.
    pub fn clear(&mut self) {
        self.pages.clear();
    }

    /// Every entry in the order of hashes.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.pages_from(0).flat_map(|page| page.entries)
    }

    /// The entries of the first page at or beyond hash `from`, and where the next page begins.
    ///
    /// A page may hold hashes below `from` only if it has split or merged since `from` was given.
    pub fn page_from(&self, from: u64) -> Option<(&[Entry], Option<u64>)> {
        self.pages.page_from(from).map(|page| (page.entries, page.next))
    }

    /// About `count` entries from hash `from` on, and the hash at which the rest begins.
    ///
    /// As in Redis, what would share a bucket of a hash table is shown together: so a place
    /// between two calls has few digits, and an entry that stays is shown whatever comes and goes.
    pub fn scan(&self, from: u64, count: usize) -> (Vec<&Entry>, Option<u64>) {
        let entries = self.pages_from(from).flat_map(|page| page.entries);
        let mut entries = entries.skip_while(|entry| entry.hash() < from);
        let mut shown: Vec<&Entry> = entries.by_ref().take(count.max(1)).collect();
        let Some(last) = shown.last().map(|entry| entry.hash()) else { return (shown, None) };
        let buckets = self.len().next_power_of_two().max(BUCKETS_MIN);
        let bucket = |hash: u64| hash & (u64::MAX << (64 - buckets.trailing_zeros()));
        for entry in entries {
            let start = bucket(entry.hash());
            if start != bucket(last) {
                return (shown, Some(start));
            }
            shown.push(entry);
        }
        (shown, None)
    }

    /// A key drawn with equal chance for every key.
    pub fn random(&self, random: &mut Random) -> Option<&Entry> {
        if self.is_empty() { None } else { self.pages.nth(random.below(self.len())) }
    }

    /// A key drawn with equal chance for every key that has an expiry.
    pub fn random_volatile(&self, random: &mut Random) -> Option<&Entry> {
        let volatile = self.volatile_len();
        if volatile == 0 { None } else { self.pages.nth_volatile(random.below(volatile)) }
    }

    /// How long keys with an expiry have yet to live, in the mean of at most `sample` of them.
    pub fn mean_life(&self, now: Millis, sample: u64) -> u64 {
        let volatile = self.volatile_len();
        let places = (0..volatile.min(sample)).map(|n| n * volatile / volatile.min(sample));
        let expiries = places.filter_map(|place| self.pages.nth_volatile(place)?.expires.at());
        let lives: Vec<u64> = expiries.filter_map(|at| u64::try_from(at - now).ok()).collect();
        lives.iter().sum::<u64>() / (lives.len() as u64).max(1)
    }

    /// The first `limit` pages, with what a snapshot has made of them.
    pub fn page_views(&self, limit: usize) -> Vec<PageView> {
        let epoch = self.pages.epoch();
        let view = |page: super::pages::PageAt<'_>| PageView {
            start: page.start,
            keys: page.entries.len(),
            copied: page.epoch == epoch,
        };
        self.pages_from(0).take(limit).map(view).collect()
    }

    fn pages_from(&self, from: u64) -> impl Iterator<Item = super::pages::PageAt<'_>> {
        let mut from = Some(from);
        std::iter::from_fn(move || {
            let page = self.pages.page_from(from?)?;
            from = page.next;
            Some(page)
        })
    }
}

/// So many buckets has the smallest hash table of Redis.
const BUCKETS_MIN: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::StringValue;

    fn put(keyspace: &mut Keyspace, db: usize, key: &str, expires: Option<Millis>) {
        let value = Value::String(StringValue::Integer(1));
        keyspace.db_mut(db).insert(Bytes::from(key.as_bytes()), value, expires);
    }

    #[test]
    fn a_snapshot_is_the_data_of_its_instant() {
        let mut live = Keyspace::new(16);
        put(&mut live, 0, "a", None);
        put(&mut live, 3, "b", None);
        let snapshot = live.snapshot();
        assert_eq!(live.copied(), Copied::default());
        live.db_mut(0).remove(b"a");
        put(&mut live, 3, "c", None);
        assert_eq!((snapshot.len(), live.len()), (2, 2));
        assert!(snapshot.db(0).get(b"a").is_some());
        assert_eq!(live.copied().pages, 2);
    }

    #[test]
    fn the_soonest_expiry_is_found_across_databases() {
        let mut keyspace = Keyspace::new(16);
        put(&mut keyspace, 2, "late", Some(50));
        put(&mut keyspace, 5, "soon", Some(20));
        assert_eq!(keyspace.soonest_expiry(), Some((5, 20)));
        assert_eq!(&*keyspace.db(5).soonest().unwrap().key, b"soon");
        keyspace.clear();
        assert!(keyspace.is_empty() && keyspace.soonest_expiry().is_none());
    }

    #[test]
    fn the_memory_of_all_keys_is_that_of_each_however_they_came_about() {
        let mut live = Keyspace::new(2);
        for n in 0..200 {
            put(&mut live, n % 2, &n.to_string(), (n % 3 == 0).then_some(50));
        }
        let empty_strings = live.bytes();
        for n in 0..200 {
            let long = Value::String(StringValue::Raw(vec![0; 100 + n].into()));
            *live.db_mut(n % 2).value_mut(n.to_string().as_bytes()).unwrap() = long;
        }
        live.recount();
        assert_eq!(live.bytes() - empty_strings, (0..200).map(|n| 110 + n).sum::<u64>());
        let fresh = || {
            let mut copy = Keyspace::new(2);
            for (index, db) in live.iter() {
                db.iter().for_each(|entry| drop(copy.db_mut(index).put(entry.clone())));
            }
            copy
        };
        assert_eq!(fresh().bytes(), live.bytes());
        let volatile = live.db(0).volatile_len();
        let mut random = Random::new(1);
        for _ in 0..50 {
            assert!(live.db(0).random_volatile(&mut random).unwrap().expires.is_some());
        }
        (0..200).for_each(|n| drop(live.db_mut(n % 2).remove(n.to_string().as_bytes())));
        assert_eq!((live.bytes(), volatile), (0, 34));
    }

    #[test]
    fn the_mean_life_is_that_of_keys_that_live() {
        let mut keyspace = Keyspace::new(1);
        put(&mut keyspace, 0, "forever", None);
        assert_eq!(keyspace.db(0).mean_life(0, 10), 0);
        for n in 0..100 {
            put(&mut keyspace, 0, &n.to_string(), Some(1_000 + n % 2));
        }
        put(&mut keyspace, 0, "gone", Some(500));
        let lives = [0, 1_000].map(|now| keyspace.db(0).mean_life(now, 1_000));
        assert_eq!(lives, [(500 + 50 * 2_001) / 101, 0]);
        assert!((200..=201).contains(&keyspace.db(0).mean_life(800, 10)));
    }

    #[test]
    fn a_random_key_is_any_key() {
        let mut keyspace = Keyspace::new(1);
        for n in 0..10 {
            put(&mut keyspace, 0, &n.to_string(), None);
        }
        let mut random = Random::new(3);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            seen.insert(keyspace.db(0).random(&mut random).unwrap().key.clone());
        }
        assert_eq!(seen.len(), 10);
    }
}
