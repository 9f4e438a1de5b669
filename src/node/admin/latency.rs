//! How long runs of commands took: `INFO latencystats` and LATENCY HISTOGRAM.
//!
//! In a lab a turn takes no time, and Redis counts a run without any as one of a nanosecond: there
//! only who sent the process to sleep took longer. Where the host measures turns, all are told.
//! *Source*: Redis 7.2 · server.c · updateCommandLatencyHistogram,
//! fillPercentileDistributionLatencies.

use std::collections::BTreeMap;

use super::super::info::field;
use super::super::state::{Calls, State};
use crate::resp::{Bytes, Reply};
use crate::time::Instant;

/// How often runs of a command took how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::node) struct Runs {
    /// Those that took no time.
    none: u64,
    /// The others, by nanoseconds.
    long: BTreeMap<u64, u64>,
}

impl Runs {
    /// Counts a run.
    pub(in crate::node) const fn count(&mut self) {
        self.none += 1;
    }

    /// So many runs that were counted took so long each.
    pub(in crate::node) fn lengthen(&mut self, nanos: u64, times: u64) {
        if nanos > 0 {
            self.none = self.none.saturating_sub(times);
            *self.long.entry(highest_like(nanos)).or_default() += times;
        }
    }

    fn total(&self) -> u64 {
        self.none + self.long.values().sum::<u64>()
    }

    /// Nanoseconds, and how many runs took so long, in order.
    fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let none = (self.none > 0).then_some((1, self.none));
        none.into_iter().chain(self.long.iter().map(|(&nanos, &count)| (nanos, count)))
    }

    /// The nanoseconds that so many of a hundred runs did not exceed.
    fn percentile(&self, share: f64) -> u64 {
        let rank = ((share / 100.0 * self.total() as f64 + 0.5) as u64).max(1);
        let mut seen = 0;
        let reached = |&(_, count): &(u64, u64)| {
            seen += count;
            seen >= rank
        };
        self.buckets().find(reached).map_or(0, |(nanos, _)| highest_like(nanos))
    }
}

/// The longest time that a histogram of two digits does not tell from this.
const fn highest_like(nanos: u64) -> u64 {
    let shift = (nanos | FIRST_BUCKET).ilog2() - FIRST_BUCKET.ilog2();
    (((nanos >> shift) + 1) << shift) - 1
}

/// Up to here a histogram of two digits tells all numbers from each other.
const FIRST_BUCKET: u64 = 255;

/// The fields of INFO.
pub(in crate::node) fn latency_stats(state: &State, _: Instant, text: &mut String) {
    use std::fmt::Write as _;
    let shares = state.config().get("latency-tracking-info-percentiles");
    for (name, calls) in state.stats.commands.by_name() {
        if calls.runs.total() == 0 {
            continue;
        }
        let one = |share: &str| {
            let nanos = calls.runs.percentile(share.parse().unwrap_or(0.0));
            format!("p{share}={}.{:03}", nanos / 1_000, nanos % 1_000)
        };
        let values: Vec<String> = shares.split_ascii_whitespace().map(one).collect();
        field!(text, format!("latency_percentiles_usec_{name}"), values.join(","));
    }
}

/// By command: how many runs, and in microseconds that double how many took no longer.
pub(super) fn histogram(state: &State, names: &[Bytes]) -> Reply {
    let meaning = |name: &Bytes| {
        let name = state.setup.renames.full_meaning(name)?;
        Some(String::from_utf8_lossy(&name).to_ascii_lowercase())
    };
    let wanted: Vec<String> = names.iter().filter_map(meaning).collect();
    let asked = |name: &str| {
        let of = |asked: &String| name == asked || name.split('|').next() == Some(asked);
        names.is_empty() || wanted.iter().any(of)
    };
    let one = |(name, calls): (&str, &Calls)| {
        let (mut limit, mut seen, mut lines) = (1, 0, Vec::new());
        for (nanos, count) in calls.runs.buckets() {
            while highest_like(nanos) >= (limit + 1) * 1_000 {
                limit *= 2;
            }
            seen += count;
            lines.retain(|(known, _)| *known != Reply::count(limit));
            lines.push((Reply::count(limit), Reply::count(seen)));
        }
        let fields = vec![
            (Reply::bulk("calls"), Reply::count(seen)),
            (Reply::bulk("histogram_usec"), Reply::Map(lines)),
        ];
        (Reply::bulk(name.as_bytes()), Reply::Map(fields))
    };
    let all = state.stats.commands.by_name().into_iter();
    let ran = all.filter(|(name, calls)| calls.runs.total() > 0 && asked(name));
    Reply::Map(ran.map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_two_digits_as_by_a_real_server() {
        // What a real server said of runs: 10.047, 22.015, 74.239 and 194.559 microseconds.
        for told in [10_047, 22_015, 74_239, 194_559] {
            assert_eq!(highest_like(told - 30), told);
            assert_ne!(highest_like(told + 1), told);
        }
    }

    #[test]
    fn half_of_the_runs_are_shorter_than_the_median() {
        let mut runs = Runs::default();
        (0..4).for_each(|_| runs.count());
        runs.lengthen(50_000_000, 1);
        assert_eq!(runs.percentile(50.0), 1);
        assert!((50_000_000..51_000_000).contains(&runs.percentile(100.0)));
    }
}
