//! Hashes: fields as they came while they are few and short, then a table.
//!
//! *Source*: Redis 7.2 · t_hash.c · hashTypeTryConversion, hashTypeSet.

use std::rc::Rc;

use super::{Encoding, Limits, listpack::Piece, pack::Pack, table::Table, trie::Slot};
use crate::resp::Bytes;

/// Fields with their values. Cloning is cheap whatever the size.
#[derive(Clone, Debug, PartialEq)]
pub struct Hash {
    form: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// Names and values in turn, in the order of insertion.
    Listpack(Rc<Pack>),
    Table(Table<Bytes>),
}

impl Default for Hash {
    fn default() -> Self {
        Self::of_pack(Pack::default())
    }
}

impl Hash {
    /// A listpack of `fields`, whose names are all different.
    pub fn packed(fields: Vec<(Bytes, Bytes)>) -> Self {
        Self::of_pack(Pack::of_texts(fields.iter().flat_map(|(name, value)| [&**name, value])))
    }

    /// A hash of the `count` entries of a listpack, which are sound: names that are all different,
    /// each with its value behind it.
    pub fn of_entries(entries: &[u8], count: usize) -> Self {
        Self::of_pack(Pack::of_entries(entries, count))
    }

    fn of_pack(fields: Pack) -> Self {
        Self { form: Form::Listpack(Rc::new(fields)) }
    }

    /// The entries of the listpack, and how many they are.
    pub fn as_listpack(&self) -> Option<(&[u8], usize)> {
        self.as_pack().map(|pack| (pack.entries(), pack.len()))
    }

    pub(super) fn as_pack(&self) -> Option<&Pack> {
        match &self.form {
            Form::Listpack(fields) => Some(fields),
            Form::Table(_) => None,
        }
    }

    /// How many fields lie in each leaf of the table, if it is one.
    pub(super) fn leaves(&self) -> Option<Vec<usize>> {
        match &self.form {
            Form::Listpack(_) => None,
            Form::Table(fields) => Some(fields.leaf_lens()),
        }
    }

    /// A table of `fields`; of several with one name, the last is taken.
    pub fn table(fields: impl IntoIterator<Item = (Bytes, Bytes)>) -> Self {
        Self { form: Form::Table(fields.into_iter().collect()) }
    }

    /// Becomes a table at once if `incoming`, names and values in turn, are too many or too long.
    pub fn expect(&mut self, incoming: &[Bytes], limits: &Limits) {
        let longest = incoming.iter().map(|text| text.len()).max().unwrap_or(0);
        if !limits.allow(incoming.len() / 2, longest) {
            self.unpack();
        }
    }

    /// Gives the field `name` a value; true if the field is new.
    pub fn set(&mut self, name: Bytes, value: Bytes, limits: &Limits) -> bool {
        if name.len().max(value.len()) > limits.element_bytes {
            self.unpack();
        }
        let fields = match &mut self.form {
            Form::Table(table) => return table.insert(name, value).is_none(),
            Form::Listpack(fields) => Rc::make_mut(fields),
        };
        let found = fields.find(&name, 2);
        match found {
            Some(at) => fields.replace(2 * at + 1, Piece::of(&value)),
            None => [name, value].iter().for_each(|text| fields.push(Piece::of(text))),
        }
        if self.len() > limits.entries {
            self.unpack();
        }
        found.is_none()
    }

    /// Takes the field `name` out, and returns its value.
    pub fn remove(&mut self, name: &[u8]) -> Option<Bytes> {
        match &mut self.form {
            Form::Table(table) => table.remove(name),
            Form::Listpack(fields) => {
                let at = 2 * fields.find(name, 2)?;
                let value = fields.get(at + 1).map(Piece::to_bytes);
                Rc::make_mut(fields).remove_range(at, at + 2);
                value
            }
        }
    }

