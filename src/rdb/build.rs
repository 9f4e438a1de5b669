//! From the parts of a value to the value, in the encoding that Redis would give it.
//!
//! The layout decides little: a set that was a table on its writer may be an intset here, if the
//! thresholds say so. Only what cannot be told from the elements is taken over: where a list is cut
//! into runs, and how wide an intset once was.
//!
//! *Source*: Redis 7.2 · rdb.c · rdbLoadObject.

use super::{
    format::{Form, Kind, Layout},
    listpack::Listpack,
    prints::Prints,
    read::Broken,
    sink::Sink,
};
use crate::{
    keyspace::{
        End, Fill, Hash, Limits, List, ListNode, Piece, Scored, Set, SetLimits, SortedSet, Stream,
        StringValue, Value, digits,
    },
    resp::{Bytes, parse_integer},
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

/// Builds values in the encoding that Redis would give them.
#[derive(Clone, Debug)]
pub struct Builder {
    /// What decides the encoding.
    thresholds: Thresholds,
    /// The layout of the value that is told.
    layout: Layout,
    /// What was told of it.
    parts: Parts,
    /// The names among the parts that must differ.
    prints: Prints,
}

/// The parts of a value.
#[derive(Clone, Debug)]
enum Parts {
    /// The value itself, or nothing yet.
    Whole(Option<Value>),
    /// The elements of a list, or the members of a set.
    Elements(Vec<Bytes>),
    /// The runs of a list; the last one may be under way.
    Runs(Vec<ListNode>),
    /// The members of a set of numbers, ascending, and how many bytes each takes.
    Numbers(usize, Vec<i64>),
    /// The fields of a hash with their values.
    Fields(Vec<(Bytes, Bytes)>),
    /// The members of a sorted set.
    Scored(Vec<Scored>),
}

impl Builder {
    /// A builder for a server with these thresholds.
    pub const fn new(thresholds: Thresholds) -> Self {
        let parts = Parts::Whole(None);
        Self { thresholds, layout: Layout::String, parts, prints: Prints::new() }
    }

    /// Counts the entries of a listpack; none if it is not as a Redis server writes it.
    fn look_through(&mut self, value: &Listpack<'_>) -> Option<usize> {
        let (kind, mut pieces, mut count) = (self.layout.kind(), value.clone(), 0);
        let mut before: Option<(f64, Piece<'_>)> = None;
        while let Some(name) = pieces.next() {
            let name = name.ok()?;
            self.print(name);
            count += 1;
            if kind == Kind::Set {
                continue;
            }
            let second = pieces.next()?.ok()?;
            count += 1;
            if kind == Kind::SortedSet {
                let scored = (Scored::read(second)?, name);
                if before.is_some_and(|before| !are_in_order(before, scored)) {
                    return None;
                }
                before = Some(scored);
            }
        }
        self.prints.all_differ().then_some(count)
    }

    /// Takes down a name that no other may equal, as it is spelled.
    #[inline]
    fn print(&mut self, name: Piece<'_>) {
        match name {
            Piece::Integer(number) => self.prints.push(&digits(number)),
            Piece::Bytes(text) => self.prints.push(text),
        }
    }

    /// A name, which no other may equal.
    fn name(&mut self, name: Piece<'_>) -> Bytes {
        let name = name.to_bytes();
        self.prints.push(&name);
        name
    }
}

impl Sink for Builder {
    type Value = Value;

    fn begin(&mut self, layout: Layout, expected: u64) {
        // A listpack will be kept as it is.
        let room =
            if layout.form() == Form::Listpack { 0 } else { expected.min(ROOM_MAX) } as usize;
        self.layout = layout;
        self.prints.clear();
        self.parts = match (layout.kind(), layout.form()) {
            (Kind::List, Form::Plain) => Parts::Elements(Vec::with_capacity(room)),
            (Kind::List, _) => Parts::Runs(Vec::with_capacity(room)),
            (Kind::Set, Form::Intset) => Parts::Numbers(0, Vec::with_capacity(room)),
            (Kind::Set, _) => Parts::Elements(Vec::with_capacity(room)),
            (Kind::Hash, _) => Parts::Fields(Vec::with_capacity(room)),
            (Kind::SortedSet, _) => Parts::Scored(Vec::with_capacity(room)),
            (Kind::String | Kind::Stream | Kind::Module, _) => Parts::Whole(None),
        };
    }

    fn element(&mut self, element: Piece<'_>) {
        match &mut self.parts {
            Parts::Numbers(_, numbers) => numbers.extend(integer(element)),
            Parts::Runs(runs) => {
                runs.last_mut().expect("an element of a list is in a run").push(element);
            }
            Parts::Elements(texts) => {
                let text = element.to_bytes();
                if self.layout.kind() == Kind::Set {
                    self.prints.push(&text);
                }
                texts.push(text);
            }
            Parts::Whole(_) => unreachable!("what is whole has no elements"),
            Parts::Fields(_) | Parts::Scored(_) => unreachable!("here, elements come in pairs"),
        }
    }

    fn text(&mut self, text: Piece<'_>) -> Result<Value, Broken> {
        Ok(Value::String(string(text)))
    }

    fn field(&mut self, name: Piece<'_>, value: Piece<'_>) {
        let field = (self.name(name), value.to_bytes());
        if let Parts::Fields(fields) = &mut self.parts {
            fields.push(field);
        }
    }

    fn member(&mut self, member: Piece<'_>, score: f64) {
        let member = self.name(member);
        if let Parts::Scored(members) = &mut self.parts {
            members.push(Scored { score, member });
        }
    }

    fn stream(&mut self, stream: Stream) {
        self.parts = Parts::Whole(Some(Value::Stream(Box::new(stream))));
    }

    fn run(&mut self, _expected: u64) {
        if let Parts::Runs(runs) = &mut self.parts {
            runs.push(ListNode::default());
        }
    }

    fn plain_run(&mut self, element: Piece<'_>) {
        if let Parts::Runs(runs) = &mut self.parts {
            runs.push(ListNode::plain(element.to_bytes()));
        }
    }

    fn packed_run(&mut self, run: Listpack<'_>) -> Result<bool, Broken> {
        let (entries, count) = run.entries()?;
        if let Parts::Runs(runs) = &mut self.parts {
            runs.push(ListNode::of_entries(entries, count));
        }
        Ok(count > 0)
    }

    fn packed(&mut self, value: &Listpack<'_>) -> Option<bool> {
        let count = self.look_through(value);
        self.prints.clear();
        let (count, thresholds) = (count?, &self.thresholds);
        type Keep = fn(&[u8], usize) -> Value;
        let (len, limits, keep): (usize, &Limits, Keep) = match self.layout.kind() {
            Kind::Set => (count, &thresholds.set.packed, |entries, count| {
                Value::Set(Set::of_entries(entries, count))
            }),
            Kind::Hash => (count / 2, &thresholds.hash, |entries, count| {
                Value::Hash(Hash::of_entries(entries, count))
            }),
            Kind::SortedSet => (count / 2, &thresholds.sorted_set, |entries, count| {
                Value::SortedSet(SortedSet::of_entries(entries, count))
            }),
            Kind::String | Kind::List | Kind::Stream | Kind::Module => return None,
        };
        // What comes packed is asked for nothing but its count.
        if !limits.allow(len, 0) {
            return None;
        }
        self.parts = Parts::Whole(Some(keep(value.bytes(), count)));
        Some(count > 0)
    }

    fn width(&mut self, bytes: usize) {
        if let Parts::Numbers(width, _) = &mut self.parts {
            *width = bytes;
        }
    }

    fn end(&mut self) -> Result<Value, Broken> {
        let parts = std::mem::replace(&mut self.parts, Parts::Whole(None));
        let Parts::Whole(whole) = parts else { return self.collection(parts) };
        Ok(whole.expect("a value that ends has begun"))
    }
}

impl Builder {
    /// What is not wanted to begin with: a page fetches it when it is called.
    #[inline(never)]
    fn collection(&mut self, parts: Parts) -> Result<Value, Broken> {
        Ok(match parts {
            Parts::Whole(whole) => whole.expect("a value that ends has begun"),
            Parts::Elements(elements) if self.layout.kind() == Kind::List => {
                Value::List(list_of_elements(&elements, self.thresholds.list_fill))
            }
            Parts::Elements(members) => Value::Set(self.set(members)?),
            Parts::Runs(runs) => Value::List(self.list_of_runs(runs)),
            Parts::Numbers(width, numbers) => {
                Value::Set(set_of_numbers(width, numbers, &self.thresholds.set))
            }
            Parts::Fields(fields) => Value::Hash(self.hash(fields)?),
            Parts::Scored(members) => Value::SortedSet(self.sorted_set(members)?),
        })
    }

    fn list_of_runs(&self, runs: Vec<ListNode>) -> List {
        let mut list = List::quicklist(runs);
        // A list of a single ziplist stays a quicklist, for whatever reason Redis has.
        if self.layout.form() != Form::Ziplist {
            list.repack(self.thresholds.list_fill);
        }
        list
    }

    fn set(&mut self, members: Vec<Bytes>) -> Result<Set, Broken> {
        let (count, limits) = (members.len(), &self.thresholds.set);
        let packed = self.layout.form() != Form::Plain;
        let fits = packed || count <= limits.numbers;
        let begins_with_number = members.first().and_then(|member| parse_integer(member)).is_some();
        if !packed && fits && begins_with_number {
            let mut set = Set::from_numbers(INTSET_WIDTH_MIN, Vec::new());
            let added = set.extend(members, limits);
            return if added == count { Ok(set) } else { Err(TWICE) };
        }
        // Here, and below, what comes packed is asked for nothing but its count.
        let longest = if packed { 0 } else { longest(members.iter()) };
        if !fits || !limits.packed.allow(count, longest) {
            return Some(Set::table(members)).filter(|set| set.len() == count).ok_or(TWICE);
        }
        self.all_different(|| members.iter().collect())?;
        Ok(Set::packed(members))
    }

    fn hash(&mut self, fields: Vec<(Bytes, Bytes)>) -> Result<Hash, Broken> {
        let count = fields.len();
        let by_length = matches!(self.layout.form(), Form::Plain | Form::Zipmap);
        let texts = || fields.iter().flat_map(|(name, value)| [name, value]);
        let longest = if by_length { longest(texts()) } else { 0 };
        if !self.thresholds.hash.allow(count, longest) {
            return Some(Hash::table(fields)).filter(|hash| hash.len() == count).ok_or(TWICE);
        }
        self.all_different(|| fields.iter().map(|(name, _)| name).collect())?;
        Ok(Hash::packed(fields))
    }

    fn sorted_set(&mut self, members: Vec<Scored>) -> Result<SortedSet, Broken> {
        let count = members.len();
        let packed = self.layout.form() != Form::Plain;
        let longest = if packed { 0 } else { longest(members.iter().map(|one| &one.member)) };
        if !self.thresholds.sorted_set.allow(count, longest) {
            return Some(SortedSet::skiplist(members))
                .filter(|set| set.len() == count)
                .ok_or(TWICE);
        }
        self.all_different(|| members.iter().map(|one| &one.member).collect())?;
        Ok(if packed { SortedSet::as_packed(members) } else { SortedSet::packed(members) })
    }

    /// Redis notices a name that comes twice only in some layouts; we do in all.
    fn all_different<'a>(&mut self, names: impl Fn() -> Vec<&'a Bytes>) -> Result<(), Broken> {
        if self.prints.all_differ() {
            return Ok(());
        }
        let mut names = names();
        names.sort_unstable();
        if names.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(TWICE) }
    }
}

