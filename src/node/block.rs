//! Clients that wait for a key: BLPOP and its relatives.
//!
//! A command that leaves a [`Block`] has done nothing. Its client is parked, and whenever a key is
//! touched that it awaits, the command is run again, behind the whole command or transaction that
//! touched the key. Who waits longest is served first.
//!
//! ```text
//!     RPUSH q a ──▶ settle: q is ready ──▶ reply, stream ──▶ serve_ready ──▶ BLPOP q 0 again
//! ```
//! *Source*: Redis 7.2 · blocked.c · handleClientsBlockedOnKeys, blockForKeys.

use std::collections::BTreeSet;

use super::client::Waiting;
use super::gates::{Asker, Row};
use super::io::Link;
use super::machine::{Caller, Machine};
use super::state::{Profile, State};
use crate::commands::{Block, Spec};
use crate::keyspace::Value;
use crate::resp::{Bytes, Reply};
use crate::time::{Duration, Instant};

/// A command that waits for a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blocked {
    /// The name and the arguments: they will be run again.
    pub(super) args: Vec<Bytes>,
    /// The database of its keys.
    pub(super) db: usize,
    /// What it waits for.
    pub(super) block: Block,
    /// When it gives up.
    pub(super) until: Option<Instant>,
}

impl State {
    /// How many keys clients wait for.
    pub(super) fn awaited_keys(&self) -> usize {
        let mut keys = BTreeSet::new();
        for client in self.parked.iter().filter_map(|link| self.clients.get(link)) {
            if let Some(Waiting::Keys(blocked)) = &client.waiting {
                keys.extend(blocked.block.keys.iter().map(|key| (blocked.db, key)));
            }
        }
        keys.len()
    }
}

