//! RESP, the language of every Redis connection.
//!
//! A client sends *commands*: arrays of bulk strings, or one line of words typed by hand. A server
//! sends *replies*: typed values, in RESP2 or, after `HELLO 3`, RESP3. The replication stream is
//! commands again, so a replica reads its master exactly as a server reads a client; only that it
//! must know, for each command, how many raw bytes it took: those bytes are the offset.
//!
//! ```text
//!     *3\r\n  $3\r\nSET\r\n  $1\r\nk\r\n  $1\r\nv\r\n          a command of 27 bytes
//!     SET k v\r\n                                              the same, inline
//!     +OK\r\n   :1\r\n   $1\r\nv\r\n   -ERR …\r\n   *0\r\n     replies
//! ```
//!
//! Needing more bytes is not an error: decoders hold what they have and answer `None`. Any way of
//! cutting the bytes into pieces gives the same values.
//!
//! This room knows no command by name and owns no connection.
//!
//! Reading order: `bytes`, `header`, `text`, `reply`, `command`, `protocol_error`, `decode`,
//! `inline`, `double`, `grisu`, `anatomy`.
//! *Source*: Redis 7.2 · networking.c · processMultibulkBuffer, processInlineBuffer.

mod anatomy;
mod bytes;
mod command;
mod decode;
mod double;
mod grisu;
mod header;
mod inline;
mod protocol_error;
mod reply;
mod text;

pub use anatomy::{Part, anatomy, commands_at_end};
pub use bytes::Bytes;
pub use command::{Command, CommandDecoder};
pub use decode::ReplyDecoder;
pub use double::{format_double, format_double_17, format_double_digest, parse_double};
pub use header::encode_command;
pub use inline::split_words;
pub use protocol_error::ProtocolError;
pub use reply::{Protocol, Reply};
pub use text::{bytes_of, clipped, text_of};

/// Reads a signed integer exactly as Redis' `string2ll`: no sign but `-`, no leading zero, no
/// space, nothing after the digits.
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [] => false,
        [b'0'] => text.len() == 1,
        [b'0', ..] => false,
        _ => digits.len() <= 19 && digits.iter().all(u8::is_ascii_digit),
    };
    if !canonical {
        return None;
    }
    // The least number has no positive counterpart: what is gathered is negative.
    let gather = |sum: i64, digit: &u8| sum.checked_mul(10)?.checked_sub(i64::from(digit - b'0'));
    let negative = digits.iter().try_fold(0, gather)?;
    if digits.len() < text.len() { Some(negative) } else { negative.checked_neg() }
}
