//! Replies as redis-cli prints them. *Source*: Redis 7.2 · redis-cli.c · cliFormatReplyTTY.

use crate::resp::Reply;

/// The text of a reply, without a line break at its end.
pub fn format_reply(reply: &Reply) -> String {
    format_at(reply, "")
}

/// A text of many lines.
#[inline(never)]
fn lines_of(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace("\r\n", "\n")
}

fn format_at(reply: &Reply, prefix: &str) -> String {
    match reply {
        Reply::Silent => String::new(),
        Reply::Several(replies) => {
            let lines: Vec<String> = replies.iter().map(|r| format_at(r, prefix)).collect();
            lines.join("\n")
        }
        Reply::Simple(text) => text.to_string(),
        Reply::Error(text) => format!("(error) {text}"),
        Reply::Integer(number) => format!("(integer) {number}"),
        Reply::Bulk(bytes) => quoted(bytes),
        Reply::Null | Reply::NullArray => "(nil)".to_owned(),
        Reply::Double(number) => format!("(double) {number}"),
        Reply::Decimal(digits) => format!("(double) {digits}"),
        Reply::Boolean(true) => "(true)".to_owned(),
        Reply::Boolean(false) => "(false)".to_owned(),
        Reply::Verbatim(text) => lines_of(text),
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) if items.is_empty() => {
            "(empty array)".to_owned()
        }
        Reply::Array(items) | Reply::Push(items) => numbered(items, ")", prefix),
        Reply::Set(items) => numbered(items, "~", prefix),
        Reply::BigNumber(digits) => digits.to_string(),
        Reply::Map(pairs) | Reply::Attribute(pairs) if pairs.is_empty() => {
            "(empty hash)".to_owned()
        }
        Reply::Map(pairs) | Reply::Attribute(pairs) => {
            let lines = pairs.iter().enumerate().map(|(index, (key, value))| {
                let lead = if index == 0 { "" } else { prefix };
                let inner = format!("{prefix}   ");
                format!(
                    "{lead}{}# {} => {}",
                    index + 1,
                    format_at(key, &inner),
                    format_at(value, &inner)
                )
            });
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

/// Items with their numbers, nested ones indented below.
fn numbered(items: &[Reply], sign: &str, prefix: &str) -> String {
    let width = items.len().to_string().len();
    let inner = format!("{prefix}{}", " ".repeat(width + 2));
    let line = |(index, item): (usize, &Reply)| {
        let lead = if index == 0 { "" } else { prefix };
        format!("{lead}{:>width$}{sign} {}", index + 1, format_at(item, &inner))
    };
    items.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Hangul and other letters stay readable, as with `redis-cli` in a UTF-8 terminal's `--raw`; what
/// is no text is escaped.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '"' => text.extend(['\\', c]),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c if c.is_control() => text.push_str(&format!("\\x{:02x}", c as u32)),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_look_as_in_redis_cli() {
        let role = Reply::Array(vec![
            Reply::bulk("master"),
            Reply::Integer(14),
            Reply::Array(vec![Reply::Array(vec![Reply::bulk("ip"), Reply::bulk("6379")])]),
        ]);
        let text = "1) \"master\"\n2) (integer) 14\n3) 1) 1) \"ip\"\n      2) \"6379\"";
        assert_eq!(format_reply(&role), text);
        assert_eq!(format_reply(&Reply::Null), "(nil)");
        assert_eq!(format_reply(&Reply::OK), "OK");
        assert_eq!(format_reply(&Reply::Array(vec![])), "(empty array)");
        assert_eq!(format_reply(&Reply::bulk("안녕\n")), "\"안녕\\n\"");
        assert_eq!(format_reply(&Reply::error("ERR no")), "(error) ERR no");
    }
}
