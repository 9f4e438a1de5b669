//! FUNCTION and FCALL. A server remembers the text of each library, and what it registers.
//! *Source*: Redis 7.2 · functions.c.

use std::rc::Rc;

use super::super::help::{help, text, wrong_words};
use super::super::io::Link;
use super::super::machine::Machine;
use super::keys_and_args;
use crate::commands::glob_matches;
use crate::rdb::{Version, dump_libraries, restore_libraries};
use crate::resp::{Bytes, Reply, parse_integer};
use crate::script::{Function, library_name};

/// The libraries. A clone shares them until one is changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::node) struct Libraries(Rc<Vec<Library>>);

/// One library.
#[derive(Clone, Debug, PartialEq)]
struct Library {
    name: String,
    code: Bytes,
    functions: Vec<Function>,
}

impl Library {
    /// Reads the text of a library.
    fn read(code: &Bytes) -> Result<Self, String> {
        let (name, shebang) = library_name(code)?;
        let functions = super::functions_of(&code[shebang..])?;
        Ok(Self { name, code: Bytes::clone(code), functions })
    }

    /// A library as another server has given it, whatever it is.
    fn kept(code: Bytes) -> Self {
        Self::read(&code).unwrap_or_else(|_| {
            let name = library_name(&code).map(|(name, _)| name).unwrap_or_default();
            Self { name, code, functions: Vec::new() }
        })
    }
}

impl Libraries {
    pub(in crate::node) fn new(codes: Vec<Bytes>) -> Self {
        Self(Rc::new(codes.into_iter().map(Library::kept).collect()))
    }

    pub(in crate::node) fn codes(&self) -> Vec<Bytes> {
        self.0.iter().map(|library| Bytes::clone(&library.code)).collect()
    }

    /// How many libraries there are, how many functions, and how many bytes of text.
    pub(in crate::node) fn counts(&self) -> (usize, usize, usize) {
        let functions = self.0.iter().map(|library| library.functions.len()).sum();
        (self.0.len(), functions, self.0.iter().map(|library| library.code.len()).sum())
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.0.iter().position(|library| library.name.as_bytes() == name)
    }

    /// The function of this name in any case, and the text of its library.
    pub(super) fn function(&self, name: &[u8]) -> Option<(Function, Bytes)> {
        self.0.iter().find_map(|library| {
            let mut all = library.functions.iter();
            let found = all.find(|one| one.name.as_bytes().eq_ignore_ascii_case(name))?;
            Some((found.clone(), Bytes::clone(&library.code)))
        })
    }

    /// Takes libraries in that were read; false if one is there already that is not to be replaced.
    pub(in crate::node) fn merge(&mut self, codes: &[Bytes], replace: bool) -> bool {
        let mut read = codes.iter().cloned().map(Library::kept);
        read.all(|library| self.insert(library, replace).is_ok())
    }

    /// Takes a library in, unless its name or one of its functions' is taken.
    fn insert(&mut self, new: Library, replace: bool) -> Result<(), String> {
        let at = self.position(new.name.as_bytes());
        if at.is_some() && !replace {
            return Err(format!("Library '{}' already exists", new.name));
        }
        let others = self.0.iter().filter(|library| library.name != new.name);
        let taken = |name: &str| {
            others.clone().any(|library| library.functions.iter().any(|one| one.name == name))
        };
        if let Some(function) = new.functions.iter().find(|one| taken(&one.name)) {
            return Err(format!("Function {} already exists", function.name));
        }
        match at {
            Some(at) => Rc::make_mut(&mut self.0)[at] = new,
            None => Rc::make_mut(&mut self.0).push(new),
        }
        Ok(())
    }
}

pub(in crate::node) fn fcall(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.fcall(link, args, false)
}

pub(in crate::node) fn fcall_ro(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.fcall(link, args, true)
}

impl Machine<'_> {
    fn fcall(&mut self, link: Link, args: &[Bytes], read_only: bool) -> Reply {
        self.show_script(link, args);
        let Some((function, code)) = self.state.libraries.function(&args[1]) else {
            return Reply::error("ERR Function not found");
        };
        if parse_integer(&args[2]).is_none() {
            return Reply::error("ERR Bad number of keys provided");
        }
        match keys_and_args(args) {
            Ok(words) => self.run_function(link, &function, &code, words, read_only),
            Err(reply) => reply,
        }
    }
}

