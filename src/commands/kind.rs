//! A value as the type that a command expects.

use super::{Call, Refusal};
use crate::keyspace::{Entry, Hash, List, Set, SortedSet, Stream, StringValue, Value};
use crate::resp::Bytes;

/// A type of values.
pub trait Kind: Clone {
    /// The value as this type, if it is of it.
    fn of(value: &Value) -> Option<&Self>;
    /// The value as this type, to be changed, if it is of it.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    /// This, as a value.
    fn into_value(self) -> Value;
}

macro_rules! kinds {
    ($($kind:ident $variant:ident)*) => {$(
        impl Kind for $kind {
            fn of(value: &Value) -> Option<&Self> {
                if let Value::$variant(this) = value { Some(this) } else { None }
            }
            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$variant(this) = value { Some(this) } else { None }
            }
            fn into_value(self) -> Value {
                Value::$variant(self.into())
            }
        }
    )*};
}

kinds! { StringValue String  List List  Set Set  Hash Hash  SortedSet SortedSet
Stream Stream }

impl Call<'_> {
    /// What `key` holds, as the viewer sees it. It is a copy, which costs nothing; let it go before
    /// writing, or the write will copy what it touches.
    ///
    /// # Errors
    /// [`Refusal::WrongType`] if the key holds another type.
    pub fn get<K: Kind>(&mut self, key: &[u8]) -> Result<Option<K>, Refusal> {
        let mut found = None;
        let show = &mut |entry: &Entry| found = Some(K::of(&entry.value).cloned());
        self.find(self.db, key, self.notes_use, show);
        found.map(|this| this.ok_or(Refusal::WrongType)).transpose()
    }

    /// What `key` holds, to be changed in place; the caller says so with [`Self::changed`].
    ///
    /// # Errors
    /// [`Refusal::WrongType`] if the key holds another type.
    pub fn get_mut<K: Kind>(&mut self, key: &[u8]) -> Result<Option<&mut K>, Refusal> {
        // A look first: a refusal must not copy the page.
        if self.get::<K>(key)?.is_none() {
            return Ok(None);
        }
        Ok(self.database().value_mut(key).and_then(K::of_mut))
    }

    /// What `key` holds, to be changed in place; if nothing, it is given what `create` makes.
    ///
    /// # Errors
    /// [`Refusal::WrongType`] if the key holds another type.
    pub fn get_or_create<K: Kind>(
        &mut self,
        key: &Bytes,
        create: impl FnOnce() -> K,
    ) -> Result<&mut K, Refusal> {
        if self.get::<K>(key)?.is_none() {
            self.appears(key);
            self.create(Bytes::clone(key), create().into_value());
        }
        self.database().value_mut(key).and_then(K::of_mut).ok_or(Refusal::WrongType)
    }

    /// The string at `key`.
    ///
    /// # Errors
    /// [`Refusal::WrongType`] if the key holds another type.
    pub fn string(&mut self, key: &[u8]) -> Result<Option<StringValue>, Refusal> {
        self.get(key)
    }
}
