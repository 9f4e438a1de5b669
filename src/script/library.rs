//! Libraries of functions: what a text registers, and calls of it.
//!
//! While a library is read it sees nothing but `redis.register_function` and the log; its
//! functions see what scripts see. *Source*: Redis 7.2 · function_lua.c.

use rilua::vm::state::LuaState;
use rilua::{Function as LuaFunction, LuaError, LuaResult, Val};

use super::interpreter::{compile, error_text, leave, list, perform};
use super::lua::{self, TableRef, args, raise};
use super::slot::{self, Slot, slot};
use super::{Flags, Function, Host, LogLevel, Random48, redis, sandbox};
use crate::resp::{Bytes, Protocol, Reply};

/// A function that is to be called.
#[derive(Clone, Copy, Debug)]
pub struct FunctionCall<'a> {
    /// Its name.
    pub name: &'a str,
    /// The text of its library, without the shebang.
    pub source: &'a [u8],
    /// Its first argument.
    pub keys: &'a [Bytes],
    /// Its second.
    pub args: &'a [Bytes],
}

/// A function while its library is read.
pub(super) struct Registered {
    function: Function,
    callback: Val,
}

/// Reads the text of a library, without its shebang: the functions, or what is wrong with it.
pub fn functions_of(source: &[u8], version: &'static str) -> Result<Vec<Function>, String> {
    let mut state = LuaState::new();
    let shelf = Shelf { version, random: Random48::new() };
    let registered = register_all(&mut state, Box::new(shelf), source)?;
    if registered.is_empty() {
        return Err("No functions registered".into());
    }
    Ok(registered.into_iter().map(|registered| registered.function).collect())
}

/// Calls a function in the world of `host`.
pub fn call_function<H: Host>(host: H, call: &FunctionCall<'_>) -> (H, Reply) {
    let mut state = LuaState::new();
    let reply = match register_all(&mut state, Box::new(host), call.source) {
        Ok(registered) => run(&mut state, &registered, call),
        Err(error) => Reply::error(format!("ERR {error}")),
    };
    (leave(&mut state), reply)
}

fn run(state: &mut LuaState, registered: &[Registered], call: &FunctionCall<'_>) -> Reply {
    let mut all = registered.iter();
    let found = all.find(|one| one.function.name == call.name).map(|one| one.callback);
    let Some(Val::Function(callback)) = found else {
        return Reply::error("ERR Function not found");
    };
    let words = [call.keys, call.args].map(|words| list(state, words));
    let [Ok(keys), Ok(args)] = words else { return Reply::error("ERR not enough memory") };
    let callback = LuaFunction::from_gc_ref(callback);
    perform(state, callback, &[Val::Table(keys), Val::Table(args)], call.name)
}

fn register_all(
    state: &mut LuaState,
    host: Box<dyn Host>,
    source: &[u8],
) -> Result<Vec<Registered>, String> {
    let told = |error: LuaError| error.to_string();
    slot::install(state, Slot::new(host)).map_err(told)?;
    let globals = sandbox::open(state).map_err(told)?;
    redis::without_debugger(state, globals).map_err(told)?;
    let compiled = compile(state, source, SOURCE);
    let chunk = compiled.map_err(|error| format!("Error compiling function: {error}"))?;
    let only = only_registration(state).map_err(told)?;
    sandbox::show(state, only).map_err(told)?;
    slot(state).registered = Some(Vec::new());
    let at = state.top;
    state.push(Val::Function(chunk.gc_ref()));
    if let Err(error) = state.call_function(at, 0) {
        let text = match slot(state).fuel {
            0 => "ERR FUNCTION LOAD timeout".to_owned(),
            _ => error_text(state, &error),
        };
        return Err(format!("Error registering functions: {text}"));
    }
    state.top = at;
    sandbox::show(state, globals).map_err(told)?;
    let registered = slot(state).registered.take().unwrap_or_default();
    let registry = state.registry;
    for (index, one) in registered.iter().enumerate() {
        // The collector sees what the registry holds.
        lua::set(state, registry, Val::Num((index + 2) as f64), one.callback).map_err(told)?;
    }
    Ok(registered)
}

/// What a library sees while it is read.
fn only_registration(state: &mut LuaState) -> LuaResult<TableRef> {
    let globals = lua::table(state);
    let redis = redis::for_libraries(state, globals, register_function)?;
    sandbox::refuse_unknown(state, redis)?;
    sandbox::refuse_unknown(state, globals)?;
    Ok(globals)
}

