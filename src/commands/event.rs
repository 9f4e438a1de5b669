//! What has happened to keys, in the words of keyspace notifications.
//!
//! A handler says what it did, in Redis' names and order: a key that a push creates is `new` before
//! it is `lpush`, a list that a pop empties is `lpop` and then `del`. Nothing is kept unless
//! `notify-keyspace-events` asks for it. *Source*: Redis 7.2 · notify.c.

use super::Call;
use crate::resp::Bytes;

/// One thing that has happened to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The database.
    pub db: usize,
    /// What happened: `set`, `del`, `expired`, …
    pub name: &'static str,
    /// The key.
    pub key: Bytes,
}

/// A set of classes of events: the letters of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u16);

impl Classes {
    /// `K`: messages on the key's channel.
    pub const KEYSPACE: Self = Self(1);
    /// `E`: messages on the event's channel.
    pub const KEYEVENT: Self = Self(1 << 1);
    /// `g`: commands of any type.
    pub const GENERIC: Self = Self(1 << 2);
    /// `$`: strings.
    pub const STRING: Self = Self(1 << 3);
    /// `l`: lists.
    pub const LIST: Self = Self(1 << 4);
    /// `s`: sets.
    pub const SET: Self = Self(1 << 5);
    /// `h`: hashes.
    pub const HASH: Self = Self(1 << 6);
    /// `z`: sorted sets.
    pub const SORTED_SET: Self = Self(1 << 7);
    /// `x`: keys whose time has come.
    pub const EXPIRED: Self = Self(1 << 8);
    /// `e`: keys that gave way.
    pub const EVICTED: Self = Self(1 << 9);
    /// `t`: streams.
    pub const STREAM: Self = Self(1 << 10);
    /// `d`: types of modules.
    pub const MODULE: Self = Self(1 << 11);
    /// `n`: keys that were not there before.
    pub const NEW: Self = Self(1 << 12);
    /// `m`: keys that were read and are not there.
    pub const MISS: Self = Self(1 << 13);

    /// Reads the letters; `None` if there is another one among them.
    pub fn parse(letters: &str) -> Option<Self> {
        let mut classes = Self::default();
        for letter in letters.chars() {
            let (_, class) = LETTERS.iter().find(|(own, _)| *own == letter)?;
            classes.0 |= class.0;
        }
        Some(classes)
    }

    /// The letters as CONFIG GET prints them.
    pub fn letters(self) -> String {
        let all = Self(ALL);
        let short = self.has(all);
        let shown = LETTERS.iter().filter(|(letter, class)| {
            let by_all = class.0 & (ALL | Self::NEW.0) != 0;
            if *letter == 'A' { short } else { self.has(*class) && !(short && by_all) }
        });
        shown.map(|(letter, _)| letter).collect()
    }

    /// True if every class of `other` is in this set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True if messages about a class go to anybody.
    pub const fn tell(self, class: Self) -> bool {
        self.has(class) && (self.has(Self::KEYSPACE) || self.has(Self::KEYEVENT))
    }
}

impl Call<'_> {
    /// Reads as a reading command does, whose misses are told.
    pub(super) fn reading<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.reads, true);
        let result = read(self);
        self.reads = before;
        result
    }

    /// Says what has happened to a key of the selected database.
    pub(super) fn event(&mut self, class: Classes, name: &'static str, key: &[u8]) {
        self.event_in(self.db, class, name, key);
    }

    /// Says what has happened to a key of database `db`.
    pub(super) fn event_in(&mut self, db: usize, class: Classes, name: &'static str, key: &[u8]) {
        if self.settings.notify.tell(class) {
            self.effects.events.push(Event { db, name, key: Bytes::from(key) });
        }
    }
}

/// What `A` stands for.
const ALL: u16 = Classes::GENERIC.0
    | Classes::STRING.0
    | Classes::LIST.0
    | Classes::SET.0
    | Classes::HASH.0
    | Classes::SORTED_SET.0
    | Classes::EXPIRED.0
    | Classes::EVICTED.0
    | Classes::STREAM.0
    | Classes::MODULE.0;

/// In the order of CONFIG GET.
const LETTERS: &[(char, Classes)] = &[
    ('A', Classes(ALL)),
    ('g', Classes::GENERIC),
    ('$', Classes::STRING),
    ('l', Classes::LIST),
    ('s', Classes::SET),
    ('h', Classes::HASH),
    ('z', Classes::SORTED_SET),
    ('x', Classes::EXPIRED),
    ('e', Classes::EVICTED),
    ('t', Classes::STREAM),
    ('d', Classes::MODULE),
    ('n', Classes::NEW),
    ('K', Classes::KEYSPACE),
    ('E', Classes::KEYEVENT),
    ('m', Classes::MISS),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Bench;

    #[test]
    fn letters_are_printed_as_redis_prints_them() {
        for (given, printed) in
            [("KEA", "AKE"), ("KEg$", "g$KE"), ("An", "A"), ("KEAmn", "AKEm"), ("lKm", "lKm")]
        {
            assert_eq!(Classes::parse(given).unwrap().letters(), printed);
        }
        assert_eq!(Classes::parse("Kq"), None);
    }

    /// Runs a command and shows what happened.
    fn happened(bench: &mut Bench, line: &str) -> String {
        bench.run(line);
        let show = |event: &Event| {
            let key = String::from_utf8_lossy(&event.key);
            let db = if event.db == 0 { String::new() } else { format!("@{}", event.db) };
            format!("{} {key}{db}", event.name)
        };
        bench.events.iter().map(show).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn events_have_the_names_and_the_order_of_redis() {
        let mut bench = Bench::default();
        bench.settings.notify = Classes::parse("KEAnm").unwrap();
        // Heard from a real server that was sent the same commands.
        for line in include_str!("../../tests/vectors/events-7.0.15.txt").lines() {
            let (command, expected) = line.split_once("=>").unwrap_or((line, ""));
            assert_eq!(happened(&mut bench, command.trim()), expected.trim(), "{command}");
        }
        bench.settings.notify = Classes::parse("KEl").unwrap();
        assert_eq!(happened(&mut bench, "SET unheard v"), "");
    }
}
