//! The one source of chance: seeded, cloneable, the same on every target.
//!
//! Replication ids, EOF marks, `RANDOMKEY`, jitter on a wire: all of them draw from a [`Random`]
//! that was given a seed. Two runs with one seed are one run, and a checkpoint that holds a
//! `Random` replays the same chances. The generator is SplitMix64: 64 bits of state, one
//! multiplication chain a draw, and every seed is a good seed.

/// A seeded generator of pseudo-random numbers. Not for secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// The position in the sequence; advances by a fixed odd constant a draw.
    state: u64,
}

impl Random {
    /// A generator that starts at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator of its own for the `index`-th user of this seed.
    pub fn fork(seed: u64, index: u64) -> Self {
        let mut mixed = Self::new(seed ^ index.wrapping_mul(0xd134_2543_de82_ef95));
        Self::new(mixed.next_u64())
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.state)
    }

    /// A number in `0..bound`, every one as likely as the next to within 2⁻⁶⁴.
    ///
    /// # Panics
    /// If `bound` is 0: there is no such number.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a number below 0 was asked for");
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// `N` hexadecimal digits in lower case: the form of replication ids and EOF marks.
    pub fn hex<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| b"0123456789abcdef"[self.below(16) as usize])
    }
}

/// SplitMix64's finish: every bit depends on every bit of `bits`, and no two have one answer.
pub(crate) const fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_sequence() {
        let (mut a, mut b) = (Random::new(7), Random::new(7));
        assert_eq!(a.hex::<40>(), b.hex::<40>());
        assert_ne!(a.next_u64(), Random::new(8).next_u64());
    }

    #[test]
    fn every_number_below_the_bound_comes_up() {
        let mut random = Random::new(1);
        let mut seen = [0u32; 6];
        for _ in 0..6_000 {
            seen[random.below(6) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (800..1_200).contains(&n)), "{seen:?}");
    }
}
