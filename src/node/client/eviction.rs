//! `maxmemory-clients` and `client-query-buffer-limit`: clients that cost too much are closed.
//!
//! The largest go first, by powers of two, until the others have room. Who may never go has said
//! CLIENT NO-EVICT, or is a replica. *Source*: Redis 7.2 · networking.c · evictClients,
//! readQueryFromClient; server.c · getMemUsageBucket.

use super::super::io::{Link, Output};
use super::super::log::quoted;
use super::super::machine::Machine;
use super::super::note::ServerNote;
use super::Class;

impl Machine<'_> {
    /// Closes the largest clients while all together take more than they may.
    pub(in crate::node) fn evict_clients(&mut self) {
        let limit = self.state.config().hot.clients_memory;
        if limit > 0 {
            self.evict_largest(limit);
        }
    }

    /// Few servers have such a limit: a page fetches what it is about when it is called.
    #[inline(never)]
    fn evict_largest(&mut self, limit: u64) {
        let clients = &self.state.clients;
        if clients.weight() + clients.len() as u64 * IDLE_BYTES_MAX < limit {
            return;
        }
        let mut total = self.state.clients_memory(self.now);
        for (link, bytes) in self.evictable() {
            if total < limit {
                return;
            }
            let client = self.state.client_line(link, self.now);
            self.note(ServerNote::EvictingClient(client));
            self.state.stats.evicted_clients += 1;
            self.drop_now(link);
            total -= bytes;
        }
        if total >= limit {
            self.note(ServerNote::NoClientToEvict);
        }
    }

    /// Who may go and what each takes, the first to go first.
    fn evictable(&self) -> Vec<(Link, u64)> {
        let state = &*self.state;
        let candidates = state.clients.iter().filter(|(_, client)| {
            !client.no_evict && client.ending.is_none() && client.class() != Class::Replica
        });
        let mut sized: Vec<(Link, u64)> = candidates
            .map(|(&link, client)| (link, state.client_memory(link, client, self.now)))
            .collect();
        // The sort keeps those of one size in the order in which they came.
        sized.sort_by_key(|(_, bytes)| bytes.max(&SMALL_BYTES).leading_zeros());
        sized
    }

    /// True unless a client has sent so much that it is closed instead of heard.
    pub(in crate::node) fn may_ask(&mut self, link: Link) -> bool {
        let Some(client) = self.state.clients.get(&link) else { return false };
        client.is_light() || self.may_ask_much(link)
    }

    #[inline(never)]
    fn may_ask_much(&mut self, link: Link) -> bool {
        let Some(client) = self.state.clients.get(&link) else { return false };
        if client.decoder.pending() as u64 > self.state.config().hot.query_limit {
            let unread = client.decoder.unread();
            let begins = quoted(&unread[..unread.len().min(SHOWN_BYTES)]);
            let client = self.state.client_line(link, self.now);
            self.note(ServerNote::ClosingClient { client, begins });
            self.state.stats.query_limit_disconnections += 1;
            self.drop_now(link);
            return false;
        }
        self.state.clients.weigh(link, self.now);
        self.evict_clients();
        self.state.clients.contains_key(&link)
    }

    /// Closes a client at once: what is on its way goes on, what still lies here does not.
    #[inline(never)]
    fn drop_now(&mut self, link: Link) {
        let Some(client) = self.state.clients.get(&link) else { return };
        let waits = client.waits().nodes > 0;
        self.out.push(if waits { Output::Drop { link } } else { Output::Close { link } });
        self.forget(link);
    }
}

/// More than a client takes that says and hears little.
const IDLE_BYTES_MAX: u64 = 20 * 1024;
/// Clients that take less are all alike.
const SMALL_BYTES: u64 = 1 << 14;
/// So much is shown of what a client has sent.
const SHOWN_BYTES: usize = 64;
