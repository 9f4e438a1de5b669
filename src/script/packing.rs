//! The library `struct`: values as C lays them out. *Source*: Redis 7.2 ·
//! deps/lua/src/lua_struct.c.

use rilua::vm::state::LuaState;
use rilua::{LuaResult, RustFn, Val};

use super::lua::{self, answer};
use super::memory::bounded;

/// A format, as far as it has been read.
struct Format {
    text: std::iter::Peekable<std::vec::IntoIter<u8>>,
    big: bool,
    align: usize,
}

/// One letter of a format, and how many bytes it takes.
struct Item {
    kind: u8,
    size: usize,
}

impl Format {
    fn new(text: Vec<u8>) -> Self {
        Self { text: text.into_iter().peekable(), big: false, align: 1 }
    }

    /// The next letter that stands for a value, or for a gap.
    fn next(&mut self, state: &LuaState) -> LuaResult<Option<Item>> {
        while let Some(kind) = self.text.next() {
            let size = match kind {
                b'b' | b'B' | b'x' => 1,
                b'h' | b'H' => 2,
                b'f' => 4,
                b'l' | b'L' | b'T' | b'd' => 8,
                b'i' | b'I' => self.integer_size()?,
                b'c' => self.number()?.unwrap_or(1),
                b's' => 0,
                _ => {
                    self.control(state, kind)?;
                    continue;
                }
            };
            return Ok(Some(Item { kind, size }));
        }
        Ok(None)
    }

    fn integer_size(&mut self) -> LuaResult<usize> {
        let size = self.number()?.unwrap_or(4);
        if size > LARGEST {
            let text = format!("integral size {size} is larger than limit of {LARGEST}");
            return Err(lua::error(text));
        }
        Ok(size)
    }

    fn control(&mut self, state: &LuaState, kind: u8) -> LuaResult<()> {
        match kind {
            b' ' => {}
            b'>' => self.big = true,
            b'<' => self.big = false,
            b'!' => {
                let align = self.number()?.unwrap_or(8);
                if !align.is_power_of_two() {
                    return Err(lua::error(format!("alignment {align} is not a power of 2")));
                }
                self.align = align;
            }
            _ => {
                let text = format!("invalid format option '{}'", char::from(kind));
                return Err(state.arg_error(1, &text));
            }
        }
        Ok(())
    }

    fn number(&mut self) -> LuaResult<Option<usize>> {
        let mut number: Option<usize> = None;
        while let Some(digit) = self.text.next_if(u8::is_ascii_digit) {
            let next = number.unwrap_or(0) * 10 + usize::from(digit - b'0');
            if next > i32::MAX as usize {
                return Err(lua::error("integral size overflow"));
            }
            number = Some(next);
        }
        Ok(number)
    }

    /// How many bytes are left out before an item at `at`.
    fn gap(&self, at: usize, item: &Item) -> usize {
        if item.size == 0 || item.kind == b'c' {
            return 0;
        }
        let size = item.size.min(self.align);
        (size - (at & (size - 1))) & (size - 1)
    }

    fn ordered(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.big {
            bytes.reverse();
        }
        bytes
    }
}

fn pack(state: &mut LuaState) -> LuaResult<u32> {
    let mut format = Format::new(state.check_string(1)?);
    let (mut out, mut index) = (Vec::new(), 2);
    while let Some(item) = format.next(state)? {
        out.resize(out.len() + format.gap(out.len(), &item), 0);
        match item.kind {
            b'x' => out.push(0),
            b'f' => {
                let number = state.check_number(index)? as f32;
                out.extend(format.ordered(number.to_le_bytes().to_vec()));
                index += 1;
            }
            b'd' => {
                let number = state.check_number(index)?;
                out.extend(format.ordered(number.to_le_bytes().to_vec()));
                index += 1;
            }
            b'c' | b's' => {
                let text = state.check_string(index)?;
                index += 1;
                let size = if item.size == 0 { text.len() } else { item.size };
                if text.len() < size {
                    return Err(state.arg_error(index, "string too short"));
                }
                out.extend_from_slice(&text[..size]);
                if item.kind == b's' {
                    out.push(0);
                }
            }
            _ => {
                let bytes = integer_bytes(state.check_number(index)?, item.size);
                out.extend(format.ordered(bytes));
                index += 1;
            }
        }
        bounded(state, out.len())?;
    }
    let packed = lua::string(state, &out);
    Ok(answer(state, packed))
}

