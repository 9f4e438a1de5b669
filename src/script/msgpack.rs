//! The library `cmsgpack`. *Source*: Redis 7.2 · deps/lua/src/lua_cmsgpack.c.

use rilua::vm::state::LuaState;
use rilua::{LuaResult, RustFn, Val};

use super::lua::{self, TableRef, answer, args};
use super::memory::bounded;

/// What the library holds beside its functions.
pub(super) fn constants(state: &mut LuaState, library: TableRef) -> LuaResult<()> {
    for (name, text) in [
        ("_NAME", "cmsgpack"),
        ("_VERSION", "lua-cmsgpack 0.4.0"),
        ("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"),
        ("_DESCRIPTION", "MessagePack C implementation for Lua"),
    ] {
        let text = lua::string(state, text.as_bytes());
        lua::set_field(state, library, name, text)?;
    }
    Ok(())
}

fn pack(state: &mut LuaState) -> LuaResult<u32> {
    let given = args(state);
    if given.is_empty() {
        return Err(state.arg_error(0, "MessagePack pack needs input."));
    }
    let mut out = Vec::new();
    for value in given {
        append(state, value, 0, &mut out)?;
    }
    let packed = lua::string(state, &out);
    Ok(answer(state, packed))
}

fn append(state: &LuaState, value: Val, level: usize, out: &mut Vec<u8>) -> LuaResult<()> {
    bounded(state, out.len())?;
    match value {
        Val::Str(_) => append_string(lua::bytes_of(state, value).unwrap_or_default(), out),
        Val::Bool(value) => out.push(if value { 0xc3 } else { 0xc2 }),
        Val::Num(number) => append_number(number, out),
        Val::Table(table) if level < NESTING => append_table(state, table, level + 1, out)?,
        Val::Nil
        | Val::Table(_)
        | Val::Function(_)
        | Val::Userdata(_)
        | Val::Thread(_)
        | Val::LightUserdata(_) => out.push(0xc0),
    }
    Ok(())
}

fn append_string(text: &[u8], out: &mut Vec<u8>) {
    match text.len() {
        len @ 0..32 => out.push(0xa0 | len as u8),
        len @ 32..=0xff => out.extend([0xd9, len as u8]),
        len => append_len(len, 0xda, out),
    }
    out.extend_from_slice(text);
}

/// A length of two bytes, or of four behind the next code.
fn append_len(len: usize, code: u8, out: &mut Vec<u8>) {
    if len <= 0xffff {
        out.push(code);
        out.extend((len as u16).to_be_bytes());
    } else {
        out.push(code + 1);
        out.extend((len as u32).to_be_bytes());
    }
}

fn append_number(number: f64, out: &mut Vec<u8>) {
    let integer = number as i64;
    if integer as f64 != number || integer == i64::MAX {
        let short = number as f32;
        if f64::from(short) == number {
            out.push(0xca);
            out.extend(short.to_be_bytes());
        } else {
            out.push(0xcb);
            out.extend(number.to_be_bytes());
        }
        return;
    }
    let bytes = integer.to_be_bytes();
    let (code, len) = match integer {
        -32..=0x7f => return out.push(integer as u8),
        0x80..=0xff => (0xcc, 1),
        0x100..=0xffff => (0xcd, 2),
        0x1_0000..=0xffff_ffff => (0xce, 4),
        0x1_0000_0000.. => (0xcf, 8),
        -0x80..-32 => (0xd0, 1),
        -0x8000..-0x80 => (0xd1, 2),
        -0x8000_0000..-0x8000 => (0xd2, 4),
        _ => (0xd3, 8),
    };
    out.push(code);
    out.extend_from_slice(&bytes[8 - len..]);
}

fn append_table(
    state: &LuaState,
    table: TableRef,
    level: usize,
    out: &mut Vec<u8>,
) -> LuaResult<()> {
    let pairs = lua::pairs(state, table);
    if is_list(&pairs) {
        match pairs.len() {
            len @ 0..16 => out.push(0x90 | len as u8),
            len => append_len(len, 0xdc, out),
        }
        for index in 1..=pairs.len() {
            append(state, lua::get(state, table, Val::Num(index as f64)), level, out)?;
        }
        return Ok(());
    }
    match pairs.len() {
        len @ 0..16 => out.push(0x80 | len as u8),
        len => append_len(len, 0xde, out),
    }
    for (key, value) in pairs {
        append(state, key, level, out)?;
        append(state, value, level, out)?;
    }
    Ok(())
}

/// True if the keys are 1, 2, … without a gap.
fn is_list(pairs: &[(Val, Val)]) -> bool {
    let mut most = 0.0_f64;
    for &(key, _) in pairs {
        let Val::Num(number) = key else { return false };
        if number < 1.0 || number.fract() != 0.0 {
            return false;
        }
        most = most.max(number);
    }
    most == pairs.len() as f64
}

/// Why a text cannot be unpacked.
enum Fault {
    Missing,
    Bad,
    Lua(rilua::LuaError),
}

impl From<rilua::LuaError> for Fault {
    fn from(error: rilua::LuaError) -> Self {
        Self::Lua(error)
    }
}

struct Decoder<'a> {
    data: &'a [u8],
    at: usize,
}

