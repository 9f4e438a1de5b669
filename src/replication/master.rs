//! The master's half of one link: what one replica has been given, and what it waits for.
//!
//! ```text
//!                      PSYNC, full                        PSYNC, continue
//!                           │                                   │
//!                           ▼                                   │
//!                   ┌───────────────┐                           │
//!                   │ AwaitSnapshot │ wait_bgsave               │
//!                   └───────┬───────┘                           │
//!             a snapshot begins: +FULLRESYNC                    │
//!                           ▼                                   │
//!                 ┌──────────────────┐                          │
//!                 │ AwaitSnapshotEnd │ wait_bgsave              │
//!                 └───┬──────────┬───┘                          │
//!         disk: saved │          │ sockets: the child is done   │
//!                     ▼          ▼                              │
//!         ┌──────────────┐    ┌───────────────┐                 │
//!         │ SendSnapshot │    │ AwaitFirstAck │ online          │
//!         └──────┬───────┘    └───────┬───────┘                 │
//!     send_bulk  │ all sent           │ REPLCONF ACK            │
//!                ▼                    ▼                         ▼
//!              ┌──────────────────────────────────────────────────┐
//!              │ Streaming                                 online │
//!              └──────────────────────────────────────────────────┘
//! ```
//!
//! From the second state on the replica is a reader of the replication buffer: the stream piles up
//! there, and pins its blocks, until it may be sent.

use super::Offset;
use crate::time::Instant;

/// One attached replica, as its master sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downlink {
    /// What it said of itself before PSYNC.
    pub introduction: Introduction,
    /// Where it is in the diagram above.
    pub stage: Stage,
    /// The highest offset that it has confirmed.
    pub acked: Offset,
    /// The highest offset that it has confirmed to be on its disk: with an AOF only.
    pub durable: Option<Offset>,
    /// When it last confirmed anything, or was put online.
    pub acked_at: Instant,
    /// When it began to wait in its stage, or was last heard before that; while a snapshot comes
    /// straight from the child, when its wire last took any of it.
    pub since: Instant,
    /// Bytes handed to the wire that the wire has not yet delivered.
    pub in_wire: u64,
    /// True if it sent SYNC, not PSYNC: it never acknowledges.
    pub old_protocol: bool,
}

/// What a replica says of itself with REPLCONF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// `listening-port`: where it accepts clients. Any number is taken, as Redis does.
    pub port: Option<i32>,
    /// `ip-address`: where it says it is, if not where it comes from.
    pub ip: Option<String>,
    /// `capa eof`: it understands a snapshot that ends with a mark.
    pub eof: bool,
    /// `capa psync2`: it understands `+CONTINUE <id>`.
    pub psync2: bool,
    /// `rdb-only`: it wants a snapshot and no stream.
    pub rdb_only: bool,
    /// `rdb-filter-only`: it wants a snapshot without the keys; functions we have none.
    pub without_keys: bool,
}

/// How far a replica has been brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No snapshot has begun for it.
    AwaitSnapshot,
    /// A snapshot runs that stands at `from`; the stream after it piles up.
    AwaitSnapshotEnd {
        /// The offset of the snapshot.
        from: Offset,
    },
    /// The saved snapshot is being sent.
    SendSnapshot {
        /// The offset of the snapshot.
        from: Offset,
        /// Which file it is, counted from the first that took its name.
        generation: u64,
        /// Bytes of the file handed to the wire.
        sent: u64,
        /// Bytes of the file.
        total: u64,
        /// True while the disk reads the next part.
        reading: bool,
    },
    /// It has received the whole snapshot; its first ACK opens the stream.
    AwaitFirstAck {
        /// The offset of the snapshot.
        from: Offset,
    },
    /// The stream flows.
    Streaming {
        /// The next byte of the stream to hand to the wire.
        next: Offset,
    },
}

impl Stage {
    /// The first byte of the replication buffer that the replica still needs.
    pub const fn reader(&self) -> Option<Offset> {
        match self {
            Self::AwaitSnapshot => None,
            Self::AwaitSnapshotEnd { from }
            | Self::SendSnapshot { from, .. }
            | Self::AwaitFirstAck { from }
            | Self::Streaming { next: from } => Some(*from),
        }
    }

    /// The name that INFO gives the stage.
    pub const fn info_name(&self) -> &'static str {
        match self {
            Self::AwaitSnapshot | Self::AwaitSnapshotEnd { .. } => "wait_bgsave",
            Self::SendSnapshot { .. } => "send_bulk",
            Self::AwaitFirstAck { .. } | Self::Streaming { .. } => "online",
        }
    }

    /// True for both stages that Redis calls ONLINE.
    pub const fn is_online(&self) -> bool {
        matches!(self, Self::AwaitFirstAck { .. } | Self::Streaming { .. })
    }
}

impl Downlink {
    /// A replica that has just asked to be served.
    pub const fn new(introduction: Introduction, stage: Stage, now: Instant) -> Self {
        Self {
            introduction,
            stage,
            acked: Offset(0),
            durable: None,
            acked_at: now,
            since: now,
            in_wire: 0,
            old_protocol: false,
        }
    }

    /// Takes `REPLCONF ACK <offset>`; offsets only move forward. The first one opens the stream.
    pub fn acknowledge(&mut self, offset: Offset, now: Instant) {
        self.acked = self.acked.max(offset);
        self.acked_at = now;
        if let Stage::AwaitFirstAck { from } = self.stage {
            self.stage = Stage::Streaming { next: from };
        }
    }

    /// Whole seconds since the last ACK; 0 while it is not online.
    pub const fn lag(&self, now: Instant) -> u64 {
        if self.stage.is_online() {
            now.seconds().saturating_sub(self.acked_at.seconds())
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ack_opens_the_stream_only_when_online() {
        let mut link = Downlink::new(
            Introduction::default(),
            Stage::AwaitSnapshotEnd { from: Offset(10) },
            Instant::EPOCH,
        );
        link.acknowledge(Offset(10), Instant::EPOCH);
        assert_eq!(link.stage, Stage::AwaitSnapshotEnd { from: Offset(10) });
        link.stage = Stage::AwaitFirstAck { from: Offset(10) };
        link.acknowledge(Offset(4), Instant::EPOCH);
        assert_eq!(link.stage, Stage::Streaming { next: Offset(10) });
        assert_eq!(link.acked, Offset(10));
    }
}
