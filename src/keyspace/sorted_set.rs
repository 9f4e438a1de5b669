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
//! A packed one keeps members and scores in turn, the scores as text that reads as a number, in
//! which -0 is 0; a big one keeps the sign. A score is never NaN: whoever adds infinities must
//! refuse.
//! *Source*: Redis 7.2 · t_zset.c · zsetAdd, zzlInsert, zslGetRank.

use std::{cmp::Ordering, rc::Rc};

use super::{Encoding, Limits, listpack::Piece, pack::Pack, table::Table, tree::Tree, trie::Slot};
use crate::resp::{Bytes, format_double};

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
    /// Members and scores in turn, in order.
    Listpack(Rc<Pack>),
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
        Self { form: Form::Listpack(Rc::default()) }
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
        let mut pack = Pack::default();
        for (at, scored) in members.iter().enumerate() {
            scored.insert_into(&mut pack, at);
        }
        Self { form: Form::Listpack(Rc::new(pack)) }
    }

    /// A sorted set of the `count` entries of a listpack, which are sound: members that are all
    /// different, each with its score behind it, in order.
    pub fn of_entries(entries: &[u8], count: usize) -> Self {
        Self { form: Form::Listpack(Rc::new(Pack::of_entries(entries, count))) }
    }

    /// The entries of the listpack, and how many they are.
    pub fn as_listpack(&self) -> Option<(&[u8], usize)> {
        self.as_pack().map(|pack| (pack.entries(), pack.len()))
    }

    pub(super) fn as_pack(&self) -> Option<&Pack> {
        match &self.form {
            Form::Listpack(members) => Some(members),
            Form::Skiplist(_) => None,
        }
    }

    /// How many members lie in each leaf of the table, if there is one.
    pub(super) fn leaves(&self) -> Option<Vec<usize>> {
        match &self.form {
            Form::Listpack(_) => None,
            Form::Skiplist(both) => Some(both.scores.leaf_lens()),
        }
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
            let found = members.find(&member, 2);
            if found.is_some() || limits.allow(members.len() / 2 + 1, member.len()) {
                let members = Rc::make_mut(members);
                let before = found.and_then(|at| take_pair(members, at));
                let mut scored = Scored { score, member };
                scored.pack();
                let at = members.pairs_from(0).take_while(|pair| scored.is_behind(*pair)).count();
                scored.insert_into(members, at);
                return before.map(|before| before.score);
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
                let at = members.find(member, 2)?;
                Some(take_pair(Rc::make_mut(members), at)?.score)
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
        let scored = self.nth(rank)?;
        match &mut self.form {
            Form::Listpack(members) => {
                Rc::make_mut(members).remove_range(2 * rank, 2 * rank + 2);
            }
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
            Form::Listpack(members) => members.len() / 2,
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
                let equals = Piece::equals(member);
                let (_, score) = members.pairs_from(0).find(|(member, _)| equals(*member))?;
                Some(score_of(score))
            }
            Form::Skiplist(both) => both.scores.get(member).copied(),
        }
    }

    /// How many members come before `member`.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.form {
            Form::Listpack(members) => members.find(member, 2),
            Form::Skiplist(both) => {
                let scored = Scored { score: self.score(member)?, member: Bytes::from(member) };
                Some(both.order.partition(|other| other.order(&scored).is_lt()))
            }
        }
    }

    /// How many members, from the lowest on, satisfy `before`; none after them does.
    pub fn partition(&self, before: impl Fn(&Scored) -> bool) -> usize {
        match &self.form {
            Form::Listpack(members) => {
                members.pairs_from(0).map(Scored::of).take_while(before).count()
            }
            Form::Skiplist(both) => both.order.partition(before),
        }
    }

    /// The member of `rank`.
    pub fn nth(&self, rank: usize) -> Option<Scored> {
        match &self.form {
            Form::Listpack(members) => members.pairs_from(rank).next().map(Scored::of),
            Form::Skiplist(both) => both.order.nth(rank).cloned(),
        }
    }

    /// Every member, lowest first.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Scored> + '_> {
        self.iter_from(0)
    }

    /// The members from `rank` on, lowest first.
    pub fn iter_from(&self, rank: usize) -> Box<dyn Iterator<Item = Scored> + '_> {
        match &self.form {
            Form::Listpack(members) => Box::new(members.pairs_from(rank).map(Scored::of)),
            Form::Skiplist(both) => Box::new(both.order.iter_from(rank).cloned()),
        }
    }

    /// The members below rank `end`, highest first.
    pub fn iter_back(&self, end: usize) -> Box<dyn Iterator<Item = Scored> + '_> {
        match &self.form {
            Form::Listpack(members) => {
                let passed = members.len().saturating_sub(2 * end);
                let mut pieces = members.pieces().rev().skip(passed);
                let pair = move || Some((pieces.next()?, pieces.next()?));
                Box::new(
                    std::iter::from_fn(pair).map(|(score, member)| Scored::of((member, score))),
                )
            }
            Form::Skiplist(both) => Box::new(both.order.iter_back(end).cloned()),
        }
    }

    /// About `count` members from `cursor` on, and the cursor after them: 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<Scored>) {
        match &self.form {
            Form::Listpack(_) => (0, self.iter().collect()),
            Form::Skiplist(both) => {
                let (next, slots) = both.scores.scan(cursor, count);
                let scored = |slot: &Slot<f64>| Scored {
                    score: slot.value,
                    member: Bytes::clone(&slot.name),
                };
                (next, slots.into_iter().map(scored).collect())
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
        if let Form::Listpack(_) = &self.form {
            *self = Self::skiplist(self.iter().collect());
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
    /// What a listpack says.
    fn of((member, score): (Piece<'_>, Piece<'_>)) -> Self {
        Self { score: score_of(score), member: member.to_bytes() }
    }

    /// The score that `text` tells, if it tells one and nothing else.
    pub fn read(text: Piece<'_>) -> Option<f64> {
        match text {
            Piece::Integer(number) => Some(number as f64),
            Piece::Bytes(text) => short_decimal(text).or_else(|| {
                let score: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
                Some(score).filter(|score| !score.is_nan())
            }),
        }
    }

    /// True if its place is behind what a listpack says.
    fn is_behind(&self, (member, score): (Piece<'_>, Piece<'_>)) -> bool {
        let score = score_of(score);
        score < self.score || (score == self.score && *member.to_bytes() < *self.member)
    }

    /// Writes itself into a listpack, before the pair at `at`.
    fn insert_into(&self, pack: &mut Pack, at: usize) {
        pack.insert(2 * at, Piece::of(&self.member));
        pack.insert(2 * at + 1, Piece::of(format_double(self.score).as_bytes()));
    }

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

/// The number that a few digits with a point among them spell. Both the digits and the power of ten
/// are whole numbers that a float holds, so that their quotient is rounded once, as it should be.
fn short_decimal(text: &[u8]) -> Option<f64> {
    if text.len() > SHORT_DIGITS_MAX || text.first() == Some(&b'.') {
        return None;
    }
    let (mut digits, mut power) = (0u64, 1u64);
    // What a digit makes of the power: ten, once the point has come.
    let mut factor = 1;
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                digits = 10 * digits + u64::from(byte - b'0');
                power *= factor;
            }
            b'.' if factor == 1 => factor = 10,
            _ => return None,
        }
    }
    (power > 1).then(|| digits as f64 / power as f64)
}

