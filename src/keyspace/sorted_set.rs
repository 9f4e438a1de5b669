//! Sorted sets: members by score, then by bytes; flat while they are few, then a tree and a table.
//!
//! Two questions must be cheap: *what is the score of this member*, and *who is at this rank, or
//! between these scores*. One structure cannot answer both, so a big sorted set has two, as in
//! Redis: a table from members to scores, and an order of pairs (Redis' skiplist, our tree).
//!
//! ```text
//!     table    a → 2, b → 1, c → 2          ZSCORE, and where to find the pair in the order
//!     order    (1, b) (2, a) (2, c)         ZRANGE, ZRANK, ZRANGEBYSCORE, ZRANGEBYLEX
//! ```
//!
//! A packed one keeps its scores as text that reads as a number, in which -0 is 0; a big one keeps
//! the sign. A score is never NaN: whoever adds infinities must refuse.
//! *Source*: Redis 7.2 · t_zset.c · zsetAdd, zzlInsert, zslGetRank.

use std::{cmp::Ordering, rc::Rc};

use super::{Encoding, Limits, table::Table, tree::Tree};
use crate::resp::Bytes;

/// Members in the order of their scores. Cloning is cheap whatever the size.
#[derive(Clone, Debug, PartialEq)]
pub struct SortedSet {
    form: Form,
}

/// A member and its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// The score, not NaN.
    pub score: f64,
    /// The member.
    pub member: Bytes,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// In order.
    Listpack(Rc<Vec<Scored>>),
    Skiplist(Rc<Skiplist>),
}

/// Two structures with the same members.
#[derive(Clone, Debug, PartialEq)]
struct Skiplist {
    order: Tree<Scored>,
    scores: Table<f64>,
}

impl Default for SortedSet {
    fn default() -> Self {
        Self::packed(Vec::new())
    }
}

impl SortedSet {
    /// An empty sorted set, in the form that suits `expected` members, the longest of `bytes`.
    pub fn create(expected: usize, bytes: usize, limits: &Limits) -> Self {
        if limits.allow(expected, bytes) { Self::default() } else { Self::skiplist(Vec::new()) }
    }

    /// A listpack of `members`, which are all different.
    pub fn packed(mut members: Vec<Scored>) -> Self {
        members.iter_mut().for_each(Scored::pack);
        Self::as_packed(members)
    }

    /// A listpack of `members` as somebody else has packed them: there was a server that kept the
    /// sign of -0.
    pub fn as_packed(mut members: Vec<Scored>) -> Self {
        members.sort_by(Scored::order);
        Self { form: Form::Listpack(Rc::new(members)) }
    }

    /// A tree and a table of `members`; of several that are the same, the last is taken.
    pub fn skiplist(members: Vec<Scored>) -> Self {
        let pair = |scored: Scored| (scored.member, scored.score);
        let scores: Table<f64> = members.into_iter().map(pair).collect();
        let scored = |(member, &score): (&Bytes, &f64)| Scored { score, member: member.clone() };
        let mut order: Vec<Scored> =
            scores.iter().map(|slot| scored((&slot.name, &slot.value))).collect();
        order.sort_by(Scored::order);
        let order = Tree::from_sorted(order);
        Self { form: Form::Skiplist(Rc::new(Skiplist { order, scores })) }
    }

    /// Becomes a skiplist at once if `incoming` members alone are too many for a listpack.
    pub fn expect(&mut self, incoming: usize, limits: &Limits) {
        if incoming > limits.entries {
            self.unpack();
        }
    }

    /// Gives `member` a score, and returns the one that it had.
    pub fn set(&mut self, member: Bytes, score: f64, limits: &Limits) -> Option<f64> {
        if let Form::Listpack(members) = &mut self.form {
            let found = members.iter().position(|scored| scored.member == member);
            if found.is_some() || limits.allow(members.len() + 1, member.len()) {
                let members = Rc::make_mut(members);
                let before = found.map(|at| members.remove(at).score);
                let mut scored = Scored { score, member };
                scored.pack();
                let at = members.partition_point(|other| other.order(&scored).is_lt());
                members.insert(at, scored);
                return before;
            }
            self.unpack();
        }
        let Form::Skiplist(both) = &mut self.form else {
            unreachable!("a sorted set that is not packed is a skiplist")
        };
        Rc::make_mut(both).set(member, score)
    }

