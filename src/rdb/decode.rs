//! The decoder: bytes in, items out, as they become whole.
//!
//! ```text
//!     Signature ──▶ Items ──┬── a key ──▶ Value ──┐         End ──▶ Checksum ──▶ Done
//!                     ▲     └── anything else ──┐ │          ▲
//!                     └─────────────────────────┴─┘ ─────────┘
//! ```
//!
//! Bytes are read in *atoms*, the smallest parts that make sense alone: an opcode with its fields,
//! a key, a value with all of its elements that have come. One of which a part is missing is tried
//! again when it can be whole, a value from behind its last whole element on. So the decoder keeps
//! the bytes of an element at most, and what its sink makes of those before it.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbLoadRioWithLoadingCtx.

use super::{
    atom::{Atom, read_item},
    build::{Builder, Thresholds},
    crc64::Crc64,
    format::{Layout, SIGNATURE, VERSION_WITH_CHECKSUM, Version},
    load::{Load, Loaded},
    read::{Reader, Stop, split_short},
    sink::Sink,
};
use crate::{
    keyspace::{Millis, Piece, Value},
    resp::Bytes,
};

/// Why a file cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first nine bytes are not `REDIS` and a number.
    #[error("Wrong signature trying to load DB from file")]
    BadSignature,
    /// A newer server wrote it.
    #[error("Can't handle RDB format version {0}")]
    VersionTooNew(u16),
    /// The bytes were changed on the way.
    #[error("Wrong RDB checksum expected: ({computed:x}) but got ({found:x}). Aborting now.")]
    BadChecksum {
        /// What stands at the end.
        found: u64,
        /// What the bytes add up to.
        computed: u64,
    },
    /// The file was cut: no more bytes come, and its end was not among them.
    #[error("Unexpected EOF reading RDB file, at byte {at}")]
    Cut {
        /// How many bytes there are.
        at: u64,
    },
    /// The bytes make no sense.
    #[error("{what}, at byte {at}")]
    Corrupt {
        /// What is wrong.
        what: &'static str,
        /// Bytes before it.
        at: u64,
        /// The layout of the value that they are a part of, if they are.
        of: Option<Layout>,
    },
    /// The bytes make sense, but not to us.
    #[error("{what} cannot be loaded here, at byte {at}")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// Bytes before it.
        at: u64,
    },
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Strings longer than this many bytes are taken for damage (`proto-max-bulk-len`).
    pub string_bytes_max: u64,
    /// Whether the checksum is held against the bytes (`rdbchecksum`).
    pub checksum: bool,
    /// Which values are packed.
    pub thresholds: Thresholds,
    /// Files of a newer version are refused.
    pub newest: Version,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            string_bytes_max: 512 << 20,
            checksum: true,
            thresholds: Thresholds::default(),
            newest: Version::V11,
        }
    }
}

/// One thing that a file says; a value is a `V` to whoever reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<V = Value> {
    /// A fact about the writer.
    Aux {
        /// Its name; names that one does not know are passed over.
        name: Bytes,
        /// Its value; numbers as decimal digits.
        value: Bytes,
    },
    /// The keys of this database follow.
    SelectDb(u64),
    /// How many keys to expect; perhaps wrong.
    Resize {
        /// Keys in the database.
        keys: u64,
        /// Keys with an expiry.
        expires: u64,
    },
    /// A key.
    Key {
        /// Its database.
        db: u64,
        /// Its name.
        key: Bytes,
        /// Its value.
        value: V,
        /// When it expires, if it does; perhaps long ago.
        expires: Option<Millis>,
        /// Seconds since it was used, if that is told.
        idle: Option<u64>,
        /// The counter of its uses, if that is told.
        frequency: Option<u8>,
    },
    /// The source of a library of functions.
    Function(Bytes),
    /// Nothing follows that belongs to the file.
    End,
}

/// Reads one file, and tells the values in it to a sink: unless somebody wants it otherwise, to one
/// that builds them.
#[derive(Clone, Debug)]
pub struct Decoder<S = Builder> {
    /// How to read.
    options: DecodeOptions,
    /// What takes the values in.
    sink: S,
    /// What it awaits.
    state: State,
    /// Bytes that were fed; `start <= buffer.len()`.
    buffer: Vec<u8>,
    /// How many of `buffer` are read.
    start: usize,
    /// How many bytes of the file came before `buffer`.
    base: u64,
    /// With fewer unread bytes than this the atom cannot be whole.
    wanted: usize,
    /// The checksum of the file up to the beginning of `buffer`.
    crc: Crc64,
    /// The version in the signature; 0 before it is read.
    version: u16,
    /// The database of the keys to come.
    db: u64,
    /// The expiry of the key to come.
    expires: Option<Millis>,
    /// The seconds since it was used.
    idle: Option<u64>,
    /// The counter of its uses.
    frequency: Option<u8>,
    /// Keys passed over because they hold nothing: how many, and the first of them.
    empty_keys: u64,
    first_empty: Vec<Bytes>,
    /// True if the file has no checksum, and one was wanted.
    is_unchecked: bool,
}

