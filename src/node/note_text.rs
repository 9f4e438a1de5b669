//! The words of every note. The texts are Redis' own: a reader can grep them in its manual.

use std::fmt;

use super::io::Address;
use super::note::server::{write_accepted, write_misplaced, write_unwritten};
use super::note::{
    MasterNote, Note, PsyncNote, ReplicaNote, ServerNote, SnapshotNote, Target, TransferNote,
};
use super::note_load::load_text;
use crate::replication::Why;

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replica(note) => replica_text(note, f),
            Self::Psync(note) => psync_text(note, f),
            Self::Transfer(note) => transfer_text(note, f),
            Self::Load(note) => load_text(note, f),
            Self::Master(note) => master_text(note, f),
            Self::Snapshot(note) => snapshot_text(note, f),
            Self::Server(note) => server_text(note, f),
        }
    }
}

pub(super) fn streamed_transfer_text(
    replica: &str,
    other: &str,
    f: &mut impl fmt::Write,
) -> fmt::Result {
    write!(
        f,
        "Streamed RDB transfer with replica {replica} succeeded (socket). Waiting for REPLCONF ACK \
         from {other} to enable streaming"
    )
}

/// Lines of a replica from the order to the verdict of PSYNC.
fn replica_text(note: &ReplicaNote, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match note {
        ReplicaNote::SynthesizedCachedMaster => f.write_str(
            "Before turning into a replica, using my own master parameters to synthesize a cached \
             master: I may be able to synchronize with the new master with just a partial \
             transfer.",
        ),
        ReplicaNote::ConnectingToMaster(at) => write!(f, "Connecting to MASTER {at}"),
        ReplicaNote::SyncStarted => f.write_str("MASTER <-> REPLICA sync started"),
        ReplicaNote::ReplicaofEnabled { master, client } => {
            write!(f, "REPLICAOF {master} enabled (user request from '{client}')")
        }
        ReplicaNote::ReplicaofSame => f.write_str(
            "REPLICAOF would result into synchronization with the master we are already connected \
             with. No operation performed.",
        ),
        ReplicaNote::ConnectFired => f.write_str("Non blocking connect for SYNC fired the event."),
        ReplicaNote::MasterRepliedToPing => {
            f.write_str("Master replied to PING, replication can continue...")
        }
        ReplicaNote::SocketError(why) => write!(f, "Error condition on socket for SYNC: {why}"),
        ReplicaNote::UnableToConnect(why) => write!(f, "Unable to connect to MASTER: {why}"),
        ReplicaNote::PingRefused(reply) => write!(f, "Error reply to PING from master: '{reply}'"),
        ReplicaNote::AuthRefused(reply) => write!(f, "Unable to AUTH to MASTER: {reply}"),
        ReplicaNote::Objection { option, reply } => {
            write!(f, "(Non critical) Master does not understand REPLCONF {option}: {reply}")
        }
        ReplicaNote::HandshakeLineMissing(why) => {
            write!(f, "Failed to read response from the server: {why}")
        }
        ReplicaNote::HandshakeAbandoned => {
            f.write_str("Master did not respond to command during SYNC handshake")
        }
        ReplicaNote::HandshakeUnsent(why) => {
            write!(f, "Sending command to master in replication handshake: {why}")
        }
        ReplicaNote::TimeoutConnecting => f.write_str("Timeout connecting to the MASTER..."),
        ReplicaNote::MasterLost => f.write_str("Connection with master lost."),
        ReplicaNote::CachingMaster => f.write_str("Caching the disconnected master state."),
        ReplicaNote::Reconnecting(at) => write!(f, "Reconnecting to MASTER {at}"),
        ReplicaNote::ReconnectingAfterFailure(at) => {
            write!(f, "Reconnecting to MASTER {at} after failure")
        }
        ReplicaNote::DiscardingCachedMaster => {
            f.write_str("Discarding previously cached master state.")
        }
        ReplicaNote::SecondaryIdSet { second, valid_up_to, id } => write!(
            f,
            "Setting secondary replication ID to {second}, valid up to offset: {valid_up_to}. \
             New replication ID is {id}"
        ),
        ReplicaNote::MasterModeEnabled(client) => {
            write!(f, "MASTER MODE enabled (user request from '{client}')")
        }
        ReplicaNote::MasterModeByFailover(client) => {
            write!(f, "MASTER MODE enabled (failover request from '{client}')")
        }
        ReplicaNote::FailoverRequestReceived(id) => {
            write!(f, "Failover request received for replid {id}.")
        }
    }
}

