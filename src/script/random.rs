//! `math.random`: what a server draws is the same from its start on, whoever it draws for.
//! *Source*: Redis 7.2 · rand.c, which is the `lrand48` of POSIX.

/// A generator of 31-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random48(u64);

impl Random48 {
    /// One past the greatest number, as Redis divides by it.
    pub const MAX: i64 = i32::MAX as i64;

    /// The generator after `srand48(seed)`.
    pub const fn seeded(seed: i32) -> Self {
        Self((seed as u32 as u64) << 16 | 0x330E)
    }

    /// The generator of a server that has just started.
    pub const fn new() -> Self {
        Self(0x1234_ABCD_330E)
    }

    /// `lrand48()`.
    pub const fn next(&mut self) -> i64 {
        self.0 = self.0.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & 0xFFFF_FFFF_FFFF;
        (self.0 >> 17) as i64
    }

    /// A number from 0 up to 1.
    pub const fn fraction(&mut self) -> f64 {
        (self.next() % Self::MAX) as f64 / Self::MAX as f64
    }
}

impl Default for Random48 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_that_of_every_server() {
        // redis-server: EVAL "return math.random(0,1000000)" 0
        let mut random = Random48::new();
        assert_eq!((random.fraction() * 1_000_001.0).floor() as i64, 396_465);
    }
}
