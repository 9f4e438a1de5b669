//! A lab's history as a script that leads to the same place.

use std::fmt::Write as _;

use super::conductor::Conductor;
use super::timeline::{EventKind, TraceEntry};
use super::units::span;
use crate::time::Instant;

impl Conductor {
    /// The script of what has happened up to the cursor: every act behind the same events.
    pub fn retell(&self) -> String {
        let plan = self.first_world().plan();
        let mut script = format!("{plan}\n");
        let end = usize::try_from(self.cursor()).unwrap_or(usize::MAX);
        let (mut at, mut steps) = (plan.epoch, 0);
        for entry in &self.entries()[..end.min(self.entries().len())] {
            if is_act(entry) {
                tell_steps(&mut script, &mut steps);
                tell_idle(&mut script, at, entry.at);
                script.push_str(&entry.text);
                script.push('\n');
            } else {
                steps += 1;
            }
            at = entry.at;
        }
        tell_steps(&mut script, &mut steps);
        tell_idle(&mut script, at, self.world().now());
        script
    }
}

/// True if a person did it.
pub(super) const fn is_act(entry: &TraceEntry) -> bool {
    matches!(entry.kind, EventKind::Typed | EventKind::Fault)
}

fn tell_steps(script: &mut String, steps: &mut u64) {
    if *steps > 0 {
        // A String takes every write.
        let _ = writeln!(script, "step {steps}");
    }
    *steps = 0;
}

fn tell_idle(script: &mut String, from: Instant, to: Instant) {
    let idle = to.since(from);
    if idle.micros() > 0 {
        let _ = writeln!(script, "idle {}", span(idle));
    }
}