/// What a replica says of PSYNC and its answer.
fn psync_text(note: &PsyncNote, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match note {
        PsyncNote::PsyncUnanswered => f.write_str("Master did not reply to PSYNC, will try later"),
        PsyncNote::PsyncUnsent => {
            f.write_str("Unable to send PSYNC to master: -Writing to master: Success")
        }
        PsyncNote::TryingPartial { id, wire_offset } => {
            write!(f, "Trying a partial resynchronization (request {id}:{wire_offset}).")
        }
        PsyncNote::NoCachedMaster => {
            f.write_str("Partial resynchronization not possible (no cached master)")
        }
        PsyncNote::FullResyncFrom { id, offset } => {
            write!(f, "Full resync from master: {id}:{offset}")
        }
        PsyncNote::WrongFullresync => f.write_str("Master replied with wrong +FULLRESYNC syntax."),
        PsyncNote::PartialSucceeded => {
            f.write_str("Successful partial resynchronization with master.")
        }
        PsyncNote::MasterIdChanged(id) => write!(f, "Master replication ID changed to {id}"),
        PsyncNote::PartialAccepted => {
            f.write_str("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.")
        }
        PsyncNote::PsyncLater(reply) => {
            write!(f, "Master is currently unable to PSYNC but should be in the future: {reply}")
        }
        PsyncNote::PsyncUnknown(reply) => {
            write!(f, "Master does not support PSYNC or is in error state (reply: {reply})")
        }
        PsyncNote::PsyncUnexpected(reply) => {
            write!(f, "Unexpected reply to PSYNC from master: {reply}")
        }
        PsyncNote::RetryingWithSync => f.write_str("Retrying with SYNC..."),
    }
}

/// Lines of a replica while the snapshot and the stream come in.
fn transfer_text(note: &TransferNote, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let place = |to_parser: &bool| if *to_parser { "parser" } else { "disk" };
    match note {
        TransferNote::ReceivingCounted { bytes, to_parser } => write!(
            f,
            "MASTER <-> REPLICA sync: receiving {bytes} bytes from master to {}",
            place(to_parser)
        ),
        TransferNote::ReceivingStreamed { to_parser } => write!(
            f,
            "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to {}",
            place(to_parser)
        ),
        TransferNote::TransferFailed(why) => f.write_str(why),
        TransferNote::TransferDiskError(why) => write!(
            f,
            "Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA \
             synchronization: {why}"
        ),
        TransferNote::TimeoutBulk => f.write_str(
            "Timeout receiving bulk data from MASTER... If the problem persists try to set the \
             'repl-timeout' parameter in redis.conf to a larger value.",
        ),
        TransferNote::TimeoutMaster => f.write_str("MASTER timeout: no data nor PING received..."),
        TransferNote::ReplicaSentError { error, command } => write!(
            f,
            "== CRITICAL == This replica is sending an error to its master: '{error}' after \
             processing the command '{command}'"
        ),
        TransferNote::LatestBacklog(tail) => write!(f, "Latest backlog is: '{tail}'"),
        TransferNote::InlineFromMaster { client, buffer } => write!(
            f,
            "Protocol error (Master using the inline protocol. Desync?) from client: {client}. \
             Query buffer during protocol error: '{buffer}'"
        ),
        TransferNote::ProtocolErrorFromMaster { error, client, buffer } => write!(
            f,
            "Protocol error ({error}) from client: {client}. Query buffer during protocol error: \
             '{buffer}'"
        ),
    }
}

