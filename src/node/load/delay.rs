//! A load that takes long: because of `key-load-delay`, or because the link has gone quiet.
//!
//! Redis sleeps behind each key, and reads no more of the link than it has loaded: what follows
//! waits in the system, and in the end holds the master up. Here the delay of all that has arrived
//! is served at once, and a host that asks [`Node::is_deaf_on`] reads no further meanwhile.
//! *Source*: Redis 7.2 · rdb.c · rdbLoadRioWithLoadingCtx; rio.c · rioConnRead.

use super::super::io::Link;
use super::super::machine::{Machine, Node};
use super::super::state::State;
use super::super::upstream::Uplink;
use super::Fault;
use crate::time::Duration;

impl Node {
    /// True while the process reads nothing from this connection: it sleeps, or loads slowly. A
    /// host may leave what arrives where it is; one that has no such place hands it over.
    pub fn is_deaf_on(&self, link: Link) -> bool {
        let loads = || link.is_dialled() && self.state.upstream.connection() == Some(link);
        self.state.sleep.is_some() || (self.state.is_load_delayed() && loads())
    }
}

impl State {
    /// True while nothing is awaited from the master: a dataset is read from the disk, or
    /// `key-load-delay` is served.
    pub(in crate::node) fn loads_without_link(&self) -> bool {
        let from_file = |loading: &super::Loading| !loading.to_parser();
        self.loading.as_ref().is_some_and(from_file) || self.is_load_delayed()
    }

    fn is_load_delayed(&self) -> bool {
        self.loading.as_ref().is_some_and(|loading| loading.delayed_until.is_some())
    }
}

impl Machine<'_> {
    /// The parser waits for bytes, and the link has none.
    pub(in crate::node) fn loading_starved(&mut self) {
        let text = "Unexpected EOF reading RDB file. Failure loading rdb format from socket, \
                    assuming connection error, resuming operation.";
        self.loading_failed(Fault::Other(text.to_owned()));
    }

    /// `key-load-delay`: what follows comes later; false if there is none to be served.
    pub(super) fn serve_load_delay(&mut self) -> bool {
        let key_delay = self.state.config().hot.key_load_delay;
        let now = self.now;
        let Some(loading) = &mut self.state.loading else { return false };
        let delay = key_delay.of(std::mem::take(&mut loading.owing));
        if delay > Duration::ZERO {
            let from = loading.delayed_until.unwrap_or(now).max(loading.ready_at);
            loading.delayed_until = Some(from + delay);
        }
        let Some(until) = loading.delayed_until else { return false };
        loading.ready_at = loading.ready_at.max(until);
        true
    }

    /// Goes on, if it is time: the link is asked again from now on.
    #[inline(never)]
    pub(super) fn end_load_delay(&mut self) {
        let now = self.now;
        let Some(loading) = &mut self.state.loading else { return };
        if loading.delayed_until.take_if(|until| now >= *until).is_none() {
            return;
        }
        if let Uplink::Transfer(transfer) = &mut self.state.upstream.link {
            transfer.heard_at = now;
        }
    }

    /// All is read; only the delay is to be served.
    pub(super) const fn loading_ended(&mut self) {
        if let Some(loading) = &mut self.state.loading {
            loading.ended = true;
        }
    }
}
