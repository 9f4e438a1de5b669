//! The captures were printed by Python: so is what we compare with them.

use replica_lab::resp::Reply;

/// A reply as the capture prints it at the left margin: `OK`, `b'v'`, `None`, `-ERR …`.
pub(crate) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Simple(text) => text.to_string(),
        Reply::Error(text) => format!("-{text}"),
        _ => nested(reply),
    }
}

/// A reply as a part of another.
fn nested(reply: &Reply) -> String {
    match reply {
        Reply::Silent => "(nothing)".to_owned(),
        Reply::Simple(text) => format!("'{text}'"),
        Reply::Error(text) => format!("Err('{text}')"),
        Reply::Integer(n) => n.to_string(),
        Reply::Bulk(bytes) | Reply::Verbatim(bytes) => format!("b{}", quoted(bytes, true)),
        Reply::Null | Reply::NullArray => "None".to_owned(),
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => {
            let items: Vec<String> = items.iter().map(nested).collect();
            format!("[{}]", items.join(", "))
        }
        Reply::Several(_)
        | Reply::Map(_)
        | Reply::Attribute(_)
        | Reply::Double(_)
        | Reply::Decimal(_)
        | Reply::BigNumber(_)
        | Reply::Boolean(_) => {
            panic!("the captures speak RESP2: {reply:?}")
        }
    }
}

/// One word of a command: as it is, or quoted if it would not be seen.
pub(crate) fn word(bytes: &[u8]) -> String {
    let plain = |&byte: &u8| byte.is_ascii_graphic();
    if !bytes.is_empty() && bytes.iter().all(plain) {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        quoted(bytes, false)
    }
}

/// `'…'` of bytes, or of the text that they are in Latin-1.
fn quoted(bytes: &[u8], as_bytes: bool) -> String {
    // Python takes the other quotes where there are single ones inside.
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = String::from(quote);
    for &byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            0xa1..=0xff if !as_bytes && byte != 0xad => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push(quote);
    text
}
/// The bytes of `b'…'` or of the Latin-1 text `'…'`.
pub(crate) fn unquoted(literal: &str) -> Vec<u8> {
    let inner = literal.trim_start_matches('b');
    let mark = inner.chars().next().unwrap_or_else(|| panic!("no literal: {literal}"));
    let inner = inner.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    let mut chars = inner.unwrap_or_else(|| panic!("no literal: {literal}")).chars();
    let mut bytes = Vec::new();
    while let Some(c) = chars.next() {
        let byte = if c == '\\' { escaped(&mut chars) } else { c as u32 };
        bytes.push(u8::try_from(byte).unwrap_or_else(|_| panic!("not Latin-1: {literal}")));
    }
    bytes
}

fn escaped(chars: &mut std::str::Chars<'_>) -> u32 {
    match chars.next() {
        Some('n') => 10,
        Some('r') => 13,
        Some('t') => 9,
        Some('x') => {
            let digits: String = chars.by_ref().take(2).collect();
            u32::from_str_radix(&digits, 16).expect("two digits follow \\x")
        }
        Some(other) => other as u32,
        None => panic!("a lone backslash ends a literal"),
    }
}
