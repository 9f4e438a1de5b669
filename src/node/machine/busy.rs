//! A process that is busy hears nothing: while it sleeps, while it saves in its own name, and, but
//! for the other server, while it moves keys there.
//!
//! A node has no thread that could be blocked. What happens to it meanwhile is kept, and heard in
//! order when it has time; the world does not wait for it.

use super::super::io::{Input, Job, Outbox};
use super::{Machine, Node};
use crate::time::Instant;

impl Node {
    /// Takes a fact and gives orders. The only way in.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Outbox) {
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
        if self.state.is_held() {
            return true;
        }
        let of_save = matches!(
            input,
            Input::Woke | Input::Disk { job: Job::Save(_) | Job::SaveRename(_), .. }
        );
        self.state.patron.is_some() && !of_save
    }
}
