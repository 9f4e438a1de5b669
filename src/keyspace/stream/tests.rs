use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::Pending;

const LIMITS: StreamLimits = StreamLimits { bytes: 4_096, entries: 100 };

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.as_bytes())
}

fn id(ms: u64) -> StreamId {
    StreamId { ms, seq: 0 }
}

fn filled(count: u64) -> Stream {
    let mut stream = Stream::default();
    for ms in 1..=count {
        stream.append(id(ms), &[bytes("f"), bytes("v")], &LIMITS);
    }
    stream
}

fn ids(stream: &Stream) -> Vec<u64> {
    stream.range(StreamId::MIN, StreamId::MAX).map(|entry| entry.id().ms).collect()
}

#[test]
fn a_node_takes_a_hundred_entries_or_four_kilobytes() {
    assert_eq!(filled(100).node_count(), 1);
    assert_eq!(filled(101).node_count(), 2);
    let mut stream = Stream::default();
    let long = bytes(&"x".repeat(1_000));
    for ms in 1..=5 {
        stream.append(id(ms), &[bytes("f"), long.clone()], &LIMITS);
    }
    assert_eq!(stream.nodes_from(0).map(StreamNode::live).collect::<Vec<_>>(), [4, 1]);
}

#[test]
fn a_deleted_entry_keeps_its_place_until_its_node_goes() {
    let mut stream = filled(3);
    let before = stream.clone();
    assert!(stream.delete(id(2)) && !stream.delete(id(2)) && !stream.delete(id(9)));
    assert_eq!(ids(&stream), [1, 3]);
    assert_eq!(stream.nodes_from(0).next().map(StreamNode::deleted), Some(1));
    assert_eq!(stream.marks().max_deleted_id, id(2));
    assert!(stream.delete(id(1)) && stream.delete(id(3)));
    assert_eq!((stream.len(), stream.node_count()), (0, 0));
    assert_eq!(ids(&before), [1, 2, 3], "a clone is the stream of its instant");
}

#[test]
fn rough_trimming_takes_whole_nodes() {
    let mut stream = filled(250);
    assert_eq!(stream.trim(Trim::Length(120), true, 0), 100);
    assert_eq!(stream.trim(Trim::Length(120), true, 0), 0);
    assert_eq!(stream.trim(Trim::Length(120), false, 0), 30);
    assert_eq!(stream.marks().first_id, id(131));
    assert_eq!(stream.trim(Trim::From(id(240)), false, 0), 109);
    assert_eq!(ids(&stream), (240..=250).collect::<Vec<_>>());
    assert_eq!(stream.trim(Trim::Length(0), false, 0), 11);
    assert_eq!(stream.marks().first_id, StreamId::MIN);
    assert_eq!(filled(250).trim(Trim::Length(0), true, 150), 100);
}

#[test]
fn a_lag_is_told_where_nothing_was_deleted_in_between() {
    let mut stream = filled(5);
    let group = |last, read| Group::new(id(last), read);
    assert_eq!(stream.lag(&group(0, None)), Some(5));
    assert_eq!(stream.lag(&group(5, None)), Some(0));
    assert_eq!(stream.lag(&group(3, None)), None);
    assert_eq!(stream.lag(&group(3, Some(3))), Some(2));
    stream.delete(id(4));
    assert_eq!(stream.lag(&group(3, Some(3))), None);
    assert_eq!(stream.lag(&group(5, Some(5))), Some(0));
}

#[test]
fn an_entry_is_pending_at_one_consumer() {
    let mut group = Group::new(StreamId::MIN, None);
    let pending = |name: &str, count| Pending { consumer: bytes(name), delivered: 7, count };
    assert!(group.add_consumer(bytes("a"), 1, None) && group.add_consumer(bytes("b"), 1, None));
    assert!(!group.add_consumer(bytes("a"), 9, None));
    group.give(id(1), pending("a", 1));
    group.give(id(2), pending("a", 1));
    group.give(id(1), pending("b", 2));
    let count = |group: &Group, name: &str| group.consumer(name.as_bytes()).unwrap().pending();
    assert_eq!((count(&group, "a"), count(&group, "b"), group.pending()), (1, 1, 2));
    assert_eq!(group.acknowledge(id(1)), Some(pending("b", 2)));
    assert_eq!(group.acknowledge(id(1)), None);
    assert_eq!(group.remove_consumer(b"a"), Some(1));
    assert_eq!(group.pending(), 0);
}

proptest! {
    #[test]
    fn a_stream_is_a_map_of_what_is_not_deleted(
        steps in prop::collection::vec((0u8..10, 1u64..60), 1..200),
        entries in 1usize..6,
    ) {
        let limits = StreamLimits { bytes: 0, entries };
        let (mut stream, mut model, mut last) = (Stream::default(), BTreeMap::new(), 0);
        for (act, ms) in steps {
            match act {
                0..6 => {
                    last += 1;
                    let pairs = [bytes(&format!("f{}", ms % 3)), bytes(&last.to_string())];
                    stream.append(id(last), &pairs, &limits);
                    model.insert(last, pairs);
                }
                6..8 => prop_assert_eq!(stream.delete(id(ms)), model.remove(&ms).is_some()),
                8 => {
                    let gone = stream.trim(Trim::Length(ms), false, 0);
                    let more = (model.len() as u64).saturating_sub(ms);
                    prop_assert_eq!(gone, more);
                    (0..more).for_each(|_| { model.pop_first(); });
                }
                _ => {
                    stream.trim(Trim::From(id(ms)), false, 0);
                    model = model.split_off(&ms);
                }
            }
            prop_assert_eq!(stream.len(), model.len() as u64);
            prop_assert!(stream.nodes_from(0).all(|node| !node.entries().is_empty()));
        }
        let found: BTreeMap<_, _> = stream
            .range(StreamId::MIN, StreamId::MAX)
            .map(|entry| (entry.id().ms, entry.pairs()[0]))
            .map(|(ms, (field, value))| (ms, [field.clone(), value.clone()]))
            .collect();
        prop_assert_eq!(&found, &model);
        let mut back: Vec<u64> =
            stream.range_back(id(10), id(40)).map(|entry| entry.id().ms).collect();
        back.reverse();
        prop_assert_eq!(back, model.range(10..=40).map(|(&ms, _)| ms).collect::<Vec<_>>());
    }
}
