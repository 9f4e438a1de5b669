//! From page to page, in the order of hashes.

use super::{BITS, Entry, FAN, Node};

/// A page, and where the one after it begins.
pub(in crate::keyspace) struct PageAt<'a> {
    /// Its entries, in the order of hashes.
    pub(in crate::keyspace) entries: &'a [Entry],
    /// The first hash that a page may have.
    pub(in crate::keyspace) start: u64,
    /// The first hash beyond the page's range; none at the end of the tree.
    pub(in crate::keyspace) next: Option<u64>,
    /// The epoch of the page's last write.
    pub(in crate::keyspace) epoch: u64,
}

pub(super) fn page_from(node: &Node, from: u64, start: u64, depth: u32) -> Option<PageAt<'_>> {
    match node {
        Node::Page(page) => {
            let next = if depth == 0 { None } else { start.checked_add(span(depth)) };
            Some(PageAt { entries: page.entries(), start, next, epoch: page.epoch() })
        }
        Node::Branch(branch) => {
            let width = span(depth + 1);
            let first = if from <= start { 0 } else { ((from - start) / width) as usize };
            (first..FAN).find_map(|index| {
                let child = branch.children[index].as_ref()?;
                page_from(child, from, start + index as u64 * width, depth + 1)
            })
        }
    }
}

/// How many hashes lie below one node at `depth` (at least 1).
const fn span(depth: u32) -> u64 {
    1 << (64 - BITS * depth)
}
