//! How long commands took: a host measures turns, and what ran in a turn shares its time.
//!
//! A node has no clock within a turn. In a lab a turn takes no time at all, and neither does a
//! command; a host with a processor says behind each turn how long that took ([`Input::Lasted`]).
//! The commands that clients sent share it evenly, and those that EXEC or a script has run share
//! what is its. So sums are right, and so is the time of a command that came alone.
//!
//! [`Input::Lasted`]: super::super::io::Input::Lasted

use std::rc::Rc;

use super::super::gates::Row;
use super::super::io::Link;
use super::Machine;
use crate::resp::{Bytes, Reply};
use crate::time::Duration;

/// Who has a command run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) enum Caller {
    /// The client on this connection.
    Client(Link),
    /// A script.
    Script,
    /// The master of this replica.
    Master,
}

/// Runs of the turn that is not measured yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::node) struct Unmeasured {
    runs: Vec<Run>,
    /// How many are parts.
    parts: usize,
    /// What else has taken its time, as LATENCY calls it.
    event: Option<&'static str>,
}

/// Runs of one command, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    /// The place of its counts.
    place: usize,
    /// How many; none if their count is `fresh` there.
    times: Option<u64>,
    /// True if EXEC or a script has run it, which follows.
    is_part: bool,
    /// Who called it and how, for those who ask what was slow.
    call: Option<(Caller, Vec<Bytes>)>,
}

impl Run {
    fn count(&self) -> u64 {
        self.times.unwrap_or(0)
    }
}

impl Unmeasured {
    /// True if nothing but commands of clients has run.
    const fn is_plain(&self) -> bool {
        self.parts == 0
    }

    /// Each EXEC or script behind its parts, and every other run alone.
    fn groups(&self) -> impl Iterator<Item = &[Run]> {
        self.runs.chunk_by(|run, _| run.is_part)
    }

    /// True of the first that a client has called, and of some that EXEC or a script has.
    fn may_be_slow(&self, is_part: bool) -> bool {
        if is_part { self.parts < PARTS_KEPT_MAX } else { self.runs.len() == self.parts }
    }

    /// Notes a run. A script may have many, of few commands.
    fn note(&mut self, place: usize, is_part: bool) {
        let mut group = self.runs.iter_mut().rev().take_while(|run| run.is_part && is_part);
        let same = group.find(|run| run.place == place && run.call.is_none());
        match same {
            Some(run) => run.times = run.times.map(|times| times + 1),
            None => self.push(Run { place, times: Some(1), is_part, call: None }),
        }
    }

    fn push(&mut self, run: Run) {
        self.parts += usize::from(run.is_part);
        self.runs.push(run);
    }
}

