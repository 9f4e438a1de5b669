//! Which constants belong to which functions.
//!
//! Code refers to an object in memory by nothing but a number. The linker knows better, and writes
//! it down when it is asked to (`--emit-relocs`): every object with its place and size, and
//! every place in code and in other objects that holds the address of one. An object that only the
//! functions of a part can reach comes with that part.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, bail};
use wasmparser::{
    ConstExpr, CustomSectionReader, DataKind, DataSectionReader, ImportSectionReader, KnownCustom,
    Linking, Name, Operator, Parser, Payload, RelocAddendKind, RelocationEntry, SymbolInfo,
    TypeRef,
};

/// Objects in memory by where they begin, and who refers to them.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    /// Where each ends.
    ends: BTreeMap<u32, u32>,
    /// Where segments begin: none goes over from one to the next.
    borders: BTreeSet<u32>,
    /// To which others an object refers.
    from_objects: BTreeMap<u32, BTreeSet<u32>>,
    /// To which a function refers, by the name that the linker has given it.
    from_functions: BTreeMap<String, BTreeSet<u32>>,
}

impl Objects {
    /// Reads what the linker has noted.
    pub(crate) fn read(linked: &[u8]) -> Result<Self> {
        let mut notes = Notes::default();
        for payload in Parser::new(0).parse_all(linked) {
            match payload? {
                Payload::ImportSection(imports) => notes.imported = imported_functions(imports)?,
                Payload::CodeSectionStart { range, .. } => notes.code_begins = range.start,
                Payload::CodeSectionEntry(body) => notes.bodies.push(body.range()),
                Payload::DataSection(segments) => notes.read_segments(linked, segments)?,
                Payload::CustomSection(section) => notes.read_custom(&section)?,
                _ => {}
            }
        }
        if notes.in_code.is_empty() {
            bail!("the engine was linked without --emit-relocs");
        }
        notes.objects()
    }

    /// The objects that only deferred functions can reach, part by part: the first part that can.
    pub(crate) fn deferred(
        &self,
        parts: &[BTreeSet<&str>],
        first: &BTreeSet<&str>,
    ) -> Vec<Vec<Range<u32>>> {
        let mut taken = self.reached(first);
        let mut deferred = Vec::new();
        for functions in parts {
            let reached = self.reached(functions);
            deferred.push(self.runs(reached.difference(&taken)));
            taken.extend(reached);
        }
        deferred
    }

    /// Every object that these functions can come to.
    fn reached(&self, functions: &BTreeSet<&str>) -> BTreeSet<u32> {
        let referred = functions.iter().filter_map(|name| self.from_functions.get(*name)).flatten();
        let mut ahead: Vec<u32> = referred.copied().collect();
        let mut reached = BTreeSet::new();
        while let Some(object) = ahead.pop() {
            if reached.insert(object) {
                ahead.extend(self.from_objects.get(&object).into_iter().flatten());
            }
        }
        reached
    }

    /// Where objects are, in as few pieces as they make.
    fn runs<'a>(&self, objects: impl Iterator<Item = &'a u32>) -> Vec<Range<u32>> {
        let mut runs: Vec<Range<u32>> = Vec::new();
        for &begin in objects {
            let end = self.ends[&begin];
            match runs.last_mut() {
                Some(last) if last.end == begin && !self.borders.contains(&begin) => last.end = end,
                _ => runs.push(begin..end),
            }
        }
        runs
    }
}

/// What a linked module says of itself, as it stands there.
#[derive(Default)]
struct Notes<'a> {
    /// How many functions come before the first that has a body.
    imported: usize,
    code_begins: usize,
    /// Where in the file each function is.
    bodies: Vec<Range<usize>>,
    names: BTreeMap<usize, &'a str>,
    data_begins: usize,
    /// Where in the file each segment is, and where in memory it goes.
    segments: Vec<(Range<usize>, u32)>,
    symbols: Vec<SymbolInfo<'a>>,
    in_code: Vec<RelocationEntry>,
    in_data: Vec<RelocationEntry>,
}

impl<'a> Notes<'a> {
    fn read_segments(&mut self, linked: &[u8], segments: DataSectionReader<'_>) -> Result<()> {
        self.data_begins = segments.range().start;
        for segment in segments {
            let segment = segment?;
            let DataKind::Active { offset_expr, .. } = &segment.kind else {
                bail!("a segment of data has no place");
            };
            let begin = segment.data.as_ptr() as usize - linked.as_ptr() as usize;
            self.segments.push((begin..begin + segment.data.len(), constant(offset_expr)?));
        }
        Ok(())
    }