fn list_of_elements(elements: &[Bytes], fill: Fill) -> List {
    let mut list = List::quicklist([]);
    list.push(End::Right, elements, fill);
    list.repack(fill);
    list
}

fn string(text: Piece<'_>) -> StringValue {
    match text {
        Piece::Integer(number) => StringValue::Integer(number),
        Piece::Bytes(bytes) => StringValue::new(bytes.into()),
    }
}

const fn integer(piece: Piece<'_>) -> Option<i64> {
    match piece {
        Piece::Integer(number) => Some(number),
        Piece::Bytes(_) => None,
    }
}

fn set_of_numbers(width: usize, numbers: Vec<i64>, limits: &SetLimits) -> Set {
    if numbers.len() > limits.numbers {
        return Set::table(numbers.into_iter().map(digits));
    }
    Set::from_numbers(width as u8, numbers)
}

fn longest<'a>(texts: impl Iterator<Item = &'a Bytes>) -> usize {
    texts.map(|text| text.len()).max().unwrap_or(0)
}

/// True if these members follow each other in a sorted set.
fn are_in_order(a: (f64, Piece<'_>), b: (f64, Piece<'_>)) -> bool {
    a.0 < b.0 || (a.0 == b.0 && a.1.to_bytes() < b.1.to_bytes())
}

