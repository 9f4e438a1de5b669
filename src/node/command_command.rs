//! COMMAND: what commands there are, and what clients and tools want to know of them.
//! *Source*: Redis 7.2 · server.c · commandCommand and its relatives.

mod arguments;
mod docs;
pub(super) mod facts;
mod keys;
mod lines;
mod notes;

pub(super) use keys::keys_read;

use self::facts::{Begin, Facts, Find, KeySpecification};
use super::help::{help, wrong_words};
use super::io::Link;
use super::machine::Machine;
use super::state::{Profile, Setup};
use crate::commands::{Refusal, glob_matches, unknown_command};
use crate::resp::{Bytes, Reply};

pub(super) fn command(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let profile = machine.state.setup.profile;
    let renames = &machine.state.setup.renames;
    let there = || facts::all(profile).filter(|facts| renames.reaches(facts.name));
    let commands = || there().filter(|facts| !facts.is_subcommand());
    let named = |name: &Bytes| facts::of(&renames.full_meaning(name)?, profile);
    let Some(sub) = args.get(1).map(|sub| sub.to_ascii_lowercase()) else {
        return Reply::Array(commands().map(info).collect());
    };
    match (sub.as_slice(), &args[2..]) {
        (b"count", []) => Reply::count(commands().count() as u64),
        (b"list", filter) => list(there(), filter),
        (b"info", []) => Reply::Array(commands().map(info).collect()),
        (b"info", names) => {
            Reply::Array(names.iter().map(|name| named(name).map_or(Reply::Null, info)).collect())
        }
        (b"docs", []) => docs::docs(commands()),
        (b"docs", names) => docs::docs(names.iter().filter_map(named)),
        (b"getkeys" | b"getkeysandflags", call) if !call.is_empty() => {
            keys::getkeys(renames.meaning(&call[0]), call, profile, sub.ends_with(b"flags"))
        }
        (b"help", []) => help(args, HELP),
        _ => wrong_words(args),
    }
}

/// `COMMAND LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern]`.
fn list(commands: impl Iterator<Item = Facts>, filter: &[Bytes]) -> Reply {
    let fits: Box<dyn Fn(&Facts) -> bool> = match filter {
        [] => Box::new(|_| true),
        [by, what, value] if by.eq_ignore_ascii_case(b"filterby") => {
            let value = Bytes::clone(value);
            match what.to_ascii_lowercase().as_slice() {
                b"module" => Box::new(|_| false),
                b"aclcat" => Box::new(move |facts| {
                    facts.categories().any(|one| value.eq_ignore_ascii_case(one.as_bytes()))
                }),
                b"pattern" => Box::new(move |facts| {
                    glob_matches(&value.to_ascii_lowercase(), facts.name.as_bytes())
                }),
                _ => return Reply::error("ERR syntax error"),
            }
        }
        _ => return Reply::error("ERR syntax error"),
    };
    let fitting = commands.filter(|facts| fits(facts));
    Reply::Array(fitting.map(|facts| Reply::bulk(facts.name)).collect())
}

/// The commands of a category, in its name's lower case.
pub(super) fn commands_of(category: &str, profile: Profile) -> Vec<&'static str> {
    let of = |facts: &Facts| facts.categories().any(|one| one == category);
    facts::all(profile).filter(of).map(|facts| facts.name).collect()
}

/// Refuses what calls no command, or not with so many words as it takes.
pub(super) fn check_call(args: &[Bytes], setup: &Setup) -> Result<(), Refusal> {
    let name = setup.renames.meaning(&args[0]).unwrap_or_default();
    let alone = || facts::of(name, setup.profile).filter(|_| args.len() == 1);
    let called = facts::of_call(name, args, setup.profile).or_else(alone);
    let facts = called.ok_or_else(|| unknown_command(args))?;
    if facts.takes(args.len()) { Ok(()) } else { Err(Refusal::Arity(facts.name.to_owned())) }
}

fn words(words: impl Iterator<Item = &'static str>) -> Vec<Reply> {
    words.map(|word| Reply::Simple(word.into())).collect()
}

/// What COMMAND INFO answers of a command: 6.2 neither tells tips, nor where the keys are, nor
/// subcommands.
fn info(facts: Facts) -> Reply {
    let categories = facts.categories().map(|one| Reply::Simple(format!("@{one}").into()));
    let mut fields = vec![
        Reply::bulk(facts.name),
        Reply::Integer(facts.arity),
        Reply::Set(words(facts.flags())),
    ];
    fields.extend(facts.place.map(Reply::Integer));
    fields.push(Reply::Set(categories.collect()));
    if facts.profile == Profile::V6_2 {
        return Reply::Array(fields);
    }
    let specifications = facts.specifications().enumerate();
    let specifications =
        specifications.map(|(index, one)| specification(notes::of(facts.name, index), one));
    fields.extend([
        Reply::Set(facts.tips().map(Reply::bulk).collect()),
        Reply::Set(specifications.collect()),
    ]);
    let subcommands: Vec<Reply> = facts.subcommands().map(info).collect();
    // None are a set, some are an array.
    let is_none = subcommands.is_empty();
    fields.push(if is_none { Reply::Set(subcommands) } else { Reply::Array(subcommands) });
    Reply::Array(fields)
}

/// One of the specifications of a command's keys, with what is noted of it.
fn specification(note: Option<&'static str>, of: KeySpecification) -> Reply {
    let map = |kind: &str, fields: Vec<(&str, Reply)>| {
        let fields = fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect();
        Reply::Map(vec![
            (Reply::bulk("type"), Reply::bulk(kind)),
            (Reply::bulk("spec"), Reply::Map(fields)),
        ])
    };
    let begin = match of.begin {
        Begin::Index(index) => map("index", vec![("index", Reply::Integer(index))]),
        Begin::Keyword { word, from } => {
            let fields = vec![("keyword", Reply::bulk(word)), ("startfrom", Reply::Integer(from))];
            map("keyword", fields)
        }
        Begin::Unknown => map("unknown", Vec::new()),
    };
    let find = match of.find {
        Find::Range { last, step, limit } => {
            let fields = [("lastkey", last), ("keystep", step), ("limit", limit)];
            map("range", fields.map(|(name, n)| (name, Reply::Integer(n))).to_vec())
        }
        Find::Counted { number_at, first, step } => {
            let fields = [("keynumidx", number_at), ("firstkey", first), ("keystep", step)];
            map("keynum", fields.map(|(name, n)| (name, Reply::Integer(n))).to_vec())
        }
        Find::Unknown => map("unknown", Vec::new()),
    };
    let note = note.map(|note| (Reply::bulk("notes"), Reply::bulk(note)));
    let fields = [
        (Reply::bulk("flags"), Reply::Set(words(of.flags()))),
        (Reply::bulk("begin_search"), begin),
        (Reply::bulk("find_keys"), find),
    ];
    Reply::Map(note.into_iter().chain(fields).collect())
}

const HELP: &[&str] = &[
    "(no subcommand)",
    "    Return details about all Redis commands.",
    "COUNT",
    "    Return the total number of commands in this Redis server.",
    "LIST",
    "    Return a list of all commands in this Redis server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full Redis command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full Redis command.",
];