pub(in crate::node) fn function(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    let version = machine.state.setup.profile.rdb_version();
    let libraries = &mut machine.state.libraries;
    let reply = match (sub.as_slice(), &args[2..]) {
        (b"dump", []) => return Reply::bulk(dump_libraries(&libraries.codes(), version)),
        (b"list", options) => return list(libraries, options),
        (b"load", [options @ .., code]) => load(libraries, options, code),
        (b"stats", []) => return stats(libraries),
        (b"kill", []) => {
            return Reply::error("NOTBUSY No scripts in execution right now.");
        }
        (b"help", []) => return help(args, HELP),
        (sub, rest) => change(libraries, version, sub, rest).unwrap_or_else(|| wrong_words(args)),
    };
    if !matches!(reply, Reply::Error(_)) {
        machine.state.saves.dirty += 1;
        machine.also_propagate(link, args);
    }
    reply
}

/// `LOAD [REPLACE] code`: answers the library's name.
fn load(libraries: &mut Libraries, options: &[Bytes], code: &Bytes) -> Reply {
    let is_replace = |option: &&Bytes| option.eq_ignore_ascii_case(b"replace");
    if let Some(option) = options.iter().find(|option| !is_replace(option)) {
        return Reply::error(format!("ERR Unknown option given: {}", text(option)));
    }
    let replace = !options.is_empty();
    let known = library_name(code)
        .is_ok_and(|(name, _)| !replace && libraries.position(name.as_bytes()).is_some());
    let read = if known { Ok(Library::kept(Bytes::clone(code))) } else { Library::read(code) };
    let added = read.and_then(|library| {
        let name = library.name.clone();
        libraries.insert(library, replace).map(|()| name)
    });
    match added {
        Ok(name) => Reply::bulk(name),
        Err(error) => Reply::error(format!("ERR {error}")),
    }
}

/// `LIST [LIBRARYNAME pattern] [WITHCODE]`; the pattern fits in any case.
fn list(libraries: &Libraries, options: &[Bytes]) -> Reply {
    let (mut pattern, mut with_code) = (None, false);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.to_ascii_lowercase().as_slice() {
            b"withcode" if !with_code => with_code = true,
            b"libraryname" if pattern.is_none() => match options.next() {
                Some(name) => pattern = Some(name.to_ascii_lowercase()),
                None => return Reply::error("ERR library name argument was not given"),
            },
            _ => return Reply::error(format!("ERR Unknown argument {}", text(option))),
        }
    }
    let fits = |library: &&Library| {
        let name = library.name.to_ascii_lowercase();
        pattern.as_ref().is_none_or(|pattern| glob_matches(pattern, name.as_bytes()))
    };
    let shown = libraries.0.iter().filter(fits).map(|library| {
        let mut fields = vec![
            (Reply::bulk("library_name"), Reply::bulk(&library.name)),
            (Reply::bulk("engine"), Reply::bulk("LUA")),
            (
                Reply::bulk("functions"),
                Reply::Array(library.functions.iter().map(described).collect()),
            ),
        ];
        if with_code {
            fields.push((Reply::bulk("library_code"), Reply::Bulk(Bytes::clone(&library.code))));
        }
        Reply::Map(fields)
    });
    Reply::Array(shown.collect())
}

fn described(function: &Function) -> Reply {
    let flags = crate::script::Flags::NAMES.into_iter();
    let flags = flags.filter(|(flag, _)| function.flags.has(*flag));
    Reply::Map(vec![
        (Reply::bulk("name"), Reply::bulk(&function.name)),
        (
            Reply::bulk("description"),
            function.description.as_ref().map_or(Reply::Null, Reply::bulk),
        ),
        (
            Reply::bulk("flags"),
            Reply::Set(flags.map(|(_, name)| Reply::Simple(name.into())).collect()),
        ),
    ])
}

/// What changes libraries without running any; none for other words.
fn change(libraries: &mut Libraries, newest: Version, sub: &[u8], args: &[Bytes]) -> Option<Reply> {
    match (sub, args) {
        (b"delete", [name]) => Some(delete(libraries, name)),
        (b"flush", mode @ ([] | [_])) => Some(flush(libraries, mode.first())),
        (b"restore", [payload, policy @ ..]) if policy.len() < 2 => {
            Some(restore(libraries, payload, newest, policy.first()))
        }
        _ => None,
    }
}

