//! `DEBUG DIGEST`: forty digits that are equal for equal datasets, in whatever order keys come.
//!
//! ```text
//!     add(d, bytes)   d ^= SHA-1(bytes)         what comes in any order: keys, members, fields
//!     mix(d, bytes)   add, then d = SHA-1(d)    what comes in an order: elements, key before value
//! ```
//!
//! A master and its replica agree if their digests do. The digest sees values, expiries and the
//! numbers of databases; it does not see encodings. Expiries enter only as being there or not.
//!
//! *Source*: Redis 7.2 · debug.c · computeDatasetDigest, xorObjectDigest.

use super::{format::Kind, sha1::sha1};
use crate::{
    keyspace::{Entry, Keyspace, Scored, StreamId, Value},
    resp::format_double_digest,
};

/// A digest of part of a dataset, or of all of it; zero for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest([u8; 20]);

impl Digest {
    /// The digest of a whole dataset (`DEBUG DIGEST`).
    pub fn of_keyspace(keyspace: &Keyspace) -> Self {
        let mut digest = Self::default();
        for (index, db) in keyspace.iter().filter(|(_, db)| !db.is_empty()) {
            digest.mix(&(index as u32).to_be_bytes());
            for entry in db.iter() {
                digest.add(&Self::of_entry(entry).0);
            }
        }
        digest
    }

    /// The digest of a value with its expiry, whatever the key (`DEBUG DIGEST-VALUE`).
    pub fn of_value(value: &Value, expires: bool) -> Self {
        let mut digest = Self::default();
        digest.mix_value(value, expires);
        digest
    }

    fn of_entry(entry: &Entry) -> Self {
        let mut digest = Self::default();
        digest.mix(&entry.key);
        digest.mix_value(&entry.value, entry.expires.is_some());
        digest
    }

    fn mix_value(&mut self, value: &Value, expires: bool) {
        match value {
            Value::String(string) => {
                self.mix_kind(Kind::String);
                self.mix(&string.to_bytes());
            }
            Value::List(list) => {
                self.mix_kind(Kind::List);
                list.iter().for_each(|element| self.mix(&element.to_bytes()));
            }
            Value::Set(set) => {
                self.mix_kind(Kind::Set);
                set.iter().for_each(|member| self.add(&member));
            }
            Value::Hash(hash) => {
                self.mix_kind(Kind::Hash);
                hash.iter().for_each(|(name, value)| self.add_pair(&name, &value));
            }
            Value::SortedSet(set) => {
                self.mix_kind(Kind::SortedSet);
                for Scored { score, member } in set.iter() {
                    self.add_pair(&member, format_double_digest(score).as_bytes());
                }
            }
            Value::Stream(stream) => {
                self.mix_kind(Kind::Stream);
                for entry in stream.range(StreamId::MIN, StreamId::MAX) {
                    let StreamId { ms, seq } = entry.id();
                    self.mix(format!("{ms}.{seq}").as_bytes());
                    for (field, value) in entry.pairs() {
                        self.mix(field);
                        self.mix(value);
                    }
                }
            }
        }
        if expires {
            self.add(b"!!expire!!");
        }
    }

    /// Takes in Redis' number of a type.
    fn mix_kind(&mut self, kind: Kind) {
        let number: u32 = match kind {
            Kind::String => 0,
            Kind::List => 1,
            Kind::Set => 2,
            Kind::SortedSet => 3,
            Kind::Hash => 4,
            Kind::Module => 5,
            Kind::Stream => 6,
        };
        self.mix(&number.to_be_bytes());
    }

    /// Takes in a field with its value, or a member with its score.
    fn add_pair(&mut self, name: &[u8], value: &[u8]) {
        let mut pair = Self::default();
        pair.mix(name);
        pair.mix(value);
        self.add(&pair.0);
    }

    /// Takes in what comes after everything before.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = sha1(&self.0);
    }

    /// Takes in what may come anywhere.
    fn add(&mut self, bytes: &[u8]) {
        self.0.iter_mut().zip(sha1(bytes)).for_each(|(byte, more)| *byte ^= more);
    }
}

/// Forty hexadecimal digits.
impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
