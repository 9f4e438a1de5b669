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

of_table!(insert tab_insert remove tab_remove sort tab_sort getn tab_getn maxn tab_maxn);

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
