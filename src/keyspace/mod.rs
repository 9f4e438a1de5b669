//! The data of one server: numbered databases of keys, on pages that are copied when written.
//!
//! BGSAVE wants the data of one instant while writes go on. Copying everything first would stop
//! the server; Redis forks, and the kernel shares the memory and copies a page when one side
//! writes to it. A page in a browser cannot fork, so the keyspace does the same by itself: keys
//! live on small pages at the leaves of a tree, everything is reference-counted, and a write
//! copies the pages on its path if somebody else still holds them.
//!
//! ```text
//!      live ──▶ root' ──┬──────────────┐            snapshot ──▶ root ──┬────────┬──────┐
//!                       ▼              ▼                                ▼        ▼      ▼
//!                   [page A']      (shared) ◀───────────────────── [page A]  [page B] [page C]
//! ```
//!
//! One mechanism gives three things: the fork of BGSAVE and full sync ([`Keyspace::snapshot`]),
//! checkpoints for going back in time (a clone of the whole node), and the picture of copied pages.
//!
//! # Invariants
//! * A clone costs the same whatever it holds. Nothing is decided by how many clones exist: pages
//!   remember the *epoch* of their last write, so "copied since the snapshot" is a comparison.
//! * The order of keys is the order of their hashes under a fixed function: the same on every
//!   machine, and the order in which an RDB file lists them.
//! * Times here are data, not clocks: an expiry is a stamp in Unix milliseconds. Whether a key
//!   *has* expired is asked by the commands, which know who asks.
//!
//! Reading order: `value`, `weight`, `key`, `access`, `deadline`, `marks`, `pages`, `database`,
//! `filling`; then the collections: `encoding`, `tree`, `trie`, `table`, `set`, `hash`,
//! `sorted_set`, `listpack`, `pack`, `list_node`, `quicklist`, `list`, `stream_id`, `stream_node`,
//! `stream_group`, `stream`.
//! *Source*: Redis 7.2 · db.c, object.c; the kernel's copy-on-write below rdb.c ·
//! rdbSaveBackground.

mod access;
mod database;
mod deadline;
mod encoding;
mod filling;
mod hash;
mod key;
mod list;
mod list_node;
mod listpack;
mod marks;
mod pack;
mod pages;
mod quicklist;
mod set;
mod sorted_set;
mod stream;
mod stream_group;
mod stream_id;
mod stream_node;
mod table;
mod tree;
mod trie;
mod value;
mod weight;

pub use access::{Access, Tracking};
pub use database::{Database, Keyspace, PageView};
pub use deadline::Deadline;
pub use encoding::{Encoding, Limits, SetLimits};
pub use filling::Filling;
pub use hash::Hash;
pub use list::{End, List};
pub use list_node::{Fill, ListNode, PLAIN_BYTES};
pub use listpack::{Piece, back_bytes, digits, i24};
pub use pages::{Copied, Entry, KEYS_AT_ONCE};
pub use set::Set;
pub use sorted_set::{Scored, SortedSet};
pub use stream::{EntryRef, NODE_BYTES_MAX, Stream, StreamLimits, StreamMarks, Trim};
pub use stream_group::{Consumer, Group, Pending};
pub use stream_id::StreamId;
pub use stream_node::{StreamEntry, StreamNode};
pub use value::{StringValue, Value};

/// A Unix time in milliseconds, as `PEXPIREAT` takes it; negative stamps are legal and long past.
pub type Millis = i64;
