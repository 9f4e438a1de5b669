//! How the process comes to its end: who asks for it, and with what it ends.
//! *Source*: Redis 7.2 · server.c · sigShutdownHandler.

use std::process::{exit, id};

use replica_lab::node::{DiskOrder, Input, LoadNote, Note, ServerNote};
use signal_hook::consts::{SIGHUP, SIGINT};

use super::Host;

impl Host {
    /// SIGTERM and SIGINT ask for an orderly end; who insists gets another. SIGHUP is let pass: a
    /// server outlives its terminal.
    pub(super) fn signalled(&mut self) {
        let signals: Vec<i32> = self.signals.pending().collect();
        for signal in signals.into_iter().filter(|&signal| signal != SIGHUP) {
            let now = self.clock.now();
            if self.asked_to_end && signal == SIGINT {
                self.log.say_in_handler(now, "You insist... exiting now.");
                // What the process was writing in its own name.
                let file = format!("temp-{}.rdb", id());
                let _ = self.disk.carry_out(DiskOrder::Remove { file });
                exit(1);
            }
            let (name, fact) = match signal {
                SIGINT => ("SIGINT", Input::Interrupted),
                _ => ("SIGTERM", Input::Terminated),
            };
            self.log.say_in_handler(
                now,
                &match self.node.is_loading() {
                    true => {
                        "Received shutdown signal during loading, scheduling shutdown.".to_owned()
                    }
                    false => format!("Received {name} scheduling shutdown..."),
                },
            );
            self.asked_to_end = true;
            self.facts.push_back(fact);
        }
    }

    /// Some lines of the log say with what the process will end, or that it will not.
    pub(super) fn heed(&mut self, note: &Note) {
        if is_fatal(note) {
            self.status = 1;
        }
        if is_revocation(note) {
            self.asked_to_end = false;
        }
    }
}

/// True for what is said before an end that is no success.
const fn is_fatal(note: &Note) -> bool {
    matches!(
        note,
        Note::Load(
            LoadNote::FatalError
                | LoadNote::Unfit(_)
                | LoadNote::Internal { quiet: false, .. }
                | LoadNote::DuplicateKey(_)
        )
    )
}

/// True for what is said when the end that was asked for does not come.
const fn is_revocation(note: &Note) -> bool {
    matches!(note, Note::Server(ServerNote::ShutdownFailed | ServerNote::ShutdownAborted))
}
