//! Small words for the interpreter's values.

use rilua::vm::closure::{Closure, RustClosure};
use rilua::vm::gc::arena::GcRef;
use rilua::vm::state::LuaState;
use rilua::vm::table::Table;
use rilua::{LuaApiMut, LuaError, LuaResult, RustFn, Val, runtime_error};

/// A table's handle.
pub(super) type TableRef = GcRef<Table>;

/// The arguments of the native function that runs.
pub(super) fn args(state: &LuaState) -> Vec<Val> {
    (state.base..state.top).map(|index| state.stack_get(index)).collect()
}

/// Answers one value.
pub(super) fn answer(state: &mut LuaState, value: Val) -> u32 {
    state.push(value);
    1
}

/// A string.
pub(super) fn string(state: &mut LuaState, bytes: &[u8]) -> Val {
    state.create_string(bytes)
}

/// The bytes of a string.
pub(super) fn bytes_of(state: &LuaState, value: Val) -> Option<&[u8]> {
    let Val::Str(string) = value else { return None };
    state.gc.string_arena.get(string).map(rilua::vm::string::LuaString::data)
}

/// The text of a string or a number, as `lua_tostring` gives it.
pub(super) fn text_of(state: &LuaState, value: Val) -> Option<Vec<u8>> {
    match value {
        Val::Num(_) => Some(value.to_string().into_bytes()),
        Val::Str(_) => bytes_of(state, value).map(<[u8]>::to_vec),
        Val::Nil
        | Val::Bool(_)
        | Val::Table(_)
        | Val::Function(_)
        | Val::Userdata(_)
        | Val::LightUserdata(_)
        | Val::Thread(_) => None,
    }
}

/// A native function.
pub(super) fn function(state: &mut LuaState, name: &str, function: RustFn) -> Val {
    Val::Function(state.gc.alloc_closure(Closure::Rust(RustClosure::new(function, name))))
}

/// A native function that keeps a value, its upvalue.
pub(super) fn function_with(state: &mut LuaState, name: &str, function: RustFn, kept: Val) -> Val {
    let mut closure = RustClosure::new(function, name);
    closure.upvalues.push(kept);
    Val::Function(state.gc.alloc_closure(Closure::Rust(closure)))
}

/// What the native function that runs keeps.
pub(super) fn upvalue(state: &LuaState) -> Val {
    let frame = state.call_stack.get(state.ci);
    let function = frame.map_or(Val::Nil, |frame| state.stack_get(frame.func));
    let Val::Function(function) = function else { return Val::Nil };
    let closure = state.gc.closures.get(function).and_then(Closure::as_rust);
    closure.and_then(|closure| closure.upvalues.first().copied()).unwrap_or(Val::Nil)
}

/// An empty table.
pub(super) fn table(state: &mut LuaState) -> TableRef {
    state.gc.alloc_table(Table::new())
}

/// `table[key]`, without its metatable.
pub(super) fn get(state: &LuaState, table: TableRef, key: Val) -> Val {
    let found = state.gc.tables.get(table);
    found.map_or(Val::Nil, |table| table.get(key, &state.gc.string_arena))
}

/// `table.name`, without its metatable.
pub(super) fn field(state: &mut LuaState, table: TableRef, name: &str) -> Val {
    let key = string(state, name.as_bytes());
    get(state, table, key)
}

/// `table[key] = value`, without its metatable.
pub(super) fn set(state: &mut LuaState, table: TableRef, key: Val, value: Val) -> LuaResult<()> {
    let before = state.gc.tables.get(table).map_or(0, Table::estimated_memory);
    let Some(found) = state.gc.tables.get_mut(table) else { return Ok(()) };
    found.raw_set(key, value, &state.gc.string_arena)?;
    let after = found.estimated_memory();
    state.gc.gc_state.track_alloc(after.saturating_sub(before));
    state.gc.barrier_back(table);
    Ok(())
}

/// `table.name = value`, without its metatable.
pub(super) fn set_field(
    state: &mut LuaState,
    table: TableRef,
    name: &str,
    value: Val,
) -> LuaResult<()> {
    let key = string(state, name.as_bytes());
    set(state, table, key, value)
}

/// Appends to a list of `len` items.
pub(super) fn push_item(
    state: &mut LuaState,
    table: TableRef,
    len: usize,
    value: Val,
) -> LuaResult<()> {
    set(state, table, Val::Num((len + 1) as f64), value)
}

/// The pair behind `key`, or the first behind nil.
pub(super) fn next(state: &LuaState, table: TableRef, key: Val) -> Option<(Val, Val)> {
    state.gc.tables.get(table)?.next(key, &state.gc.string_arena).ok()?
}

/// Every pair of a table, in its order.
pub(super) fn pairs(state: &LuaState, table: TableRef) -> Vec<(Val, Val)> {
    let mut pairs: Vec<(Val, Val)> = Vec::new();
    while let Some(pair) = next(state, table, pairs.last().map_or(Val::Nil, |pair| pair.0)) {
        pairs.push(pair);
    }
    pairs
}

/// The error of a native function: its text stands behind the place where it was called.
pub(super) fn error(text: impl Into<String>) -> LuaError {
    runtime_error(text)
}

/// An error as Redis makes it: a table `{err = text}`, without a place.
pub(super) fn raise(state: &mut LuaState, text: &str) -> LuaError {
    match error_table(state, text.as_bytes()) {
        Ok(table) => raise_value(state, Val::Table(table)),
        Err(error) => error,
    }
}

/// Any value as an error.
pub(super) fn raise_value(state: &mut LuaState, value: Val) -> LuaError {
    state.error_object = Some(value);
    runtime_error("")
}

/// `{err = text}`.
pub(super) fn error_table(state: &mut LuaState, text: &[u8]) -> LuaResult<TableRef> {
    let table = table(state);
    let text = string(state, text);
    set_field(state, table, "err", text)?;
    Ok(table)
}