/// So many digits and a point spell two whole numbers below 2^53.
const SHORT_DIGITS_MAX: usize = 16;

/// The score in a listpack of ours.
fn score_of(text: Piece<'_>) -> f64 {
    Scored::read(text).expect("a score was looked at before it was packed")
}

/// Takes the pair at `at` out of a listpack.
fn take_pair(pack: &mut Pack, at: usize) -> Option<Scored> {
    let pair = pack.pairs_from(at).next().map(Scored::of);
    pack.remove_range(2 * at, 2 * at + 2);
    pair
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
    fn a_score_is_read_as_rust_reads_it() {
        for text in ["0.5", "1.25", "123456.789012345", "0.1", "9.99999999999999", "00.10", "1e3"] {
            let read = Scored::read(Piece::Bytes(text.as_bytes()));
            assert_eq!(read.map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
        }
        for text in ["", ".", "nan", "1.5x", " 1.5", "-"] {
            assert_eq!(Scored::read(Piece::Bytes(text.as_bytes())), None, "{text}");
        }
        assert_eq!(Scored::read(Piece::Bytes(b"-inf")), Some(f64::NEG_INFINITY));
        assert_eq!(Scored::read(Piece::Integer(-3)), Some(-3.0));
    }

    #[test]
    fn equal_scores_are_ordered_by_bytes() {
        let mut set = SortedSet::default();
        for (member, score) in [("b", 1.0), ("a", 2.0), ("ab", 1.0), ("a", 1.0)] {
            set.set(bytes(member), score, &LIMITS);
        }
        assert!(set.iter().map(|s| s.member).eq(["a", "ab", "b"].map(bytes)));
        assert!(set.iter_back(2).map(|s| s.member).eq(["ab", "a"].map(bytes)));
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
            prop_assert!(set.iter().eq(sorted.iter().cloned()));
            prop_assert!(set.iter_back(set.len()).eq(sorted.iter().rev().cloned()));
            prop_assert!(set.iter_back(3).eq(sorted.iter().take(3).rev().cloned()));
            for (rank, scored) in sorted.iter().enumerate() {
                prop_assert_eq!(set.rank(&scored.member), Some(rank));
                prop_assert_eq!(set.score(&scored.member), Some(scored.score));
                prop_assert_eq!(set.nth(rank), Some(scored.clone()));
                let below = sorted.iter().filter(|other| other.score < scored.score).count();
                prop_assert_eq!(set.partition(|other| other.score < scored.score), below);
            }
        }
    }
}
