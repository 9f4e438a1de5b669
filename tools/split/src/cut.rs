//! A part: whatever is not in it becomes an import. Its objects come with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result};
use walrus::ir::Value;
use walrus::{
    ConstExpr, Data, DataKind, ElementItems, ElementKind, ExportItem, FunctionId, FunctionKind,
    GlobalKind, ImportId, ImportKind, ImportedFunction, MemoryId, Module, RefType,
};

use crate::plan::Plan;

/// What parts need of the first module, and the numbers that are the names by which they ask for it.
pub(crate) type Shared = BTreeMap<Item, usize>;

/// A kind of item, and its number: the same in every parse of a module, as an id is not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    Function(usize),
    Table(usize),
    Memory(usize),
    Global(usize),
}

/// The module of which a part imports.
const FIRST: &str = "first";

/// Leaves of a module the functions of a part, and what they refer to as imports.
pub(crate) fn cut(module: &mut Module, plan: &Plan, part: usize, shared: &mut Shared) {
    for export in module.exports.iter().map(|export| export.id()).collect::<Vec<_>>() {
        module.exports.delete(export);
    }
    // What the engine imports from the page, a part imports from the first module too.
    for import in module.imports.iter().map(|import| import.id()).collect::<Vec<_>>() {
        module.imports.delete(import);
    }
    module.start = None;
    keep_objects(module, plan.objects(part));
    let mut imports = Vec::new();
    let all: Vec<FunctionId> = module.funcs.iter().map(|function| function.id()).collect();
    for id in all.iter().copied().filter(|id| plan.part(id.index()) != Some(part)) {
        let ty = module.funcs.get(id).ty();
        let import = import(module, &mut imports, Item::Function(id.index()), id.into());
        module.funcs.get_mut(id).kind = FunctionKind::Import(ImportedFunction { import, ty });
    }
    import_state(module, &mut imports);
    fill_places(module, plan, part, &all);
    walrus::passes::gc::run(module);
    let kept: BTreeSet<ImportId> = module.imports.iter().map(|import| import.id()).collect();
    for (id, item) in imports.into_iter().filter(|(id, _)| kept.contains(id)) {
        let next = shared.len();
        module.imports.get_mut(id).name = name(*shared.entry(item).or_insert(next));
    }
}

/// Puts the functions of a part into their places of the table; without places, all are kept.
fn fill_places(module: &mut Module, plan: &Plan, part: usize, all: &[FunctionId]) {
    let (size, places) = (plan.size() as u64, plan.filled_by(part));
    let (table, _) =
        module.add_import_table(FIRST, "parts", false, size, Some(size), RefType::FUNCREF);
    let begin = places.first().and_then(|first| plan.place(*first)).unwrap_or_default();
    let begin = i32::try_from(begin).expect("there are few functions");
    let functions: Vec<FunctionId> = if size == 0 {
        all.iter().copied().filter(|id| plan.part(id.index()) == Some(part)).collect()
    } else {
        let by_number = |number: usize| all.iter().copied().find(|id| id.index() == number);
        places.into_iter().filter_map(by_number).collect()
    };
    let offset = ConstExpr::Value(Value::I32(begin));
    let kind = ElementKind::Active { table, offset };
    let element = module.elements.add(kind, ElementItems::Functions(functions));
    module.tables.get_mut(table).elem_segments.insert(element);
}

/// What is in tables the first module has put there, and in memory all but these objects.
fn keep_objects(module: &mut Module, objects: &[Range<u32>]) {
    for table in module.tables.iter_mut() {
        table.elem_segments.clear();
    }
    for element in module.elements.iter().map(|element| element.id()).collect::<Vec<_>>() {
        module.elements.delete(element);
    }
    let kept: Vec<(DataKind, Vec<u8>)> =
        objects.iter().map(|object| segment(module, object)).collect();
    for memory in module.memories.iter_mut() {
        memory.data_segments.clear();
    }
    for data in module.data.iter().map(|data| data.id()).collect::<Vec<_>>() {
        module.data.delete(data);
    }
    for (kind, bytes) in kept {
        let DataKind::Active { memory, .. } = kind else { unreachable!("each has its place") };
        let data = module.data.add(kind, bytes);
        module.memories.get_mut(memory).data_segments.insert(data);
    }
}

