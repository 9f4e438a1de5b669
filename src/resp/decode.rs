//! Replies as a client reads them: the prompt beside a node, and the tests' clients.

use super::{Bytes, Reply, parse_double, parse_integer};

/// Reads replies from bytes that arrive in pieces of any size.
#[derive(Clone, Debug, Default)]
pub struct ReplyDecoder {
    /// What has arrived and belongs to no reply yet.
    buffer: Vec<u8>,
}

impl ReplyDecoder {
    /// Takes bytes that have arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole reply, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// A sentence about the bytes that no server sends.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, String> {
        let mut cursor = Cursor { bytes: &self.buffer, position: 0, depth: 0 };
        let reply = match cursor.reply() {
            Ok(reply) => reply,
            Err(Stop::Short) => return Ok(None),
            Err(Stop::Fault(why)) => return Err(why),
        };
        let taken = cursor.position;
        self.buffer.drain(..taken);
        Ok(Some(reply))
    }
}

/// Why reading stopped before the end of a reply.
enum Stop {
    /// More bytes are needed.
    Short,
    /// The bytes are no reply.
    Fault(String),
}

struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    fn reply(&mut self) -> Result<Reply, Stop> {
        let line = self.line()?;
        let Some((&kind, text)) = line.split_first() else {
            return Err(Stop::Fault("a reply begins with an empty line".to_owned()));
        };
        Ok(match kind {
            b'+' => Reply::Simple(String::from_utf8_lossy(text).into_owned().into()),
            b'-' => Reply::Error(String::from_utf8_lossy(text).into_owned().into()),
            b':' => Reply::Integer(number(text)?),
            b'$' | b'=' => match number(text)? {
                -1 => Reply::Null,
                length => self.bulk(kind, length)?,
            },
            b'*' if text == b"-1" => Reply::NullArray,
            b'*' => Reply::Array(self.items(text, 1)?),
            b'~' => Reply::Set(self.items(text, 1)?),
            b'>' => Reply::Push(self.items(text, 1)?),
            b'%' => Reply::Map(self.pairs(text)?),
            b'|' => Reply::Attribute(self.pairs(text)?),
            b'(' => Reply::BigNumber(String::from_utf8_lossy(text).into_owned().into()),
            b'_' => Reply::Null,
            b'#' => Reply::Boolean(text == b"t"),
            b',' => Reply::Double(parse_double(text).ok_or_else(|| fault(kind, text))?),
            _ => return Err(fault(kind, text)),
        })
    }

    fn items(&mut self, count: &[u8], each: i64) -> Result<Vec<Reply>, Stop> {
        let count = number(count)?.checked_mul(each).filter(|&n| n >= 0);
        let count = count.ok_or_else(|| Stop::Fault("an array of negative length".to_owned()))?;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Stop::Fault("arrays are nested too deep".to_owned()));
        }
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.reply()?);
        }
        self.depth -= 1;
        Ok(items)
    }

    fn pairs(&mut self, count: &[u8]) -> Result<Vec<(Reply, Reply)>, Stop> {
        let mut items = self.items(count, 2)?.into_iter();
        let mut pairs = Vec::new();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            pairs.push((key, value));
        }
        Ok(pairs)
    }

    fn bulk(&mut self, kind: u8, length: i64) -> Result<Reply, Stop> {
        let length = usize::try_from(length)
            .map_err(|_| Stop::Fault("a string of negative length".to_owned()))?;
        let end = self.position.checked_add(length).ok_or(Stop::Short)?;
        let bytes = self.bytes.get(self.position..end).ok_or(Stop::Short)?;
        if self.bytes.len() < end + 2 {
            return Err(Stop::Short);
        }
        self.position = end + 2;
        Ok(if kind == b'=' {
            Reply::Verbatim(Bytes::from(bytes.get(4..).unwrap_or(&[])))
        } else {
            Reply::bulk(bytes)
        })
    }

    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.position..];
        let newline = rest.iter().position(|&b| b == b'\n').ok_or(Stop::Short)?;
        self.position += newline + 1;
        Ok(rest[..newline].strip_suffix(b"\r").unwrap_or(&rest[..newline]))
    }
}

fn number(text: &[u8]) -> Result<i64, Stop> {
    parse_integer(text)
        .ok_or_else(|| Stop::Fault(format!("'{}' is not a number", String::from_utf8_lossy(text))))
}

fn fault(kind: u8, text: &[u8]) -> Stop {
    let text = String::from_utf8_lossy(text);
    Stop::Fault(format!("no reply begins with '{}{text}'", char::from(kind)))
}

/// Deeper than any command answers.
const DEPTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::super::Protocol;
    use super::*;

    fn example() -> Reply {
        Reply::Array(vec![
            Reply::OK,
            Reply::Integer(-3),
            Reply::bulk("a\r\nb"),
            Reply::Null,
            Reply::Map(vec![(Reply::bulk("k"), Reply::Double(0.5))]),
            Reply::Set(vec![Reply::Boolean(true)]),
            Reply::Verbatim(Bytes::from(&b"text"[..])),
            Reply::error("ERR no"),
        ])
    }

    #[test]
    fn what_is_written_is_read_at_every_cut() {
        let bytes = example().to_bytes(Protocol::Resp3);
        for cut in 0..bytes.len() {
            let mut decoder = ReplyDecoder::default();
            decoder.feed(&bytes[..cut]);
            assert_eq!(decoder.next_reply().unwrap(), None);
            decoder.feed(&bytes[cut..]);
            assert_eq!(decoder.next_reply().unwrap(), Some(example()));
            assert_eq!(decoder.next_reply().unwrap(), None);
        }
    }

    #[test]
    fn bytes_that_no_server_sends_are_named() {
        let mut decoder = ReplyDecoder::default();
        decoder.feed(b"?what\r\n");
        assert_eq!(decoder.next_reply().unwrap_err(), "no reply begins with '?what'");
    }
}
