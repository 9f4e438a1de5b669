//! The link to the master: dialled, introduced, filled with a snapshot, then a stream.
//!
//! ```text
//!     Idle ◀──REPLICAOF NO ONE──┐
//!       │ REPLICAOF             │            any failure before the stream
//!       ▼                       │        ┌───────────────────────────────────┐
//!     Connect ──dial──▶ Connecting ──opened──▶ Handshake ──FULLRESYNC──▶ Transfer
//!       ▲                                         │                          │ loaded
//!       │                                         └────CONTINUE──▶ Connected ◀┘
//!       └──────────── link lost: what was reached is cached ──────────┘
//! ```
//!
//! `handshake` holds the conversation up to PSYNC's verdict, `load` the way from a received file
//! into the keyspace; here are the order to follow somebody, the stream, and the loss of the link.
//! *Source*: Redis 7.2 · replication.c · replicationSetMaster,
//! replicationHandleMasterDisconnection.

use super::io::{Address, Breach, Link, Output};
use super::machine::Machine;
use super::note::ReplicaNote;
use super::stream::Stream;
use crate::replication::{Awaiting, History, Offset, Receiver, ReplicationId, Said};
use crate::resp::Bytes;
use crate::time::Instant;

/// A server's link to its master.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    /// Whom the server follows; none on a master.
    pub(super) master: Option<Address>,
    /// The state of the link.
    pub(super) link: Uplink,
    /// From where it could continue.
    pub(super) cached: Option<Cached>,
    /// Since when the link is down, once it was up.
    pub(super) down_since: Option<Instant>,
    /// How many connections have been dialled.
    pub(super) dialled: u64,
}

/// The state of the link to the master.
#[derive(Clone, Debug)]
pub(super) enum Uplink {
    /// The server is a master.
    Idle,
    /// The next tick of the cron dials.
    Connect,
    /// The connection is being made.
    Connecting {
        /// The connection.
        link: Link,
        /// Since when.
        since: Instant,
    },
    /// The conversation before the snapshot.
    Handshake {
        /// The connection.
        link: Link,
        /// When the last line came.
        since: Instant,
        /// What is awaited.
        awaiting: Awaiting,
        /// What was said in the introduction.
        said: Said,
        /// What has arrived of the next line.
        line: Vec<u8>,
    },
    /// The snapshot comes in, or is being loaded.
    Transfer(Box<Transfer>),
    /// The stream flows.
    Connected(Box<Stream>),
}

/// A snapshot on its way.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    /// The connection.
    pub(super) link: Link,
    /// When bytes came last.
    pub(super) heard_at: Instant,
    /// Where the snapshot stands, as the master announced; unknown after plain SYNC.
    pub(super) announced: Option<(ReplicationId, Offset)>,
    /// Takes the framing off.
    pub(super) receiver: Receiver,
    /// True once its form was logged.
    pub(super) form_noted: bool,
    /// The file that it is kept in.
    pub(super) file: String,
    /// Disk orders that have not been answered.
    pub(super) writes: u64,
    /// True once every byte has arrived.
    pub(super) complete: bool,
    /// Bytes that arrived behind the snapshot: the stream has begun.
    pub(super) beyond: Vec<u8>,
    /// True once the master has hung up: what is whole is loaded all the same.
    pub(super) lost: bool,
    /// True if the end was a mark: the master waits for our ACK.
    pub(super) marked: bool,
    /// When the last sign of life was sent.
    pub(super) newline_at: Instant,
}

/// What remains of a link: enough to ask to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cached {
    /// The history.
    pub(super) id: ReplicationId,
    /// How far it was followed.
    pub(super) offset: Offset,
    /// The database that the stream had selected.
    pub(super) db: usize,
    /// The number that the master had among the clients.
    pub(super) client: u64,
}

impl Upstream {
    /// The link of a server that starts; `replicaof` is the directive's value, and so many
    /// connections were dialled before.
    pub(super) fn configured(replicaof: Option<&str>, dialled: u64) -> Self {
        let words: Vec<&str> = replicaof.unwrap_or("").split_ascii_whitespace().collect();
        let master = match words.as_slice() {
            [host, port] => port.parse().ok().map(|port| Address::new(host, port)),
            _ => None,
        };
        let link = if master.is_some() { Uplink::Connect } else { Uplink::Idle };
        Self { master, link, cached: None, down_since: None, dialled }
    }

