//! Scores of sorted sets, in the three ways that they were ever written.
//!
//! ```text
//!     since 4.0           8 bytes, least byte first
//!     before              length text | FD not a number | FE inf | FF -inf
//!     in packed forms     an integer if it is one, else text
//! ```
//!
//! An integer has no negative zero, so this server packs -0 as 0. One of before wrote it as text,
//! and what comes as text goes on as text.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbLoadDoubleValue; t_zset.c · zzlInsertAt, zzlStrtod.

use super::read::{Broken, Reader, Stop};
use crate::keyspace::Piece;

/// Reads a score of eight bytes.
pub(super) fn read_score(reader: &mut Reader<'_>) -> Result<f64, Stop> {
    let at = reader.at();
    number(f64::from_le_bytes(reader.array()?)).map_err(|what| Stop::Corrupt { what, at })
}

/// Reads a score of before 4.0.
pub(super) fn read_score_text(reader: &mut Reader<'_>) -> Result<f64, Stop> {
    let at = reader.at();
    let score = match reader.byte()? {
        0xff => Ok(f64::NEG_INFINITY),
        0xfe => Ok(f64::INFINITY),
        0xfd => Err(NO_NUMBER),
        length => score_of_text(reader.take(length.into())?),
    };
    score.map_err(|what| Stop::Corrupt { what, at })
}

/// The score that an element of a packed sorted set is.
pub(super) fn score_of(piece: Piece<'_>) -> Result<f64, Broken> {
    match piece {
        Piece::Integer(number) => Ok(number as f64),
        Piece::Bytes(text) => score_of_text(text),
    }
}

/// The number at the beginning of `text`; what follows it is passed over, as C does.
fn score_of_text(text: &[u8]) -> Result<f64, Broken> {
    let text = text.trim_ascii_start();
    let number_text = &text[..number_length(text)];
    let value = std::str::from_utf8(number_text).ok().and_then(|text| text.parse().ok());
    number(value.ok_or(NO_NUMBER)?)
}

fn number(score: f64) -> Result<f64, Broken> {
    if score.is_nan() { Err(NO_NUMBER) } else { Ok(score) }
}

/// How many bytes at the beginning of `text` spell a decimal number or infinity.
fn number_length(text: &[u8]) -> usize {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let rest = &text[sign..];
    let names = |word: &str| {
        rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    if let Some(word) = ["infinity", "inf"].into_iter().find(|word| names(word)) {
        return sign + word.len();
    }
    let mut end = sign + digits(rest);
    if text.get(end) == Some(&b'.') {
        end += 1 + digits(&text[end + 1..]);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let exponent_sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(&text[end + 1 + exponent_sign..]);
        if exponent > 0 {
            end += 1 + exponent_sign + exponent;
        }
    }
    end
}

/// How many digits `text` begins with.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

const NO_NUMBER: Broken = "a score that is not a number";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::listpack::{Listpack, ListpackWriter};
    use crate::resp::format_double;

    fn text_score(bytes: &[u8]) -> Result<f64, Stop> {
        read_score_text(&mut Reader::new(bytes, 100))
    }

    #[test]
    fn scores_of_old_files_are_text() {
        for (bytes, score) in [
            (&b"\x011"[..], 1.0),
            (b"\x043.25", 3.25),
            (b"\x05-1e+3", -1_000.0),
            (b"\x0a1.5garbage", 1.5),
            (b"\x032e+", 2.0),
            (b"\x04 .5 ", 0.5),
            (b"\x051e999", f64::INFINITY),
            (b"\x04-Inf", f64::NEG_INFINITY),
            (b"\xfe", f64::INFINITY),
            (b"\xff", f64::NEG_INFINITY),
        ] {
            assert_eq!(text_score(bytes), Ok(score), "{bytes:?}");
        }
        for bytes in [&b"\x00"[..], b"\x03nan", b"\x01x", b"\xfd", b"\x01."] {
            assert!(matches!(text_score(bytes), Err(Stop::Corrupt { at: 0, .. })), "{bytes:?}");
        }
        assert_eq!(text_score(b"\x031."), Err(Stop::More(4)));
    }

    #[test]
    fn scores_of_eight_bytes_are_numbers() {
        let read = |score: f64| read_score(&mut Reader::new(&score.to_le_bytes(), 0));
        assert_eq!(read(-0.0).map(f64::to_bits), Ok((-0.0_f64).to_bits()));
        assert!(matches!(read(f64::NAN), Err(Stop::Corrupt { .. })));
    }

    #[test]
    fn a_packed_score_is_an_integer_where_it_can_be() {
        for (score, integer) in [
            (0.0, Some(0)),
            (-0.0, None),
            (1e15, Some(1_000_000_000_000_000)),
            (2.5, None),
            (1e30, None),
            (f64::INFINITY, None),
            (f64::NEG_INFINITY, None),
            (-9_223_372_036_854_775_808.0, None),
            (5_764_607_523_034_234_880.0, Some(5_764_607_523_034_235_000)),
        ] {
            let mut writer = ListpackWriter::new();
            writer.push(format_double(score).as_bytes());
            let bytes = writer.finish();
            let piece = Listpack::new(&bytes).unwrap().next().unwrap().unwrap();
            let found = if let Piece::Integer(number) = piece { Some(number) } else { None };
            assert_eq!(found, integer, "{score}");
            assert_eq!(score_of(piece), Ok(score), "{score}");
        }
    }
}
