//! What a server answers.

use std::borrow::Cow;

use super::text::{bytes_of, stands_in};
use super::{Bytes, format_double, format_double_17, header::push_header};

/// The version of RESP that a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// The protocol of every connection until `HELLO 3`.
    #[default]
    Resp2,
    /// Adds maps, sets, doubles, booleans, nulls of one kind, and pushes.
    Resp3,
}

/// One reply. Kinds that RESP2 lacks are written in the form that it has for them.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing is written: `REPLCONF ACK`, or a command that answers later.
    Silent,
    /// Several replies to one command, one behind the other: SUBSCRIBE to many channels.
    Several(Vec<Self>),
    /// `+OK`, `+PONG`, …
    Simple(Cow<'static, str>),
    /// `-ERR …`: the text without the leading minus.
    Error(Cow<'static, str>),
    /// `:1`
    Integer(i64),
    /// `$1\r\nv`
    Bulk(Bytes),
    /// No value: `$-1`, in RESP3 `_`.
    Null,
    /// No array: `*-1`, in RESP3 `_`.
    NullArray,
    /// `*2 …`
    Array(Vec<Self>),
    /// Pairs: `%1 …`, in RESP2 a flat array.
    Map(Vec<(Self, Self)>),
    /// Members in no order: `~2 …`, in RESP2 an array.
    Set(Vec<Self>),
    /// Out-of-band data: `>2 …`, in RESP2 an array.
    Push(Vec<Self>),
    /// `,1.5`, in RESP2 a bulk string.
    Double(f64),
    /// A double whose digits are given: `,1.5`, in RESP2 a bulk string.
    Decimal(Cow<'static, str>),
    /// `#t`, in RESP2 `:1`.
    Boolean(bool),
    /// Text for people: `=…txt:…`, in RESP2 a bulk string.
    Verbatim(Bytes),
    /// The digits of a number beyond 64 bits: `(123…`, in RESP2 a bulk string.
    BigNumber(Cow<'static, str>),
    /// What is said about the reply that follows: `|1 …`; RESP2 cannot say it.
    Attribute(Vec<(Self, Self)>),
}

impl Reply {
    /// `+OK`.
    pub const OK: Self = Self::Simple(Cow::Borrowed("OK"));

    /// A bulk string of `bytes`.
    pub fn bulk(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(Bytes::from(bytes.as_ref()))
    }

    /// An error with `text`, which begins with its code (`ERR`, `WRONGTYPE`, …).
    pub fn error(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Error(text.into())
    }

    /// An integer from a count.
    pub fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Appends the reply's bytes in `protocol` to `out`.
    pub fn encode(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let resp3 = protocol == Protocol::Resp3;
        match self {
            Self::Silent => {}
            Self::Several(replies) => {
                for reply in replies {
                    reply.encode(protocol, out);
                }
            }
            Self::Simple(text) => push_text(b'+', text, out),
            Self::Error(text) => push_text(b'-', text, out),
            Self::Integer(n) => push_line(b':', itoa::Buffer::new().format(*n).as_bytes(), out),
            Self::Bulk(bytes) => push_bulk(bytes, out),
            Self::Null | Self::NullArray if resp3 => out.extend_from_slice(b"_\r\n"),
            Self::Null => out.extend_from_slice(b"$-1\r\n"),
            Self::NullArray => out.extend_from_slice(b"*-1\r\n"),
            Self::Array(items) => push_items(b'*', items, protocol, out),
            Self::Set(items) => push_items(if resp3 { b'~' } else { b'*' }, items, protocol, out),
            Self::Push(items) => push_items(if resp3 { b'>' } else { b'*' }, items, protocol, out),
            Self::Map(pairs) => {
                let (kind, length) = if resp3 { (b'%', 1) } else { (b'*', 2) };
                push_header(kind, pairs.len() * length, out);
                push_pairs(pairs, protocol, out);
            }
            Self::Attribute(pairs) if resp3 => {
                push_header(b'|', pairs.len(), out);
                push_pairs(pairs, protocol, out);
            }
            Self::Attribute(_) => {}
            Self::BigNumber(digits) if resp3 => push_line(b'(', digits.as_bytes(), out),
            Self::BigNumber(digits) => push_bulk(digits.as_bytes(), out),
            Self::Double(value) if resp3 => push_line(b',', format_double(*value).as_bytes(), out),
            Self::Double(value) => push_bulk(format_double(*value).as_bytes(), out),
            Self::Decimal(digits) if resp3 => push_line(b',', digits.as_bytes(), out),
            Self::Decimal(digits) => push_bulk(digits.as_bytes(), out),
            Self::Boolean(value) if resp3 => push_line(b'#', if *value { b"t" } else { b"f" }, out),
            Self::Boolean(value) => push_line(b':', if *value { b"1" } else { b"0" }, out),
            Self::Verbatim(text) if resp3 => {
                push_header(b'=', text.len() + 4, out);
                out.extend_from_slice(b"txt:");
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            Self::Verbatim(text) => push_bulk(text, out),
        }
    }

    /// True if there is a double in it.
    pub fn has_doubles(&self) -> bool {
        if let Self::Array(items) | Self::Set(items) = self {
            return items.iter().any(Self::has_doubles);
        }
        if let Self::Map(pairs) = self {
            return pairs.iter().any(|(_, value)| value.has_doubles());
        }
        matches!(self, Self::Double(_))
    }

    /// The same with all digits of every double, as Redis wrote them before 7.2.
    #[inline(never)]
    pub fn with_long_doubles(mut self) -> Self {
        self.lengthen_doubles();
        self
    }

    fn lengthen_doubles(&mut self) {
        if let Self::Double(value) = self {
            *self = Self::Decimal(format_double_17(*value).into());
        } else if let Self::Array(items) | Self::Set(items) = self {
            items.iter_mut().for_each(Self::lengthen_doubles);
        } else if let Self::Map(pairs) = self {
            pairs.iter_mut().for_each(|(_, value)| value.lengthen_doubles());
        }
    }

    /// The reply's bytes in `protocol`.
    pub fn to_bytes(&self, protocol: Protocol) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(protocol, &mut out);
        out
    }
}

/// A line never holds a line break, whatever a user's words put into an error.
fn push_text(kind: u8, text: &str, out: &mut Vec<u8>) {
    if text.contains(['\r', '\n']) {
        push_text(kind, &text.replace(['\r', '\n'], " "), out);
    } else if stands_in(text) {
        push_line(kind, &bytes_of(text), out);
    } else {
        push_line(kind, text.as_bytes(), out);
    }
}

fn push_line(kind: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

fn push_bulk(bytes: &[u8], out: &mut Vec<u8>) {
    push_header(b'$', bytes.len(), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

fn push_items(kind: u8, items: &[Reply], protocol: Protocol, out: &mut Vec<u8>) {
    push_header(kind, items.len(), out);
    for item in items {
        item.encode(protocol, out);
    }
}

fn push_pairs(pairs: &[(Reply, Reply)], protocol: Protocol, out: &mut Vec<u8>) {
    for (key, value) in pairs {
        key.encode(protocol, out);
        value.encode(protocol, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::text_of;

    #[test]
    fn resp2_writes_what_it_lacks_in_the_form_it_has() {
        let map = Reply::Map(vec![(Reply::bulk("a"), Reply::Double(1.5))]);
        assert_eq!(map.to_bytes(Protocol::Resp2), b"*2\r\n$1\r\na\r\n$3\r\n1.5\r\n");
        assert_eq!(map.to_bytes(Protocol::Resp3), b"%1\r\n$1\r\na\r\n,1.5\r\n");
        assert_eq!(Reply::Null.to_bytes(Protocol::Resp2), b"$-1\r\n");
        assert_eq!(Reply::NullArray.to_bytes(Protocol::Resp2), b"*-1\r\n");
        assert_eq!(Reply::NullArray.to_bytes(Protocol::Resp3), b"_\r\n");
        assert_eq!(Reply::Boolean(true).to_bytes(Protocol::Resp2), b":1\r\n");
    }

    #[test]
    fn an_error_stays_on_its_line() {
        let reply = Reply::error("ERR unknown command 'a\r\nb'");
        assert_eq!(reply.to_bytes(Protocol::Resp2), b"-ERR unknown command 'a  b'\r\n");
        let reply = Reply::error(text_of(b"ERR unknown command '\xff\n\0'"));
        assert_eq!(reply.to_bytes(Protocol::Resp2), b"-ERR unknown command '\xff \0'\r\n");
    }
}
