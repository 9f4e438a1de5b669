//! Powers, rounded as they should be.
//!
//! A library of C rounds a power rightly but for one time in a thousand, and so does a script on a
//! redis-server. The crate `libm` does not in one case of ten. What it gives is near enough to be
//! corrected, with logarithms of twice as many digits:
//!
//! ```text
//!     near    = x^y (1 - ε)
//!     y log x = log near + ε          the two differ by what is missing
//! ```
//!
//! It is reckoned by sums and products alone, and so alike on every machine. Of the exact results
//! that it was held beside it missed only some that lie just in the middle between two numbers;
//! glibc misses one in a thousand.

/// `x` to the power of `y`.
pub(super) fn pow(x: f64, y: f64) -> f64 {
    let near = libm::pow(x, y);
    if !near.is_normal() || near.abs() < SMALL {
        return near;
    }
    let missing = log(x.abs()).times(Double::of(y)).minus(log(near.abs()));
    near + near * missing.high
}

/// The logarithm of a positive number.
///
/// For `m` between √½ and √2, `log m = 2 (s + s³/3 + s⁵/5 + …)` with `s = (m - 1) / (m + 1)`.
fn log(x: f64) -> Double {
    let (mut m, mut exponent) = libm::frexp(x);
    if m < std::f64::consts::FRAC_1_SQRT_2 {
        (m, exponent) = (2.0 * m, exponent - 1);
    }
    let s = Double::of(m - 1.0).over(Double::sum(m, 1.0));
    let square = s.times(s);
    // Of the later terms the usual digits are enough.
    let later = (4..TERMS).rev();
    let later = later.fold(0.0, |sum, n| sum * square.high + 1.0 / f64::from(2 * n + 1));
    let first = [SEVENTH, FIFTH, THIRD, Double::of(1.0)].into_iter();
    let sum = first.fold(Double::of(later), |sum, term| sum.times(square).plus(term)).times(s);
    let twice = Double { high: 2.0 * sum.high, low: 2.0 * sum.low };
    LN_2.times(Double::of(exponent.into())).plus(twice)
}

/// A number of twice as many digits: the sum of two.
#[derive(Clone, Copy)]
struct Double {
    /// The number, rounded.
    high: f64,
    /// What was rounded away.
    low: f64,
}

impl Double {
    const fn of(high: f64) -> Self {
        Self { high, low: 0.0 }
    }

    /// The exact sum of `a` and `b`.
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let of_b = high - a;
        Self { high, low: (a - (high - of_b)) + (b - of_b) }
    }

    /// The exact product of `a` and `b`.
    fn product(a: f64, b: f64) -> Self {
        let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
        let high = a * b;
        let low = a_high * b_high - high + a_high * b_low + a_low * b_high + a_low * b_low;
        Self { high, low }
    }

    fn plus(self, other: Self) -> Self {
        let sum = Self::sum(self.high, other.high);
        Self::sum(sum.high, sum.low + self.low + other.low)
    }

    fn minus(self, other: Self) -> Self {
        self.plus(Self { high: -other.high, low: -other.low })
    }

    fn times(self, other: Self) -> Self {
        let product = Self::product(self.high, other.high);
        let crossed = self.high * other.low + self.low * other.high;
        Self::sum(product.high, product.low + crossed)
    }

    fn over(self, other: Self) -> Self {
        let near = self.high / other.high;
        let rest = self.minus(other.times(Self::of(near)));
        Self::sum(near, rest.high / other.high)
    }
}

/// `x` as a sum of two numbers of half its digits.
fn halves(x: f64) -> (f64, f64) {
    let high = f64::from_bits(x.to_bits() & !LOWER_HALF);
    (high, x - high)
}

/// The digits of a number's lower half.
const LOWER_HALF: u64 = (1 << 27) - 1;
/// Below this a correction would have too few digits.
const SMALL: f64 = 1e-280;
/// So many terms of the logarithm matter.
const TERMS: i32 = 18;
const LN_2: Double = Double { high: std::f64::consts::LN_2, low: 2.319_046_813_846_299_6e-17 };
const THIRD: Double = Double { high: 1.0 / 3.0, low: 1.850_371_707_708_594e-17 };
const FIFTH: Double = Double { high: 0.2, low: -1.110_223_024_625_156_6e-17 };
const SEVENTH: Double = Double { high: 1.0 / 7.0, low: 7.930_164_461_608_26e-18 };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn powers_of_whole_numbers_are_right_to_the_last_digit() {
        for base in 2_u128..300 {
            let mut exact = base;
            for exponent in 2_u32.. {
                let Some(next) = exact.checked_mul(base) else { break };
                exact = next;
                // Between two numbers, just in the middle: there is nothing to be found there.
                if 128 - exact.leading_zeros() - exact.trailing_zeros() == 54 {
                    continue;
                }
                let found = pow(base as f64, exponent.into());
                assert_eq!(found, exact as f64, "{base}^{exponent}");
                let negative = pow(-(base as f64), exponent.into());
                assert_eq!(negative.abs(), found);
                assert_eq!(negative < 0.0, exponent % 2 == 1);
            }
        }
    }

    #[test]
    fn roots_squares_and_powers_of_ten_are_right_to_the_last_digit() {
        let mut random = Random::new(1);
        for _ in 0..100_000 {
            let x = random.below(u64::MAX) as f64 / 65_537.0;
            assert_eq!(pow(x, 2.0), x * x);
            assert_eq!(pow(x, 0.5), x.sqrt());
        }
        for exponent in -270_i32..=308 {
            let exact: f64 = format!("1e{exponent}").parse().unwrap();
            assert_eq!(pow(10.0, exponent.into()), exact);
        }
    }

    #[test]
    fn what_needs_no_digits_is_left_as_it_is() {
        for (x, y, power) in [
            (0.0, 0.0, 1.0),
            (-0.0, -3.0, f64::NEG_INFINITY),
            (2.0, 1_024.0, f64::INFINITY),
            (2.0, -1_074.0, 5e-324),
            (5e-324, 0.5, 2.0_f64.powi(-537)),
            (f64::MAX, 1.0, f64::MAX),
            (1.0, 1e300, 1.0),
            (f64::NEG_INFINITY, 2.0, f64::INFINITY),
        ] {
            assert_eq!(pow(x, y), power, "{x}^{y}");
        }
        assert!(pow(-8.0, 1.0 / 3.0).is_nan());
    }
}