/// Room for so many parts is made before they have come.
const ROOM_MAX: u64 = 1 << 9;
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

    /// The value that `tell` tells of.
    fn value(layout: Layout, tell: impl Fn(&mut Builder)) -> Result<Value, Broken> {
        let mut builder = Builder::new(Thresholds::default());
        builder.begin(layout, 0);
        tell(&mut builder);
        builder.end()
    }

    fn set(layout: Layout, members: &[Bytes]) -> Result<Value, Broken> {
        value(layout, |builder| members.iter().for_each(|m| builder.element(Piece::Bytes(m))))
    }

    fn hash(layout: Layout, names: &[Bytes], text: &[u8]) -> Result<Value, Broken> {
        let field = |builder: &mut Builder, name| {
            builder.field(Piece::Bytes(name), Piece::Bytes(text));
        };
        value(layout, |builder| names.iter().for_each(|name| field(builder, name)))
    }

    fn sorted_set(layout: Layout, members: &[Bytes]) -> Result<Value, Broken> {
        value(layout, |builder| members.iter().for_each(|m| builder.member(Piece::Bytes(m), 1.5)))
    }

    fn encoding(value: Result<Value, Broken>) -> &'static str {
        value.unwrap().encoding().name()
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
            let found = encoding(set(layout, &members));
            assert_eq!(found, expected, "{count} in {}", layout.name());
        }
        for (count, expected) in [(512, "intset"), (513, "hashtable")] {
            let numbers = value(Layout::SetIntset, |builder| {
                builder.width(8);
                (0..count).for_each(|number| builder.element(Piece::Integer(number)));
            });
            assert_eq!(encoding(numbers), expected);
        }
    }

    #[test]
    fn hashes_and_sorted_sets_follow_their_thresholds() {
        let (one, few, many) = (texts(1), texts(512), texts(513));
        let short = b"short";
        assert_eq!(encoding(hash(Layout::Hash, &few, short)), "listpack");
        assert_eq!(encoding(hash(Layout::HashListpack, &many, short)), "hashtable");
        assert_eq!(encoding(hash(Layout::Hash, &one, &long())), "hashtable");
        assert_eq!(encoding(hash(Layout::HashZipmap, &one, &long())), "hashtable");
        assert_eq!(encoding(hash(Layout::HashZiplist, &one, &long())), "listpack");
        assert_eq!(encoding(sorted_set(Layout::SortedSet, &texts(128))), "listpack");
        assert_eq!(encoding(sorted_set(Layout::SortedSetListpack, &texts(129))), "skiplist");
        assert_eq!(encoding(sorted_set(Layout::SortedSet, &[long()])), "skiplist");
        assert_eq!(encoding(sorted_set(Layout::SortedSetZiplist, &[long()])), "listpack");
    }

    #[test]
    fn an_element_that_comes_twice_is_refused() {
        let long = |n: usize| format!("the name of number {n:09}").into_bytes();
        let long_names = |count| (0..count).map(long).map(Bytes::from).collect();
        for count in [1, 2, 100, 600] {
            for names in [&texts, &numbers, &long_names] as [&dyn Fn(usize) -> Vec<Bytes>; 3] {
                let (once, twice) = (names(count), [names(count), names(1)].concat());
                for layout in [Layout::Set, Layout::SetListpack] {
                    assert!(set(layout, &once).is_ok());
                    assert_eq!(set(layout, &twice), Err(TWICE));
                }
                for layout in [Layout::Hash, Layout::HashListpack] {
                    assert!(hash(layout, &once, b"v").is_ok());
                    assert_eq!(hash(layout, &twice, b"v"), Err(TWICE));
                }
                for layout in [Layout::SortedSet, Layout::SortedSetListpack] {
                    assert!(sorted_set(layout, &once).is_ok());
                    assert_eq!(sorted_set(layout, &twice), Err(TWICE));
                }
            }
        }
    }

    #[test]
    fn names_with_the_same_print_are_told_apart() {
        let names = [&b"\0a"[..], b"b"];
        assert!(set(Layout::SetListpack, &names.map(Bytes::from)).is_ok());
    }
}
