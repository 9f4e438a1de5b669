//! Splitting a typed line into words, with quotes and escapes.
//!
//! The same rules serve the inline commands of a connection, redis-cli's prompt and the lines of a
//! scenario. *Source*: Redis 7.2 · sds.c · sdssplitargs.

/// Splits `line` into words; `None` when a quote is left open or a closing quote is followed by
/// anything but space.
///
/// Inside `"…"`: `\n \r \t \b \a \\ \"` and `\xHH`. Inside `'…'`: only `\'`.
pub fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        // A zero byte ends the line, as it would a C string.
        if rest.first().is_none_or(|&b| b == 0) {
            return Some(words);
        }
        let mut word = Vec::new();
        rest = read_word(rest, &mut word)?;
        words.push(word);
    }
}

/// Reads one word from the start of `rest`, and returns what follows it.
fn read_word<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        match rest {
            [] | [b' ' | b'\n' | b'\r' | b'\t' | 0, ..] => return Some(rest),
            [b'"', tail @ ..] => return closed(read_double_quoted(tail, word)?),
            [b'\'', tail @ ..] => return closed(read_single_quoted(tail, word)?),
            [byte, tail @ ..] => {
                word.push(*byte);
                rest = tail;
            }
        }
    }
}

/// After a closing quote there must be space, or the end.
fn closed(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|b| b.is_ascii_whitespace()).then_some(rest)
}

fn read_double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'"', tail @ ..] => return Some(tail),
            [b'\\', b'x', high, low, tail @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                word.push(hex_digit(*high) << 4 | hex_digit(*low));
                tail
            }
            [b'\\', escaped, tail @ ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                tail
            }
            [byte, tail @ ..] => {
                word.push(*byte);
                tail
            }
        };
    }
}

fn read_single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'\'', tail @ ..] => return Some(tail),
            [b'\\', b'\'', tail @ ..] => {
                word.push(b'\'');
                tail
            }
            [byte, tail @ ..] => {
                word.push(*byte);
                tail
            }
        };
    }
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split_words(line.as_bytes())?;
        Some(words.into_iter().map(|w| String::from_utf8_lossy(&w).into_owned()).collect())
    }

    #[test]
    fn words_are_separated_by_any_space() {
        assert_eq!(words("  set\tk  v \r\n").unwrap(), ["set", "k", "v"]);
        assert_eq!(words("").unwrap(), [""; 0]);
    }

    #[test]
    fn double_quotes_know_escapes_and_single_quotes_do_not() {
        assert_eq!(words(r#"set k "a b\n\x41""#).unwrap(), ["set", "k", "a b\nA"]);
        assert_eq!(words(r"set k 'a\n\'b'").unwrap(), ["set", "k", r"a\n'b"]);
        assert_eq!(words(r#"set "" ''"#).unwrap(), ["set", "", ""]);
    }

    #[test]
    fn a_quote_left_open_or_glued_to_more_is_refused() {
        assert_eq!(words(r#"set k "a"#), None);
        assert_eq!(words(r#"set k "a"b"#), None);
        assert_eq!(words("set k 'a"), None);
    }
}
