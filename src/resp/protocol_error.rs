//! What can be wrong with what a client sends.

use thiserror::Error;

/// The client broke the protocol; its connection is to be closed after this text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// The count behind `*` is not a number, or over 2³¹ − 1.
    #[error("Protocol error: invalid multibulk length")]
    MultibulkLength,
    /// The line with the count is longer than 64 KiB.
    #[error("Protocol error: too big mbulk count string")]
    MultibulkLine,
    /// An array is longer than one who has not given a password may send.
    #[error("Protocol error: unauthenticated multibulk length")]
    GuardedMultibulk,
    /// A string is longer than one who has not given a password may send.
    #[error("Protocol error: unauthenticated bulk length")]
    GuardedBulk,
    /// The length behind `$` is not a number, or over `proto-max-bulk-len`.
    #[error("Protocol error: invalid bulk length")]
    BulkLength,
    /// The line with the length is longer than 64 KiB.
    #[error("Protocol error: too big bulk count string")]
    BulkLine,
    /// An argument does not begin with `$`.
    #[error("Protocol error: expected '$', got '{0}'")]
    ExpectedBulk(char),
    /// An inline command is longer than 64 KiB.
    #[error("Protocol error: too big inline request")]
    InlineLine,
    /// A quote of an inline command is left open.
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
}

impl ProtocolError {
    /// What the log calls it. *Source*: Redis 7.2 · networking.c · the calls of setProtocolError.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::MultibulkLength => "invalid mbulk count",
            Self::MultibulkLine => "too big mbulk count string",
            Self::GuardedMultibulk => "unauth mbulk count",
            Self::GuardedBulk => "unauth bulk length",
            Self::BulkLength => "invalid bulk length",
            Self::BulkLine => "too big bulk count string",
            Self::ExpectedBulk(_) => "expected $ but got something else",
            Self::InlineLine => "too big inline request",
            Self::UnbalancedQuotes => "unbalanced quotes in inline request",
        }
    }
}
