//! SORT: the elements of a list, a set or a sorted set in an order, perhaps that of other keys.
//!
//! Text is compared byte by byte, whatever the language of the machine.
//! *Source*: Redis 7.2 · sort.c · sortCommandGeneric, lookupKeyByPattern.

use std::cmp::Ordering;
use std::ops::Range;

use super::args::score;
use super::rows::rows;
use super::{Call, Classes, Refusal, Spec};
use crate::keyspace::{Encoding, List, Piece, Value};
use crate::resp::{Bytes, Reply};

pub(super) const TABLE: &[Spec] = rows! { Generic;
    "sort" -2 GROW_SOME FIRST sort, concat!(
        "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC|DESC] ",
        "[ALPHA] [STORE destination]"
    ), "Answers or stores the elements of a list, set or sorted set in an order.";
    "sort_ro" -2 READ_SOME FIRST sort_ro,
        "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC|DESC] [ALPHA]",
        "Answers the elements of a list, set or sorted set in an order.";
};

/// What is asked for.
#[derive(Clone, Debug)]
struct Request {
    descending: bool,
    /// By text, not by number.
    alpha: bool,
    /// The first element of the result, and how many it has; negative: all.
    limit: (i64, i64),
    by: Option<Bytes>,
    get: Vec<Bytes>,
    store: Option<Bytes>,
}

/// What an element is sorted by.
#[derive(Clone, Debug, PartialEq)]
enum Weight {
    Number(f64),
    /// None if there is no such key: it comes before everything.
    Text(Option<Bytes>),
}

impl Weight {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) | (Self::Text(_), Self::Number(_)) => Ordering::Equal,
        }
    }
}

fn sort(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, true)?;
    run(call, request)
}

fn sort_ro(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let request = Request::parse(call, false)?;
    run(call, request)
}

impl Request {
    fn parse(call: &Call<'_>, may_store: bool) -> Result<Self, Refusal> {
        let mut request = Self {
            descending: false,
            alpha: false,
            limit: (0, -1),
            by: None,
            get: Vec::new(),
            store: None,
        };
        let mut index = 2;
        while index < call.args.len() {
            let more = call.args.len() - index - 1;
            let mut taken = 2;
            match call.args[index].to_ascii_lowercase().as_slice() {
                b"limit" if more >= 2 => {
                    request.limit = (call.integer(index + 1)?, call.integer(index + 2)?);
                    taken = 3;
                }
                b"by" if more >= 1 => request.by = Some(call.arg(index + 1)),
                b"get" if more >= 1 => request.get.push(call.arg(index + 1)),
                b"store" if may_store && more >= 1 => request.store = Some(call.arg(index + 1)),
                word => {
                    match word {
                        b"asc" => request.descending = false,
                        b"desc" => request.descending = true,
                        b"alpha" => request.alpha = true,
                        _ => return Err(Refusal::Syntax),
                    }
                    taken = 1;
                }
            }
            index += taken;
        }
        Ok(request)
    }

    /// True if nothing is to be sorted: the elements are all sorted by one and the same.
    fn keeps_order(&self) -> bool {
        self.by.as_ref().is_some_and(|pattern| !pattern.contains(&b'*'))
    }

    /// Puts the elements in the order that is asked for.
    fn order(&self, call: &mut Call<'_>, elements: Vec<Bytes>) -> Result<Vec<Bytes>, Refusal> {
        let mut weighed = Vec::with_capacity(elements.len());
        for element in elements {
            weighed.push((self.weigh(call, &element)?, element));
        }
        // What weighs the same is told apart by itself, but not under a text of another key.
        let tells_apart = !self.alpha || self.by.is_none();
        weighed.sort_by(|(weight, element), (other_weight, other)| {
            let mut order = weight.compare(other_weight);
            if tells_apart {
                order = order.then_with(|| element.cmp(other));
            }
            if self.descending { order.reverse() } else { order }
        });
        Ok(weighed.into_iter().map(|(_, element)| element).collect())
    }

    fn weigh(&self, call: &mut Call<'_>, element: &Bytes) -> Result<Weight, Refusal> {
        let text = match &self.by {
            None => Some(Bytes::clone(element)),
            Some(pattern) => look_up(call, pattern, element),
        };
        if self.alpha {
            return Ok(Weight::Text(text));
        }
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(Weight::Number(0.0));
        };
        let number = score(text.trim_ascii_start());
        let refusal = || Refusal::other("ERR One or more scores can't be converted into double");
        number.map(Weight::Number).ok_or_else(refusal)
    }

    /// The places of the elements that are asked for, among `count`.
    fn places(&self, count: usize) -> Range<usize> {
        let (start, most) = self.limit;
        let start = usize::try_from(start.max(0)).unwrap_or(usize::MAX).min(count);
        match usize::try_from(most) {
            Ok(most) => start..start.saturating_add(most).min(count),
            Err(_) => start..count,
        }
    }
}

