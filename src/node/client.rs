//! Connections that the server has accepted: clients, and clients that have become replicas.

use super::block::Blocked;
use super::io::{Address, Link};
use crate::replication::{Downlink, Introduction, Offset};
use crate::resp::{Bytes, Command, CommandDecoder, Protocol};
use crate::time::Instant;

/// One accepted connection.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// The number that CLIENT ID answers.
    pub(super) id: u64,
    /// Where it comes from.
    pub(super) peer: Address,
    /// The address that it came to.
    pub(super) local: Address,
    /// When it came.
    pub(super) since: Instant,
    /// When it was last heard.
    pub(super) heard_at: Instant,
    /// Its commands, as they arrive.
    pub(super) decoder: CommandDecoder,
    /// The version of RESP that it speaks.
    pub(super) protocol: Protocol,
    /// The database that it has selected.
    pub(super) db: usize,
    /// `CLIENT SETNAME`.
    pub(super) name: String,
    /// False until it has given the password, if there is one.
    pub(super) authenticated: bool,
    /// The transaction that it has begun.
    pub(super) transaction: Option<Transaction>,
    /// The keys that it watches, and whether one of them was touched.
    pub(super) watch: Watch,
    /// What it waits for; its further commands wait with it.
    pub(super) waiting: Option<Waiting>,
    /// The end of the stream after its last write: what WAIT is about.
    pub(super) wrote: Offset,
    /// Replies that go out at the end of the turn.
    pub(super) replies: Vec<u8>,
    /// What it has said of itself with REPLCONF, while it is not yet a replica.
    pub(super) introduced: Introduction,
    /// The replica that it has become.
    pub(super) downlink: Option<Downlink>,
    /// The name of its last command.
    pub(super) last_command: String,
    /// True once it is to be closed when its replies have left.
    pub(super) closing: bool,
}

/// MULTI, up to EXEC.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    /// What has been queued.
    pub(super) queue: Vec<Command>,
    /// True after a command that could not be queued: EXEC will refuse.
    pub(super) poisoned: bool,
}

/// WATCH, up to EXEC.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// The keys, with their databases.
    pub(super) keys: Vec<(usize, Bytes)>,
    /// True once one of them was touched.
    pub(super) touched: bool,
}

/// What a client waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Waiting {
    /// WAIT: enough replicas at an offset.
    Replicas {
        /// The offset.
        offset: Offset,
        /// How many replicas are enough.
        count: u64,
        /// When it gives up.
        until: Option<Instant>,
    },
    /// BLPOP and its relatives: a key.
    Keys(Box<Blocked>),
    /// SAVE and SHUTDOWN: the disk.
    Disk,
}

impl Client {
    pub(super) fn new(id: u64, peer: Address, local: Address, now: Instant) -> Self {
        Self {
            id,
            peer,
            local,
            since: now,
            heard_at: now,
            decoder: CommandDecoder::default(),
            protocol: Protocol::Resp2,
            db: 0,
            name: String::new(),
            authenticated: false,
            transaction: None,
            watch: Watch::default(),
            waiting: None,
            wrote: Offset(0),
            replies: Vec::new(),
            introduced: Introduction::default(),
            downlink: None,
            last_command: "NULL".to_owned(),
            closing: false,
        }
    }

    /// What it has said of itself, as a replica or on the way to become one.
    pub(super) fn introduction(&self) -> &Introduction {
        self.downlink.as_ref().map_or(&self.introduced, |down| &down.introduction)
    }

    /// The line of CLIENT LIST.
    pub(super) fn info(&self, link: Link, now: Instant) -> String {
        let flags = match (&self.downlink, &self.transaction, &self.waiting) {
            (Some(_), ..) => "S",
            (None, Some(_), _) => "x",
            (None, None, Some(_)) => "b",
            (None, None, None) => "N",
        };
        let multi = self.transaction.as_ref().map_or(-1, |t| t.queue.len() as i64);
        let resp = if self.protocol == Protocol::Resp2 { 2 } else { 3 };
        format!(
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={flags} db={} sub=0 psub=0 \
             ssub=0 multi={multi} qbuf={} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=1024 rbp=0 obl={} \
             oll=0 omem=0 tot-mem=0 events=r cmd={} user=default redir=-1 resp={resp} lib-name= \
             lib-ver=",
            self.id,
            self.peer,
            self.local,
            7 + link.0,
            self.name,
            now.since(self.since).seconds(),
            now.since(self.heard_at).seconds(),
            self.db,
            self.decoder.pending(),
            self.replies.len(),
            self.last_command,
        )
    }
}
