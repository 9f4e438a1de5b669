//! The encoder: a snapshot in, bytes out, a piece at a time.
//!
//! ```text
//!     Header ──▶ Database 0 ──▶ its keys, page by page ──▶ Database 1 … ──▶ End ──▶ done
//! ```
//!
//! Between two pieces the encoder remembers only where it is and the few bytes that did not fit, so
//! a copy of it is cheap and resumes at the same byte: it may be part of a checkpoint.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbSaveRio, rdbSaveInfoAuxFields, rdbSaveKeyValuePair.

use std::hint::black_box;

use super::{
    crc64::Crc64,
    format::{SIGNATURE, Version, opcode},
    save::{layout_of, write_value},
    write::Writer,
};
use crate::keyspace::{Access, Entry, Keyspace, Millis, Value};
use crate::resp::Bytes;

/// What the writer of a file says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The server's version, such as `7.2.4`.
    pub redis_version: String,
    /// When the snapshot was taken, in Unix seconds.
    pub ctime_seconds: u64,
    /// Bytes of memory in use, or a guess.
    pub used_memory: u64,
    /// The place in the replication history; none on a server that has none.
    pub repl: Option<ReplInfo>,
    /// The code of its libraries of functions, which stand before the databases.
    pub libraries: Vec<Bytes>,
}

/// Where in the history of replication a snapshot was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplInfo {
    /// The database that the stream has selected.
    pub stream_db: i64,
    /// The replication id, forty hexadecimal digits.
    pub id: [u8; 40],
    /// The offset up to which the snapshot holds the stream's effects.
    pub offset: u64,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// The version: whom the file is for.
    pub version: Version,
    /// Whether long strings are packed (`rdbcompression`).
    pub compress: bool,
    /// Whether the file ends in a checksum, not in zeros (`rdbchecksum`).
    pub checksum: bool,
    /// What is told of the use of each key.
    pub uses: Uses,
}

/// What a file tells of the use of each key: as much as the writer's eviction goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uses {
    /// Nothing.
    #[default]
    Omitted,
    /// Seconds since the last use.
    Idle {
        /// When it is written.
        now: Millis,
    },
    /// The counter of uses.
    Frequency {
        /// When it is written.
        now: Millis,
        /// Minutes in which the counter loses one.
        decay_minutes: u64,
    },
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { version: Version::V11, compress: true, checksum: true, uses: Uses::Omitted }
    }
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The signature.
    Header,
    /// What the writer says about itself.
    Aux,
    /// The announcement of a database.
    Database {
        /// Its number.
        index: u64,
    },
    /// A key with its value.
    Key {
        /// The database.
        index: u64,
        /// How many keys of all databases are written to their end.
        done: u64,
        /// How many there are in all.
        total: u64,
    },
    /// The end and the checksum.
    End,
}

/// Writes one snapshot.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// The data of one instant; shared with whoever else holds it.
    snapshot: Keyspace,
    /// How to write.
    options: EncodeOptions,
    /// What the first bytes say.
    header: Header,
    /// What is to be written next; none when all is.
    next: Option<Step>,
    /// What was written last.
    section: Section,
    /// Keys written so far, in all databases.
    keys_done: u64,
    /// Bytes that are written and not yet given out.
    writer: Writer,
    /// How many of them are in `crc`; at most `writer.bytes.len()`.
    summed: usize,
    /// The checksum of everything written up to `summed`.
    crc: Crc64,
}

/// What the encoder writes next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Header,
    Aux,
    /// The announcement of the first database from `index` on that holds a key.
    Database {
        index: usize,
    },
    /// The keys of a page from the `skip`-th on, of that from its value's part `part` on, and the
    /// pages after it.
    Keys {
        index: usize,
        page: u64,
        skip: usize,
        part: usize,
    },
    End,
}

impl Encoder {
    /// An encoder that has written nothing.
    pub fn new(snapshot: Keyspace, header: Header, options: EncodeOptions) -> Self {
        Self {
            snapshot,
            options,
            header,
            next: Some(Step::Header),
            section: Section::Header,
            keys_done: 0,
            writer: Writer::new(options.compress),
            summed: 0,
            crc: Crc64::new(),
        }
    }

    /// The next bytes: exactly `max_bytes` of them, or fewer at the end; none beyond it.
    pub fn next_chunk(&mut self, max_bytes: usize) -> Option<Vec<u8>> {
        let max_bytes = max_bytes.max(1);
        while self.writer.pending() < max_bytes
            && let Some(step) = self.next
        {
            self.next = self.write(step, max_bytes);
        }
        self.sum();
        let chunk = self.writer.take(max_bytes);
        self.summed = self.writer.bytes.len();
        if chunk.is_empty() { None } else { Some(chunk) }
    }

    /// How many keys the file will list.
    pub fn keys_total(&self) -> u64 {
        self.snapshot.len()
    }

    /// How many keys are written to their end.
    pub const fn keys_done(&self) -> u64 {
        self.keys_done
    }

    /// What was written last. Up to a piece of it may not have been given out yet.
    pub const fn section(&self) -> Section {
        self.section
    }

    /// Brings the checksum up to date.
    fn sum(&mut self) {
        self.crc.update(&self.writer.bytes[self.summed..]);
        self.summed = self.writer.bytes.len();
    }

