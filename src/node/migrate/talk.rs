//! What is said to the server to which keys move, and what it answers.
//!
//! ```text
//!     AUTH [user] password      if there is one
//!     SELECT db                 unless that is where the connection is
//!     RESTORE key ttl payload [REPLACE]     for each key
//! ```
//! All of it is said at once, in pieces, each of which has the timeout to leave before the next;
//! then one line is awaited after the other, each for as long.

use std::collections::VecDeque;

use crate::resp::Bytes;

/// A conversation that is under way.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    /// What is said.
    said: Vec<u8>,
    /// How much of it the wire was handed.
    handed: usize,
    /// How much of that has not left.
    in_wire: u64,
    /// What has come of the next line.
    line: Vec<u8>,
    /// How many lines come before those about keys: AUTH's and SELECT's.
    preamble: usize,
    /// The keys whose fate is not known.
    awaited: VecDeque<Bytes>,
    /// True once the fate of a key is known.
    pub(super) answered: bool,
    /// The first error of the preamble: whatever is said of keys then, none has arrived.
    objection: Option<String>,
    /// The first error that was the answer to a key.
    pub(super) error: Option<String>,
    /// The keys that have arrived.
    pub(super) taken: Vec<Bytes>,
}

impl Talk {
    pub(super) fn new(said: Vec<u8>, preamble: usize, keys: Vec<Bytes>) -> Self {
        Self {
            said,
            handed: 0,
            in_wire: 0,
            line: Vec::new(),
            preamble,
            awaited: keys.into(),
            answered: false,
            objection: None,
            error: None,
            taken: Vec::new(),
        }
    }

    /// The next piece for the wire, if the one before it has left and there is more to say.
    pub(super) fn next_piece(&mut self) -> Option<Bytes> {
        if self.in_wire > 0 || self.is_said() {
            return None;
        }
        let end = self.said.len().min(self.handed + PIECE_BYTES);
        let piece = &self.said[self.handed..end];
        self.handed = end;
        self.in_wire = piece.len() as u64;
        Some(Bytes::from(piece))
    }

    /// Bytes have left the wire.
    pub(super) const fn left(&mut self, bytes: u64) {
        self.in_wire = self.in_wire.saturating_sub(bytes);
    }

    /// True once all has been handed to the wire.
    pub(super) const fn is_said(&self) -> bool {
        self.handed == self.said.len()
    }

    /// True once nothing is awaited any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_said() && self.preamble == 0 && self.awaited.is_empty()
    }

    /// Hears what the other server says; true if that was a line or more.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> bool {
        self.line.extend_from_slice(bytes);
        let mut lines = 0;
        while let Some(line) = self.next_line() {
            self.take(&line);
            lines += 1;
        }
        lines > 0
    }

    /// The next whole line, without its end; one that is too long is cut.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let within = &self.line[..self.line.len().min(LINE_BYTES_MAX)];
        let line = match within.iter().position(|&byte| byte == b'\n') {
            Some(end) => self.line.drain(..=end).collect::<Vec<u8>>(),
            None if within.len() == LINE_BYTES_MAX => self.line.drain(..LINE_BYTES_MAX).collect(),
            None => return None,
        };
        Some(line.trim_ascii_end().to_vec())
    }

    fn take(&mut self, line: &[u8]) {
        let error = line.strip_prefix(b"-").map(|text| String::from_utf8_lossy(text).into_owned());
        if self.preamble > 0 {
            self.preamble -= 1;
            self.objection = self.objection.take().or(error);
            return;
        }
        let Some(key) = self.awaited.pop_front() else { return };
        self.answered = true;
        match self.objection.clone().or(error) {
            Some(error) => {
                self.error.get_or_insert(error);
            }
            None => self.taken.push(key),
        }
    }
}

/// How much is written at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Of a line not more is read.
const LINE_BYTES_MAX: usize = 1_023;

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(preamble: usize, keys: &[&[u8]]) -> Talk {
        let keys = keys.iter().map(|&key| Bytes::from(key)).collect();
        let mut talk = Talk::new(b"said".to_vec(), preamble, keys);
        assert_eq!(talk.next_piece(), Some(Bytes::from(b"said")));
        talk.left(4);
        talk
    }

    #[test]
    fn a_key_has_arrived_if_nothing_was_objected_to() {
        let mut talk = talk(1, &[b"a", b"b", b"c"]);
        assert!(!talk.hear(b"+O"));
        assert!(talk.hear(b"K\r\n+OK\r\n-BUSYKEY there\r\n"));
        assert!(!talk.is_over());
        assert!(talk.hear(b"+OK\r\n"));
        assert!(talk.is_over());
        assert_eq!(talk.taken, [Bytes::from(b"a"), Bytes::from(b"c")]);
        assert_eq!(talk.error.as_deref(), Some("BUSYKEY there"));
    }

    #[test]
    fn no_key_has_arrived_where_the_database_was_refused() {
        let mut talk = talk(2, &[b"a"]);
        talk.hear(b"-WRONGPASS no\r\n-ERR no such database\r\n+OK\r\n");
        assert!(talk.is_over() && talk.taken.is_empty());
        assert_eq!(talk.error.as_deref(), Some("WRONGPASS no"));
    }

    #[test]
    fn much_is_said_in_pieces_and_a_line_has_an_end() {
        let mut talk = Talk::new(vec![b'x'; PIECE_BYTES + 1], 0, vec![Bytes::from(b"a")]);
        assert_eq!(talk.next_piece().map(|piece| piece.len()), Some(PIECE_BYTES));
        assert_eq!(talk.next_piece(), None, "it has not left");
        talk.left(PIECE_BYTES as u64);
        assert_eq!(talk.next_piece().map(|piece| piece.len()), Some(1));
        assert!(talk.is_said() && !talk.is_over());
        assert!(!talk.hear(&[b'-'; LINE_BYTES_MAX - 1]));
        assert!(talk.hear(b"-"));
        assert_eq!(talk.error.map(|error| error.len()), Some(LINE_BYTES_MAX - 1));
    }
}
