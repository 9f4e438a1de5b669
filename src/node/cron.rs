//! The cron: everything that a server does because time has passed.
//!
//! Redis' cron runs every 100 ms and mostly finds nothing to do. Here a node knows for what it
//! waits and is woken only for that; but never between two ticks, so that every coarse habit of the
//! original stays: a child's end is noticed up to 100 ms late, timeouts are compared in whole
//! seconds, once a second.
//!
//! [`deadline`] and [`Machine::wake`] must agree: whatever a wake does, the deadline announces.
//! *Source*: Redis 7.2 · server.c · serverCron; replication.c · replicationCron; expire.c.

mod wake;

use super::client::{Class, Client, Waiting};
use super::io::{Link, Output};
use super::machine::{Deadline, Machine};
use super::migrate::kept_due;
use super::note::{MasterNote, ReplicaNote, TransferNote};
use super::output::soft_limit_end;
use super::save::ChildStage;
use super::state::{State, TICKS_PER_SECOND};
use super::upstream::Uplink;
use crate::commands::Classes;
use crate::replication::{Downlink, Stage};
use crate::time::Instant;
pub use wake::Wake;

/// The next instant at which a node wants to be woken, and why.
pub(super) fn deadline(state: &State) -> Option<Deadline> {
    if let Some(sleep) = &state.sleep {
        return Some(sleep.deadline());
    }
    if state.migrations.is_busy() {
        return state.migrations.deadline();
    }
    if state.patron.is_some() {
        return child_due(state);
    }
    if state.loading.as_ref().is_some_and(super::load::Loading::is_start) {
        return loading_due(state);
    }
    let due = [
        child_due(state),
        loading_due(state),
        upstream_due(state),
        replicas_due(state),
        backlog_due(state),
        expiry_due(state),
        clients_due(state),
        state.pauses.end().map(|at| Deadline { at, wake: Wake::Unpause }),
        state.ending.signalled.map(|_| at_tick(state, state.started_at, Wake::ObeySignal)),
        failover_due(state),
        swollen_due(state),
        idle_due(state),
        state.save_due(),
        state.sent_file_due(),
        kept_due(state),
    ];
    let stands = |deadline: &Deadline| !(state.cron_paused && deadline.wake.is_of_cron());
    let due = due.into_iter().flatten().filter(stands);
    due.min_by_key(|deadline| (deadline.at, deadline.wake))
}

/// The next run of the replication cron that has anything to do.
fn second_due(state: &State) -> Option<Instant> {
    let due = [
        upstream_due(state),
        replicas_due(state),
        backlog_due(state),
        state.sent_file_due(),
        kept_due(state),
    ];
    due.into_iter().flatten().map(|deadline| deadline.at).min()
}

/// A duty at the first tick that is not before `at`.
pub(super) fn at_tick(state: &State, at: Instant, wake: Wake) -> Deadline {
    Deadline { at: state.tick_at(state.tick_from(at)), wake }
}

/// A duty of the replication cron, at its first run that is not before `at`.
pub(super) fn at_second(state: &State, at: Instant, wake: Wake) -> Deadline {
    Deadline { at: state.tick_at(state.second_from(at)), wake }
}

/// The first run at which more than `timeout` whole seconds have passed since `since`.
pub(super) fn after_timeout(state: &State, since: Instant, timeout: u64, wake: Wake) -> Deadline {
    let at = Instant::from_millis((since.seconds() + timeout + 1) * 1_000);
    at_second(state, at, wake)
}

fn child_due(state: &State) -> Option<Deadline> {
    let child = state.child.as_ref()?;
    match child.stage {
        ChildStage::Writing => Some(Deadline { at: child.ready_at, wake: Wake::SnapshotChunk }),
        ChildStage::Handing | ChildStage::Renaming => None,
        ChildStage::Exited { .. } => Some(at_tick(state, child.ready_at, Wake::ReapChild)),
    }
}

fn loading_due(state: &State) -> Option<Deadline> {
    let loading = state.loading.as_ref().filter(|loading| loading.is_idle())?;
    Some(Deadline { at: loading.ready_at, wake: Wake::LoadChunk })
}

