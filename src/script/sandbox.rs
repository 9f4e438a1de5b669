//! The globals of a script: what Redis leaves of Lua's libraries, and nobody may change.
//! *Source*: Redis 7.2 · script_lua.c · luaRegisterRedisAPI, luaSetErrorMetatable,
//! luaSetTableProtectionRecursively.

use rilua::stdlib::{base, coroutine};
use rilua::vm::state::LuaState;
use rilua::{LuaResult, Val};

use super::lua::{self, TableRef, args};
use super::slot::{register, share_fuel, slot};
use super::{arithmetic, bit, json, list, math, memory, msgpack, packing, redis, text};

/// Makes the globals, and answers the table that holds them; `_G` shows it to the script.
pub(super) fn open(state: &mut LuaState) -> LuaResult<TableRef> {
    let globals = lua::table(state);
    register(state, globals, BASE)?;
    let version = lua::string(state, b"Lua 5.1");
    lua::set_field(state, globals, "_VERSION", version)?;
    string_metatable(state, globals)?;
    library(state, globals, "table", list::FUNCTIONS)?;
    let library_of_math = library(state, globals, "math", math::FUNCTIONS)?;
    math::constants(state, library_of_math)?;
    library(state, globals, "coroutine", COROUTINE)?;
    library(state, globals, "bit", bit::FUNCTIONS)?;
    library(state, globals, "struct", packing::FUNCTIONS)?;
    json::open(state, globals)?;
    let library_of_packs = library(state, globals, "cmsgpack", msgpack::FUNCTIONS)?;
    msgpack::constants(state, library_of_packs)?;
    redis::open(state, globals)?;
    let front = seal(state, globals)?;
    lua::set_field(state, globals, "_G", Val::Table(front))?;
    refuse_unknown(state, globals)?;
    state.global = front;
    Ok(globals)
}

/// Lets the script see other globals behind the table that it knows.
pub(super) fn show(state: &mut LuaState, globals: TableRef) -> LuaResult<()> {
    let front = state.gc.tables.get(state.global);
    let Some(metatable) = front.and_then(rilua::vm::table::Table::metatable) else { return Ok(()) };
    lua::set_field(state, metatable, "__index", Val::Table(globals))
}

