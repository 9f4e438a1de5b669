//! Patterns: KEYS, and MATCH of SCAN and its relatives.
//!
//! ```text
//!     *  any bytes      ?  any byte      [abc]  [a-z]  [^a]  one of a class      \x  x itself
//! ```
//!
//! A class that is not closed ends with the pattern, and an empty text matches an empty pattern
//! only (not even `*`): both as in Redis.
//! *Source*: Redis 7.2 · util.c · stringmatchlen.

/// True if the whole of `text` matches `pattern`.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut at, mut rest) = (0, pattern);
    // The pattern behind the last star, and where in the text it was tried last.
    let mut star = None;
    while at < text.len() {
        if let Some(behind) = rest.strip_prefix(b"*") {
            star = Some((behind, at));
            rest = behind;
        } else if let Some(behind) = match_one(rest, text[at]) {
            rest = behind;
            at += 1;
        } else if let Some((behind, tried)) = star {
            star = Some((behind, tried + 1));
            (rest, at) = (behind, tried + 1);
        } else {
            return false;
        }
    }
    rest.iter().all(|&byte| byte == b'*')
}

/// The pattern behind its first part, if that matches `byte`.
fn match_one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [] => None,
        [b'?', behind @ ..] => Some(behind),
        [b'[', class @ ..] => match_class(class, byte),
        [b'\\', literal, behind @ ..] | [literal, behind @ ..] => {
            (*literal == byte).then_some(behind)
        }
    }
}

/// The pattern behind the class, if that has `byte`.
fn match_class(class: &[u8], byte: u8) -> Option<&[u8]> {
    let (inverted, mut rest) = match class {
        [b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut found = false;
    loop {
        let (low, high);
        (low, high, rest) = match rest {
            [] => break,
            [b']', behind @ ..] => {
                rest = behind;
                break;
            }
            [b'\\', literal, behind @ ..] => (*literal, *literal, behind),
            [low, b'-', high, behind @ ..] => (*low.min(high), *low.max(high), behind),
            [literal, behind @ ..] => (*literal, *literal, behind),
        };
        found |= (low..=high).contains(&byte);
    }
    (found != inverted).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("*", "", false),
            ("", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("a**", "a", true),
            ("h?llo", "hallo", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hello", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("h[a\\-c]llo", "hbllo", false),
            ("h[a\\-c]llo", "h-llo", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("a\\", "a\\", true),
            ("[", "a", false),
            ("[^", "a", true),
            ("[a", "a", true),
            ("[]a]", "a", false),
            ("*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("x*ya*z", "xayayaz", true),
            ("*?", "a", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
