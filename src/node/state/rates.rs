//! What INFO calls instantaneous: how much there was in a second, of late.
//!
//! Redis' cron looks at its counters every 100 ms, and INFO tells the mean of the last 16 looks.
//! Here nobody is woken to look. Between two turns no counter moves, so the first turn behind a
//! tick of the cron knows what every look since the last turn would have found.
//! *Source*: Redis 7.2 · server.c · trackInstantaneousMetric, getInstantaneousMetric.

use super::{State, Stats, TICK_MILLIS};

/// What is looked at, in the order of [`Rates::per_second`].
pub(in crate::node) type Readings = [u64; 5];

/// How fast counters have grown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node) struct Rates {
    /// The last looks, each at the place of its tick: what a second would have brought.
    looks: [Readings; LOOKS],
    /// What the counters were at the last look.
    last: Readings,
    /// The tick of the last look.
    pub(in crate::node) tick: u64,
}

impl Rates {
    /// Nothing has been counted up to this tick.
    const fn from_tick(tick: u64) -> Self {
        Self { looks: [[0; 5]; LOOKS], last: [0; 5], tick }
    }

    /// The ticks up to this one have gone by, and the counters are these.
    fn look(&mut self, tick: u64, readings: Readings) {
        let first = self.tick + 1;
        for quiet in first.max(tick.saturating_sub(LOOKS as u64 - 1))..=tick {
            self.looks[place(quiet)] = Readings::default();
        }
        if tick - self.tick <= LOOKS as u64 {
            let grown = |of: usize| readings[of].saturating_sub(self.last[of]);
            self.looks[place(first)] = std::array::from_fn(|of| grown(of) * LOOKS_A_SECOND);
        }
        (self.tick, self.last) = (tick, readings);
    }

    /// The means: commands, bytes in and out, and those of them that are of replication.
    pub(in crate::node) fn per_second(&self) -> Readings {
        let sum = |of: usize| self.looks.iter().map(|look| look[of]).sum::<u64>();
        std::array::from_fn(|of| sum(of) / LOOKS as u64)
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::from_tick(0)
    }
}

impl State {
    /// Looks at the counters as the cron would have, at every tick up to this one.
    #[inline(never)]
    pub(in crate::node) fn look_at_counters(&mut self, tick: u64) {
        self.memory_peak = self.memory_peak.max(self.used_memory());
        let stats = &mut self.stats;
        let (input, output) = stats.net_bytes();
        let (copied_in, copied_out) = (stats.repl_input_bytes, stats.repl_output_bytes);
        let readings = [stats.commands_processed, input, output, copied_in, copied_out];
        stats.rates.look(tick, readings);
    }
}

impl Stats {
    /// The bytes that have come in and gone out, those of replication among them.
    pub(in crate::node) const fn net_bytes(&self) -> (u64, u64) {
        (self.input_bytes + self.repl_input_bytes, self.output_bytes + self.repl_output_bytes)
    }

    /// Counts anew.
    pub(in crate::node) fn reset(&mut self) {
        *self = Self { rates: Rates::from_tick(self.rates.tick), ..Self::default() };
    }
}

fn place(tick: u64) -> usize {
    (tick % LOOKS as u64) as usize
}

/// Redis' `STATS_METRIC_SAMPLES`.
const LOOKS: usize = 16;
const LOOKS_A_SECOND: u64 = 1_000 / TICK_MILLIS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_found_something_counts_for_sixteen() {
        let mut rates = Rates::from_tick(3);
        rates.look(4, [16, 0, 0, 0, 0]);
        assert_eq!(rates.per_second()[0], 10);
        rates.look(6, [48, 3_200, 0, 0, 0]);
        assert_eq!(rates.per_second()[..2], [30, 2_000]);
        rates.look(19, [48, 3_200, 0, 0, 0]);
        assert_eq!(rates.per_second()[..2], [30, 2_000]);
        rates.look(20, [48, 3_200, 0, 0, 0]);
        assert_eq!(rates.per_second()[..2], [20, 2_000]);
        rates.look(21, [64, 3_200, 0, 0, 0]);
        assert_eq!(rates.per_second()[..2], [10, 0]);
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut rates = Rates::default();
        rates.look(1, [160, 0, 0, 0, 0]);
        rates.look(1_000_000, [320, 0, 0, 0, 0]);
        assert_eq!(rates.per_second()[0], 0);
        rates.look(1_000_001, [336, 0, 0, 0, 0]);
        assert_eq!(rates.per_second()[0], 10);
    }
}
