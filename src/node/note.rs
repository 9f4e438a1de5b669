//! Notes: what the node lets readers know, as the very lines that redis-server logs.
//!
//! A note is a typed fact; its `Display` is the text of the line. Nothing reads it to decide.
//! *Source*: the log calls of Redis 7.2 · replication.c, rdb.c, server.c.

mod load;
mod older;
pub(super) mod protocol;
pub(super) mod server;
mod text;

use super::config::SavePoint;
use super::io::Address;
use super::log::Level;
use super::state::Profile;
use crate::replication::{Offset, ReplicationId, Why};
pub use load::LoadNote;
pub use protocol::ProtocolNote;
pub use server::ServerNote;

/// How a snapshot reaches the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Through a file.
    Disk,
    /// Straight to their sockets.
    Sockets,
}

/// Everything that a node has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// What a replica says of its link, from the order to the verdict of PSYNC.
    Replica(ReplicaNote),
    /// What a replica says of PSYNC and its answer.
    Psync(PsyncNote),
    /// What a replica says while the snapshot and the stream come in.
    Transfer(TransferNote),
    /// What a server says while it loads a dataset.
    Load(LoadNote),
    /// A peer that does not keep to the protocol.
    Protocol(ProtocolNote),
    /// What a master says of one replica.
    Master(MasterNote),
    /// What a master says of a snapshot and of the child that makes it.
    Snapshot(SnapshotNote),
    /// What any server says of itself.
    Server(ServerNote),
}

/// What a replica says of its link, from the order to the verdict of PSYNC.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplicaNote {
    /// A former master keeps its own history as the one to continue from.
    SynthesizedCachedMaster,
    /// The attempt begins.
    ConnectingToMaster(Address),
    /// The attempt has begun.
    SyncStarted,
    /// A client ordered it.
    ReplicaofEnabled {
        /// The new master.
        master: Address,
        /// Who ordered it.
        client: String,
    },
    /// The order changes nothing.
    ReplicaofSame,
    /// The connection stands.
    ConnectFired,
    /// PING was answered.
    MasterRepliedToPing,
    /// The connection failed.
    SocketError(String),
    /// The name or the address could not be dialled.
    UnableToConnect(String),
    /// PING was refused.
    PingRefused(String),
    /// AUTH was refused.
    AuthRefused(String),
    /// A part of the introduction was refused.
    Objection {
        /// The option.
        option: &'static str,
        /// The master's words.
        reply: String,
    },
    /// The master closed the connection during the handshake.
    HandshakeLineMissing(String),
    /// The line that follows it.
    HandshakeAbandoned,
    /// What was said during the handshake did not leave.
    HandshakeUnsent(&'static str),
    /// What could have been continued is given up.
    DiscardingCachedMaster,
    /// A new attempt after a failed handshake or transfer.
    ReconnectingAfterFailure(Address),
    /// A new attempt after the link was lost.
    Reconnecting(Address),
    /// The handshake took too long.
    TimeoutConnecting,
    /// The link is gone.
    MasterLost,
    /// What was reached is remembered.
    CachingMaster,
    /// A promoted replica names its histories.
    SecondaryIdSet {
        /// The old name.
        second: ReplicationId,
        /// The wire offset up to which it is valid.
        valid_up_to: i64,
        /// The new name.
        id: ReplicationId,
    },
    /// A replica has become a master.
    MasterModeEnabled(String),
    /// The same, because its master has asked for it; who that was.
    MasterModeByFailover(String),
    /// The master of a history wants us in its place.
    FailoverRequestReceived(String),
}

/// What a replica says while the snapshot and the stream come in.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferNote {
    /// The snapshot has a length.
    ReceivingCounted {
        /// Its bytes.
        bytes: u64,
        /// True if it is parsed as it comes.
        to_parser: bool,
    },
    /// The snapshot ends with a mark.
    ReceivingStreamed {
        /// True if it is parsed as it comes.
        to_parser: bool,
    },
    /// The transfer broke off.
    TransferFailed(String),
    /// The file for the snapshot could not be written.
    TransferDiskError(String),
    /// The transfer stood still.
    TimeoutBulk,
    /// The stream stood still.
    TimeoutMaster,
}