/// The low bytes of an integer, the least first.
fn integer_bytes(number: f64, size: usize) -> Vec<u8> {
    let value = if number < 0.0 { number as i64 as u64 } else { number as u64 };
    let mut bytes = value.to_le_bytes().to_vec();
    bytes.resize(size, 0);
    bytes
}

fn unpack(state: &mut LuaState) -> LuaResult<u32> {
    let mut format = Format::new(state.check_string(1)?);
    let data = state.check_string(2)?;
    let Ok(mut at) = usize::try_from(state.opt_integer(3, 1)? - 1) else {
        return Err(state.arg_error(3, "offset must be 1 or greater"));
    };
    let mut values = Vec::new();
    while let Some(mut item) = format.next(state)? {
        at += format.gap(at, &item);
        if item.kind == b'c' && item.size == 0 {
            let Some(Val::Num(size)) = values.pop() else {
                return Err(lua::error("format 'c0' needs a previous size"));
            };
            item.size = size as usize;
        }
        let Some(bytes) = at.checked_add(item.size).and_then(|end| data.get(at..end)) else {
            return Err(state.arg_error(2, "data string too short"));
        };
        match item.kind {
            b'x' => {}
            b'c' => values.push(lua::string(state, bytes)),
            b's' => {
                let Some(len) = data[at..].iter().position(|&byte| byte == 0) else {
                    return Err(lua::error("unfinished string in data"));
                };
                values.push(lua::string(state, &data[at..at + len]));
                item.size = len + 1;
            }
            b'f' | b'd' => values.push(Val::Num(float(&format.ordered(bytes.to_vec())))),
            kind => {
                let bytes = format.ordered(bytes.to_vec());
                values.push(Val::Num(integer(&bytes, kind.is_ascii_lowercase())));
            }
        }
        at += item.size;
    }
    values.push(Val::Num((at + 1) as f64));
    state.ensure_stack(state.top + values.len() + 1);
    values.iter().for_each(|&value| state.push(value));
    Ok(values.len() as u32)
}

/// A float or a double, the least byte first.
fn float(bytes: &[u8]) -> f64 {
    match bytes {
        &[a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        _ => f64::from_le_bytes(bytes.try_into().unwrap_or_default()),
    }
}

/// An integer, the least byte first.
fn integer(bytes: &[u8], signed: bool) -> f64 {
    let low = &bytes[..bytes.len().min(8)];
    let mut value = [0; 8];
    value[..low.len()].copy_from_slice(low);
    let value = u64::from_le_bytes(value);
    if !signed {
        return value as f64;
    }
    let spare = 64 - 8 * low.len() as u32;
    if spare == 64 { 0.0 } else { ((value << spare) as i64 >> spare) as f64 }
}

fn size(state: &mut LuaState) -> LuaResult<u32> {
    let mut format = Format::new(state.check_string(1)?);
    let mut at = 0;
    while let Some(item) = format.next(state)? {
        at += format.gap(at, &item);
        match item.kind {
            b's' => return Err(state.arg_error(1, "option 's' has no fixed size")),
            b'c' if item.size == 0 => {
                return Err(state.arg_error(1, "option 'c0' has no fixed size"));
            }
            _ => at += item.size,
        }
    }
    Ok(answer(state, Val::Num(at as f64)))
}

/// The most bytes of an integer.
const LARGEST: usize = 32;

/// The functions.
pub(super) const FUNCTIONS: &[(&str, RustFn)] =
    &[("pack", pack), ("size", size), ("unpack", unpack)];
