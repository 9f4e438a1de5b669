//! The elements of a collection, on their way from a layout to a value.

use super::{
    format::{Form, Kind, Layout},
    intset::read_intset,
    listpack::{Listpack, Piece},
    read::Broken,
    score::score_of,
    ziplist::Ziplist,
    zipmap::read_zipmap,
};
use crate::resp::Bytes;

/// Elements, and what their layout tells of the form that they had.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gathered {
    /// The elements of a list.
    Elements(Vec<Bytes>),
    /// The elements of a list in the runs into which it was cut.
    Runs(Vec<ListRun>),
    /// The members of a set.
    Members(Vec<Bytes>),
    /// The members of a set of numbers, ascending.
    Numbers {
        /// How many bytes each takes.
        width: usize,
        /// The members.
        numbers: Vec<i64>,
    },
    /// The fields of a hash with their values.
    Fields(Vec<(Bytes, Bytes)>),
    /// The members of a sorted set with their scores.
    Scored(Vec<(Bytes, f64)>),
}

/// A run of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListRun {
    /// Some elements.
    Packed(Vec<Bytes>),
    /// One element, not packed.
    Plain(Bytes),
}

impl Gathered {
    /// Nothing yet of a value in `layout`.
    pub(super) const fn of(layout: Layout) -> Self {
        match (layout.kind(), layout.form()) {
            (Kind::List, Form::Plain) => Self::Elements(Vec::new()),
            (Kind::List, _) => Self::Runs(Vec::new()),
            (Kind::Hash, _) => Self::Fields(Vec::new()),
            (Kind::SortedSet, _) => Self::Scored(Vec::new()),
            (Kind::Set, Form::Intset) => Self::Numbers { width: 2, numbers: Vec::new() },
            (Kind::Set | Kind::String | Kind::Stream | Kind::Module, _) => {
                Self::Members(Vec::new())
            }
        }
    }

    /// The elements of a value that is one string.
    pub(super) fn unpack(layout: Layout, packed: &[u8]) -> Result<Self, Broken> {
        let form = layout.form();
        match layout.kind() {
            Kind::Set if form == Form::Intset => {
                let (width, numbers) = read_intset(packed)?;
                Ok(Self::Numbers { width, numbers: numbers.collect() })
            }
            Kind::Hash if form == Form::Zipmap => {
                let pair = |(name, value)| (Bytes::from(name), Bytes::from(value));
                Ok(Self::Fields(read_zipmap(packed)?.into_iter().map(pair).collect()))
            }
            Kind::Hash => Ok(Self::Fields(pairs(form, packed, |value| Ok(value.to_bytes()))?)),
            Kind::SortedSet => Ok(Self::Scored(pairs(form, packed, score_of)?)),
            Kind::List => Ok(Self::Runs(vec![ListRun::unpack(form, packed)?])),
            Kind::Set | Kind::String | Kind::Stream | Kind::Module => {
                Ok(Self::Members(texts(form, packed)?))
            }
        }
    }

    /// True if there is no element.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Elements(texts) | Self::Members(texts) => texts.is_empty(),
            Self::Runs(runs) => runs.iter().all(ListRun::is_empty),
            Self::Numbers { numbers, .. } => numbers.is_empty(),
            Self::Fields(fields) => fields.is_empty(),
            Self::Scored(members) => members.is_empty(),
        }
    }
}

impl ListRun {
    /// The run that a packed list or part of a list is.
    pub(super) fn unpack(form: Form, packed: &[u8]) -> Result<Self, Broken> {
        Ok(Self::Packed(texts(form, packed)?))
    }

    /// True if there is no element.
    pub(super) const fn is_empty(&self) -> bool {
        match self {
            Self::Packed(elements) => elements.is_empty(),
            Self::Plain(_) => false,
        }
    }
}

fn texts(form: Form, packed: &[u8]) -> Result<Vec<Bytes>, Broken> {
    Ok(pieces(form, packed)?.into_iter().map(Piece::to_bytes).collect())
}

/// Elements two by two, the second of each as `second` reads it.
fn pairs<T>(
    form: Form,
    packed: &[u8],
    second: impl Fn(Piece<'_>) -> Result<T, Broken>,
) -> Result<Vec<(Bytes, T)>, Broken> {
    let pieces = pieces(form, packed)?;
    let (pairs, []) = pieces.as_chunks::<2>() else {
        return Err("a packed collection of pairs with half a pair");
    };
    pairs.iter().map(|&[name, value]| Ok((name.to_bytes(), second(value)?))).collect()
}

fn pieces(form: Form, packed: &[u8]) -> Result<Vec<Piece<'_>>, Broken> {
    match form {
        Form::Ziplist | Form::Ziplists => Ziplist::new(packed)?.collect(),
        Form::Listpack | Form::Listpacks => Listpack::new(packed)?.collect(),
        Form::Plain | Form::Zipmap | Form::Intset | Form::Stream | Form::Foreign => {
            Err("a packed collection of an unknown form")
        }
    }
}
