//! CONFIG. *Source*: Redis 7.2 · config.c · configGetCommand, configSetCommand.

mod rewrite;

pub(super) use rewrite::rewrite_all;

use super::config::{Config, ConfigError, directive, directives};
use super::gates::LOADING;
use super::help::{text, wrong_words};
use super::io::{Link, Output};
use super::machine::Machine;
use crate::commands::glob_matches;
use crate::resp::{Bytes, Reply};

pub(super) fn config(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"get", patterns @ [_, ..]) => {
            machine.config_master();
            config_get(machine, patterns)
        }
        (b"set", pairs @ [_, _, ..]) if pairs.len().is_multiple_of(2) => {
            config_set(machine, link, pairs)
        }
        (b"set", [_, _, ..]) => Reply::error("ERR syntax error"),
        (b"resetstat", []) => {
            machine.state.stats.reset();
            Reply::OK
        }
        (b"rewrite", []) => rewrite::rewrite(machine, link),
        (b"help", []) => super::help::help(args, HELP),
        _ => wrong_words(args),
    }
}

impl Machine<'_> {
    /// Whom REPLICAOF has named since, the options do not know: they are told when they are asked.
    fn config_master(&mut self) {
        let master = self.state.upstream.master.as_ref();
        let pair = master.map(|master| format!("{} {}", master.host, master.port));
        let pair = pair.unwrap_or_default();
        if self.state.config().get("replicaof") != pair {
            self.state.setup.config.set_at_start("replicaof", &pair).expect("any text will do");
        }
    }
}

fn config_get(machine: &Machine<'_>, patterns: &[Bytes]) -> Reply {
    let mut pairs = Vec::new();
    for row in directives() {
        for name in [Some(row.name), row.alias].into_iter().flatten() {
            if let Some(asked) = patterns.iter().find_map(|pattern| asked_as(pattern, name)) {
                let value = machine.state.config().shown(row);
                pairs.push((Reply::bulk(asked), Reply::bulk(value)));
            }
        }
    }
    Reply::Map(pairs)
}

/// The name under which an option is shown to who asked for `pattern`: as it was spelled there, if
/// it was spelled out. None if another is meant.
fn asked_as<'a>(pattern: &'a [u8], name: &'a str) -> Option<&'a [u8]> {
    if !pattern.iter().any(|byte| b"[*?".contains(byte)) {
        return Some(pattern).filter(|asked| asked.eq_ignore_ascii_case(name.as_bytes()));
    }
    let name = name.as_bytes();
    let fits = !HIDDEN.contains(&name) && glob_matches(&pattern.to_ascii_lowercase(), name);
    fits.then_some(name)
}

/// Options for tests, which no pattern shows.
const HIDDEN: &[&[u8]] = &[
    b"rdb-key-save-delay",
    b"key-load-delay",
    b"loading-process-events-interval-bytes",
    b"use-exit-on-panic",
    b"watchdog-period",
];

/// What is not changed under a dataset that is being loaded.
const DENIED_WHILE_LOADING: &[&str] = &["appendonly", "dir", "repl-diskless-load"];

/// All or nothing: the first option that cannot be set leaves every other as it was.
fn config_set(machine: &mut Machine<'_>, link: Link, pairs: &[Bytes]) -> Reply {
    let pairs: Vec<[String; 2]> =
        pairs.chunks(2).map(|pair| [text(&pair[0]), text(&pair[1])]).collect();
    let guarded = !machine.allows(link, "enable-protected-configs");
    let denied = |[name, _]: &[String; 2]| {
        directive(name).is_some_and(|row| {
            DENIED_WHILE_LOADING.contains(&row.name) && !(row.protected && guarded)
        })
    };
    // Before other errors: a client may handle this one, and come again.
    if machine.state.loading.is_some() && pairs.iter().any(denied) {
        return Reply::error(LOADING);
    }
    let mut config = machine.state.config().clone();
    let set = check_names(&pairs, guarded).and_then(|()| {
        pairs.iter().try_for_each(|[name, value]| config.set(name, value).map(drop).map_err(told))
    });
    if let Err(reply) = set {
        return reply;
    }
    if let Err(reply) = check_clients(&config, machine.state.setup.files_max) {
        return reply;
    }
    let differs = |name: &&&str| config.get(name) != machine.state.config().get(name);
    if let Some(&name) = LISTENERS.iter().find(differs) {
        return machine.move_to(Moving { link, name, config, limits: sets_limit(&pairs) });
    }
    machine.put_in_force(config, sets_limit(&pairs));
    Reply::OK
}

