//! Connections, options and roles: the server's own commands.
//! *Source*: Redis 7.2 · networking.c, config.c, replication.c · replicaofCommand, replconfCommand.

use super::config::{ConfigError, directives};
use super::io::{Address, Link, Output};
use super::machine::Machine;
use super::note::ReplicaNote;
use crate::replication::Offset;
use crate::resp::{Bytes, Protocol, Reply, parse_integer, split_words};

pub(super) fn ping(_: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    match args {
        [_] => Reply::Simple("PONG".into()),
        [_, message] => Reply::Bulk(Bytes::clone(message)),
        _ => Reply::error("ERR wrong number of arguments for 'ping' command"),
    }
}

pub(super) fn echo(_: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    Reply::Bulk(Bytes::clone(&args[1]))
}

pub(super) fn select(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let Some(index) = parse_integer(&args[1]) else {
        return Reply::error("ERR value is not an integer or out of range");
    };
    let databases = machine.state.keyspace.databases();
    match (usize::try_from(index), machine.state.clients.get_mut(&link)) {
        (Ok(index), Some(client)) if index < databases => {
            client.db = index;
            Reply::OK
        }
        _ => Reply::error("ERR DB index is out of range"),
    }
}

pub(super) fn auth(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let (user, password) = match args {
        [_, password] => (None, password),
        [_, user, password] => (Some(user), password),
        _ => return Reply::error("ERR syntax error"),
    };
    let Some(expected) = machine.state.config().text("requirepass").map(str::to_owned) else {
        if user.is_none() {
            return Reply::error(
                "ERR AUTH <password> called without any password configured for the default user. \
                 Are you sure your configuration is correct?",
            );
        }
        return accept_password(machine, link, user.is_some_and(|user| &**user == b"default"));
    };
    let known = user.is_none_or(|user| &**user == b"default");
    accept_password(machine, link, known && **password == *expected.as_bytes())
}

fn accept_password(machine: &mut Machine<'_>, link: Link, right: bool) -> Reply {
    if !right {
        return Reply::error("WRONGPASS invalid username-password pair or user is disabled.");
    }
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.authenticated = true;
    }
    Reply::OK
}

pub(super) fn hello(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let protocol = match args.get(1).map(|word| parse_integer(word)) {
        None => None,
        Some(Some(2)) => Some(Protocol::Resp2),
        Some(Some(3)) => Some(Protocol::Resp3),
        Some(Some(_)) => return Reply::error("NOPROTO unsupported protocol version"),
        Some(None) => {
            return Reply::error("ERR Protocol version is not an integer or out of range");
        }
    };
    let mut index = 2;
    while index < args.len() {
        let word = args[index].to_ascii_lowercase();
        let reply = match (word.as_slice(), &args[index + 1..]) {
            (b"auth", [user, password, ..]) => {
                index += 3;
                auth(machine, link, &[Bytes::clone(&args[0]), user.clone(), password.clone()])
            }
            (b"setname", [name, ..]) => {
                index += 2;
                set_name(machine, link, name)
            }
            _ => {
                let option = String::from_utf8_lossy(&args[index]);
                Reply::error(format!("ERR Syntax error in HELLO option '{option}'"))
            }
        };
        if let Reply::Error(_) = reply {
            return reply;
        }
    }
    let replica = machine.state.is_replica();
    let version = machine.state.setup.profile.redis_version();
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    if !client.authenticated {
        return Reply::error(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
             select the RESP protocol version at the same time",
        );
    }
    client.protocol = protocol.unwrap_or(client.protocol);
    let number = if client.protocol == Protocol::Resp2 { 2 } else { 3 };
    Reply::Map(vec![
        (Reply::bulk("server"), Reply::bulk("redis")),
        (Reply::bulk("version"), Reply::bulk(version)),
        (Reply::bulk("proto"), Reply::Integer(number)),
        (Reply::bulk("id"), Reply::count(client.id)),
        (Reply::bulk("mode"), Reply::bulk("standalone")),
        (Reply::bulk("role"), Reply::bulk(if replica { "replica" } else { "master" })),
        (Reply::bulk("modules"), Reply::Array(Vec::new())),
    ])
}

