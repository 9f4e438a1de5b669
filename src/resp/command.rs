//! Commands as they arrive: cut anywhere, multibulk or inline.

use std::collections::VecDeque;

use super::header::short_number;
use super::{Bytes, ProtocolError, inline::split_words};

/// One command and what it took on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The name and the arguments, at least one.
    pub args: Vec<Bytes>,
    /// True when it was typed as a line of words, not sent as an array.
    pub inline: bool,
}

/// Reads commands from bytes that arrive in pieces of any size.
///
/// # Invariants
/// `command_start <= command_end <= position <= buffer.len()`. The bytes from `command_start` to
/// `command_end` belong to the command that was last returned, or is being read; from there to
/// `position` lie the commands that were read ahead.
#[derive(Clone, Debug, Default)]
pub struct CommandDecoder {
    /// What has arrived and is not yet let go.
    buffer: Vec<u8>,
    /// Where the command being read, or last read, begins.
    command_start: usize,
    /// Where it ends, or how far it has been read.
    command_end: usize,
    /// The next byte to look at.
    position: usize,
    /// Commands that were read before they were asked for, with where they end.
    ahead: VecDeque<(Command, usize)>,
    /// The fault that was found behind them.
    fault: Option<ProtocolError>,
    /// The multibulk command that is under way.
    partial: Option<Partial>,
    /// True while the peer has not given its password: its commands must be small.
    guarded: bool,
    /// `proto-max-bulk-len`, if it is not what is usual.
    bulk_bytes_max: Option<u64>,
    /// True from the return of a command until the next call.
    complete: bool,
}

/// A multibulk command whose end has not arrived.
#[derive(Clone, Debug)]
struct Partial {
    /// The arguments that are whole.
    args: Vec<Bytes>,
    /// How many are still missing.
    missing: usize,
    /// The length of the argument whose bytes come next, once its header was read.
    bulk: Option<usize>,
}

impl CommandDecoder {
    /// Takes no argument that is longer than so many bytes.
    pub const fn limit(&mut self, bulk_bytes_max: u64) {
        self.bulk_bytes_max = Some(bulk_bytes_max);
    }

    /// Takes only small commands, or any again.
    pub const fn guard(&mut self, guarded: bool) {
        self.guarded = guarded;
    }

    /// Takes bytes that have arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.let_go();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole command, or `None` until more bytes arrive.
    ///
    /// # Errors
    /// The peer is at fault; the decoder is not usable afterwards.
    pub fn next_command(&mut self) -> Result<Option<Command>, ProtocolError> {
        self.let_go();
        let command = match self.ahead.pop_front() {
            Some((command, end)) => {
                self.command_end = end;
                Some(command)
            }
            None => {
                let read = self.fault.take().map_or_else(|| self.read_command(), Err);
                self.command_end = self.position;
                read?
            }
        };
        self.complete = command.is_some();
        Ok(command)
    }

    /// Reads commands that have arrived before they are asked for, `count` at most, and shows them.
    ///
    /// One who has not given a password is read one by one: the next command may be the password.
    pub fn look_ahead(&mut self, count: usize) -> impl Iterator<Item = &Command> {
        while self.ahead.len() < count && self.fault.is_none() && !self.guarded {
            match self.read_command() {
                Ok(Some(command)) => self.ahead.push_back((command, self.position)),
                Ok(None) => break,
                Err(fault) => self.fault = Some(fault),
            }
        }
        self.ahead.iter().map(|(command, _)| command)
    }

    /// True if commands have been read ahead.
    pub fn is_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Reads one command from `position` on.
    fn read_command(&mut self) -> Result<Option<Command>, ProtocolError> {
        if self.partial.is_none()
            && !self.guarded
            && let Some(command) = self.read_plain()
        {
            return Ok(Some(command));
        }
        loop {
            let command = if let Some(partial) = self.partial.take() {
                self.continue_multibulk(partial)?
            } else {
                match self.buffer.get(self.position) {
                    None => return Ok(None),
                    Some(b'*') => match self.read_count()? {
                        None => return Ok(None),
                        // An empty or null array is no command; its bytes count all the same.
                        Some(None) => continue,
                        Some(Some(missing)) => {
                            let args = Vec::with_capacity(missing.min(64));
                            self.partial = Some(Partial { args, missing, bulk: None });
                            continue;
                        }
                    },
                    Some(_) => match self.read_inline()? {
                        None => return Ok(None),
                        Some(args) if args.is_empty() => continue,
                        Some(args) => Some(Command { args, inline: true }),
                    },
                }
            };
            return Ok(command);
        }
    }

