//! Commands that wait for a key: BLPOP and its relatives.
//!
//! A command that finds nothing to pop does nothing, answers nothing, and leaves a [`Block`]. The
//! node parks the client. When one of the keys is touched and holds the awaited type, the node
//! runs *the same command again*: it finds what it wants now, or blocks again, with the time that
//! is left of its first wait. A served command enters the stream as its plain relative (`LPOP`),
//! behind the write that served it.
//!
//! ```text
//!     BLPOP q 0 ──▶ nothing there ──▶ block: q, a list, for ever       the client is parked
//!     RPUSH q a ──▶ touched: q ─────▶ BLPOP q 0 is run again ──▶ [q, a], stream: LPOP q
//! ```
//!
//! Inside MULTI nobody can be kept waiting, so the command answers at once as if its time was over.
//! *Source*: Redis 7.2 · blocked.c, timeout.c · getTimeoutFromObjectOrReply.

use super::{Call, Refusal};
use crate::keyspace::Value;
use crate::resp::{Bytes, Reply, parse_double, parse_integer};

/// A wait that a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The keys of the selected database, any of which may end it.
    pub keys: Vec<Bytes>,
    /// What `TYPE` answers for a value that may end it.
    pub type_name: &'static str,
    /// How long it lasts, in milliseconds; none: for ever.
    pub timeout_ms: Option<u64>,
    /// True if it also ends when a key goes, or becomes something else: that is an error then.
    pub when_gone: bool,
    /// What is run again, if not the command as typed: a name that means "from now on" is bound.
    pub again: Option<Vec<Bytes>>,
}

impl Block {
    /// What the client is answered when the time is over, whatever the command.
    pub const TIMED_OUT: Reply = Reply::NullArray;

    /// True if a key that holds `value` may end the wait: the command is then to be run again.
    pub fn awaits(&self, value: Option<&Value>) -> bool {
        self.when_gone || value.is_some_and(|value| value.type_name() == self.type_name)
    }
}

impl Call<'_> {
    /// Waits for one of `keys`, or answers `at_once` if nobody can wait.
    pub(super) fn wait_for(
        &mut self,
        keys: &[Bytes],
        type_name: &'static str,
        timeout_ms: Option<u64>,
        at_once: Reply,
    ) -> Reply {
        if !self.may_block {
            return at_once;
        }
        let keys = keys.to_vec();
        let block = Block { keys, type_name, timeout_ms, when_gone: false, again: None };
        self.effects.block = Some(Box::new(block));
        Reply::Silent
    }

    /// The argument at `index` as a time to wait, in milliseconds: seconds, perhaps with a
    /// fraction, and 0 for ever.
    pub(super) fn timeout(&self, index: usize) -> Result<Option<u64>, Refusal> {
        let text = &self.args[index];
        // An overflow is infinite here and not refused, for the original parses with more range.
        let seconds = parse_double(text).or_else(|| lenient(text)).filter(|s| !s.is_nan());
        let seconds =
            seconds.ok_or_else(|| Refusal::other("ERR timeout is not a float or out of range"))?;
        let millis = (seconds * 1_000.0).ceil();
        if millis < 0.0 {
            return Err(Refusal::other("ERR timeout is negative"));
        }
        if millis >= i64::MAX as f64 || millis as i64 > i64::MAX - self.now {
            return Err(Refusal::other("ERR timeout is out of range"));
        }
        Ok(Some(millis as u64).filter(|&millis| millis > 0))
    }
}

impl Call<'_> {
    /// The argument at `index` as a time to wait, in whole milliseconds; 0 is for ever.
    pub(super) fn timeout_millis(&self, index: usize) -> Result<Option<u64>, Refusal> {
        let wrong = || Refusal::other("ERR timeout is not an integer or out of range");
        let millis = parse_integer(&self.args[index]).ok_or_else(wrong)?;
        let Ok(positive) = u64::try_from(millis) else {
            return Err(Refusal::other("ERR timeout is negative"));
        };
        if millis > i64::MAX - self.now {
            return Err(Refusal::other("ERR timeout is out of range"));
        }
        Ok(Some(positive).filter(|&millis| millis > 0))
    }
}

fn lenient(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
