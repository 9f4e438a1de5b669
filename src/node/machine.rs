//! Who is called for which fact, and the end of every turn.

mod busy;
mod turn;

pub(super) use busy::{Errand, Held};
pub(super) use turn::{Caller, Unmeasured};

use super::client::Client;
use super::cron::Wake;
use super::io::{Address, Breach, Carries, Input, Job, Link, Outbox, Output};
use super::log::LogLine;
use super::note::{Note, ServerNote};
use super::state::{Setup, State};
use crate::resp::Bytes;
use crate::time::Instant;

/// One server. A clone is another one with the same past.
#[derive(Clone, Debug)]
pub struct Node {
    pub(super) state: State,
}

/// When a node wants to be woken, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The instant.
    pub at: Instant,
    /// What it will do.
    pub wake: Wake,
}

impl Node {
    /// A server that is about to start at `now`.
    pub fn new(setup: Setup, now: Instant) -> Self {
        Self { state: State::new(setup, now) }
    }

    /// One turn.
    fn hear(&mut self, now: Instant, input: Input, out: &mut Outbox) {
        let mut machine = Machine { now, state: &mut self.state, out };
        machine.pass_idle_ticks();
        machine.take(input);
        machine.end_turn();
    }

    /// True while a dataset is being loaded: a host may have much to provide at once.
    pub const fn is_loading(&self) -> bool {
        self.state.loading.is_some()
    }

    /// True if `oom-score-adj` is on: a host that can obey it asks in every turn.
    pub const fn wants_oom_score(&self) -> bool {
        self.state.setup.config.hot.scores
    }

    /// True if it follows another server.
    pub const fn is_replica(&self) -> bool {
        self.state.is_replica()
    }

    /// When the node wants [`Input::Woke`], if ever.
    pub fn deadline(&self) -> Option<Deadline> {
        super::cron::deadline(&self.state)
    }
}

/// A turn: the node, the instant, and where orders go.
pub(super) struct Machine<'a> {
    pub(super) now: Instant,
    pub(super) state: &'a mut State,
    pub(super) out: &'a mut Outbox,
}

