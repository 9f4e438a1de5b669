//! CONFIG. *Source*: Redis 7.2 · config.c · configGetCommand, configSetCommand.

mod rewrite;

use super::config::{ConfigError, directives};
use super::help::wrong_words;
use super::io::Link;
use super::machine::Machine;
use super::state::Stats;
use crate::commands::glob_matches;
use crate::resp::{Bytes, Reply};

pub(super) fn config(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"get", patterns @ [_, ..]) => config_get(machine, patterns),
        (b"set", pairs) if pairs.len().is_multiple_of(2) => config_set(machine, pairs),
        (b"set", _) => Reply::error("ERR syntax error"),
        (b"resetstat", []) => {
            machine.state.stats = Stats::default();
            Reply::OK
        }
        (b"rewrite", []) => rewrite::rewrite(machine, link),
        (b"help", []) => super::help::help("CONFIG", HELP),
        _ => wrong_words("CONFIG", &args[1]),
    }
}

fn config_get(machine: &Machine<'_>, patterns: &[Bytes]) -> Reply {
    let mut pairs = Vec::new();
    for row in directives() {
        for name in [Some(row.name), row.alias].into_iter().flatten() {
            let wanted =
                |pattern: &Bytes| glob_matches(&pattern.to_ascii_lowercase(), name.as_bytes());
            if patterns.iter().any(wanted) {
                let value = machine.state.config().shown(row);
                pairs.push((Reply::bulk(name), Reply::bulk(value)));
            }
        }
    }
    Reply::Map(pairs)
}

/// All or nothing: the first option that cannot be set leaves every other as it was.
fn config_set(machine: &mut Machine<'_>, pairs: &[Bytes]) -> Reply {
    let mut config = machine.state.config().clone();
    for pair in pairs.chunks(2) {
        let name = String::from_utf8_lossy(&pair[0]).into_owned();
        let value = String::from_utf8_lossy(&pair[1]).into_owned();
        let failed = |name: &str, why: &str| {
            Reply::error(format!(
                "ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"
            ))
        };
        match config.set(&name, &value) {
            Ok(_) => {}
            Err(ConfigError::Unknown(name)) => {
                return Reply::error(format!(
                    "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
                ));
            }
            Err(ConfigError::Immutable(name)) => return failed(name, "can't set immutable config"),
            Err(ConfigError::Invalid(name, why)) => return failed(name, &why),
        }
    }
    machine.state.setup.config = config;
    let size = machine.state.config().number("repl-backlog-size");
    if let Some(backlog) = &mut machine.state.backlog {
        backlog.resize(size);
    }
    if pairs.chunks(2).any(|pair| pair[0].eq_ignore_ascii_case(b"maxmemory")) {
        machine.obey_new_limit();
    }
    Reply::OK
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
