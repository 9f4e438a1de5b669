//! One run of one script, from its text to its reply.
//! *Source*: Redis 7.2 · eval.c · evalGenericCommand; script_lua.c · luaCallFunction.

use std::any::Any;

use rilua::vm::callinfo::LUA_MULTRET;
use rilua::vm::closure::Closure;
use rilua::vm::state::LuaState;
use rilua::{Function, LuaApiMut, LuaError, LuaResult, Val};

use super::convert::to_reply;
use super::lua::{self, TableRef};
use super::slot::{self, Slot};
use super::{Host, arithmetic, sandbox};
use crate::resp::{Bytes, Reply, text_of};

/// A script that is to run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What errors call it: the digits of its SHA-1.
    pub name: &'a str,
    /// Its text, without the shebang.
    pub source: &'a [u8],
    /// `KEYS`
    pub keys: &'a [Bytes],
    /// `ARGV`
    pub args: &'a [Bytes],
}

/// Tells what is wrong with a script's text, in Lua's words.
pub fn check(source: &[u8]) -> Result<(), String> {
    compile(&mut LuaState::new(), source, SCRIPT).map(|_| ()).map_err(|error| error.to_string())
}

/// Runs a script in the world of `host`.
pub fn evaluate<H: Host>(host: H, run: &Run<'_>) -> (H, Reply) {
    let mut state = LuaState::new();
    let reply = match prepare(&mut state, Box::new(host), run) {
        Ok(script) => perform(&mut state, script, &[], run.name),
        Err(error) => Reply::error(format!("ERR {error}")),
    };
    (leave(&mut state), reply)
}

fn prepare(state: &mut LuaState, host: Box<dyn Host>, run: &Run<'_>) -> LuaResult<Function> {
    slot::install(state, Slot::new(host))?;
    let globals = sandbox::open(state)?;
    for (name, words) in [("KEYS", run.keys), ("ARGV", run.args)] {
        let list = list(state, words)?;
        lua::set_field(state, globals, name, Val::Table(list))?;
    }
    compile(state, run.source, SCRIPT)
}

/// A list of strings.
pub(super) fn list(state: &mut LuaState, words: &[Bytes]) -> LuaResult<TableRef> {
    let table = lua::table(state);
    for (index, word) in words.iter().enumerate() {
        let word = lua::string(state, word);
        lua::push_item(state, table, index, word)?;
    }
    Ok(table)
}

/// Compiles a text; byte code is none.
pub(super) fn compile(state: &mut LuaState, source: &[u8], name: &str) -> LuaResult<Function> {
    // To the compiler a first line with a hash is a comment, to Lua it is an error. A blank before
    // it says what is meant.
    let refused = sandbox::is_byte_code(source) || source.first() == Some(&b'#');
    let blank = refused.then(|| [b" ", source].concat());
    let function = state.load_bytes(blank.as_deref().unwrap_or(source), name)?;
    arithmetic::amend(state, function.gc_ref());
    Ok(function)
}

/// Calls a function, and answers what it returns.
pub(super) fn perform(state: &mut LuaState, function: Function, args: &[Val], name: &str) -> Reply {
    let at = state.top;
    state.push(Val::Function(function.gc_ref()));
    args.iter().for_each(|&arg| state.push(arg));
    match state.call_function(at, LUA_MULTRET) {
        Ok(()) => {
            let value = if state.top > at { state.stack_get(at) } else { Val::Nil };
            let protocol = slot::slot(state).protocol;
            to_reply(state, value, protocol)
        }
        Err(error) => Reply::error(failure(state, &error, name)),
    }
}

/// The text of an error that nothing has caught: what, in which script, on which line.
fn failure(state: &mut LuaState, error: &LuaError, name: &str) -> String {
    let text = error_text(state, error);
    match place(state, &text) {
        Some((source, line)) => format!("{text} script: {name}, on {source}:{line}."),
        None => text,
    }
}

/// What an error that nothing has caught says.
pub(super) fn error_text(state: &mut LuaState, error: &LuaError) -> String {
    match state.error_object.take() {
        Some(Val::Table(table)) => {
            let text = lua::field(state, table, "err");
            let text = lua::text_of(state, text);
            text.map(|text| text_of(&text)).unwrap_or_else(|| "ERR unknown error".to_owned())
        }
        Some(value) => {
            let text = lua::text_of(state, value).unwrap_or_else(|| value.to_string().into());
            format!("ERR {}", text_of(&text))
        }
        None => format!("ERR {error}"),
    }
}

/// Where the error was raised: the function that runs, or the one that called a native one.
fn place(state: &LuaState, text: &str) -> Option<(String, i64)> {
    let native = !state.call_stack.get(state.ci)?.is_lua;
    let frame = state.call_stack.get(state.ci.checked_sub(usize::from(native))?)?;
    let Val::Function(function) = state.stack_get(frame.func) else { return None };
    let Some(Closure::Lua(function)) = state.gc.closures.get(function) else {
        return Some(("=[C]".to_owned(), -1));
    };
    let source = function.proto.source.clone();
    // What fails inside a function has its line in its text; only a call keeps it in its frame.
    let own = text.strip_prefix("ERR ").and_then(|text| {
        let text = text.strip_prefix(source.trim_start_matches('@'))?.strip_prefix(':')?;
        text.split(':').next()?.parse().ok()
    });
    let line = if native { None } else { own };
    let in_frame = || {
        let at = frame.saved_pc.saturating_sub(1);
        function.proto.line_info.get(at).map_or(0, |&line| i64::from(line))
    };
    Some((source, line.unwrap_or_else(in_frame)))
}

/// Takes the host out of the interpreter.
pub(super) fn leave<H: Host>(state: &mut LuaState) -> H {
    let host = slot::slot(state).host.take().expect("a host comes out as it went in");
    let host: Box<dyn Any> = host;
    *host.downcast().expect("a host comes out as it went in")
}

/// What errors call the text of a script.
const SCRIPT: &str = "@user_script";