impl Decoder<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8], Fault> {
        let end = self.at.checked_add(len).ok_or(Fault::Missing)?;
        let bytes = self.data.get(self.at..end).ok_or(Fault::Missing)?;
        self.at = end;
        Ok(bytes)
    }

    fn unsigned(&mut self, len: usize) -> Result<u64, Fault> {
        Ok(self.take(len)?.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn signed(&mut self, len: usize) -> Result<f64, Fault> {
        let spare = 64 - 8 * len as u32;
        Ok(((self.unsigned(len)? << spare) as i64 >> spare) as f64)
    }

    fn text(&mut self, state: &mut LuaState, len: usize) -> Result<Val, Fault> {
        let bytes = self.take(len)?;
        Ok(lua::string(state, bytes))
    }

    fn value(&mut self, state: &mut LuaState, level: usize) -> Result<Val, Fault> {
        bounded(state, 0)?;
        // A list within a list within …: Redis' stack has an end, and so has this one.
        if level > DEEPEST {
            return Err(Fault::Bad);
        }
        let code = self.unsigned(1)? as u8;
        Ok(match code {
            0..=0x7f => Val::Num(f64::from(code)),
            0xe0..=0xff => Val::Num(f64::from(code as i8)),
            0x80..=0x8f => self.map(state, usize::from(code & 15), level)?,
            0x90..=0x9f => self.list(state, usize::from(code & 15), level)?,
            0xa0..=0xbf => self.text(state, usize::from(code & 31))?,
            0xc0 => Val::Nil,
            0xc2 | 0xc3 => Val::Bool(code == 0xc3),
            0xc4..=0xc6 => {
                let len = self.unsigned(1 << (code - 0xc4))?;
                self.text(state, len as usize)?
            }
            0xca => Val::Num(f64::from(f32::from_bits(self.unsigned(4)? as u32))),
            0xcb => Val::Num(f64::from_bits(self.unsigned(8)?)),
            0xcc..=0xcf => Val::Num(self.unsigned(1 << (code - 0xcc))? as f64),
            0xd0..=0xd3 => Val::Num(self.signed(1 << (code - 0xd0))?),
            0xd9..=0xdb => {
                let len = self.unsigned(1 << (code - 0xd9))?;
                self.text(state, len as usize)?
            }
            0xdc | 0xdd => {
                let len = self.unsigned(2 << (code - 0xdc))?;
                self.list(state, len as usize, level)?
            }
            0xde | 0xdf => {
                let len = self.unsigned(2 << (code - 0xde))?;
                self.map(state, len as usize, level)?
            }
            0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => return Err(Fault::Bad),
        })
    }

    fn list(&mut self, state: &mut LuaState, len: usize, level: usize) -> Result<Val, Fault> {
        let table = lua::table(state);
        for index in 0..len {
            let value = self.value(state, level + 1)?;
            lua::push_item(state, table, index, value)?;
        }
        Ok(Val::Table(table))
    }

    fn map(&mut self, state: &mut LuaState, len: usize, level: usize) -> Result<Val, Fault> {
        let table = lua::table(state);
        for _ in 0..len {
            let key = self.value(state, level + 1)?;
            let value = self.value(state, level + 1)?;
            lua::set(state, table, key, value)?;
        }
        Ok(Val::Table(table))
    }
}

fn unpack(state: &mut LuaState) -> LuaResult<u32> {
    unpack_some(state, 0, 0)
}

fn unpack_one(state: &mut LuaState) -> LuaResult<u32> {
    let offset = state.opt_integer(2, 0)?;
    unpack_some(state, 1, offset)
}

fn unpack_limit(state: &mut LuaState) -> LuaResult<u32> {
    let (limit, offset) = (state.check_integer(2)?, state.opt_integer(3, 0)?);
    unpack_some(state, limit, offset)
}

/// All values, or as many as `limit` tells and, before them, where the next one begins.
fn unpack_some(state: &mut LuaState, limit: i64, offset: i64) -> LuaResult<u32> {
    let data = state.check_string(1)?;
    let len = data.len();
    let (Ok(limit), Ok(at)) = (usize::try_from(limit), usize::try_from(offset)) else {
        return Err(lua::error(format!(
            "Invalid request to unpack with offset of {offset} and limit of {len}."
        )));
    };
    if at > len {
        let text = format!("Start offset {offset} greater than input length {len}.");
        return Err(lua::error(text));
    }
    let (mut decoder, mut values) = (Decoder { data: &data, at }, Vec::new());
    while decoder.at < len && (limit == 0 || values.len() < limit) {
        match decoder.value(state, 0) {
            Ok(value) => values.push(value),
            Err(Fault::Missing) => return Err(lua::error("Missing bytes in input.")),
            Err(Fault::Bad) => return Err(lua::error("Bad data format in input.")),
            Err(Fault::Lua(error)) => return Err(error),
        }
    }
    if limit > 0 || offset > 0 {
        let next = if decoder.at == len { -1.0 } else { decoder.at as f64 };
        values.insert(0, Val::Num(next));
    }
    state.ensure_stack(state.top + values.len() + 1);
    values.iter().for_each(|&value| state.push(value));
    Ok(values.len() as u32)
}

/// What is in more tables than these is packed as nil.
const NESTING: usize = 16;
/// How many lists may be in one another.
const DEEPEST: usize = 1_000;

/// The functions.
pub(super) const FUNCTIONS: &[(&str, RustFn)] = &[
    ("pack", pack),
    ("unpack", unpack),
    ("unpack_limit", unpack_limit),
    ("unpack_one", unpack_one),
];
