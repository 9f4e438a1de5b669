//! All attached replicas: how one is admitted, fed, acknowledged and lost.
//!
//! One link is `replication::master`; here is everything that looks at all of them: who shares a
//! snapshot, who still pins the buffer, how many are good enough to write.
//! *Source*: Redis 7.2 · replication.c · syncCommand, masterTryPartialResynchronization,
//! replconfCommand, replicationFeedSlaves.

use super::gates::Row;
use super::io::{Carries, Link};
use super::machine::Machine;
use super::note::{MasterNote, ServerNote, SnapshotNote, Target};
use super::save::ChildTarget;
use super::stream::{NO_KEYSPACE, as_logged};
use crate::commands::Flags;
use crate::replication::{Backlog, Downlink, Offset, Request, Stage, Verdict, Why, decide};
use crate::resp::{Bytes, Reply, parse_integer};

/// PSYNC and SYNC.
pub(super) fn psync(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    if args.get(3).is_some_and(|word| word.eq_ignore_ascii_case(b"failover"))
        && let Err(text) = machine.take_over(link, &args[1])
    {
        return Reply::error(text);
    }
    let state = &machine.state;
    if state.failover.is_some() {
        return Reply::error("NOMASTERLINK Can't SYNC while failing over");
    }
    if state.is_replica() && !state.upstream.is_up() {
        return Reply::error("NOMASTERLINK Can't SYNC while not connected with my master");
    }
    let Some(client) = state.clients.get(&link) else { return Reply::Silent };
    if !client.replies.is_empty() {
        return Reply::error("ERR SYNC and PSYNC are invalid with pending output");
    }
    if client.introduced.without_keys && !client.introduced.eof {
        return Reply::error("ERR Filtered replica requires EOF capability");
    }
    let name = state.replica_name(link);
    machine.note(MasterNote::AsksForSynchronization(name.clone()));
    let old_protocol = args.len() == 1;
    let verdict = if old_protocol {
        Verdict::FullResync { why: Why::OldProtocol }
    } else {
        let Some(offset) = parse_integer(&args[2]) else {
            machine.note(MasterNote::PsyncOffsetUnreadable(name));
            return Reply::error("ERR value is not an integer or out of range");
        };
        let id = String::from_utf8_lossy(&args[1]).into_owned();
        let request = Request { id: (id != "?").then_some(id), offset };
        decide(&request, &machine.state.history, machine.state.backlog.as_ref())
    };
    match verdict {
        Verdict::Continue { from } => machine.admit_partial(link, &name, from),
        Verdict::FullResync { why } => machine.admit_full(link, &name, why, old_protocol),
    }
    Reply::Silent
}