fn delete(libraries: &mut Libraries, name: &[u8]) -> Reply {
    let Some(at) = libraries.position(name) else { return Reply::error("ERR Library not found") };
    Rc::make_mut(&mut libraries.0).remove(at);
    Reply::OK
}

/// `FLUSH [SYNC|ASYNC]`.
fn flush(libraries: &mut Libraries, mode: Option<&Bytes>) -> Reply {
    let known =
        |mode: &Bytes| mode.eq_ignore_ascii_case(b"sync") || mode.eq_ignore_ascii_case(b"async");
    if !mode.is_none_or(known) {
        return Reply::error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    *libraries = Libraries::default();
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
        let added = Library::read(&code).and_then(|library| {
            // RESTORE names a library without quotes.
            let taken = !replace && new.position(library.name.as_bytes()).is_some();
            match taken {
                true => Err(format!("Library {} already exists", library.name)),
                false => new.insert(library, replace),
            }
        });
        if let Err(error) = added {
            return Reply::error(format!("ERR {error}"));
        }
    }
    *libraries = new;
    Reply::OK
}

fn stats(libraries: &Libraries) -> Reply {
    let (libraries, functions, _) = libraries.counts();
    let counts = [("libraries_count", libraries), ("functions_count", functions)];
    let counts = counts.map(|(name, count)| (Reply::bulk(name), Reply::count(count as u64)));
    let engines = vec![(Reply::bulk("LUA"), Reply::Map(counts.to_vec()))];
    Reply::Map(vec![
        (Reply::bulk("running_script"), Reply::Null),
        (Reply::bulk("engines"), Reply::Map(engines)),
    ])
}

impl Machine<'_> {
    /// FUNCTION in the master's stream: what it has loaded is kept as it is.
    pub(in crate::node) fn obey_function(&mut self, args: &[Bytes]) -> Reply {
        let sub = args[1].to_ascii_lowercase();
        let libraries = &mut self.state.libraries;
        match (sub.as_slice(), &args[2..]) {
            (b"load", [options @ .., code]) if options.len() < 2 => {
                if let Err(error) = library_name(code) {
                    return Reply::error(format!("ERR {error}"));
                }
                let library = Library::kept(Bytes::clone(code));
                match libraries.insert(library, !options.is_empty()) {
                    Ok(()) => Reply::OK,
                    Err(error) => Reply::error(format!("ERR {error}")),
                }
            }
            (_, rest) => {
                let reply = change(libraries, Version::V11, &sub, rest);
                reply.unwrap_or_else(|| wrong_words(args))
            }
        }
    }
}

const HELP: &[&str] = &[
    "LOAD [REPLACE] <FUNCTION CODE>",
    "    Create a new library with the given library name and code.",
    "DELETE <LIBRARY NAME>",
    "    Delete the given library.",
    "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
    "    Return general information on all the libraries:",
    "    * Library name",
    "    * The engine used to run the Library",
    "    * Library description",
    "    * Functions list",
    "    * Library code (if WITHCODE is given)",
    "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
    "STATS",
    "    Return information about the current function running:",
    "    * Function name",
    "    * Command used to run the function",
    "    * Duration in MS that the function is running",
    "    If no function is running, return nil",
    "    In addition, returns a list of available engines.",
    "KILL",
    "    Kill the current running function.",
    "FLUSH [ASYNC|SYNC]",
    "    Delete all the libraries.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the libraries.",
    "    * SYNC: Synchronously flush the libraries.",
    "DUMP",
    "    Return a serialized payload representing the current libraries, can be restored using \
     FUNCTION RESTORE command",
    "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
    "    Restore the libraries represented by the given payload, it is possible to give a restore \
     policy to",
    "    control how to handle existing libraries (default APPEND):",
    "    * FLUSH: delete all existing libraries.",
    "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
    "    * REPLACE: appends the restored libraries to the existing libraries, On collision, \
     replace the old",
    "      libraries with the new libraries (notice that even on this option there is a chance of \
     failure",
    "      in case of functions name collision with another library).",
];
