//! What a client does with its own connection: PING, SELECT, AUTH, HELLO, QUIT, RESET.
//! *Source*: Redis 7.2 · networking.c · helloCommand, resetCommand; acl.c · authCommand.

use super::client::Voice;
use super::client_command::set_name;
use super::io::Link;
use super::machine::Machine;
use crate::resp::{Bytes, Protocol, Reply, parse_integer, text_of};

/// A subscriber of RESP2 hears the answer in the form of a message.
pub(super) fn ping(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let client = machine.state.clients.get(&link);
    let subscribed = client
        .is_some_and(|client| client.subscriptions.any() && client.protocol == Protocol::Resp2);
    match args {
        [_] if subscribed => Reply::Array(vec![Reply::bulk("pong"), Reply::bulk("")]),
        [_, message] if subscribed => {
            Reply::Array(vec![Reply::bulk("pong"), Reply::Bulk(Bytes::clone(message))])
        }
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
    if i32::try_from(index).is_err() {
        let (low, high) = (i32::MIN, i32::MAX);
        let text = format!("ERR value is out of range, value must between {low} and {high}");
        return Reply::error(text);
    }
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
        return accept_password(
            machine,
            link,
            (&args[0], user),
            user.is_some_and(|user| &**user == b"default"),
        );
    };
    let known = user.is_none_or(|user| &**user == b"default");
    accept_password(machine, link, (&args[0], user), known && **password == *expected.as_bytes())
}

fn accept_password(
    machine: &mut Machine<'_>,
    link: Link,
    (command, user): (&Bytes, Option<&Bytes>),
    right: bool,
) -> Reply {
    if !right {
        let user = user.cloned().unwrap_or_else(|| Bytes::from(&b"default"[..]));
        machine.note_denial(link, command, &user);
        return Reply::error("WRONGPASS invalid username-password pair or user is disabled.");
    }
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.authenticated = true;
        client.decoder.guard(false);
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
                let option = text_of(&args[index]);
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
    machine.reply(link, &Reply::OK);
    machine.close_replied(link);
    Reply::Silent
}

/// RESET: the connection is as it was when it was accepted. A monitor is a client again.
pub(super) fn reset(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    let open = machine.state.config().text("requirepass").is_none();
    machine.forget_watch(link);
    machine.forget_monitor(link);
    machine.forget_subscriptions(link);
    machine.forget_tracking(link);
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.transaction = None;
        client.db = 0;
        client.name.clear();
        client.protocol = Protocol::Resp2;
        client.voice = Voice::On;
        client.no_evict = false;
        client.no_touch = false;
        client.authenticated = open;
        client.decoder.guard(!open);
    }
    Reply::Simple("RESET".into())
}
