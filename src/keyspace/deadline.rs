//! When a key expires, if it does.

use super::Millis;

/// When a key expires, if it does. In as much room as an instant takes: -1 stands for never, as
/// with Redis, where a key that is given this very stamp does not expire either.
/// *Source*: Redis 7.2 · db.c · getExpire; rdb.c · rdbLoadRioWithLoadingCtx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Millis);

impl Deadline {
    /// Of a key that does not expire.
    pub const NEVER: Self = Self(-1);

    /// The instant, unless there is none.
    pub const fn at(self) -> Option<Millis> {
        if self.0 == Self::NEVER.0 { None } else { Some(self.0) }
    }

    /// True if there is one.
    pub const fn is_some(self) -> bool {
        self.at().is_some()
    }
}

impl From<Option<Millis>> for Deadline {
    fn from(at: Option<Millis>) -> Self {
        at.map_or(Self::NEVER, Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_but_one_is_a_deadline() {
        for at in [Millis::MIN, -2, 0, 1, Millis::MAX] {
            assert_eq!(Deadline::from(Some(at)).at(), Some(at));
        }
        assert_eq!(Deadline::from(Some(-1)), Deadline::NEVER);
        assert_eq!(Deadline::from(None).at(), None);
        assert!(!Deadline::NEVER.is_some());
    }
}
