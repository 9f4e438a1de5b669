//! DEBUG SLEEP: the process does nothing for a while. Who sent it to sleep has its answer when it
//! wakes, before anything is heard that was missed.

use super::super::cron::Wake;
use super::super::io::{Link, Outbox};
use super::super::machine::{Deadline, Machine, Node};
use crate::resp::{Bytes, Reply};
use crate::time::{Duration, Instant};

/// A process that sleeps.
#[derive(Clone, Debug)]
pub(in crate::node) struct Sleep {
    since: Instant,
    until: Instant,
    /// Who has sent it to sleep, and with which words.
    link: Link,
    words: Vec<Bytes>,
}

impl Sleep {
    pub(in crate::node) const fn deadline(&self) -> Deadline {
        Deadline { at: self.until, wake: Wake::Asleep }
    }
}

impl Node {
    /// Ends the sleep, if it is time.
    pub(in crate::node) fn wake_up(&mut self, now: Instant, out: &mut Outbox) {
        let Some(sleep) = self.state.sleep.take_if(|sleep| now >= sleep.until) else { return };
        let mut machine = Machine { now, state: &mut self.state, out };
        let seconds = sleep.until.since(sleep.since);
        machine.note_duration(Some(sleep.link), &sleep.words, seconds);
        machine.answer_waiting(sleep.link, &Reply::OK);
        machine.serve_ready();
        machine.end_turn();
    }
}

/// `DEBUG SLEEP <seconds>`.
pub(super) fn sleep(machine: &mut Machine<'_>, link: Link, words: &[Bytes]) -> Reply {
    let text = String::from_utf8_lossy(&words[2]);
    let micros = text.parse::<f64>().unwrap_or(0.0).clamp(0.0, SECONDS_MAX) * 1_000_000.0;
    if micros < 1.0 {
        return Reply::OK;
    }
    machine.wait_for_disk(link);
    let until = machine.now + Duration::from_micros(micros as u64);
    machine.state.sleep = Some(Sleep { since: machine.now, until, link, words: words.to_vec() });
    Reply::Silent
}

/// Longer than anybody waits.
const SECONDS_MAX: f64 = 1e9;
