//! Which release of Redis a node takes after, and where the releases differ.
//! *Source*: Redis 6.2, 7.0 and 7.2; what is said of 7.0 was asked of a server of that release.

use crate::rdb::Version;
use crate::replication::Brackets;

/// Which release of Redis a node takes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// 6.2: writes RDB version 9, and its snapshots go by disk unless it is told otherwise.
    V6_2,
    /// 7.0: writes RDB version 10.
    V7_0,
    /// 7.2: writes RDB version 11.
    V7_2,
}

impl Profile {
    /// The release that people call by this number.
    pub fn named(number: &str) -> Option<Self> {
        match number {
            "6.2" => Some(Self::V6_2),
            "7.0" => Some(Self::V7_0),
            "7.2" => Some(Self::V7_2),
            _ => None,
        }
    }

    /// The options whose defaults were others than in 7.2.
    pub(super) const fn defaults(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::V6_2 => &[("repl-diskless-sync", "no")],
            Self::V7_0 | Self::V7_2 => &[],
        }
    }

    /// The version that INFO and RDB files name.
    pub const fn redis_version(self) -> &'static str {
        match self {
            Self::V6_2 => "6.2.14",
            Self::V7_0 => "7.0.15",
            Self::V7_2 => "7.2.4",
        }
    }

    /// The version of the RDB files that it writes.
    pub const fn rdb_version(self) -> Version {
        match self {
            Self::V6_2 => Version::V9,
            Self::V7_0 => Version::V10,
            Self::V7_2 => Version::V11,
        }
    }

    /// How its stream holds together what belongs together.
    pub(in crate::node) const fn brackets(self) -> Brackets {
        match self {
            Self::V6_2 => Brackets::EveryTransaction,
            Self::V7_0 => Brackets::SelectBefore,
            Self::V7_2 => Brackets::SelectInside,
        }
    }

    /// True if it knows a command that came with the release `since`, as `7.0.0`.
    pub(in crate::node) fn knows(self, since: &str) -> bool {
        // The patch releases of a series brought no commands, and numbers of one digit sort.
        since.get(..3).is_none_or(|since| since <= &self.redis_version()[..3])
    }

    /// True if a master that starts goes on in the history of its file.
    pub(in crate::node) const fn resumes_as_master(self) -> bool {
        !self.is_6_2()
    }

    /// True if a replica serves its old data while the new is loaded beside it.
    pub(in crate::node) const fn loads_beside(self) -> bool {
        !self.is_6_2()
    }

    /// True if a replica forgets its history as soon as a full resync is announced, and not only
    /// when it is about to load.
    pub(in crate::node) const fn forgets_early(self) -> bool {
        self.is_6_2()
    }

    /// True if expiries enter the stream as they were given, and count from when they arrive.
    pub(in crate::node) const fn sends_relative_expiries(self) -> bool {
        self.is_6_2()
    }

    /// True if `SET key value NX PXAT stamp` enters the stream without the NX, which only decided
    /// whether to set.
    pub(in crate::node) const fn rewrites_stamps(self) -> bool {
        !matches!(self, Self::V7_2)
    }

    /// True if a key that expires under a command enters the stream at once, and not as a part of
    /// what the command caused.
    pub(in crate::node) const fn sends_expired_keys_alone(self) -> bool {
        self.is_6_2()
    }

    /// True if a subcommand has a name and counts of its own.
    pub(in crate::node) const fn names_subcommands(self) -> bool {
        !self.is_6_2()
    }

    /// True if replicas are told which scripts to keep, as if they were to run them by name.
    pub(in crate::node) const fn sends_scripts(self) -> bool {
        self.is_6_2()
    }

    /// True if doubles have no more digits than tell them apart.
    pub(in crate::node) const fn shortens_doubles(self) -> bool {
        matches!(self, Self::V7_2)
    }

    const fn is_6_2(self) -> bool {
        matches!(self, Self::V6_2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_belong_to_releases() {
        for (since, knowing) in [("1.0.0", 3), ("6.2.0", 3), ("7.0.0", 2), ("7.2.0", 1)] {
            let all = [Profile::V6_2, Profile::V7_0, Profile::V7_2];
            assert_eq!(all.iter().filter(|one| one.knows(since)).count(), knowing, "{since}");
        }
    }
}
