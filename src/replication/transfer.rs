//! How a snapshot travels on a replication link.
//!
//! ```text
//!     from disk      $<bytes>\r\n   RDB …                     its length is known before it starts
//!     from memory    $EOF:<40 hex>\r\n   RDB …   <40 hex>     the same mark ends it
//! ```
//!
//! In the second form nothing may follow the mark until the replica has spoken: the replica knows
//! the end by the last 40 bytes *so far*. Before the first line there may be empty lines, by which
//! the master says that it is alive while the snapshot is made.
//! *Source*: Redis 7.2 · replication.c · readSyncBulkPayload.

use thiserror::Error;

use crate::random::Random;

/// The end mark of a snapshot of unknown length.
pub type Mark = [u8; 40];

/// How a snapshot is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By its length.
    Counted {
        /// The bytes of the RDB.
        bytes: u64,
    },
    /// By a mark that stands before and after it.
    Marked {
        /// 40 hexadecimal digits, fresh for each snapshot.
        mark: Mark,
    },
}

impl Framing {
    /// A framing with a fresh mark.
    pub fn marked(random: &mut Random) -> Self {
        Self::Marked { mark: random.hex() }
    }

    /// The line before the RDB.
    pub fn header(&self) -> Vec<u8> {
        match self {
            Self::Counted { bytes } => format!("${bytes}\r\n").into_bytes(),
            Self::Marked { mark } => [b"$EOF:", &mark[..], b"\r\n"].concat(),
        }
    }

    /// What follows the RDB.
    pub fn trailer(&self) -> &[u8] {
        match self {
            Self::Counted { .. } => &[],
            Self::Marked { mark } => mark,
        }
    }
}

/// The peer did not send a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransferError {
    /// It sent an error instead: `-ERR …`.
    #[error("MASTER aborted replication with an error: {0}")]
    Aborted(String),
    /// The first line does not begin with `$`.
    #[error(
        "Bad protocol from MASTER, the first byte is not '$' (we received '{0}'), are you sure the \
         host and port are right?"
    )]
    NotASnapshot(String),
}

/// What a [`Receiver`] has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the RDB, in order.
    pub payload: Vec<u8>,
    /// True once the RDB is whole.
    pub complete: bool,
    /// How many of the bytes that were fed lie beyond the transfer: the stream has begun.
    pub unused: usize,
}

/// The form of a transfer, once its first line was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `$<bytes>`
    Counted(u64),
    /// `$EOF:<mark>`
    Marked,
}

/// Reads a snapshot off the link, in pieces of any size.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    /// What is awaited.
    state: State,
    /// Bytes of the RDB so far.
    read: u64,
}

#[derive(Clone, Debug)]
enum State {
    /// The first line; holds what has arrived of it.
    Header { line: Vec<u8> },
    /// This many more bytes.
    Counting { total: u64, missing: u64 },
    /// The mark; holds back the last bytes, which may be the mark.
    Matching { mark: Mark, held: Vec<u8> },
}

impl Default for State {
    fn default() -> Self {
        Self::Header { line: Vec::new() }
    }
}

impl Receiver {
    /// Takes bytes from the link.
    ///
    /// # Errors
    /// The peer is at fault; the transfer is over.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress, TransferError> {
        let mut rest = bytes;
        if let State::Header { line } = &mut self.state {
            let Some(newline) = rest.iter().position(|&b| b == b'\n') else {
                line.extend_from_slice(rest);
                if line.len() > LINE_BYTES_MAX {
                    return Err(TransferError::NotASnapshot(printable(line)));
                }
                return Ok(Progress { payload: Vec::new(), complete: false, unused: 0 });
            };
            line.extend_from_slice(&rest[..newline]);
            let line = std::mem::take(line);
            rest = &rest[newline + 1..];
            self.state = read_header(line.strip_suffix(b"\r").unwrap_or(&line))?;
            return self.feed(rest);
        }
        let progress = self.take(rest);
        self.read += progress.payload.len() as u64;
        Ok(progress)
    }

    /// The form of the transfer; none until the first line is whole.
    pub const fn form(&self) -> Option<Form> {
        match &self.state {
            State::Header { .. } => None,
            State::Counting { total, .. } => Some(Form::Counted(*total)),
            State::Matching { .. } => Some(Form::Marked),
        }
    }

    /// How many bytes of the RDB have been handed on.
    pub const fn read(&self) -> u64 {
        self.read
    }

    fn take(&mut self, bytes: &[u8]) -> Progress {
        match &mut self.state {
            State::Header { .. } => Progress { payload: Vec::new(), complete: false, unused: 0 },
            State::Counting { missing, .. } => {
                let taken = usize::try_from(*missing).unwrap_or(usize::MAX).min(bytes.len());
                *missing -= taken as u64;
                let payload = bytes[..taken].to_vec();
                Progress { payload, complete: *missing == 0, unused: bytes.len() - taken }
            }
            State::Matching { mark, held } => {
                held.extend_from_slice(bytes);
                let complete = held.ends_with(mark);
                let keep = if complete { 0 } else { held.len().min(mark.len()) };
                let end = if complete { held.len() - mark.len() } else { held.len() - keep };
                let payload = held[..end].to_vec();
                held.drain(..held.len() - keep);
                Progress { payload, complete, unused: 0 }
            }
        }
    }
}