    /// Reads a command that is as nearly all are: an array, whole, and with short numbers. Of any
    /// other nothing is read.
    fn read_plain(&mut self) -> Option<Command> {
        let mut rest = self.buffer.get(self.position..)?;
        let count = short_number(b'*', &mut rest).filter(|&count| count > 0)?;
        let mut args = Vec::with_capacity(count);
        for _ in 0..count {
            let length = short_number(b'$', &mut rest)?;
            let next = rest.get(length + 2..)?;
            args.push(Bytes::from(&rest[..length]));
            rest = next;
        }
        self.position = self.buffer.len() - rest.len();
        Some(Command { args, inline: false })
    }

    /// The raw bytes of the command that `next_command` returned last, with any blank lines before
    /// it.
    pub fn raw(&self) -> &[u8] {
        &self.buffer[self.command_start..self.command_end]
    }

    /// What has arrived from the last command on.
    pub fn received(&self) -> &[u8] {
        &self.buffer[self.command_start..]
    }

    /// What has arrived from where it could not be read on.
    pub fn unreadable(&self) -> &[u8] {
        &self.buffer[self.position..]
    }

    /// How many bytes have arrived beyond the last whole command.
    pub fn pending(&self) -> usize {
        let start = if self.complete { self.command_end } else { self.command_start };
        self.buffer.len() - start
    }

    /// Those of them that no argument has been made of.
    pub fn unread(&self) -> &[u8] {
        let count = if self.partial.is_some() && !self.is_ahead() {
            self.buffer.len() - self.position
        } else {
            self.pending()
        };
        &self.buffer[self.buffer.len() - count..]
    }

    /// How many bytes are to lie here before the next argument is whole, as far as is known.
    pub fn wanted(&self) -> usize {
        let bulk = self.partial.as_ref().and_then(|partial| partial.bulk);
        self.unread().len().max(bulk.map_or(0, |bulk| bulk + 2))
    }

    /// The bytes of the arguments that a command has so far whose end has not arrived.
    pub fn argument_bytes(&self) -> usize {
        let args = self.partial.iter().filter(|_| !self.is_ahead()).flat_map(|part| &part.args);
        args.map(|arg| arg.len()).sum()
    }

    /// Drops the bytes of the command that was handed out.
    fn let_go(&mut self) {
        if self.complete {
            self.command_start = self.command_end;
            self.complete = false;
        }
        if self.is_ahead() {
            return;
        }
        // Moving the rest down pays once half of the buffer is behind us.
        if self.command_start == self.buffer.len() {
            self.buffer.clear();
        } else if self.command_start > self.buffer.len() / 2 && self.command_start > 4_096 {
            self.buffer.drain(..self.command_start);
        } else {
            return;
        }
        self.position -= self.command_start;
        self.command_end -= self.command_start;
        self.command_start = 0;
    }

    /// Reads `*<n>`: `Some(None)` for n ≤ 0.
    fn read_count(&mut self) -> Result<Option<Option<usize>>, ProtocolError> {
        let Some(line) = self.header(ProtocolError::MultibulkLine)? else { return Ok(None) };
        let count = super::parse_integer(&self.buffer[self.position + 1..line.end])
            .filter(|&n| n <= i64::from(i32::MAX))
            .ok_or(ProtocolError::MultibulkLength)?;
        if self.guarded && count > GUARDED_ARGS_MAX {
            return Err(ProtocolError::GuardedMultibulk);
        }
        self.position = line.next;
        Ok(Some(usize::try_from(count).ok().filter(|&n| n > 0)))
    }