    /// True while the stream flows.
    pub(super) const fn is_up(&self) -> bool {
        matches!(self.link, Uplink::Connected(_))
    }

    /// True if a pause keeps the stream waiting.
    pub(super) const fn is_postponed(&self) -> bool {
        matches!(&self.link, Uplink::Connected(stream) if stream.postponed.is_some())
    }

    /// The connection, if there is one.
    pub(super) fn connection(&self) -> Option<Link> {
        match &self.link {
            Uplink::Idle | Uplink::Connect => None,
            Uplink::Connecting { link, .. } | Uplink::Handshake { link, .. } => Some(*link),
            Uplink::Transfer(transfer) => Some(transfer.link),
            Uplink::Connected(stream) => Some(stream.link),
        }
    }

    /// The word that ROLE has for the state.
    pub(super) const fn role_state(&self) -> &'static str {
        match &self.link {
            Uplink::Idle => "none",
            Uplink::Connect => "connect",
            Uplink::Connecting { .. } => "connecting",
            Uplink::Handshake { .. } => "handshake",
            Uplink::Transfer(_) => "sync",
            Uplink::Connected(_) => "connected",
        }
    }

    /// Redis' own name of the state, in small letters.
    pub(super) const fn state_name(&self) -> &'static str {
        match &self.link {
            Uplink::Idle => "none",
            Uplink::Connect => "connect",
            Uplink::Connecting { .. } => "connecting",
            Uplink::Handshake { awaiting, .. } => awaiting.state_name(),
            Uplink::Transfer(_) => "transfer",
            Uplink::Connected(_) => "connected",
        }
    }

    /// The database in which the master's stream is, if it is known.
    pub(super) fn stream_db(&self) -> Option<usize> {
        match &self.link {
            Uplink::Connected(stream) => Some(stream.db),
            Uplink::Idle
            | Uplink::Connect
            | Uplink::Connecting { .. }
            | Uplink::Handshake { .. }
            | Uplink::Transfer(_) => self.cached.map(|cached| cached.db),
        }
    }
}

