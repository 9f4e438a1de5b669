//! DEBUG SLEEP: the process does nothing for a while, and the world does not wait for it.
//!
//! A node has no thread that could sleep. What happens to it meanwhile is kept, and heard in order
//! when it wakes; only then the one who sent it to sleep has its answer.

use std::collections::VecDeque;

use super::super::cron::Wake;
use super::super::io::{Input, Link, Outbox};
use super::super::machine::{Deadline, Machine, Node};
use crate::resp::{Bytes, Reply};
use crate::time::{Duration, Instant};

/// A process that sleeps.
#[derive(Clone, Debug)]
pub(in crate::node) struct Sleep {
    since: Instant,
    until: Instant,
    /// Who has sent it to sleep.
    link: Link,
    /// What has happened since.
    missed: VecDeque<Input>,
}

impl Sleep {
    pub(in crate::node) const fn deadline(&self) -> Deadline {
        Deadline { at: self.until, wake: Wake::Asleep }
    }
}

impl Node {
    /// Keeps a fact for later if the process sleeps; it is given back if it does not.
    pub(in crate::node) fn sleep_through(&mut self, now: Instant, input: Input) -> Option<Input> {
        let Some(sleep) = &mut self.state.sleep else { return Some(input) };
        if input != Input::Woke {
            sleep.missed.push_back(input);
        }
        if now < sleep.until { None } else { Some(Input::Woke) }
    }

    /// Ends the sleep: the answer, and then everything that was missed.
    pub(in crate::node) fn wake_up(&mut self, now: Instant, out: &mut Outbox) {
        let Some(sleep) = self.state.sleep.take_if(|sleep| now >= sleep.until) else { return };
        let mut machine = Machine { now, state: &mut self.state, out };
        let seconds = sleep.until.since(sleep.since);
        let words = ["DEBUG", "SLEEP", &format!("{}", seconds.micros() as f64 / 1e6)];
        machine.note_duration(sleep.link, &words.map(|word| Bytes::from(word.as_bytes())), seconds);
        machine.answer_waiting(sleep.link, &Reply::OK);
        machine.end_turn();
        let mut missed = sleep.missed;
        while let Some(input) = missed.pop_front() {
            self.handle(now, input, out);
            if let Some(again) = &mut self.state.sleep {
                again.missed.append(&mut missed);
            }
        }
    }
}

/// `DEBUG SLEEP <seconds>`.
pub(super) fn sleep(machine: &mut Machine<'_>, link: Link, seconds: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(seconds);
    let micros = text.parse::<f64>().unwrap_or(0.0).clamp(0.0, SECONDS_MAX) * 1_000_000.0;
    if micros < 1.0 {
        return Reply::OK;
    }
    machine.wait_for_disk(link);
    let until = machine.now + Duration::from_micros(micros as u64);
    machine.state.sleep = Some(Sleep { since: machine.now, until, link, missed: VecDeque::new() });
    Reply::Silent
}

/// Longer than anybody waits.
const SECONDS_MAX: f64 = 1e9;
