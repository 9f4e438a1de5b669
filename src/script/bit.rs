//! The library `bit`: 32-bit arithmetic. *Source*: Redis 7.2 · deps/lua/src/lua_bit.c.

use rilua::vm::state::LuaState;
use rilua::{LuaResult, RustFn, Val};

use super::lua::{self, answer};

/// A number as 32 bits: adding this constant puts them at the end of the double.
fn bits(number: f64) -> u32 {
    (number + 6_755_399_441_055_744.0).to_bits() as u32
}

fn argument(state: &LuaState, index: usize) -> LuaResult<u32> {
    state.check_number(index).map(bits)
}

fn answer_bits(state: &mut LuaState, bits: u32) -> LuaResult<u32> {
    Ok(answer(state, Val::Num(f64::from(bits as i32))))
}

fn fold(state: &mut LuaState, join: fn(u32, u32) -> u32) -> LuaResult<u32> {
    let mut bits = argument(state, 1)?;
    for index in 2..=state.top - state.base {
        bits = join(bits, argument(state, index)?);
    }
    answer_bits(state, bits)
}

fn shift(state: &mut LuaState, by: fn(u32, u32) -> u32) -> LuaResult<u32> {
    let (bits, count) = (argument(state, 1)?, argument(state, 2)?);
    answer_bits(state, by(bits, count & 31))
}

fn tobit(state: &mut LuaState) -> LuaResult<u32> {
    let bits = argument(state, 1)?;
    answer_bits(state, bits)
}

fn bnot(state: &mut LuaState) -> LuaResult<u32> {
    let bits = argument(state, 1)?;
    answer_bits(state, !bits)
}

fn bswap(state: &mut LuaState) -> LuaResult<u32> {
    let bits = argument(state, 1)?;
    answer_bits(state, bits.swap_bytes())
}

fn band(state: &mut LuaState) -> LuaResult<u32> {
    fold(state, |a, b| a & b)
}

fn bor(state: &mut LuaState) -> LuaResult<u32> {
    fold(state, |a, b| a | b)
}

fn bxor(state: &mut LuaState) -> LuaResult<u32> {
    fold(state, |a, b| a ^ b)
}

fn lshift(state: &mut LuaState) -> LuaResult<u32> {
    shift(state, |bits, count| bits << count)
}

fn rshift(state: &mut LuaState) -> LuaResult<u32> {
    shift(state, |bits, count| bits >> count)
}

fn arshift(state: &mut LuaState) -> LuaResult<u32> {
    shift(state, |bits, count| ((bits as i32) >> count) as u32)
}

fn rol(state: &mut LuaState) -> LuaResult<u32> {
    shift(state, u32::rotate_left)
}

fn ror(state: &mut LuaState) -> LuaResult<u32> {
    shift(state, u32::rotate_right)
}

/// `tohex(x [, n])`: n digits, in capitals if n is negative.
fn tohex(state: &mut LuaState) -> LuaResult<u32> {
    let bits = argument(state, 1)?;
    let given = state.top - state.base > 1;
    let digits = if given { argument(state, 2)? as i32 } else { 8 };
    let text = if digits < 0 { format!("{bits:08X}") } else { format!("{bits:08x}") };
    let count = (digits.unsigned_abs() as usize).min(8);
    let text = lua::string(state, &text.as_bytes()[8 - count..]);
    Ok(answer(state, text))
}

/// The functions.
pub(super) const FUNCTIONS: &[(&str, RustFn)] = &[
    ("arshift", arshift),
    ("band", band),
    ("bnot", bnot),
    ("bor", bor),
    ("bswap", bswap),
    ("bxor", bxor),
    ("lshift", lshift),
    ("rol", rol),
    ("ror", ror),
    ("rshift", rshift),
    ("tobit", tobit),
    ("tohex", tohex),
];
