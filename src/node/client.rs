//! Connections that the server has accepted: clients, and clients that have become replicas.

mod buffers;
mod clients;
mod eviction;
mod last_command;
mod reply_buffer;
mod stranger;
mod tracking;

use std::collections::BTreeSet;

use self::buffers::{QueryRoom, Told};
pub(super) use self::clients::Clients;
pub(super) use self::last_command::LastCommand;
pub(super) use self::reply_buffer::{ReplyBuffer, ReplyBufferCare};
pub(super) use self::tracking::{Tracker, Tracking, caching, redirection, tracking, tracking_info};
use super::block::Blocked;
use super::config::{OutputLimit, OutputLimits};
use super::io::Address;
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
    /// True once its connection broke: then the system has no address of it any more.
    pub(super) broken: bool,
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
    /// What it has called last, if there is such a command.
    pub(super) last_command: Option<LastCommand>,
    /// What it has subscribed to.
    pub(super) subscriptions: Subscriptions,
    /// Messages to the client that is being served: they go out behind the reply.
    pub(super) behind: Vec<u8>,
    /// `CLIENT REPLY`.
    pub(super) voice: Voice,
    /// True while it is shown every command: MONITOR.
    pub(super) monitors: bool,
    /// `CLIENT NO-EVICT`.
    pub(super) no_evict: bool,
    /// `CLIENT NO-TOUCH`.
    pub(super) no_touch: bool,
    /// `CLIENT TRACKING`.
    pub(super) tracker: Option<Box<Tracker>>,
    /// `CLIENT SETINFO LIB-NAME` and `LIB-VER`.
    pub(super) library: (String, String),
    /// Bytes handed to the wire that have not left it, as far as they are counted.
    pub(super) in_wire: u64,
    /// What it has been told since it had last read everything.
    told: Told,
    /// The buffer of its replies.
    pub(super) reply_buffer: ReplyBuffer,
    /// The buffer of its commands.
    query: QueryRoom,
    /// What its buffers took when it was weighed.
    weighed: u64,
    /// Since when it holds more than the soft limit of its class.
    pub(super) soft_since: Option<Instant>,
    /// How it ends, once it is to end.
    pub(super) ending: Option<Ending>,
}

/// MULTI, up to EXEC.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    /// What has been queued.
    pub(super) queue: Vec<Command>,
    /// The bytes of its words, and of keeping each.
    pub(super) bytes: u64,
    /// True after a command that could not be queued: EXEC will refuse.
    pub(super) poisoned: bool,
}

/// WATCH, up to EXEC.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// The keys, with their databases, and how they were seen.
    pub(super) keys: Vec<(usize, Bytes, Seen)>,
    /// True once one of them was touched.
    pub(super) touched: bool,
}

/// How a key was found by who watches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    There,
    Missing,
    /// Past its expiry, and not deleted yet: as good as missing.
    Expired,
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
        /// WAITAOF: they have it on their disks.
        durable: bool,
        /// When it gives up.
        until: Option<Instant>,
    },
    /// BLPOP and its relatives: a key.
    Keys(Box<Blocked>),
    /// SAVE and SHUTDOWN: the disk.
    Disk,
    /// CLIENT PAUSE: that it ends; the command is then to be let through the gates again.
    Unpause(Box<Command>),
}

/// What a client has subscribed to.
#[derive(Clone, Debug, Default)]
pub(super) struct Subscriptions {
    /// SUBSCRIBE.
    pub(super) channels: BTreeSet<Bytes>,
    /// PSUBSCRIBE.
    pub(super) patterns: BTreeSet<Bytes>,
    /// SSUBSCRIBE.
    pub(super) shards: BTreeSet<Bytes>,
}

impl Subscriptions {
    /// True if there is any: the client is a subscriber.
    pub(super) fn any(&self) -> bool {
        !(self.channels.is_empty() && self.patterns.is_empty() && self.shards.is_empty())
    }
}

/// Whether a client hears replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// It does.
    On,
    /// It does not.
    Off,
    /// It will not hear the reply to its next command.
    SkipNext,
    /// It does not hear this one.
    Skip,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// When its replies have left.
    Replied,
    /// As soon as may be; what it has not been sent, it will not be.
    Dropped,
}

/// The classes of clients that limits and CLIENT KILL know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Any other.
    Normal,
    /// A replica.
    Replica,
    /// A subscriber.
    PubSub,
}

impl Class {
    /// The limits of its output.
    pub(super) const fn limit(self, limits: &OutputLimits) -> OutputLimit {
        match self {
            Self::Normal => limits.normal,
            Self::Replica => limits.replica,
            Self::PubSub => limits.pubsub,
        }
    }
}

impl Client {
    pub(super) fn new(id: u64, peer: Address, local: Address, now: Instant) -> Self {
        Self {
            id,
            peer,
            broken: false,
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
            last_command: None,
            subscriptions: Subscriptions::default(),
            behind: Vec::new(),
            voice: Voice::On,
            monitors: false,
            no_evict: false,
            no_touch: false,
            tracker: None,
            library: (String::new(), String::new()),
            in_wire: 0,
            told: Told::default(),
            reply_buffer: ReplyBuffer::new(now),
            query: QueryRoom::new(now),
            weighed: 0,
            soft_since: None,
            ending: None,
        }
    }

    /// The name of its last command.
    pub(super) fn last_command_name(&self) -> &str {
        self.last_command.as_ref().map_or("NULL", LastCommand::name)
    }

    /// What it has said of itself, as a replica or on the way to become one.
    pub(super) fn introduction(&self) -> &Introduction {
        self.downlink.as_ref().map_or(&self.introduced, |down| &down.introduction)
    }

    /// Its class.
    pub(super) fn class(&self) -> Class {
        if self.downlink.is_some() {
            Class::Replica
        } else if self.subscriptions.any() {
            Class::PubSub
        } else {
            Class::Normal
        }
    }
}
