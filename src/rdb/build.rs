//! From gathered elements to a value, in the encoding that Redis would give it.
//!
//! The layout decides little: a set that was a table on its writer may be an intset here, if the
//! thresholds say so. Only what cannot be told from the elements is taken over: where a list is cut
//! into runs, and how wide an intset once was.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbLoadObject.

use super::{
    format::{Form, Layout},
    gather::{Gathered, ListRun},
    read::{Broken, digits},
};
use crate::{
    keyspace::{End, Fill, Hash, Limits, List, ListNode, Scored, Set, SetLimits, SortedSet, Value},
    resp::Bytes,
};

/// Up to where the values that are read are packed: the configuration of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// `list-max-listpack-size`, and from where on elements are not packed.
    pub list_fill: Fill,
    /// `set-max-intset-entries`, `set-max-listpack-entries`, `set-max-listpack-value`.
    pub set: SetLimits,
    /// `hash-max-listpack-entries`, `hash-max-listpack-value`.
    pub hash: Limits,
    /// `zset-max-listpack-entries`, `zset-max-listpack-value`.
    pub sorted_set: Limits,
}

impl Default for Thresholds {
    fn default() -> Self {
        let packed = Limits { entries: 128, element_bytes: 64 };
        Self {
            list_fill: Fill::of(-2),
            set: SetLimits { numbers: 512, packed },
            hash: Limits { entries: 512, element_bytes: 64 },
            sorted_set: packed,
        }
    }
}

impl Gathered {
    /// The value of these elements, of which there is at least one.
    pub(super) fn into_value(
        self,
        layout: Layout,
        thresholds: &Thresholds,
    ) -> Result<Value, Broken> {
        let packed = layout.form() != Form::Plain;
        Ok(match self {
            Self::Elements(elements) => Value::List(list_of_elements(&elements, thresholds)),
            Self::Runs(runs) => Value::List(list_of_runs(runs, layout, thresholds)),
            Self::Members(members) if packed => {
                Value::Set(packed_set(members, thresholds.set.packed)?)
            }
            Self::Members(members) => Value::Set(set(members, &thresholds.set)?),
            Self::Numbers { width, numbers } => {
                Value::Set(set_of_numbers(width, numbers, &thresholds.set))
            }
            Self::Fields(fields) => Value::Hash(hash(fields, layout.form(), thresholds.hash)?),
            Self::Scored(members) => {
                Value::SortedSet(sorted_set(members, packed, thresholds.sorted_set)?)
            }
        })
    }
}

fn list_of_elements(elements: &[Bytes], thresholds: &Thresholds) -> List {
    let mut list = List::quicklist([]);
    list.push(End::Right, elements, thresholds.list_fill);
    list.repack(thresholds.list_fill);
    list
}

fn list_of_runs(runs: Vec<ListRun>, layout: Layout, thresholds: &Thresholds) -> List {
    let mut list = List::quicklist(runs.into_iter().map(|run| match run {
        ListRun::Packed(elements) => ListNode::packed(elements),
        ListRun::Plain(element) => ListNode::plain(element),
    }));
    // A list of a single ziplist stays a quicklist, for whatever reason Redis has.
    if layout.form() != Form::Ziplist {
        list.repack(thresholds.list_fill);
    }
    list
}

/// A set whose members came one by one.
fn set(members: Vec<Bytes>, limits: &SetLimits) -> Result<Set, Broken> {
    let count = members.len();
    let set = if count > limits.numbers {
        Set::table(members)
    } else {
        let mut set = Set::from_numbers(INTSET_WIDTH_MIN, Vec::new());
        for member in members {
            set.add(member, limits);
        }
        set
    };
    if set.len() == count { Ok(set) } else { Err(TWICE) }
}

fn packed_set(members: Vec<Bytes>, limits: Limits) -> Result<Set, Broken> {
    let count = members.len();
    if count > limits.entries {
        return Some(Set::table(members)).filter(|set| set.len() == count).ok_or(TWICE);
    }
    all_different(members.iter())?;
    Ok(Set::packed(members))
}

fn set_of_numbers(width: usize, numbers: Vec<i64>, limits: &SetLimits) -> Set {
    if numbers.len() > limits.numbers {
        return Set::table(numbers.into_iter().map(digits));
    }
    Set::from_numbers(width as u8, numbers)
}

fn hash(fields: Vec<(Bytes, Bytes)>, form: Form, limits: Limits) -> Result<Hash, Broken> {
    let count = fields.len();
    // Redis asks a packed hash for nothing but its count, except a zipmap.
    let by_length = matches!(form, Form::Plain | Form::Zipmap);
    let longest = fields.iter().map(|(name, value)| name.len().max(value.len())).max();
    let length = if by_length { longest.unwrap_or(0) } else { 0 };
    if !limits.allow(count, length) {
        return Some(Hash::table(fields)).filter(|hash| hash.len() == count).ok_or(TWICE);
    }
    all_different(fields.iter().map(|(name, _)| name))?;
    Ok(Hash::packed(fields))
}