    /// The value of the field `name`.
    pub fn get(&self, name: &[u8]) -> Option<Bytes> {
        match &self.form {
            Form::Table(table) => table.get(name).cloned(),
            Form::Listpack(fields) => {
                let equals = Piece::equals(name);
                let (_, value) = fields.pairs_from(0).find(|(name, _)| equals(*name))?;
                Some(value.to_bytes())
            }
        }
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Listpack(fields) => fields.len() / 2,
            Form::Table(table) => table.len(),
        }
    }

    /// True if there is no field.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The field of `rank`: by insertion or by hash, as the form has it.
    pub fn nth(&self, rank: usize) -> Option<(Bytes, Bytes)> {
        match &self.form {
            Form::Listpack(fields) => fields.pairs_from(rank).next().map(texts),
            Form::Table(table) => table.nth(rank).map(field),
        }
    }

    /// Every field with its value, in the order of [`Self::nth`].
    pub fn iter(&self) -> Box<dyn Iterator<Item = (Bytes, Bytes)> + '_> {
        self.iter_from(0)
    }

    /// The fields from `rank` on.
    pub fn iter_from(&self, rank: usize) -> Box<dyn Iterator<Item = (Bytes, Bytes)> + '_> {
        match &self.form {
            Form::Listpack(fields) => Box::new(fields.pairs_from(rank).map(texts)),
            Form::Table(table) => Box::new(table.iter_from(rank).map(field)),
        }
    }

    /// About `count` fields from `cursor` on, and the cursor after them: 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<(Bytes, Bytes)>) {
        match &self.form {
            Form::Listpack(_) => (0, self.iter().collect()),
            Form::Table(table) => {
                let (next, slots) = table.scan(cursor, count);
                (next, slots.into_iter().map(field).collect())
            }
        }
    }

    /// How the fields lie.
    pub const fn encoding(&self) -> Encoding {
        match self.form {
            Form::Listpack(_) => Encoding::Listpack,
            Form::Table(_) => Encoding::Hashtable,
        }
    }

    fn unpack(&mut self) {
        if let Form::Listpack(fields) = &self.form {
            *self = Self::table(fields.pairs_from(0).map(texts));
        }
    }
}

fn texts((name, value): (Piece<'_>, Piece<'_>)) -> (Bytes, Bytes) {
    (name.to_bytes(), value.to_bytes())
}

fn field(slot: &Slot<Bytes>) -> (Bytes, Bytes) {
    (Bytes::clone(&slot.name), Bytes::clone(&slot.value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { entries: 512, element_bytes: 64 };

    fn bytes(text: &str) -> Bytes {
        Bytes::from(text.as_bytes())
    }

    fn filled(count: u32) -> Hash {
        let mut hash = Hash::default();
        for n in 0..count {
            hash.set(bytes(&n.to_string()), bytes("v"), &LIMITS);
        }
        hash
    }

    #[test]
    fn a_listpack_has_room_for_512_short_fields() {
        assert_eq!(filled(512).encoding(), Encoding::Listpack);
        assert_eq!(filled(513).encoding(), Encoding::Hashtable);
        let mut hash = filled(1);
        hash.set(bytes("f"), bytes(&"x".repeat(64)), &LIMITS);
        assert_eq!(hash.encoding(), Encoding::Listpack);
        hash.set(bytes("f"), bytes(&"x".repeat(65)), &LIMITS);
        assert_eq!(hash.encoding(), Encoding::Hashtable);
        hash.remove(b"f");
        assert_eq!(hash.encoding(), Encoding::Hashtable, "there is no way back");
    }

    #[test]
    fn fields_keep_the_order_in_which_they_came() {
        let mut hash = Hash::default();
        for name in ["c", "a", "b", "a"] {
            hash.set(bytes(name), bytes("1"), &LIMITS);
        }
        hash.remove(b"c");
        assert!(hash.iter().map(|(name, _)| name).eq(["a", "b"].map(bytes)));
    }

    #[test]
    fn too_much_at_once_makes_a_table_before_anything_is_set() {
        let mut hash = Hash::default();
        hash.expect(&vec![bytes("x"); 1_024], &LIMITS);
        assert_eq!(hash.encoding(), Encoding::Listpack);
        hash.expect(&vec![bytes("x"); 1_026], &LIMITS);
        assert_eq!(hash.encoding(), Encoding::Hashtable);
    }

    proptest! {
        #[test]
        fn a_hash_is_a_map_in_every_form(
            steps in prop::collection::vec((0u32..40, any::<u8>(), any::<bool>()), 1..200),
            entries in 0usize..30,
        ) {
            let limits = Limits { entries, element_bytes: 3 };
            let (mut hash, mut model) = (Hash::default(), BTreeMap::new());
            for (n, value, remove) in steps {
                let (name, value) = (bytes(&n.to_string()), bytes(&value.to_string()));
                if remove {
                    prop_assert_eq!(hash.remove(&name), model.remove(&name));
                } else {
                    let is_new = hash.set(Bytes::clone(&name), Bytes::clone(&value), &limits);
                    prop_assert_eq!(is_new, model.insert(name, value).is_none());
                }
                prop_assert_eq!(hash.len(), model.len());
            }
            for (name, value) in &model {
                prop_assert_eq!(hash.get(name), Some(Bytes::clone(value)));
            }
            let ranked = (0..hash.len()).map(|rank| hash.nth(rank).unwrap());
            prop_assert!(hash.iter().eq(ranked));
            let all: BTreeMap<_, _> = hash.iter().collect();
            prop_assert_eq!(all, model);
        }
    }
}
