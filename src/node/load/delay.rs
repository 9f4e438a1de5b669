//! A load that takes long: because of `key-load-delay`, or because the link has gone quiet.

use super::super::machine::Machine;
use super::super::state::State;
use super::Fault;
use crate::time::Duration;

impl State {
    /// True while a dataset is read from the disk: the link has nothing more to say.
    pub(in crate::node) fn loads_from_file(&self) -> bool {
        self.loading.as_ref().is_some_and(|loading| !loading.to_parser() || loading.ended)
    }
}

impl Machine<'_> {
    /// The parser waits for bytes, and the link has none.
    pub(in crate::node) fn loading_starved(&mut self) {
        let text = "Unexpected EOF reading RDB file. Failure loading rdb format from socket, \
                    assuming connection error, resuming operation.";
        self.loading_failed(Fault::Other(text.to_owned()));
    }

    /// `key-load-delay`: what follows comes later; false if there is none to be served.
    pub(super) fn serve_load_delay(&mut self) -> bool {
        let key_delay = self.state.config().hot.key_load_delay;
        let now = self.now;
        let Some(loading) = &mut self.state.loading else { return false };
        let delay = key_delay.of(std::mem::take(&mut loading.owing));
        if delay == Duration::ZERO {
            return false;
        }
        loading.ready_at = loading.ready_at.max(now) + delay;
        true
    }

    /// All is read; only the delay is to be served.
    pub(super) const fn loading_ended(&mut self) {
        if let Some(loading) = &mut self.state.loading {
            loading.ended = true;
        }
    }
}
