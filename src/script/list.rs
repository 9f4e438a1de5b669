//! The library of tables, with the words of Lua 5.1 where the interpreter has others.

use rilua::stdlib::table;
use rilua::vm::state::LuaState;
use rilua::{LuaResult, RustFn, Val};

use super::lua::{self, TableRef, args};
use super::memory::bounded;

/// The table that is the first argument.
fn first_table(state: &LuaState) -> LuaResult<TableRef> {
    match args(state).first() {
        Some(&Val::Table(table)) => Ok(table),
        _ => Err(state.type_error(1, "table")),
    }
}

/// A function whose first argument is a table.
macro_rules! of_table {
    ($($name:ident $inner:ident)*) => {
        $(fn $name(state: &mut LuaState) -> LuaResult<u32> {
            first_table(state)?;
            table::$inner(state)
        })*
    };
}

of_table!(insert tab_insert remove tab_remove getn tab_getn maxn tab_maxn);

/// Sorts. Items of several types have no order, and some two that have none are compared, whatever
/// the way: the interpreter would name but one of them, so they are compared by [`is_less`].
fn sort(state: &mut LuaState) -> LuaResult<u32> {
    let list = first_table(state)?;
    let has_order = args(state).get(1).is_some_and(|&order| order != Val::Nil);
    if has_order || !is_mixed(state, list) {
        return table::tab_sort(state);
    }
    let found = lua::table(state);
    let order = lua::function_with(state, "less", is_less, Val::Table(found));
    state.top = state.base + 1;
    state.push(order);
    let sorted = table::tab_sort(state);
    let fault = lua::get(state, found, Val::Num(1.0));
    match lua::text_of(state, fault) {
        None => sorted,
        Some(text) => Err(lua::error(String::from_utf8_lossy(&text))),
    }
}

/// True if not all items are of one type.
fn is_mixed(state: &LuaState, list: TableRef) -> bool {
    let len = state.gc.tables.get(list).map_or(0, |table| table.len(&state.gc.string_arena));
    let kind = |index: usize| lua::get(state, list, Val::Num(index as f64)).type_name();
    (2..=len).any(|index| kind(index) != kind(1))
}

/// `a < b`. The first two that cannot be compared are kept for [`sort`], whose error it is.
fn is_less(state: &mut LuaState) -> LuaResult<u32> {
    let values = args(state);
    let [a, b] = [0, 1].map(|index| values.get(index).copied().unwrap_or(Val::Nil));
    let [left, right] = [a, b].map(|value| value.type_name());
    let is_less = left == right && state.api_lessthan(a, b)?;
    if left != right
        && let Val::Table(found) = lua::upvalue(state)
        && lua::get(state, found, Val::Num(1.0)) == Val::Nil
    {
        let text = format!("attempt to compare {left} with {right}");
        let text = lua::string(state, text.as_bytes());
        lua::set(state, found, Val::Num(1.0), text)?;
    }
    Ok(lua::answer(state, Val::Bool(is_less)))
}

fn concat(state: &mut LuaState) -> LuaResult<u32> {
    let list = first_table(state)?;
    let separator = state.opt_string(2)?.map_or(0, |separator| separator.len());
    let first = state.opt_integer(3, 1)?;
    let len = state.gc.tables.get(list).map_or(0, |table| table.len(&state.gc.string_arena));
    let last = state.opt_integer(4, len as i64)?;
    let mut bytes = 0_usize;
    for index in first..=last {
        let item = lua::get(state, list, Val::Num(index as f64));
        let Some(text) = lua::text_of(state, item) else {
            let kind = item.type_name();
            return Err(lua::error(format!(
                "invalid value ({kind}) at index {index} in table for 'concat'"
            )));
        };
        bytes = bytes.saturating_add(text.len()).saturating_add(separator);
        bounded(state, bytes)?;
    }
    table::tab_concat(state)
}

/// The functions.
pub(super) const FUNCTIONS: &[(&str, RustFn)] = &[
    ("concat", concat),
    ("foreach", table::tab_foreach),
    ("foreachi", table::tab_foreachi),
    ("getn", getn),
    ("insert", insert),
    ("maxn", maxn),
    ("remove", remove),
    ("setn", table::tab_setn),
    ("sort", sort),
];