/// Lines of a master about one replica.
fn master_text(note: &MasterNote, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match note {
        MasterNote::AsksForSynchronization(replica) => {
            write!(f, "Replica {replica} asks for synchronization")
        }
        MasterNote::CannotContinue { replica, why } => write_why(replica, why, f),
        MasterNote::OffsetAhead(replica) => write!(
            f,
            "Warning: replica {replica} tried to PSYNC with an offset that is greater than the \
             master replication offset."
        ),
        MasterNote::PsyncOffsetUnreadable(replica) => {
            write!(f, "Replica {replica} asks for synchronization but with a wrong offset")
        }
        MasterNote::PartialRequestAccepted { replica, bytes, wire_offset } => write!(
            f,
            "Partial resynchronization request from {replica} accepted. Sending {bytes} bytes of \
             backlog starting from offset {wire_offset}."
        ),
        MasterNote::FailoverRequested(target) => {
            write!(f, "FAILOVER requested to {}.", address_or_any(target.as_ref()))
        }
        MasterNote::FailoverTargetSynced(target) => {
            write!(f, "Failover target {target} is synced, failing over.")
        }
        MasterNote::FailoverForced(target) => {
            write!(f, "FAILOVER to {target} time out exceeded, failing over.")
        }
        MasterNote::FailoverAborted { target, why } => {
            write!(f, "FAILOVER to {} aborted: {why}", address_or_any(target.as_ref()))
        }
        MasterNote::BacklogCreated { id, second } => write!(
            f,
            "Replication backlog created, my new replication IDs are '{id}' and '{second}'"
        ),
        MasterNote::StreamedTransferSucceeded(replica) => {
            streamed_transfer_text(replica, "replica", f)
        }
        MasterNote::SynchronizationSucceeded(replica) => {
            write!(f, "Synchronization with replica {replica} succeeded")
        }
        MasterNote::RdbOnlyReplicaServed(replica) => write!(
            f,
            "RDB transfer completed, rdb only replica ({replica}) should be disconnected asap"
        ),
        MasterNote::ReplicaLost(replica) => write!(f, "Connection with replica {replica} lost."),
        MasterNote::ReplicaTimedOut { replica, streaming } => write!(
            f,
            "Disconnecting timedout replica ({} sync): {replica}",
            if *streaming { "streaming" } else { "full" }
        ),
        MasterNote::ReplicaGeneratedReply { command, client } => write!(
            f,
            "Replica generated a reply to command '{command}', disconnecting it: {client}"
        ),
        MasterNote::BacklogFreed(seconds) => write!(
            f,
            "Replication backlog freed after {seconds} seconds without connected replicas."
        ),
        MasterNote::OutputBufferOverrun(client) => write!(
            f,
            "Client {client} scheduled to be closed ASAP for overcoming of output buffer limits."
        ),
    }
}

/// The line that tells why a replica cannot continue.
fn write_why(replica: &str, why: &Why, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match why {
        Why::FirstTime | Why::OldProtocol => {
            write!(f, "Full resync requested by replica {replica}")
        }
        Why::AnotherHistory { asked, ours, second } => write!(
            f,
            "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for \
             '{asked}', my replication IDs are '{ours}' and '{second}')"
        ),
        Why::BeyondTheBranch { asked, up_to } => write!(
            f,
            "Partial resynchronization not accepted: Requested offset for second ID was {asked}, \
             but I can reply up to {up_to}"
        ),
        Why::NoBacklog { asked } | Why::Dropped { asked } | Why::Ahead { asked } => write!(
            f,
            "Unable to partial resync with replica {replica} for lack of backlog (Replica request \
             was: {asked})."
        ),
    }
}

