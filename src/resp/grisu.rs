//! Grisu2: the decimal digits of a double with 64-bit integers alone.
//!
//! A double stands for all real numbers between the midpoints to its neighbours. Multiplied by a
//! cached power of ten, that interval comes to lie where its whole part fits 32 bits; digits of the
//! upper bound are then cut off one by one until what is left is smaller than the interval, and the
//! last digit is moved towards the number itself. The bounds are drawn in by one unit for the error
//! of the multiplication, so the text always reads back as the same number, and in about one case
//! of a thousand it is longer than it need be. Redis' texts have these longer forms too, so the
//! choice of the power and every rounding here decide bytes on the wire.
//!
//! ```text
//!     lower ────────┬──────── upper            × 10^-k, truncated to 64 bits, drawn in by 1
//!                 value
//!     upper = 141.21737100000001 7…            stop as soon as the rest < upper - lower
//! ```
//!
//! *Source*: Florian Loitsch, "Printing floating-point numbers quickly and accurately with
//! integers" (2010), figures 4 to 6.

/// A positive number as `digits × 10^exponent`.
pub(super) struct Decimal {
    /// One to seventeen ASCII digits, the first of them not zero.
    pub(super) digits: String,
    /// The power of ten of the last digit.
    pub(super) exponent: i32,
}

/// `fraction × 2^exponent`.
#[derive(Clone, Copy)]
struct Float {
    fraction: u64,
    exponent: i32,
}

/// The digits of `value`, which must be positive and finite.
pub(super) fn decimal(value: f64) -> Decimal {
    let exact = Float::of(value);
    let (lower, upper) = exact.bounds();
    let (power, ten_exponent) = power_for(upper.exponent);
    let within = Interval {
        value: exact.normalized().times(power),
        lower: lower.times(power).fraction + 1,
        upper: upper.times(power).fraction - 1,
    };
    let (digits, exponent) = within.digits();
    let digits = String::from_utf8(digits).expect("digits are ASCII");
    Decimal { digits, exponent: exponent - ten_exponent }
}

impl Float {
    fn of(value: f64) -> Self {
        let bits = value.to_bits();
        let (fraction, biased) = (bits & (HIDDEN_BIT - 1), (bits >> 52) as i32);
        match biased {
            0 => Self { fraction, exponent: 1 - BIAS },
            _ => Self { fraction: fraction | HIDDEN_BIT, exponent: biased - BIAS },
        }
    }

    /// The midpoints to both neighbours, with the exponent that makes the upper one 64 bits long.
    fn bounds(self) -> (Self, Self) {
        let upper = Self { fraction: 2 * self.fraction + 1, exponent: self.exponent - 1 };
        let upper = upper.normalized();
        // Below a power of two the doubles lie twice as close.
        let step = if self.fraction == HIDDEN_BIT { 2 } else { 1 };
        let lower = ((self.fraction << step) - 1) << (self.exponent - step - upper.exponent);
        (Self { fraction: lower, exponent: upper.exponent }, upper)
    }

    const fn normalized(self) -> Self {
        let shift = self.fraction.leading_zeros();
        Self { fraction: self.fraction << shift, exponent: self.exponent - shift as i32 }
    }

    /// The upper 64 bits of the product, rounded to the nearest.
    fn times(self, other: Self) -> Self {
        let product = u128::from(self.fraction) * u128::from(other.fraction) + (1 << 63);
        Self { fraction: (product >> 64) as u64, exponent: self.exponent + other.exponent + 64 }
    }
}

/// The numbers that read back as `value`, all three with the exponent of `value`.
struct Interval {
    value: Float,
    lower: u64,
    upper: u64,
}

impl Interval {
    /// Digits of a number inside, and the power of ten of the last one.
    fn digits(&self) -> (Vec<u8>, i32) {
        let shift = self.value.exponent.unsigned_abs();
        let (mut width, mut distance) = (self.upper - self.lower, self.upper - self.value.fraction);
        let mut digits = Vec::with_capacity(18);
        let mut whole = self.upper >> shift;
        let mut rest = self.upper & ((1 << shift) - 1);
        for power in (0..10).rev() {
            let unit = 10_u64.pow(power);
            push_digit(&mut digits, whole / unit);
            whole %= unit;
            let left = (whole << shift) + rest;
            if left <= width {
                approach(&mut digits, left, distance, width, unit << shift);
                return (digits, power as i32);
            }
        }
        let mut power = 0;
        loop {
            rest *= 10;
            width *= 10;
            distance = distance.wrapping_mul(10);
            power -= 1;
            push_digit(&mut digits, rest >> shift);
            rest &= (1 << shift) - 1;
            if rest < width {
                approach(&mut digits, rest, distance, width, 1 << shift);
                return (digits, power);
            }
        }
    }
}

/// Appends a digit, unless it is a leading zero.
fn push_digit(digits: &mut Vec<u8>, digit: u64) {
    if digit != 0 || !digits.is_empty() {
        digits.push(b'0' + digit as u8);
    }
}

/// Lowers the last digit as long as that brings the number nearer to the value.
///
/// All lengths are measured downwards from the upper bound: `left` to the number that the digits
/// spell, `distance` to the value, `width` to the lower bound; `unit` is one of the last digit.
fn approach(digits: &mut [u8], mut left: u64, distance: u64, width: u64, unit: u64) {
    let Some(last) = digits.last_mut() else { return };
    while left < distance
        && width - left >= unit
        && (left + unit < distance || distance - left > left + unit - distance)
    {
        *last -= 1;
        left += unit;
    }
}

