//! `redis.call` and its relatives. *Source*: Redis 7.2 · script_lua.c · luaRedisGenericCommand.

use rilua::vm::state::LuaState;
use rilua::{LuaError, LuaResult, Val};

use super::convert::to_lua;
use super::lua::{self, TableRef, answer, args, error_table, raise, raise_value};
use super::number::general;
use super::slot::{breathe, slot};
use super::{LogLevel, sandbox};
use crate::rdb::sha1;
use crate::resp::{Bytes, Protocol, Reply, format_double};

/// Makes the table `redis`.
pub(super) fn open(state: &mut LuaState, globals: TableRef) -> LuaResult<()> {
    let redis = sandbox::library(state, globals, "redis", FUNCTIONS)?;
    constants(state, redis, CONSTANTS)
}

/// Makes the table `redis` of a library that is being read, and answers what is behind it.
pub(super) fn for_libraries(
    state: &mut LuaState,
    globals: TableRef,
    register: rilua::RustFn,
) -> LuaResult<TableRef> {
    let functions = [("register_function", register), ("log", log as rilua::RustFn)];
    let redis = sandbox::library(state, globals, "redis", &functions)?;
    constants(state, redis, &CONSTANTS[..4])?;
    Ok(redis)
}

/// Functions cannot be debugged.
pub(super) fn without_debugger(state: &mut LuaState, globals: TableRef) -> LuaResult<()> {
    let redis = lua::field(state, globals, "redis");
    let Val::Table(front) = redis else { return Ok(()) };
    let Some(redis) = slot(state).behind(front) else { return Ok(()) };
    for name in ["breakpoint", "debug", "replicate_commands"] {
        lua::set_field(state, redis, name, Val::Nil)?;
    }
    Ok(())
}

fn constants(state: &mut LuaState, redis: TableRef, numbers: &[(&str, f64)]) -> LuaResult<()> {
    for &(name, value) in numbers {
        lua::set_field(state, redis, name, Val::Num(value))?;
    }
    let Some(version) = slot(state).host.as_ref().map(|host| host.version()) else { return Ok(()) };
    let text = lua::string(state, version.as_bytes());
    lua::set_field(state, redis, "REDIS_VERSION", text)?;
    let parts = version.split('.').filter_map(|part| part.parse::<u32>().ok());
    let number = parts.fold(0, |number, part| number << 8 | part);
    lua::set_field(state, redis, "REDIS_VERSION_NUM", Val::Num(f64::from(number)))
}

fn call(state: &mut LuaState) -> LuaResult<u32> {
    match perform(state)? {
        (value, true) => Err(raise_value(state, value)),
        (value, false) => Ok(answer(state, value)),
    }
}

fn pcall(state: &mut LuaState) -> LuaResult<u32> {
    let (value, _) = perform(state)?;
    Ok(answer(state, value))
}

/// Runs a command: what it answered, and whether that is an error.
fn perform(state: &mut LuaState) -> LuaResult<(Val, bool)> {
    breathe(state)?;
    let words = match words(state) {
        Ok(words) => words,
        Err(text) => return Ok((Val::Table(error_table(state, text.as_bytes())?), true)),
    };
    let slot = slot(state);
    let protocol = slot.protocol;
    let reply = match &mut slot.host {
        Some(host) => host.call(words, protocol),
        None => Reply::error("ERR a script is running"),
    };
    let failed = matches!(reply, Reply::Error(_));
    Ok((to_lua(state, &reply, protocol)?, failed))
}

/// The words of a command.
fn words(state: &mut LuaState) -> Result<Vec<Bytes>, &'static str> {
    let given = args(state);
    let version = slot(state).host.as_ref().map_or("", |host| host.version());
    let number_word = if version < "7.2" { older_number_word } else { number_word };
    if given.is_empty() {
        return Err("ERR Please specify at least one argument for this redis lib call");
    }
    let words = given.into_iter().map(|value| {
        if let Val::Num(number) = value {
            return Some(Bytes::from(number_word(number).as_bytes()));
        }
        lua::bytes_of(state, value).map(Bytes::from)
    });
    let words: Option<Vec<Bytes>> = words.collect();
    words.ok_or("ERR Lua redis lib command arguments must be strings or integers")
}

/// A number as a word of a command: an integer if it is one.
fn number_word(number: f64) -> String {
    let integer = number as i64;
    if integer as f64 == number && integer.unsigned_abs() < 1 << 62 {
        return integer.to_string();
    }
    format_double(number)
}

/// Before 7.2 all 17 digits were written: C's `%.17g`.
fn older_number_word(number: f64) -> String {
    general(number, 17)
}

fn error_reply(state: &mut LuaState) -> LuaResult<u32> {
    let Some(text) = only_string(state) else {
        return one_string_needed(state);
    };
    let text = error_text(&text);
    let table = error_table(state, &text)?;
    Ok(answer(state, Val::Table(table)))
}

