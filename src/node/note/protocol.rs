//! Notes of peers that do not keep to the protocol, and their words.
//! *Source*: Redis 7.2 · networking.c · setProtocolError, afterErrorReply,
//! logInvalidUseAndFreeClientAsync.

use std::fmt;

use super::super::log::Level;
use super::Note;

/// What a server says of a peer that does not keep to the protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum ProtocolNote {
    /// A replica said what is answered, where it must only listen.
    ReplicaGeneratedReply {
        /// The command.
        command: String,
        /// The connection as CLIENT LIST shows it.
        client: String,
    },
    /// A command from the other end of a replication was answered with an error.
    ErrorAnswered {
        /// True if that is the master.
        to_master: bool,
        /// The error.
        error: String,
        /// The command.
        command: String,
    },
    /// What the stream held before that command.
    LatestBacklog(String),
    /// The master wrote a line where an array was due.
    InlineFromMaster,
    /// What came could not be read.
    Unreadable {
        /// True if it came from the master.
        from_master: bool,
        /// What is wrong with it.
        why: &'static str,
        /// The connection as CLIENT LIST shows it.
        client: String,
        /// What was received.
        received: Vec<u8>,
    },
}

impl ProtocolNote {
    pub(in crate::node) const fn level(&self) -> Level {
        match self {
            Self::LatestBacklog(_) => Level::Notice,
            Self::Unreadable { from_master: false, .. } => Level::Verbose,
            Self::ReplicaGeneratedReply { .. }
            | Self::ErrorAnswered { .. }
            | Self::InlineFromMaster
            | Self::Unreadable { from_master: true, .. } => Level::Warning,
        }
    }
}

impl From<ProtocolNote> for Note {
    fn from(note: ProtocolNote) -> Self {
        Self::Protocol(note)
    }
}

pub(in crate::node) fn protocol_text(
    note: &ProtocolNote,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match note {
        ProtocolNote::ReplicaGeneratedReply { command, client } => write!(
            f,
            "Replica generated a reply to command '{command}', disconnecting it: {client}"
        ),
        ProtocolNote::ErrorAnswered { to_master, error, command } => {
            let (own, other) =
                if *to_master { ("replica", "master") } else { ("master", "replica") };
            write!(
                f,
                "== CRITICAL == This {own} is sending an error to its {other}: '{error}' after \
                 processing the command '{command}'"
            )
        }
        ProtocolNote::LatestBacklog(tail) => write!(f, "Latest backlog is: '{tail}'"),
        ProtocolNote::InlineFromMaster => f.write_str(
            "WARNING: Receiving inline protocol from master, master stream corruption? Closing the \
             master connection and discarding the cached master.",
        ),
        ProtocolNote::Unreadable { why, client, received, .. } => write!(
            f,
            "Protocol error ({why}) from client: {client}. Query buffer during protocol error: {}",
            Shown(received)
        ),
    }
}

/// Bytes between quotes, a point for each that cannot be printed; of many the first and the last.
struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printed = |bytes: &[u8]| -> String {
            // Redis prints them as a string of C.
            let bytes = bytes.iter().take_while(|byte| **byte != 0);
            let shown = |byte: &u8| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            };
            bytes.map(shown).collect()
        };
        let Some(left_out) = self.0.len().checked_sub(SHOWN_BYTES_MAX) else {
            return write!(f, "'{}'", printed(self.0));
        };
        let (first, last) =
            (&self.0[..SHOWN_BYTES_MAX / 2], &self.0[self.0.len() - SHOWN_BYTES_MAX / 2..]);
        write!(f, "'{}' (... more {left_out} bytes ...) '{}'", printed(first), printed(last))
    }
}

const SHOWN_BYTES_MAX: usize = 128;
