//! How long commands took: a host measures turns, and what ran in a turn shares its time.
//!
//! A node has no clock within a turn. In a lab a turn takes no time at all, and neither does a
//! command; a host with a processor says behind each turn how long that took ([`Input::Lasted`]).
//! The commands that clients sent share it evenly, and those that EXEC or a script has run share
//! what is its. So sums are exact, and the time of a command is, if it came alone.
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
    /// How many of them are known by their words.
    worded: usize,
}

/// Runs of one command, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    /// The place of its counts.
    place: usize,
    times: u64,
    /// True if EXEC or a script has run it, which follows.
    is_part: bool,
    /// Who called it and how, for those who ask what was slow.
    call: Option<(Caller, Vec<Bytes>)>,
}

impl Unmeasured {
    /// How many of clients share the time of the turn.
    fn sharers(&self) -> u64 {
        self.runs.iter().filter(|run| !run.is_part).map(|run| run.times).sum()
    }

    /// Each EXEC or script behind its parts, and every other run alone.
    fn groups(&self) -> impl Iterator<Item = &[Run]> {
        self.runs.chunk_by(|run, _| run.is_part)
    }

    /// Notes a run; `keep` says how many may be known by their words.
    fn note(&mut self, place: usize, is_part: bool, call: (Caller, &[Bytes]), keep: usize) {
        if self.worded < keep {
            self.worded += 1;
            let call = Some((call.0, call.1.to_vec()));
            self.runs.push(Run { place, times: 1, is_part, call });
            return;
        }
        if let Some(last) = self.runs.last_mut()
            && (last.place, last.is_part) == (place, is_part)
            && last.call.is_none()
        {
            last.times += 1;
        } else {
            self.runs.push(Run { place, times: 1, is_part, call: None });
        }
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
        self.leave_to_measure(caller, args);
    }

    #[inline(never)]
    fn leave_to_measure(&mut self, caller: Caller, args: &[Bytes]) {
        let is_part = caller == Caller::Script || self.state.in_exec;
        let keep = match self.state.config().hot.slower_than {
            ..0 => 0,
            0 => usize::MAX,
            _ => WORDED_MAX,
        };
        let commands = &mut self.state.stats.commands;
        let place = commands.last();
        Rc::make_mut(&mut commands.unmeasured).note(place, is_part, (caller, args), keep);
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
        if stats.commands.unmeasured.runs.is_empty() {
            return;
        }
        stats.command_nanos += nanos;
        let mut ran = std::mem::take(Rc::make_mut(&mut stats.commands.unmeasured));
        let share = nanos / ran.sharers().max(1);
        for group in ran.groups() {
            let parts: u64 = group.iter().filter(|run| run.is_part).map(|run| run.times).sum();
            for run in group {
                let each = if run.is_part { share / parts } else { share };
                self.lasted(run, each);
            }
        }
        // The same room serves the next turn.
        ran.runs.clear();
        ran.worded = 0;
        *Rc::make_mut(&mut self.state.stats.commands.unmeasured) = ran;
    }

    fn lasted(&mut self, run: &Run, nanos: u64) {
        self.count_time(run.place, nanos, run.times);
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

/// So many of a turn's commands are known by their words; of a longer pipeline nobody could say
/// which was slow.
const WORDED_MAX: usize = 16;
