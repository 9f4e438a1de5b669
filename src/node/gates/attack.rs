//! A browser that was tricked into speaking to the server: its request begins with POST, or has a
//! line that begins with Host. What follows could be commands, so nothing more of it is heard.
//! *Source*: Redis 7.2 · networking.c · securityWarningCommand.

use super::super::io::Link;
use super::super::machine::Machine;
use super::super::note::ServerNote;
use crate::resp::Reply;
use crate::time::Duration;

/// True for the first word of a line of HTTP that no client of ours would send.
pub(in crate::node) fn is_http(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"post") || word.eq_ignore_ascii_case(b"host:")
}

impl Machine<'_> {
    /// Drops the connection; what it has not been told it will not be.
    #[inline(never)]
    pub(in crate::node) fn repel(&mut self, link: Link) -> Reply {
        let from = self.state.clients.get(&link).map(|client| client.peer.to_string());
        let lately = self.state.repelled.is_some_and(|at| self.now.since(at) <= QUIET);
        if let Some(from) = from.filter(|_| !lately) {
            self.state.repelled = Some(self.now);
            self.note(ServerNote::SecurityAttack(from));
        }
        self.close_dropped(link);
        Reply::Silent
    }
}

/// The log is told once in so long.
const QUIET: Duration = Duration::from_secs(60);