    /// Writes what `step` says, or some of it if there are `max_bytes`, and returns what is next.
    fn write(&mut self, step: Step, max_bytes: usize) -> Option<Step> {
        match step {
            Step::Header => {
                let version = self.options.version.number();
                self.writer.raw(SIGNATURE);
                self.writer.raw(format!("{version:04}").as_bytes());
                Some(Step::Aux)
            }
            Step::Aux => {
                write_aux_fields(&mut self.writer, &self.header, self.options.version);
                // There were none in older versions.
                let libraries = self.header.libraries.iter();
                for code in libraries.filter(|_| self.options.version != Version::V9) {
                    self.writer.byte(opcode::FUNCTION);
                    self.writer.string(code);
                }
                self.section = Section::Aux;
                Some(Step::Database { index: 0 })
            }
            Step::Database { index } => Some(self.write_database(index)),
            Step::Keys { index, page, skip, part } => {
                Some(self.write_keys(index, page, (skip, part), max_bytes))
            }
            Step::End => {
                self.write_end();
                None
            }
        }
    }

    /// Announces the first database from `from` on that has keys.
    fn write_database(&mut self, from: usize) -> Step {
        let Some((index, db)) = self.snapshot.iter().skip(from).find(|(_, db)| !db.is_empty())
        else {
            return Step::End;
        };
        self.writer.byte(opcode::SELECT_DB);
        self.writer.length(index as u64);
        self.writer.byte(opcode::RESIZE_DB);
        self.writer.length(db.len());
        self.writer.length(db.volatile_len());
        self.section = Section::Database { index: index as u64 };
        Step::Keys { index, page: 0, skip: 0, part: 0 }
    }

    /// Writes keys until the page ends or there are `max_bytes`, from the key and the part of its
    /// value on that are given.
    fn write_keys(
        &mut self,
        index: usize,
        page: u64,
        (mut skip, mut part): (usize, usize),
        max_bytes: usize,
    ) -> Step {
        let Some((entries, next_page)) = self.snapshot.db(index).page_from(page) else {
            return Step::Database { index: index + 1 };
        };
        if (skip, part) == (0, 0) {
            fetch(entries);
        }
        while let Some(entry) = entries.get(skip) {
            match write_entry(&mut self.writer, entry, self.options, part, max_bytes) {
                Some(next_part) => part = next_part,
                None => {
                    (skip, part) = (skip + 1, 0);
                    self.keys_done += 1;
                }
            }
            if self.writer.pending() >= max_bytes {
                break;
            }
        }
        let (done, total) = (self.keys_done, self.snapshot.len());
        self.section = Section::Key { index: index as u64, done, total };
        match next_page {
            _ if skip < entries.len() => Step::Keys { index, page, skip, part },
            Some(page) => Step::Keys { index, page, skip: 0, part: 0 },
            None => Step::Database { index: index + 1 },
        }
    }

    fn write_end(&mut self) {
        self.writer.byte(opcode::END);
        self.sum();
        let sum = if self.options.checksum { self.crc.value() } else { 0 };
        self.writer.raw(&sum.to_le_bytes());
        self.section = Section::End;
    }
}

/// Looks once at every value: far more time goes into waiting for memory than into writing, and
/// the processor waits for many values at once if they are asked for in one go.
fn fetch(entries: &[Entry]) {
    let first = |entry: &Entry| {
        let Value::String(string) = &entry.value else { return None };
        string.as_bytes()?.first().copied()
    };
    black_box(entries.iter().filter_map(first).fold(0, u8::wrapping_add));
}

/// Writes the facts about the writer, in the order of Redis.
fn write_aux_fields(writer: &mut Writer, header: &Header, version: Version) {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    write_aux(writer, "redis-ver", header.redis_version.as_bytes());
    write_aux_integer(writer, "redis-bits", 64);
    write_aux_integer(writer, "ctime", count(header.ctime_seconds));
    write_aux_integer(writer, "used-mem", count(header.used_memory));
    if let Some(repl) = &header.repl {
        write_aux_integer(writer, "repl-stream-db", repl.stream_db);
        write_aux(writer, "repl-id", &repl.id);
        write_aux_integer(writer, "repl-offset", count(repl.offset));
    }
    let base = if version == Version::V9 { "aof-preamble" } else { "aof-base" };
    write_aux_integer(writer, base, 0);
}

fn write_aux(writer: &mut Writer, name: &str, value: &[u8]) {
    writer.byte(opcode::AUX);
    writer.string(name.as_bytes());
    writer.string(value);
}

fn write_aux_integer(writer: &mut Writer, name: &str, value: i64) {
    writer.byte(opcode::AUX);
    writer.string(name.as_bytes());
    writer.integer(value);
}

/// Writes a key and its value, or the value from `part` on; the part to go on with, if any.
fn write_entry(
    writer: &mut Writer,
    entry: &Entry,
    options: EncodeOptions,
    part: usize,
    max_bytes: usize,
) -> Option<usize> {
    let layout = layout_of(&entry.value, options.version);
    if part == 0 {
        if let Some(expires) = entry.expires.at() {
            writer.byte(opcode::EXPIRE_MS);
            writer.raw(&expires.to_le_bytes());
        }
        write_use(writer, entry.access, options.uses);
        writer.byte(layout as u8);
        writer.string(&entry.key);
    }
    write_value(writer, &entry.value, layout, part, max_bytes)
}

fn write_use(writer: &mut Writer, access: Access, uses: Uses) {
    match uses {
        Uses::Omitted => {}
        Uses::Idle { now } => {
            writer.byte(opcode::IDLE);
            writer.length(access.idle_seconds(now));
        }
        Uses::Frequency { now, decay_minutes } => {
            writer.byte(opcode::FREQUENCY);
            writer.byte(access.frequency(now, decay_minutes));
        }
    }
}

#[cfg(test)]
mod tests;
