//! What the interpreter's native functions know of the run that they are part of.

use rilua::vm::gc::arena::GcRef;
use rilua::vm::state::{LuaState, MASK_COUNT};
use rilua::vm::table::Table;
use rilua::vm::value::Userdata;
use rilua::{LuaApiMut, LuaResult, Val};

use super::Host;
use super::library::Registered;
use super::lua::{self, raise};
use super::memory;
use crate::resp::Protocol;

/// How many instructions a script may carry out: about a second's worth.
pub(super) const FUEL: u64 = 50_000_000;
/// After how many instructions the fuel is looked at.
const STRIDE: i32 = 100;

/// One run.
pub(super) struct Slot {
    /// The world; none while it runs a command.
    pub(super) host: Option<Box<dyn Host>>,
    /// The version of RESP in which the script hears replies.
    pub(super) protocol: Protocol,
    /// Tables that nobody may write, each with the one behind it that holds what is in it.
    pub(super) sealed: Vec<(GcRef<Table>, GcRef<Table>)>,
    /// The functions of the library that is being read.
    pub(super) registered: Option<Vec<Registered>>,
    pub(super) fuel: u64,
    /// What was left after the last collection.
    lived: usize,
}

impl Slot {
    pub(super) fn new(host: Box<dyn Host>) -> Self {
        Self {
            host: Some(host),
            protocol: Protocol::Resp2,
            sealed: Vec::new(),
            registered: None,
            fuel: FUEL,
            lived: 0,
        }
    }

    /// What is behind a sealed table.
    pub(super) fn behind(&self, table: GcRef<Table>) -> Option<GcRef<Table>> {
        self.sealed.iter().find(|(front, _)| *front == table).map(|&(_, behind)| behind)
    }
}

/// Puts the run's slot into a fresh interpreter.
pub(super) fn install(state: &mut LuaState, slot: Slot) -> LuaResult<()> {
    let userdata = state.gc.alloc_userdata(Userdata::new(Box::new(slot)));
    let registry = state.registry;
    lua::set(state, registry, KEY, Val::Userdata(userdata))?;
    memory::limit(state);
    let tick = lua::function(state, "tick", tick);
    state.hook.hook_func = tick;
    state.hook.hook_mask = MASK_COUNT;
    state.hook.base_hook_count = STRIDE;
    state.hook.hook_count = STRIDE;
    Ok(())
}

/// The slot of the run.
pub(super) fn slot(state: &mut LuaState) -> &mut Slot {
    let registry = state.gc.tables.get(state.registry);
    let found = registry.map_or(Val::Nil, |table| table.get(KEY, &state.gc.string_arena));
    let Val::Userdata(userdata) = found else { unreachable!("an interpreter has its slot") };
    let userdata = state.gc.userdata.get_mut(userdata);
    let slot = userdata.and_then(Userdata::downcast_mut::<Slot>);
    slot.expect("the registry keeps the slot alive")
}

/// Lets a coroutine burn the same fuel.
pub(super) fn share_fuel(state: &mut LuaState, thread: Val) {
    let hook = state.hook.clone();
    if let Val::Thread(thread) = thread
        && let Some(thread) = state.gc.threads.get_mut(thread)
    {
        thread.hook = hook;
        thread.hook.allow_hook = true;
        thread.hook.hook_count = thread.hook.base_hook_count;
    }
}

/// Burns fuel. Once there is none every instruction fails, so that no `pcall` goes on.
fn tick(state: &mut LuaState) -> LuaResult<u32> {
    let slot = slot(state);
    slot.fuel = slot.fuel.saturating_sub(STRIDE as u64);
    if slot.fuel > 0 {
        breathe(state)?;
        return Ok(0);
    }
    state.hook.base_hook_count = 1;
    state.hook.hook_count = 1;
    let text = format!(
        "ERR Script killed: it has carried out {FUEL} instructions, and this server does nothing \
         else meanwhile"
    );
    Err(raise(state, &text))
}

/// Keeps what the script holds within bounds.
pub(super) fn breathe(state: &mut LuaState) -> LuaResult<()> {
    let mut lived = slot(state).lived;
    let within = memory::breathe(state, &mut lived);
    slot(state).lived = lived;
    within
}

/// Where the registry keeps the slot.
const KEY: Val = Val::Num(1.0);

/// A function that the run's native functions are registered with.
pub(super) fn register(
    state: &mut LuaState,
    table: GcRef<Table>,
    functions: &[(&'static str, rilua::RustFn)],
) -> LuaResult<()> {
    for &(name, function) in functions {
        let function = lua::function(state, name, function);
        let key = state.create_string(name.as_bytes());
        lua::set(state, table, key, function)?;
    }
    Ok(())
}
