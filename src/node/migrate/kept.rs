//! The connections of MIGRATE that are kept, for the next keys may go the same way.

use super::super::cron::{Wake, after_timeout};
use super::super::io::{Link, Output};
use super::super::machine::{Deadline, Machine};
use super::super::state::State;
use crate::resp::Bytes;
use crate::time::Instant;

/// A connection to a server to which keys have moved.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Its host and port, as they were typed.
    pub(super) target: (Bytes, Bytes),
    pub(super) link: Link,
    /// The database that is selected there, if it is known.
    pub(super) db: Option<i64>,
    /// When it was wanted last.
    pub(super) used: Instant,
    /// True once the other end is gone.
    pub(super) is_lost: bool,
}

impl Kept {
    pub(super) const fn new(target: (Bytes, Bytes), link: Link, used: Instant) -> Self {
        Self { target, link, db: None, used, is_lost: false }
    }
}

/// When a connection has been kept for long enough.
pub(in crate::node) fn kept_due(state: &State) -> Option<Deadline> {
    let used = state.migrations.kept.iter().map(|kept| kept.used).min()?;
    Some(after_timeout(state, used, KEPT_SECONDS, Wake::CloseTarget))
}

impl Machine<'_> {
    /// If too many are kept, one of them goes, by chance.
    pub(super) fn make_room_to_keep(&mut self) {
        if self.state.migrations.kept.len() == KEPT_MAX {
            let index = self.state.random.below(KEPT_MAX as u64) as usize;
            let link = self.state.migrations.kept[index].link;
            self.close_target(link);
        }
    }

    /// Closes a connection, kept or not, that may still stand.
    pub(super) fn close_target(&mut self, link: Link) {
        let kept = &mut self.state.migrations_mut().kept;
        let index = kept.iter().position(|kept| kept.link == link);
        if index.is_none_or(|index| !kept.remove(index).is_lost) {
            self.out.push(Output::Close { link });
        }
    }

    /// A connection that was dialled, and is not that to the master, has ended.
    #[inline(never)]
    pub(in crate::node) fn target_gone(&mut self, link: Link) {
        if let Some(kept) =
            self.state.migrations_mut().kept.iter_mut().find(|kept| kept.link == link)
        {
            kept.is_lost = true;
        }
    }

    /// Closes the connections that nobody has wanted for long.
    #[inline(never)]
    pub(in crate::node) fn close_unused_targets(&mut self) {
        let now = self.now.seconds();
        let unused = |kept: &&Kept| now.saturating_sub(kept.used.seconds()) > KEPT_SECONDS;
        let kept = &self.state.migrations.kept;
        let links: Vec<Link> = kept.iter().filter(unused).map(|kept| kept.link).collect();
        links.into_iter().for_each(|link| self.close_target(link));
    }
}

/// Redis' `MIGRATE_SOCKET_CACHE_ITEMS` and `MIGRATE_SOCKET_CACHE_TTL`.
const KEPT_MAX: usize = 64;
const KEPT_SECONDS: u64 = 10;