fn run(call: &mut Call<'_>, mut request: Request) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let (mut elements, is_set) = elements_of(call, &key)?;
    // A replica must store the same list, and a script do the same anywhere; sets have an order of
    // their own.
    if request.keeps_order() && is_set && (request.store.is_some() || call.by_script) {
        (request.alpha, request.by) = (true, None);
    }
    if !request.keeps_order() {
        elements = request.order(call, elements)?;
    } else if request.descending && !is_set {
        elements.reverse();
    }
    let chosen = &elements[request.places(elements.len())];
    let mut result = Vec::new();
    for element in chosen {
        if request.get.is_empty() {
            result.push(Some(Bytes::clone(element)));
        }
        for pattern in &request.get {
            result.push(look_up(call, pattern, element));
        }
    }
    let Some(store) = request.store else {
        let reply = |value: Option<Bytes>| value.map_or(Reply::Null, Reply::Bulk);
        return Ok(Reply::Array(result.into_iter().map(reply).collect()));
    };
    let count = result.len() as u64;
    if count == 0 {
        call.clear(&store);
        return Ok(Reply::Integer(0));
    }
    let result: Vec<Bytes> = result.into_iter().map(Option::unwrap_or_default).collect();
    let list = List::from_elements(&result, call.settings.list_fill);
    call.store(Bytes::clone(&store), Value::List(list));
    call.event(Classes::LIST, "sortstore", &store);
    call.effects.dirty += count - 1;
    Ok(Reply::count(count))
}

/// The elements of what `key` holds, and whether that is a set.
fn elements_of(call: &mut Call<'_>, key: &[u8]) -> Result<(Vec<Bytes>, bool), Refusal> {
    let value = call.reading(|call| call.value(key).cloned());
    match &value {
        None => Ok((Vec::new(), false)),
        Some(Value::List(list)) => Ok((list.iter().map(Piece::to_bytes).collect(), false)),
        Some(Value::Set(set)) => Ok((set.iter().collect(), true)),
        Some(Value::SortedSet(set)) => {
            // Redis sorts no listpack: what is to be sorted stays a skiplist, even for SORT_RO.
            if set.encoding() == Encoding::Listpack
                && let Some(Value::SortedSet(set)) = call.database().value_mut(key)
            {
                set.unpack();
            }
            Ok((set.iter().map(|scored| scored.member).collect(), false))
        }
        Some(Value::String(_) | Value::Hash(_) | Value::Stream(_)) => Err(Refusal::WrongType),
    }
}

/// The string, or the field behind `->`, of the key that `pattern` names with `element` in the
/// place of its star; `#` is the element.
fn look_up(call: &mut Call<'_>, pattern: &[u8], element: &Bytes) -> Option<Bytes> {
    if pattern == b"#" {
        return Some(Bytes::clone(element));
    }
    let star = pattern.iter().position(|&byte| byte == b'*')?;
    let (before, behind) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = behind.windows(2).position(|pair| pair == b"->");
    let arrow = arrow.filter(|at| at + 2 < behind.len());
    let (behind, field) = match arrow {
        None => (behind, None),
        Some(at) => (&behind[..at], Some(&behind[at + 2..])),
    };
    let key = [before, &**element, behind].concat();
    match (call.value(&key)?, field) {
        (Value::String(string), None) => Some(string.to_bytes()),
        (Value::Hash(hash), Some(field)) => hash.get(field),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Bench;

    #[test]
    fn elements_are_sorted_by_number_text_or_another_key() {
        let mut bench = Bench::default();
        for line in [
            "RPUSH l 10 2 33 1",
            "MSET w_10 4 w_2 3 w_33 2 w_1 1",
            "HSET h_10 f ten",
            "SADD s b a",
            "ZADD z 1 y 2 x",
            "SET string x",
        ] {
            bench.run(line);
        }
        for (line, reply) in [
            ("SORT l", "[\"1\", \"2\", \"10\", \"33\"]"),
            ("SORT l DESC LIMIT 1 2", "[\"10\", \"2\"]"),
            ("SORT l ALPHA", "[\"1\", \"10\", \"2\", \"33\"]"),
            ("SORT l BY w_*", "[\"1\", \"33\", \"2\", \"10\"]"),
            ("SORT l BY nosort GET # GET h_*->f LIMIT 0 1", "[\"10\", \"ten\"]"),
            ("SORT l BY nosort GET w_*", "[\"4\", \"3\", \"2\", \"1\"]"),
            ("SORT z BY nosort DESC", "[\"x\", \"y\"]"),
            ("SORT none", "[]"),
            ("SORT s", "(error) ERR One or more scores can't be converted into double"),
            ("SORT_RO s ALPHA DESC", "[\"b\", \"a\"]"),
            ("SORT_RO s ALPHA STORE d", "(error) ERR syntax error"),
            (
                "SORT string",
                "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
            ),
            ("SORT s BY nosort STORE d", "(integer) 2"),
            ("LRANGE d 0 -1", "[\"a\", \"b\"]"),
            ("SORT none STORE d", "(integer) 0"),
            ("EXISTS d", "(integer) 0"),
        ] {
            assert_eq!(bench.run(line), reply, "{line}");
        }
        bench.run("SORT l STORE so");
        assert_eq!(bench.streamed(), ["SORT l STORE so"]);
    }
}
