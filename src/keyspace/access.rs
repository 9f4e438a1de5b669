//! When, or how often, a key was used: what a server goes by that has to part with some.
//!
//! Redis has 24 bits for this in every value, and reads them in one of two ways: as the second of
//! the last use (LRU), or as a minute and a counter that grows ever more slowly and fades with time
//! (LFU). Which of the two is the policy's matter, so the bits alone do not tell.
//! *Source*: Redis 7.2 · evict.c · estimateObjectIdleTime, LFULogIncr, LFUDecrAndReturn.

use super::Millis;
use crate::random::Random;

/// The 24 bits of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access(u32);

/// How a server reads and writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracking {
    /// By the last use: every policy but the two of frequency.
    #[default]
    Recency,
    /// By the number of uses.
    Frequency {
        /// `lfu-log-factor`: the more, the slower the counter grows.
        log_factor: u64,
        /// `lfu-decay-time`: minutes in which it loses one; 0 for never.
        decay_minutes: u64,
    },
}

impl Access {
    /// A key that was last used `idle` seconds ago.
    pub const fn idle_for(idle: u64, now: Millis) -> Self {
        let clock = seconds(now) + CLOCK_SECONDS - idle % CLOCK_SECONDS;
        Self((clock % CLOCK_SECONDS) as u32)
    }

    /// A key that was used so often that the counter stands at `counter`.
    pub const fn used_often(counter: u8, now: Millis) -> Self {
        Self(minutes(now) << COUNTER_BITS | counter as u32)
    }

    /// The bits themselves, for those who look inside.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Seconds since the last use, as far as 24 bits know.
    pub const fn idle_seconds(self, now: Millis) -> u64 {
        (seconds(now) + CLOCK_SECONDS - self.0 as u64) % CLOCK_SECONDS
    }

    /// The counter, with what it has lost since.
    pub const fn frequency(self, now: Millis, decay_minutes: u64) -> u8 {
        let counter = self.0 as u8;
        let passed = minutes(now).wrapping_sub(self.0 >> COUNTER_BITS) & MINUTES_MAX;
        match (passed as u64).checked_div(decay_minutes) {
            None => counter,
            Some(lost) if lost >= counter as u64 => 0,
            Some(lost) => counter - lost as u8,
        }
    }
}

impl Tracking {
    /// What a key has that is new.
    pub const fn fresh(self, now: Millis) -> Access {
        match self {
            Self::Recency => Access::idle_for(0, now),
            Self::Frequency { .. } => Access::used_often(FIRST_COUNT, now),
        }
    }

    /// What a key has that is given another value: the counter stays.
    pub const fn rewritten(self, before: Access, now: Millis) -> Access {
        match self {
            Self::Recency => self.fresh(now),
            Self::Frequency { .. } => before,
        }
    }

    /// What a key has that comes from elsewhere, as far as it is said and asked for here.
    pub fn restored(self, idle: Option<u64>, frequency: Option<u8>, now: Millis) -> Access {
        match (self, idle, frequency) {
            (Self::Frequency { .. }, _, Some(counter)) => Access::used_often(counter, now),
            (Self::Recency, Some(seconds), _) => Access::idle_for(seconds, now),
            (Self::Recency | Self::Frequency { .. }, ..) => self.fresh(now),
        }
    }

    /// What a key has that is used once more.
    pub fn used(self, before: Access, now: Millis, random: &mut Random) -> Access {
        let Self::Frequency { log_factor, decay_minutes } = self else { return self.fresh(now) };
        let counter = before.frequency(now, decay_minutes);
        let above = u64::from(counter.saturating_sub(FIRST_COUNT));
        let grows = counter < u8::MAX && random.below(above * log_factor + 1) == 0;
        Access::used_often(counter + u8::from(grows), now)
    }
}

/// The clock of the last use, which begins anew after half a year.
const fn seconds(now: Millis) -> u64 {
    (now.unsigned_abs() / 1_000) % CLOCK_SECONDS
}

const fn minutes(now: Millis) -> u32 {
    (now.unsigned_abs() / 60_000) as u32 & MINUTES_MAX
}

/// The clock has 24 bits.
const CLOCK_SECONDS: u64 = 1 << 24;
/// The lowest bits count.
const COUNTER_BITS: u32 = 8;
/// The others hold the minute of the last use.
const MINUTES_MAX: u32 = (1 << 16) - 1;
/// A new key must not be the first to go.
const FIRST_COUNT: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Millis = 1_000;
    const MINUTE: Millis = 60 * SECOND;

    #[test]
    fn idleness_is_counted_in_seconds_and_over_the_end_of_the_clock() {
        let used = Tracking::Recency.fresh(5 * SECOND);
        assert_eq!(used.idle_seconds(5 * SECOND + 999), 0);
        assert_eq!(used.idle_seconds(9 * SECOND), 4);
        let end = (CLOCK_SECONDS as Millis - 2) * SECOND;
        assert_eq!(Tracking::Recency.fresh(end).idle_seconds(end + 5 * SECOND), 5);
        assert_eq!(Access::idle_for(30, 10 * SECOND).idle_seconds(10 * SECOND), 30);
    }

    #[test]
    fn a_counter_grows_ever_more_slowly_and_fades() {
        let tracking = Tracking::Frequency { log_factor: 10, decay_minutes: 1 };
        let mut random = Random::new(1);
        let mut access = tracking.fresh(0);
        assert_eq!(access.frequency(0, 1), 5);
        let uses = |access: &mut Access, count: u32, random: &mut Random| {
            for _ in 0..count {
                *access = tracking.used(*access, 0, random);
            }
            access.frequency(0, 1)
        };
        // Redis' own table for a factor of 10: about 10 after 100 uses, 18 after 1,000.
        let (hundred, thousand) =
            (uses(&mut access, 100, &mut random), uses(&mut access, 900, &mut random));
        assert!((8..=13).contains(&hundred), "{hundred}");
        assert!((15..=22).contains(&thousand), "{thousand}");
        assert_eq!(access.frequency(3 * MINUTE, 1), thousand - 3);
        assert_eq!(access.frequency(3 * MINUTE, 0), thousand);
        assert_eq!(access.frequency(300 * MINUTE, 1), 0);
    }
}
