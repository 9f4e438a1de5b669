//! Collections that are packed in one string, and how their elements are told.

use super::{
    format::{Form, Kind, Layout},
    intset::read_intset,
    listpack::Listpack,
    read::Broken,
    score::score_of,
    sink::Sink,
    ziplist::Ziplist,
    zipmap::read_zipmap,
};
use crate::keyspace::Piece;

/// The elements of a ziplist or of a listpack.
enum Pieces<'a> {
    Ziplist(Ziplist<'a>),
    Listpack(Listpack<'a>),
}

impl<'a> Pieces<'a> {
    fn new(form: Form, packed: &'a [u8]) -> Result<Self, Broken> {
        match form {
            Form::Ziplist | Form::Ziplists => Ziplist::new(packed).map(Self::Ziplist),
            Form::Listpack | Form::Listpacks => Listpack::new(packed).map(Self::Listpack),
            Form::Plain | Form::Zipmap | Form::Intset | Form::Stream | Form::Foreign => {
                Err("a packed collection of an unknown form")
            }
        }
    }

    /// How many elements there are said to be, if that is said.
    fn expected(&self) -> u64 {
        match self {
            Self::Ziplist(pieces) => pieces.left().unwrap_or(0).into(),
            Self::Listpack(pieces) => pieces.expected(),
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Piece<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Ziplist(pieces) => pieces.next(),
            Self::Listpack(pieces) => pieces.next(),
        }
    }
}

/// Tells `sink` a value that is packed in one string; false if there is nothing in it.
pub(super) fn tell_value<S: Sink>(
    layout: Layout,
    packed: &[u8],
    sink: &mut S,
) -> Result<bool, Broken> {
    let (kind, form) = (layout.kind(), layout.form());
    if form == Form::Intset {
        let (width, numbers) = read_intset(packed)?;
        sink.begin(layout, numbers.len() as u64);
        sink.width(width);
        numbers.for_each(|number| sink.element(Piece::Integer(number)));
        return Ok(true);
    }
    if form == Form::Zipmap {
        let fields = read_zipmap(packed)?;
        sink.begin(layout, fields.len() as u64);
        for (name, value) in fields {
            sink.field(Piece::Bytes(name), Piece::Bytes(value));
        }
        return Ok(true);
    }
    if kind == Kind::List {
        sink.begin(layout, 1);
        return tell_run(form, packed, sink);
    }
    let pieces = Pieces::new(form, packed)?;
    sink.begin(layout, pieces.expected() / if is_of_pairs(kind) { 2 } else { 1 });
    if let Pieces::Listpack(listpack) = &pieces
        && let Some(any) = sink.packed(listpack)
    {
        return Ok(any);
    }
    tell_pieces(kind, pieces, sink)
}

/// True if the pieces of a packed value of this kind come in pairs.
const fn is_of_pairs(kind: Kind) -> bool {
    matches!(kind, Kind::Hash | Kind::SortedSet)
}

/// Tells `sink` a packed run of a list; false if there is nothing in it.
pub(super) fn tell_run<S: Sink>(form: Form, packed: &[u8], sink: &mut S) -> Result<bool, Broken> {
    match Pieces::new(form, packed)? {
        Pieces::Listpack(run) => sink.packed_run(run),
        pieces @ Pieces::Ziplist(_) => {
            sink.run(pieces.expected());
            tell_pieces(Kind::List, pieces, sink)
        }
    }
}

fn tell_pieces<S: Sink>(kind: Kind, mut pieces: Pieces<'_>, sink: &mut S) -> Result<bool, Broken> {
    let mut any = false;
    while let Some(piece) = pieces.next() {
        let piece = piece?;
        match kind {
            Kind::Hash => sink.field(piece, pieces.next().ok_or(HALF_A_PAIR)??),
            Kind::SortedSet => sink.member(piece, score_of(pieces.next().ok_or(HALF_A_PAIR)??)?),
            Kind::List | Kind::Set | Kind::String | Kind::Stream | Kind::Module => {
                sink.element(piece);
            }
        }
        any = true;
    }
    Ok(any)
}

const HALF_A_PAIR: Broken = "a packed collection of pairs with half a pair";
