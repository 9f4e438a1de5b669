//! The numbers of INCRBYFLOAT: the `long double` of C as x86 computes it.
//!
//! Redis adds in the 80-bit format of the x87: 64 bits of mantissa, where a double has 53. That is
//! why `10.5 + 0.1` is `10.6` and not `10.5999999999999996`: the error lies beyond the seventeen
//! digits that are printed. A replica is sent the printed sum, so ours must be the same text.
//! Neither Rust nor wasm has the format, so its two operations are done here on integers:
//!
//! ```text
//!     parse     digits × 10^k ──▶ a ratio of whole numbers ──▶ 64 bits of it, rounded to even
//!     plus      both mantissas on 126 bits, aligned; what is shifted out is remembered as one
//!               bit, which is enough to round the sum as if nothing had been lost
//!     print     mantissa × 10^17 × 2^exponent, rounded to even: exactly `%.17Lf`; then the zeros
//!               at the end go, and the point
//! ```
//!
//! Nothing is approximate: every step is rounded once, from the exact value, as the processor and
//! the C library do it. Hexadecimal numbers, infinities and numbers too small for all 64 bits are
//! read as they read them.
//! *Source*: Redis 7.2 · util.c · string2ld, ld2string (`LD_STR_HUMAN`).

mod natural;

use std::fmt;

use natural::Natural;

/// A number of the 80-bit format, not NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LongDouble {
    negative: bool,
    /// The value is `mantissa × 2^exponent`. The top bit is set, unless the exponent is the least.
    mantissa: u64,
    /// Between the least and the greatest; beyond the greatest if the number is infinite.
    exponent: i32,
}

impl LongDouble {
    /// 0.
    pub(super) const ZERO: Self = Self { negative: false, mantissa: 0, exponent: EXPONENT_MIN };

    /// The number that `text` spells from its first byte to its last; none if it spells none, or
    /// one that is too large or too small to be told from infinity or zero.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?.to_ascii_lowercase();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
        let magnitude = match unsigned.strip_prefix("0x") {
            Some(digits) => parse_hexadecimal(digits)?,
            None if unsigned == "inf" || unsigned == "infinity" => {
                Self { exponent: EXPONENT_INFINITE, ..Self::ZERO }
            }
            None => parse_decimal(unsigned)?,
        };
        Some(Self { negative: text.starts_with('-'), ..magnitude })
    }

    /// True if it is infinite.
    pub(super) const fn is_infinite(self) -> bool {
        self.exponent == EXPONENT_INFINITE
    }

    /// The sum; none if it is infinite or no number.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        if self.is_infinite() || other.is_infinite() {
            return None;
        }
        let magnitude = |number: Self| (number.exponent, number.mantissa);
        let (high, low) =
            if magnitude(self) >= magnitude(other) { (self, other) } else { (other, self) };
        let distance = (high.exponent - low.exponent) as u32;
        let (aligned, lost) = shift_right(u128::from(low.mantissa) << GUARD_BITS, distance);
        let whole = u128::from(high.mantissa) << GUARD_BITS;
        let sum = if high.negative == low.negative {
            whole + aligned
        } else {
            whole - aligned - u128::from(lost)
        };
        let rounded = round(sum, lost, high.exponent - GUARD_BITS as i32)?;
        Some(Self { negative: high.negative, ..rounded })
    }
}

/// As `%.17Lf`, without the zeros at the end.
impl fmt::Display for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.exponent >= 0 {
            Natural::from(self.mantissa).shifted(self.exponent as usize).to_string()
        } else {
            let scaled = u128::from(self.mantissa) * TEN_TO_DIGITS;
            let (mut scaled, half) = halve(scaled, self.exponent.unsigned_abs());
            scaled += u128::from(half.rounds_up(scaled));
            let (whole, fraction) = (scaled / TEN_TO_DIGITS, scaled % TEN_TO_DIGITS);
            let fraction = format!(".{fraction:017}");
            format!("{whole}{}", fraction.trim_end_matches('0').trim_end_matches('.'))
        };
        let sign = if self.negative && text != "0" { "-" } else { "" };
        write!(f, "{sign}{text}")
    }
}

/// What was cut off a number, compared with one half of its last place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Less,
    Half,
    More,
}

impl Rest {
    /// Half goes to the even neighbour.
    const fn rounds_up(self, kept: u128) -> bool {
        match self {
            Self::Less => false,
            Self::Half => kept & 1 == 1,
            Self::More => true,
        }
    }
}

/// `value >> shift`, and whether a bit was lost.
const fn shift_right(value: u128, shift: u32) -> (u128, bool) {
    if shift >= 128 {
        return (0, value != 0);
    }
    (value >> shift, value & ((1 << shift) - 1) != 0)
}

