//! Who takes in what is read.
//!
//! To read a file and to keep what it holds are two things. The decoder reads: it unpacks, decides
//! what is sound, and tells a *sink* every part of a value as soon as it is there, without a copy.
//! The [`Builder`](super::Builder) makes values of the parts; the [`Counter`] only counts them, in
//! a fraction of the time.

use super::{format::Layout, listpack::Listpack, read::Broken};
use crate::keyspace::{Piece, Stream};

/// Takes in one value after another, part by part.
pub trait Sink {
    /// What a value is to it once it is whole.
    type Value;

    /// A value begins, of which `expected` parts are said to come, and perhaps do.
    fn begin(&mut self, layout: Layout, expected: u64);

    /// An element of a list, or a member of a set.
    fn element(&mut self, element: Piece<'_>);

    /// A field of a hash.
    fn field(&mut self, name: Piece<'_>, value: Piece<'_>);

    /// A member of a sorted set.
    fn member(&mut self, member: Piece<'_>, score: f64);

    /// A stream, which is one part.
    fn stream(&mut self, stream: Stream);

    /// A packed run of a list begins: the elements up to the next one.
    fn run(&mut self, _expected: u64) {}

    /// A run of a list that is one element, as it is.
    fn plain_run(&mut self, element: Piece<'_>) {
        self.element(element);
    }

    /// A run of a list that is a listpack; false if there is nothing in it.
    ///
    /// # Errors
    /// If it is broken.
    fn packed_run(&mut self, run: Listpack<'_>) -> Result<bool, Broken> {
        self.run(run.expected());
        let mut any = false;
        for element in run {
            self.element(element?);
            any = true;
        }
        Ok(any)
    }

    /// A hash, a set or a sorted set that is a listpack. If it is sound, and kept as it is: whether
    /// there is anything in it. Otherwise none, and its parts are told.
    fn packed(&mut self, _value: &Listpack<'_>) -> Option<bool> {
        None
    }

    /// The numbers of an intset follow, of so many bytes each.
    fn width(&mut self, _bytes: usize) {}

    /// A value that is one string.
    ///
    /// # Errors
    /// If no value is.
    fn text(&mut self, text: Piece<'_>) -> Result<Self::Value, Broken> {
        self.begin(Layout::String, 1);
        self.element(text);
        self.end()
    }

    /// The value is whole, and has at least one part.
    ///
    /// # Errors
    /// If no value has such parts.
    fn end(&mut self) -> Result<Self::Value, Broken>;
}

/// A sink that keeps nothing: of each value it tells how much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    count: Count,
}

/// How much there is of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Elements, members, fields or entries; a string is one.
    pub elements: u64,
    /// The bytes of all strings in it that are not written as numbers.
    pub bytes: u64,
}

impl Counter {
    fn take(&mut self, piece: Piece<'_>) {
        if let Piece::Bytes(bytes) = piece {
            self.count.bytes += bytes.len() as u64;
        }
    }
}

impl Sink for Counter {
    type Value = Count;

    fn begin(&mut self, _layout: Layout, _expected: u64) {
        self.count = Count::default();
    }

    fn element(&mut self, element: Piece<'_>) {
        self.count.elements += 1;
        self.take(element);
    }

    fn field(&mut self, name: Piece<'_>, value: Piece<'_>) {
        self.count.elements += 1;
        self.take(name);
        self.take(value);
    }

    fn member(&mut self, member: Piece<'_>, _score: f64) {
        self.element(member);
    }

    fn stream(&mut self, stream: Stream) {
        self.count.elements += stream.len();
    }

    fn end(&mut self) -> Result<Count, Broken> {
        Ok(self.count)
    }
}
