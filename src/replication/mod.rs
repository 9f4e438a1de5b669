//! Replication as bookkeeping: identities, offsets, the buffer, and the decision of PSYNC.
//!
//! A master numbers every byte that it sends to its replicas. The number of bytes so far is its
//! *offset*; the random name of the sequence is its *replication ID*. Two servers with one ID and
//! one offset hold the same data. A replica that was away says how far it came, and the master
//! decides: go on from there, or begin again with a snapshot.
//!
//! ```text
//!                 first                                  end = offset of the history
//!     ──┬───────────┬──────────────┬──────────────┬───────┤
//!       │  dropped  │  block       │  block       │ block │ ◀─ appended once, whatever the number
//!     ──┴───────────┴──────────────┴──────────────┴───────┘    of readers
//!                      ▲                  ▲            ▲
//!                      the backlog        replica 2    replica 1       readers are offsets
//! ```
//!
//! # Invariants
//! * `first <= reader <= end` for every reader that has not been told to start over.
//! * Bytes are counted, kept and passed on as they are. This room never reads a command out of
//!   them, and knows nothing of keys, connections or time of day.
//!
//! Reading order: `history`, `backlog`, `stream`, `psync`, `transfer`, then the two
//! halves of one link: `master`, `replica`.
//! *Source*: Redis 7.2 · replication.c · feedReplicationBuffer, masterTryPartialResynchronization.

mod backlog;
mod history;
mod master;
mod psync;
mod replica;
mod stream;
mod transfer;

pub use backlog::Backlog;
pub use history::{History, Offset, ReplicationId, SecondId};
pub use master::{Downlink, Introduction, Stage};
pub use psync::{Request, Verdict, Why, decide};
pub use replica::{Awaiting, Heard, Said};
pub use stream::{Brackets, StreamEncoder, Unit};
pub use transfer::{Form, Framing, Mark, Progress, Receiver, TransferError};
