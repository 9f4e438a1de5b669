//! The buffer into which Redis writes replies: how large it is, and how full it was of late.
//!
//! It begins with 16 KiB. A cron comes by ten times a second; it halves the buffer of a client that
//! has used less than half of it, or more if it used less, and doubles one that was full. Every
//! five seconds it forgets how full the buffer was. Nobody runs a cron here for that: what it would
//! have done is made up for when replies leave, or when somebody asks.
//! *Source*: Redis 7.2 · server.c · clientsCronResizeOutputBuffer.

use crate::time::{Duration, Instant};

/// How buffers of replies are looked after: DEBUG REPLYBUFFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) struct ReplyBufferCare {
    /// True if they are made smaller and larger.
    pub(in crate::node) resizes: bool,
    /// After how long it is forgotten how full they were, if ever.
    pub(in crate::node) forgets_after: Option<Duration>,
}

impl Default for ReplyBufferCare {
    fn default() -> Self {
        Self { resizes: true, forgets_after: Some(PEAK_RESET) }
    }
}

/// The buffer of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) struct ReplyBuffer {
    /// Its size: `rbs`.
    pub(in crate::node) size: u64,
    /// The most that it has held of late: `rbp`.
    pub(in crate::node) peak: u64,
    /// When that was last forgotten. At first never: Redis begins with a number of seconds where
    /// milliseconds are meant, so the first visit of the cron forgets that the buffer is new.
    forgotten_at: Option<Instant>,
    /// How often the cron has come by.
    visits: u64,
}

impl ReplyBuffer {
    pub(super) const fn new(now: Instant) -> Self {
        let (size, visits) = (CHUNK_BYTES, now.millis() / CRON_MILLIS);
        Self { size, peak: size, forgotten_at: None, visits }
    }

    /// It has held so much, as far as it has room.
    pub(super) const fn holds(&mut self, bytes: u64) {
        let held = if bytes < self.size { bytes } else { self.size };
        if held > self.peak {
            self.peak = held;
        }
    }

    /// Makes up for the visits of the cron since replies last left. It has held `held` bytes then.
    pub(super) fn look_after(&mut self, now: Instant, held: u64, care: ReplyBufferCare) {
        if now.millis() / CRON_MILLIS > self.visits {
            self.make_up(now, held.min(self.size), care);
        }
    }

    #[inline(never)]
    fn make_up(&mut self, now: Instant, held: u64, care: ReplyBufferCare) {
        let visits = now.millis() / CRON_MILLIS;
        while self.visits < visits {
            self.visits += 1;
            let at = Instant::from_millis(self.visits * CRON_MILLIS);
            let before = (self.size, self.peak);
            let size = if care.resizes { self.wanted_size() } else { self.size };
            let forgets = care.forgets_after.is_some_and(|after| {
                self.forgotten_at.is_none_or(|forgotten| at.since(forgotten) > after)
            });
            if forgets {
                (self.peak, self.forgotten_at) = (held, Some(at));
            }
            self.size = size;
            // Nothing changes until something is forgotten.
            if before == (self.size, self.peak) {
                let next = match (care.forgets_after, self.forgotten_at) {
                    (Some(after), Some(forgotten)) if self.peak != held => {
                        (forgotten.millis() + after.millis()) / CRON_MILLIS
                    }
                    (None, _) | (Some(_), Some(_)) => visits,
                    (Some(_), None) => self.visits,
                };
                self.visits = next.clamp(self.visits, visits);
            }
        }
    }

    /// The size that the cron gives it.
    fn wanted_size(&self) -> u64 {
        let (half, twice) = (self.size / 2, self.size * 2);
        if half >= SMALLEST_BYTES && self.peak < half {
            return allocated(SMALLEST_BYTES.max(self.peak + 1));
        }
        if twice < 2 * CHUNK_BYTES && self.peak == self.size {
            return allocated(twice.min(CHUNK_BYTES));
        }
        self.size
    }
}

/// What Redis' own allocator gives who asks for so much: there are four sizes between two powers.
const fn allocated(bytes: u64) -> u64 {
    let step = bytes.next_power_of_two() / 8;
    if step == 0 { bytes } else { bytes.next_multiple_of(step) }
}

/// Redis' `PROTO_REPLY_CHUNK_BYTES`.
const CHUNK_BYTES: u64 = 16 * 1024;
/// Redis' `PROTO_REPLY_MIN_BYTES`.
const SMALLEST_BYTES: u64 = 1_024;
/// Redis' `REPLY_BUFFER_DEFAULT_PEAK_RESET_TIME`.
const PEAK_RESET: Duration = Duration::from_millis(5_000);
/// How often the cron comes by, where there are few clients.
const CRON_MILLIS: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn after(buffer: &mut ReplyBuffer, millis: u64) -> (u64, u64) {
        buffer.look_after(Instant::from_millis(millis), 0, ReplyBufferCare::default());
        (buffer.size, buffer.peak)
    }

    #[test]
    fn one_that_is_not_used_shrinks_and_one_that_is_full_grows() {
        let mut buffer = ReplyBuffer::new(Instant::from_millis(10));
        assert_eq!(after(&mut buffer, 99), (16_384, 16_384));
        assert_eq!(after(&mut buffer, 100), (16_384, 0));
        assert_eq!(after(&mut buffer, 200), (1_024, 0));
        buffer.holds(50_000);
        assert_eq!(after(&mut buffer, 250), (1_024, 1_024));
        assert_eq!(after(&mut buffer, 300), (2_048, 1_024));
        buffer.holds(50_000);
        assert_eq!(after(&mut buffer, 400), (4_096, 2_048));
        assert_eq!(after(&mut buffer, 5_000), (4_096, 2_048));
        assert_eq!(after(&mut buffer, 5_200), (4_096, 0));
        assert_eq!(after(&mut buffer, 5_300), (1_024, 0));
        assert_eq!(after(&mut buffer, 3_600_000), (1_024, 0));
    }

    #[test]
    fn what_the_allocator_gives_is_what_there_is() {
        assert_eq!([1_024, 1_025, 3_001, 8_193].map(allocated), [1_024, 1_280, 3_072, 10_240]);
    }

    #[test]
    fn who_is_told_not_to_leaves_it_as_it_is() {
        let mut buffer = ReplyBuffer::new(Instant::from_millis(0));
        let still = ReplyBufferCare { resizes: false, forgets_after: None };
        buffer.look_after(Instant::from_millis(60_000), 0, still);
        assert_eq!((buffer.size, buffer.peak), (16_384, 16_384));
    }
}
