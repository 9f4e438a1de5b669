//! Which history a server's data belongs to, and how far it has come in it.

use std::fmt;

use crate::random::Random;

/// A position in a replication stream: **the number of stream bytes before it**.
///
/// A master that has produced 50 bytes is at offset 50. On the wire, `PSYNC <id> 51` asks for the
/// byte *after* 50: wire numbers count from 1, and only `psync` and the log convert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl Offset {
    /// The position `bytes` further on.
    pub const fn plus(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }

    /// How many bytes lie between `earlier` and here; 0 if it lies ahead.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a history: 40 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplicationId([u8; 40]);

impl ReplicationId {
    /// The name of no history; an unset second id prints as 40 zeros.
    pub const NONE: Self = Self([b'0'; 40]);

    /// A fresh name.
    pub fn random(random: &mut Random) -> Self {
        Self(random.hex())
    }

    /// The name that a peer sent, if it is 40 bytes long.
    pub fn parse(text: &[u8]) -> Option<Self> {
        text.try_into().ok().map(Self)
    }

    /// Its 40 bytes.
    pub const fn as_bytes(&self) -> &[u8; 40] {
        &self.0
    }
}

impl fmt::Display for ReplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.0).fmt(f)
    }
}

impl fmt::Debug for ReplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The history that a server continued under a new name when it was promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondId {
    /// The old name.
    pub id: ReplicationId,
    /// What the two histories share: this many bytes.
    pub shared: Offset,
}

/// The identity of a server's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The name under which the data grows (`master_replid`).
    pub id: ReplicationId,
    /// The name under which its beginning is known too (`master_replid2`).
    pub second: Option<SecondId>,
    /// How far it has come (`master_repl_offset`).
    pub offset: Offset,
}

impl History {
    /// A history that begins here.
    pub fn new(random: &mut Random) -> Self {
        Self { id: ReplicationId::random(random), second: None, offset: Offset(0) }
    }

    /// Takes a new name without a past: nobody may continue from the old one.
    pub fn rename(&mut self, random: &mut Random) {
        self.id = ReplicationId::random(random);
        self.second = None;
    }

    /// Takes a new name and remembers the old one: the promotion of a replica.
    pub fn branch(&mut self, random: &mut Random) {
        self.second = Some(SecondId { id: self.id, shared: self.offset });
        self.id = ReplicationId::random(random);
    }

    /// Goes on under the name that the master has taken: the other side of a promotion.
    pub fn follow(&mut self, id: ReplicationId) {
        self.second = Some(SecondId { id: self.id, shared: self.offset });
        self.id = id;
    }

    /// The second name as it is printed: zeros when there is none.
    pub fn second_id(&self) -> ReplicationId {
        self.second.map_or(ReplicationId::NONE, |second| second.id)
    }

    /// `second_repl_offset`: the first wire offset that the second name does not cover, or -1.
    pub fn second_wire_offset(&self) -> i64 {
        self.second.map_or(-1, |second| second.shared.0 as i64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promotion_keeps_the_old_name_up_to_the_offset() {
        let mut random = Random::new(1);
        let mut history = History::new(&mut random);
        let old = history.id;
        history.offset = Offset(50);
        history.branch(&mut random);
        assert_ne!(history.id, old);
        assert_eq!(history.second_id(), old);
        assert_eq!(history.second_wire_offset(), 51);
        history.rename(&mut random);
        assert_eq!((history.second_id(), history.second_wire_offset()), (ReplicationId::NONE, -1));
    }

    #[test]
    fn an_id_is_exactly_forty_bytes() {
        assert!(ReplicationId::parse(&[b'a'; 40]).is_some());
        assert!(ReplicationId::parse(&[b'a'; 39]).is_none());
        assert_eq!(ReplicationId::NONE.to_string(), "0".repeat(40));
    }
}