impl Machine<'_> {
    /// The replica goes on from `from`, at once.
    #[inline(never)]
    fn admit_partial(&mut self, link: Link, name: &str, from: Offset) {
        self.state.stats.sync_partial_ok += 1;
        let id = self.state.history.id;
        let psync2 = self.state.clients.get(&link).is_some_and(|client| client.introduced.psync2);
        let line = if psync2 { format!("+CONTINUE {id}\r\n") } else { "+CONTINUE\r\n".to_owned() };
        self.attach(link, Stage::Streaming { next: from });
        self.send_to_replica(link, line.as_bytes());
        let bytes = self.state.history.offset.since(from);
        let (replica, wire_offset) = (name.to_owned(), from.0 + 1);
        self.note(MasterNote::PartialRequestAccepted { replica, bytes, wire_offset });
    }

    /// The replica waits for a snapshot: one that runs, or the next.
    fn admit_full(&mut self, link: Link, name: &str, why: Why, old_protocol: bool) {
        self.state.stats.sync_full += 1;
        if !matches!(why, Why::FirstTime | Why::OldProtocol) {
            self.state.stats.sync_partial_err += 1;
        }
        let ahead = matches!(why, Why::Ahead { .. });
        if why != Why::OldProtocol {
            self.note(MasterNote::CannotContinue { replica: name.to_owned(), why });
        }
        if ahead {
            self.note(MasterNote::OffsetAhead(name.to_owned()));
        }
        self.attach(link, Stage::AwaitSnapshot);
        if let Some(down) = self.state.downlink_mut(link) {
            down.old_protocol = old_protocol;
        }
        self.ensure_backlog();
        match self.state.child.as_ref().map(|child| &child.target) {
            Some(ChildTarget::Disk { .. }) => self.join_snapshot(link),
            Some(ChildTarget::Sockets { .. }) => self.note(SnapshotNote::BgsaveHasSocketTarget),
            None if self.may_wait_for_others(link) => self.note(SnapshotNote::DelayNextBgsave),
            None => self.start_due_snapshot(true),
        }
    }

    /// The first replica makes a master keep its stream, under a new name: nobody can have seen it.
    fn ensure_backlog(&mut self) {
        if self.state.backlog.is_some() {
            return;
        }
        self.state.history.rename(&mut self.state.random);
        self.create_backlog();
        let (id, second) = (self.state.history.id, self.state.history.second_id());
        self.note(MasterNote::BacklogCreated { id, second });
    }

    /// Begins to keep the stream from here on.
    pub(super) fn create_backlog(&mut self) {
        let size = self.state.config().number("repl-backlog-size");
        self.state.backlog = Some(Backlog::new(size, self.state.history.offset));
        self.state.no_replicas_since = self.now;
    }

    fn may_wait_for_others(&self, link: Link) -> bool {
        let config = self.state.config();
        config.yes("repl-diskless-sync")
            && config.number("repl-diskless-sync-delay") > 0
            && self.state.downlink(link).is_some_and(|down| down.introduction.eof)
    }

    /// A running disk snapshot serves a newcomer if another replica waits for it and can do no
    /// more.
    fn join_snapshot(&mut self, link: Link) {
        let Some(newcomer) = self.state.downlink(link) else { return };
        let wants = &newcomer.introduction;
        let companion = self.state.downlinks().find_map(|(_, down)| match down.stage {
            Stage::AwaitSnapshotEnd { from }
                if down.introduction.without_keys == wants.without_keys
                    && (!down.introduction.eof || wants.eof)
                    && (!down.introduction.psync2 || wants.psync2) =>
            {
                Some(from)
            }
            Stage::AwaitSnapshot
            | Stage::AwaitSnapshotEnd { .. }
            | Stage::SendSnapshot { .. }
            | Stage::AwaitFirstAck { .. }
            | Stage::Streaming { .. } => None,
        });
        let Some(from) = companion else {
            self.note(SnapshotNote::CannotAttach);
            return;
        };
        self.promise_snapshot(link, from);
        self.note(SnapshotNote::WaitingForBgsave);
    }

    /// Tells a waiting replica where its snapshot stands; from here the stream piles up for it.
    pub(super) fn promise_snapshot(&mut self, link: Link, from: Offset) {
        let id = self.state.history.id;
        let now = self.now;
        let Some(down) = self.state.downlink_mut(link) else { return };
        down.stage = Stage::AwaitSnapshotEnd { from };
        down.since = now;
        let old_protocol = down.old_protocol;
        // Whoever begins here does not know in which database the stream is.
        self.state.stream.reset();
        if !old_protocol {
            self.send_to_replica(link, format!("+FULLRESYNC {id} {from}\r\n").as_bytes());
        }
    }

    /// Makes the connection a replica.
    fn attach(&mut self, link: Link, stage: Stage) {
        let now = self.now;
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        client.downlink = Some(Downlink::new(client.introduced.clone(), stage, now));
        client.transaction = None;
        self.state.replicas.push(link);
    }

    /// A replica may only listen and acknowledge; a reply to it would break its stream.
    pub(super) fn replica_command(&mut self, link: Link, args: &[Bytes]) {
        let row = match self.known(link, args) {
            Ok(row) => row,
            Err(refusal) => {
                let command = self.state.command_name(&args[0]).to_owned();
                return self.drop_talking_replica(link, command, Some(refusal.to_string()));
            }
        };
        let name = row.full_name(args);
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.last_command = name.clone();
        }
        let silent = match row.name() {
            "psync" | "sync" => true,
            "replconf" => {
                let Row::Admin(spec) = row else { return };
                self.calls_of(row, args).calls += 1;
                (spec.handler)(self, link, args) == Reply::Silent
            }
            _ => false,
        };
        if !silent {
            let flags = row.flags(args);
            let touching = [Flags::READONLY, Flags::WRITE, Flags::MAY_REPLICATE];
            let touches = touching.iter().any(|&flag| flags.has(flag));
            let error = touches.then(|| format!("ERR {NO_KEYSPACE}"));
            self.drop_talking_replica(link, name.into_owned(), error);
        }
    }

    /// It said something that is answered, perhaps with an error.
    #[inline(never)]
    fn drop_talking_replica(&mut self, link: Link, command: String, error: Option<String>) {
        let client = self.state.client_line(link, self.now);
        let name = command.clone();
        self.note(MasterNote::ReplicaGeneratedReply { command: name, client });
        if let Some(error) = error {
            self.count_errors(&Reply::error(error.clone()));
            self.state.stats.unexpected_error_replies += 1;
            let error = as_logged(&error);
            self.note(ServerNote::MasterSentError { error, command });
        }
        self.hang_up(link);
    }

    /// Sends bytes that are not part of the stream.
    pub(super) fn send_to_replica(&mut self, link: Link, bytes: &[u8]) {
        self.state.stats.repl_output_bytes += bytes.len() as u64;
        self.send(link, Bytes::from(bytes), Carries::Talk);
    }

    /// Hands the stream to every wire that has room.
    pub(super) fn feed_replicas(&mut self) {
        for index in 0..self.state.replicas.len() {
            self.feed(self.state.replicas[index]);
        }
    }

    fn feed(&mut self, link: Link) {
        let window = self.state.setup.send_window;
        loop {
            let state = &mut *self.state;
            let (Some(backlog), Some(client)) = (&state.backlog, state.clients.get_mut(&link))
            else {
                return;
            };
            let Some(down) = &mut client.downlink else { return };
            let Stage::Streaming { next } = down.stage else { return };
            let room = usize::try_from(window.saturating_sub(down.in_wire)).unwrap_or(usize::MAX);
            let bytes = Bytes::from(backlog.read(next, room.min(CHUNK_BYTES)));
            if bytes.is_empty() {
                return;
            }
            let count = bytes.len() as u64;
            down.stage = Stage::Streaming { next: next.plus(count) };
            down.in_wire += count;
            state.stats.repl_output_bytes += count;
            self.send(link, bytes, Carries::Stream);
        }
    }

    /// Lets go of stream bytes that nobody needs and the backlog does not promise.
    pub(super) fn trim_backlog(&mut self) {
        let oldest = self.state.oldest_reader();
        if let Some(backlog) = &mut self.state.backlog {
            backlog.trim(oldest);
        }
    }

    /// Takes a replica's confirmation.
    pub(super) fn acknowledged(&mut self, link: Link, offset: Offset) {
        let now = self.now;
        let early = self
            .state
            .downlink(link)
            .is_some_and(|down| matches!(down.stage, Stage::AwaitSnapshotEnd { .. }));
        // The replica has finished before we noticed that our child has: look now.
        if early {
            self.reap_child();
        }
        if let Some(down) = self.state.downlink_mut(link) {
            down.acknowledge(offset, now);
        }
    }

    /// A part of a snapshot did not reach a replica.
    pub(super) fn note_unsent_snapshot(&mut self, link: Link, why: &str) {
        let Some(down) = self.state.downlink(link) else { return };
        let by_disk = matches!(down.stage, Stage::SendSnapshot { .. });
        let diskless = !by_disk && self.state.receivers().contains(&link);
        if by_disk || diskless {
            self.note(SnapshotNote::Unsent { diskless, why: why.to_owned() });
        }
    }

    /// A replica's connection is gone.
    pub(super) fn replica_lost(&mut self, link: Link) {
        let name = self.state.replica_name(link);
        let received = self.state.receivers().contains(&link);
        let stage = self.state.downlink(link).map(|down| down.stage.clone());
        self.note(MasterNote::ReplicaLost(name));
        self.state.replicas.retain(|&other| other != link);
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.downlink = None;
        }
        if self.state.replicas.is_empty() {
            self.state.no_replicas_since = self.now;
        }
        if let Some(Stage::SendSnapshot { generation, .. }) = stage {
            self.release_file(generation);
        }
        if received {
            self.receiver_dropped();
        } else {
            self.pump_child();
        }
    }

    /// Drops every replica: they come back and learn our new name.
    pub(super) fn disconnect_replicas(&mut self) {
        for link in self.state.replicas.clone() {
            self.hang_up(link);
        }
    }

    /// True unless `min-replicas-to-write` asks for more good replicas than there are.
    pub(super) fn enough_replicas(&self) -> bool {
        let hot = self.state.config().hot;
        if hot.min_replicas_to_write == 0 || hot.min_replicas_max_lag == 0 {
            return true;
        }
        self.good_replicas() >= hot.min_replicas_to_write
    }

    /// How many online replicas have confirmed lately.
    pub(super) fn good_replicas(&self) -> u64 {
        let max_lag = self.state.config().hot.min_replicas_max_lag;
        let good = |down: &&Downlink| down.stage.is_online() && down.lag(self.now) <= max_lag;
        self.state.downlinks().map(|(_, down)| down).filter(good).count() as u64
    }

    /// Starts the snapshot that waiting replicas are due.
    ///
    /// `at_once` is a request that must not wait for others.
    pub(super) fn start_due_snapshot(&mut self, at_once: bool) {
        if self.state.child.is_some() {
            return;
        }
        let mut waiting: Vec<(Link, bool)> = self
            .state
            .downlinks()
            .filter(|(_, down)| down.stage == Stage::AwaitSnapshot)
            .map(|(link, down)| (link, down.introduction.without_keys))
            .collect();
        // Those who want another kind of snapshot than the first wait for the next.
        let without_keys = waiting.first().is_some_and(|&(_, without_keys)| without_keys);
        waiting.retain(|&(_, wants)| wants == without_keys);
        let waiting: Vec<Link> = waiting.into_iter().map(|(link, _)| link).collect();
        if waiting.is_empty() || !(at_once || self.snapshot_is_due(&waiting)) {
            return;
        }
        let all_eof = waiting
            .iter()
            .all(|&link| self.state.downlink(link).is_some_and(|down| down.introduction.eof));
        let streams = self.state.config().yes("repl-diskless-sync") || without_keys;
        let target = if streams && all_eof { Target::Sockets } else { Target::Disk };
        self.start_replica_snapshot(&waiting, target, without_keys);
    }

    fn snapshot_is_due(&self, waiting: &[Link]) -> bool {
        let config = self.state.config();
        let most = config.number("repl-diskless-sync-max-replicas");
        let idle = |&link: &Link| {
            let since = self.state.downlink(link).map_or(self.now, |down| down.since);
            self.now.seconds().saturating_sub(since.seconds())
        };
        let longest = waiting.iter().map(idle).max().unwrap_or(0);
        !config.yes("repl-diskless-sync")
            || (most > 0 && waiting.len() as u64 >= most)
            || longest >= config.number("repl-diskless-sync-delay")
    }
}

/// Both sides read and write snapshots and streams in pieces of this size.
pub(super) const CHUNK_BYTES: usize = 16 * 1024;
