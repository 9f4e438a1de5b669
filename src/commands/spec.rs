//! One row of the command table.

use super::{Call, Refusal};
use crate::resp::Reply;

/// Everything that is known of a command without running it.
///
/// `H` is what runs it: the data commands' [`Handler`], or the node's own for its administration.
#[derive(Clone, Copy, Debug)]
pub struct Spec<H = Handler> {
    /// The name in lower case.
    pub name: &'static str,
    /// The number of arguments with the name itself; negative for "at least".
    pub arity: i32,
    /// How the command behaves.
    pub flags: Flags,
    /// Where the keys are among the arguments.
    pub keys: Keys,
    /// The family under which the manual lists it.
    pub group: Group,
    /// The arguments as the manual writes them; the prompt shows them as a hint.
    pub usage: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What runs it.
    pub handler: H,
}

/// Runs a data command.
pub type Handler = fn(&mut Call<'_>) -> Result<Reply, Refusal>;

/// Where a command's keys are: `args[first]`, then every `step`-th up to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The index of the first key; 0 if the command has none.
    pub first: usize,
    /// The index of the last key; negative counts from the end.
    pub last: i32,
    /// The distance from one key to the next.
    pub step: usize,
}

impl Keys {
    /// The command names no key.
    pub const NONE: Self = Self { first: 0, last: 0, step: 0 };
    /// The first argument is the only key.
    pub const FIRST: Self = Self { first: 1, last: 1, step: 1 };
    /// The first two arguments are keys.
    pub const FIRST_TWO: Self = Self { first: 1, last: 2, step: 1 };
    /// Every argument is a key.
    pub const ALL: Self = Self { first: 1, last: -1, step: 1 };
    /// Every argument but the last is a key.
    pub const ALL_BUT_LAST: Self = Self { first: 1, last: -2, step: 1 };
    /// The second argument is the only key.
    pub const SECOND: Self = Self { first: 2, last: 2, step: 1 };
    /// Every argument from the second on is a key.
    pub const FROM_SECOND: Self = Self { first: 2, last: -1, step: 1 };
    /// Every other argument, from the first on, is a key.
    pub const PAIRS: Self = Self { first: 1, last: -1, step: 2 };

    /// The indices of the keys among `count` arguments.
    pub fn indices(self, count: usize) -> impl Iterator<Item = usize> {
        let last = match usize::try_from(self.last) {
            Ok(last) => last,
            Err(_) => count.saturating_sub(self.last.unsigned_abs() as usize),
        };
        let range = if self.first == 0 { 1..1 } else { self.first..(last + 1).min(count) };
        range.step_by(self.step.max(1))
    }
}

/// The families of the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Strings as rows of bits.
    Bitmap,
    /// Connections: PING, SELECT, CLIENT, …
    Connection,
    /// Keys of any type.
    Generic,
    /// Places on the earth.
    Geo,
    /// Hashes.
    Hash,
    /// Sketches that count.
    HyperLogLog,
    /// Lists.
    List,
    /// Publish and subscribe.
    PubSub,
    /// Scripts and functions.
    Scripting,
    /// The server itself.
    Server,
    /// Sets.
    Set,
    /// Sorted sets.
    SortedSet,
    /// Streams.
    Stream,
    /// Strings.
    String,
    /// MULTI and its relatives.
    Transactions,
}

/// A set of properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    /// No property.
    pub const NONE: Self = Self(0);
    /// May change data; refused on a read-only replica.
    pub const WRITE: Self = Self(1);
    /// Only reads data.
    pub const READONLY: Self = Self(1 << 1);
    /// May take more memory; refused when there is none left.
    pub const DENYOOM: Self = Self(1 << 2);
    /// Administers the server.
    pub const ADMIN: Self = Self(1 << 3);
    /// Concerns publish and subscribe.
    pub const PUBSUB: Self = Self(1 << 4);
    /// Not for scripts.
    pub const NOSCRIPT: Self = Self(1 << 5);
    /// May keep the client waiting.
    pub const BLOCKING: Self = Self(1 << 6);
    /// Allowed while a dataset is loaded.
    pub const LOADING: Self = Self(1 << 7);
    /// Allowed on a replica that has lost its master and must not serve stale data.
    pub const STALE: Self = Self(1 << 8);
    /// Takes constant or logarithmic time.
    pub const FAST: Self = Self(1 << 9);
    /// Not inside MULTI.
    pub const NO_MULTI: Self = Self(1 << 10);
    /// Needs no authentication.
    pub const NO_AUTH: Self = Self(1 << 11);
    /// Propagates although it writes no key.
    pub const MAY_REPLICATE: Self = Self(1 << 12);
    /// Not while a dataset is loaded beside the one that is served.
    pub const NO_ASYNC_LOADING: Self = Self(1 << 13);
    /// Touches keys of its own choice: what it propagates is not wrapped in MULTI.
    pub const TOUCHES_ARBITRARY_KEYS: Self = Self(1 << 14);
    /// Its keys depend on the arguments.
    pub const MOVABLE_KEYS: Self = Self(1 << 15);
    /// Not shown to MONITOR.
    pub const SKIP_MONITOR: Self = Self(1 << 16);

    /// Its first argument names what it does: a command of its own.
    pub const CONTAINER: Self = Self(1 << 17);

    /// Both sets together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names that `COMMAND INFO` answers. What is not shown there has none.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(flag, _)| self.has(*flag)).map(|&(_, name)| name)
    }

    /// The property that `COMMAND INFO` calls so, if it is one of these.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|&(flag, _)| flag)
    }

    /// True if every property of `other` is in this set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

const NAMES: &[(Flags, &str)] = &[
    (Flags::WRITE, "write"),
    (Flags::READONLY, "readonly"),
    (Flags::DENYOOM, "denyoom"),
    (Flags::ADMIN, "admin"),
    (Flags::PUBSUB, "pubsub"),
    (Flags::NOSCRIPT, "noscript"),
    (Flags::BLOCKING, "blocking"),
    (Flags::LOADING, "loading"),
    (Flags::STALE, "stale"),
    (Flags::SKIP_MONITOR, "skip_monitor"),
    (Flags::FAST, "fast"),
    (Flags::NO_AUTH, "no_auth"),
    (Flags::MAY_REPLICATE, "may_replicate"),
    (Flags::NO_ASYNC_LOADING, "no_async_loading"),
    (Flags::NO_MULTI, "no_multi"),
    (Flags::MOVABLE_KEYS, "movablekeys"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_from_both_ends() {
        let at = |keys: Keys, count| keys.indices(count).collect::<Vec<_>>();
        assert_eq!(at(Keys::NONE, 3), [0usize; 0]);
        assert_eq!(at(Keys::FIRST, 3), [1]);
        assert_eq!(at(Keys::ALL, 4), [1, 2, 3]);
        assert_eq!(at(Keys::PAIRS, 5), [1, 3]);
        assert_eq!(at(Keys::ALL_BUT_LAST, 4), [1, 2]);
    }
}