impl Machine<'_> {
    /// Counts a command that has run, and how long it took as soon as that is known.
    pub(in crate::node) fn count_run(
        &mut self,
        caller: Caller,
        row: Row,
        args: &[Bytes],
        reply: &Reply,
    ) {
        self.count_call(row, args, reply);
        if !self.state.setup.measures {
            return self.note_duration(caller, args, Duration::ZERO);
        }
        let is_part = caller == Caller::Script || self.state.in_exec;
        let commands = &mut self.state.stats.commands;
        if is_part
            || self.state.setup.config.hot.slower_than == 0
            || !commands.unmeasured.is_plain()
        {
            return self.leave_to_measure(caller, args, is_part);
        }
        // The usual case, on the way of every command: what runs again is only counted.
        let place = commands.last();
        let fresh = &mut commands.at(place).fresh;
        *fresh += 1;
        if *fresh == 1 {
            self.leave_first(place, caller, args);
        }
    }

    /// The first run of a command in a turn. Of all that share it evenly none is slow by its share
    /// but what came alone: only the first of them is kept by its words.
    #[inline(never)]
    fn leave_first(&mut self, place: usize, caller: Caller, args: &[Bytes]) {
        let keeps = self.state.config().hot.slower_than > 0;
        let unmeasured = Rc::make_mut(&mut self.state.stats.commands.unmeasured);
        let call = (keeps && unmeasured.runs.is_empty()).then(|| (caller, args.to_vec()));
        unmeasured.push(Run { place, times: None, is_part: false, call });
    }

    #[inline(never)]
    fn leave_to_measure(&mut self, caller: Caller, args: &[Bytes], is_part: bool) {
        let slower_than = self.state.config().hot.slower_than;
        let commands = &mut self.state.stats.commands;
        let place = commands.last();
        let unmeasured = Rc::make_mut(&mut commands.unmeasured);
        let keeps = match slower_than {
            ..0 => false,
            0 => unmeasured.parts < PARTS_ALL_KEPT_MAX,
            _ => unmeasured.may_be_slow(is_part),
        };
        if keeps {
            let call = Some((caller, args.to_vec()));
            unmeasured.push(Run { place, times: Some(1), is_part, call });
        } else {
            unmeasured.note(place, is_part);
        }
    }

    /// Counts a run for INFO.
    pub(in crate::node) fn count_call(&mut self, row: Row, args: &[Bytes], reply: &Reply) {
        let is_tracked = self.state.config().hot.latency_tracking;
        let count = self.calls_of(row, args);
        count.calls += 1;
        if is_tracked {
            count.runs.count();
        }
        count.failed += u64::from(matches!(reply, Reply::Error(_)));
    }

    /// The turn has taken so long: those who ran in it are told.
    #[inline(never)]
    pub(in crate::node) fn measured(&mut self, nanos: u64) {
        let stats = &mut self.state.stats;
        stats.turns += 1;
        stats.turn_nanos += nanos;
        if stats.commands.unmeasured.event.is_some() {
            self.measured_event(Duration::from_micros(nanos / 1_000));
        }
        let stats = &mut self.state.stats;
        if stats.commands.unmeasured.runs.is_empty() {
            return;
        }
        stats.command_nanos += nanos;
        let mut ran = std::mem::take(Rc::make_mut(&mut stats.commands.unmeasured));
        for run in &mut ran.runs {
            let fresh = &mut stats.commands.at(run.place).fresh;
            run.times.get_or_insert_with(|| std::mem::take(fresh));
        }
        let sharers = ran.runs.iter().filter(|run| !run.is_part).map(Run::count).sum::<u64>();
        let share = nanos / sharers.max(1);
        for group in ran.groups() {
            let parts: u64 = group.iter().filter(|run| run.is_part).map(Run::count).sum();
            for run in group {
                let each = if run.is_part { share / parts } else { share };
                self.lasted(run, each);
            }
        }
        // The same room serves the next turn.
        ran.runs.clear();
        ran.parts = 0;
        ran.event = None;
        *Rc::make_mut(&mut self.state.stats.commands.unmeasured) = ran;
    }

    /// Leaves it to be measured what a turn does besides commands.
    #[inline(never)]
    pub(in crate::node) fn leave_event(&mut self, event: &'static str) {
        if self.state.setup.measures {
            Rc::make_mut(&mut self.state.stats.commands.unmeasured).event = Some(event);
        }
    }

    /// A turn with commands says nothing of how long anything else took.
    #[inline(never)]
    fn measured_event(&mut self, took: Duration) {
        let unmeasured = Rc::make_mut(&mut self.state.stats.commands.unmeasured);
        let event = unmeasured.event.take().filter(|_| unmeasured.runs.is_empty());
        if let Some(event) = event.filter(|_| self.state.config().hot.is_spike(took)) {
            self.note_event(event, took);
        }
    }

    fn lasted(&mut self, run: &Run, nanos: u64) {
        self.count_time(run.place, nanos, run.count());
        let hot = self.state.config().hot;
        let took = Duration::from_micros(nanos / 1_000);
        if let Some((caller, args)) = run.call.as_ref().filter(|_| hot.is_slow(took)) {
            self.log_slow(*caller, args, took);
        }
        if hot.is_spike(took) {
            let name = self.state.stats.commands.name_at(run.place).to_owned();
            self.note_spike(&name, took);
        }
    }

    /// The runs that were counted at this place last took so long each.
    fn count_time(&mut self, place: usize, nanos: u64, times: u64) {
        let is_tracked = self.state.config().hot.latency_tracking;
        let count = self.state.stats.commands.at(place);
        count.nanos += nanos * times;
        if is_tracked {
            count.runs.lengthen(nanos, times);
        }
    }

    /// A command that was counted last kept everybody waiting for so long.
    #[inline(never)]
    pub(in crate::node) fn count_wait_of_all(
        &mut self,
        link: Link,
        args: &[Bytes],
        took: Duration,
    ) {
        let place = self.state.stats.commands.last();
        self.count_time(place, took.micros() * 1_000, 1);
        self.note_duration(Caller::Client(link), args, took);
    }

    /// Tells those who ask what was slow.
    fn note_duration(&mut self, caller: Caller, args: &[Bytes], took: Duration) {
        let hot = self.state.config().hot;
        if hot.is_slow(took) {
            self.log_slow(caller, args, took);
        }
        if hot.is_spike(took) {
            self.note_spike(self.state.command_name(&args[0]), took);
        }
    }
}

/// So many commands that EXEC or a script has run are known by their words.
const PARTS_KEPT_MAX: usize = 16;
/// So many are where every command is to be logged: more than the log is long, as a rule.
const PARTS_ALL_KEPT_MAX: usize = 1_024;