fn sorted_set(
    members: Vec<(Bytes, f64)>,
    packed: bool,
    limits: Limits,
) -> Result<SortedSet, Broken> {
    let count = members.len();
    let longest = members.iter().map(|(member, _)| member.len()).max().unwrap_or(0);
    let members = members.into_iter().map(|(member, score)| Scored { score, member }).collect();
    // Here, too, what comes packed is asked for nothing but its count.
    if !limits.allow(count, if packed { 0 } else { longest }) {
        return Some(SortedSet::skiplist(members)).filter(|set| set.len() == count).ok_or(TWICE);
    }
    let members: Vec<Scored> = members;
    all_different(members.iter().map(|scored| &scored.member))?;
    Ok(if packed { SortedSet::as_packed(members) } else { SortedSet::packed(members) })
}

/// Redis notices a name that comes twice only in some layouts; we do in all.
fn all_different<'a>(names: impl Iterator<Item = &'a Bytes>) -> Result<(), Broken> {
    let mut names: Vec<&Bytes> = names.collect();
    names.sort_unstable();
    if names.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(TWICE) }
}

/// The width of an intset that has held no number.
const INTSET_WIDTH_MIN: u8 = 2;
const TWICE: Broken = "a collection with the same element twice";

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: usize) -> Vec<Bytes> {
        (0..count).map(|n| Bytes::from(format!("m{n}").into_bytes())).collect()
    }

    fn numbers(count: usize) -> Vec<Bytes> {
        (0..count).map(|n| Bytes::from(n.to_string().into_bytes())).collect()
    }

    fn long() -> Bytes {
        Bytes::from(&[b'x'; 65][..])
    }

    fn encoding(gathered: Gathered, layout: Layout) -> &'static str {
        gathered.into_value(layout, &Thresholds::default()).unwrap().encoding().name()
    }

    #[test]
    fn a_set_takes_the_tightest_form_that_holds_it() {
        for (members, layout, expected) in [
            (numbers(512), Layout::Set, "intset"),
            (numbers(513), Layout::Set, "hashtable"),
            (texts(128), Layout::Set, "listpack"),
            (texts(129), Layout::Set, "hashtable"),
            ([numbers(127), texts(1)].concat(), Layout::Set, "listpack"),
            ([numbers(128), texts(1)].concat(), Layout::Set, "hashtable"),
            (vec![long()], Layout::Set, "hashtable"),
            (vec![long()], Layout::SetListpack, "listpack"),
            (numbers(128), Layout::SetListpack, "listpack"),
            (numbers(129), Layout::SetListpack, "hashtable"),
        ] {
            let count = members.len();
            let found = encoding(Gathered::Members(members), layout);
            assert_eq!(found, expected, "{count} in {}", layout.name());
        }
        for (count, expected) in [(512, "intset"), (513, "hashtable")] {
            let numbers = Gathered::Numbers { width: 8, numbers: (0..count).collect() };
            assert_eq!(encoding(numbers, Layout::SetIntset), expected);
        }
    }

    #[test]
    fn hashes_and_sorted_sets_follow_their_thresholds() {
        let fields =
            |count| Gathered::Fields(texts(count).into_iter().map(|t| (t, long())).collect());
        let short =
            |count| Gathered::Fields(texts(count).into_iter().map(|t| (t.clone(), t)).collect());
        assert_eq!(encoding(short(512), Layout::Hash), "listpack");
        assert_eq!(encoding(short(513), Layout::HashListpack), "hashtable");
        assert_eq!(encoding(fields(1), Layout::Hash), "hashtable");
        assert_eq!(encoding(fields(1), Layout::HashZipmap), "hashtable");
        assert_eq!(encoding(fields(1), Layout::HashZiplist), "listpack");
        let scored =
            |texts: Vec<Bytes>| Gathered::Scored(texts.into_iter().map(|t| (t, 1.5)).collect());
        assert_eq!(encoding(scored(texts(128)), Layout::SortedSet), "listpack");
        assert_eq!(encoding(scored(texts(129)), Layout::SortedSetListpack), "skiplist");
        assert_eq!(encoding(scored(vec![long()]), Layout::SortedSet), "skiplist");
        assert_eq!(encoding(scored(vec![long()]), Layout::SortedSetZiplist), "listpack");
    }

    #[test]
    fn an_element_that_comes_twice_is_refused() {
        let twice = |count| [texts(count), texts(1)].concat();
        for count in [1, 600] {
            for gathered in [
                Gathered::Members(twice(count)),
                Gathered::Fields(twice(count).into_iter().map(|t| (t, long())).collect()),
                Gathered::Scored(twice(count).into_iter().map(|t| (t, 1.0)).collect()),
            ] {
                for layout in [Layout::Set, Layout::SetListpack] {
                    let value = gathered.clone().into_value(layout, &Thresholds::default());
                    assert_eq!(value, Err(TWICE));
                }
            }
        }
    }
}
