//! Why a command is not carried out, in Redis' own words.

use thiserror::Error;

/// The user erred: the text is the error reply, nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The key holds another type.
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    /// An argument, or the stored string, is not a 64-bit integer.
    #[error("ERR value is not an integer or out of range")]
    NotAnInteger,
    /// An argument, or the stored string, is not a number.
    #[error("ERR value is not a valid float")]
    NotAFloat,
    /// An argument is not a number, or negative.
    #[error("ERR value is out of range, must be positive")]
    NotPositive,
    /// A limit of a range of scores is not a number.
    #[error("ERR min or max is not a float")]
    NotAScoreLimit,
    /// A limit of a range of members has no sign of whether it belongs to the range.
    #[error("ERR min or max not valid string range item")]
    NotAMemberLimit,
    /// Source and destination are one.
    #[error("ERR source and destination objects are the same")]
    SameObject,
    /// The arguments make no sense together.
    #[error("ERR syntax error")]
    Syntax,
    /// The key does not exist, and must.
    #[error("ERR no such key")]
    NoSuchKey,
    /// The wrong number of arguments.
    #[error("ERR wrong number of arguments for '{0}' command")]
    Arity(String),
    /// An index or a number is beyond its range.
    #[error("ERR index out of range")]
    IndexOutOfRange,
    /// The sum does not fit 64 bits.
    #[error("ERR increment or decrement would overflow")]
    Overflow,
    /// The sum is not a number, or infinite.
    #[error("ERR increment would produce NaN or Infinity")]
    NotFinite,
    /// An expiry that is not positive, or does not fit.
    #[error("ERR invalid expire time in '{0}' command")]
    ExpireTime(&'static str),
    /// A database that does not exist.
    #[error("ERR DB index is out of range")]
    DatabaseIndex,
    /// Any other refusal, whole.
    #[error("{0}")]
    Other(String),
}

impl Refusal {
    /// A refusal with `text`, which begins with its code.
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }
}