pub(super) fn quit(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.closing = true;
    }
    Reply::OK
}

pub(super) fn reset(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    let open = machine.state.config().text("requirepass").is_none();
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.transaction = None;
        client.watch = super::client::Watch::default();
        client.db = 0;
        client.name.clear();
        client.protocol = Protocol::Resp2;
        client.authenticated = open;
    }
    Reply::Simple("RESET".into())
}

pub(super) fn client(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let now = machine.now;
    let sub = args[1].to_ascii_lowercase();
    let Some(client) = machine.state.clients.get(&link) else { return Reply::Silent };
    match (sub.as_slice(), &args[2..]) {
        (b"id", []) => Reply::count(client.id),
        (b"getname", []) if client.name.is_empty() => Reply::Null,
        (b"getname", []) => Reply::bulk(&client.name),
        (b"setname", [name]) => set_name(machine, link, name),
        (b"setinfo", [_, _]) | (b"no-evict" | b"no-touch", [_]) => Reply::OK,
        (b"info", []) => Reply::Verbatim(Bytes::from((client.info(link, now) + "\n").into_bytes())),
        (b"list", _) => {
            let lines = machine.state.clients.iter().map(|(&link, c)| c.info(link, now) + "\n");
            Reply::Verbatim(Bytes::from(lines.collect::<String>().into_bytes()))
        }
        (b"kill", filters) => kill(machine, link, filters),
        (b"id" | b"getname" | b"setname" | b"setinfo" | b"no-evict" | b"no-touch" | b"info", _) => {
            let sub = String::from_utf8_lossy(&sub).into_owned();
            Reply::error(format!("ERR wrong number of arguments for 'client|{sub}' command"))
        }
        _ => unknown_subcommand("CLIENT", &args[1]),
    }
}

fn set_name(machine: &mut Machine<'_>, link: Link, name: &[u8]) -> Reply {
    if name.iter().any(|byte| !(b'!'..=b'~').contains(byte)) {
        return Reply::error(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        );
    }
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.name = String::from_utf8_lossy(name).into_owned();
    }
    Reply::OK
}

/// CLIENT KILL: by address, by ID, or by type.
fn kill(machine: &mut Machine<'_>, link: Link, filters: &[Bytes]) -> Reply {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).to_ascii_lowercase();
    if let [address] = filters {
        let address = text(address);
        let found = machine.state.clients.iter().find(|(_, c)| c.peer.to_string() == address);
        return match found.map(|(&found, _)| found) {
            Some(found) => {
                end_client(machine, link, found);
                Reply::OK
            }
            None => Reply::error("ERR No such client"),
        };
    }
    if filters.is_empty() || !filters.len().is_multiple_of(2) {
        return Reply::error("ERR syntax error");
    }
    let mut killed = 0;
    let mut matching: Vec<Link> = machine.state.clients.keys().copied().collect();
    let mut master = false;
    for pair in filters.chunks(2) {
        let (filter, value) = (text(&pair[0]), text(&pair[1]));
        let state = &machine.state;
        let keep: Box<dyn Fn(&Link) -> bool> = match (filter.as_str(), value.as_str()) {
            ("id", id) => {
                let id: u64 = id.parse().unwrap_or(0);
                Box::new(move |link| state.clients.get(link).is_some_and(|c| c.id == id))
            }
            ("addr", _) => Box::new(|link| {
                state.clients.get(link).is_some_and(|c| c.peer.to_string() == value)
            }),
            ("type", "replica" | "slave") => Box::new(|link| state.downlink(*link).is_some()),
            ("type", "normal") => Box::new(|link| state.downlink(*link).is_none()),
            ("type", "master") => {
                master = true;
                Box::new(|_| false)
            }
            ("skipme", "yes") => Box::new(|other| *other != link),
            ("skipme", "no") => Box::new(|_| true),
            ("type", _) => {
                return Reply::error(format!("ERR Unknown client type '{value}'"));
            }
            _ => return Reply::error("ERR syntax error"),
        };
        matching.retain(|link| keep(link));
    }
    if master && let Some(connection) = machine.state.upstream.connection() {
        machine.out.push(Output::Close { link: connection });
        machine.upstream_closed(connection);
        killed += 1;
    }
    for found in matching {
        end_client(machine, link, found);
        killed += 1;
    }
    Reply::Integer(killed)
}

