//! CLIENT KILL: whom it closes. *Source*: Redis 7.2 · networking.c · clientKillCommand.

use super::client::{Class, Client};
use super::help::text;
use super::io::{Link, Output};
use super::machine::Machine;
use super::upstream::Uplink;
use crate::resp::{Bytes, Reply, parse_integer};

/// What `TYPE` may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientType {
    /// A connection that others have opened.
    Accepted(Class),
    /// The link to the master.
    Master,
}

impl ClientType {
    pub(super) fn parse(word: &[u8]) -> Option<Self> {
        match word.to_ascii_lowercase().as_slice() {
            b"normal" => Some(Self::Accepted(Class::Normal)),
            b"slave" | b"replica" => Some(Self::Accepted(Class::Replica)),
            b"pubsub" => Some(Self::Accepted(Class::PubSub)),
            b"master" => Some(Self::Master),
            _ => None,
        }
    }

    pub(super) fn has(self, client: &Client) -> bool {
        self == Self::Accepted(client.class())
    }
}

/// All that must be true of whom is closed.
#[derive(Debug, Default)]
struct Filter {
    id: Option<u64>,
    from: Option<String>,
    to: Option<String>,
    kind: Option<ClientType>,
    /// Only who has logged in: the master has not.
    users: bool,
    spare_me: bool,
}

impl Filter {
    fn parse(words: &[Bytes]) -> Result<Self, String> {
        let mut filter = Self { spare_me: true, ..Self::default() };
        if !words.len().is_multiple_of(2) {
            return Err("ERR syntax error".to_owned());
        }
        for pair in words.chunks(2) {
            let value = &pair[1];
            match pair[0].to_ascii_lowercase().as_slice() {
                b"id" => {
                    let id = parse_integer(value).and_then(|id| u64::try_from(id).ok());
                    let id = id.filter(|&id| id > 0);
                    filter.id = Some(id.ok_or("ERR client-id should be greater than 0")?);
                }
                b"addr" => filter.from = Some(text(value)),
                b"laddr" => filter.to = Some(text(value)),
                b"user" if &**value == b"default" => filter.users = true,
                b"user" => return Err(format!("ERR No such user '{}'", text(value))),
                b"type" => {
                    let unknown = || format!("ERR Unknown client type '{}'", text(value));
                    filter.kind = Some(ClientType::parse(value).ok_or_else(unknown)?);
                }
                b"skipme" => match value.to_ascii_lowercase().as_slice() {
                    b"yes" => filter.spare_me = true,
                    b"no" => filter.spare_me = false,
                    _ => return Err("ERR syntax error".to_owned()),
                },
                _ => return Err("ERR syntax error".to_owned()),
            }
        }
        Ok(filter)
    }

    /// True if the link to the master is meant, too.
    fn fits_master(&self, machine: &Machine<'_>) -> bool {
        let Uplink::Connected(stream) = &machine.state.upstream.link else {
            // A link that does not stream yet is no client, and only its type can mean it.
            return self.kind == Some(ClientType::Master);
        };
        let address = machine.state.upstream.master.as_ref().map(ToString::to_string);
        self.id.is_none_or(|id| id == stream.client)
            && (self.from.is_none() || self.from == address)
            && self.to.is_none()
            && !self.users
            && self.kind.is_none_or(|kind| kind == ClientType::Master)
    }

    fn fits(&self, own: Link, link: Link, client: &Client) -> bool {
        self.id.is_none_or(|id| client.id == id)
            && self.from.as_ref().is_none_or(|from| client.peer.to_string() == *from)
            && self.to.as_ref().is_none_or(|to| client.local.to_string() == *to)
            && self.kind.is_none_or(|kind| kind.has(client))
            && !(self.spare_me && link == own)
    }
}

/// The old form names an address and spares nobody; the new one counts.
pub(super) fn kill(machine: &mut Machine<'_>, own: Link, words: &[Bytes]) -> Reply {
    let filter = match words {
        [address] => Ok(Filter { from: Some(text(address)), ..Filter::default() }),
        _ => Filter::parse(words),
    };
    let filter = match filter {
        Ok(filter) => filter,
        Err(text) => return Reply::error(text),
    };
    let mut killed = 0;
    if filter.fits_master(machine)
        && let Some(connection) = machine.state.upstream.connection()
    {
        machine.out.push(Output::Close { link: connection });
        machine.upstream_closed(connection, None);
        killed += 1;
    }
    let clients = machine.state.clients.iter();
    let fitting = clients.filter(|&(&link, client)| filter.fits(own, link, client));
    let fitting: Vec<Link> = fitting.map(|(&link, _)| link).collect();
    for link in fitting {
        // A client that kills itself still gets its reply.
        if link == own {
            machine.close_replied(link);
        } else {
            machine.hang_up(link);
        }
        killed += 1;
    }
    match words {
        [_] if killed == 0 => Reply::error("ERR No such client"),
        [_] => Reply::OK,
        _ => Reply::Integer(killed),
    }
}
