//! The library `cjson`: its options, and values as JSON. *Source*: Redis 7.2 ·
//! deps/lua/src/lua_cjson.c.
//!
//! Options belong to a module: the one that every script finds, or one that `cjson.new` has made.
//! The functions of a module share them as their upvalue.

use rilua::vm::state::LuaState;
use rilua::vm::value::Userdata;
use rilua::{LuaResult, RustFn, Val};

use super::json_decode::decode;
use super::lua::{self, TableRef, answer};
use super::memory::bounded;
use super::number::general;
use super::sandbox;

/// What scripts may set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    sparse_convert: bool,
    sparse_ratio: i64,
    sparse_safe: i64,
    encode_depth: i64,
    pub(super) decode_depth: i64,
    encode_invalid: bool,
    pub(super) decode_invalid: bool,
    keep_buffer: bool,
    precision: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth: 1_000,
            decode_depth: 1_000,
            encode_invalid: false,
            decode_invalid: true,
            keep_buffer: true,
            precision: 14,
        }
    }
}

/// Makes the table `cjson`.
pub(super) fn open(state: &mut LuaState, globals: TableRef) -> LuaResult<()> {
    let module = module(state)?;
    let front = sandbox::seal(state, module)?;
    lua::set_field(state, globals, "cjson", Val::Table(front))
}

/// A module with options of its own.
fn module(state: &mut LuaState) -> LuaResult<TableRef> {
    let module = lua::table(state);
    let options = Userdata::new(Box::new(Options::default()));
    let options = Val::Userdata(state.gc.alloc_userdata(options));
    for &(name, function) in FUNCTIONS {
        let function = lua::function_with(state, name, function, options);
        lua::set_field(state, module, name, function)?;
    }
    for (name, text) in [("_NAME", "cjson"), ("_VERSION", "2.1.0")] {
        let text = lua::string(state, text.as_bytes());
        lua::set_field(state, module, name, text)?;
    }
    lua::set_field(state, module, "null", NULL)?;
    Ok(module)
}

fn new(state: &mut LuaState) -> LuaResult<u32> {
    let module = module(state)?;
    Ok(answer(state, Val::Table(module)))
}

/// The options of the module whose function runs.
pub(super) fn options(state: &mut LuaState) -> &mut Options {
    let Val::Userdata(options) = lua::upvalue(state) else {
        unreachable!("a function of a module has its options")
    };
    let options = state.gc.userdata.get_mut(options).and_then(Userdata::downcast_mut);
    options.expect("the function keeps its options alive")
}

fn encode(state: &mut LuaState) -> LuaResult<u32> {
    if state.top - state.base != 1 {
        return Err(state.arg_error(1, "expected 1 argument"));
    }
    let (value, options) = (state.stack_get(state.base), *options(state));
    let mut out = Vec::new();
    append(state, value, &options, 0, &mut out)?;
    let text = lua::string(state, &out);
    Ok(answer(state, text))
}

fn append(
    state: &LuaState,
    value: Val,
    options: &Options,
    depth: i64,
    out: &mut Vec<u8>,
) -> LuaResult<()> {
    bounded(state, out.len())?;
    match value {
        Val::Str(_) => append_string(lua::bytes_of(state, value).unwrap_or_default(), out),
        Val::Num(number) => append_number(number, options, out)?,
        Val::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Val::Nil | Val::LightUserdata(0) => out.extend_from_slice(b"null"),
        Val::Table(table) => append_table(state, table, options, depth + 1, out)?,
        Val::Function(_) | Val::Userdata(_) | Val::LightUserdata(_) | Val::Thread(_) => {
            return Err(unfit(value, "type not supported"));
        }
    }
    Ok(())
}

fn unfit(value: Val, why: &str) -> rilua::LuaError {
    lua::error(format!("Cannot serialise {}: {why}", value.type_name()))
}

