//! Sets: numbers in order while they are few, then members as they came, then a table.
//!
//! ```text
//!      intset ──▶ listpack ──▶ hashtable          a member that is no number: to the right;
//!         └────────────────────────▲              too many, or too long: all the way
//! ```
//! *Source*: Redis 7.2 · t_set.c · setTypeCreate, setTypeAddAux; intset.c.

use std::rc::Rc;

use super::{
    Encoding, SetLimits,
    listpack::{Piece, digits},
    pack::Pack,
    table::Table,
};
use crate::resp::{Bytes, parse_integer};

/// A set of byte strings. Cloning is cheap whatever the size.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    form: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// Ascending.
    Intset(Rc<Numbers>),
    /// In the order of insertion.
    Listpack(Rc<Pack>),
    Table(Table<()>),
}

/// The members of an intset.
#[derive(Clone, Debug, PartialEq)]
struct Numbers {
    /// How many bytes the widest number ever had: 2, 4 or 8. It does not shrink.
    width: u8,
    /// Ascending.
    numbers: Vec<i64>,
}

impl Set {
    /// An empty set that can hold `first`, in the form that suits `expected` members.
    pub fn create(first: &[u8], expected: usize, limits: &SetLimits) -> Self {
        if parse_integer(first).is_some() && expected <= limits.numbers {
            Self::from_numbers(INT_16, Vec::new())
        } else if expected <= limits.packed.entries {
            Self::of_pack(Pack::default())
        } else {
            Self { form: Form::Table(Table::default()) }
        }
    }

    /// An intset of `numbers`, which ascend, each of `width` bytes: 2, 4 or 8.
    pub fn from_numbers(width: u8, numbers: Vec<i64>) -> Self {
        Self { form: Form::Intset(Rc::new(Numbers { width, numbers })) }
    }

    /// A listpack of `members`, which are all different.
    pub fn packed(members: Vec<Bytes>) -> Self {
        Self::of_pack(Pack::of_texts(members.iter().map(|member| &**member)))
    }

    /// A set of the `count` entries of a listpack, which are sound and all different.
    pub fn of_entries(entries: &[u8], count: usize) -> Self {
        Self::of_pack(Pack::of_entries(entries, count))
    }

    fn of_pack(members: Pack) -> Self {
        Self { form: Form::Listpack(Rc::new(members)) }
    }

    /// The entries of the listpack, and how many they are.
    pub fn as_listpack(&self) -> Option<(&[u8], usize)> {
        self.as_pack().map(|pack| (pack.entries(), pack.len()))
    }

    pub(super) fn as_pack(&self) -> Option<&Pack> {
        match &self.form {
            Form::Listpack(members) => Some(members),
            Form::Intset(_) | Form::Table(_) => None,
        }
    }

    /// How many members lie in each leaf of the table, if it is one.
    pub(super) fn leaves(&self) -> Option<Vec<usize>> {
        match &self.form {
            Form::Intset(_) | Form::Listpack(_) => None,
            Form::Table(members) => Some(members.leaf_lens()),
        }
    }

    /// A table of `members`; one that occurs twice is taken once.
    pub fn table(members: impl IntoIterator<Item = Bytes>) -> Self {
        let slots = members.into_iter().map(|member| (member, ()));
        Self { form: Form::Table(slots.collect()) }
    }

    /// Becomes a table at once if `incoming` members alone are too many for the present form.
    pub fn expect(&mut self, incoming: usize, limits: &SetLimits) {
        let limit = match self.form {
            Form::Intset(_) => limits.numbers,
            Form::Listpack(_) => limits.packed.entries,
            Form::Table(_) => return,
        };
        if incoming > limit {
            self.unpack();
        }
    }

    /// Adds `member`; false if it was there.
    pub fn add(&mut self, member: Bytes, limits: &SetLimits) -> bool {
        match &mut self.form {
            Form::Table(table) => return table.insert(member, ()).is_none(),
            Form::Intset(numbers) => {
                if let Some(number) = parse_integer(&member) {
                    let Err(at) = numbers.search(number) else { return false };
                    Rc::make_mut(numbers).insert(at, number);
                    if self.len() > limits.numbers {
                        self.unpack();
                    }
                    return true;
                }
                self.leave_numbers(limits);
            }
            Form::Listpack(members) => {
                if members.find(&member, 1).is_some() {
                    return false;
                }
            }
        }
        self.append(member, limits);
        true
    }

    /// Adds `members` in their order, and returns how many are new.
    pub fn extend(
        &mut self,
        members: impl IntoIterator<Item = Bytes>,
        limits: &SetLimits,
    ) -> usize {
        members.into_iter().filter(|member| self.add(Bytes::clone(member), limits)).count()
    }

