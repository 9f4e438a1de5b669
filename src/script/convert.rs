//! Replies as values of Lua, and values of Lua as replies.
//!
//! ```text
//!     :1            ◀─▶  1              numbers lose what is behind the point
//!     $1 v          ◀─▶  "v"
//!     *2 …          ◀─▶  {…}            a list ends at its first nil
//!     $-1           ◀─▶  false          in RESP3 `_` is nil
//!     +OK  -ERR …   ◀─▶  {ok="OK"}  {err="ERR …"}
//!     %1 ~1 ,1.5    ◀─▶  {map={…}} {set={…}} {double=1.5}      after redis.setresp(3)
//! ```
//!
//! *Source*: Redis 7.2 · script_lua.c · redisProtocolToLuaType, luaReplyToRedisReply.

use rilua::vm::state::LuaState;
use rilua::{LuaResult, Val};

use super::lua::{self, TableRef};
use crate::resp::{Bytes, Protocol, Reply, bytes_of, format_double, text_of};

/// A reply as a script of `protocol` sees it.
pub(super) fn to_lua(state: &mut LuaState, reply: &Reply, protocol: Protocol) -> LuaResult<Val> {
    let resp3 = protocol == Protocol::Resp3;
    Ok(match reply {
        Reply::Integer(number) => Val::Num(*number as f64),
        Reply::Bulk(bytes) => lua::string(state, bytes),
        Reply::Simple(text) => wrapped(state, "ok", text.as_bytes())?,
        Reply::Error(text) => {
            let error = lua::error_table(state, &bytes_of(text))?;
            // The command that failed has been counted, and scripts can see that it was.
            lua::set_field(state, error, "ignore_error_stats_update", Val::Bool(true))?;
            Val::Table(error)
        }
        Reply::Null | Reply::NullArray if resp3 => Val::Nil,
        Reply::Null | Reply::NullArray | Reply::Silent => Val::Bool(false),
        Reply::Array(items) | Reply::Push(items) | Reply::Several(items) => {
            list(state, items.iter(), protocol)?
        }
        Reply::Set(items) if !resp3 => list(state, items.iter(), protocol)?,
        Reply::Set(items) => {
            let members = lua::table(state);
            for item in items {
                let member = to_lua(state, item, protocol)?;
                lua::set(state, members, member, Val::Bool(true))?;
            }
            holding(state, "set", Val::Table(members))?
        }
        Reply::Map(pairs) if !resp3 => {
            list(state, pairs.iter().flat_map(|(key, value)| [key, value]), protocol)?
        }
        Reply::Map(pairs) => {
            let map = lua::table(state);
            for (key, value) in pairs {
                let (key, value) = (to_lua(state, key, protocol)?, to_lua(state, value, protocol)?);
                lua::set(state, map, key, value)?;
            }
            holding(state, "map", Val::Table(map))?
        }
        Reply::Double(number) if resp3 => holding(state, "double", Val::Num(*number))?,
        Reply::Double(number) => lua::string(state, format_double(*number).as_bytes()),
        Reply::Decimal(digits) if resp3 => {
            holding(state, "double", Val::Num(digits.parse().unwrap_or_default()))?
        }
        Reply::Decimal(digits) => lua::string(state, digits.as_bytes()),
        Reply::Boolean(value) if resp3 => Val::Bool(*value),
        Reply::Boolean(value) => Val::Num(f64::from(u8::from(*value))),
        Reply::BigNumber(digits) if resp3 => wrapped(state, "big_number", digits.as_bytes())?,
        Reply::BigNumber(digits) => lua::string(state, digits.as_bytes()),
        Reply::Verbatim(text) if resp3 => {
            let parts = lua::table(state);
            let (format, text) = (lua::string(state, b"txt"), lua::string(state, text));
            lua::set_field(state, parts, "format", format)?;
            lua::set_field(state, parts, "string", text)?;
            holding(state, "verbatim_string", Val::Table(parts))?
        }
        Reply::Verbatim(text) => lua::string(state, text),
        Reply::Attribute(_) => Val::Nil,
    })
}

