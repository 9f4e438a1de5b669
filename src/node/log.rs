//! A line of the log: who wrote it, when, how important it is, and what it says.
//!
//! ```text
//!     1:M 24 Mar 2025 13:19:12.278 * Replica 172.19.0.4:6379 asks for synchronization
//!     pid:role  date and time in UTC  level  note
//! ```
//! A signal handler may not ask for the date: its lines have the Unix time.
//! *Source*: Redis 7.2 · server.c · serverLogRaw.

use std::fmt;

use super::note::Note;
use super::state::Profile;
use crate::time::Instant;

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When it was written.
    pub at: Instant,
    /// The process that wrote it.
    pub pid: u32,
    /// What that process was: `M`aster, `S`lave or forked `C`hild.
    pub role: char,
    /// What it says.
    pub note: Note,
    /// Which release's words it has.
    pub profile: Profile,
}

/// How important a line is; the sign stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `.`
    Debug,
    /// `-`
    Verbose,
    /// `*`
    Notice,
    /// `#`
    Warning,
}

impl Level {
    /// The sign in the line.
    pub const fn sign(self) -> char {
        match self {
            Self::Debug => '.',
            Self::Verbose => '-',
            Self::Notice => '*',
            Self::Warning => '#',
        }
    }
}

impl LogLine {
    /// How important it is.
    pub const fn level(&self) -> Level {
        self.note.level(self.profile)
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.note.is_said_by_a_signal_handler() {
            return write!(f, "{}:signal-handler ({}) {}", self.pid, self.at.seconds(), self.note);
        }
        let c = self.at.calendar();
        let millis = self.at.millis() % 1_000;
        write!(f, "{}:{} {:02} {} {}", self.pid, self.role, c.day, c.month_name(), c.year)?;
        write!(f, " {:02}:{:02}:{:02}.{millis:03}", c.hour, c.minute, c.second)?;
        write!(f, " {} ", self.level().sign())?;
        match self.note.older_text(self.profile) {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}", self.note),
        }
    }
}

/// Bytes between quotes, with escapes for what cannot be printed.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => text.extend(['\\', char::from(byte)]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0x07 => text.push_str("\\a"),
            0x08 => text.push_str("\\b"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}
