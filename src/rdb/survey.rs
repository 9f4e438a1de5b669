//! What a file holds, told without keeping it: counts, sizes, and the biggest keys.
//!
//! A reader of a dump asks what takes the room. The survey is fed item by item as the
//! [`Decoder`](super::Decoder) gives them, and keeps only sums and a short list, so a file of any
//! size can be surveyed in little memory.

use std::collections::BTreeMap;

use super::{DecodeError, Decoder, Item};
use crate::{
    keyspace::{Millis, Value},
    resp::Bytes,
};

/// The sums over the items of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Facts about the writer, in the order of the file.
    pub aux: Vec<(Bytes, Bytes)>,
    /// The keys of each database.
    pub dbs: BTreeMap<u64, Tally>,
    /// The keys of each type in each encoding that a server gives them after loading.
    pub kinds: BTreeMap<(&'static str, &'static str), Tally>,
    /// How long keys have to live.
    pub lives: Lives,
    /// The keys that take most bytes of the file, the biggest first.
    pub biggest: Vec<BigKey>,
    /// Libraries of functions.
    pub functions: u64,
    /// True once the end of the file has been read.
    pub ended: bool,
    /// The bytes of the items that were counted.
    counted: u64,
}

/// A sum over keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub keys: u64,
    /// How many of them expire.
    pub expires: u64,
    /// Their elements; a string is one.
    pub elements: u64,
    /// Their bytes in the file.
    pub bytes: u64,
    /// Roughly their bytes in memory.
    pub memory: u64,
}

/// Keys by how long they have to live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    /// No expiry.
    pub forever: u64,
    /// The expiry has passed.
    pub over: u64,
    /// Less than an hour.
    pub hour: u64,
    /// Less than a day.
    pub day: u64,
    /// Less than thirty days.
    pub month: u64,
    /// Longer.
    pub longer: u64,
}

/// A key among the biggest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigKey {
    /// Its database.
    pub db: u64,
    /// Its name.
    pub key: Bytes,
    /// Its type.
    pub kind: &'static str,
    /// Its encoding.
    pub encoding: &'static str,
    /// What it adds to sums.
    pub tally: Tally,
    /// When it expires.
    pub expires: Option<Millis>,
}

impl Survey {
    /// Counts what `decoder` has become able to tell; lives are told from `now`.
    ///
    /// # Errors
    /// If the file cannot be loaded; what was counted before stands.
    pub fn read(&mut self, decoder: &mut Decoder, now: Millis) -> Result<(), DecodeError> {
        while let Some(item) = decoder.next()? {
            let end = decoder.offset();
            self.count(&item, end - self.counted, now);
            self.counted = end;
        }
        Ok(())
    }

    /// Counts an item that takes `bytes` of the file; lives are told from `now`.
    fn count(&mut self, item: &Item, bytes: u64, now: Millis) {
        match item {
            Item::Aux { name, value } if self.aux.len() < AUX_MAX => {
                self.aux.push((name.clone(), value.clone()));
            }
            Item::Key { db, key, value, expires, .. } => {
                self.lives.count(*expires, now);
                let big = BigKey {
                    db: *db,
                    key: key.clone(),
                    kind: value.type_name(),
                    encoding: value.encoding().name(),
                    tally: Tally::of(value, expires.is_some(), bytes),
                    expires: *expires,
                };
                self.dbs.entry(*db).or_default().add(&big.tally);
                self.kinds.entry((big.kind, big.encoding)).or_default().add(&big.tally);
                self.rank(big);
            }
            Item::Function(_) => self.functions += 1,
            Item::End => self.ended = true,
            Item::Aux { .. } | Item::SelectDb(_) | Item::Resize { .. } => {}
        }
    }

    /// The sum over all keys.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.dbs.values().for_each(|tally| total.add(tally));
        total
    }

    /// Keeps `big` if it is among the biggest; of equals the first stays.
    fn rank(&mut self, big: BigKey) {
        let place = self.biggest.partition_point(|one| one.tally.bytes >= big.tally.bytes);
        if place < BIGGEST_MAX {
            self.biggest.insert(place, big);
            self.biggest.truncate(BIGGEST_MAX);
        }
    }
}