    /// Takes `member` out, and returns its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.form {
            Form::Listpack(members) => {
                let at = members.iter().position(|scored| *scored.member == *member)?;
                Some(Rc::make_mut(members).remove(at).score)
            }
            Form::Skiplist(both) => {
                // A look first: a removal that finds nothing must not copy.
                both.scores.get(member)?;
                Rc::make_mut(both).take(member)
            }
        }
    }

    /// Takes out the member of `rank`.
    pub fn take_nth(&mut self, rank: usize) -> Option<Scored> {
        let scored = self.nth(rank)?.clone();
        match &mut self.form {
            Form::Listpack(members) => drop(Rc::make_mut(members).remove(rank)),
            Form::Skiplist(both) => drop(Rc::make_mut(both).take(&scored.member)),
        }
        Some(scored)
    }

    /// Becomes a listpack if it is small enough for one.
    pub fn repack(&mut self, limits: &Limits) {
        if let Form::Skiplist(both) = &self.form {
            let longest = || both.order.iter_from(0).map(|scored| scored.member.len()).max();
            if both.order.len() <= limits.entries && limits.allow(0, longest().unwrap_or(0)) {
                *self = Self::packed(both.order.iter_from(0).cloned().collect());
            }
        }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Listpack(members) => members.len(),
            Form::Skiplist(both) => both.order.len(),
        }
    }

    /// True if there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of `member`.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.form {
            Form::Listpack(members) => {
                members.iter().find(|scored| *scored.member == *member).map(|scored| scored.score)
            }
            Form::Skiplist(both) => both.scores.get(member).copied(),
        }
    }

    /// How many members come before `member`.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.form {
            Form::Listpack(members) => members.iter().position(|other| *other.member == *member),
            Form::Skiplist(both) => {
                let scored = Scored { score: self.score(member)?, member: Bytes::from(member) };
                Some(both.order.partition(|other| other.order(&scored).is_lt()))
            }
        }
    }

    /// How many members, from the lowest on, satisfy `before`; none after them does.
    pub fn partition(&self, before: impl Fn(&Scored) -> bool) -> usize {
        match &self.form {
            Form::Listpack(members) => members.partition_point(before),
            Form::Skiplist(both) => both.order.partition(before),
        }
    }

    /// The member of `rank`.
    pub fn nth(&self, rank: usize) -> Option<&Scored> {
        match &self.form {
            Form::Listpack(members) => members.get(rank),
            Form::Skiplist(both) => both.order.nth(rank),
        }
    }

    /// Every member, lowest first.
    pub fn iter(&self) -> Box<dyn Iterator<Item = &Scored> + '_> {
        self.iter_from(0)
    }

    /// The members from `rank` on, lowest first.
    pub fn iter_from(&self, rank: usize) -> Box<dyn Iterator<Item = &Scored> + '_> {
        match &self.form {
            Form::Listpack(members) => Box::new(members.iter().skip(rank)),
            Form::Skiplist(both) => Box::new(both.order.iter_from(rank)),
        }
    }

    /// The members below rank `end`, highest first.
    pub fn iter_back(&self, end: usize) -> Box<dyn Iterator<Item = &Scored> + '_> {
        match &self.form {
            Form::Listpack(members) => Box::new(members[..end.min(members.len())].iter().rev()),
            Form::Skiplist(both) => Box::new(both.order.iter_back(end)),
        }
    }

    /// About `count` members from `cursor` on, and the cursor after them: 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<(&Bytes, f64)>) {
        match &self.form {
            Form::Listpack(members) => {
                (0, members.iter().map(|scored| (&scored.member, scored.score)).collect())
            }
            Form::Skiplist(both) => {
                let (next, slots) = both.scores.scan(cursor, count);
                (next, slots.into_iter().map(|slot| (&slot.name, slot.value)).collect())
            }
        }
    }

    /// How the members lie.
    pub const fn encoding(&self) -> Encoding {
        match self.form {
            Form::Listpack(_) => Encoding::Listpack,
            Form::Skiplist(_) => Encoding::Skiplist,
        }
    }

    /// Becomes a skiplist if it is a listpack.
    pub fn unpack(&mut self) {
        if let Form::Listpack(members) = &self.form {
            *self = Self::skiplist(members.to_vec());
        }
    }
}

impl Skiplist {
    fn set(&mut self, member: Bytes, score: f64) -> Option<f64> {
        let scored = Scored { score, member: Bytes::clone(&member) };
        let before = self.scores.insert(member, score);
        if let Some(before) = before {
            let old = Scored { score: before, member: Bytes::clone(&scored.member) };
            self.order.take(|other| other.order(&old));
        }
        self.order.insert(scored.clone(), |other| other.order(&scored));
        before
    }