fn upstream_due(state: &State) -> Option<Deadline> {
    let timeout = state.config().number("repl-timeout");
    let silent = |since| after_timeout(state, since, timeout, Wake::MasterTimeout);
    match &state.upstream.link {
        Uplink::Idle => None,
        Uplink::Connect => Some(at_second(state, state.started_at, Wake::Dial)),
        Uplink::Connecting { since, .. } | Uplink::Handshake { since, .. } => Some(silent(*since)),
        Uplink::Transfer(_) if state.loads_without_link() => None,
        Uplink::Transfer(transfer) => Some(silent(transfer.heard_at)),
        Uplink::Connected(stream) => {
            let ack = at_second(state, state.started_at, Wake::Ack);
            Some(if stream.old_protocol { silent(stream.heard_at) } else { ack })
        }
    }
}

fn replicas_due(state: &State) -> Option<Deadline> {
    if state.replicas.is_empty() {
        return None;
    }
    let timeout = state.config().number("repl-timeout");
    let mut due = Vec::new();
    for (_, down) in state.downlinks() {
        match down.stage {
            Stage::AwaitSnapshot => {
                due.push(at_second(state, state.started_at, Wake::KeepAlive));
                if state.child.is_none() {
                    due.push(snapshot_start(state, down.since));
                }
            }
            Stage::AwaitSnapshotEnd { .. } if state.streams_snapshot() => {
                if down.in_wire > 0 {
                    due.push(after_timeout(state, down.since, timeout, Wake::ReplicaTimeout));
                }
            }
            Stage::AwaitSnapshotEnd { .. } => {
                due.push(at_second(state, state.started_at, Wake::KeepAlive));
            }
            Stage::SendSnapshot { .. } => {}
            Stage::AwaitFirstAck { .. } | Stage::Streaming { .. } if down.old_protocol => {}
            Stage::AwaitFirstAck { .. } | Stage::Streaming { .. } => {
                due.push(after_timeout(state, down.acked_at, timeout, Wake::ReplicaTimeout));
            }
        }
    }
    due.extend(ping_due(state));
    due.into_iter().min_by_key(|deadline| (deadline.at, deadline.wake))
}

/// When the delay of a replica that waits since `since` is over.
fn snapshot_start(state: &State, since: Instant) -> Deadline {
    let delay = state.config().number("repl-diskless-sync-delay");
    let wait = if state.config().yes("repl-diskless-sync") { delay } else { 0 };
    let at = Instant::from_millis((since.seconds() + wait) * 1_000).max(since);
    at_second(state, at, Wake::StartSnapshot)
}

/// PINGs come at every n-th run since the start, whoever is attached.
fn ping_due(state: &State) -> Option<Deadline> {
    // A failover that has to be over in time is not to be held up by what the cron adds.
    let hurries = state.failover.as_ref().is_some_and(|failover| failover.until.is_some());
    if state.is_replica() || hurries {
        return None;
    }
    let period = state.config().number("repl-ping-replica-period") * TICKS_PER_SECOND;
    let tick = state.second_from(state.started_at).div_ceil(period) * period;
    Some(Deadline { at: state.tick_at(tick), wake: Wake::Ping })
}

fn failover_due(state: &State) -> Option<Deadline> {
    let failover = state.failover.as_ref().filter(|_| !state.hands_over())?;
    Some(Deadline { at: failover.until?, wake: Wake::Failover })
}

fn backlog_due(state: &State) -> Option<Deadline> {
    let ttl = state.config().number("repl-backlog-ttl");
    let idle = state.replicas.is_empty() && !state.is_replica() && state.backlog.is_some();
    (idle && ttl > 0).then(|| after_timeout(state, state.no_replicas_since, ttl, Wake::FreeBacklog))
}

fn expiry_due(state: &State) -> Option<Deadline> {
    if state.pauses.scope().is_some() || !state.active_expire || state.loading.is_some() {
        return None;
    }
    let at = if state.is_replica() {
        state.soonest_own_expiry()?
    } else {
        state.keyspace.soonest_expiry()?.1
    };
    let at = Instant::from_millis(u64::try_from(at).unwrap_or(0) + 1);
    Some(at_tick(state, at, Wake::Expire))
}

fn clients_due(state: &State) -> Option<Deadline> {
    let until = |client: &Client| match &client.waiting {
        Some(Waiting::Replicas { until, .. }) => *until,
        Some(Waiting::Keys(blocked)) => blocked.until,
        Some(Waiting::Disk | Waiting::Unpause(_)) | None => None,
    };
    let shutdown = state.ending.shutdown.map(|shutdown| shutdown.until);
    let waiting = state.parked.iter().chain(&state.waiting);
    let waits = waiting.filter_map(|link| until(state.clients.get(link)?));
    let at = waits.chain(shutdown).min()?;
    Some(Deadline { at, wake: Wake::ClientTimeout })
}