impl Tally {
    fn of(value: &Value, expires: bool, bytes: u64) -> Self {
        let elements = elements_of(value);
        let memory = value.weight(SAMPLES);
        Self { keys: 1, expires: expires.into(), elements, bytes, memory }
    }

    const fn add(&mut self, other: &Self) {
        self.keys += other.keys;
        self.expires += other.expires;
        self.elements += other.elements;
        self.bytes += other.bytes;
        self.memory += other.memory;
    }
}

impl Lives {
    fn count(&mut self, expires: Option<Millis>, now: Millis) {
        let Some(expires) = expires else {
            self.forever += 1;
            return;
        };
        let left = expires.saturating_sub(now);
        let class = match left {
            i64::MIN..=0 => &mut self.over,
            1..HOUR => &mut self.hour,
            HOUR..DAY => &mut self.day,
            DAY..MONTH => &mut self.month,
            _ => &mut self.longer,
        };
        *class += 1;
    }
}

/// The elements of `value`; a string is one.
pub(super) fn elements_of(value: &Value) -> u64 {
    let length = match value {
        Value::String(_) => 1,
        Value::List(list) => list.len(),
        Value::Set(set) => set.len(),
        Value::Hash(hash) => hash.len(),
        Value::SortedSet(members) => members.len(),
        Value::Stream(stream) => return stream.len(),
    };
    length as u64
}

/// So many facts about the writer are kept.
const AUX_MAX: usize = 64;
/// So many of the biggest keys are told.
const BIGGEST_MAX: usize = 20;
/// So many elements stand for all when memory is told, as in MEMORY USAGE.
const SAMPLES: usize = 5;
/// In milliseconds.
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const MONTH: i64 = 30 * DAY;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::{DecodeOptions, Decoder, EncodeOptions, Encoder, sample};

    /// Surveys a file of `keys` values that comes in pieces.
    fn surveyed(keys: usize, piece: usize, now: Millis) -> (Survey, u64) {
        let options = EncodeOptions::default();
        let mut encoder = Encoder::new(sample::keyspace(keys), sample::header(), options);
        let file: Vec<u8> = std::iter::from_fn(|| encoder.next_chunk(1_000)).flatten().collect();
        let mut decoder = Decoder::new(DecodeOptions::default());
        let mut survey = Survey::default();
        for bytes in file.chunks(piece) {
            decoder.feed(bytes);
            survey.read(&mut decoder, now).unwrap();
        }
        (survey, file.len() as u64)
    }

    #[test]
    fn every_key_is_counted_once_however_the_file_is_cut() {
        let (survey, length) = surveyed(48, 7, 0);
        assert_eq!(survey, surveyed(48, usize::MAX, 0).0);
        let total = survey.total();
        assert_eq!((total.keys, survey.dbs.len()), (48, 3));
        assert_eq!(survey.dbs.values().map(|tally| tally.keys).collect::<Vec<_>>(), [16; 3]);
        assert_eq!(total.keys, survey.kinds.values().map(|tally| tally.keys).sum::<u64>());
        assert_eq!(total.expires, survey.dbs[&0].keys, "every third has an expiry");
        assert!(total.bytes < length && length - total.bytes < 400, "all but the frame is keys");
        assert!(survey.ended && survey.aux.iter().any(|(name, _)| &name[..] == b"redis-ver"));
    }

    #[test]
    fn the_biggest_keys_come_first() {
        let (survey, _) = surveyed(100, 4_096, 0);
        let sizes: Vec<u64> = survey.biggest.iter().map(|big| big.tally.bytes).collect();
        assert_eq!(sizes.len(), BIGGEST_MAX);
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
        let least = survey.total().bytes - sizes.iter().sum::<u64>();
        assert!(sizes[0] > least / (100 - BIGGEST_MAX as u64), "the first is above the average");
    }

    #[test]
    fn lives_are_told_from_now() {
        let expiries = |n: i64| n * 1_000 - 5_000;
        let (survey, _) = surveyed(30, 4_096, expiries(10));
        let Lives { forever, over, hour, day, month, longer } = survey.lives;
        assert_eq!((forever, over, hour), (20, 4, 6), "the keys 1, 4, 7 and 10 are over");
        assert_eq!((day, month, longer), (0, 0, 0));
        let (survey, _) = surveyed(30, 4_096, -DAY);
        assert_eq!((survey.lives.day, survey.lives.month), (2, 8));
    }
}
