//! CLIENT: what clients may ask and say about themselves and each other.
//! *Source*: Redis 7.2 · networking.c · clientCommand.

use super::client::{Client, Voice, Waiting, caching, redirection, tracking, tracking_info};
use super::help::{help, text, wrong_words};
use super::io::Link;
use super::kill::{ClientType, kill};
use super::machine::Machine;
use super::pause::{Reason, Scope};
use crate::commands::Block;
use crate::resp::{Bytes, Reply, parse_integer, text_of};
use crate::time::Duration;

pub(super) fn client(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    match (sub.as_slice(), &args[2..]) {
        (b"id", []) => Reply::count(client.id),
        (b"getname", []) if client.name.is_empty() => Reply::Null,
        (b"getname", []) => Reply::bulk(&client.name),
        (b"setname", [name]) => set_name(machine, link, name),
        (b"setinfo", [what, value]) => set_info(machine, link, what, value),
        (b"info", []) => {
            let line = machine.state.client_line(link, machine.now) + "\n";
            Reply::Verbatim(Bytes::from(line.into_bytes()))
        }
        (b"list", filter) => list(machine, filter),
        (b"kill", filters @ [_, ..]) => kill(machine, link, filters),
        (b"pause", words @ ([_] | [_, _])) => pause(machine, words),
        (b"unpause", []) => {
            machine.unpause(Reason::Command);
            Reply::OK
        }
        (b"unblock", words @ ([_] | [_, _])) => unblock(machine, words),
        (b"reply", [word]) => set_voice(machine, link, word),
        (b"no-evict", [word]) => switch(&mut client.no_evict, word),
        (b"no-touch", [word]) => switch(&mut client.no_touch, word),
        (b"getredir", []) => redirection(client),
        (b"trackinginfo", []) => tracking_info(client),
        (b"tracking", words) => tracking(machine, link, words),
        (b"caching", [word]) => caching(client, word),
        (b"help", []) => help(args, HELP),
        _ => wrong_words(args),
    }
}

/// Nothing that would break the lines of CLIENT LIST.
fn is_printable(name: &[u8]) -> bool {
    name.iter().all(|byte| (b'!'..=b'~').contains(byte))
}

pub(super) fn set_name(machine: &mut Machine<'_>, link: Link, name: &[u8]) -> Reply {
    if !is_printable(name) {
        return Reply::error(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        );
    }
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.name = String::from_utf8_lossy(name).into_owned();
    }
    Reply::OK
}

fn set_info(machine: &mut Machine<'_>, link: Link, what: &Bytes, value: &Bytes) -> Reply {
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    let (name, place) = match what.to_ascii_lowercase().as_slice() {
        b"lib-name" => ("lib-name", &mut client.library.0),
        b"lib-ver" => ("lib-ver", &mut client.library.1),
        _ => return Reply::error(format!("ERR Unrecognized option '{}'", text(what))),
    };
    if !is_printable(value) {
        let why = "cannot contain spaces, newlines or special characters.";
        return Reply::error(format!("ERR {name} {why}"));
    }
    *place = text(value);
    Reply::OK
}

fn list(machine: &Machine<'_>, filter: &[Bytes]) -> Reply {
    let state = &machine.state;
    let is = |index: usize, word: &str| {
        filter.get(index).is_some_and(|given| given.eq_ignore_ascii_case(word.as_bytes()))
    };
    let accepted = |kind: Option<ClientType>| {
        let fits = move |client: &Client| kind.is_none_or(|kind| kind.has(client));
        let fitting = state.clients.iter().filter(move |(_, client)| fits(client));
        fitting.map(|(&link, client)| (client.id, state.client_line(link, machine.now)))
    };
    let master = state.master_line(machine.now);
    let all = || accepted(None).chain(master.clone());
    let mut lines: Vec<(u64, String)> = if filter.len() == 2 && is(0, "type") {
        match ClientType::parse(&filter[1]) {
            Some(ClientType::Master) => master.into_iter().collect(),
            Some(kind) => accepted(Some(kind)).collect(),
            None => {
                return Reply::error(format!("ERR Unknown client type '{}'", text_of(&filter[1])));
            }
        }
    } else if filter.len() > 1 && is(0, "id") {
        let ids = filter[1..].iter().map(|id| parse_integer(id));
        let Some(ids) = ids.collect::<Option<Vec<i64>>>() else {
            return Reply::error("ERR Invalid client ID");
        };
        return told(ids.iter().filter_map(|&wanted| all().find(|(id, _)| *id as i64 == wanted)));
    } else if filter.is_empty() {
        all().collect()
    } else {
        return Reply::error("ERR syntax error");
    };
    lines.sort_unstable();
    told(lines.into_iter())
}

