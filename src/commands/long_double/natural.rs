//! Whole numbers of any size, with the few operations that reading a decimal needs.

use std::{cmp::Ordering, fmt};

/// A whole number: its digits to the base 2³², the lowest first, without zeros at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Natural {
    words: Vec<u32>,
}

impl From<u64> for Natural {
    fn from(number: u64) -> Self {
        Self { words: vec![number as u32, (number >> 32) as u32] }.trimmed()
    }
}

impl Natural {
    pub(super) const fn is_zero(&self) -> bool {
        self.words.is_empty()
    }

    /// How many bits it takes.
    pub(super) fn bits(&self) -> usize {
        self.words.last().map_or(0, |top| self.words.len() * 32 - top.leading_zeros() as usize)
    }

    /// Becomes itself times `base` plus `digit`.
    pub(super) fn push_digit(&mut self, base: u32, digit: u32) {
        let mut carry = u64::from(digit);
        for word in &mut self.words {
            let product = u64::from(*word) * u64::from(base) + carry;
            *word = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.words.push(carry as u32);
        }
    }

    /// This, times 2 to the power of `bits`.
    pub(super) fn shifted(&self, bits: usize) -> Self {
        let mut words = vec![0; bits / 32];
        let mut carry = 0;
        for &word in &self.words {
            let wide = u64::from(word) << (bits % 32);
            words.push(wide as u32 | carry);
            carry = (wide >> 32) as u32;
        }
        words.push(carry);
        Self { words }.trimmed()
    }

    /// The whole quotient, which must have less than 68 bits, and whether there is a remainder.
    pub(super) fn divided_by(&self, divisor: &Self) -> (u128, bool) {
        let (mut rest, mut quotient) = (self.clone(), 0);
        for bit in (0..68).rev() {
            let part = divisor.shifted(bit);
            quotient <<= 1;
            if rest.order(&part).is_ge() {
                rest.subtract(&part);
                quotient |= 1;
            }
        }
        (quotient, !rest.is_zero())
    }

    fn order(&self, other: &Self) -> Ordering {
        let digits = || self.words.iter().rev().cmp(other.words.iter().rev());
        self.words.len().cmp(&other.words.len()).then_with(digits)
    }

    /// Takes `other` away, which is not greater.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (index, word) in self.words.iter_mut().enumerate() {
            let other = other.words.get(index).copied().unwrap_or(0);
            let (less, first) = word.overflowing_sub(other);
            let (less, second) = less.overflowing_sub(borrow.into());
            (*word, borrow) = (less, first || second);
        }
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    /// Becomes itself divided by `divisor`, and returns the remainder.
    fn divide(&mut self, divisor: u32) -> u32 {
        let mut rest = 0;
        for word in self.words.iter_mut().rev() {
            let wide = rest << 32 | u64::from(*word);
            *word = (wide / u64::from(divisor)) as u32;
            rest = wide % u64::from(divisor);
        }
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
        rest as u32
    }

    fn trimmed(mut self) -> Self {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
        self
    }
}

/// In decimal.
impl fmt::Display for Natural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut rest, mut groups) = (self.clone(), Vec::new());
        while !rest.is_zero() {
            groups.push(rest.divide(1_000_000_000));
        }
        write!(f, "{}", groups.pop().unwrap_or(0))?;
        groups.iter().rev().try_for_each(|group| write!(f, "{group:09}"))
    }
}
