//! A keyspace on its way: keys as a file lists them, put in their places all at once.
//!
//! A file lists keys in an order that has nothing to do with ours. Put in one by one, each goes
//! through a tree that is larger than the processor's memory, and waits at every step for a place
//! that nobody has looked at for long: of a million keys that is most of the time of a load. So
//! they are kept as they come, and put in order once, when the last is there.

use super::{Entry, Keyspace, pages::Arrivals};

/// The keys that have come so far.
#[derive(Clone, Debug)]
pub struct Filling {
    /// Those of database `n` at index `n`.
    databases: Vec<Arrivals>,
}

impl Filling {
    /// `databases` empty databases, of which there is at least one.
    pub fn new(databases: usize) -> Self {
        Self { databases: vec![Arrivals::default(); databases] }
    }

    /// How many databases there are.
    pub const fn databases(&self) -> usize {
        self.databases.len()
    }

    /// Keeps `entry` for database `index`, where it replaces one of the same key.
    pub fn put(&mut self, index: usize, entry: Entry) {
        self.databases[index].push(entry);
    }

    /// The keyspace of all that has come.
    pub fn finish(self) -> Keyspace {
        Keyspace::of_pages(self.databases.into_iter().map(Arrivals::into_pages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::{Access, PageView, StringValue, Value};
    use crate::random::mixed;
    use crate::resp::Bytes;

    fn entry(key: &str, number: i64) -> Entry {
        Entry {
            key: Bytes::from(key.as_bytes()),
            value: Value::String(StringValue::Integer(number)),
            expires: (number % 3 == 0).then_some(number).into(),
            access: Access::default(),
        }
    }

    fn pages(keyspace: &Keyspace, db: usize) -> Vec<PageView> {
        keyspace.db(db).page_views(usize::MAX)
    }

    #[test]
    fn keys_put_in_at_once_lie_as_if_put_in_one_by_one() {
        for count in [0, 1, 32, 33, 600, 5_000] {
            let (mut filling, mut one_by_one) = (Filling::new(2), Keyspace::new(2));
            for n in 0..count {
                // Every tenth comes again, and replaces the first.
                let name = format!("key:{}", if n % 10 == 9 { n - 8 } else { n });
                filling.put(n % 2, entry(&name, n as i64));
                one_by_one.db_mut(n % 2).put(entry(&name, n as i64));
            }
            let filled = filling.finish();
            assert_eq!((filled.len(), filled.bytes()), (one_by_one.len(), one_by_one.bytes()));
            assert_eq!(filled.soonest_expiry(), one_by_one.soonest_expiry());
            for db in 0..2 {
                assert!(filled.db(db).iter().eq(one_by_one.db(db).iter()), "{count}");
                assert_eq!(pages(&filled, db), pages(&one_by_one, db));
                for entry in one_by_one.db(db).iter() {
                    assert_eq!(filled.db(db).get(&entry.key), Some(entry));
                }
            }
        }
    }

    /// Names of two words: what the first has changed, the second takes back.
    fn names_of_one_hash(count: u64) -> Vec<Bytes> {
        let start = 0x9e37_79b9_7f4a_7c15 ^ 16;
        let name = |n: u64| [n.to_le_bytes(), mixed(start ^ n).to_le_bytes()].concat();
        (0..count).map(|n| Bytes::from(name(n))).collect()
    }

    #[test]
    fn keys_of_one_hash_are_told_apart() {
        for count in [2, 40, 300] {
            let (mut filling, mut one_by_one) = (Filling::new(1), Keyspace::new(1));
            for (number, key) in names_of_one_hash(count).into_iter().rev().enumerate() {
                for number in [-1, number as i64] {
                    let entry = Entry { key: key.clone(), ..entry("", number) };
                    assert_eq!(entry.hash(), 0, "mixed(0) is 0");
                    filling.put(0, entry.clone());
                    one_by_one.db_mut(0).put(entry);
                }
            }
            let filled = filling.finish();
            assert_eq!(filled.len(), count);
            assert!(filled.db(0).iter().eq(one_by_one.db(0).iter()), "{count}");
        }
    }

    #[test]
    fn a_copy_goes_its_own_way() {
        let mut filling = Filling::new(1);
        (0..300).for_each(|n| filling.put(0, entry(&n.to_string(), n)));
        let mut copy = filling.clone();
        (300..700).for_each(|n| copy.put(0, entry(&n.to_string(), n)));
        filling.put(0, entry("other", 1));
        let (filled, copied) = (filling.finish(), copy.finish());
        assert_eq!((filled.len(), copied.len()), (301, 700));
        assert!(copied.db(0).get(b"other").is_none() && filled.db(0).get(b"299").is_some());
    }
}
