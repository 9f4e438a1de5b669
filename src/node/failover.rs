//! FAILOVER: a master hands its role to one of its replicas, and no write is lost.
//!
//! ```text
//!     FAILOVER ──▶ waiting-for-sync ──a replica has confirmed all──▶ failover-in-progress
//!                  writes wait │                                      follow it with
//!                              │ the time is over                     PSYNC id offset FAILOVER
//!                              ├── FORCE: hand over all the same ──▶   │
//!                              └── else: aborted, writes go on         ├── answered: done
//!                                                                      └── refused: master again
//! ```
//!
//! The replica becomes a master when it reads that PSYNC, so there is never a moment with two.
//! *Source*: Redis 7.2 · replication.c · failoverCommand, updateFailoverStatus, abortFailover.

use super::io::{Address, Link};
use super::machine::Machine;
use super::note::{MasterNote, ReplicaNote};
use super::pause::{Reason, Scope};
use super::state::State;
use crate::replication::Downlink;
use crate::resp::{Bytes, Reply, parse_integer};
use crate::time::{Duration, Instant};

/// A failover under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failover {
    /// To whom; none until any replica has caught up.
    target: Option<Address>,
    /// It happens even if the target does not catch up in time.
    force: bool,
    /// When the waiting ends.
    pub(super) until: Option<Instant>,
    /// True once the role is being handed over.
    in_progress: bool,
}

impl Failover {
    /// What INFO calls the state.
    pub(super) const fn state_name(&self) -> &'static str {
        if self.in_progress { "failover-in-progress" } else { "waiting-for-sync" }
    }
}

/// What FAILOVER asks for.
#[derive(Default)]
struct Request {
    target: Option<Address>,
    timeout: Option<Duration>,
    force: bool,
}

impl Request {
    fn parse(words: &[Bytes]) -> Result<Self, &'static str> {
        const NO_INTEGER: &str = "ERR value is not an integer or out of range";
        let mut request = Self::default();
        let mut rest = words;
        while let Some((word, more)) = rest.split_first() {
            rest = match (word.to_ascii_lowercase().as_slice(), more) {
                (b"timeout", [millis, more @ ..]) if request.timeout.is_none() => {
                    let millis = parse_integer(millis).ok_or(NO_INTEGER)?;
                    let millis = u64::try_from(millis).ok().filter(|&millis| millis > 0);
                    let millis = millis.ok_or("ERR FAILOVER timeout must be greater than 0")?;
                    request.timeout = Some(Duration::from_millis(millis));
                    more
                }
                (b"to", [host, port, more @ ..]) if request.target.is_none() => {
                    let port = parse_integer(port).ok_or(NO_INTEGER)?;
                    // No replica has a port that is none: such a target is not found.
                    let port = u16::try_from(port).unwrap_or(0);
                    request.target = Some(Address::new(&String::from_utf8_lossy(host), port));
                    more
                }
                (b"force", more) if !request.force => {
                    request.force = true;
                    more
                }
                _ => return Err("ERR syntax error"),
            };
        }
        Ok(request)
    }
}

pub(super) fn failover(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    if args.len() == 2 && args[1].eq_ignore_ascii_case(b"abort") {
        if machine.state.failover.is_none() {
            return Reply::error("ERR No failover in progress.");
        }
        machine.abort_failover("Failover manually aborted");
        return Reply::OK;
    }
    let request = Request::parse(&args[1..]);
    match request.and_then(|request| machine.state.allows(&request).map(|()| request)) {
        Err(text) => Reply::error(text),
        Ok(request) => {
            machine.begin_failover(request);
            Reply::OK
        }
    }
}

