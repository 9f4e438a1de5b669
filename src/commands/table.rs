//! The rows of every family, and how one is found.

use std::sync::LazyLock;

use super::bitmap::{self, field, op};
use super::geo::{self, search};
use super::list::{self, pop as list_pop, shift};
use super::set::{self, algebra as set_algebra, draw};
use super::sorted_set::{self, algebra, list as sorted_list, pop, range as sorted_range, trim};
use super::stream::{self, claim, group, info, pending, read};
use super::{
    Spec, dump, expire, hash, hyperloglog, key, lcs, number, object, range, scan, sort, string,
};

/// The tables of the families.
pub const TABLE: &[&[Spec]] = &[
    string::TABLE,
    number::TABLE,
    range::TABLE,
    lcs::TABLE,
    bitmap::TABLE,
    op::TABLE,
    field::TABLE,
    key::TABLE,
    scan::TABLE,
    object::TABLE,
    dump::TABLE,
    expire::TABLE,
    list::TABLE,
    list_pop::TABLE,
    shift::TABLE,
    set::TABLE,
    draw::TABLE,
    set_algebra::TABLE,
    hash::TABLE,
    sorted_set::TABLE,
    sorted_range::TABLE,
    trim::TABLE,
    sorted_list::TABLE,
    pop::TABLE,
    algebra::TABLE,
    stream::TABLE,
    read::TABLE,
    group::TABLE,
    pending::TABLE,
    claim::TABLE,
    info::TABLE,
    hyperloglog::TABLE,
    geo::TABLE,
    search::TABLE,
    sort::TABLE,
];

/// All rows, each in the first free place from the one on that its name asks for.
static PLACES: LazyLock<[Option<&Spec>; PLACES_MAX]> = LazyLock::new(|| {
    let mut places = [None; PLACES_MAX];
    for spec in TABLE.iter().copied().flatten() {
        let taken = seek(&places, spec.name.as_bytes());
        places[taken] = Some(spec);
    }
    places
});

/// Where the row of `name`, in any case, is, or the free place where it would be.
fn seek(places: &[Option<&Spec>; PLACES_MAX], name: &[u8]) -> usize {
    let number = |sum: usize, letter: &u8| {
        sum.wrapping_mul(31).wrapping_add(usize::from(letter.to_ascii_lowercase()))
    };
    let mut at = name.iter().fold(name.len(), number) % PLACES_MAX;
    while places[at].is_some_and(|spec| !spec.name.as_bytes().eq_ignore_ascii_case(name)) {
        at = (at + 1) % PLACES_MAX;
    }
    at
}

/// Some times more than there are rows: most names find their own place free.
const PLACES_MAX: usize = 1_024;

/// No name is longer.
const NAME_BYTES_MAX: usize = 32;

/// The row of `name`, in any case.
pub fn lookup(name: &[u8]) -> Option<&'static Spec> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    PLACES[seek(&PLACES, name)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_lower_case_and_unique() {
        let mut names: Vec<_> = TABLE.iter().copied().flatten().map(|spec| spec.name).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| !c.is_ascii_uppercase())));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_name_is_found_in_any_case() {
        assert_eq!(lookup(b"ZrangeByScore").map(|spec| spec.name), Some("zrangebyscore"));
        assert!(lookup(b"zrangebyscor").is_none() && lookup(b"").is_none());
    }
}