fn register_function(state: &mut LuaState) -> LuaResult<u32> {
    let registered = match *args(state).as_slice() {
        [Val::Table(named)] => from_named(state, named),
        [_] => Err("calling redis.register_function with a single argument is only applicable \
                     to Lua table (representing named arguments)."
            .into()),
        [name, callback] => from_two(state, name, callback),
        _ => Err("wrong number of arguments to redis.register_function".into()),
    };
    let added = registered.and_then(|registered| add(state, registered));
    added.map(|()| 0).map_err(|text: String| raise(state, &format!("ERR {text}")))
}

fn add(state: &mut LuaState, new: Registered) -> Result<(), String> {
    if !is_name(new.function.name.as_bytes()) {
        return Err("Library names can only contain letters, numbers, or underscores(_) and must \
                    be at least one character long"
            .into());
    }
    // Who has kept it may call it later; only then is nothing collected.
    let all = slot(state).registered.as_mut();
    let all = all.ok_or("redis.register_function can only be called on FUNCTION LOAD command")?;
    if all.iter().any(|one| one.function.name == new.function.name) {
        return Err("Function already exists in the library".into());
    }
    all.push(new);
    Ok(())
}

/// True for letters, digits and underscores.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn from_two(state: &LuaState, name: Val, callback: Val) -> Result<Registered, String> {
    let name =
        text(state, name).ok_or("first argument to redis.register_function must be a string")?;
    if !matches!(callback, Val::Function(_)) {
        return Err("second argument to redis.register_function must be a function".into());
    }
    let function = Function { name, description: None, flags: Flags::NONE };
    Ok(Registered { function, callback })
}

fn from_named(state: &LuaState, named: TableRef) -> Result<Registered, String> {
    let (mut name, mut callback, mut description) = (None, None, None);
    let mut flags = Flags::NONE;
    for (key, value) in lua::pairs(state, named) {
        let key = text(state, key)
            .ok_or("named argument key given to redis.register_function is not a string")?;
        let must_be_text =
            || format!("{key} argument given to redis.register_function must be a string");
        match key.as_str() {
            "function_name" => name = Some(text(state, value).ok_or_else(must_be_text)?),
            "description" => description = Some(text(state, value).ok_or_else(must_be_text)?),
            "callback" => {
                if !matches!(value, Val::Function(_)) {
                    return Err("callback argument given to redis.register_function must be a \
                                function"
                        .into());
                }
                callback = Some(value);
            }
            "flags" => flags = flags_of(state, value)?,
            _ => return Err("unknown argument given to redis.register_function".into()),
        }
    }
    let name = name.ok_or("redis.register_function must get a function name argument")?;
    let callback = callback.ok_or("redis.register_function must get a callback argument")?;
    Ok(Registered { function: Function { name, description, flags }, callback })
}

fn flags_of(state: &LuaState, list: Val) -> Result<Flags, String> {
    let Val::Table(list) = list else {
        return Err("flags argument to redis.register_function must be a table representing \
                    function flags"
            .into());
    };
    let (mut flags, mut index) = (Flags::NONE, 1);
    loop {
        let item = lua::get(state, list, Val::Num(f64::from(index)));
        if item == Val::Nil {
            return Ok(flags);
        }
        let flag = lua::bytes_of(state, item).and_then(Flags::named);
        flags = flags.and(flag.ok_or("unknown flag given")?);
        index += 1;
    }
}

fn text(state: &LuaState, value: Val) -> Option<String> {
    lua::text_of(state, value).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// The world of a library that is only read: there is nobody to hear it.
struct Shelf {
    version: &'static str,
    random: Random48,
}

impl Host for Shelf {
    fn call(&mut self, _: Vec<Bytes>, _: Protocol) -> Reply {
        Reply::error("ERR a library calls no command while it is read")
    }

    fn log(&mut self, _: LogLevel, _: String) {}

    fn set_propagation(&mut self, _: bool) {}

    fn may_call(&self, _: &[Bytes]) -> Option<bool> {
        None
    }

    fn random(&mut self) -> &mut Random48 {
        &mut self.random
    }

    fn version(&self) -> &'static str {
        self.version
    }
}

/// What errors call the text of a library.
const SOURCE: &str = "@user_function";