/// A power of ten that brings a number of 64 bits and `exponent` to an exponent of -60 to -32, and
/// its logarithm. Two of them may do; the guess decides between them.
fn power_for(exponent: i32) -> (Float, i32) {
    let guess = -(exponent + POWERS.len() as i32) * 30_103 / 100_000;
    let mut ten_exponent = FIRST_POWER + (guess - FIRST_POWER) / POWER_STEP * POWER_STEP;
    loop {
        let power = cached_power(ten_exponent);
        match exponent + power.exponent + 64 {
            ..-60 => ten_exponent += POWER_STEP,
            -60..=-32 => return (power, ten_exponent),
            _ => ten_exponent -= POWER_STEP,
        }
    }
}

fn cached_power(ten_exponent: i32) -> Float {
    let index = (ten_exponent - FIRST_POWER) / POWER_STEP;
    // 217706 / 2^16 is the binary logarithm of ten, near enough for every power in the table.
    let exponent = ((ten_exponent * 217_706) >> 16) - 63;
    Float { fraction: POWERS[index as usize], exponent }
}

/// The bit above the fraction that every double but the smallest has, unwritten.
const HIDDEN_BIT: u64 = 1 << 52;
/// What is added to the exponent of a double that has its fraction as an integer.
const BIAS: i32 = 1075;
/// The logarithm of the first of [`POWERS`].
const FIRST_POWER: i32 = -348;
/// From one of [`POWERS`] to the next.
const POWER_STEP: i32 = 8;

/// The upper 64 bits, rounded, of 10^-348, 10^-340 … 10^340, computed with exact fractions.
const POWERS: [u64; 87] = [
    0xfa8f_d5a0_081c_0288,
    0xbaae_e17f_a23e_bf76,
    0x8b16_fb20_3055_ac76,
    0xcf42_894a_5dce_35ea,
    0x9a6b_b0aa_5565_3b2d,
    0xe61a_cf03_3d1a_45df,
    0xab70_fe17_c79a_c6ca,
    0xff77_b1fc_bebc_dc4f,
    0xbe56_91ef_416b_d60c,
    0x8dd0_1fad_907f_fc3c,
    0xd351_5c28_3155_9a83,
    0x9d71_ac8f_ada6_c9b5,
    0xea9c_2277_23ee_8bcb,
    0xaecc_4991_4078_536d,
    0x823c_1279_5db6_ce57,
    0xc210_9436_4dfb_5637,
    0x9096_ea6f_3848_984f,
    0xd774_85cb_2582_3ac7,
    0xa086_cfcd_97bf_97f4,
    0xef34_0a98_172a_ace5,
    0xb238_67fb_2a35_b28e,
    0x84c8_d4df_d2c6_3f3b,
    0xc5dd_4427_1ad3_cdba,
    0x936b_9fce_bb25_c996,
    0xdbac_6c24_7d62_a584,
    0xa3ab_6658_0d5f_daf6,
    0xf3e2_f893_dec3_f126,
    0xb5b5_ada8_aaff_80b8,
    0x8762_5f05_6c7c_4a8b,
    0xc9bc_ff60_34c1_3053,
    0x964e_858c_91ba_2655,
    0xdff9_7724_7029_7ebd,
    0xa6df_bd9f_b8e5_b88f,
    0xf8a9_5fcf_8874_7d94,
    0xb944_7093_8fa8_9bcf,
    0x8a08_f0f8_bf0f_156b,
    0xcdb0_2555_6531_31b6,
    0x993f_e2c6_d07b_7fac,
    0xe45c_10c4_2a2b_3b06,
    0xaa24_2499_6973_92d3,
    0xfd87_b5f2_8300_ca0e,
    0xbce5_0864_9211_1aeb,
    0x8cbc_cc09_6f50_88cc,
    0xd1b7_1758_e219_652c,
    0x9c40_0000_0000_0000,
    0xe8d4_a510_0000_0000,
    0xad78_ebc5_ac62_0000,
    0x813f_3978_f894_0984,
    0xc097_ce7b_c907_15b3,
    0x8f7e_32ce_7bea_5c70,
    0xd5d2_38a4_abe9_8068,
    0x9f4f_2726_179a_2245,
    0xed63_a231_d4c4_fb27,
    0xb0de_6538_8cc8_ada8,
    0x83c7_088e_1aab_65db,
    0xc45d_1df9_4271_1d9a,
    0x924d_692c_a61b_e758,
    0xda01_ee64_1a70_8dea,
    0xa26d_a399_9aef_774a,
    0xf209_787b_b47d_6b85,
    0xb454_e4a1_79dd_1877,
    0x865b_8692_5b9b_c5c2,
    0xc835_53c5_c896_5d3d,
    0x952a_b45c_fa97_a0b3,
    0xde46_9fbd_99a0_5fe3,
    0xa59b_c234_db39_8c25,
    0xf6c6_9a72_a398_9f5c,
    0xb7dc_bf53_54e9_bece,
    0x88fc_f317_f222_41e2,
    0xcc20_ce9b_d35c_78a5,
    0x9816_5af3_7b21_53df,
    0xe2a0_b5dc_971f_303a,
    0xa8d9_d153_5ce3_b396,
    0xfb9b_7cd9_a4a7_443c,
    0xbb76_4c4c_a7a4_4410,
    0x8bab_8eef_b640_9c1a,
    0xd01f_ef10_a657_842c,
    0x9b10_a4e5_e991_3129,
    0xe710_9bfb_a19c_0c9d,
    0xac28_20d9_623b_f429,
    0x8044_4b5e_7aa7_cf85,
    0xbf21_e440_03ac_dd2d,
    0x8e67_9c2f_5e44_ff8f,
    0xd433_179d_9c8c_b841,
    0x9e19_db92_b4e3_1ba9,
    0xeb96_bf6e_badf_77d9,
    0xaf87_023b_9bf0_ee6b,
];