    fn continue_multibulk(
        &mut self,
        mut partial: Partial,
    ) -> Result<Option<Command>, ProtocolError> {
        while partial.missing > 0 {
            let length = match partial.bulk {
                Some(length) => length,
                None => match self.read_length()? {
                    Some(length) => *partial.bulk.insert(length),
                    None => break,
                },
            };
            if self.buffer.len() - self.position < length.saturating_add(2) {
                break;
            }
            partial.args.push(Bytes::from(&self.buffer[self.position..self.position + length]));
            self.position += length + 2;
            partial.bulk = None;
            partial.missing -= 1;
        }
        if partial.missing == 0 {
            return Ok(Some(Command { args: partial.args, inline: false }));
        }
        self.partial = Some(partial);
        Ok(None)
    }

    /// Reads `$<n>`.
    fn read_length(&mut self) -> Result<Option<usize>, ProtocolError> {
        match self.buffer.get(self.position) {
            None => return Ok(None),
            Some(b'$') => {}
            Some(&other) => return Err(ProtocolError::ExpectedBulk(char::from(other))),
        }
        let Some(line) = self.header(ProtocolError::BulkLine)? else { return Ok(None) };
        let length = super::parse_integer(&self.buffer[self.position + 1..line.end])
            .and_then(|n| u64::try_from(n).ok())
            .filter(|&n| n <= self.bulk_bytes_max.unwrap_or(BULK_BYTES_MAX))
            .and_then(|n| usize::try_from(n).ok())
            .ok_or(ProtocolError::BulkLength)?;
        if self.guarded && length > GUARDED_BYTES_MAX {
            return Err(ProtocolError::GuardedBulk);
        }
        self.position = line.next;
        Ok(Some(length))
    }

    fn read_inline(&mut self) -> Result<Option<Vec<Bytes>>, ProtocolError> {
        let Some(line) = self.line(ProtocolError::InlineLine)? else { return Ok(None) };
        let words = split_words(&self.buffer[self.position..line.end])
            .ok_or(ProtocolError::UnbalancedQuotes)?;
        self.position = line.next;
        Ok(Some(words.into_iter().map(Bytes::from).collect()))
    }

    /// Finds the inline command at `position`; too long a line is the error given.
    fn line(&self, too_long: ProtocolError) -> Result<Option<Line>, ProtocolError> {
        let newline = self.find(b'\n', too_long)?;
        Ok(newline.map(|newline| {
            let carriage = newline > self.position && self.buffer[newline - 1] == b'\r';
            Line { end: newline - usize::from(carriage), next: newline + 1 }
        }))
    }

    /// Finds the line of a header at `position`: it ends with a carriage return, and one byte more
    /// that nobody looks at.
    fn header(&self, too_long: ProtocolError) -> Result<Option<Line>, ProtocolError> {
        let end = self.find(b'\r', too_long)?;
        let line = end.map(|end| Line { end, next: end + 2 });
        Ok(line.filter(|line| line.next <= self.buffer.len()))
    }

    /// Where `mark` stands in the line that begins at `position`. As in C, nothing is found behind
    /// a zero byte: such a line never ends.
    fn find(&self, mark: u8, too_long: ProtocolError) -> Result<Option<usize>, ProtocolError> {
        let rest = &self.buffer[self.position..];
        let mut line = rest.iter().take(LINE_BYTES_MAX + 2);
        let found = line.position(|&byte| byte == mark || byte == 0);
        match found.filter(|&at| rest[at] == mark) {
            Some(at) => Ok(Some(self.position + at)),
            None if rest.len() > LINE_BYTES_MAX => Err(too_long),
            None => Ok(None),
        }
    }
}

/// A line in the buffer: where its text ends and where the next one begins.
struct Line {
    end: usize,
    next: usize,
}

