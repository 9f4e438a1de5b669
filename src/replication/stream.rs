//! Commands on their way into the stream.
//!
//! The stream is what a single client would send: commands, with a `SELECT` before the first one
//! that goes to another database, and `MULTI … EXEC` around several that belong together.
//! *Source*: Redis 7.2 · replication.c · replicationFeedSlaves; server.c ·
//! propagatePendingCommands.

use crate::resp::{Bytes, encode_command};

/// Where releases put MULTI, EXEC and the SELECT of the commands between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Brackets {
    /// 6.2: around the writes of every transaction, even of one; SELECT before MULTI.
    EveryTransaction,
    /// 7.0: around what is more than one command; SELECT before MULTI.
    SelectBefore,
    /// 7.2: around what is more than one command; SELECT behind MULTI.
    #[default]
    SelectInside,
}

/// What belongs together in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing: each command may be carried out alone.
    Loose,
    /// What one command has caused.
    Command,
    /// What a transaction has caused.
    Transaction,
}

/// Remembers in which database the stream is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEncoder {
    /// The database of the last command; `None` when a reader may begin who knows nothing.
    selected: Option<usize>,
    brackets: Brackets,
}

impl StreamEncoder {
    /// An encoder at the beginning of a stream.
    pub const fn new(brackets: Brackets) -> Self {
        Self { selected: None, brackets }
    }

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
        self.select(db, out);
        encode_command(args, out);
    }

    /// Appends a command that belongs to no database: PING, REPLCONF GETACK.
    pub fn bare<A: AsRef<[u8]>>(args: &[A], out: &mut Vec<u8>) {
        encode_command(args, out);
    }

    /// Appends commands with their databases, in MULTI and EXEC if they are more than one that
    /// belong together.
    pub fn unit(&mut self, commands: &[(usize, Vec<Bytes>)], unit: Unit, out: &mut Vec<u8>) {
        let wrap = match (unit, self.brackets) {
            (Unit::Loose, _) => false,
            (Unit::Transaction, Brackets::EveryTransaction) => !commands.is_empty(),
            (Unit::Transaction | Unit::Command, _) => commands.len() > 1,
        };
        if wrap {
            if self.brackets != Brackets::SelectInside {
                self.select(commands[0].0, out);
            }
            Self::bare(&["MULTI"], out);
        }
        for (db, args) in commands {
            self.command(*db, args, out);
        }
        if wrap {
            Self::bare(&["EXEC"], out);
        }
    }

    fn select(&mut self, db: usize, out: &mut Vec<u8>) {
        if self.selected != Some(db) {
            encode_command(&[&b"SELECT"[..], db.to_string().as_bytes()], out);
            self.selected = Some(db);
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
        stream.unit(&[(0, command(&["SET", "k", "v"]))], Unit::Transaction, &mut out);
        assert_eq!(out.len(), 50);
        out.clear();
        stream.unit(&[(0, command(&["set", "k", "v2"]))], Unit::Transaction, &mut out);
        assert_eq!(out.len(), 28);
        stream.reset();
        out.clear();
        stream.unit(&[(0, command(&["SET", "k", "v"]))], Unit::Transaction, &mut out);
        assert_eq!(out.len(), 50);
    }

    /// The capture `stream.txt`: an expired key and the SET over it cost 76 bytes together.
    #[test]
    fn several_commands_are_wrapped() {
        let mut stream = StreamEncoder { selected: Some(0), ..StreamEncoder::default() };
        let unit = [(0, command(&["DEL", "x"])), (0, command(&["SET", "x", "2"]))];
        let mut out = Vec::new();
        stream.unit(&unit, Unit::Command, &mut out);
        assert_eq!(out.len(), 76);
        out.clear();
        stream.unit(&unit, Unit::Loose, &mut out);
        assert_eq!(out.len(), 76 - 15 - 14);
    }

    /// A redis-server 7.0.15 sends SELECT before MULTI.
    #[test]
    fn releases_frame_transactions_in_their_own_ways() {
        let one = [(1, command(&["SET", "k", "v"]))];
        let two = [(1, command(&["DEL", "x"])), (1, command(&["SET", "x", "2"]))];
        let words = |brackets, commands: &[_], unit| {
            let mut out = Vec::new();
            StreamEncoder::new(brackets).unit(commands, unit, &mut out);
            let text = String::from_utf8(out).unwrap();
            let names = text.lines().filter(|line| ["SELECT", "MULTI", "EXEC"].contains(line));
            names.collect::<Vec<_>>().join(" ")
        };
        let (old, middle, new) =
            (Brackets::EveryTransaction, Brackets::SelectBefore, Brackets::SelectInside);
        assert_eq!(words(old, &one, Unit::Transaction), "SELECT MULTI EXEC");
        assert_eq!(words(middle, &one, Unit::Transaction), "SELECT");
        assert_eq!(words(old, &one, Unit::Command), "SELECT");
        for unit in [Unit::Command, Unit::Transaction] {
            assert_eq!(words(old, &two, unit), "SELECT MULTI EXEC");
            assert_eq!(words(middle, &two, unit), "SELECT MULTI EXEC");
            assert_eq!(words(new, &two, unit), "MULTI SELECT EXEC");
        }
        assert_eq!(words(old, &[], Unit::Transaction), "");
    }
}
