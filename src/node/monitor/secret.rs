//! What is secret among the words of a command: MONITOR and SLOWLOG show that it was said, and not
//! what. *Source*: Redis 7.2 · networking.c · redactClientCommandArgument, and who calls it.

use crate::resp::Bytes;

/// The words of a command as others may see them.
pub(in crate::node) fn shown_words<'a>(
    name: &str,
    args: &'a [Bytes],
) -> impl Iterator<Item = &'a [u8]> {
    let shown = move |(index, arg): (usize, &'a Bytes)| {
        if is_secret(name, args, index) { REDACTED } else { &**arg }
    };
    args.iter().enumerate().map(shown)
}

/// True if a word is a password, or a name that is given with one.
fn is_secret(name: &str, args: &[Bytes], index: usize) -> bool {
    let is = |at: usize, word: &str| args[at].eq_ignore_ascii_case(word.as_bytes());
    match name {
        "auth" => index > 0,
        "hello" => (index > 2 && is(index - 1, "auth")) || (index > 3 && is(index - 2, "auth")),
        "acl" => index > 1 && is(1, "setuser"),
        "config" => {
            let is_value = index > 2 && index % 2 == 1 && is(1, "set");
            is_value && SENSITIVE.iter().any(|option| is(index - 1, option))
        }
        "migrate" => is_secret_of_migrate(args, index),
        _ => false,
    }
}

/// What stands behind AUTH and AUTH2, up to KEYS.
fn is_secret_of_migrate(args: &[Bytes], index: usize) -> bool {
    let mut at = 6;
    while let Some(word) = args.get(at).filter(|_| at < index) {
        let secrets = match word.to_ascii_lowercase().as_slice() {
            b"auth" => 1,
            b"auth2" => 2,
            b"keys" => return false,
            _ => 0,
        };
        if index <= at + secrets {
            return true;
        }
        at += secrets + 1;
    }
    false
}

/// What is shown in the place of a secret.
const REDACTED: &[u8] = b"(redacted)";
/// The options whose values are secret.
const SENSITIVE: &[&str] = &["requirepass", "masterauth", "masteruser"];