/// What a master says of one replica.
#[derive(Clone, Debug, PartialEq)]
pub enum MasterNote {
    /// FAILOVER begins: to whom, if it was said.
    FailoverRequested(Option<Address>),
    /// The target has confirmed all.
    FailoverTargetSynced(Address),
    /// The target has not, and is to take over all the same.
    FailoverForced(Address),
    /// FAILOVER ends without another master.
    FailoverAborted {
        /// To whom, if it was said.
        target: Option<Address>,
        /// The reason.
        why: &'static str,
    },
    /// A replica asks to be served.
    AsksForSynchronization(String),
    /// It cannot continue, and this is why.
    CannotContinue {
        /// The replica.
        replica: String,
        /// The reason.
        why: Why,
    },
    /// It claims more than there is.
    OffsetAhead(String),
    /// The offset that it sent is no number.
    PsyncOffsetUnreadable(String),
    /// It continues.
    PartialRequestAccepted {
        /// The replica.
        replica: String,
        /// How many bytes it lacks.
        bytes: u64,
        /// The wire offset of the first of them.
        wire_offset: u64,
    },
    /// The backlog begins.
    BacklogCreated {
        /// The name of the history.
        id: ReplicationId,
        /// The second name.
        second: ReplicationId,
    },
    /// A replica has received a snapshot from memory.
    StreamedTransferSucceeded(String),
    /// A replica is online.
    SynchronizationSucceeded(String),
    /// A replica that wants nothing but the snapshot has it.
    RdbOnlyReplicaServed(String),
    /// A replica is gone.
    ReplicaLost(String),
    /// A replica was silent for too long.
    ReplicaTimedOut {
        /// The replica.
        replica: String,
        /// True if it was streaming.
        streaming: bool,
    },
    /// Nobody has been attached for a while.
    BacklogFreed(u64),
    /// A client is too slow to take what is meant for it.
    OutputBufferOverrun(String),
}

/// What a master says of a snapshot and of the child that makes it.
#[derive(Clone, Debug, PartialEq)]
pub enum SnapshotNote {
    /// Others may come soon.
    DelayNextBgsave,
    /// A running snapshot will do.
    WaitingForBgsave,
    /// A running snapshot will not do.
    CannotAttach,
    /// A running snapshot goes to sockets, and nobody can join it.
    BgsaveHasSocketTarget,
    /// The snapshot begins.
    StartingBgsave(Target),
    /// The child that writes a file was forked.
    SavingStarted(u32),
    /// The child that writes to sockets was forked.
    TransferStarted(u32),
    /// The child has saved.
    DbSavedOnDisk,
    /// A file could not be written: at what step, and the system's words.
    WriteError(&'static str, String),
    /// The child tells how many bytes were copied while it ran.
    ForkCow(u64),
    /// The file is complete.
    SavingTerminated,
    /// The child has written everything.
    DoneReadingPipe(usize),
    /// The child has ended.
    TransferTerminated,
    /// The child could not write its file.
    SavingError,
    /// The child was killed while it wrote a file.
    SavingKilled(u32),
    /// The child was killed while it wrote to sockets.
    TransferKilled(u32),
    /// The child says that it was killed.
    ChildKilled,
    /// Nobody is left to receive.
    LastReplicaDropped,
    /// A part of the snapshot did not leave.
    Unsent {
        /// True if it went without a file.
        diskless: bool,
        /// The system's words.
        why: String,
    },
    /// The snapshot for replicas failed.
    BgsaveForReplicationFailed,
    /// `rdb-del-sync-files`: the file that replicas were sent goes.
    RemovingSentFile,
    /// There is no child: the system says why.
    CannotFork(&'static str),
    /// Enough has changed for a snapshot.
    SavePointReached(SavePoint),
    /// The snapshot for replicas could not even begin.
    BgsaveForReplicationNotBegun,
}

impl Note {
    /// How important the line is to a release.
    pub const fn level(&self, profile: Profile) -> Level {
        if let Self::Server(note) = self
            && let Some(level) = note.own_level()
        {
            return level;
        }
        if let Self::Protocol(note) = self {
            return note.level();
        }
        if let Self::Load(LoadNote::Internal { quiet: true, .. }) = self {
            return Level::Verbose;
        }
        let warning = match self {
            _ if self.was_a_warning() && !matches!(profile, Profile::V7_2) => true,
            Self::Replica(note) => note.is_warning(),
            Self::Psync(note) => note.is_warning(),
            Self::Transfer(note) => note.is_warning(),
            Self::Load(note) => note.is_warning(),
            Self::Master(note) => note.is_warning(),
            Self::Snapshot(note) => note.is_warning(),
            Self::Server(note) => note.is_warning(),
            Self::Protocol(_) => false,
        };
        if warning { Level::Warning } else { Level::Notice }
    }

    /// True if 7.2 has stopped warning of it.
    const fn was_a_warning(&self) -> bool {
        if let Self::Load(note) = self {
            return note.was_a_warning();
        }
        matches!(
            self,
            Self::Psync(PsyncNote::MasterIdChanged(_))
                | Self::Replica(
                    ReplicaNote::MasterLost
                        | ReplicaNote::SecondaryIdSet { .. }
                        | ReplicaNote::FailoverRequestReceived(_)
                )
                | Self::Master(MasterNote::ReplicaLost(_))
                | Self::Snapshot(SnapshotNote::DoneReadingPipe(_))
                | Self::Server(
                    ServerNote::Version(_)
                        | ServerNote::ServerInitialized
                        | ServerNote::UserRequestedShutdown
                        | ServerNote::ReplIdsChanged
                )
        )
    }

    /// True if a signal handler writes the line.
    pub(super) const fn is_said_by_a_signal_handler(&self) -> bool {
        matches!(self, Self::Snapshot(SnapshotNote::ChildKilled))
    }
}

impl ReplicaNote {
    const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::SocketError(_)
                | Self::UnableToConnect(_)
                | Self::PingRefused(_)
                | Self::AuthRefused(_)
                | Self::HandshakeLineMissing(_)
                | Self::HandshakeAbandoned
                | Self::HandshakeUnsent(_)
                | Self::TimeoutConnecting
        )
    }
}

