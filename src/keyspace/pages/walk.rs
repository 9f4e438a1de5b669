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

/// The first page below `node`, whose hashes are the `span` from `start` on, that holds one of at
/// least `from`.
pub(super) fn page_from(
    node: &Node,
    from: u64,
    (start, span): (u64, u128),
    depth: u32,
) -> Option<PageAt<'_>> {
    match node {
        Node::Page(page) => {
            let next = u64::try_from(u128::from(start) + span).ok();
            Some(PageAt { entries: page.entries(), start, next, epoch: page.epoch() })
        }
        Node::Branch(branch) => {
            // Of one slot; of what was asked for, the slot.
            let width = 1 << (64 - BITS * (depth + 1));
            let mut slot = (from.saturating_sub(start) / width) as usize;
            while slot < FAN {
                let (child, first, slots) = branch.run(slot);
                let range = (start + first as u64 * width, slots as u128 * u128::from(width));
                let found = child.and_then(|child| page_from(child, from, range, depth + 1));
                if found.is_some() {
                    return found;
                }
                slot = first + slots;
            }
            None
        }
    }
}
