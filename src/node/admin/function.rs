//! FUNCTION, as far as it goes without Lua: libraries are kept, saved, and passed on as they came,
//! so that nothing of a real server is lost on its way through this one. None can be run here.
//! *Source*: Redis 7.2 · functions.c · functionRestoreCommand, functionFlushCommand.

use std::rc::Rc;

use super::super::help::{help, text, unknown_subcommand, wrong_arity};
use super::super::io::Link;
use super::super::machine::Machine;
use crate::rdb::{Version, dump_libraries, restore_libraries};
use crate::resp::{Bytes, Reply};

/// The code of every library, each under its name. A clone shares them until one is changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::node) struct Libraries(Rc<Vec<Bytes>>);

impl Libraries {
    pub(in crate::node) fn new(codes: Vec<Bytes>) -> Self {
        Self(Rc::new(codes))
    }

    pub(in crate::node) fn codes(&self) -> &[Bytes] {
        &self.0
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.0.iter().position(|code| name_of(code) == Some(name))
    }

    /// Takes a library in; false if there is one of its name that is to stay.
    fn insert(&mut self, code: Bytes, replace: bool) -> bool {
        match name_of(&code).and_then(|name| self.position(name)) {
            Some(_) if !replace => return false,
            Some(at) => Rc::make_mut(&mut self.0)[at] = code,
            None => Rc::make_mut(&mut self.0).push(code),
        }
        true
    }
}

/// The name that a library gives itself in its first line: `#!lua name=mylib`.
fn name_of(code: &[u8]) -> Option<&[u8]> {
    let line = code.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let mut words = line.split(|byte| byte.is_ascii_whitespace());
    words.find_map(|word| word.strip_prefix(b"name="))
}

pub(in crate::node) fn function(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    let version = machine.state.setup.profile.rdb_version();
    let libraries = &mut machine.state.libraries;
    let reply = match (sub.as_slice(), &args[2..]) {
        (b"dump", []) => return Reply::bulk(dump_libraries(libraries.codes(), version)),
        (b"list", _) if libraries.codes().is_empty() => return Reply::Array(Vec::new()),
        (b"list" | b"load", _) => return Reply::error(NO_LUA),
        (b"stats", []) => return stats(libraries),
        (b"kill", []) => {
            return Reply::error("NOTBUSY No scripts in execution right now.");
        }
        (b"help", []) => return help("FUNCTION", HELP),
        (b"delete" | b"flush" | b"restore", _) => change(libraries, version, &sub, &args[2..]),
        (b"dump" | b"stats" | b"kill" | b"help", _) => wrong_arity("function", &sub),
        _ => unknown_subcommand("FUNCTION", &args[1]),
    };
    if reply == Reply::OK {
        machine.state.saves.dirty += 1;
        machine.also_propagate(link, args);
    }
    reply
}

/// What changes libraries without running any.
fn change(libraries: &mut Libraries, newest: Version, sub: &[u8], args: &[Bytes]) -> Reply {
    match (sub, args) {
        (b"delete", [name]) => match libraries.position(name) {
            None => return Reply::error("ERR Library not found"),
            Some(at) => drop(Rc::make_mut(&mut libraries.0).remove(at)),
        },
        (b"flush", mode @ ([] | [_])) => {
            let known = |mode: &Bytes| {
                mode.eq_ignore_ascii_case(b"sync") || mode.eq_ignore_ascii_case(b"async")
            };
            if !mode.iter().all(known) {
                return Reply::error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
            }
            *libraries = Libraries::default();
        }
        (b"restore", [payload, policy @ ..]) if policy.len() < 2 => {
            return restore(libraries, payload, newest, policy.first());
        }
        _ => return wrong_arity("function", sub),
    }
    Reply::OK
}

/// `RESTORE payload [FLUSH|APPEND|REPLACE]`: all of it, or nothing.
fn restore(
    libraries: &mut Libraries,
    payload: &[u8],
    newest: Version,
    policy: Option<&Bytes>,
) -> Reply {
    let (flush, replace) = match policy.map(|policy| policy.to_ascii_lowercase()).as_deref() {
        None | Some(b"append") => (false, false),
        Some(b"flush") => (true, false),
        Some(b"replace") => (false, true),
        Some(_) => {
            let text = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or \
                        REPLACE.";
            return Reply::error(text);
        }
    };
    let codes = match restore_libraries(payload, newest) {
        Ok(codes) => codes,
        Err(error) => return Reply::error(format!("ERR {error}")),
    };
    let mut new = if flush { Libraries::default() } else { libraries.clone() };
    for code in codes {
        let name = name_of(&code).map(|name| String::from_utf8_lossy(name).into_owned());
        if !new.insert(code, replace) {
            let name = name.unwrap_or_default();
            return Reply::error(format!("ERR Library {name} already exists"));
        }
    }
    *libraries = new;
    Reply::OK
}

fn stats(libraries: &Libraries) -> Reply {
    if !libraries.codes().is_empty() {
        return Reply::error(NO_LUA);
    }
    let counts = [("libraries_count", 0), ("functions_count", 0)];
    let counts = counts.map(|(name, count)| (Reply::bulk(name), Reply::Integer(count)));
    let engines = vec![(Reply::bulk("LUA"), Reply::Map(counts.to_vec()))];
    Reply::Map(vec![
        (Reply::bulk("running_script"), Reply::Null),
        (Reply::bulk("engines"), Reply::Map(engines)),
    ])
}

impl Machine<'_> {
    /// FUNCTION in the master's stream: what it has loaded is kept as it is.
    pub(in crate::node) fn obey_function(&mut self, args: &[Bytes]) -> Reply {
        let Some(sub) = args.get(1).map(|sub| sub.to_ascii_lowercase()) else {
            return Reply::error("ERR wrong number of arguments for 'function' command");
        };
        let libraries = &mut self.state.libraries;
        match (sub.as_slice(), &args[2..]) {
            (b"load", [code]) => loaded(libraries.insert(Bytes::clone(code), false), code),
            (b"load", [_, code]) => loaded(libraries.insert(Bytes::clone(code), true), code),
            (_, rest) => change(libraries, Version::V11, &sub, rest),
        }
    }
}

fn loaded(done: bool, code: &Bytes) -> Reply {
    let name = name_of(code).map(Bytes::from).unwrap_or_default();
    if done {
        Reply::OK
    } else {
        Reply::error(format!("ERR Library '{}' already exists", text(&name)))
    }
}

const NO_LUA: &str = concat!(
    "ERR This server has no Lua: libraries of functions are kept and passed on, and cannot be ",
    "loaded, listed or run here"
);

const HELP: &[&str] = &[
    "DELETE <LIBRARY NAME>",
    "    Delete the given library.",
    "FLUSH [ASYNC|SYNC]",
    "    Delete all the libraries.",
    "DUMP",
    "    Return a serialized payload representing the current libraries, can be restored using \
     FUNCTION RESTORE command",
    "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
    "    Restore the libraries represented by the given payload, it is possible to give a restore \
     policy to",
    "    control how to handle existing libraries (default APPEND):",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_gives_itself_its_name() {
        assert_eq!(name_of(b"#!lua name=mylib\nredis.x()"), Some(&b"mylib"[..]));
        assert_eq!(name_of(b"#!LUA  name=a"), Some(&b"a"[..]));
        assert_eq!(name_of(b"return 1"), None);
    }
}