impl State {
    fn allows(&self, request: &Request) -> Result<(), &'static str> {
        if self.failover.is_some() {
            return Err("ERR FAILOVER already in progress.");
        }
        if self.is_replica() {
            return Err("ERR FAILOVER is not valid when server is a replica.");
        }
        if self.replicas.is_empty() {
            return Err("ERR FAILOVER requires connected replicas.");
        }
        if request.force && (request.timeout.is_none() || request.target.is_none()) {
            return Err(
                "ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
            );
        }
        let Some(target) = &request.target else { return Ok(()) };
        match self.replica_at(target) {
            None => Err("ERR FAILOVER target HOST and PORT is not a replica."),
            Some(down) if !down.stage.is_online() => {
                Err("ERR FAILOVER target replica is not online.")
            }
            Some(_) => Ok(()),
        }
    }

    /// The replica that is reached at an address.
    fn replica_at(&self, address: &Address) -> Option<&Downlink> {
        let found = |link: Link| self.address_of(link).is_some_and(|own| own == *address);
        self.downlinks().find(|&(link, _)| found(link)).map(|(_, down)| down)
    }

    /// Where a replica is reached, as it has said.
    fn address_of(&self, link: Link) -> Option<Address> {
        let client = self.clients.get(&link)?;
        let introduced = &client.downlink.as_ref()?.introduction;
        let host = introduced.ip.as_deref().unwrap_or(&client.peer.host).to_ascii_lowercase();
        Some(Address::new(&host, u16::try_from(introduced.port?).ok()?))
    }

    /// The replica to hand over to, once it has confirmed all.
    #[inline(never)]
    fn caught_up(&self, target: Option<&Address>) -> Option<Address> {
        let offset = self.history.offset;
        let all = |down: &Downlink| down.stage.is_online() && down.acked == offset;
        if let Some(target) = target {
            return self.replica_at(target).filter(|down| all(down)).map(|_| target.clone());
        }
        let (link, _) = self.downlinks().find(|(_, down)| all(down))?;
        self.address_of(link)
    }

    /// True while the role is being handed over.
    pub(super) fn hands_over(&self) -> bool {
        self.failover.as_ref().is_some_and(|failover| failover.in_progress)
    }
}

impl Machine<'_> {
    fn begin_failover(&mut self, request: Request) {
        let Request { target, timeout, force } = request;
        self.note(MasterNote::FailoverRequested(target.clone()));
        let until = timeout.map(|timeout| self.now + timeout);
        self.state.failover = Some(Failover { target, force, until, in_progress: false });
        self.pause(Reason::Failover, Scope::Writes, None);
    }

    /// Hands the role over once somebody has caught up, or the time is over.
    #[inline(never)]
    pub(super) fn go_on_failing_over(&mut self) {
        let Some(failover) = &self.state.failover else { return };
        if failover.in_progress {
            return;
        }
        if failover.until.is_some_and(|until| self.now >= until) {
            match failover.target.clone().filter(|_| failover.force) {
                Some(target) => {
                    self.note(MasterNote::FailoverForced(target.clone()));
                    self.hand_over(target);
                }
                None => self.abort_failover("Replica never caught up before timeout"),
            }
        } else if let Some(target) = self.state.caught_up(failover.target.as_ref()) {
            self.note(MasterNote::FailoverTargetSynced(target.clone()));
            self.hand_over(target);
        }
    }

    fn hand_over(&mut self, target: Address) {
        if let Some(failover) = &mut self.state.failover {
            failover.target = Some(target.clone());
            failover.in_progress = true;
        }
        self.follow(target);
    }

    /// The target has answered PSYNC: it is the master now, and what waited may go on.
    pub(super) fn failover_accepted(&mut self) {
        if self.state.hands_over() {
            self.end_failover();
        }
    }

    /// The target has refused; false if there is no failover.
    pub(super) fn failover_refused(&mut self) -> bool {
        let refused = self.state.hands_over();
        if refused {
            self.abort_failover("Failover target rejected psync request");
        }
        refused
    }

    /// PSYNC has not reached the target, if there is one.
    pub(super) fn failover_unsent(&mut self) {
        if self.state.hands_over() {
            self.abort_failover("Write error to failover target");
        }
    }

    fn abort_failover(&mut self, why: &'static str) {
        let Some(failover) = &self.state.failover else { return };
        let (target, in_progress) = (failover.target.clone(), failover.in_progress);
        self.note(MasterNote::FailoverAborted { target, why });
        if in_progress {
            self.promote();
        }
        self.end_failover();
    }

    fn end_failover(&mut self) {
        self.state.failover = None;
        self.unpause(Reason::Failover);
    }

    /// PSYNC with FAILOVER: our master wants us in its place. It is answered as a replica then.
    pub(super) fn take_over(&mut self, link: Link, id: &[u8]) -> Result<(), &'static str> {
        let shown = String::from_utf8_lossy(id).into_owned();
        let own = shown.eq_ignore_ascii_case(&self.state.history.id.to_string());
        self.note(ReplicaNote::FailoverRequestReceived(shown));
        if !self.state.is_replica() {
            return Err("ERR PSYNC FAILOVER can't be sent to a master.");
        }
        if !own {
            return Err("ERR PSYNC FAILOVER replid must match my replid.");
        }
        let client = self.state.client_line(link, self.now);
        self.promote();
        self.note(ReplicaNote::MasterModeByFailover(client));
        Ok(())
    }
}