    fn read_custom(&mut self, section: &CustomSectionReader<'a>) -> Result<()> {
        match section.as_known() {
            KnownCustom::Linking(linking) => {
                for part in linking.subsections() {
                    if let Linking::SymbolTable(table) = part? {
                        self.symbols = table.into_iter().collect::<Result<_, _>>()?;
                    }
                }
            }
            KnownCustom::Reloc(relocations) => {
                let entries = relocations.entries().into_iter();
                let addresses = entries.filter(|entry| {
                    !matches!(entry, Ok(entry) if
                    entry.ty.addend_kind() == RelocAddendKind::None)
                });
                match section.name() {
                    "reloc.CODE" => self.in_code = addresses.collect::<Result<_, _>>()?,
                    "reloc.DATA" => self.in_data = addresses.collect::<Result<_, _>>()?,
                    _ => {}
                }
            }
            KnownCustom::Name(parts) => {
                for part in parts {
                    let Name::Function(functions) = part? else { continue };
                    for function in functions {
                        let function = function?;
                        self.names.insert(function.index as usize, function.name);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn objects(&self) -> Result<Objects> {
        let borders = self.segments.iter().map(|(_, begin)| *begin).collect();
        let mut objects = Objects { ends: self.ends(), borders, ..Objects::default() };
        for entry in &self.in_code {
            let place = self.code_begins + entry.offset as usize;
            let number = self.bodies.partition_point(|body| body.end <= place);
            let name =
                self.names.get(&(self.imported + number)).context("a function has no name")?;
            let Some(to) = self.object(&objects, entry)? else { continue };
            objects.from_functions.entry((*name).to_owned()).or_default().insert(to);
        }
        for entry in &self.in_data {
            let place = self.data_begins + entry.offset as usize;
            let number = self.segments.partition_point(|(segment, _)| segment.end <= place);
            let (segment, address) = &self.segments[number];
            let from = address + u32::try_from(place - segment.start)?;
            let from = objects.at(from).context("an address in memory belongs to no object")?;
            let Some(to) = self.object(&objects, entry)? else { continue };
            objects.from_objects.entry(from).or_default().insert(to);
        }
        Ok(objects)
    }

    /// Where every object ends. Those that share bytes are one.
    fn ends(&self) -> BTreeMap<u32, u32> {
        let defined = self.symbols.iter().filter_map(|symbol| self.place(symbol));
        let mut places: Vec<Range<u32>> = defined.filter(|place| !place.is_empty()).collect();
        places.sort_by_key(|place| (place.start, place.end));
        let mut ends: BTreeMap<u32, u32> = BTreeMap::new();
        for place in places {
            match ends.last_entry() {
                Some(mut last) if place.start < *last.get() => {
                    let end = place.end.max(*last.get());
                    last.insert(end);
                }
                _ => _ = ends.insert(place.start, place.end),
            }
        }
        ends
    }

    /// Where in memory a symbol's object is, if it is one of data.
    fn place(&self, symbol: &SymbolInfo<'_>) -> Option<Range<u32>> {
        let SymbolInfo::Data { symbol: Some(defined), .. } = symbol else { return None };
        let begin = self.segments.get(defined.index as usize)?.1 + defined.offset;
        Some(begin..begin + defined.size)
    }

    /// The object whose address is noted somewhere.
    fn object(&self, objects: &Objects, entry: &RelocationEntry) -> Result<Option<u32>> {
        let symbol = self.symbols.get(entry.index as usize).context("there is no such symbol")?;
        Ok(self.place(symbol).and_then(|place| objects.at(place.start)))
    }
}

impl Objects {
    /// The object that has a byte.
    fn at(&self, address: u32) -> Option<u32> {
        let (begin, end) = self.ends.range(..=address).next_back()?;
        (address < *end).then_some(*begin)
    }
}

fn imported_functions(imports: ImportSectionReader<'_>) -> Result<usize> {
    let mut count = 0;
    for import in imports.into_imports() {
        count += usize::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
    }
    Ok(count)
}

/// The number that an expression says.
fn constant(expression: &ConstExpr<'_>) -> Result<u32> {
    match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => Ok(value.cast_unsigned()),
        _ => bail!("a segment of data has no fixed place"),
    }
}
