//! Instants and durations, as whole microseconds.
//!
//! The engine owns no clock. Everything that happens is *told* when it happens: `now` is the first
//! argument of every entry point. `std::time::Instant` does not exist on bare wasm and cannot be
//! set back, so the two types are ours. An [`Instant`] counts from the Unix epoch, because Redis
//! shows wall-clock times (expiry stamps, log lines, `ctime`) and a lab's clock is set, not read.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A point in time: microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A span of time in whole microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Instant {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// The instant that lies `micros` microseconds after the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The instant that lies `millis` milliseconds after the epoch; what a client may ask for may
    /// lie beyond all that can be counted, and is then as late as can be.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the epoch: the unit of expiry stamps.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Whole seconds since the epoch: the unit in which Redis' replication cron compares.
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time since `earlier`, or nothing passed if that lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// The date and time of day in UTC.
    pub const fn calendar(self) -> Calendar {
        Calendar::from_seconds(self.seconds())
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of `seconds` seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// The time that `bytes` take at `bytes_per_second`, rounded up; none at speed 0, "unlimited".
    pub fn of_bytes(bytes: u64, bytes_per_second: u64) -> Self {
        if bytes_per_second == 0 {
            return Self::ZERO;
        }
        match bytes.checked_mul(1_000_000) {
            Some(scaled) => Self(scaled.div_ceil(bytes_per_second)),
            None => Self::of_many_bytes(bytes, bytes_per_second),
        }
    }

    /// The same for as many as no disk holds, which would make the usual case larger and slower.
    #[inline(never)]
    fn of_many_bytes(bytes: u64, bytes_per_second: u64) -> Self {
        let micros = (u128::from(bytes) * 1_000_000).div_ceil(u128::from(bytes_per_second));
        Self(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The span in whole microseconds.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The span in whole milliseconds, rounded down.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The span in whole seconds, rounded down.
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A moment as people write it, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The year, such as 2025.
    pub year: u64,
    /// The month, 1 to 12.
    pub month: u64,
    /// The day of the month, 1 to 31.
    pub day: u64,
    /// The hour, 0 to 23.
    pub hour: u64,
    /// The minute, 0 to 59.
    pub minute: u64,
    /// The second, 0 to 59.
    pub second: u64,
}

impl Calendar {
    /// Civil date from days since the epoch, counted in eras of 400 years that begin on 1 March,
    /// so that the leap day is the last day of a year.
    const fn from_seconds(seconds: u64) -> Self {
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: year_of_era + era * 400 + if month <= 2 { 1 } else { 0 },
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            hour: seconds / 3_600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }

    /// The three letters that Redis' log prints for the month.
    pub const fn month_name(&self) -> &'static str {
        const NAMES: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        NAMES[(self.month - 1) as usize]
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.seconds(), self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_documents_first_log_line_is_on_its_date() {
        let c = Instant::from_micros(1_742_822_352_278_000).calendar();
        assert_eq!((c.year, c.month_name(), c.day), (2025, "Mar", 24));
        assert_eq!((c.hour, c.minute, c.second), (13, 19, 12));
    }

    #[test]
    fn leap_days_exist_in_leap_years_only() {
        let c = Instant::from_millis(951_782_400_000).calendar();
        assert_eq!((c.year, c.month, c.day), (2000, 2, 29));
        let c = Instant::from_millis(4_107_542_400_000).calendar();
        assert_eq!((c.year, c.month, c.day), (2100, 3, 1));
    }

    #[test]
    fn a_transfer_takes_its_bytes_over_its_speed_rounded_up() {
        assert_eq!(Duration::of_bytes(16_384, 0), Duration::ZERO);
        assert_eq!(Duration::of_bytes(1, 3), Duration::from_micros(333_334));
        assert_eq!(Duration::of_bytes(1 << 60, 1 << 40), Duration::from_secs(1 << 20));
        assert_eq!(Duration::of_bytes(u64::MAX, 1), Duration::from_micros(u64::MAX));
    }
}
