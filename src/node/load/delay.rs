//! `key-load-delay`: a load that takes long enough to be watched.

use super::super::machine::Machine;
use crate::time::Duration;

impl Machine<'_> {
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
