//! Commands on their way into the stream.
//!
//! The stream is what a single client would send: commands, with a `SELECT` before the first one
//! that goes to another database, and `MULTI … EXEC` around several that belong together.
//! *Source*: Redis 7.2 · replication.c · replicationFeedSlaves; server.c ·
//! propagatePendingCommands.

use crate::resp::{Bytes, encode_command};

/// Remembers in which database the stream is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEncoder {
    /// The database of the last command; `None` when a reader may begin who knows nothing.
    selected: Option<usize>,
}

impl StreamEncoder {
    /// Forgets the database: the next command is preceded by SELECT.
    pub const fn reset(&mut self) {
        self.selected = None;
    }

    /// The database of the last command, if one has been chosen.
    pub const fn selected(&self) -> Option<usize> {
        self.selected
    }

    /// Appends one command that runs in `db` to `out`.
    pub fn command<A: AsRef<[u8]>>(&mut self, db: usize, args: &[A], out: &mut Vec<u8>) {
        if self.selected != Some(db) {
            encode_command(&[&b"SELECT"[..], db.to_string().as_bytes()], out);
            self.selected = Some(db);
        }
        encode_command(args, out);
    }

    /// Appends a command that belongs to no database: PING, REPLCONF GETACK.
    pub fn bare<A: AsRef<[u8]>>(args: &[A], out: &mut Vec<u8>) {
        encode_command(args, out);
    }

    /// Appends what one command or transaction has caused: alone if it is one command, else
    /// wrapped in MULTI and EXEC, with SELECT inside.
    pub fn unit(&mut self, commands: &[(usize, Vec<Bytes>)], wrap: bool, out: &mut Vec<u8>) {
        let wrap = wrap && commands.len() > 1;
        if wrap {
            Self::bare(&["MULTI"], out);
        }
        for (db, args) in commands {
            self.command(*db, args, out);
        }
        if wrap {
            Self::bare(&["EXEC"], out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Vec<Bytes> {
        words.iter().map(|word| Bytes::from(word.as_bytes())).collect()
    }

    /// The capture `stream.txt`: the first SET costs 50 bytes, the next 28.
    #[test]
    fn select_is_sent_when_the_database_changes() {
        let mut stream = StreamEncoder::default();
        let mut out = Vec::new();
        stream.unit(&[(0, command(&["SET", "k", "v"]))], true, &mut out);
        assert_eq!(out.len(), 50);
        out.clear();
        stream.unit(&[(0, command(&["set", "k", "v2"]))], true, &mut out);
        assert_eq!(out.len(), 28);
        stream.reset();
        out.clear();
        stream.unit(&[(0, command(&["SET", "k", "v"]))], true, &mut out);
        assert_eq!(out.len(), 50);
    }

    /// The capture `stream.txt`: an expired key and the SET over it cost 76 bytes together.
    #[test]
    fn several_commands_are_wrapped() {
        let mut stream = StreamEncoder { selected: Some(0) };
        let unit = [(0, command(&["DEL", "x"])), (0, command(&["SET", "x", "2"]))];
        let mut out = Vec::new();
        stream.unit(&unit, true, &mut out);
        assert_eq!(out.len(), 76);
        out.clear();
        stream.unit(&unit, false, &mut out);
        assert_eq!(out.len(), 76 - 15 - 14);
    }
}