fn append_table(
    state: &LuaState,
    table: TableRef,
    options: &Options,
    depth: i64,
    out: &mut Vec<u8>,
) -> LuaResult<()> {
    if depth > options.encode_depth.min(DEEPEST) {
        return Err(lua::error(format!("Cannot serialise, excessive nesting ({depth})")));
    }
    let pairs = lua::pairs(state, table);
    if let Some(len) = array_len(&pairs, options)? {
        out.push(b'[');
        for index in 1..=len {
            if index > 1 {
                out.push(b',');
            }
            let item = lua::get(state, table, Val::Num(index as f64));
            append(state, item, options, depth, out)?;
        }
        out.push(b']');
        return Ok(());
    }
    out.push(b'{');
    for (at, &(key, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if let Val::Num(number) = key {
            out.push(b'"');
            append_number(number, options, out)?;
            out.push(b'"');
        } else {
            let text = lua::bytes_of(state, key);
            let text = text.ok_or_else(|| unfit(key, "table key must be a number or string"))?;
            append_string(text, out);
        }
        out.push(b':');
        append(state, value, options, depth, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// The length of what is a list; none for an object, and for a table that is empty.
fn array_len(pairs: &[(Val, Val)], options: &Options) -> LuaResult<Option<i64>> {
    let mut most = 0_i64;
    for &(key, _) in pairs {
        let Val::Num(number) = key else { return Ok(None) };
        if number < 1.0 || number.fract() != 0.0 {
            return Ok(None);
        }
        most = most.max(number as i64);
    }
    let items = pairs.len() as i64;
    let sparse = options.sparse_ratio > 0
        && most > items.saturating_mul(options.sparse_ratio)
        && most > options.sparse_safe;
    if sparse && options.sparse_convert {
        return Ok(None);
    }
    if sparse {
        return Err(lua::error("Cannot serialise table: excessively sparse array"));
    }
    Ok((most > 0).then_some(most))
}

fn append_number(number: f64, options: &Options, out: &mut Vec<u8>) -> LuaResult<()> {
    if !number.is_finite() && !options.encode_invalid {
        return Err(unfit(Val::Num(number), "must not be NaN or Inf"));
    }
    let text = general(number, options.precision as usize);
    out.extend_from_slice(if number.is_nan() { b"nan" } else { text.as_bytes() });
    Ok(())
}

fn append_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' | b'/' => out.extend([b'\\', byte]),
            0x08 => out.extend(b"\\b"),
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            0x0c => out.extend(b"\\f"),
            b'\r' => out.extend(b"\\r"),
            0..0x20 | 0x7f => out.extend(format!("\\u{byte:04x}").bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// An option that is a whole number: sets it if one is given, and answers it.
fn whole(
    state: &mut LuaState,
    argument: usize,
    most: i64,
    least: i64,
    option: fn(&mut Options) -> &mut i64,
) -> LuaResult<()> {
    let index = state.base + argument - 1;
    if index < state.top && state.stack_get(index) != Val::Nil {
        let number = state.check_integer(argument)?;
        if !(least..=most).contains(&number) {
            let text = format!("expected integer between {least} and {most}");
            return Err(state.arg_error(argument, &text));
        }
        *option(options(state)) = number;
    }
    let number = *option(options(state));
    state.push(Val::Num(number as f64));
    Ok(())
}

fn named_switch(state: &LuaState, argument: usize) -> LuaResult<bool> {
    let word = state.check_string(argument)?;
    if word != b"on" && word != b"off" {
        let text = format!("invalid option '{}'", String::from_utf8_lossy(&word));
        return Err(state.arg_error(argument, &text));
    }
    Ok(word == b"on")
}

/// An option that is on or off.
fn switch(
    state: &mut LuaState,
    argument: usize,
    option: fn(&mut Options) -> &mut bool,
) -> LuaResult<()> {
    let index = state.base + argument - 1;
    let given = if index < state.top { state.stack_get(index) } else { Val::Nil };
    let on = match given {
        Val::Nil => None,
        Val::Bool(on) => Some(on),
        Val::Num(_)
        | Val::Str(_)
        | Val::Table(_)
        | Val::Function(_)
        | Val::Userdata(_)
        | Val::Thread(_)
        | Val::LightUserdata(_) => Some(named_switch(state, argument)?),
    };
    if let Some(on) = on {
        *option(options(state)) = on;
    }
    let on = *option(options(state));
    state.push(Val::Bool(on));
    Ok(())
}

fn encode_max_depth(state: &mut LuaState) -> LuaResult<u32> {
    whole(state, 1, ANY, 1, |options| &mut options.encode_depth).map(|()| 1)
}

fn decode_max_depth(state: &mut LuaState) -> LuaResult<u32> {
    whole(state, 1, ANY, 1, |options| &mut options.decode_depth).map(|()| 1)
}

fn encode_number_precision(state: &mut LuaState) -> LuaResult<u32> {
    whole(state, 1, 14, 1, |options| &mut options.precision).map(|()| 1)
}

fn encode_sparse_array(state: &mut LuaState) -> LuaResult<u32> {
    let given = lua::args(state);
    switch(state, 1, |options| &mut options.sparse_convert)?;
    // What has been pushed must not be taken for an argument.
    let top = state.top;
    for (argument, option) in [
        (2, (|options: &mut Options| &mut options.sparse_ratio) as fn(&mut Options) -> &mut i64),
        (3, |options| &mut options.sparse_safe),
    ] {
        if given.len() >= argument {
            whole(state, argument, ANY, 0, option)?;
        } else {
            let number = *option(options(state));
            state.push(Val::Num(number as f64));
        }
    }
    debug_assert_eq!(state.top, top + 2);
    Ok(3)
}

fn encode_keep_buffer(state: &mut LuaState) -> LuaResult<u32> {
    switch(state, 1, |options| &mut options.keep_buffer).map(|()| 1)
}

fn encode_invalid_numbers(state: &mut LuaState) -> LuaResult<u32> {
    switch(state, 1, |options| &mut options.encode_invalid).map(|()| 1)
}

fn decode_invalid_numbers(state: &mut LuaState) -> LuaResult<u32> {
    switch(state, 1, |options| &mut options.decode_invalid).map(|()| 1)
}

/// `cjson.null`
pub(super) const NULL: Val = Val::LightUserdata(0);
const ANY: i64 = i32::MAX as i64;
/// How deep the encoder may call itself, whatever a script has set.
const DEEPEST: i64 = 1_000;

const FUNCTIONS: &[(&str, RustFn)] = &[
    ("decode", decode),
    ("decode_invalid_numbers", decode_invalid_numbers),
    ("decode_max_depth", decode_max_depth),
    ("encode", encode),
    ("encode_invalid_numbers", encode_invalid_numbers),
    ("encode_keep_buffer", encode_keep_buffer),
    ("encode_max_depth", encode_max_depth),
    ("encode_number_precision", encode_number_precision),
    ("encode_sparse_array", encode_sparse_array),
    ("new", new),
];