    /// Takes `member` out; false if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.form {
            Form::Table(table) => table.remove(member).is_some(),
            Form::Intset(numbers) => {
                let at = parse_integer(member).and_then(|number| numbers.search(number).ok());
                at.map(|at| Rc::make_mut(numbers).numbers.remove(at)).is_some()
            }
            Form::Listpack(members) => {
                let at = members.find(member, 1);
                at.map(|at| Rc::make_mut(members).remove_range(at, at + 1)).is_some()
            }
        }
    }

    /// Becomes an intset, if every member is a number and they are not too many.
    pub fn repack(&mut self, limits: &SetLimits) {
        if self.len() > limits.numbers || matches!(self.form, Form::Intset(_)) {
            return;
        }
        let numbers: Option<Vec<i64>> = self.iter().map(|member| parse_integer(&member)).collect();
        if let Some(mut numbers) = numbers {
            numbers.sort_unstable();
            let width = numbers.iter().map(|&number| width_of(number)).max().unwrap_or(INT_16);
            *self = Self::from_numbers(width, numbers);
        }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Intset(numbers) => numbers.numbers.len(),
            Form::Listpack(members) => members.len(),
            Form::Table(table) => table.len(),
        }
    }

    /// True if there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if `member` is one.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.form {
            Form::Intset(numbers) => {
                parse_integer(member).is_some_and(|number| numbers.search(number).is_ok())
            }
            Form::Listpack(members) => members.find(member, 1).is_some(),
            Form::Table(table) => table.get(member).is_some(),
        }
    }

    /// The member of `rank`: by value, by insertion or by hash, as the form has it.
    pub fn nth(&self, rank: usize) -> Option<Bytes> {
        match &self.form {
            Form::Intset(numbers) => numbers.numbers.get(rank).copied().map(digits),
            Form::Listpack(members) => members.get(rank).map(Piece::to_bytes),
            Form::Table(table) => table.nth(rank).map(|slot| Bytes::clone(&slot.name)),
        }
    }

    /// Every member, in the order of [`Self::nth`].
    pub fn iter(&self) -> Box<dyn Iterator<Item = Bytes> + '_> {
        self.iter_from(0)
    }

    /// The members from `rank` on.
    pub fn iter_from(&self, rank: usize) -> Box<dyn Iterator<Item = Bytes> + '_> {
        match &self.form {
            Form::Intset(numbers) => {
                Box::new(numbers.numbers.iter().skip(rank).copied().map(digits))
            }
            Form::Listpack(members) => Box::new(members.pieces_from(rank).map(Piece::to_bytes)),
            Form::Table(table) => {
                Box::new(table.iter_from(rank).map(|slot| Bytes::clone(&slot.name)))
            }
        }
    }

    /// About `count` members from `cursor` on, and the cursor after them: 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<Bytes>) {
        match &self.form {
            Form::Intset(_) | Form::Listpack(_) => (0, self.iter().collect()),
            Form::Table(table) => {
                let (next, slots) = table.scan(cursor, count);
                (next, slots.into_iter().map(|slot| Bytes::clone(&slot.name)).collect())
            }
        }
    }

    /// The width in bytes and the members of an intset.
    pub fn as_numbers(&self) -> Option<(u8, &[i64])> {
        match &self.form {
            Form::Intset(numbers) => Some((numbers.width, &numbers.numbers)),
            Form::Listpack(_) | Form::Table(_) => None,
        }
    }

    /// How the members lie.
    pub const fn encoding(&self) -> Encoding {
        match self.form {
            Form::Intset(_) => Encoding::Intset,
            Form::Listpack(_) => Encoding::Listpack,
            Form::Table(_) => Encoding::Hashtable,
        }
    }

    /// Adds a member that is not there and for which no intset has room.
    fn append(&mut self, member: Bytes, limits: &SetLimits) {
        if let Form::Listpack(members) = &mut self.form {
            if limits.packed.allow(members.len() + 1, member.len()) {
                return Rc::make_mut(members).push(Piece::of(&member));
            }
            self.unpack();
        }
        if let Form::Table(table) = &mut self.form {
            table.insert(member, ());
        }
    }

    /// Makes room for a member that is no number.
    fn leave_numbers(&mut self, limits: &SetLimits) {
        let ends = [self.nth(0), self.nth(self.len().saturating_sub(1))];
        let longest = ends.iter().flatten().map(|number| number.len()).max().unwrap_or(0);
        if limits.packed.allow(self.len() + 1, longest) {
            *self = Self::packed(self.iter().collect());
        } else {
            self.unpack();
        }
    }

    fn unpack(&mut self) {
        *self = Self::table(self.iter().collect::<Vec<_>>());
    }
}

impl Numbers {
    fn search(&self, number: i64) -> Result<usize, usize> {
        self.numbers.binary_search(&number)
    }

    fn insert(&mut self, at: usize, number: i64) {
        self.numbers.insert(at, number);
        self.width = self.width.max(width_of(number));
    }
}

/// The least width of an intset that holds `number`.
const fn width_of(number: i64) -> u8 {
    if number as i16 as i64 == number {
        INT_16
    } else if number as i32 as i64 == number {
        INT_32
    } else {
        INT_64
    }
}

const INT_16: u8 = 2;
const INT_32: u8 = 4;
const INT_64: u8 = 8;

#[cfg(test)]
mod tests;
