//! Numbers as C prints them.

/// `%.{digits}g`: so many significant digits, and no zeros behind the last that counts.
pub(super) fn general(number: f64, digits: usize) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let digits = digits.max(1);
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs());
    }
    let places = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    without_zeros(&format!("{number:.places$}")).to_owned()
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_c_prints_them() {
        // printf "%.17g" and "%.14g"
        assert_eq!(general(0.1, 17), "0.10000000000000001");
        assert_eq!(general(3.0, 17), "3");
        assert_eq!(general(1e17, 17), "1e+17");
        assert_eq!(general(-2.5e-7, 14), "-2.5e-07");
        assert_eq!(general(1.0 / 3.0, 14), "0.33333333333333");
        assert_eq!(general(0.0, 14), "0");
    }
}
