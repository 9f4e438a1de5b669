//! Hashes: fields as they came while they are few and short, then a table.
//!
//! *Source*: Redis 7.2 · t_hash.c · hashTypeTryConversion, hashTypeSet.

use std::rc::Rc;

use super::{Encoding, Limits, table::Table};
use crate::resp::Bytes;

/// Fields with their values. Cloning is cheap whatever the size.
#[derive(Clone, Debug, PartialEq)]
pub struct Hash {
    form: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// In the order of insertion.
    Listpack(Rc<Vec<(Bytes, Bytes)>>),
    Table(Table<Bytes>),
}

impl Default for Hash {
    fn default() -> Self {
        Self::packed(Vec::new())
    }
}

impl Hash {
    /// A listpack of `fields`, whose names are all different.
    pub fn packed(fields: Vec<(Bytes, Bytes)>) -> Self {
        Self { form: Form::Listpack(Rc::new(fields)) }
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
        let found = fields.iter_mut().find(|(other, _)| *other == name);
        let is_new = found.is_none();
        match found {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
        if fields.len() > limits.entries {
            self.unpack();
        }
        is_new
    }

    /// Takes the field `name` out, and returns its value.
    pub fn remove(&mut self, name: &[u8]) -> Option<Bytes> {
        match &mut self.form {
            Form::Table(table) => table.remove(name),
            Form::Listpack(fields) => {
                let at = fields.iter().position(|(other, _)| **other == *name)?;
                Some(Rc::make_mut(fields).remove(at).1)
            }
        }
    }

    /// The value of the field `name`.
    pub fn get(&self, name: &[u8]) -> Option<&Bytes> {
        match &self.form {
            Form::Table(table) => table.get(name),
            Form::Listpack(fields) => {
                fields.iter().find(|(other, _)| **other == *name).map(|(_, value)| value)
            }
        }
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Listpack(fields) => fields.len(),
            Form::Table(table) => table.len(),
        }
    }

    /// True if there is no field.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The field of `rank`: by insertion or by hash, as the form has it.
    pub fn nth(&self, rank: usize) -> Option<(&Bytes, &Bytes)> {
        match &self.form {
            Form::Listpack(fields) => fields.get(rank).map(|(name, value)| (name, value)),
            Form::Table(table) => table.nth(rank).map(|slot| (&slot.name, &slot.value)),
        }
    }

    /// Every field with its value, in the order of [`Self::nth`].
    pub fn iter(&self) -> Box<dyn Iterator<Item = (&Bytes, &Bytes)> + '_> {
        self.iter_from(0)
    }

    /// The fields from `rank` on.
    pub fn iter_from(&self, rank: usize) -> Box<dyn Iterator<Item = (&Bytes, &Bytes)> + '_> {
        match &self.form {
            Form::Listpack(fields) => {
                Box::new(fields.iter().skip(rank).map(|(name, value)| (name, value)))
            }
            Form::Table(table) => {
                Box::new(table.iter_from(rank).map(|slot| (&slot.name, &slot.value)))
            }
        }
    }

    /// About `count` fields from `cursor` on, and the cursor after them: 0 at the end.
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<(&Bytes, &Bytes)>) {
        match &self.form {
            Form::Listpack(_) => (0, self.iter().collect()),
            Form::Table(table) => {
                let (next, slots) = table.scan(cursor, count);
                (next, slots.into_iter().map(|slot| (&slot.name, &slot.value)).collect())
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
            *self = Self::table(fields.iter().cloned());
        }
    }
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
        assert!(hash.iter().map(|(name, _)| name.clone()).eq(["a", "b"].map(bytes)));
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
                prop_assert_eq!(hash.get(name), Some(value));
            }
            let ranked = (0..hash.len()).map(|rank| hash.nth(rank).unwrap());
            prop_assert!(hash.iter().eq(ranked));
            let all: BTreeMap<_, _> = hash.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
            prop_assert_eq!(all, model);
        }
    }
}
