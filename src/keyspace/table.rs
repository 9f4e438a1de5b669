//! Names and what belongs to them, in the order of hashes: encoding `hashtable`.
//!
//! Redis' tables order their entries by a hash with a secret seed, so that nobody can foresee it.
//! Ours order them by the hash that orders keys: the same on every machine. A *cursor* of `HSCAN`
//! and its relatives is a place in that order: everything before it has been shown, whatever has
//! come and gone since. It is handed out with its bits reversed, as Redis does it, which keeps the
//! numbers small: the place between two hashes needs only the few top bits in which they differ.

use super::key::hash_of;
use super::trie::{Slot, Trie};
use crate::resp::Bytes;

/// A table from names to `V`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table<V> {
    slots: Trie<V>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { slots: Trie::default() }
    }
}

impl<V: Clone> Table<V> {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&V> {
        self.slots.get(hash_of(name), name).map(|slot| &slot.value)
    }

    /// Gives `name` a value, and returns the one that it had.
    pub(super) fn insert(&mut self, name: Bytes, value: V) -> Option<V> {
        self.slots.insert(Slot { hash: hash_of(&name), name, value }).map(|slot| slot.value)
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> Option<V> {
        // A look first: a removal that finds nothing must not copy the path.
        let hash = hash_of(name);
        self.slots.get(hash, name)?;
        self.slots.take(hash, name).map(|slot| slot.value)
    }

    /// Takes out `name`, which is there.
    pub(super) fn take(&mut self, name: &[u8]) -> Option<V> {
        self.slots.take(hash_of(name), name).map(|slot| slot.value)
    }

    /// How many names lie in each leaf.
    pub(super) fn leaf_lens(&self) -> Vec<usize> {
        self.slots.leaf_lens()
    }

    /// The slot of `rank` in the order of hashes.
    pub(super) fn nth(&self, rank: usize) -> Option<&Slot<V>> {
        self.slots.nth(rank)
    }

    /// All slots in the order of hashes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot<V>> {
        self.iter_from(0)
    }

    /// The slots from `rank` on, in the order of hashes.
    pub(super) fn iter_from(&self, rank: usize) -> impl Iterator<Item = &Slot<V>> {
        self.slots.iter_from(rank)
    }

    /// About `count` slots from `cursor` on, and the cursor after them: 0 at the end.
    pub(super) fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<&Slot<V>>) {
        let start = cursor.reverse_bits();
        let mut slots = self.slots.iter_from(self.slots.rank_of(start));
        let mut shown: Vec<&Slot<V>> = slots.by_ref().take(count.max(1)).collect();
        let Some(last) = shown.last().map(|slot| slot.hash) else { return (0, shown) };
        for slot in slots {
            // Equal hashes are not to be told apart by a cursor, so they are shown together.
            if slot.hash != last {
                return (between(last, slot.hash).reverse_bits(), shown);
            }
            shown.push(slot);
        }
        (0, shown)
    }
}

impl<V: Clone> FromIterator<(Bytes, V)> for Table<V> {
    /// Of several slots with one name, the last stays.
    fn from_iter<I: IntoIterator<Item = (Bytes, V)>>(pairs: I) -> Self {
        let slot = |(name, value): (Bytes, V)| Slot { hash: hash_of(&name), name, value };
        let mut slots: Vec<Slot<V>> = pairs.into_iter().map(slot).collect();
        slots.reverse();
        slots.sort_by(|a, b| a.hash.cmp(&b.hash).then_with(|| a.name.cmp(&b.name)));
        slots.dedup_by(|next, kept| next.name == kept.name);
        Self { slots: Trie::from_sorted(slots) }
    }
}

/// The roundest number in `low + 1 ..= high`: `high` with all bits cleared below the first in
/// which it differs from `low`.
const fn between(low: u64, high: u64) -> u64 {
    high & (u64::MAX << (63 - (low ^ high).leading_zeros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u32) -> Table<u32> {
        (0..count).map(|n| (Bytes::from(n.to_string().into_bytes()), n)).collect()
    }

    #[test]
    fn a_table_built_at_once_is_the_one_built_by_steps() {
        let mut table = Table::default();
        for n in 0..500u32 {
            table.insert(Bytes::from(n.to_string().into_bytes()), n);
        }
        assert_eq!(table, filled(500));
        let twice = [(Bytes::from(&b"a"[..]), 1), (Bytes::from(&b"a"[..]), 2)];
        assert_eq!(Table::from_iter(twice).get(b"a"), Some(&2));
    }

    #[test]
    fn a_scan_shows_what_stays_although_others_come_and_go() {
        let mut table = filled(1_000);
        let (mut cursor, mut shown) = (0, Vec::new());
        loop {
            let (next, slots) = table.scan(cursor, 10);
            shown.extend(slots.iter().map(|slot| slot.value));
            let gone = shown.len().to_string();
            table.remove(gone.as_bytes());
            table.insert(Bytes::from(format!("new:{gone}").into_bytes()), 5_000);
            assert!(next < 1 << 20, "cursor {next} is not small");
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        for n in (0..1_000).filter(|n| table.get(n.to_string().as_bytes()).is_some()) {
            assert!(shown.contains(&n), "{n}");
        }
    }

    #[test]
    fn the_round_number_lies_after_the_lower() {
        for (low, high, round) in [(0, 1, 1), (5, 6, 6), (3, 12, 8), (0x0fff, 0x1234, 0x1000)] {
            assert_eq!(between(low, high), round);
        }
        assert_eq!(between(0, u64::MAX), 1 << 63);
    }
}