fn list<'a>(
    state: &mut LuaState,
    items: impl Iterator<Item = &'a Reply>,
    protocol: Protocol,
) -> LuaResult<Val> {
    let table = lua::table(state);
    for (index, item) in items.enumerate() {
        let value = to_lua(state, item, protocol)?;
        lua::push_item(state, table, index, value)?;
    }
    Ok(Val::Table(table))
}

fn wrapped(state: &mut LuaState, name: &str, text: &[u8]) -> LuaResult<Val> {
    let text = lua::string(state, text);
    holding(state, name, text)
}

fn holding(state: &mut LuaState, name: &str, value: Val) -> LuaResult<Val> {
    let table = lua::table(state);
    lua::set_field(state, table, name, value)?;
    Ok(Val::Table(table))
}

/// A value that a script of `protocol` returns, as a reply.
pub(super) fn to_reply(state: &mut LuaState, value: Val, protocol: Protocol) -> Reply {
    reply_within(state, value, protocol, 0)
}

fn reply_within(state: &mut LuaState, value: Val, protocol: Protocol, depth: usize) -> Reply {
    match value {
        Val::Str(_) => Reply::bulk(lua::bytes_of(state, value).unwrap_or_default()),
        Val::Num(number) => Reply::Integer(truncated(number)),
        Val::Bool(value) if protocol == Protocol::Resp3 => Reply::Boolean(value),
        Val::Bool(true) => Reply::Integer(1),
        Val::Bool(false) => Reply::Null,
        Val::Table(_) if depth >= DEEPEST => Reply::error("ERR reached lua stack limit"),
        Val::Table(table) => reply_of_table(state, table, protocol, depth + 1),
        Val::Nil | Val::Function(_) | Val::Userdata(_) | Val::LightUserdata(_) | Val::Thread(_) => {
            Reply::Null
        }
    }
}

fn reply_of_table(
    state: &mut LuaState,
    table: TableRef,
    protocol: Protocol,
    depth: usize,
) -> Reply {
    if let Some(text) = text_field(state, table, "err") {
        return Reply::error(text);
    }
    if let Some(text) = text_field(state, table, "ok") {
        return Reply::Simple(text.into());
    }
    if let Val::Num(number) = lua::field(state, table, "double") {
        return Reply::Double(number);
    }
    if let Val::Table(map) = lua::field(state, table, "map") {
        let pairs = lua::pairs(state, map).into_iter();
        let pairs = pairs.map(|(key, value)| {
            let key = reply_within(state, key, protocol, depth);
            (key, reply_within(state, value, protocol, depth))
        });
        return Reply::Map(pairs.collect());
    }
    if let Val::Table(set) = lua::field(state, table, "set") {
        let members = lua::pairs(state, set).into_iter();
        let members = members.map(|(member, _)| reply_within(state, member, protocol, depth));
        return Reply::Set(members.collect());
    }
    if let Some(digits) = text_field(state, table, "big_number") {
        return Reply::BigNumber(digits.replace(['\r', '\n'], " ").into());
    }
    if let Some(text) = verbatim(state, table) {
        return Reply::Verbatim(text);
    }
    let mut items = Vec::new();
    loop {
        let item = lua::get(state, table, Val::Num((items.len() + 1) as f64));
        if item == Val::Nil {
            return Reply::Array(items);
        }
        items.push(reply_within(state, item, protocol, depth));
    }
}

fn text_field(state: &mut LuaState, table: TableRef, name: &str) -> Option<String> {
    let value = lua::field(state, table, name);
    lua::bytes_of(state, value).map(text_of)
}

fn verbatim(state: &mut LuaState, table: TableRef) -> Option<Bytes> {
    let Val::Table(parts) = lua::field(state, table, "verbatim_string") else { return None };
    let (format, text) = (lua::field(state, parts, "format"), lua::field(state, parts, "string"));
    lua::bytes_of(state, format)?;
    lua::bytes_of(state, text).map(Bytes::from)
}

/// A double as C casts it: what does not fit becomes the least integer.
fn truncated(number: f64) -> i64 {
    let fits = number > -9_223_372_036_854_775_809.0 && number < 9_223_372_036_854_775_808.0;
    if fits { number as i64 } else { i64::MIN }
}

/// How many tables may be in one another.
const DEEPEST: usize = 200;