/// The state that the first line opens; an empty line is a sign of life.
fn read_header(line: &[u8]) -> Result<State, TransferError> {
    let refused = || TransferError::NotASnapshot(printable(line));
    match line {
        [] => Ok(State::default()),
        [b'-', text @ ..] => Err(TransferError::Aborted(printable(text))),
        [b'$', b'E', b'O', b'F', b':', mark @ ..] if mark.len() >= 40 => {
            let mark = mark[..40].try_into().map_err(|_| refused())?;
            Ok(State::Matching { mark, held: Vec::new() })
        }
        [b'$', number @ ..] => {
            let total = std::str::from_utf8(number).ok().and_then(|n| n.parse().ok());
            let total: u64 = total.ok_or_else(refused)?;
            Ok(State::Counting { total, missing: total })
        }
        _ => Err(refused()),
    }
}

fn printable(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(LINE_BYTES_MAX)]).into_owned()
}

/// Redis reads the first line into a buffer of this size.
const LINE_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn receive(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool, usize), TransferError> {
        let (mut receiver, mut payload) = (Receiver::default(), Vec::new());
        for (index, piece) in pieces.iter().enumerate() {
            let progress = receiver.feed(piece)?;
            payload.extend(progress.payload);
            if progress.complete {
                let later: usize = pieces[index + 1..].iter().map(|p| p.len()).sum();
                return Ok((payload, true, progress.unused + later));
            }
        }
        Ok((payload, false, 0))
    }

    #[test]
    fn a_counted_transfer_leaves_the_stream_behind_it() {
        let got = receive(&[b"\n\n$5\r\nREDIS*1\r\n"]).unwrap();
        assert_eq!(got, (b"REDIS".to_vec(), true, 4));
    }

    #[test]
    fn faults_have_redis_words() {
        let error = receive(&[b"-ERR BGSAVE failed\r\n"]).unwrap_err();
        let text = "MASTER aborted replication with an error: ERR BGSAVE failed";
        assert_eq!(error.to_string(), text);
        let error = receive(&[b"*3\r\n"]).unwrap_err();
        assert!(error.to_string().starts_with("Bad protocol from MASTER, the first byte is not"));
        assert!(receive(&[b"$x\r\n"]).is_err());
        assert!(receive(&[&[b'a'; 2_000]]).is_err());
    }

    proptest! {
        #[test]
        fn any_cut_of_either_form_gives_the_rdb(
            rdb in prop::collection::vec(any::<u8>(), 1..300),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
            marked in any::<bool>(),
        ) {
            let framing = if marked {
                Framing::marked(&mut Random::new(5))
            } else {
                Framing::Counted { bytes: rdb.len() as u64 }
            };
            let bytes = [framing.header(), rdb.clone(), framing.trailer().to_vec()].concat();
            let mut at: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len())).collect();
            at.sort_unstable();
            let mut pieces = Vec::new();
            let mut start = 0;
            for end in at {
                pieces.push(&bytes[start..end]);
                start = end;
            }
            pieces.push(&bytes[start..]);
            prop_assert_eq!(receive(&pieces).unwrap(), (rdb, true, 0));
        }
    }
}