/// Lines of a master about a snapshot.
fn snapshot_text(note: &SnapshotNote, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match note {
        SnapshotNote::DelayNextBgsave => f.write_str("Delay next BGSAVE for diskless SYNC"),
        SnapshotNote::WaitingForBgsave => f.write_str("Waiting for end of BGSAVE for SYNC"),
        SnapshotNote::CannotAttach => f.write_str(
            "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC",
        ),
        SnapshotNote::BgsaveHasSocketTarget => {
            f.write_str("Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC")
        }
        SnapshotNote::StartingBgsave(target) => write!(
            f,
            "Starting BGSAVE for SYNC with target: {}",
            match target {
                Target::Disk => "disk",
                Target::Sockets => "replicas sockets",
            }
        ),
        SnapshotNote::SavingStarted(pid) => write!(f, "Background saving started by pid {pid}"),
        SnapshotNote::TransferStarted(pid) => {
            write!(f, "Background RDB transfer started by pid {pid}")
        }
        SnapshotNote::WriteError(step, why) => write_unwritten(step, why, f),
        SnapshotNote::DbSavedOnDisk => f.write_str("DB saved on disk"),
        SnapshotNote::ForkCow(bytes) => {
            let megabytes = bytes >> 20;
            write!(
                f,
                "Fork CoW for RDB: current {megabytes} MB, peak {megabytes} MB, average \
                 {megabytes} MB"
            )
        }
        SnapshotNote::SavingTerminated => f.write_str("Background saving terminated with success"),
        SnapshotNote::DoneReadingPipe(replicas) => write!(
            f,
            "Diskless rdb transfer, done reading from pipe, {replicas} replicas still up."
        ),
        SnapshotNote::TransferTerminated => {
            f.write_str("Background RDB transfer terminated with success")
        }
        SnapshotNote::SavingError => f.write_str("Background saving error"),
        SnapshotNote::SavingKilled(signal) => {
            write!(f, "Background saving terminated by signal {signal}")
        }
        SnapshotNote::TransferKilled(signal) => {
            write!(f, "Background transfer terminated by signal {signal}")
        }
        SnapshotNote::ChildKilled => f.write_str("Received SIGUSR1 in child, exiting now."),
        SnapshotNote::Unsent { diskless, why } => {
            let (form, write) =
                if *diskless { ("Diskless rdb transfer, ", "write") } else { ("", "Write") };
            write!(f, "{form}{write} error sending DB to replica: {why}")
        }
        SnapshotNote::LastReplicaDropped => {
            f.write_str("Diskless rdb transfer, last replica dropped, killing fork child.")
        }
        SnapshotNote::BgsaveForReplicationFailed => {
            f.write_str("SYNC failed. BGSAVE child returned an error")
        }
        SnapshotNote::RemovingSentFile => f.write_str(
            "Removing the RDB file used to feed replicas in a persistence-less instance",
        ),
        SnapshotNote::SavePointReached(point) => {
            write!(f, "{} changes in {} seconds. Saving...", point.changes, point.seconds)
        }
        SnapshotNote::CannotFork(why) => write!(f, "Can't save in background: fork: {why}"),
        SnapshotNote::BgsaveForReplicationNotBegun => f.write_str("BGSAVE for replication failed"),
    }
}