/// A client that kills itself still gets its reply.
fn end_client(machine: &mut Machine<'_>, own: Link, link: Link) {
    if link == own {
        if let Some(client) = machine.state.clients.get_mut(&link) {
            client.closing = true;
        }
    } else {
        machine.hang_up(link);
    }
}

pub(super) fn config(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let sub = args[1].to_ascii_lowercase();
    match (sub.as_slice(), &args[2..]) {
        (b"get", patterns @ [_, ..]) => config_get(machine, patterns),
        (b"set", pairs @ [_, _, ..]) if pairs.len().is_multiple_of(2) => config_set(machine, pairs),
        (b"resetstat", []) => {
            machine.state.stats = super::state::Stats::default();
            Reply::OK
        }
        (b"get" | b"set" | b"resetstat", _) => {
            let sub = String::from_utf8_lossy(&sub).into_owned();
            Reply::error(format!("ERR wrong number of arguments for 'config|{sub}' command"))
        }
        _ => unknown_subcommand("CONFIG", &args[1]),
    }
}

fn config_get(machine: &Machine<'_>, patterns: &[Bytes]) -> Reply {
    let mut pairs = Vec::new();
    for row in directives() {
        for name in [Some(row.name), row.alias].into_iter().flatten() {
            let wanted = |pattern: &Bytes| glob(&pattern.to_ascii_lowercase(), name.as_bytes());
            if patterns.iter().any(wanted) {
                let value = machine.state.config().get(row.name);
                pairs.push((Reply::bulk(name), Reply::bulk(value)));
            }
        }
    }
    Reply::Map(pairs)
}

/// `*` and `?`, which is what people ask CONFIG GET.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| glob(rest, &text[skip..])),
        ([b'?', rest @ ..], [_, tail @ ..]) => glob(rest, tail),
        ([a, rest @ ..], [b, tail @ ..]) if a == b => glob(rest, tail),
        _ => false,
    }
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
    Reply::OK
}

pub(super) fn command(_: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let names = super::admin_table::command_names();
    match args.get(1).map(|sub| sub.to_ascii_lowercase()).as_deref() {
        Some(b"count") => Reply::count(names.len() as u64),
        Some(b"list") => Reply::Array(names.iter().map(|(name, ..)| Reply::bulk(name)).collect()),
        Some(b"docs") => {
            let wanted = |name: &str| {
                args.len() == 2
                    || args[2..].iter().any(|arg| arg.eq_ignore_ascii_case(name.as_bytes()))
            };
            let docs = names.into_iter().filter(|(name, ..)| wanted(name));
            Reply::Map(
                docs.map(|(name, _, summary)| {
                    let doc = vec![(Reply::bulk("summary"), Reply::bulk(summary))];
                    (Reply::bulk(name), Reply::Map(doc))
                })
                .collect(),
            )
        }
        _ => unknown_subcommand("COMMAND", args.get(1).unwrap_or(&args[0])),
    }
}

pub(super) fn time(machine: &mut Machine<'_>, _: Link, _: &[Bytes]) -> Reply {
    let seconds = machine.now.seconds();
    let micros = machine.now.micros() % 1_000_000;
    Reply::Array(vec![Reply::bulk(seconds.to_string()), Reply::bulk(micros.to_string())])
}

pub(super) fn lastsave(machine: &mut Machine<'_>, _: Link, _: &[Bytes]) -> Reply {
    Reply::count(machine.state.last_save)
}