/// An error has a code before its text: `-CODE text`, and `ERR` where there is none.
fn error_text(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let space = text.iter().position(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
    let (code, text) = match space {
        Some(space) => (&text[..space], &text[space + 1..]),
        None => (&b"ERR"[..], text),
    };
    let blank = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    [code, b" ", &text[start..end]].concat()
}

fn status_reply(state: &mut LuaState) -> LuaResult<u32> {
    let Some(text) = only_string(state) else {
        return one_string_needed(state);
    };
    let (table, text) = (lua::table(state), lua::string(state, &text));
    lua::set_field(state, table, "ok", text)?;
    Ok(answer(state, Val::Table(table)))
}

fn only_string(state: &LuaState) -> Option<Vec<u8>> {
    match args(state).as_slice() {
        &[value] => lua::bytes_of(state, value).map(<[u8]>::to_vec),
        _ => None,
    }
}

/// This is answered, not raised.
fn one_string_needed(state: &mut LuaState) -> LuaResult<u32> {
    let table = error_table(state, b"ERR wrong number or type of arguments")?;
    Ok(answer(state, Val::Table(table)))
}

fn sha1hex(state: &mut LuaState) -> LuaResult<u32> {
    let text = match args(state).as_slice() {
        &[value] => lua::text_of(state, value).unwrap_or_default(),
        _ => return Err(raise(state, "ERR wrong number of arguments")),
    };
    let digits: String = sha1(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let digits = lua::string(state, digits.as_bytes());
    Ok(answer(state, digits))
}

fn log(state: &mut LuaState) -> LuaResult<u32> {
    let given = args(state);
    if given.len() < 2 {
        return Err(raise(state, "ERR redis.log() requires two arguments or more."));
    }
    let Val::Num(level) = given[0] else {
        return Err(raise(state, "ERR First argument must be a number (log level)."));
    };
    let level = match level as i64 {
        0 => LogLevel::Debug,
        1 => LogLevel::Verbose,
        2 => LogLevel::Notice,
        3 => LogLevel::Warning,
        _ => return Err(raise(state, "ERR Invalid debug level.")),
    };
    let words = given[1..].iter().filter_map(|&value| lua::text_of(state, value));
    let words: Vec<Vec<u8>> = words.collect();
    let text = String::from_utf8_lossy(&words.join(&b' ')).into_owned();
    // A library is read anew for every call: it has had its say when it was loaded.
    if slot(state).registered.is_some() {
        return Ok(0);
    }
    if let Some(host) = &mut slot(state).host {
        host.log(level, text);
    }
    Ok(0)
}

fn setresp(state: &mut LuaState) -> LuaResult<u32> {
    let given = args(state);
    let &[version] = given.as_slice() else {
        return Err(raise(state, "ERR redis.setresp() requires one argument."));
    };
    let protocol = match number(state, version) {
        2 => Protocol::Resp2,
        3 => Protocol::Resp3,
        _ => return Err(raise(state, "ERR RESP version must be 2 or 3.")),
    };
    slot(state).protocol = protocol;
    Ok(0)
}

fn set_repl(state: &mut LuaState) -> LuaResult<u32> {
    let given = args(state);
    let &[flags] = given.as_slice() else {
        return Err(raise(state, "ERR redis.set_repl() requires two arguments."));
    };
    let flags = number(state, flags);
    if flags & !3 != 0 {
        let text =
            "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.";
        return Err(raise(state, text));
    }
    if let Some(host) = &mut slot(state).host {
        host.set_propagation(flags & 2 != 0);
    }
    Ok(0)
}

/// A number as C reads it: 0 for what is none.
fn number(state: &LuaState, value: Val) -> i64 {
    if let Val::Num(number) = value {
        return number as i64;
    }
    let text = lua::text_of(state, value).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.trim().parse::<f64>().map_or(0, |number| number as i64)
}

fn acl_check_cmd(state: &mut LuaState) -> LuaResult<u32> {
    let words = match words(state) {
        Ok(words) => words,
        Err(text) => return Err(raise(state, text)),
    };
    let may = slot(state).host.as_ref().and_then(|host| host.may_call(&words));
    match may {
        Some(may) => Ok(answer(state, Val::Bool(may))),
        None => Err(raise(state, "ERR Invalid command passed to redis.acl_check_cmd()")),
    }
}

fn replicate_commands(state: &mut LuaState) -> LuaResult<u32> {
    Ok(answer(state, Val::Bool(true)))
}

/// There is no debugger here, so nothing stops.
fn breakpoint(state: &mut LuaState) -> LuaResult<u32> {
    Ok(answer(state, Val::Bool(false)))
}

fn debug(_: &mut LuaState) -> Result<u32, LuaError> {
    Ok(0)
}

const FUNCTIONS: &[(&str, rilua::RustFn)] = &[
    ("acl_check_cmd", acl_check_cmd),
    ("breakpoint", breakpoint),
    ("call", call),
    ("debug", debug),
    ("error_reply", error_reply),
    ("log", log),
    ("pcall", pcall),
    ("replicate_commands", replicate_commands),
    ("set_repl", set_repl),
    ("setresp", setresp),
    ("sha1hex", sha1hex),
    ("status_reply", status_reply),
];

const CONSTANTS: &[(&str, f64)] = &[
    ("LOG_DEBUG", 0.0),
    ("LOG_VERBOSE", 1.0),
    ("LOG_NOTICE", 2.0),
    ("LOG_WARNING", 3.0),
    ("REPL_NONE", 0.0),
    ("REPL_AOF", 1.0),
    ("REPL_SLAVE", 2.0),
    ("REPL_REPLICA", 2.0),
    ("REPL_ALL", 3.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_gets_a_code() {
        // redis-server: redis.error_reply with each.
        assert_eq!(error_text(b"My Err"), b"My Err");
        assert_eq!(error_text(b"Err"), b"ERR Err");
        assert_eq!(error_text(b"-My Err\r\n"), b"My Err");
    }

    #[test]
    fn a_number_becomes_a_word() {
        assert_eq!(number_word(3.0), "3");
        assert_eq!(number_word(-0.5), "-0.5");
        assert_eq!(number_word(1e20), "1e+20");
    }
}
