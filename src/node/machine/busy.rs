//! A process that is busy hears nothing: while it sleeps, while it saves in its own name, and, but
//! for the other server, while it moves keys there.
//!
//! A node has no thread that could be blocked. What happens to it meanwhile is kept, and heard in
//! order when it has time; the world does not wait for it.

use super::super::io::{Input, Job, Link, Outbox};
use super::super::propagate::Caused;
use super::super::transactions::Running;
use super::{Machine, Node};
use crate::replication::Unit;
use crate::resp::{Bytes, Reply};
use crate::time::{Duration, Instant};

impl Node {
    /// Takes a fact and gives orders. The only way in.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Outbox) {
        if matches!(input, Input::Lasted { .. } | Input::Used { .. }) {
            // What was measured belongs to no turn.
            return Machine { now, state: &mut self.state, out }.take(input);
        }
        self.wake_up(now, out);
        self.catch_up(now, out);
        if !self.is_deaf_to(&input) {
            self.hear(now, input, out);
            self.catch_up(now, out);
        } else if self.state.migrations.is_busy() {
            Machine { now, state: &mut self.state, out }.hear_while_moving(input);
            self.catch_up(now, out);
        } else if input != Input::Woke {
            self.state.missed.push_back(input);
        }
    }

    /// Hears what was missed, until the process is busy again.
    fn catch_up(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(input) = self.state.missed.front()
            && !self.is_deaf_to(input)
            && let Some(input) = self.state.missed.pop_front()
        {
            self.hear(now, input, out);
        }
    }

    fn is_deaf_to(&self, input: &Input) -> bool {
        let state = &self.state;
        if state.sleep.is_some() || state.migrations.is_busy() {
            return true;
        }
        let of_save = matches!(
            input,
            Input::Woke | Input::Disk { job: Job::Save(_) | Job::SaveRename(_), .. }
        );
        let of_errand = matches!(input, Input::Disk { .. } | Input::Listened { .. });
        (state.patron.is_some() && !of_save) || (state.errand.is_some() && !of_save && !of_errand)
    }
}

/// A command of a transaction that waits for the disk, or for the host: nobody else is heard before
/// the rest of the transaction is carried out.
#[derive(Clone, Debug)]
pub(in crate::node) struct Errand {
    link: Link,
    since: Instant,
    words: Vec<Bytes>,
    transaction: Option<Box<Running>>,
}

impl Errand {
    pub(in crate::node) const fn new(link: Link, since: Instant) -> Self {
        Self { link, since, words: Vec::new(), transaction: None }
    }

    /// Lets the rest of a transaction wait for this command of it.
    pub(in crate::node) fn hold(&mut self, words: Vec<Bytes>, running: Running) {
        self.words = words;
        self.transaction = Some(Box::new(running));
    }
}

/// A command during which everybody waited, and which is over.
pub(in crate::node) struct Held {
    /// Whose it is.
    pub(in crate::node) link: Link,
    pub(in crate::node) words: Vec<Bytes>,
    pub(in crate::node) took: Duration,
    /// The transaction of which it is a part.
    pub(in crate::node) transaction: Option<Box<Running>>,
}

impl Machine<'_> {
    /// Ends an errand of the client, if there is one: its reply is one of many.
    #[inline(never)]
    pub(in crate::node) fn end_errand(&mut self, link: Link, reply: &Reply) -> bool {
        let Some(errand) = self.state.errand.take_if(|errand| errand.link == link) else {
            return false;
        };
        let Errand { since, words, transaction, .. } = errand;
        let took = self.now.since(since);
        self.let_go(Held { link, words, took, transaction }, reply, Caused::new());
        true
    }

    /// Counts what is over, answers it, and hears everybody again.
    #[inline(never)]
    pub(in crate::node) fn let_go(&mut self, held: Held, reply: &Reply, caused: Caused) {
        let Held { link, words, took, transaction } = held;
        let served = self.state.served.replace(link);
        self.count_late(link, &words, reply);
        self.count_wait_of_all(link, &words, took);
        match transaction {
            None => {
                self.propagate(&caused, Unit::Command);
                if !caused.is_empty() {
                    self.remember_write(link);
                }
                self.answer_waiting(link, reply);
            }
            Some(running) => self.go_on_with(link, *running, (reply.clone(), caused)),
        }
        self.state.served = served;
        self.tell_behind(link);
        self.serve_ready();
        self.end_turn();
    }

    /// Counts and shows a command that has run only now.
    pub(in crate::node) fn count_late(&mut self, link: Link, args: &[Bytes], reply: &Reply) {
        let Some(row) = self.state.row(&args[0]) else { return };
        self.count_call(row, args, reply);
        self.show_command(link, row, args);
    }
}
