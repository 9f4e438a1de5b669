//! What a server says of itself: start, end, limits.

use std::fmt;

use super::super::io::Address;
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
    /// SHUTDOWN kills a child that still writes.
    KillingChild,
    /// A file is written and could not take its name.
    CannotRename {
        /// The name that it has.
        from: String,
        /// The name that it was to take.
        to: String,
        /// Where.
        folder: String,
        /// The system's words.
        why: String,
    },
    /// SHUTDOWN could not save, and does not end.
    CannotExit,
    /// SHUTDOWN FORCE could not save, and ends.
    ExitAnyway,
    /// SHUTDOWN does not end.
    ShutdownFailed,
    /// SHUTDOWN ABORT.
    ShutdownAborted,
    /// A command of a replica was answered with an error.
    MasterSentError {
        /// The error.
        error: String,
        /// The command.
        command: String,
    },
    /// The last line.
    Bye,
    /// A client has come in; from where.
    Accepted(Address),
    /// A client has gone; it, as CLIENT LIST showed it.
    ClientClosed(String),
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
    /// DEBUG CHANGE-REPL-ID.
    ReplIdsChanged,
    /// DEBUG RELOAD has read the dataset again.
    DbReloaded,
    /// DEBUG LOG.
    DebugLog(String),
    /// DEBUG LISTPACK and QUICKLIST: a line that Redis writes on its standard output.
    Printed(String),
    /// `redis.log`: what a script has to say.
    FromScript {
        /// How important the script finds it.
        level: Level,
        /// Its words.
        text: String,
    },
}

impl ServerNote {
    /// How important a line is that is neither a notice nor a warning, or that says it itself.
    pub(super) const fn own_level(&self) -> Option<Level> {
        if let Self::FromScript { level, .. } = self {
            return Some(*level);
        }
        match matches!(self, Self::Accepted(_) | Self::ClientClosed(_)) {
            true => Some(Level::Verbose),
            false => None,
        }
    }

    pub(super) const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::Bye
                | Self::KillingChild
                | Self::MasterSentError { .. }
                | Self::CannotRename { .. }
                | Self::CannotExit
                | Self::ExitAnyway
                | Self::ShutdownFailed
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

/// Tells of a client that has come in through a port or a socket file.
#[inline(never)]
pub(in crate::node) fn write_accepted(peer: &Address, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if peer.is_file() {
        return write!(f, "Accepted connection to {}", peer.host);
    }
    write!(f, "Accepted {peer}")
}

/// Tells of a file that could not be written.
#[inline(never)]
pub(in crate::node) fn write_unwritten(
    step: &str,
    why: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "Write error while saving DB to the disk({step}): {why}")
}

/// Tells of a file that could not take its name.
#[inline(never)]
pub(in crate::node) fn write_misplaced(
    [from, to, folder, why]: [&String; 4],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(
        f,
        "Error moving temp DB file {from} on the final destination {to} (in server root dir \
         {folder}): {why}"
    )
}
