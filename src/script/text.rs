//! The library of strings, bounded, and with the words of Lua 5.1 where the interpreter has others.

use rilua::stdlib::string;
use rilua::vm::state::LuaState;
use rilua::{LuaError, LuaResult, RustFn};

use super::lua::{self, args};
use super::memory::bounded;

fn rep(state: &mut LuaState) -> LuaResult<u32> {
    let len = state.check_string(1)?.len();
    let times = usize::try_from(state.check_integer(2)?).unwrap_or(0);
    bounded(state, len.saturating_mul(times))?;
    if len == 0 {
        let empty = lua::string(state, b"");
        return Ok(lua::answer(state, empty));
    }
    string::str_rep(state)
}

/// Each match may become the whole replacement.
fn gsub(state: &mut LuaState) -> LuaResult<u32> {
    let given = args(state);
    let len = |at: usize| given.get(at).and_then(|&v| lua::bytes_of(state, v)).map(<[u8]>::len);
    if let (Some(text), Some(with)) = (len(0), len(2))
        && with > 64
    {
        bounded(state, (text + 1).saturating_mul(with))?;
    }
    let result = string::str_gsub(state);
    if let Err(LuaError::Runtime(error)) = &result
        && error.message.starts_with("invalid capture index")
    {
        return Err(lua::error("invalid capture index"));
    }
    result
}

/// Each directive wants an argument of its kind.
fn format(state: &mut LuaState) -> LuaResult<u32> {
    let template = state.check_string(1)?;
    let mut bytes = template.iter().copied();
    let mut argument = 1;
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            continue;
        }
        let mut directive = vec![b'%'];
        let kind = loop {
            match bytes.next() {
                Some(byte) if b"-+ #0123456789.".contains(&byte) => directive.push(byte),
                kind => break kind.unwrap_or(0),
            }
        };
        if kind == b'%' && directive.len() == 1 {
            continue;
        }
        argument += 1;
        match kind {
            b'c' | b'd' | b'i' | b'o' | b'u' | b'x' | b'X' | b'e' | b'E' | b'f' | b'g' | b'G' => {
                state.check_number(argument)?;
            }
            b's' | b'q' => {
                if state.base + argument > state.top {
                    return Err(state.arg_error(argument, "no value"));
                }
                state.check_string(argument)?;
            }
            0 => return Err(lua::error("invalid option '%' to 'format'")),
            _ => {
                directive.push(kind);
                let directive = String::from_utf8_lossy(&directive).into_owned();
                return Err(lua::error(format!("invalid option '{directive}' to 'format'")));
            }
        }
    }
    string::str_format(state)
}

/// The functions; `gfind` is `gmatch` under its old name.
pub(super) const FUNCTIONS: &[(&str, RustFn)] = &[
    ("byte", string::str_byte),
    ("char", string::str_char),
    ("dump", string::str_dump),
    ("find", string::str_find),
    ("format", format),
    ("gmatch", string::str_gmatch),
    ("gsub", gsub),
    ("len", string::str_len),
    ("lower", string::str_lower),
    ("match", string::str_match),
    ("rep", rep),
    ("reverse", string::str_reverse),
    ("sub", string::str_sub),
    ("upper", string::str_upper),
];
