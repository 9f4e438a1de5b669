//! What a server says of itself: start, end, limits.

use super::super::log::Level;

/// What any server says of itself.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerNote {
    /// The version.
    Version(String),
    /// Where it listens.
    RunningMode(u16),
    /// It is set up.
    ServerInitialized,
    /// It accepts clients.
    ReadyToAccept,
    /// A client ordered the end.
    UserRequestedShutdown,
    /// SHUTDOWN waits until replicas have confirmed all.
    WaitingForReplicas,
    /// SHUTDOWN did not wait any longer for this one.
    LaggingReplica {
        /// Its address.
        replica: String,
        /// How many bytes it has not confirmed.
        behind: u64,
        /// The seconds since it was heard.
        lag: u64,
        /// Redis' name of its state.
        state: &'static str,
    },
    /// How many replicas have everything at the end.
    ReplicasInSync {
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// SHUTDOWN saves.
    SavingFinalSnapshot,
    /// SHUTDOWN could not save, and does not end.
    CannotExit,
    /// SHUTDOWN ABORT.
    ShutdownAborted,
    /// The last line.
    Bye,
    /// A client reads too slowly.
    OutputLimit {
        /// It, as CLIENT LIST shows it.
        client: String,
        /// True if it was found when more was written to it, false if the cron has found it.
        scheduled: bool,
    },
    /// A client has sent too much that is no command yet.
    ClosingClient {
        /// It, as CLIENT LIST shows it.
        client: String,
        /// What it has sent first, quoted.
        begins: String,
    },
    /// The clients take more than `maxmemory-clients`: this one goes, as CLIENT LIST shows it.
    EvictingClient(String),
    /// They take more, and none may go.
    NoClientToEvict,
    /// Somebody at this address speaks HTTP.
    SecurityAttack(String),
    /// CONFIG SET has set a limit that is already exceeded.
    LimitBelowUse {
        /// The limit in bytes.
        limit: u64,
        /// The bytes in use.
        used: u64,
    },
    /// CONFIG REWRITE has written the file.
    ConfigRewritten,
    /// CONFIG REWRITE could not; in the system's words.
    ConfigNotRewritten(String),
    /// DEBUG RELOAD has read the dataset again.
    DbReloaded,
    /// DEBUG LOG.
    DebugLog(String),
    /// `redis.log`: what a script has to say.
    FromScript {
        /// How important the script finds it.
        level: Level,
        /// Its words.
        text: String,
    },
    /// The dataset was read at the start; seconds.
    DbLoadedFromDisk(f64),
}

impl ServerNote {
    pub(super) const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::Bye
                | Self::CannotExit
                | Self::OutputLimit { .. }
                | Self::ClosingClient { .. }
                | Self::NoClientToEvict
                | Self::SecurityAttack(_)
                | Self::LimitBelowUse { .. }
                | Self::ConfigNotRewritten(_)
                | Self::DbReloaded
                | Self::DebugLog(_)
        )
    }
}
