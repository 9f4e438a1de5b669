use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::keyspace::Limits;

const LIMITS: SetLimits =
    SetLimits { numbers: 512, packed: Limits { entries: 128, element_bytes: 64 } };

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.as_bytes())
}

fn set_of<'a>(members: impl IntoIterator<Item = &'a str>) -> Set {
    let mut set = Set::from_numbers(INT_16, Vec::new());
    for member in members {
        set.add(bytes(member), &LIMITS);
    }
    set
}

fn numbers(count: u32) -> Set {
    let mut set = Set::create(b"0", 1, &LIMITS);
    for n in 0..count {
        set.add(bytes(&n.to_string()), &LIMITS);
    }
    set
}

#[test]
fn numbers_ascend_until_something_else_comes() {
    let mut set = set_of(["3", "-1", "2"]);
    assert_eq!(set.as_numbers(), Some((2, &[-1, 2, 3][..])));
    set.add(bytes("70000"), &LIMITS);
    set.remove(b"70000");
    assert_eq!(set.as_numbers().unwrap().0, 4, "the width does not shrink");
    set.add(bytes("x"), &LIMITS);
    set.add(bytes("1"), &LIMITS);
    assert_eq!(set.encoding(), Encoding::Listpack);
    assert!(set.iter().eq(["-1", "2", "3", "x", "1"].map(bytes)));
}

#[test]
fn an_intset_has_room_for_512() {
    assert_eq!(numbers(512).encoding(), Encoding::Intset);
    assert_eq!(numbers(513).encoding(), Encoding::Hashtable);
}

#[test]
fn a_word_finds_room_among_127_numbers_but_not_among_128() {
    let mut few = numbers(127);
    few.add(bytes("x"), &LIMITS);
    assert_eq!(few.encoding(), Encoding::Listpack);
    few.add(bytes("y"), &LIMITS);
    assert_eq!(few.encoding(), Encoding::Hashtable);
    let mut many = numbers(128);
    many.add(bytes("x"), &LIMITS);
    assert_eq!(many.encoding(), Encoding::Hashtable);
    let mut long = numbers(1);
    long.add(bytes(&"x".repeat(65)), &LIMITS);
    assert_eq!((long.encoding(), long.len()), (Encoding::Hashtable, 2));
}

#[test]
fn the_first_member_and_their_number_choose_the_form() {
    let form = |first: &[u8], expected| Set::create(first, expected, &LIMITS).encoding();
    assert_eq!(form(b"1", 512), Encoding::Intset);
    assert_eq!(form(b"1", 513), Encoding::Hashtable);
    assert_eq!(form(b"x", 128), Encoding::Listpack);
    assert_eq!(form(b"x", 129), Encoding::Hashtable);
    let mut set = set_of(["x"]);
    set.expect(129, &LIMITS);
    assert_eq!(set.encoding(), Encoding::Hashtable);
}

#[test]
fn a_table_of_few_numbers_can_be_an_intset_again() {
    let mut set = Set::table(["5", "1"].map(bytes));
    set.repack(&LIMITS);
    assert_eq!(set, Set::from_numbers(2, vec![1, 5]));
    let mut set = Set::table(["5", "x"].map(bytes));
    set.repack(&LIMITS);
    assert_eq!(set.encoding(), Encoding::Hashtable);
}

proptest! {
    #[test]
    fn a_set_is_a_set_in_every_form(
        steps in prop::collection::vec((0u32..40, any::<bool>(), any::<bool>()), 1..200),
        entries in 0usize..30,
    ) {
        let limits = SetLimits {
            numbers: entries, packed: Limits { entries: entries / 2, element_bytes: 3 },
        };
        let (mut set, mut model) = (Set::create(b"1", 1, &limits), BTreeSet::new());
        for (n, word, remove) in steps {
            let member = if word && n > 20 { format!("w{n}") } else { n.to_string() };
            let member = bytes(&member);
            if remove {
                prop_assert_eq!(set.remove(&member), model.remove(&member));
            } else {
                prop_assert_eq!(set.add(Bytes::clone(&member), &limits), model.insert(member));
            }
            prop_assert_eq!(set.len(), model.len());
        }
        prop_assert!(model.iter().all(|member| set.contains(member)));
        let ranked: Vec<Bytes> = (0..set.len()).map(|rank| set.nth(rank).unwrap()).collect();
        prop_assert!(set.iter().eq(ranked.iter().cloned()));
        prop_assert_eq!(ranked.into_iter().collect::<BTreeSet<_>>(), model);
    }
}