/// REPLICAOF and SLAVEOF. The answer comes before anything has been tried.
pub(super) fn replicaof(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let words = |index: usize| String::from_utf8_lossy(&args[index]).into_owned();
    let now = machine.now;
    let client = machine.state.clients.get(&link).map(|client| client.info(link, now));
    let client = client.unwrap_or_default();
    if args[1].eq_ignore_ascii_case(b"no") && args[2].eq_ignore_ascii_case(b"one") {
        if machine.state.is_replica() {
            machine.promote(client);
        }
        return Reply::OK;
    }
    let port = parse_integer(&args[2]).and_then(|port| u16::try_from(port).ok());
    let Some(port) = port else { return Reply::error("ERR Invalid master port") };
    let same =
        machine.state.upstream.master.as_ref().is_some_and(|master| {
            master.host.eq_ignore_ascii_case(&words(1)) && master.port == port
        });
    if same {
        machine.note(ReplicaNote::ReplicaofSame);
        return Reply::Simple("OK Already connected to specified master".into());
    }
    machine.follow(Address::new(&words(1), port), client);
    Reply::OK
}

/// REPLCONF, from a client that is, or will be, a replica.
pub(super) fn replconf(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    if args.len().is_multiple_of(2) {
        return Reply::error("ERR syntax error");
    }
    for pair in args[1..].chunks(2) {
        let (option, value) = (pair[0].to_ascii_lowercase(), &pair[1]);
        let number = parse_integer(value);
        if option == b"ack" {
            let offset = number.and_then(|number| u64::try_from(number).ok()).map(Offset);
            if let Some(offset) = offset {
                machine.acknowledged(link, offset);
            }
            return Reply::Silent;
        }
        if option == b"getack" {
            machine.send_ack();
            return Reply::Silent;
        }
        if let Err(text) = introduce(machine, link, &option, value, number) {
            return Reply::error(text);
        }
    }
    Reply::OK
}

fn introduce(
    machine: &mut Machine<'_>,
    link: Link,
    option: &[u8],
    value: &Bytes,
    number: Option<i64>,
) -> Result<(), String> {
    let not_a_number = || "ERR value is not an integer or out of range".to_owned();
    let Some(client) = machine.state.clients.get_mut(&link) else { return Ok(()) };
    let introduced = &mut client.introduced;
    match option {
        b"listening-port" => {
            let port = number.and_then(|port| u16::try_from(port).ok());
            introduced.port = Some(port.ok_or_else(not_a_number)?);
        }
        b"ip-address" if value.len() > 46 => {
            return Err("ERR REPLCONF ip-address provided by replica instance is too long".into());
        }
        b"ip-address" => introduced.ip = Some(String::from_utf8_lossy(value).into_owned()),
        b"capa" => match value.to_ascii_lowercase().as_slice() {
            b"eof" => introduced.eof = true,
            b"psync2" => introduced.psync2 = true,
            _ => {}
        },
        b"rdb-only" => {
            introduced.rdb_only = number.ok_or_else(not_a_number)? == 1;
        }
        b"rdb-filter-only" => {
            let parts = split_words(value).ok_or("ERR Missing rdb-filter-only values")?;
            introduced.without_keys = true;
            let other = parts.iter().find(|part| !part.eq_ignore_ascii_case(b"functions"));
            if let Some(other) = other {
                let other = String::from_utf8_lossy(other);
                return Err(format!("ERR Unsupported rdb-filter-only option: {other}"));
            }
        }
        _ => {
            let option = String::from_utf8_lossy(option);
            return Err(format!("ERR Unrecognized REPLCONF option: {option}"));
        }
    }
    Ok(())
}

fn unknown_subcommand(command: &str, sub: &[u8]) -> Reply {
    let sub = String::from_utf8_lossy(sub);
    Reply::error(format!("ERR unknown subcommand '{sub}'. Try {command} HELP."))
}
