//! `%` and `^` as Redis' Lua reckons them, and alike on every machine.
//!
//! The interpreter rounds a remainder once where C rounds it twice, so that `10 % 0.1` is not 0;
//! and it asks each machine's own library for a power, so that a page and a process may differ in
//! the last digit. Neither can be told otherwise. So where the code of a function has one of the
//! two, a call is put before it, and the instruction itself is left to what are not two numbers:
//! its metamethods, its errors.
//!
//! ```text
//!     MOD a b c          LOADK m   a native function
//!                        MOVE  m+1 b           LOADK, if it is a constant
//!                        MOVE  m+2 c
//!                        CALL  m 3 2
//!                        TEST  m 1             a number?
//!                        JMP   ───────────┐
//!                        MOD   a b c      │
//!                        JMP   ─────────┐ │
//!                        MOVE  a m      │◀┘
//!                                       ▼
//! ```
//!
//! What the compiler reckons out by itself, because both sides are literals, it reckons before this
//! file sees it: a remainder as C does, a power with the machine's library.

use rilua::vm::closure::Closure;
use rilua::vm::gc::arena::GcRef;
use rilua::vm::instructions::{Instruction, MAXSTACK, OpCode, index_k, is_k};
use rilua::vm::proto::Proto;
use rilua::vm::state::LuaState;
use rilua::{LuaResult, ProtoRef, Val};

use super::lua::{self, answer, args};

/// Makes a function that was compiled reckon so, and every function in it.
pub(super) fn amend(state: &mut LuaState, function: GcRef<Closure>) {
    let Some(Closure::Lua(closure)) = state.gc.closures.get(function) else { return };
    let proto = ProtoRef::clone(&closure.proto);
    if !reckons(&proto) {
        return;
    }
    let natives = Natives {
        modulo: lua::function(state, "%", modulo),
        power: lua::function(state, "^", power),
    };
    let amended = amended(&proto, natives);
    if let Some(Closure::Lua(closure)) = state.gc.closures.get_mut(function) {
        closure.proto = ProtoRef::new(amended);
    }
}

/// What reckons in the place of the instructions.
#[derive(Clone, Copy)]
struct Natives {
    modulo: Val,
    power: Val,
}

impl Natives {
    /// The one for this instruction.
    fn of(self, instruction: Instruction) -> Option<Val> {
        let natives = [(OpCode::Mod, self.modulo), (OpCode::Pow, self.power)];
        let mut natives = natives.into_iter();
        natives.find(|&(opcode, _)| opcode == instruction.opcode()).map(|(_, native)| native)
    }
}

/// True if there is a `%` or a `^` in the function, or in one within it.
fn reckons(proto: &Proto) -> bool {
    let is = |&raw: &u32| matches!(Instruction::from_raw(raw).opcode(), OpCode::Mod | OpCode::Pow);
    proto.code.iter().any(is) || proto.protos.iter().any(|inner| reckons(inner))
}

/// The function with the calls before its instructions. One that is too large stays as it is.
fn amended(proto: &Proto, natives: Natives) -> Proto {
    let mut new = proto.clone();
    new.protos = proto.protos.iter().map(|inner| ProtoRef::new(amended(inner, natives))).collect();
    let free = u32::from(proto.max_stack_size);
    if free + ROOM > MAXSTACK || proto.code.len() > CODE_MAX {
        return new;
    }
    let places = places(proto);
    (new.code, new.line_info) = (Vec::new(), Vec::new());
    for (at, &raw) in proto.code.iter().enumerate() {
        let instruction = Instruction::from_raw(raw);
        let native = natives.of(instruction).filter(|_| !is_number(proto, at));
        match native {
            Some(native) => {
                new.constants.push(native);
                let native = new.constants.len() as u32 - 1;
                new.code.extend(call(native, instruction, free).map(Instruction::raw));
            }
            None => new.code.push(moved(proto, at, &places).raw()),
        }
        new.line_info.resize(new.code.len(), proto.line_info.get(at).copied().unwrap_or(0));
    }
    let place = |pc: u32| places.get(pc as usize).map_or(pc, |&place| place as u32);
    for local in &mut new.local_vars {
        (local.start_pc, local.end_pc) = (place(local.start_pc), place(local.end_pc));
    }
    new.max_stack_size += ROOM as u8;
    new
}

/// Where each instruction goes, and where the end.
fn places(proto: &Proto) -> Vec<usize> {
    let mut next = 0;
    let mut places = Vec::with_capacity(proto.code.len() + 1);
    for (at, &raw) in proto.code.iter().enumerate() {
        places.push(next);
        let opcode = Instruction::from_raw(raw).opcode();
        let grows = matches!(opcode, OpCode::Mod | OpCode::Pow) && !is_number(proto, at);
        next += if grows { CALL_LEN } else { 1 };
    }
    places.push(next);
    places
}

/// True for a bare number among the instructions: the one behind a SETLIST without its own.
fn is_number(proto: &Proto, at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| Instruction::from_raw(proto.code[before]));
    before.is_some_and(|before| {
        before.opcode() == OpCode::SetList && before.c() == 0 && !is_number(proto, at - 1)
    })
}

/// The instruction at `at`; if it jumps, to where its target has gone.
fn moved(proto: &Proto, at: usize, places: &[usize]) -> Instruction {
    let mut instruction = Instruction::from_raw(proto.code[at]);
    let jumps = matches!(instruction.opcode(), OpCode::Jmp | OpCode::ForLoop | OpCode::ForPrep);
    if jumps && !is_number(proto, at) {
        let target = at as i64 + 1 + i64::from(instruction.sbx());
        let target = usize::try_from(target).ok().and_then(|target| places.get(target));
        if let Some(&target) = target {
            instruction.set_sbx((target as i64 - places[at] as i64 - 1) as i32);
        }
    }
    instruction
}

/// The call of a native function, the constant `native`, before an instruction. Registers from
/// `free` on are nobody's.
fn call(native: u32, instruction: Instruction, free: u32) -> [Instruction; CALL_LEN] {
    let load = |register: u32, operand: u32| {
        if is_k(operand) {
            Instruction::a_bx(OpCode::LoadK, register, index_k(operand))
        } else {
            Instruction::abc(OpCode::Move, register, operand, 0)
        }
    };
    [
        Instruction::a_bx(OpCode::LoadK, free, native),
        load(free + 1, instruction.b()),
        load(free + 2, instruction.c()),
        Instruction::abc(OpCode::Call, free, 3, 2),
        Instruction::abc(OpCode::Test, free, 0, 1),
        Instruction::a_sbx(OpCode::Jmp, 0, 2),
        instruction,
        Instruction::a_sbx(OpCode::Jmp, 0, 1),
        Instruction::abc(OpCode::Move, instruction.a(), free, 0),
    ]
}

fn modulo(state: &mut LuaState) -> LuaResult<u32> {
    Ok(reckon(state, |x, y| x - (x / y).floor() * y))
}

fn power(state: &mut LuaState) -> LuaResult<u32> {
    Ok(reckon(state, super::power::pow))
}

/// Answers nil to what are not two numbers.
fn reckon(state: &mut LuaState, of: fn(f64, f64) -> f64) -> u32 {
    let result = match *args(state).as_slice() {
        [Val::Num(x), Val::Num(y)] => Val::Num(of(x, y)),
        _ => Val::Nil,
    };
    answer(state, result)
}

/// How many instructions take the place of one.
const CALL_LEN: usize = 9;
/// How many registers a call takes.
const ROOM: u32 = 3;
/// A jump reaches no further than 131,071 instructions.
const CODE_MAX: usize = 131_071 / CALL_LEN;