/// A segment of its own for what is in a piece of memory.
fn segment(module: &Module, object: &Range<u32>) -> (DataKind, Vec<u8>) {
    let found = module.data.iter().find_map(|data| {
        let (memory, bytes) = within(data, object)?;
        Some((memory, data.value[bytes].to_vec()))
    });
    let (memory, bytes) = found.expect("every object is in a segment");
    let offset = ConstExpr::Value(Value::I32(object.start.cast_signed()));
    (DataKind::Active { memory, offset }, bytes)
}

/// The memory, and the place in a segment, of what is in a piece of memory; none if elsewhere.
fn within(data: &Data, object: &Range<u32>) -> Option<(MemoryId, Range<usize>)> {
    let DataKind::Active { memory, offset: ConstExpr::Value(Value::I32(begin)) } = data.kind else {
        return None;
    };
    let begin = object.start.checked_sub(begin.cast_unsigned())? as usize;
    let bytes = begin..begin + object.len();
    (bytes.end <= data.value.len()).then_some((memory, bytes))
}

/// Takes the objects of a part out of the first module: zeros are left, which cost nothing.
pub(crate) fn take_objects(first: &mut Module, objects: &[Range<u32>]) {
    for id in first.data.iter().map(|data| data.id()).collect::<Vec<_>>() {
        let data = first.data.get_mut(id);
        for object in objects {
            if let Some((_, bytes)) = within(data, object) {
                data.value[bytes].fill(0);
            }
        }
    }
}

/// Memory, tables and globals are those of the first module.
fn import_state(module: &mut Module, imports: &mut Vec<(ImportId, Item)>) {
    for id in module.memories.iter().map(|memory| memory.id()).collect::<Vec<_>>() {
        let import = import(module, imports, Item::Memory(id.index()), id.into());
        module.memories.get_mut(id).import = Some(import);
    }
    for id in module.tables.iter().map(|table| table.id()).collect::<Vec<_>>() {
        let import = import(module, imports, Item::Table(id.index()), id.into());
        module.tables.get_mut(id).import = Some(import);
    }
    for id in module.globals.iter().map(|global| global.id()).collect::<Vec<_>>() {
        let import = import(module, imports, Item::Global(id.index()), id.into());
        module.globals.get_mut(id).kind = GlobalKind::Import(import);
    }
}

/// Imports something of the first module; it has its name when it is known what is needed.
fn import(
    module: &mut Module,
    imports: &mut Vec<(ImportId, Item)>,
    item: Item,
    kind: ImportKind,
) -> ImportId {
    let import = module.imports.add(FIRST, "", kind);
    imports.push((import, item));
    import
}

/// The name of what is shared under a number.
fn name(number: usize) -> String {
    format!("{number:x}")
}

/// Exports from the first module what the parts need of it.
pub(crate) fn share(first: &mut Module, shared: &Shared) -> Result<()> {
    for (item, number) in shared {
        let found: Option<ExportItem> = match *item {
            Item::Function(number) => {
                let mut ids = first.funcs.iter().map(|function| function.id());
                ids.find(|id| id.index() == number).map(Into::into)
            }
            Item::Table(number) => {
                let mut ids = first.tables.iter().map(|table| table.id());
                ids.find(|id| id.index() == number).map(Into::into)
            }
            Item::Memory(number) => {
                let mut ids = first.memories.iter().map(|memory| memory.id());
                ids.find(|id| id.index() == number).map(Into::into)
            }
            Item::Global(number) => {
                let mut ids = first.globals.iter().map(|global| global.id());
                ids.find(|id| id.index() == number).map(Into::into)
            }
        };
        let found = found.context("a part needs what the first module has lost")?;
        first.exports.add(&name(*number), found);
    }
    Ok(())
}