/// The lines of clients as one text.
fn told(lines: impl Iterator<Item = (u64, String)>) -> Reply {
    let lines: String = lines.map(|(_, line)| line + "\n").collect();
    Reply::Verbatim(Bytes::from(lines.into_bytes()))
}

fn pause(machine: &mut Machine<'_>, words: &[Bytes]) -> Reply {
    let scope = match words.get(1).map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some(b"all") => Scope::All,
        Some(b"write") => Scope::Writes,
        Some(_) => return Reply::error("ERR CLIENT PAUSE mode must be WRITE or ALL"),
    };
    let Some(millis) = parse_integer(&words[0]) else {
        return Reply::error("ERR timeout is not an integer or out of range");
    };
    let Ok(millis) = u64::try_from(millis) else {
        return Reply::error("ERR timeout is negative");
    };
    if millis > PAUSE_MILLIS_MAX {
        return Reply::error("ERR timeout is out of range");
    }
    let until = machine.now + Duration::from_millis(millis);
    machine.pause(Reason::Command, scope, Some(until));
    Reply::OK
}

/// Ends another client's wait, as if its time was over or with an error. A pause is not ended so.
fn unblock(machine: &mut Machine<'_>, words: &[Bytes]) -> Reply {
    let error = match words.get(1).map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some(b"timeout") => false,
        Some(b"error") => true,
        Some(_) => {
            return Reply::error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        }
    };
    let Some(id) = parse_integer(&words[0]) else {
        return Reply::error("ERR value is not an integer or out of range");
    };
    let found = machine.state.clients.iter().find(|(_, client)| client.id as i64 == id);
    let Some((&link, client)) = found else { return Reply::Integer(0) };
    let timed_out = match client.waiting {
        Some(Waiting::Keys(_)) => Block::TIMED_OUT,
        Some(Waiting::Replicas { offset, durable, .. }) => {
            super::wait::confirmation(machine.confirmed(offset, durable), durable)
        }
        Some(Waiting::Disk | Waiting::Unpause(_)) | None => return Reply::Integer(0),
    };
    let unblocked = Reply::error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    // However it ends, it is counted as a failure.
    machine.count_wait(link, &unblocked);
    machine.forget_wait(link);
    machine.reply(link, if error { &unblocked } else { &timed_out });
    machine.state.resumed.push(link);
    Reply::Integer(1)
}

fn set_voice(machine: &mut Machine<'_>, link: Link, word: &Bytes) -> Reply {
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    match word.to_ascii_lowercase().as_slice() {
        b"on" => {
            client.voice = Voice::On;
            Reply::OK
        }
        b"off" => {
            client.voice = Voice::Off;
            Reply::Silent
        }
        b"skip" => {
            if client.voice != Voice::Off {
                client.voice = Voice::SkipNext;
            }
            Reply::Silent
        }
        _ => Reply::error("ERR syntax error"),
    }
}

fn switch(place: &mut bool, word: &Bytes) -> Reply {
    match word.to_ascii_lowercase().as_slice() {
        b"on" => *place = true,
        b"off" => *place = false,
        _ => return Reply::error("ERR syntax error"),
    }
    Reply::OK
}

/// Beyond this, an instant has no place.
const PAUSE_MILLIS_MAX: u64 = i64::MAX as u64 / 2_000;

const HELP: &[&str] = &[
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made from the specified address",
    "    * LADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "SETINFO <option> <value>",
    "    Set client meta attr. Options are:",
    "    * LIB-NAME: the client lib name.",
    "    * LIB-VER: the client lib version.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
    "TRACKINGINFO",
    "    Report tracking status for the current connection.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    "NO-TOUCH (ON|OFF)",
    "    Will not touch LRU/LFU stats when this mode is on.",
];