/// Adds a library whose table nobody may write.
pub(super) fn library(
    state: &mut LuaState,
    globals: TableRef,
    name: &str,
    functions: &[(&'static str, rilua::RustFn)],
) -> LuaResult<TableRef> {
    let library = lua::table(state);
    register(state, library, functions)?;
    let front = seal(state, library)?;
    lua::set_field(state, globals, name, Val::Table(front))?;
    Ok(library)
}

/// `("text"):upper()` finds the library of strings.
fn string_metatable(state: &mut LuaState, globals: TableRef) -> LuaResult<()> {
    let strings = library(state, globals, "string", text::FUNCTIONS)?;
    let gmatch = lua::field(state, strings, "gmatch");
    lua::set_field(state, strings, "gfind", gmatch)?;
    let metatable = lua::table(state);
    let front = lua::field(state, globals, "string");
    lua::set_field(state, metatable, "__index", front)?;
    seal_metatable(state, metatable)?;
    state.gc.type_metatables[STRING_TAG] = Some(metatable);
    Ok(())
}

/// Lua 5.1 has no tables that cannot be written. So the script sees an empty one in front, which
/// lets it read what is behind and refuses every write.
pub(super) fn seal(state: &mut LuaState, behind: TableRef) -> LuaResult<TableRef> {
    let front = lua::table(state);
    let metatable = cover(state, front, behind)?;
    seal_metatable(state, metatable)?;
    Ok(front)
}

/// Nor may anybody write what makes a table sealed: the script is shown a sealed one in its place.
fn seal_metatable(state: &mut LuaState, metatable: TableRef) -> LuaResult<()> {
    let front = lua::table(state);
    cover(state, front, metatable)?;
    lua::set_field(state, metatable, "__metatable", Val::Table(front))
}

/// Puts `front` before `behind`, and answers the metatable that does it.
fn cover(state: &mut LuaState, front: TableRef, behind: TableRef) -> LuaResult<TableRef> {
    let metatable = lua::table(state);
    lua::set_field(state, metatable, "__index", Val::Table(behind))?;
    let refuse = lua::function(state, "refuse", refuse_write);
    lua::set_field(state, metatable, "__newindex", refuse)?;
    if let Some(front) = state.gc.tables.get_mut(front) {
        front.set_metatable(Some(metatable));
    }
    slot(state).sealed.push((front, behind));
    Ok(metatable)
}

/// To read a global that does not exist is an error.
pub(super) fn refuse_unknown(state: &mut LuaState, globals: TableRef) -> LuaResult<()> {
    let metatable = lua::table(state);
    let refuse = lua::function(state, "unknown", unknown_global);
    lua::set_field(state, metatable, "__index", refuse)?;
    if let Some(globals) = state.gc.tables.get_mut(globals) {
        globals.set_metatable(Some(metatable));
    }
    Ok(())
}

fn unknown_global(state: &mut LuaState) -> LuaResult<u32> {
    let key = args(state).get(1).copied().unwrap_or(Val::Nil);
    let name = lua::text_of(state, key).unwrap_or_default();
    let name = String::from_utf8_lossy(&name).into_owned();
    Err(lua::error(format!("Script attempted to access nonexistent global variable '{name}'")))
}

fn refuse_write(_: &mut LuaState) -> LuaResult<u32> {
    Err(lua::error(READ_ONLY))
}

/// Lets a function of the base library work on what is behind a sealed table.
fn look_behind(state: &mut LuaState) {
    let first = state.stack_get(state.base);
    if state.top > state.base
        && let Val::Table(front) = first
        && let Some(behind) = slot(state).behind(front)
    {
        state.stack_set(state.base, Val::Table(behind));
    }
}

fn pairs(state: &mut LuaState) -> LuaResult<u32> {
    let Some(&table @ Val::Table(_)) = args(state).first() else {
        return Err(state.type_error(1, "table"));
    };
    let globals = state.global;
    let globals = slot(state).behind(globals).unwrap_or(globals);
    let next = lua::field(state, globals, "next");
    state.push(next);
    state.push(table);
    state.push(Val::Nil);
    Ok(3)
}

fn next(state: &mut LuaState) -> LuaResult<u32> {
    look_behind(state);
    base::lua_next(state)
}

/// A sealed table has a metatable only because it is sealed; but that of the globals is Redis' own.
fn getmetatable(state: &mut LuaState) -> LuaResult<u32> {
    match args(state).first() {
        Some(&Val::Table(front))
            if front != state.global && slot(state).behind(front).is_some() =>
        {
            Ok(lua::answer(state, Val::Nil))
        }
        _ => base::lua_getmetatable(state),
    }
}

fn rawget(state: &mut LuaState) -> LuaResult<u32> {
    look_behind(state);
    base::lua_rawget(state)
}

fn rawset(state: &mut LuaState) -> LuaResult<u32> {
    refuse_sealed(state)?;
    base::lua_rawset(state)
}

fn setmetatable(state: &mut LuaState) -> LuaResult<u32> {
    refuse_sealed(state)?;
    base::lua_setmetatable(state)
}

fn refuse_sealed(state: &mut LuaState) -> LuaResult<()> {
    let first = args(state).first().copied();
    match first {
        Some(Val::Table(front)) if slot(state).behind(front).is_some() => {
            let text = lua::string(state, READ_ONLY.as_bytes());
            Err(lua::raise_value(state, text))
        }
        _ => Ok(()),
    }
}

fn assert(state: &mut LuaState) -> LuaResult<u32> {
    let given = args(state);
    match given.first() {
        None => Err(state.arg_error(1, "value expected")),
        Some(value) if value.is_truthy() => Ok(given.len() as u32),
        Some(_) => {
            let text = state.opt_string(2)?.unwrap_or_else(|| b"assertion failed!".to_vec());
            Err(lua::error(String::from_utf8_lossy(&text)))
        }
    }
}

/// `pcall` answers the text of an error that Redis made, not the table that carries it.
fn pcall(state: &mut LuaState) -> LuaResult<u32> {
    let count = base::lua_pcall(state)?;
    let first = state.top - count as usize;
    if count == 2
        && state.stack_get(first) == Val::Bool(false)
        && let Val::Table(error) = state.stack_get(first + 1)
    {
        let text = lua::field(state, error, "err");
        if matches!(text, Val::Str(_) | Val::Num(_)) {
            state.stack_set(first + 1, text);
        }
    }
    Ok(count)
}

/// Byte code could do what no source can.
fn loadstring(state: &mut LuaState) -> LuaResult<u32> {
    let source = args(state).first().copied().unwrap_or(Val::Nil);
    if lua::bytes_of(state, source).is_some_and(is_byte_code) {
        return refuse_byte_code(state);
    }
    compile(state)
}

/// Compiles the text that is the first argument.
fn compile(state: &mut LuaState) -> LuaResult<u32> {
    let count = base::lua_loadstring(state)?;
    if let Val::Function(function) = state.stack_get(state.top - count as usize) {
        arithmetic::amend(state, function);
    }
    Ok(count)
}

/// The pieces of a text, put together; then as `loadstring`.
fn load(state: &mut LuaState) -> LuaResult<u32> {
    let given = args(state);
    let Some(&reader @ Val::Function(_)) = given.first() else { return base::lua_load(state) };
    let name = given.get(1).copied().filter(|name| matches!(name, Val::Str(_)));
    let mut source = Vec::new();
    loop {
        let at = state.top;
        state.push(reader);
        state.call_function(at, 1)?;
        let piece = state.pop();
        match lua::bytes_of(state, piece) {
            Some(piece) if !piece.is_empty() => source.extend_from_slice(piece),
            _ => break,
        }
        memory::bounded(state, source.len())?;
    }
    if is_byte_code(&source) {
        return refuse_byte_code(state);
    }
    state.top = state.base;
    let source = lua::string(state, &source);
    state.push(source);
    let name = name.unwrap_or_else(|| lua::string(state, b"=(load)"));
    state.push(name);
    compile(state)
}

pub(super) fn is_byte_code(source: &[u8]) -> bool {
    let body = match source.first() {
        Some(b'#') => source.splitn(2, |&byte| byte == b'\n').nth(1).unwrap_or_default(),
        _ => source,
    };
    body.first() == Some(&0x1b)
}

fn refuse_byte_code(state: &mut LuaState) -> LuaResult<u32> {
    state.push(Val::Nil);
    let text = lua::string(state, b"script bytecode is not allowed");
    state.push(text);
    Ok(2)
}

fn create(state: &mut LuaState) -> LuaResult<u32> {
    let count = coroutine::co_create(state)?;
    let thread = state.stack_get(state.top - 1);
    share_fuel(state, thread);
    Ok(count)
}

fn wrap(state: &mut LuaState) -> LuaResult<u32> {
    let count = coroutine::co_wrap(state)?;
    if let Val::Function(function) = state.stack_get(state.top - 1) {
        let closure = state.gc.closures.get(function).and_then(|closure| closure.as_rust());
        let thread = closure.and_then(|closure| closure.upvalues.first().copied());
        share_fuel(state, thread.unwrap_or(Val::Nil));
    }
    Ok(count)
}

const READ_ONLY: &str = "Attempt to modify a readonly table";

/// The type of strings among the interpreter's metatables.
const STRING_TAG: usize = 3;

type Functions = &'static [(&'static str, rilua::RustFn)];

const BASE: Functions = &[
    ("assert", assert),
    ("collectgarbage", memory::collectgarbage),
    ("error", base::lua_error),
    ("gcinfo", base::lua_gcinfo),
    ("getmetatable", getmetatable),
    ("ipairs", base::lua_ipairs),
    ("load", load),
    ("loadstring", loadstring),
    ("next", next),
    ("pairs", pairs),
    ("pcall", pcall),
    ("rawequal", base::lua_rawequal),
    ("rawget", rawget),
    ("rawset", rawset),
    ("select", base::lua_select),
    ("setmetatable", setmetatable),
    ("tonumber", base::lua_tonumber),
    ("tostring", base::lua_tostring),
    ("type", base::lua_type),
    ("unpack", base::lua_unpack),
    ("xpcall", base::lua_xpcall),
];

const COROUTINE: Functions = &[
    ("create", create),
    ("resume", coroutine::co_resume),
    ("running", coroutine::co_running),
    ("status", coroutine::co_status),
    ("wrap", wrap),
    ("yield", coroutine::co_yield),
];