fn swollen_due(state: &State) -> Option<Deadline> {
    let limits = state.config().hot.output_limits;
    let end = |link: &Link| {
        let client = state.clients.get(link)?;
        soft_limit_end(client, client.class().limit(&limits).seconds)
    };
    let at = state.swollen.iter().filter_map(end).min()?;
    Some(at_tick(state, at, Wake::OutputLimit))
}

/// `timeout` is for clients that neither wait nor listen.
fn idle_due(state: &State) -> Option<Deadline> {
    let timeout = state.config().hot.timeout;
    if timeout == 0 {
        return None;
    }
    let silent = state.clients.values().filter(|client| may_idle_out(client));
    let heard = silent.map(|client| client.heard_at).min()?;
    let at = Instant::from_millis((heard.seconds() + timeout + 1) * 1_000);
    Some(at_tick(state, at, Wake::IdleClient))
}

fn may_idle_out(client: &Client) -> bool {
    client.class() == Class::Normal && client.waiting.is_none()
}

impl Machine<'_> {
    /// Ticks that have gone by with nothing to do are done: what arises now waits for the next one.
    pub(super) fn pass_idle_ticks(&mut self) {
        let tick_micros = super::state::TICK_MILLIS * 1_000;
        let micros = self.now.since(self.state.started_at).micros();
        let Some(passed) = micros.checked_sub(1).map(|before| before / tick_micros) else { return };
        if self.state.stats.rates.tick < passed {
            self.state.look_at_counters(passed);
        }
        if self.state.tick.is_none_or(|tick| tick >= passed) {
            return;
        }
        // A wake that is late still has its tick to do.
        let late = deadline(self.state).is_some_and(|due| due.at <= self.state.tick_at(passed));
        if !late {
            self.state.tick = Some(passed);
        }
    }

    /// Does what is due.
    pub(super) fn wake(&mut self) {
        self.pump_child();
        if self.state.patron.is_some() {
            return;
        }
        self.load_next();
        if self.state.loading.as_ref().is_some_and(super::load::Loading::is_start) {
            return;
        }
        let passed = self.now.since(self.state.started_at).micros();
        let tick = passed / (super::state::TICK_MILLIS * 1_000);
        if self.state.cron_paused || self.state.tick.is_some_and(|last| last >= tick) {
            return;
        }
        let now = self.now;
        let due = self.state.tick.is_none() || second_due(self.state).is_some_and(|at| at <= now);
        let before = self.state.tick.replace(tick);
        if self.state.ending.signalled.is_some() {
            return self.obey_signal();
        }
        self.reap_child();
        self.save_if_due();
        self.check_swollen();
        self.close_idle_clients();
        self.expire_keys();
        if due {
            self.every_second(before, tick);
        }
    }

    fn close_idle_clients(&mut self) {
        let timeout = self.state.config().hot.timeout;
        if timeout > 0 {
            self.close_idle_for(timeout);
        }
    }

    /// What is not wanted to begin with: a page fetches it when it is called.
    #[inline(never)]
    fn close_idle_for(&mut self, timeout: u64) {
        let now = self.now.seconds();
        let idle = |client: &Client| now.saturating_sub(client.heard_at.seconds()) > timeout;
        let clients = self.state.clients.iter().filter(|(_, c)| may_idle_out(c) && idle(c));
        let links: Vec<Link> = clients.map(|(&link, _)| link).collect();
        links.into_iter().for_each(|link| self.hang_up(link));
    }

    /// The replication cron.
    fn every_second(&mut self, before: Option<u64>, tick: u64) {
        self.check_master();
        let period = self.state.config().number("repl-ping-replica-period") * TICKS_PER_SECOND;
        let ping = before.is_none_or(|before| before / period < tick / period);
        if ping && !self.state.replicas.is_empty() && !self.state.is_replica() {
            self.propagate_bare(&["PING"]);
        }
        self.keep_replicas_alive();
        self.drop_silent_replicas();
        self.free_unused_backlog();
        self.remove_sent_file();
        if self.state.migrations.kept() > 0 {
            self.close_unused_targets();
        }
        self.start_due_snapshot(false);
    }

    fn check_master(&mut self) {
        let timeout = self.state.config().number("repl-timeout");
        let silent =
            |since: Instant, now: Instant| now.seconds().saturating_sub(since.seconds()) > timeout;
        let now = self.now;
        match &self.state.upstream.link {
            Uplink::Idle => {}
            Uplink::Connect => self.dial(),
            Uplink::Connecting { since, .. } | Uplink::Handshake { since, .. } => {
                if silent(*since, now) {
                    self.note(ReplicaNote::TimeoutConnecting);
                    self.retry_now();
                }
            }
            Uplink::Transfer(transfer) => {
                if self.state.loads_without_link() || !silent(transfer.heard_at, now) {
                    return;
                }
                if self.state.loading.is_some() {
                    return self.loading_starved();
                }
                self.note(TransferNote::TimeoutBulk);
                self.retry_now();
            }
            Uplink::Connected(stream) => {
                if silent(stream.heard_at, now) {
                    let link = stream.link;
                    self.note(TransferNote::TimeoutMaster);
                    self.out.push(Output::Close { link });
                    self.stream_lost(true);
                } else {
                    self.send_ack();
                    self.end_doomed_stream();
                }
            }
        }
    }

    /// A newline tells those who wait for a snapshot that the connection is not dead. Those whose
    /// snapshot is being streamed see its bytes.
    fn keep_replicas_alive(&mut self) {
        let streaming = self.state.streams_snapshot();
        let waits = |stage: &Stage| match stage {
            Stage::AwaitSnapshot => true,
            Stage::AwaitSnapshotEnd { .. } => !streaming,
            Stage::SendSnapshot { .. } | Stage::AwaitFirstAck { .. } | Stage::Streaming { .. } => {
                false
            }
        };
        let links: Vec<Link> = self
            .state
            .downlinks()
            .filter(|(_, down)| waits(&down.stage))
            .map(|(link, _)| link)
            .collect();
        for link in links {
            self.send_to_replica(link, b"\n");
        }
    }

    /// Lets go of the replicas that confirm nothing any more, and of those that take no more of a
    /// snapshot for which the others wait as well.
    fn drop_silent_replicas(&mut self) {
        let timeout = self.state.config().number("repl-timeout");
        let (now, streams) = (self.now.seconds(), self.state.streams_snapshot());
        let silent = |down: &Downlink| {
            let is_over = |at: Instant| now.saturating_sub(at.seconds()) > timeout;
            match down.stage {
                Stage::AwaitFirstAck { .. } | Stage::Streaming { .. } => {
                    !down.old_protocol && is_over(down.acked_at)
                }
                Stage::AwaitSnapshotEnd { .. } => {
                    streams && down.in_wire > 0 && is_over(down.since)
                }
                Stage::AwaitSnapshot | Stage::SendSnapshot { .. } => false,
            }
        };
        let downlinks = self.state.downlinks().filter(|(_, down)| silent(down));
        let silent: Vec<_> = downlinks.map(|(link, down)| (link, down.stage.is_online())).collect();
        for (link, streaming) in silent {
            let replica = self.state.replica_name(link);
            self.note(MasterNote::ReplicaTimedOut { replica, streaming });
            // It takes nothing: what waits for it would wait forever.
            self.out.push(Output::Drop { link });
            self.forget(link);
        }
    }

    fn free_unused_backlog(&mut self) {
        let ttl = self.state.config().number("repl-backlog-ttl");
        let idle = self.now.seconds().saturating_sub(self.state.no_replicas_since.seconds());
        let unused = self.state.replicas.is_empty() && !self.state.is_replica();
        if !unused || ttl == 0 || idle <= ttl || self.state.backlog.is_none() {
            return;
        }
        self.state.history.rename(&mut self.state.random);
        self.state.backlog = None;
        self.note(MasterNote::BacklogFreed(ttl));
    }

    /// Deletes keys past their expiry, each as a command of its own.
    fn expire_keys(&mut self) {
        if self.state.pauses.scope().is_some() {
            return;
        }
        if !self.state.active_expire || self.state.loading.is_some() {
            return;
        }
        if self.state.is_replica() {
            return self.expire_own_keys();
        }
        let now = self.now.millis() as i64;
        for _ in 0..EXPIRED_KEYS_MAX {
            let Some((db, _)) = self.state.keyspace.soonest_expiry().filter(|&(_, at)| now > at)
            else {
                return;
            };
            let Some(key) = self.state.keyspace.db(db).soonest().map(|e| e.key.clone()) else {
                return;
            };
            let lazy = self.state.config().settings.lazy_expire;
            self.state.stats.expired_keys += 1;
            self.delete_by_itself(db, key, lazy, (Classes::EXPIRED, "expired"));
            self.leave_event("expire-cycle");
        }
    }
}

/// How many keys one tick deletes at most.
const EXPIRED_KEYS_MAX: usize = 10_000;
