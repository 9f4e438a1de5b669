//! EVAL and its relatives: scripts are looked up, admitted, and run in the room `script`.
//!
//! A server remembers sources, never an interpreter: so it stays a value. What a script writes
//! enters the stream as one unit, as if it were a transaction; the script itself never does.
//! *Source*: Redis 7.2 · eval.c, script.c.
mod errand;
mod functions;

use self::errand::functions_of;
pub(super) use self::functions::{Libraries, fcall, fcall_ro, function};
use super::help::{help, wrong_words};
use super::io::Link;
use super::machine::Machine;
use super::state::State;
use crate::rdb::sha1;
use crate::resp::{Bytes, Reply, parse_integer};
use crate::script::{Flags, Random48, Shebang};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a server remembers of scripts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scripts {
    /// What EVALSHA finds, by digests. A clone shares them until one is added.
    sources: Rc<BTreeMap<String, Bytes>>,
    /// What scripts draw from.
    random: Random48,
}

impl Scripts {
    fn get(&self, digest: &str) -> Option<Bytes> {
        self.sources.get(digest).cloned()
    }

    fn insert(&mut self, digest: String, source: Bytes) {
        Rc::make_mut(&mut self.sources).insert(digest, source);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// How many bytes they take.
    pub(super) fn bytes(&self) -> usize {
        self.sources.iter().map(|(digest, source)| digest.len() + source.len()).sum()
    }
}

/// The digits by which a script is called.
fn digest(source: &[u8]) -> String {
    sha1(source).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn eval(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.eval(link, args, false)
}

pub(super) fn eval_ro(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.eval(link, args, true)
}

pub(super) fn evalsha(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.evalsha(link, args, false)
}

pub(super) fn evalsha_ro(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    machine.evalsha(link, args, true)
}

/// What stands behind the name of a script: its keys, and its other arguments.
pub(super) fn keys_and_args(args: &[Bytes]) -> Result<(&[Bytes], &[Bytes]), Reply> {
    let Some(count) = parse_integer(&args[2]) else {
        return Err(Reply::error("ERR value is not an integer or out of range"));
    };
    let Ok(count) = usize::try_from(count) else {
        return Err(Reply::error("ERR Number of keys can't be negative"));
    };
    let rest = &args[3..];
    if count > rest.len() {
        return Err(Reply::error("ERR Number of keys can't be greater than number of args"));
    }
    Ok(rest.split_at(count))
}

impl Machine<'_> {
    fn eval(&mut self, link: Link, args: &[Bytes], read_only: bool) -> Reply {
        self.show_script(link, args);
        let name = digest(&args[1]);
        let (keys, rest) = match keys_and_args(args) {
            Ok(split) => split,
            Err(reply) => return reply,
        };
        if self.state.scripts.get(&name).is_none()
            && let Err(reply) = self.keep_script(&args[1])
        {
            return reply;
        }
        self.run_script(link, &name, &args[1], (keys, rest), read_only)
    }

    fn evalsha(&mut self, link: Link, args: &[Bytes], read_only: bool) -> Reply {
        self.show_script(link, args);
        let name = String::from_utf8_lossy(&args[1]).to_ascii_lowercase();
        let found = if name.len() == 40 { Some(name) } else { None };
        let found = found.and_then(|name| Some((self.state.scripts.get(&name)?, name)));
        let split = || keys_and_args(args);
        match (args[1].len(), split(), found) {
            (40, Err(reply), _) => reply,
            (_, Ok((keys, rest)), Some((source, name))) => {
                self.run_script(link, &name, &source, (keys, rest), read_only)
            }
            _ => Reply::error("NOSCRIPT No matching script. Please use EVAL."),
        }
    }

    /// Takes a script in, if it is one; answers what it is called.
    fn keep_script(&mut self, source: &Bytes) -> Result<String, Reply> {
        let name = digest(source);
        if self.state.scripts.get(&name).is_none() {
            self.check_script(source)?;
            self.state.scripts.insert(name.clone(), Bytes::clone(source));
        }
        Ok(name)
    }

    /// The scripts that are kept have changed, which a 6.2 tells its replicas.
    fn tell_of_scripts(&mut self, link: Link, args: &[Bytes]) {
        if self.state.setup.profile.sends_scripts() && !self.state.is_replica() {
            self.also_propagate(link, args);
        }
    }

    /// Shows a script's own command to those who watch, before what it calls.
    pub(super) fn show_script(&mut self, link: Link, args: &[Bytes]) {
        if self.state.monitors.is_empty() {
            return;
        }
        let Some(client) = self.state.clients.get(&link) else { return };
        let (db, peer) = (client.db, client.peer.to_string());
        self.show(db, &peer, "eval", args);
    }
}

impl State {
    /// True for a call of a script or a function that says of itself that it writes nothing.
    #[inline(never)]
    pub(super) fn is_declared_reading(&self, name: &str, args: &[Bytes]) -> bool {
        let of_source = |source: &[u8]| Shebang::of_script(source).ok().and_then(|own| own.flags);
        let flags = match name {
            "eval" => of_source(&args[1]),
            "evalsha" => {
                let digest = String::from_utf8_lossy(&args[1]).to_ascii_lowercase();
                self.scripts.get(&digest).and_then(|source| of_source(&source))
            }
            "fcall" => self.libraries.function(&args[1]).map(|(function, _)| function.flags),
            _ => None,
        };
        flags.is_some_and(|flags| flags.has(Flags::NO_WRITES))
    }
}

pub(super) fn script(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"load", [source]) => match machine.keep_script(source) {
            Ok(name) => {
                machine.tell_of_scripts(link, args);
                Reply::bulk(name)
            }
            Err(reply) => reply,
        },
        (b"exists", digests @ [_, ..]) => {
            let known = |digest: &Bytes| {
                let digest = String::from_utf8_lossy(digest).to_ascii_lowercase();
                Reply::Integer(machine.state.scripts.get(&digest).is_some().into())
            };
            Reply::Array(digests.iter().map(known).collect())
        }
        (b"flush", mode) => {
            let known = |mode: &Bytes| {
                mode.eq_ignore_ascii_case(b"sync") || mode.eq_ignore_ascii_case(b"async")
            };
            if mode.len() > 1 || !mode.iter().all(known) {
                return Reply::error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
            }
            machine.state.scripts.sources = Rc::default();
            machine.tell_of_scripts(link, args);
            Reply::OK
        }
        (b"kill", []) => Reply::error("NOTBUSY No scripts in execution right now."),
        (b"debug", [mode]) => debug(mode),
        (b"help", []) => help(args, HELP),
        _ => wrong_words(args),
    }
}

/// `SCRIPT DEBUG`: a debugger needs a conversation in the middle of a script, and a turn has none.
fn debug(mode: &[u8]) -> Reply {
    match mode.to_ascii_lowercase().as_slice() {
        b"no" => Reply::OK,
        b"yes" | b"sync" => Reply::error("ERR This server has no debugger for scripts"),
        _ => Reply::error("ERR Use SCRIPT DEBUG YES/SYNC/NO"),
    }
}

const HELP: &[&str] = &[
    "DEBUG (YES|SYNC|NO)",
    "    Set the debug mode for subsequent scripts executed.",
    "EXISTS <sha1> [<sha1> ...]",
    "    Return information about the existence of the scripts in the script cache.",
    "FLUSH [ASYNC|SYNC]",
    "    Flush the Lua scripts cache. Very dangerous on replicas.",
    "    When called without the optional mode argument, the behavior is determined by the",
    "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
    "    * ASYNC: Asynchronously flush the scripts cache.",
    "    * SYNC: Synchronously flush the scripts cache.",
    "KILL",
    "    Kill the currently executing Lua script.",
    "LOAD <script>",
    "    Load a script into the scripts cache without executing it.",
];