/// What the decoder awaits.
#[derive(Clone, Debug)]
enum State {
    Signature,
    Items,
    Value(Pending),
    Checksum,
    Done,
    Failed(DecodeError),
}

/// A key whose value is being read.
#[derive(Clone, Debug)]
struct Pending {
    key: Bytes,
    load: Load,
}

impl Decoder {
    /// A decoder at the first byte of a file, which builds the values.
    pub fn new(options: DecodeOptions) -> Self {
        Self::with_sink(options, Builder::new(options.thresholds))
    }
}

impl<S: Sink> Decoder<S> {
    /// A decoder at the first byte of a file, which tells the values to `sink`.
    pub fn with_sink(options: DecodeOptions, sink: S) -> Self {
        Self {
            options,
            sink,
            state: State::Signature,
            buffer: Vec::new(),
            start: 0,
            base: 0,
            wanted: 0,
            crc: Crc64::new(),
            version: 0,
            db: 0,
            expires: None,
            idle: None,
            frequency: None,
            empty_keys: 0,
            first_empty: Vec::new(),
            is_unchecked: false,
        }
    }

    /// Takes the next bytes of the file; ask for items then. A failed decoder takes none.
    pub fn feed(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Failed(_)) {
            return;
        }
        if !matches!(self.state, State::Done) {
            self.crc.update(&self.buffer[..self.start]);
        }
        self.base += self.start as u64;
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.is_empty() && self.buffer.capacity() > CAPACITY_KEPT {
            self.buffer = Vec::new();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next item; none if that takes more bytes, or after the end.
    ///
    /// # Errors
    /// If the file cannot be loaded. The decoder has failed then, and repeats its answer.
    #[expect(clippy::should_implement_trait, reason = "an item that is not whole is not the end")]
    pub fn next(&mut self) -> Result<Option<Item<S::Value>>, DecodeError> {
        loop {
            if let Some(item) = self.short_string() {
                return Ok(Some(item));
            }
            if matches!(self.state, State::Done) || self.unread().len() < self.wanted {
                return Ok(None);
            }
            match self.step() {
                Ok(Some(item)) => return Ok(Some(item)),
                Ok(None) => {}
                Err(error) => {
                    self.state = State::Failed(error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// Says that no more bytes come.
    ///
    /// # Errors
    /// If the file is not whole, or could not be loaded.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match &self.state {
            State::Done => Ok(()),
            State::Failed(error) => Err(error.clone()),
            State::Signature | State::Items | State::Value(_) | State::Checksum => {
                Err(DecodeError::Cut { at: self.base + self.buffer.len() as u64 })
            }
        }
    }

    /// How many bytes of the file are read.
    pub const fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// How many keys were passed over because they hold nothing.
    pub const fn empty_keys(&self) -> u64 {
        self.empty_keys
    }

    /// The first of them, as many as a log names.
    pub fn first_empty_keys(&self) -> &[Bytes] {
        &self.first_empty
    }

    /// True if the file was written without a checksum, and one was wanted.
    pub const fn is_unchecked(&self) -> bool {
        self.is_unchecked
    }

    /// The version in the signature, once it is read.
    pub const fn version(&self) -> Option<u16> {
        if self.version == 0 { None } else { Some(self.version) }
    }

    /// The bytes that were fed and not read: after [`Item::End`], what follows the file.
    pub fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// A key with a string, if both are short, written as they are, and whole. Most of most files
    /// is of these: they are worth a way without detours.
    #[inline]
    fn short_string(&mut self) -> Option<Item<S::Value>> {
        if !matches!(self.state, State::Items) {
            return None;
        }
        let (&layout, rest) = self.buffer[self.start..].split_first()?;
        if layout != Layout::String as u8 {
            return None;
        }
        let (key, rest) = split_short(rest)?;
        let (text, _) = split_short(rest)?;
        let value = self.sink.text(Piece::Bytes(text)).ok()?;
        self.start += 3 + key.len() + text.len();
        self.wanted = 0;
        Some(Item::Key {
            db: self.db,
            key: Bytes::from(key),
            value,
            expires: self.expires.take(),
            idle: self.idle.take(),
            frequency: self.frequency.take(),
        })
    }

    /// Reads an atom, if it is whole, and takes it in.
    fn step(&mut self) -> Result<Option<Item<S::Value>>, DecodeError> {
        let mut reader = Reader::new(&self.buffer[self.start..], self.options.string_bytes_max);
        let atom = match &mut self.state {
            State::Signature => reader.array().map(Atom::Signature),
            State::Items => match read_item(&mut reader) {
                // Nearly always the value is there as well, and nothing need be remembered.
                Ok(Atom::Key(layout, key)) => {
                    reader.commit();
                    let mut load = Load::new(layout);
                    match load.read(&mut reader, &mut self.sink) {
                        Ok(loaded) => Ok(Atom::Value(key, loaded)),
                        Err(stop) => {
                            self.state = State::Value(Pending { key, load });
                            Err(stop)
                        }
                    }
                }
                atom => atom,
            },
            State::Value(Pending { key, load }) => load
                .read(&mut reader, &mut self.sink)
                .map(|loaded| Atom::Value(Bytes::clone(key), loaded)),
            State::Checksum => reader.array().map(|sum| Atom::Checksum(u64::from_le_bytes(sum))),
            State::Done => return Ok(None),
            State::Failed(error) => return Err(error.clone()),
        };
        match atom {
            Ok(atom) => {
                self.start += reader.at();
                self.wanted = 0;
                self.accept(atom)
            }
            Err(Stop::More(bytes)) => {
                self.start += reader.taken();
                self.wanted = bytes - reader.taken();
                Ok(None)
            }
            Err(Stop::Corrupt { what, at }) => {
                let of = match &self.state {
                    State::Value(Pending { load, .. }) => Some(load.layout()),
                    State::Signature
                    | State::Items
                    | State::Checksum
                    | State::Done
                    | State::Failed(_) => None,
                };
                Err(DecodeError::Corrupt { what, at: self.offset() + at as u64, of })
            }
            Err(Stop::Unsupported { what, at }) => {
                Err(DecodeError::Unsupported { what, at: self.offset() + at as u64 })
            }
        }
    }

    /// Goes on to what follows `atom`, and gives the item that it completes.
    fn accept(&mut self, atom: Atom<S::Value>) -> Result<Option<Item<S::Value>>, DecodeError> {
        match atom {
            Atom::Signature(signature) => {
                self.version = version_of(signature, self.options.newest)?;
                self.state = State::Items;
            }
            Atom::Aux(name, value) => return Ok(Some(Item::Aux { name, value })),
            Atom::Resize(keys, expires) => return Ok(Some(Item::Resize { keys, expires })),
            Atom::Function(code) => return Ok(Some(Item::Function(code))),
            Atom::SelectDb(db) => {
                self.db = db;
                return Ok(Some(Item::SelectDb(db)));
            }
            Atom::Expires(expires) => self.expires = expires,
            Atom::Idle(seconds) => self.idle = Some(seconds),
            Atom::Frequency(counter) => self.frequency = Some(counter),
            Atom::Key(layout, key) => {
                self.state = State::Value(Pending { key, load: Load::new(layout) });
            }
            Atom::Value(key, loaded) => return Ok(self.complete(key, loaded)),
            Atom::End if self.version < VERSION_WITH_CHECKSUM => return Ok(Some(self.end())),
            Atom::End => {
                self.state = State::Checksum;
            }
            Atom::Checksum(found) => {
                self.check(found)?;
                self.is_unchecked = found == 0 && self.options.checksum;
                return Ok(Some(self.end()));
            }
        }
        Ok(None)
    }

    /// A key whose value is whole; none if that holds nothing.
    fn complete(&mut self, key: Bytes, loaded: Loaded<S::Value>) -> Option<Item<S::Value>> {
        self.state = State::Items;
        let (expires, idle) = (self.expires.take(), self.idle.take());
        let frequency = self.frequency.take();
        match loaded {
            Loaded::Value(value) => {
                Some(Item::Key { db: self.db, key, value, expires, idle, frequency })
            }
            Loaded::Nothing => {
                self.empty_keys += 1;
                if self.first_empty.len() < EMPTY_NAMED_MAX {
                    self.first_empty.push(key);
                }
                None
            }
        }
    }

    /// Holds the checksum that was found against the bytes before it; 0 means that there is none.
    fn check(&self, found: u64) -> Result<(), DecodeError> {
        let mut crc = self.crc.clone();
        crc.update(&self.buffer[..self.start - size_of::<u64>()]);
        let computed = crc.value();
        let sound = found == computed || found == 0 || !self.options.checksum;
        if sound { Ok(()) } else { Err(DecodeError::BadChecksum { found, computed }) }
    }

    fn end(&mut self) -> Item<S::Value> {
        self.state = State::Done;
        Item::End
    }
}

/// The version that a signature names, if it is no newer than `newest`.
fn version_of(signature: [u8; 9], newest: Version) -> Result<u16, DecodeError> {
    let digits = signature.strip_prefix(SIGNATURE).ok_or(DecodeError::BadSignature)?;
    let decimal = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'));
    match decimal.and_then(|text| text.parse().ok()).ok_or(DecodeError::BadSignature)? {
        0 => Err(DecodeError::BadSignature),
        version if version > newest.number() => Err(DecodeError::VersionTooNew(version)),
        version => Ok(version),
    }
}

/// Redis' log names so many keys that hold nothing.
const EMPTY_NAMED_MAX: usize = 10;
/// The room of a buffer that has held something larger is given back.
const CAPACITY_KEPT: usize = 1 << 20;

#[cfg(test)]
mod tests;
