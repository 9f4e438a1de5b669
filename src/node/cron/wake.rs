//! Why a node wants to be woken.

use std::fmt;

/// What a node will do when it is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// The snapshot child encodes its next chunk.
    SnapshotChunk,
    /// The next part of a dataset is loaded.
    LoadChunk,
    /// The parent notices that its child has ended.
    ReapChild,
    /// The snapshot that replicas wait for begins.
    StartSnapshot,
    /// Connects to the master.
    Dial,
    /// Confirms to the master how far its stream was carried out.
    Ack,
    /// Gives up a link to a master that is silent.
    MasterTimeout,
    /// Drops a replica that is silent.
    ReplicaTimeout,
    /// Shows waiting replicas that the master lives.
    KeepAlive,
    /// Puts a PING into the stream.
    Ping,
    /// Frees the backlog that nobody has used for long.
    FreeBacklog,
    /// Deletes keys that have expired.
    Expire,
    /// Answers a client that has waited long enough.
    ClientTimeout,
    /// Ends a pause.
    Unpause,
    /// Ends the time in which a replica was to catch up.
    Failover,
    /// Drops a client that has read too slowly for too long.
    OutputLimit,
    /// Closes a client that has said nothing for long.
    IdleClient,
    /// Saves because enough has changed.
    SavePoint,
    /// Removes the file that replicas were sent.
    RemoveSentFile,
    /// Wakes up from DEBUG SLEEP.
    Asleep,
    /// Gives up a server that does not take what MIGRATE moves.
    TargetTimeout,
    /// Closes a connection of MIGRATE that nobody has used for long.
    CloseTarget,
    /// Begins to end, as a signal has asked.
    ObeySignal,
}

impl Wake {
    /// Every purpose, in the order of importance.
    pub const ALL: [Self; 23] = [
        Self::SnapshotChunk,
        Self::LoadChunk,
        Self::ReapChild,
        Self::StartSnapshot,
        Self::Dial,
        Self::Ack,
        Self::MasterTimeout,
        Self::ReplicaTimeout,
        Self::KeepAlive,
        Self::Ping,
        Self::FreeBacklog,
        Self::Expire,
        Self::ClientTimeout,
        Self::Unpause,
        Self::Failover,
        Self::OutputLimit,
        Self::IdleClient,
        Self::SavePoint,
        Self::RemoveSentFile,
        Self::Asleep,
        Self::TargetTimeout,
        Self::CloseTarget,
        Self::ObeySignal,
    ];
}

impl Wake {
    /// True for what `DEBUG PAUSE-CRON` stops.
    pub(super) const fn is_of_cron(self) -> bool {
        let beside = matches!(
            self,
            Self::SnapshotChunk
                | Self::LoadChunk
                | Self::ClientTimeout
                | Self::Unpause
                | Self::Asleep
                | Self::TargetTimeout
        );
        !beside
    }
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SnapshotChunk => "the snapshot child writes its next chunk",
            Self::LoadChunk => "the next part of the RDB is loaded",
            Self::ReapChild => "the cron notices that the child has ended",
            Self::StartSnapshot => "the delay is over: BGSAVE starts",
            Self::Dial => "the cron connects to the master",
            Self::Ack => "the cron sends REPLCONF ACK",
            Self::MasterTimeout => "repl-timeout: the master is silent",
            Self::ReplicaTimeout => "repl-timeout: a replica is silent",
            Self::KeepAlive => "the cron sends a newline to waiting replicas",
            Self::Ping => "the cron puts PING into the stream",
            Self::FreeBacklog => "repl-backlog-ttl: the backlog is freed",
            Self::Expire => "the cron deletes expired keys",
            Self::ClientTimeout => "a waiting client's time is over",
            Self::Unpause => "CLIENT PAUSE is over",
            Self::Failover => "FAILOVER: the time to catch up is over",
            Self::OutputLimit => "a client has read too slowly for too long",
            Self::IdleClient => "timeout: a client has been silent",
            Self::SavePoint => "a save point is reached: BGSAVE starts",
            Self::RemoveSentFile => "the cron removes the file that replicas were sent",
            Self::Asleep => "DEBUG SLEEP is over",
            Self::TargetTimeout => "MIGRATE: the target's time is over",
            Self::CloseTarget => "the cron closes a connection of MIGRATE",
            Self::ObeySignal => "the cron obeys the signal that asks for the end",
        })
    }
}
