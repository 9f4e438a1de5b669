//! DEBUG SLEEP: the process does nothing for a while. Who sent it to sleep has its answer when it
//! wakes, before anything is heard that was missed.

use super::super::cron::Wake;
use super::super::io::{Link, Outbox};
use super::super::machine::{Deadline, Held, Machine, Node};
use super::super::propagate::Caused;
use super::super::transactions::Running;
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
    /// The transaction of which it is a part.
    transaction: Option<Box<Running>>,
}

impl Sleep {
    pub(in crate::node) const fn deadline(&self) -> Deadline {
        Deadline { at: self.until, wake: Wake::Asleep }
    }

    /// Lets the rest of a transaction wait.
    pub(in crate::node) fn hold(&mut self, running: Running) {
        self.transaction = Some(Box::new(running));
    }
}

impl Node {
    /// Ends the sleep, if it is time.
    pub(in crate::node) fn wake_up(&mut self, now: Instant, out: &mut Outbox) {
        let Some(sleep) = self.state.sleep.take_if(|sleep| now >= sleep.until) else { return };
        let mut machine = Machine { now, state: &mut self.state, out };
        let Sleep { since, until, link, words, transaction } = sleep;
        let took = until.since(since);
        machine.let_go(Held { link, words, took, transaction }, &Reply::OK, Caused::new());
    }
}

/// `DEBUG SLEEP <seconds>`.
pub(super) fn sleep(machine: &mut Machine<'_>, link: Link, words: &[Bytes]) -> Reply {
    let text = String::from_utf8_lossy(&words[2]);
    let micros = text.parse::<f64>().unwrap_or(0.0).clamp(0.0, SECONDS_MAX) * 1_000_000.0;
    if micros < 1.0 {
        return Reply::OK;
    }
    machine.wait_for_end(link);
    let until = machine.now + Duration::from_micros(micros as u64);
    let (since, words) = (machine.now, words.to_vec());
    machine.state.sleep = Some(Sleep { since, until, link, words, transaction: None });
    Reply::Silent
}

/// Longer than anybody waits.
const SECONDS_MAX: f64 = 1e9;