impl Machine<'_> {
    /// Keeps a client waiting. One whose command was run again waits no longer than it did.
    pub(super) fn park(&mut self, link: Link, db: usize, args: &[Bytes], mut block: Block) {
        let wait = block.timeout_ms.map(Duration::from_millis);
        let until = wait.map(|wait| self.now + wait);
        let args = block.again.take().unwrap_or_else(|| args.to_vec());
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        client.waiting = Some(Waiting::Keys(Box::new(Blocked { args, db, block, until })));
        self.state.parked.push(link);
    }

    /// Remembers which of the touched keys somebody waits for.
    pub(super) fn signal_ready(&mut self, touched: &[(usize, Bytes)]) {
        if self.state.parked.is_empty() {
            return;
        }
        for key in touched {
            if !self.state.ready.contains(key) && !self.waiting_for(key).is_empty() {
                self.state.ready.push(key.clone());
            }
        }
    }

    /// Runs the commands again that wait for keys which are there now, each once: who finds that
    /// nothing has come, as XREAD may, goes on waiting. A process that was sent to sleep meanwhile,
    /// or moves keys, comes to it later.
    pub(super) fn serve_ready(&mut self) {
        if self.state.ready.is_empty() || self.state.is_held() {
            return;
        }
        while !self.state.ready.is_empty() {
            let key = self.state.ready.remove(0);
            for link in self.waiting_for(&key) {
                if self.is_awaited(&key, link) {
                    self.run_again(link);
                }
            }
        }
    }

    /// Who waits for what this key holds now, the longest first.
    fn waiting_for(&self, key: &(usize, Bytes)) -> Vec<Link> {
        let parked = self.state.parked.iter().copied();
        parked.filter(|&link| self.is_awaited(key, link)).collect()
    }

    /// True if the client waits for what this key holds now.
    fn is_awaited(&self, (db, key): &(usize, Bytes), link: Link) -> bool {
        let client = self.state.clients.get(&link);
        let Some(Waiting::Keys(blocked)) = client.and_then(|client| client.waiting.as_ref()) else {
            return false;
        };
        let value = self.state.keyspace.db(*db).get(key).map(|entry| &entry.value);
        blocked.db == *db && blocked.block.keys.contains(key) && blocked.block.awaits(value)
    }

    fn run_again(&mut self, link: Link) {
        self.unpark(link);
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        let Some(Waiting::Keys(blocked)) = client.waiting.take() else { return };
        let Some(Row::Data(spec)) = self.state.row(&blocked.args[0]) else { return };
        // It is this client's command now: messages to itself wait behind its reply.
        let served = self.state.served.replace(link);
        let reply = self.run_blocked(link, spec, &blocked);
        self.reply(link, &reply);
        self.state.served = served;
        self.tell_behind(link);
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        match &mut client.waiting {
            Some(Waiting::Keys(again)) => again.until = blocked.until,
            Some(Waiting::Replicas { .. } | Waiting::Disk | Waiting::Unpause(_)) | None => {
                self.state.resumed.push(link);
            }
        }
    }

    fn run_blocked(&mut self, link: Link, spec: &'static Spec, blocked: &Blocked) -> Reply {
        if self.lost_its_stream(spec, blocked) {
            return Reply::error("UNBLOCKED the stream key no longer exists");
        }
        let asker = Asker { db: blocked.db, ..self.asker(link, spec) };
        self.run_data(link, spec, asker, &blocked.args)
    }

    /// True if what a 7.0 waited for as one of a group is no stream any more; a later release has
    /// no words of its own for that.
    fn lost_its_stream(&self, spec: &Spec, blocked: &Blocked) -> bool {
        if spec.name != "xreadgroup" || self.state.setup.profile != Profile::V7_0 {
            return false;
        }
        let db = self.state.keyspace.db(blocked.db);
        let is_stream =
            |key: &Bytes| db.get(key).is_some_and(|entry| matches!(entry.value, Value::Stream(_)));
        !blocked.block.keys.iter().all(is_stream)
    }

    fn unpark(&mut self, link: Link) {
        self.state.parked.retain(|&parked| parked != link);
    }

    /// Ends a client's wait for keys, with `reply`; false if it does not wait for any.
    pub(super) fn unblock(&mut self, link: Link, reply: &Reply) -> bool {
        let Some(client) = self.state.clients.get_mut(&link) else { return false };
        if !matches!(client.waiting, Some(Waiting::Keys(_))) {
            return false;
        }
        self.count_wait(link, reply);
        self.forget_wait(link);
        self.reply(link, reply);
        self.state.resumed.push(link);
        true
    }

    /// Counts a command that has waited for keys, and ends with `reply` without having run.
    pub(super) fn count_wait(&mut self, link: Link, reply: &Reply) {
        let waiting = self.state.clients.get(&link).and_then(|client| client.waiting.as_ref());
        if let Some(Waiting::Keys(blocked)) = waiting {
            let args = blocked.args.clone();
            if let Some(row) = self.state.row(&args[0]) {
                self.count_run(Caller::Client(link), row, &args, reply);
            }
        }
    }

    /// The server becomes a replica: what clients wait for will not come from clients any more.
    pub(super) fn unblock_all(&mut self) {
        let reply = Reply::error(
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> \
             replica?)",
        );
        let waiting: Vec<Link> = self
            .state
            .clients
            .iter()
            .filter(|(_, client)| {
                matches!(client.waiting, Some(Waiting::Keys(_) | Waiting::Replicas { .. }))
            })
            .map(|(&link, _)| link)
            .collect();
        for link in waiting {
            self.reply(link, &reply);
            self.forget_wait(link);
            self.close_replied(link);
        }
    }

    /// The client waits for nothing any more.
    pub(super) fn forget_wait(&mut self, link: Link) {
        self.unpark(link);
        self.state.waiting.remove(&link);
        self.state.postponed.retain(|&postponed| postponed != link);
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.waiting = None;
        }
    }

    /// Answers the clients whose time is over.
    pub(super) fn end_waits(&mut self) {
        let over = |link: &Link| {
            let client = self.state.clients.get(link);
            let Some(Waiting::Keys(blocked)) = client.and_then(|client| client.waiting.as_ref())
            else {
                return false;
            };
            blocked.until.is_some_and(|until| until <= self.now)
        };
        let over: Vec<Link> = self.state.parked.iter().copied().filter(over).collect();
        for link in over {
            self.unblock(link, &Block::TIMED_OUT);
        }
    }

    /// Serves what clients have sent while they waited.
    pub(super) fn serve_resumed(&mut self) {
        while !self.state.is_held() && !self.state.resumed.is_empty() {
            let link = self.state.resumed.remove(0);
            self.serve(link);
        }
    }
}
