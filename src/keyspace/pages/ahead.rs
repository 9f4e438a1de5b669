//! A look at many keys at once.
//!
//! In a large dataset every step towards a key is a place that the processor has not seen for long,
//! and must wait for. Steps towards different keys do not depend on each other: taken side by side,
//! level by level, the waits fall together.

use std::hint::black_box;

use super::{Entry, Node, Page, Pages, hash_of};

/// So many keys are looked at side by side.
pub const KEYS_AT_ONCE: usize = 16;

impl Pages {
    /// Looks at the places of the first [`KEYS_AT_ONCE`] of `keys`, so that they are near when they
    /// are used.
    pub(in super::super) fn look_ahead<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) {
        let Some(root) = &self.root else { return };
        let mut sought = [const { None::<Sought<'_>> }; KEYS_AT_ONCE];
        if self.len() < NEAR_KEYS {
            return;
        }
        let mut last: &[u8] = b"";
        for (place, key) in sought.iter_mut().zip(keys) {
            // To look for the same again finds nothing else.
            if key == last {
                continue;
            }
            last = key;
            *place = Some(Sought { hash: hash_of(key), node: root });
        }
        let mut depth = 0;
        while sought.iter_mut().flatten().fold(false, |any, key| key.descend(depth) | any) {
            depth += 1;
        }
        let pages = sought.map(|key| key.and_then(|key| key.page().map(|page| (key.hash, page))));
        let entries = pages.map(|at| at.and_then(|(hash, page)| page.likely(hash)));
        let first = |entry: &&Entry| entry.key.first().copied().unwrap_or_default();
        black_box(entries.iter().flatten().map(first).fold(0, |seen, byte| seen ^ byte));
        let values = entries.iter().flatten().map(|entry| entry.value.glance());
        black_box(values.fold(0, |seen, byte| seen ^ byte));
    }
}

/// A dataset of so few keys is near as a whole.
const NEAR_KEYS: u64 = 2_000;

/// A key on the way to its page.
struct Sought<'n> {
    hash: u64,
    node: &'n Node,
}

impl<'n> Sought<'n> {
    /// Goes one level down; false at a page, or where there is none.
    fn descend(&mut self, depth: u32) -> bool {
        let Node::Branch(branch) = self.node else { return false };
        match branch.child(self.hash, depth) {
            Some(child) => {
                self.node = child;
                true
            }
            None => false,
        }
    }

    fn page(&self) -> Option<&'n Page> {
        match self.node {
            Node::Branch(_) => None,
            Node::Page(page) => Some(page),
        }
    }
}
