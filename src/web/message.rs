//! What the driver and a node's host say to each other: the plain counterparts of turns.
//!
//! Both ends are this engine, in a page and in its Workers, so they speak postcard: bytes that are
//! short, quick to make, and nobody else's to read.

use js_sys::Uint8Array;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::look::NodeLook;
use crate::lab::{
    ConnectionId, DiskHealth, DiskVerb, DiskWork, Done, Fact, FrameKind, NodeId, Order,
};
use crate::node::{Address, Deadline, Level, Link, Wake};
use crate::time::Instant;

/// What a host is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    /// Be the node of this index in this script, from now on or from the beginning.
    Begin { script: String, seed: Option<u64>, index: usize, now: Option<u64> },
    /// Carry turns out, each once its frame has come, up to the first that ends something, or none
    /// of them if they follow one that did; the port of a new connection comes along.
    Turns { follows: bool, turns: Vec<PlainTurn> },
    /// Keep what you are under this name, once these many frames have come on each link.
    Keep { index: u64, frames: Vec<(u64, u64)>, forget: Vec<u64> },
    /// Be again what you were.
    Restore { index: u64 },
    /// Forget what you keep under these names.
    Forget { indices: Vec<u64> },
    /// Use the port that comes along for this link.
    Connect { link: u64 },
    /// Show yourself.
    Look { now: u64, keys: usize },
    /// Say how something is that is watched: `master offset`.
    Watch { now: u64, watch: String },
    /// Show bytes.
    Bytes { of: BytesOf },
}

impl Ask {
    /// True if the node is the same afterwards.
    pub(super) const fn is_question(&self) -> bool {
        match self {
            Self::Begin { .. }
            | Self::Turns { .. }
            | Self::Restore { .. }
            | Self::Connect { .. } => false,
            Self::Keep { .. }
            | Self::Forget { .. }
            | Self::Look { .. }
            | Self::Watch { .. }
            | Self::Bytes { .. } => true,
        }
    }
}

/// Bytes that a host can show.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum BytesOf {
    /// A frame that has not arrived, or was the last that did.
    Frame { link: u64, number: u64 },
    /// What was sent of a snapshot, up to a frame.
    Snapshot { link: u64, number: u64 },
    /// The end of the stream.
    Tail { max: u64 },
    /// The dataset as an RDB.
    Dump { now: u64 },
}

/// What a host answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// It is there, or has done what it was told.
    Ready,
    /// It cannot, and this is why.
    Failed { why: String },
    /// The node has panicked: the host is lost. Some of its turns it may have taken before.
    Panicked { report: String, dones: Vec<PlainDone> },
    /// A frame was lost: a turn could not be taken.
    Lost { link: u64 },
    /// What came of turns.
    Done(Vec<PlainDone>),
    /// What can be seen.
    Look(Box<NodeLook>),
    /// How that is which is watched.
    Watched { value: String },
    /// Bytes, and from where on they are what was asked for; none if they are gone.
    Bytes {
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
        from: Option<usize>,
    },
}

/// A [`Turn`](crate::lab::Turn) of the node that hears it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PlainTurn {
    pub(super) now: u64,
    pub(super) fact: PlainFact,
}

/// A [`Fact`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum PlainFact {
    Started,
    Typed {
        line: String,
    },
    Accepted {
        link: u64,
        connection: u64,
        dialler: (usize, u64),
        peer: (String, u16),
        local: (String, u16),
    },
    Opened {
        link: u64,
        connection: u64,
    },
    Refused {
        link: u64,
        why: String,
    },
    Received {
        link: u64,
    },
    Sent {
        link: u64,
        bytes: u64,
    },
    Closed {
        link: u64,
    },
    Reset {
        link: u64,
    },
    DiskDone {
        health: u8,
    },
    Restarted {
        rdb: bool,
        fork_fails: bool,
    },
    Forks {
        fail: bool,
    },
    Woke,
}

/// A [`Done`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PlainDone {
    orders: Vec<PlainOrder>,
    deadline: Option<(u64, u8)>,
}

/// An [`Order`].
#[derive(Debug, Serialize, Deserialize)]
enum PlainOrder {
    Dial { link: u64, to: (String, u16) },
    Send { link: u64, bytes: u64, paced: bool, digest: u64, kind: u8, label: String },
    Close { link: u64 },
    Disk { verb: u8, bytes: u64, file: String },
    Note { line: String, level: u8 },
    Said { text: String },
    Exit,
}

/// A message as it is posted.
pub(super) fn pack(message: &impl Serialize) -> JsValue {
    let bytes = postcard::to_allocvec(message).expect("a message is plain data");
    Uint8Array::from(&bytes[..]).into()
}

/// A message that was posted.
pub(super) fn unpack<T: DeserializeOwned>(posted: &JsValue) -> Result<T, JsError> {
    let posted: &Uint8Array = posted.dyn_ref().ok_or_else(not_ours)?;
    postcard::from_bytes(&posted.to_vec()).map_err(|_| not_ours())
}

fn not_ours() -> JsError {
    JsError::new("a message between a node and its lab is not one of this engine")
}

const FRAME_KINDS: [FrameKind; 4] =
    [FrameKind::Control, FrameKind::Rdb, FrameKind::Stream, FrameKind::Ack];
const HEALTHS: [DiskHealth; 3] = [DiskHealth::Works, DiskHealth::Full, DiskHealth::Fails];
const VERBS: [DiskVerb; 6] = [
    DiskVerb::Create,
    DiskVerb::Write,
    DiskVerb::Link,
    DiskVerb::Rename,
    DiskVerb::Read,
    DiskVerb::Remove,
];
const LEVELS: [Level; 4] = [Level::Debug, Level::Verbose, Level::Notice, Level::Warning];

