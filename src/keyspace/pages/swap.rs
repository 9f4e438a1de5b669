//! A key that is given another value of the same weight.
//!
//! Counters and caches do little else. No tally changes then, on the page or above it, so the way
//! down is the whole work: nothing is carried back up.

use std::rc::Rc;

use super::{Entry, Node, Pages};

impl Pages {
    /// Exchanges `entry` for the one of the same key, if there is one with the same tally. The path
    /// is made our own in any case: who asks is about to write.
    pub(super) fn swap(&mut self, hash: u64, entry: &mut Entry) -> bool {
        let (epoch, copied) = (self.epoch, &mut self.copied);
        let (mut node, mut depth) = (self.root.as_mut(), 0);
        loop {
            match node {
                None => return false,
                Some(Node::Branch(branch)) => {
                    node = Rc::make_mut(branch).child_mut(hash, depth).as_mut();
                    depth += 1;
                }
                Some(Node::Page(page)) => {
                    let Some(at) = page.counterpart(hash, entry) else { return false };
                    page.note_write(epoch, copied);
                    Rc::make_mut(page).swap(at, entry, epoch);
                    return true;
                }
            }
        }
    }
}