    /// Takes out `member`, which is there.
    fn take(&mut self, member: &[u8]) -> Option<f64> {
        let score = self.scores.take(member)?;
        let old = Scored { score, member: Bytes::from(member) };
        self.order.take(|other| other.order(&old));
        Some(score)
    }
}

impl Scored {
    /// By score, then by bytes.
    pub fn order(&self, other: &Self) -> Ordering {
        let scores = self.score.partial_cmp(&other.score).unwrap_or(Ordering::Equal);
        scores.then_with(|| self.member.cmp(&other.member))
    }

    /// Takes the sign from -0: in a listpack it is written as the integer that it is.
    fn pack(&mut self) {
        self.score += 0.0;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { entries: 128, element_bytes: 64 };

    fn bytes(text: &str) -> Bytes {
        Bytes::from(text.as_bytes())
    }

    fn filled(count: u32) -> SortedSet {
        let mut set = SortedSet::default();
        for n in 0..count {
            set.set(bytes(&n.to_string()), f64::from(n), &LIMITS);
        }
        set
    }

    #[test]
    fn a_listpack_has_room_for_128_short_members() {
        assert_eq!(filled(128).encoding(), Encoding::Listpack);
        let mut set = filled(129);
        assert_eq!(set.encoding(), Encoding::Skiplist);
        set.remove(b"7");
        assert_eq!(set.encoding(), Encoding::Skiplist, "there is no way back");
        set.repack(&LIMITS);
        assert_eq!(set.encoding(), Encoding::Listpack);
        set.set(bytes(&"x".repeat(65)), 1.0, &LIMITS);
        assert_eq!((set.encoding(), set.len()), (Encoding::Skiplist, 129));
    }

    #[test]
    fn equal_scores_are_ordered_by_bytes() {
        let mut set = SortedSet::default();
        for (member, score) in [("b", 1.0), ("a", 2.0), ("ab", 1.0), ("a", 1.0)] {
            set.set(bytes(member), score, &LIMITS);
        }
        assert!(set.iter().map(|s| s.member.clone()).eq(["a", "ab", "b"].map(bytes)));
        assert!(set.iter_back(2).map(|s| s.member.clone()).eq(["ab", "a"].map(bytes)));
    }

    #[test]
    fn only_a_skiplist_keeps_the_sign_of_zero() {
        let zero = vec![Scored { score: -0.0, member: bytes("z") }];
        let sign = |set: &SortedSet| set.score(b"z").unwrap().is_sign_negative();
        assert!(!sign(&SortedSet::packed(zero.clone())));
        assert!(sign(&SortedSet::skiplist(zero.clone())));
        assert!(sign(&SortedSet::as_packed(zero)), "but what comes from elsewhere stays as it is");
    }

    proptest! {
        #[test]
        fn a_sorted_set_is_a_sorted_map_in_every_form(
            steps in prop::collection::vec((0u32..40, -5i8..5, any::<bool>()), 1..200),
            entries in 0usize..30,
        ) {
            let limits = Limits { entries, element_bytes: 64 };
            let (mut set, mut model) = (SortedSet::default(), BTreeMap::new());
            for (n, score, remove) in steps {
                let (member, score) = (bytes(&n.to_string()), f64::from(score));
                if remove {
                    prop_assert_eq!(set.remove(&member), model.remove(&member));
                } else {
                    let before = set.set(Bytes::clone(&member), score, &limits);
                    prop_assert_eq!(before, model.insert(member, score));
                }
                prop_assert_eq!(set.len(), model.len());
            }
            let mut sorted: Vec<_> =
                model.into_iter().map(|(member, score)| Scored { score, member }).collect();
            sorted.sort_by(Scored::order);
            prop_assert!(set.iter().eq(&sorted));
            prop_assert!(set.iter_back(set.len()).eq(sorted.iter().rev()));
            for (rank, scored) in sorted.iter().enumerate() {
                prop_assert_eq!(set.rank(&scored.member), Some(rank));
                prop_assert_eq!(set.score(&scored.member), Some(scored.score));
                prop_assert_eq!(set.nth(rank), Some(scored));
                let below = sorted.iter().filter(|other| other.score < scored.score).count();
                prop_assert_eq!(set.partition(|other| other.score < scored.score), below);
            }
        }
    }
}