fn sets_limit(pairs: &[[String; 2]]) -> bool {
    pairs.iter().any(|[name, _]| name.eq_ignore_ascii_case("maxmemory"))
}

/// CONFIG SET, until it is known whether the server can listen where it shall.
#[derive(Clone, Debug)]
pub(super) struct Moving {
    link: Link,
    /// The option that asks for it.
    name: &'static str,
    /// The options that are then in force.
    config: Config,
    /// True if `maxmemory` is among those that were set.
    limits: bool,
}

impl Machine<'_> {
    /// The options are in force.
    fn put_in_force(&mut self, config: Config, limits: bool) {
        self.state.setup.config = config;
        let size = self.state.config().number("repl-backlog-size");
        if let Some(backlog) = &mut self.state.backlog {
            backlog.resize(size);
        }
        self.bound_readers();
        if limits {
            self.obey_new_limit();
        }
    }

    /// Asks the host to listen elsewhere; who wants it waits for what comes of it.
    fn move_to(&mut self, moving: Moving) -> Reply {
        if !self.state.setup.moves {
            return failed(moving.name, "can't set immutable config");
        }
        self.wait_for_disk(moving.link);
        let (bind, port) = (moving.config.get("bind").to_owned(), moving.config.number("port"));
        self.out.push(Output::Listen { bind, port: u16::try_from(port).unwrap_or(0) });
        self.state.moving = Some(moving);
        Reply::Silent
    }

    /// The host has tried to listen elsewhere.
    #[inline(never)]
    pub(super) fn moved(&mut self, moved: bool) {
        let Some(Moving { link, name, config, limits }) = self.state.moving.take() else { return };
        let reply = if moved {
            self.put_in_force(config, limits);
            Reply::OK
        } else if name == "port" {
            failed(name, "Unable to listen on this port. Check server logs.")
        } else {
            failed(name, "Failed to bind to specified addresses.")
        };
        self.answer_waiting(link, &reply);
    }
}

/// The options that say where the server listens.
const LISTENERS: &[&str] = &["port", "bind"];

/// Refuses what cannot be set whatever its value is.
fn check_names(pairs: &[[String; 2]], guarded: bool) -> Result<(), Reply> {
    for (index, [name, _]) in pairs.iter().enumerate() {
        let Some(row) = directive(name) else {
            return Err(told(ConfigError::Unknown(name.clone())));
        };
        let is_given = |[other, _]: &[String; 2]| other.eq_ignore_ascii_case(name);
        if !row.mutable {
            return Err(failed(name, "can't set immutable config"));
        }
        if row.protected && guarded {
            return Err(failed(name, "can't set protected config"));
        }
        if pairs[..index].iter().any(is_given) {
            return Err(failed(name, "duplicate parameter"));
        }
    }
    Ok(())
}

/// Refuses more clients than there can be files for them. Redis asks for fewer and fewer.
#[inline(never)]
fn check_clients(config: &Config, files_max: u64) -> Result<(), Reply> {
    let wanted = config.number("maxclients").saturating_add(OWN_FILES);
    let beyond = wanted.saturating_sub(files_max);
    if beyond == 0 {
        return Ok(());
    }
    let most = wanted - beyond.next_multiple_of(16) - OWN_FILES;
    let why =
        "The operating system is not able to handle the specified number of clients, try with";
    Err(failed("maxclients", &format!("{why} {most}")))
}

/// Redis' `CONFIG_MIN_RESERVED_FDS`: files that are no client's.
const OWN_FILES: u64 = 32;

/// The reply that an error is.
fn told(error: ConfigError) -> Reply {
    match error {
        ConfigError::Unknown(name) => Reply::error(format!(
            "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
        )),
        ConfigError::Immutable(name) => failed(name, "can't set immutable config"),
        ConfigError::Invalid(name, why) => failed(name, &why),
    }
}

fn failed(name: &str, why: &str) -> Reply {
    Reply::error(format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"))
}

const HELP: &[&str] = &[
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
];
