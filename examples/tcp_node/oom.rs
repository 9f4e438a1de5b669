//! How readily the kernel ends this process when there is no memory left: `oom-score-adj`.
//!
//! The third of `oom-score-adj-values` is for a child that saves. There is no such process here.
//! *Source*: Redis 7.2 · server.c · setOOMScoreAdj.

use std::fs;
use std::io;

use replica_lab::node::Node;

/// Where the kernel is told.
const FILE: &str = "/proc/self/oom_score_adj";
/// The kernel knows no higher one, and none lower than its opposite.
const HIGHEST: i64 = 1_000;

/// The score of this process, as far as it is ours.
#[derive(Default)]
pub(crate) struct Score {
    /// What it was before it was ours, while it is.
    base: Option<i64>,
    /// What it was last set to.
    set: Option<i64>,
}

impl Score {
    /// Sets the score as the options want it, if they want another.
    ///
    /// # Errors
    /// If the kernel refuses, in the words of Redis' log.
    pub(crate) fn obey(&mut self, node: &Node) -> Result<(), String> {
        if !node.wants_oom_score() {
            return self.give_back();
        }
        let mode = node.option("oom-score-adj");
        let values = node.option("oom-score-adj-values");
        let place = usize::from(node.is_replica());
        let value = values.split(' ').nth(place).and_then(|value| value.parse().ok()).unwrap_or(0);
        let base = match self.base {
            Some(base) => base,
            None => {
                let found = read();
                // Who could not be asked once is not asked again.
                self.base = Some(*found.as_ref().unwrap_or(&0));
                found.map_err(|error| fault("read", &error))?
            }
        };
        let wanted: i64 = if mode == "absolute" { value } else { base + value };
        self.set_to(wanted.clamp(-HIGHEST, HIGHEST))
    }

    fn give_back(&mut self) -> Result<(), String> {
        let Some(base) = self.base.take() else { return Ok(()) };
        let done = self.set_to(base);
        self.set = None;
        done
    }

    fn set_to(&mut self, wanted: i64) -> Result<(), String> {
        if self.set.replace(wanted) == Some(wanted) {
            return Ok(());
        }
        fs::write(FILE, wanted.to_string()).map_err(|error| fault("write", &error))
    }
}

fn read() -> io::Result<i64> {
    Ok(fs::read_to_string(FILE)?.trim().parse().unwrap_or(0))
}

fn fault(what: &str, error: &io::Error) -> String {
    format!("Unable to {what} oom_score_adj: {}", super::host::words(error))
}