/// `value >> shift`, and how what was lost compares with half; `shift` is not 0.
fn halve(value: u128, shift: u32) -> (u128, Rest) {
    let (upper, lost) = shift_right(value, shift - 1);
    let rest = match (upper & 1, lost) {
        (0, _) => Rest::Less,
        (_, false) => Rest::Half,
        (_, true) => Rest::More,
    };
    (upper >> 1, rest)
}

/// The number nearest to `value × 2^exponent`, or to a little more if something was `lost`; none
/// if that is infinite.
fn round(value: u128, lost: bool, exponent: i32) -> Option<LongDouble> {
    if value == 0 {
        return Some(LongDouble::ZERO);
    }
    let bits = 128 - value.leading_zeros() as i32;
    let shift = (bits - 64).max(EXPONENT_MIN - exponent);
    let mut exponent = exponent + shift;
    let mut mantissa = if shift <= 0 {
        value << -shift
    } else {
        let (kept, rest) = halve(value, shift as u32);
        let rest = if rest == Rest::Half && lost { Rest::More } else { rest };
        kept + u128::from(rest.rounds_up(kept))
    };
    if mantissa >> 64 != 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    let finite = exponent <= EXPONENT_MAX;
    finite.then_some(LongDouble { negative: false, mantissa: mantissa as u64, exponent })
}

/// Reads digits, perhaps a point, perhaps an exponent of ten.
fn parse_decimal(text: &str) -> Option<LongDouble> {
    let (number, exponent) = split_exponent(text, 'e')?;
    let (digits, fraction) = split_point(number)?;
    let mut numerator = Natural::default();
    for digit in digits.bytes().filter(|digit| *digit != b'.') {
        numerator.push_digit(10, char::from(digit).to_digit(10)?);
    }
    if numerator.is_zero() {
        return Some(LongDouble::ZERO);
    }
    let power = exponent.checked_sub(fraction)?;
    if power.abs() > POWER_OF_TEN_FAR {
        return None;
    }
    let mut denominator = Natural::from(1);
    let grown = if power < 0 { &mut denominator } else { &mut numerator };
    (0..power.abs()).for_each(|_| grown.push_digit(10, 0));
    // The quotient gets 66 bits or 67: all of a mantissa, and enough below it to round.
    let shift = 66 + denominator.bits() as i32 - numerator.bits() as i32;
    let numerator = numerator.shifted(shift.max(0) as usize);
    let denominator = denominator.shifted((-shift).max(0) as usize);
    let (quotient, lost) = numerator.divided_by(&denominator);
    round(quotient, lost, -shift).filter(|number| number.mantissa != 0)
}

/// Reads what follows `0x`: digits, perhaps a point, perhaps an exponent of two.
fn parse_hexadecimal(text: &str) -> Option<LongDouble> {
    let (number, exponent) = split_exponent(text, 'p')?;
    let (digits, fraction) = split_point(number)?;
    let (mut value, mut lost, mut power) = (0u128, false, exponent.checked_sub(4 * fraction)?);
    for digit in digits.chars().filter(|digit| *digit != '.') {
        let digit = digit.to_digit(16)?;
        if value >> 120 == 0 {
            value = value << 4 | u128::from(digit);
        } else {
            lost |= digit != 0;
            power += 4;
        }
    }
    let far = i64::from(EXPONENT_MAX) * 4;
    let number = round(value, lost, power.clamp(-far, far) as i32)?;
    Some(number).filter(|number| number.mantissa != 0 || value == 0)
}

/// The text before the exponent, and the exponent: 0 if there is none.
fn split_exponent(text: &str, mark: char) -> Option<(&str, i64)> {
    let Some((number, exponent)) = text.split_once(mark) else { return Some((text, 0)) };
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(EXPONENT_FAR);
    Some((number, if exponent.starts_with('-') { -size } else { size }))
}

/// The text, which must have a digit and may have one point, and how many digits follow the point.
fn split_point(text: &str) -> Option<(&str, i64)> {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits = text.bytes().filter(|digit| *digit != b'.').count();
    let points = text.len() - digits;
    (digits > 0 && points <= 1).then_some((text, fraction.len() as i64))
}

/// The exponent of the least numbers, which do not use all bits of the mantissa.
const EXPONENT_MIN: i32 = -16_445;
/// The exponent of the greatest numbers.
const EXPONENT_MAX: i32 = 16_320;
/// Stands for an infinite number.
const EXPONENT_INFINITE: i32 = i32::MAX;
/// Stands for every exponent that is longer than a number can be.
const EXPONENT_FAR: i64 = 1 << 31;
/// Bits below the mantissa in which a sum is computed.
const GUARD_BITS: u32 = 62;
/// Beyond this power of ten every number that a text can spell is zero or infinite.
const POWER_OF_TEN_FAR: i64 = 11_000;
/// 10 to the number of digits that are printed after the point.
const TEN_TO_DIGITS: u128 = 100_000_000_000_000_000;
/// Redis' `MAX_LONG_DOUBLE_CHARS`, less the zero at the end.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;

#[cfg(test)]
mod tests;
