use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{keyspace::StringValue, resp::Bytes};

fn key(n: u64) -> Bytes {
    Bytes::from(format!("key:{n}").into_bytes())
}

fn value(n: u64) -> Value {
    Value::String(StringValue::Integer(n as i64))
}

fn entry(key: Bytes, value: Value, expires: Option<Millis>) -> Entry {
    Entry { key, value, expires: expires.into(), access: Access::default() }
}

fn filled(count: u64) -> Pages {
    let mut pages = Pages::default();
    for n in 0..count {
        pages.insert(entry(key(n), value(n), None));
    }
    pages
}

#[test]
fn a_clone_keeps_the_past_and_the_epoch_counts_what_was_copied() {
    let mut live = filled(1_000);
    live.begin_epoch();
    let snapshot = live.clone();
    live.insert(entry(key(7), value(0), None));
    live.insert(entry(key(7), value(1), None));
    assert_eq!(live.copied().pages, 1);
    live.remove(&key(8));
    assert_eq!(snapshot.get(&key(7)).unwrap().value, value(7));
    assert_eq!((snapshot.len(), live.len()), (1_000, 999));
    assert!(snapshot.get(&key(8)).is_some());
}

#[test]
fn a_write_that_finds_nothing_copies_nothing() {
    let mut live = filled(100);
    live.begin_epoch();
    assert!(live.remove(b"absent").is_none());
    assert!(!live.set_expiry(b"absent", Some(1)));
    assert_eq!(live.copied(), Copied::default());
}

#[test]
fn a_walk_by_pages_sees_every_key_once_and_in_order() {
    let pages = filled(5_000);
    let (mut from, mut seen) = (Some(0), Vec::new());
    while let Some(page) = from.and_then(|from| pages.page_from(from)) {
        seen.extend(page.entries.iter().map(|e| (e.hash(), e.key.clone())));
        from = page.next;
    }
    assert_eq!(seen.len(), 5_000);
    assert!(seen.is_sorted());
}

proptest! {
    #[test]
    fn the_pages_agree_with_a_plain_map(
        // Not -1, which stands for no expiry.
        steps in prop::collection::vec((0u64..200, 0u8..4, 0..i16::MAX), 1..400)
    ) {
        let (mut pages, mut map) = (Pages::default(), BTreeMap::new());
        for (n, what, at) in steps {
            let at = i64::from(at);
            match what {
                0 | 1 => {
                    let expires = (what == 1).then_some(at);
                    pages.insert(entry(key(n), value(n), expires));
                    map.insert(key(n), expires);
                }
                2 => {
                    let removed = pages.remove(&key(n)).is_some();
                    prop_assert_eq!(removed, map.remove(&key(n)).is_some());
                }
                _ => {
                    let found = map.get_mut(&key(n)).map(|e| *e = Some(at)).is_some();
                    prop_assert_eq!(pages.set_expiry(&key(n), Some(at)), found);
                }
            }
            prop_assert_eq!(pages.len(), map.len() as u64);
            prop_assert_eq!(pages.volatile_len(), map.values().flatten().count() as u64);
            prop_assert_eq!(pages.soonest_expiry(), map.values().flatten().min().copied());
        }
        for (key, expires) in &map {
            prop_assert_eq!(pages.get(key).unwrap().expires.at(), *expires);
        }
        let ranked: Vec<u64> = (0..pages.len()).map(|r| pages.nth(r).unwrap().hash()).collect();
        prop_assert!(ranked.is_sorted());
    }
}

/// The first hash of every page and how many keys it has.
fn layout(pages: &Pages) -> Vec<(u64, usize)> {
    let (mut from, mut seen) = (Some(0), Vec::new());
    while let Some(page) = from.and_then(|from| pages.page_from(from)) {
        seen.push((page.start, page.entries.len()));
        from = page.next;
    }
    seen
}

#[test]
fn pages_are_half_full_however_many_keys_there_are() {
    // A few keys have several pages, so that a write copies only a part of them.
    assert!(layout(&filled(42)).len() >= 10);
    for count in [1_000, 3_000, 10_000, 30_000] {
        let layout = layout(&filled(count));
        let mean = count as f64 / layout.len() as f64;
        let half = PAGE_ENTRIES_MAX as f64 / 2.0;
        assert!(mean >= half, "{count} keys are on pages of {mean}");
        assert!(layout.iter().all(|&(_, keys)| keys <= PAGE_ENTRIES_MAX));
    }
}

#[test]
fn what_came_at_once_lies_as_what_came_one_by_one() {
    for count in [1, 32, 33, 42, 200, 600, 5_000] {
        let mut arrivals = Arrivals::default();
        (0..count).for_each(|n| arrivals.push(entry(key(n), value(n), None)));
        assert_eq!(layout(&arrivals.into_pages()), layout(&filled(count)), "{count} keys");
    }
}

#[test]
fn pages_that_have_become_short_are_joined() {
    let mut pages = filled(3_000);
    (5..3_000).for_each(|n| assert!(pages.remove(&key(n)).is_some()));
    assert_eq!(layout(&pages), [(0, 5)]);
    let mut pages = filled(3_000);
    (300..3_000).for_each(|n| assert!(pages.remove(&key(n)).is_some()));
    let mean = 300.0 / layout(&pages).len() as f64;
    assert!(mean > PAGE_ENTRIES_MERGE as f64 / 2.0, "300 keys are on pages of {mean}");
}

#[test]
fn an_entry_is_eight_words() {
    // A page of 32 then takes 2048 bytes, which no allocator rounds up.
    let words = if size_of::<usize>() == 8 { 8 } else { 12 };
    assert_eq!(size_of::<Entry>(), words * size_of::<usize>());
}