/// Lines of any server.
fn server_text(note: &ServerNote, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match note {
        ServerNote::Version(version) => write!(
            f,
            "Redis version={version}, bits=64, commit=00000000, modified=0, pid=1, just started"
        ),
        ServerNote::RunningMode(port) => write!(f, "Running mode=standalone, port={port}."),
        ServerNote::ServerInitialized => f.write_str("Server initialized"),
        ServerNote::ReadyToAccept => f.write_str("Ready to accept connections tcp"),
        ServerNote::UserRequestedShutdown => f.write_str("User requested shutdown..."),
        ServerNote::WaitingForReplicas => f.write_str("Waiting for replicas before shutting down."),
        ServerNote::LaggingReplica { replica, behind, lag, state } => write!(
            f,
            "Lagging replica {replica} reported offset {behind} behind master, lag={lag}, \
             state={state}."
        ),
        ServerNote::ReplicasInSync { count, of } => {
            write!(f, "{count} of {of} replicas are in sync when shutting down.")
        }
        ServerNote::SavingFinalSnapshot => {
            f.write_str("Saving the final RDB snapshot before exiting.")
        }
        ServerNote::KillingChild => f.write_str("There is a child saving an .rdb. Killing it!"),
        ServerNote::CannotRename { from, to, folder, why } => {
            write_misplaced([from, to, folder, why], f)
        }
        ServerNote::Accepted(peer) => write_accepted(peer, f),
        ServerNote::ClientClosed(client) => write!(f, "Client closed connection {client}"),
        ServerNote::ReplIdsChanged => {
            f.write_str("Changing replication IDs after receiving DEBUG change-repl-id")
        }
        ServerNote::CannotExit => f.write_str("Error trying to save the DB, can't exit."),
        ServerNote::ExitAnyway => f.write_str("Error trying to save the DB. Exit anyway."),
        ServerNote::ShutdownFailed => f.write_str(
            "Errors trying to shut down the server. Check the logs for more information.",
        ),
        ServerNote::SecurityAttack(from) => write!(
            f,
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: \
             commands to Redis. This is likely due to an attacker attempting to use Cross Protocol \
             Scripting to compromise your Redis instance. Connection from {from} aborted."
        ),
        ServerNote::LimitBelowUse { limit, used } => write!(
            f,
            "WARNING: the new maxmemory value set via CONFIG SET ({limit}) is smaller than the \
             current memory usage ({used}). This will result in key eviction and/or the \
             inability to accept new write commands depending on the maxmemory-policy."
        ),
        ServerNote::ConfigRewritten => f.write_str("CONFIG REWRITE executed with success."),
        ServerNote::ConfigNotRewritten(why) => write!(f, "CONFIG REWRITE failed: {why}"),
        ServerNote::DbReloaded => f.write_str("DB reloaded by DEBUG RELOAD"),
        ServerNote::FromScript { text, .. } | ServerNote::Printed(text) => f.write_str(text),
        ServerNote::DebugLog(text) => write!(f, "DEBUG LOG: {text}"),
        ServerNote::MasterSentError { error, command } => write!(
            f,
            "== CRITICAL == This master is sending an error to its replica: '{error}' after \
             processing the command '{command}'"
        ),
        ServerNote::ShutdownAborted => f.write_str("Shutdown manually aborted."),
        ServerNote::Bye => f.write_str("Redis is now ready to exit, bye bye..."),
        ServerNote::OutputLimit { client, scheduled } => {
            let closed = if *scheduled { "scheduled to be closed ASAP" } else { "closed" };
            write!(f, "Client {client} {closed} for overcoming of output buffer limits.")
        }
        ServerNote::ClosingClient { client, begins } => write_closing(client, begins, f),
        ServerNote::EvictingClient(client) => write_evicting(Some(client), f),
        ServerNote::NoClientToEvict => write_evicting(None, f),
    }
}

/// Whom a failover is meant for.
fn address_or_any(target: Option<&Address>) -> String {
    target.map_or_else(|| "any replica".to_owned(), Address::to_string)
}

#[inline(never)]
fn write_closing(client: &str, begins: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "Closing client that reached max query buffer length: {client} (qbuf initial bytes: \
         {begins})"
    )
}

#[inline(never)]
fn write_evicting(client: Option<&String>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match client {
        Some(client) => write!(f, "Evicting client: {client}"),
        None => f.write_str("Over client maxmemory after evicting all evictable clients"),
    }
}
