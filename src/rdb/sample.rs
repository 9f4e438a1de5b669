//! Values of every kind, for tests.

use proptest::prelude::*;

use super::{Header, ReplInfo, Thresholds};
use crate::{
    keyspace::{
        End, Fill, Group, Hash, Keyspace, List, ListNode, Pending, Scored, Set, SetLimits,
        SortedSet, Stream, StreamId, StreamLimits, StringValue, Value,
    },
    resp::Bytes,
};

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::from(text.as_bytes())
}

pub(super) fn header() -> Header {
    let repl = ReplInfo { stream_db: 0, id: [b'0'; 40], offset: 9_000_000_000 };
    Header {
        redis_version: "7.2.4".to_owned(),
        ctime_seconds: 1_700_000_000,
        libraries: Vec::new(),
        used_memory: 1 << 20,
        repl: Some(repl),
    }
}

/// `keys` values of all kinds in three databases.
pub(super) fn keyspace(keys: usize) -> Keyspace {
    let mut keyspace = Keyspace::new(3);
    for n in 1..=keys {
        let expires = (n % 3 == 1).then_some(n as i64 * 1_000 - 5_000);
        keyspace.db_mut((n - 1) % 3).insert(bytes(&format!("key:{n}")), value(n), expires);
    }
    keyspace
}

/// A string, or a collection of some size: twelve encodings in turn, each within its thresholds.
pub(super) fn value(n: usize) -> Value {
    let texts = |most: usize| (0..(n * n).min(most)).map(|m| bytes(&format!("element:{m}")));
    let scored = |score| move |member| Scored { score, member };
    match n % 12 {
        0 => Value::String(StringValue::new(bytes(&n.to_string()))),
        1 => Value::String(StringValue::new(bytes(&"abc".repeat(n)))),
        2 => Value::String(StringValue::new(bytes(&format!("-{n}000000000")))),
        3 => Value::List(List::packed(ListNode::packed(texts(300)))),
        4 => Value::List(List::quicklist([
            ListNode::packed(texts(5_000)),
            ListNode::plain(bytes("plain")),
            ListNode::packed([bytes("17")]),
        ])),
        5 => Value::Set(Set::from_numbers(4, (-5..n as i64).collect())),
        6 => Value::Set(Set::packed(texts(128).collect())),
        7 => Value::Set(Set::table(texts(5_000).chain([bytes(&"x".repeat(65))]))),
        8 => Value::Hash(Hash::packed(texts(512).map(|text| (text.clone(), text)).collect())),
        9 => Value::Hash(Hash::table(texts(5_000).map(|text| (text, bytes(&"y".repeat(65)))))),
        10 => Value::SortedSet(SortedSet::packed(texts(128).map(scored(-0.5)).collect())),
        _ => {
            let last = scored(f64::INFINITY)(bytes(&"z".repeat(65)));
            let members = texts(5_000).map(scored(n as f64 / 3.0)).chain([last]);
            Value::SortedSet(SortedSet::skiplist(members.collect()))
        }
    }
}

/// An element of a collection: a number, something short, or something that can be packed.
fn text() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        any::<i64>().prop_map(|number| bytes(&number.to_string())),
        (-300i64..300).prop_map(|number| bytes(&number.to_string())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from),
        (0usize..300).prop_map(|length| bytes(&"ab".repeat(length))),
    ]
}

/// A value that commands could have made, with small thresholds so that all encodings occur.
pub(super) fn any_value() -> impl Strategy<Value = Value> {
    let texts = || prop::collection::vec(text(), 1..60);
    let limits = limits();
    let set = move |members: Vec<Bytes>| {
        let mut set = Set::create(&members[0], 1, &limits.set);
        for member in members {
            set.add(member, &limits.set);
        }
        Value::Set(set)
    };
    let hash = move |fields: Vec<(Bytes, Bytes)>| {
        let mut hash = Hash::default();
        for (name, value) in fields {
            hash.set(name, value, &limits.hash);
        }
        Value::Hash(hash)
    };
    let sorted_set = move |members: Vec<(Bytes, f64)>| {
        let mut set = SortedSet::default();
        for (member, score) in members {
            set.set(member, score, &limits.sorted_set);
        }
        Value::SortedSet(set)
    };
    let list = move |elements: Vec<(Bytes, bool)>| {
        let mut list = List::default();
        for (element, left) in elements {
            let end = if left { End::Left } else { End::Right };
            list.push(end, &[element], limits.list_fill);
        }
        Value::List(list)
    };
    let score = any::<f64>().prop_filter("a score is a number", |score| !score.is_nan());
    prop_oneof![
        text().prop_map(|text| Value::String(StringValue::new(text))),
        prop::collection::vec((text(), any::<bool>()), 1..60).prop_map(list),
        texts().prop_map(set),
        prop::collection::vec(-40_000i64..40_000, 1..60)
            .prop_map(|numbers| numbers.iter().map(|n| bytes(&n.to_string())).collect())
            .prop_map(set),
        prop::collection::vec((text(), text()), 1..60).prop_map(hash),
        prop::collection::vec((text(), score), 1..60).prop_map(sorted_set),
        any_stream().prop_map(|stream| Value::Stream(Box::new(stream))),
    ]
}

/// A stream of small nodes, from which entries were deleted, with groups that have read some.
fn any_stream() -> impl Strategy<Value = Stream> {
    let entries = prop::collection::vec((text(), text(), 0u64..5, any::<bool>()), 0..30);
    let reads = prop::collection::vec((0usize..3, 0usize..3, 0u64..60), 0..20);
    (entries, reads).prop_map(|(entries, reads)| {
        let (mut stream, mut id) = (Stream::default(), StreamId::MIN);
        let limits = StreamLimits { bytes: 200, entries: 5 };
        for (field, value, later, odd) in &entries {
            id = StreamId { ms: id.ms + later, seq: id.seq + 1 };
            let pair = [field.clone(), value.clone()];
            let pairs = if *odd { pair.to_vec() } else { [bytes("f"), bytes("1")].to_vec() };
            stream.append(id, &pairs, &limits);
        }
        for (n, (group, consumer, ms)) in reads.iter().enumerate() {
            let group = bytes(["a", "b", "c"][*group]);
            let new = || Group::new(id, (n % 2 == 0).then_some(n as u64));
            let group = stream.groups_mut().entry(group).or_insert_with(new);
            let consumer = bytes(["x", "y", "z"][*consumer]);
            group.add_consumer(consumer.clone(), 5, Some(n as i64));
            let pending = Pending { consumer, delivered: n as i64, count: n as u64 };
            group.give(StreamId { ms: *ms, seq: 1 }, pending);
            stream.delete(StreamId { ms: *ms, seq: *ms });
        }
        stream.find_first();
        stream
    })
}

/// Small thresholds.
pub(super) fn limits() -> Thresholds {
    let mut thresholds = Thresholds { list_fill: Fill::of(-1), ..Thresholds::default() };
    thresholds.hash.entries = 30;
    thresholds.sorted_set.entries = 30;
    thresholds.set = SetLimits { numbers: 40, packed: thresholds.set.packed };
    thresholds.set.packed.entries = 30;
    thresholds
}