impl Machine<'_> {
    /// Begins to follow `master`. Who has ordered it is the caller's to say.
    pub(super) fn follow(&mut self, master: Address) {
        let was_master = !self.state.is_replica();
        // The lines about the old link are written in no role but that of a master.
        self.state.upstream.master = None;
        self.leave_master();
        if was_master {
            let db = self.state.stream.selected().unwrap_or(0);
            let client = self.state.number_client();
            self.cache(db, client);
        }
        self.state.upstream.master = Some(master);
        self.unblock_all();
        if was_master {
            self.note(ReplicaNote::SynthesizedCachedMaster);
        }
        self.dial();
    }

    /// Stops following anybody: the history goes on under a new name.
    pub(super) fn promote(&mut self) {
        self.state.upstream.master = None;
        self.leave_master();
        if self.state.upstream.cached.take().is_some() {
            self.note(ReplicaNote::DiscardingCachedMaster);
        }
        self.state.history.branch(&mut self.state.random);
        let history: &History = &self.state.history;
        let (second, id) = (history.second_id(), history.id);
        let valid_up_to = history.second_wire_offset();
        self.note(ReplicaNote::SecondaryIdSet { second, valid_up_to, id });
        self.disconnect_replicas();
        self.state.stream.reset();
        self.state.upstream.down_since = None;
        self.state.no_replicas_since = self.now;
    }

    /// Closes the link, whatever state it is in, and remembers what a stream had reached.
    fn leave_master(&mut self) {
        if let Some(link) = self.state.upstream.connection() {
            self.out.push(Output::Close { link });
        }
        self.abandon_loading();
        let link = std::mem::replace(&mut self.state.upstream.link, Uplink::Idle);
        if let Uplink::Connected(stream) = link {
            self.note(ReplicaNote::MasterLost);
            self.cache_master(&stream);
        }
    }

    fn cache_master(&mut self, stream: &Stream) {
        self.note(ReplicaNote::CachingMaster);
        self.cache(stream.db, stream.client);
        self.state.upstream.down_since = Some(self.now);
    }

    /// Remembers what this server has reached, so that a stream can go on from there.
    fn cache(&mut self, db: usize, client: u64) {
        let (id, offset) = (self.state.history.id, self.state.history.offset);
        self.state.upstream.cached = Some(Cached { id, offset, db, client });
    }

    /// Dials the master.
    pub(super) fn dial(&mut self) {
        let Some(master) = self.state.upstream.master.clone() else { return };
        self.note(ReplicaNote::ConnectingToMaster(master));
        self.redial();
    }

    /// Dials again, without saying so twice.
    fn redial(&mut self) {
        let Some(to) = self.state.upstream.master.clone() else { return };
        let link = self.name_dialled();
        self.state.upstream.link = Uplink::Connecting { link, since: self.now };
        self.out.push(Output::Dial { link, to });
        self.note(ReplicaNote::SyncStarted);
    }

    /// The name of the next connection that this server dials.
    pub(super) const fn name_dialled(&mut self) -> Link {
        let link = Link::dialled(self.state.upstream.dialled);
        self.state.upstream.dialled += 1;
        link
    }

    /// Gives the attempt up; the next tick of the cron tries again.
    pub(super) fn retry_later(&mut self) {
        if let Some(link) = self.state.upstream.connection() {
            self.out.push(Output::Close { link });
        }
        self.state.upstream.link = Uplink::Connect;
    }

    /// Gives the attempt up and tries again at once.
    pub(super) fn retry_now(&mut self) {
        if let Some(link) = self.state.upstream.connection() {
            self.out.push(Output::Close { link });
        }
        self.abandon_loading();
        if let Some(master) = self.state.upstream.master.clone() {
            self.note(ReplicaNote::ReconnectingAfterFailure(master));
            self.redial();
        }
    }

    /// The stream has ended: remember how far it came, and dial again.
    pub(super) fn stream_lost(&mut self, cache: bool) {
        let link = std::mem::replace(&mut self.state.upstream.link, Uplink::Connect);
        let Uplink::Connected(stream) = link else { return };
        self.note(ReplicaNote::MasterLost);
        if cache {
            self.cache_master(&stream);
        }
        self.state.upstream.down_since = Some(self.now);
        if let Some(master) = self.state.upstream.master.clone() {
            self.note(ReplicaNote::Reconnecting(master));
            self.redial();
        }
    }

    /// Bytes from the master.
    pub(super) fn upstream_received(&mut self, link: Link, bytes: &Bytes) {
        if self.state.upstream.connection() != Some(link) {
            return;
        }
        self.state.stats.repl_input_bytes += bytes.len() as u64;
        let now = self.now;
        match &mut self.state.upstream.link {
            Uplink::Idle | Uplink::Connect | Uplink::Connecting { .. } => {}
            Uplink::Handshake { since, line, .. } => {
                *since = now;
                line.extend_from_slice(bytes);
                self.hear_lines();
            }
            Uplink::Transfer(transfer) => {
                transfer.heard_at = now;
                self.transfer_received(bytes);
            }
            Uplink::Connected(stream) => {
                stream.heard_at = now;
                stream.decoder.feed(bytes);
                self.obey();
            }
        }
    }

    /// The connection to the master is gone.
    pub(super) fn upstream_closed(&mut self, link: Link, breach: Option<&Breach>) {
        if self.state.upstream.connection() != Some(link) {
            return self.target_gone(link);
        }
        match &self.state.upstream.link {
            Uplink::Idle | Uplink::Connect => {}
            Uplink::Connecting { .. } => self.upstream_refused(link, "Connection reset by peer"),
            Uplink::Handshake { .. } => self.handshake_closed(breach),
            Uplink::Transfer(_) => self.transfer_closed(breach),
            Uplink::Connected(_) => self.stream_lost(true),
        }
    }
}