/// Redis' `PROTO_INLINE_MAX_SIZE`.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// How many arguments a command may have before a password was given.
const GUARDED_ARGS_MAX: i64 = 10;
/// How long an argument may be before a password was given.
const GUARDED_BYTES_MAX: usize = 16_384;
/// The default of `proto-max-bulk-len`.
const BULK_BYTES_MAX: u64 = 512 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::encode_command;
    use super::*;

    fn decode_all(pieces: &[&[u8]]) -> Result<Vec<(Command, Vec<u8>)>, ProtocolError> {
        decode_ahead(pieces, 0)
    }

    fn decode_ahead(
        pieces: &[&[u8]],
        ahead: usize,
    ) -> Result<Vec<(Command, Vec<u8>)>, ProtocolError> {
        let mut decoder = CommandDecoder::default();
        let mut commands = Vec::new();
        for piece in pieces {
            decoder.feed(piece);
            loop {
                let shown = decoder.look_ahead(ahead).next().cloned();
                let pending = decoder.pending();
                let Some(command) = decoder.next_command()? else { break };
                assert!(shown.is_none_or(|shown| shown == command));
                assert!(pending >= decoder.raw().len() + decoder.pending());
                commands.push((command, decoder.raw().to_vec()));
            }
        }
        Ok(commands)
    }

    fn args(command: &Command) -> Vec<String> {
        command.args.iter().map(|a| String::from_utf8_lossy(a).into_owned()).collect()
    }

    #[test]
    fn a_multibulk_and_an_inline_command_are_the_same_words() {
        let got = decode_all(&[b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\nSET k v\r\n"]).unwrap();
        assert_eq!(args(&got[0].0), ["SET", "k", "v"]);
        assert_eq!(got[0].0.args, got[1].0.args);
        assert_eq!(got[0].1.len(), 27);
        assert!(got[1].0.inline && !got[0].0.inline);
    }

    #[test]
    fn blank_lines_count_with_the_command_after_them() {
        let got = decode_all(&[b"\n\r\n*1\r\n$4\r\nPING\r\n"]).unwrap();
        assert_eq!(got[0].1.len(), 3 + 14);
    }

    #[test]
    fn empty_arrays_are_skipped() {
        let got = decode_all(&[b"*0\r\n*-1\r\nPING\r\n"]).unwrap();
        assert_eq!((got.len(), args(&got[0].0)), (1, vec!["PING".to_owned()]));
    }

    #[test]
    fn faults_have_redis_words() {
        for (bytes, words) in [
            (&b"*x\r\n"[..], "Protocol error: invalid multibulk length"),
            (b"*2147483648\r\n", "Protocol error: invalid multibulk length"),
            (b"*1\r\nPING\r\n", "Protocol error: expected '$', got 'P'"),
            (b"*1\r\n$-1\r\n", "Protocol error: invalid bulk length"),
            (b"*1\r\n$536870913\r\n", "Protocol error: invalid bulk length"),
            (b"set k \"\r\n", "Protocol error: unbalanced quotes in request"),
        ] {
            assert_eq!(decode_all(&[bytes]).unwrap_err().to_string(), words);
        }
        let long = vec![b'a'; 65_540];
        assert_eq!(decode_all(&[&long]), Err(ProtocolError::InlineLine));
        let long = [b"*".to_vec(), vec![b'1'; 65_540]].concat();
        assert_eq!(decode_all(&[&long]), Err(ProtocolError::MultibulkLine));
        let long = [b"*1\r\n$".to_vec(), vec![b'1'; 65_540]].concat();
        assert_eq!(decode_all(&[&long]), Err(ProtocolError::BulkLine));
    }

    #[test]
    fn pending_counts_what_no_command_has_taken() {
        let mut decoder = CommandDecoder::default();
        decoder.feed(b"PING\r\n*1\r\n$4\r\nPI");
        assert!(decoder.next_command().unwrap().is_some());
        assert_eq!(decoder.pending(), 10);
        assert!(decoder.next_command().unwrap().is_none());
        assert_eq!(decoder.pending(), 10);
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_commands_read_ahead_or_not(
            commands in prop::collection::vec(
                prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5), 1..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            ahead in 0usize..4,
        ) {
            let mut bytes = Vec::new();
            for command in &commands {
                encode_command(command, &mut bytes);
            }
            let mut at: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
            at.sort_unstable();
            let mut pieces = Vec::new();
            let mut start = 0;
            for end in at {
                pieces.push(&bytes[start..end]);
                start = end;
            }
            pieces.push(&bytes[start..]);
            let got = decode_ahead(&pieces, ahead).unwrap();
            let plain: Vec<Vec<Vec<u8>>> =
                got.iter().map(|(c, _)| c.args.iter().map(|a| a.to_vec()).collect()).collect();
            prop_assert_eq!(plain, commands);
            let raw: usize = got.iter().map(|(_, raw)| raw.len()).sum();
            prop_assert_eq!(raw, bytes.len());
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            prop_assert_eq!(decode_all(&[&bytes]), decode_ahead(&[&bytes], 3));
        }
    }
}
