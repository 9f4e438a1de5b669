//! How much memory a value takes, by a count that does not walk through it.
//!
//! What is counted is what Redis' own structures take, so that `maxmemory 100mb` holds about as
//! many keys here as there. Of a collection some elements are looked at, and stand for the others,
//! as MEMORY USAGE does it. *Source*: Redis 7.2 · object.c · objectComputeSize.

use super::{Hash, List, Set, SortedSet, Stream, StringValue, Value};

impl Value {
    /// Roughly the bytes that the value takes, with `samples` elements looked at.
    pub fn weight(&self, samples: usize) -> u64 {
        let inner = match self {
            Self::String(string) => string_weight(string),
            Self::List(list) => list_weight(list, samples),
            Self::Set(set) => set_weight(set, samples),
            Self::Hash(hash) => hash_weight(hash, samples),
            Self::SortedSet(members) => sorted_set_weight(members, samples),
            Self::Stream(stream) => stream_weight(stream, samples),
        };
        (OBJECT_BYTES + inner) as u64
    }
}

fn string_weight(string: &StringValue) -> usize {
    match string {
        StringValue::Integer(_) => 0,
        StringValue::Embedded(bytes) => bytes.len() + EMBEDDED_BYTES,
        StringValue::Raw(bytes) => bytes.len() + RAW_BYTES,
    }
}

fn list_weight(list: &List, samples: usize) -> usize {
    let mut nodes = list.nodes();
    let node = |_| nodes.next().map(|node| NODE_BYTES + node.bytes());
    QUICKLIST_BYTES + estimate(node, list.nodes().count(), samples)
}

fn set_weight(set: &Set, samples: usize) -> usize {
    if let Some((width, numbers)) = set.as_numbers() {
        return usize::from(width) * numbers.len();
    }
    if let Some(pack) = set.as_pack() {
        return pack.listpack_bytes();
    }
    let member = |at: usize| set.nth(at).map(|member| TABLE_ENTRY_BYTES + member.len());
    estimate(member, set.len(), samples)
}

fn hash_weight(hash: &Hash, samples: usize) -> usize {
    if let Some(pack) = hash.as_pack() {
        return pack.listpack_bytes();
    }
    let each = TABLE_ENTRY_BYTES + RAW_BYTES;
    let field = |at: usize| hash.nth(at).map(|(name, value)| each + name.len() + value.len());
    estimate(field, hash.len(), samples)
}

fn sorted_set_weight(members: &SortedSet, samples: usize) -> usize {
    if let Some(pack) = members.as_pack() {
        return pack.listpack_bytes();
    }
    let member = |at: usize| members.nth(at).map(|one| SKIPLIST_ENTRY_BYTES + one.member.len());
    estimate(member, members.len(), samples)
}

fn stream_weight(stream: &Stream, samples: usize) -> usize {
    let mut nodes = stream.nodes_from(0);
    let node = |_| nodes.next().map(|node| NODE_BYTES + node.bytes());
    let nodes = estimate(node, stream.node_count(), samples);
    let groups = stream.groups().values();
    nodes + groups.map(|group| GROUP_BYTES + group.pending() * PENDING_BYTES).sum::<usize>()
}

/// The sum over `count` elements, of which the first `samples` stand for all.
fn estimate(weight: impl FnMut(usize) -> Option<usize>, count: usize, samples: usize) -> usize {
    let looked_at = count.min(samples.max(1));
    let sum: usize = (0..looked_at).filter_map(weight).sum();
    sum.checked_div(looked_at).map_or(0, |mean| sum + mean * (count - looked_at))
}

/// The head of every value.
const OBJECT_BYTES: usize = 16;
/// What a string has around it within the head's allocation, and in one of its own.
const EMBEDDED_BYTES: usize = 4;
const RAW_BYTES: usize = 10;
/// What an element has around it in a hash table.
const TABLE_ENTRY_BYTES: usize = 40;
/// What a member has around it in a skiplist and in its table.
const SKIPLIST_ENTRY_BYTES: usize = 88;
/// The head of a list, and what each of its nodes has around it.
const QUICKLIST_BYTES: usize = 40;
const NODE_BYTES: usize = 32;
/// A group of consumers, and an entry that one of them has not acknowledged.
const GROUP_BYTES: usize = 120;
const PENDING_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::Limits;
    use crate::resp::Bytes;

    #[test]
    fn some_elements_stand_for_all() {
        let weight = |at: usize| [3, 5, 100].get(at).copied();
        assert_eq!(estimate(weight, 3, 2), 8 + 4);
        assert_eq!(estimate(weight, 3, 5), 108);
        assert_eq!(estimate(weight, 0, 5), 0);
    }

    #[test]
    fn a_value_weighs_as_much_more_as_it_grows() {
        let text = |bytes: usize| StringValue::text(Bytes::from(vec![b'x'; bytes]));
        let string = |bytes: usize| Value::String(text(bytes)).weight(5);
        assert_eq!(string(40) - string(10), 30);
        assert_eq!(string(1_000) - string(100), 900);
        let limits = Limits { entries: 4, element_bytes: 64 };
        let hash = |fields: u32| {
            let mut hash = Hash::default();
            for n in 0..fields {
                hash.set(Bytes::from(vec![n as u8; 8]), Bytes::from(vec![0; 8]), &limits);
            }
            Value::Hash(hash).weight(5)
        };
        assert_eq!(hash(4) - hash(3), 20);
        assert_eq!(hash(100) - hash(99), 66);
    }
}
