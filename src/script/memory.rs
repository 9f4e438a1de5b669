//! How much a script holds. The interpreter's own account forgets what strings hold at each
//! collection; so collections are ours to call, and the account is made up anew behind each.

use rilua::stdlib::base;
use rilua::vm::state::LuaState;
use rilua::{LuaError, LuaResult};

/// How many bytes a script may hold.
const MOST: usize = 64 << 20;
/// How many bytes may pile up before those that nobody needs are let go.
const SLACK: usize = 8 << 20;

/// Sets the limit of a fresh interpreter.
pub(super) fn limit(state: &mut LuaState) {
    state.gc.set_alloc_limit(MOST);
    state.gc.gc_state.gc_threshold = usize::MAX;
}

/// Lets go of what nobody needs, if there may be much of it. `lived` is what was left last time.
pub(super) fn breathe(state: &mut LuaState, lived: &mut usize) -> LuaResult<()> {
    let more = (*lived).min(MOST.saturating_sub(*lived) / 2).max(SLACK);
    if state.gc.total_alloc() > *lived + more {
        collect(state)?;
        *lived = state.gc.total_alloc();
        // So little is left that it would only collect from now on.
        if *lived + SLACK > MOST {
            return Err(LuaError::Memory);
        }
    }
    state.gc.check_alloc_limit()
}

/// A full collection, and an account of what is left.
fn collect(state: &mut LuaState) -> LuaResult<()> {
    state.full_gc()?;
    count_anew(state);
    Ok(())
}

fn count_anew(state: &mut LuaState) {
    let gc = &state.gc;
    let strings: usize = gc.string_arena.iter().map(|(_, string, _)| string.len()).sum();
    let tables: usize = gc.tables.iter().map(|(_, table, _)| table.estimated_memory()).sum();
    state.gc.gc_state.total_bytes = state.gc.estimate_memory() + strings + tables;
    state.gc.gc_state.gc_threshold = usize::MAX;
}

/// Refuses a result that alone would be more than a script may hold.
pub(super) fn bounded(state: &LuaState, bytes: usize) -> LuaResult<()> {
    if state.gc.total_alloc().saturating_add(bytes) > MOST {
        return Err(LuaError::Memory);
    }
    Ok(())
}

pub(super) fn collectgarbage(state: &mut LuaState) -> LuaResult<u32> {
    let count = base::lua_collectgarbage(state)?;
    count_anew(state);
    Ok(count)
}