impl Machine<'_> {
    fn take(&mut self, input: Input) {
        match input {
            Input::Started { dump } => self.start(dump),
            Input::Accepted { link, peer, local } => self.accept(link, peer, local),
            Input::Opened { link } => self.upstream_opened(link),
            Input::Refused { link, why } => self.upstream_refused(link, &why),
            Input::Received { link, bytes } => self.receive(link, &bytes),
            Input::Sent { link, bytes } => self.sent(link, bytes),
            Input::Kept { link, bytes } => self.replies_kept(link, bytes),
            Input::Closed { link } => self.closed(link, None),
            Input::Broke { link, during } => self.closed(link, Some(&during)),
            Input::Disk { job, result } => self.disk(job, result),
            Input::Listened { moved } => self.moved(moved),
            Input::Forks { fail } => self.state.forks_fail = fail,
            Input::Woke => self.wake(),
            Input::Lasted { nanos } => self.measured(nanos),
            Input::Used { usage } => self.state.usage = usage,
            Input::Interrupted => self.terminate("shutdown-on-sigint"),
            Input::Terminated => self.terminate("shutdown-on-sigterm"),
        }
    }

    fn start(&mut self, dump: bool) {
        let port = self.state.port();
        self.note(ServerNote::Version(self.state.setup.profile.redis_version().to_owned()));
        self.note(ServerNote::RunningMode(port));
        self.note(ServerNote::ServerInitialized);
        if dump {
            self.load_dump();
        } else {
            self.ready();
        }
    }

    /// The server has its dataset and begins its work.
    pub(super) fn ready(&mut self) {
        self.note(ServerNote::ReadyToAccept);
        self.wake();
    }

    fn accept(&mut self, link: Link, peer: Address, local: Address) {
        let id = self.state.number_client();
        if self.state.config().hot.verbose {
            self.note(ServerNote::Accepted(peer.clone()));
        }
        let others = self.state.clients.len() + usize::from(self.state.upstream.is_up());
        if others as u64 >= self.state.config().number("maxclients") {
            self.state.stats.connections_rejected += 1;
            let bytes = Bytes::from(&b"-ERR max number of clients reached\r\n"[..]);
            self.send(link, bytes, Carries::Talk);
            self.out.push(Output::Close { link });
            return;
        }
        if self.state.keeps_out(&peer) {
            return self.turn_away(link);
        }
        self.state.stats.connections_received += 1;
        let mut client = Client::new(id, peer, local, self.now);
        client.authenticated = self.state.config().text("requirepass").is_none();
        client.decoder.guard(!client.authenticated);
        self.state.clients.insert(link, client);
    }

    fn receive(&mut self, link: Link, bytes: &Bytes) {
        self.state.stats.reads += 1;
        if link.is_dialled() {
            self.upstream_received(link, bytes);
            return;
        }
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        self.state.stats.input_bytes += bytes.len() as u64;
        client.heard_at = self.now;
        // An empty line is how a replica that loads shows that it lives.
        if let Some(down) = &mut client.downlink
            && bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
        {
            down.acked_at = self.now;
        }
        client.decoder.limit(self.state.setup.config.settings.string_bytes_max);
        client.decoder.feed(bytes);
        if self.may_ask(link) {
            self.serve(link);
        }
        self.state.clients.weigh(link, self.now);
    }

    fn sent(&mut self, link: Link, bytes: u64) {
        let bytes = self.replies_left(link, bytes);
        let now = self.now;
        if let Some(down) = self.state.downlink_mut(link) {
            down.in_wire = down.in_wire.saturating_sub(bytes);
            down.since = now;
            self.send_snapshot(link);
            self.pump_child();
        }
    }

    fn closed(&mut self, link: Link, breach: Option<&Breach>) {
        if link.is_dialled() {
            return self.upstream_closed(link, breach);
        }
        if let Some(Breach::Write(why)) = breach {
            self.note_unsent_snapshot(link, why);
        }
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.broken = breach.is_some();
        }
        if breach.is_none() && self.state.config().hot.verbose {
            self.note_closed(link);
        }
        self.forget(link);
    }

    #[inline(never)]
    fn note_closed(&mut self, link: Link) {
        let client = self.state.client_line(link, self.now);
        if !client.is_empty() {
            self.note(ServerNote::ClientClosed(client));
        }
    }

    fn disk(&mut self, job: Job, result: Result<super::io::DiskFact, String>) {
        match job {
            Job::Save(pid) => self.child_disk(pid, false, result),
            Job::SaveRename(pid) => self.child_disk(pid, true, result),
            Job::Send(link) => self.snapshot_read(link, result),
            Job::Receive | Job::ReceiveRename => self.transfer_disk(job, result),
            Job::Load => self.load_read(result),
            Job::ReadConfig(link) => self.config_read(link, result),
            Job::WriteConfig(link) => self.config_written(link, result.map(|_| ())),
            Job::Unawaited => {}
        }
    }

    /// What Redis does before it sleeps: the stream goes out, and so do replies.
    pub(super) fn end_turn(&mut self) {
        self.feed_replicas();
        // What is rare is looked for here: a page fetches what it is about when it is called.
        if self.state.failover.is_some() {
            self.go_on_failing_over();
        }
        self.end_pauses();
        self.end_waits();
        if self.state.ending.shutdown.is_some() {
            self.go_on_shutting_down();
        }
        self.resume_waiting();
        self.serve_resumed();
        if self.state.pauses.scope().is_none() && std::mem::take(&mut self.state.getack) {
            self.feed_getack();
        }
        self.feed_replicas();
        self.trim_backlog();
        self.check_replicas_output();
        self.flush_replies();
        self.evict_clients();
    }

    /// Says something on a connection.
    pub(super) fn send(&mut self, link: Link, bytes: Bytes, carries: Carries) {
        self.state.stats.writes += 1;
        self.out.push(Output::Send { link, bytes, carries });
    }

    /// Closes an accepted connection from our side, at once.
    pub(super) fn hang_up(&mut self, link: Link) {
        self.out.push(Output::Close { link });
        self.forget(link);
    }

    /// An accepted connection is no more.
    pub(super) fn forget(&mut self, link: Link) {
        if self.state.downlink(link).is_some() {
            self.replica_lost(link);
        }
        self.forget_wait(link);
        self.forget_watch(link);
        self.forget_monitor(link);
        self.forget_subscriptions(link);
        self.forget_tracking(link);
        self.state.speaking.remove(&link);
        self.state.swollen.remove(&link);
        self.state.clients.remove(&link);
    }

    /// Writes a line into the log.
    pub(super) fn note(&mut self, note: impl Into<Note>) {
        let (pid, role) = (self.state.pid, self.state.role_letter());
        self.note_as(pid, role, note.into());
    }

    /// Writes a line into the log in the name of another process or role.
    pub(super) fn note_as(&mut self, pid: u32, role: char, note: Note) {
        let profile = self.state.setup.profile;
        self.out.push(Output::Note(LogLine { at: self.now, pid, role, note, profile }));
    }
}