/// The place of `item` in a list that both sides have.
fn code<T: PartialEq>(list: &[T], item: &T) -> u8 {
    let index = list.iter().position(|other| other == item);
    index.and_then(|index| u8::try_from(index).ok()).expect("the list has every item")
}

fn plain_address(address: Address) -> (String, u16) {
    (address.host.to_string(), address.port)
}

fn address((host, port): (String, u16)) -> Address {
    Address::new(&host, port)
}

impl From<Fact> for PlainFact {
    fn from(fact: Fact) -> Self {
        match fact {
            Fact::Started => Self::Started,
            Fact::Typed { line } => Self::Typed { line },
            Fact::Accepted { link, connection, dialler: (node, other), peer, local } => {
                Self::Accepted {
                    link: link.0,
                    connection: connection.0,
                    dialler: (node.0, other.0),
                    peer: plain_address(peer),
                    local: plain_address(local),
                }
            }
            Fact::Opened { link, connection } => {
                Self::Opened { link: link.0, connection: connection.0 }
            }
            Fact::Refused { link, why } => Self::Refused { link: link.0, why },
            Fact::Received { link } => Self::Received { link: link.0 },
            Fact::Sent { link, bytes } => Self::Sent { link: link.0, bytes },
            Fact::Closed { link } => Self::Closed { link: link.0 },
            Fact::Reset { link } => Self::Reset { link: link.0 },
            Fact::DiskDone { health } => Self::DiskDone { health: code(&HEALTHS, &health) },
            Fact::Restarted { rdb, fork_fails } => Self::Restarted { rdb, fork_fails },
            Fact::Forks { fail } => Self::Forks { fail },
            Fact::Woke => Self::Woke,
        }
    }
}

impl From<PlainFact> for Fact {
    fn from(fact: PlainFact) -> Self {
        match fact {
            PlainFact::Started => Self::Started,
            PlainFact::Typed { line } => Self::Typed { line },
            PlainFact::Accepted { link, connection, dialler: (node, other), peer, local } => {
                Self::Accepted {
                    link: Link(link),
                    connection: ConnectionId(connection),
                    dialler: (NodeId(node), Link(other)),
                    peer: address(peer),
                    local: address(local),
                }
            }
            PlainFact::Opened { link, connection } => {
                Self::Opened { link: Link(link), connection: ConnectionId(connection) }
            }
            PlainFact::Refused { link, why } => Self::Refused { link: Link(link), why },
            PlainFact::Received { link } => Self::Received { link: Link(link) },
            PlainFact::Sent { link, bytes } => Self::Sent { link: Link(link), bytes },
            PlainFact::Closed { link } => Self::Closed { link: Link(link) },
            PlainFact::Reset { link } => Self::Reset { link: Link(link) },
            PlainFact::DiskDone { health } => {
                Self::DiskDone { health: HEALTHS[usize::from(health)] }
            }
            PlainFact::Restarted { rdb, fork_fails } => Self::Restarted { rdb, fork_fails },
            PlainFact::Forks { fail } => Self::Forks { fail },
            PlainFact::Woke => Self::Woke,
        }
    }
}

impl From<Done> for PlainDone {
    fn from(done: Done) -> Self {
        Self {
            orders: done.orders.into_iter().map(PlainOrder::from).collect(),
            deadline: done.deadline.map(|d| (d.at.micros(), code(&Wake::ALL, &d.wake))),
        }
    }
}

impl From<PlainDone> for Done {
    fn from(done: PlainDone) -> Self {
        let deadline = |(at, wake): (u64, u8)| Deadline {
            at: Instant::from_micros(at),
            wake: Wake::ALL[usize::from(wake)],
        };
        Self {
            orders: done.orders.into_iter().map(Order::from).collect(),
            deadline: done.deadline.map(deadline),
        }
    }
}

impl From<Order> for PlainOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Dial { link, to } => Self::Dial { link: link.0, to: plain_address(to) },
            Order::Send { link, bytes, paced, digest, kind, label } => Self::Send {
                link: link.0,
                bytes,
                paced,
                digest,
                kind: code(&FRAME_KINDS, &kind),
                label,
            },
            Order::Close { link } => Self::Close { link: link.0 },
            Order::Disk { work: DiskWork { verb, bytes, file } } => {
                Self::Disk { verb: code(&VERBS, &verb), bytes, file }
            }
            Order::Note { line, level } => Self::Note { line, level: code(&LEVELS, &level) },
            Order::Said { text } => Self::Said { text },
            Order::Exit => Self::Exit,
        }
    }
}

impl From<PlainOrder> for Order {
    fn from(order: PlainOrder) -> Self {
        match order {
            PlainOrder::Dial { link, to } => Self::Dial { link: Link(link), to: address(to) },
            PlainOrder::Send { link, bytes, paced, digest, kind, label } => Self::Send {
                link: Link(link),
                bytes,
                paced,
                digest,
                kind: FRAME_KINDS[usize::from(kind)],
                label,
            },
            PlainOrder::Close { link } => Self::Close { link: Link(link) },
            PlainOrder::Disk { verb, bytes, file } => {
                Self::Disk { work: DiskWork { verb: VERBS[usize::from(verb)], bytes, file } }
            }
            PlainOrder::Note { line, level } => {
                Self::Note { line, level: LEVELS[usize::from(level)] }
            }
            PlainOrder::Said { text } => Self::Said { text },
            PlainOrder::Exit => Self::Exit,
        }
    }
}