impl From<ReplicaNote> for Note {
    fn from(note: ReplicaNote) -> Self {
        Self::Replica(note)
    }
}

impl TransferNote {
    const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::TransferFailed(_)
                | Self::TransferDiskError(_)
                | Self::TimeoutBulk
                | Self::TimeoutMaster
        )
    }
}

impl From<TransferNote> for Note {
    fn from(note: TransferNote) -> Self {
        Self::Transfer(note)
    }
}

impl MasterNote {
    const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::OffsetAhead(_)
                | Self::PsyncOffsetUnreadable(_)
                | Self::ReplicaTimedOut { .. }
                | Self::OutputBufferOverrun(_)
        )
    }
}

impl From<MasterNote> for Note {
    fn from(note: MasterNote) -> Self {
        Self::Master(note)
    }
}

impl SnapshotNote {
    const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::SavingError
                | Self::WriteError(..)
                | Self::SavingKilled(_)
                | Self::TransferKilled(_)
                | Self::LastReplicaDropped
                | Self::Unsent { .. }
                | Self::BgsaveForReplicationFailed
                | Self::CannotFork(_)
                | Self::BgsaveForReplicationNotBegun
        )
    }
}

impl From<SnapshotNote> for Note {
    fn from(note: SnapshotNote) -> Self {
        Self::Snapshot(note)
    }
}

impl From<ServerNote> for Note {
    fn from(note: ServerNote) -> Self {
        Self::Server(note)
    }
}

/// What a replica says of PSYNC and its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum PsyncNote {
    /// The master closed the connection instead of answering PSYNC.
    PsyncUnanswered,
    /// PSYNC did not leave.
    PsyncUnsent,
    /// The replica asks to continue.
    TryingPartial {
        /// The history that it knows.
        id: ReplicationId,
        /// The wire offset of the first byte that it lacks.
        wire_offset: u64,
    },
    /// The replica has nothing to continue from.
    NoCachedMaster,
    /// The master will send a snapshot.
    FullResyncFrom {
        /// The history.
        id: ReplicationId,
        /// Where the snapshot stands in it.
        offset: Offset,
    },
    /// The announcement of a full resync made no sense.
    WrongFullresync,
    /// The stream goes on.
    PartialSucceeded,
    /// The stream goes on under a new name.
    MasterIdChanged(ReplicationId),
    /// The last line of a partial resync.
    PartialAccepted,
    /// The master refuses for now.
    PsyncLater(String),
    /// The master knows no PSYNC.
    PsyncUnknown(String),
    /// The master answered PSYNC with neither yes nor no.
    PsyncUnexpected(String),
    /// SYNC is tried.
    RetryingWithSync,
}

impl PsyncNote {
    const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::PsyncUnanswered
                | Self::PsyncUnsent
                | Self::WrongFullresync
                | Self::PsyncUnexpected(_)
        )
    }
}

impl From<PsyncNote> for Note {
    fn from(note: PsyncNote) -> Self {
        Self::Psync(note)
    }
}
