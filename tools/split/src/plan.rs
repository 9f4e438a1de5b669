//! Which function goes where.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Result;
use rustc_demangle::demangle;
use walrus::{Function, FunctionKind, Module};

use crate::cut::{Item, Shared};
use crate::objects::Objects;

/// How many parts there are: what no visit calls at first, and scripting.
pub(crate) const PARTS: usize = 2;
/// What only those need who run scripts.
const SCRIPTING: [&str; 2] = ["rilua", "replica_lab::script"];

/// What is not in the first module.
pub(crate) struct Plan {
    /// The part of each deferred function, by the function's number.
    parts: BTreeMap<usize, usize>,
    /// The place in the table of each to which others refer.
    places: BTreeMap<usize, usize>,
    /// Where in memory the objects of each part are.
    objects: Vec<Vec<Range<u32>>>,
}

impl Plan {
    /// Every function that was not called is deferred, and with them what only they refer to.
    pub(crate) fn of(module: &Module, called: &str, objects: &Objects) -> Result<Self> {
        let called: BTreeSet<usize> = called.lines().map(str::parse).collect::<Result<_, _>>()?;
        let (mut parts, mut first) = (BTreeMap::new(), BTreeSet::new());
        let mut deferred = [const { BTreeSet::new() }; PARTS];
        for function in module.funcs.iter() {
            let FunctionKind::Local(_) = function.kind else { continue };
            let (number, name) = (function.id().index(), function.name.as_deref());
            if called.contains(&number) {
                first.extend(name);
            } else {
                let part = part_of(function);
                parts.insert(number, part);
                deferred[part].extend(name);
            }
        }
        let objects = objects.deferred(&deferred, &first);
        Ok(Self { parts, places: BTreeMap::new(), objects })
    }

    /// Where in memory the objects of a part are.
    pub(crate) fn objects(&self, part: usize) -> &[Range<u32>] {
        &self.objects[part]
    }

    /// The part of a function; none if it is in the first module.
    pub(crate) fn part(&self, function: usize) -> Option<usize> {
        self.parts.get(&function).copied()
    }

    /// The place in the table of a function to which others refer.
    pub(crate) fn place(&self, function: usize) -> Option<usize> {
        self.places.get(&function).copied()
    }

    /// How many places there are.
    pub(crate) fn size(&self) -> usize {
        self.places.len()
    }

    /// Gives each of these functions a place, part by part.
    pub(crate) fn give_places(&mut self, functions: &BTreeSet<usize>) {
        let mut order: Vec<usize> = functions.iter().copied().collect();
        order.sort_by_key(|function| self.parts[function]);
        self.places = order.into_iter().enumerate().map(|(place, one)| (one, place)).collect();
    }

    /// The functions with a place that a part fills, in the order of their places.
    pub(crate) fn filled_by(&self, part: usize) -> Vec<usize> {
        let mut all: Vec<usize> =
            self.places.keys().copied().filter(|one| self.parts[one] == part).collect();
        all.sort_by_key(|function| self.places[function]);
        all
    }

    /// Which deferred functions a module still has.
    pub(crate) fn deferred_of(&self, module: &Module) -> BTreeSet<usize> {
        let all = module.funcs.iter_local().map(|(id, _)| id.index());
        all.filter(|function| self.parts.contains_key(function)).collect()
    }

    /// Which deferred functions the parts ask for.
    pub(crate) fn deferred_among(&self, shared: &Shared) -> BTreeSet<usize> {
        let functions = shared.keys().filter_map(|item| match item {
            Item::Function(function) => Some(*function),
            Item::Table(_) | Item::Memory(_) | Item::Global(_) => None,
        });
        functions.filter(|function| self.parts.contains_key(function)).collect()
    }
}

fn part_of(function: &Function) -> usize {
    let name = format!("{:#}", demangle(function.name.as_deref().unwrap_or_default()));
    usize::from(SCRIPTING.iter().any(|prefix| name.contains(prefix)))
}
