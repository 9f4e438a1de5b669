//! `DEBUG PROTOCOL`: one reply of each kind, to try clients on. *Source*: Redis 7.2 · debug.c.

use super::super::io::Link;
use super::super::machine::Machine;
use crate::resp::{Bytes, Protocol, Reply};

#[expect(clippy::approx_constant, reason = "Redis answers these very digits")]
pub(super) fn protocol(machine: &mut Machine<'_>, link: Link, kind: &[u8]) -> Reply {
    let numbers = || (0..3).map(Reply::Integer);
    match kind.to_ascii_lowercase().as_slice() {
        b"string" => Reply::bulk("Hello World"),
        b"integer" => Reply::Integer(12_345),
        b"double" => Reply::Double(3.141),
        b"null" => Reply::Null,
        b"array" => Reply::Array(numbers().collect()),
        b"set" => Reply::Set(numbers().collect()),
        b"map" => Reply::Map((0..3).map(|n| (Reply::Integer(n), Reply::Boolean(n == 1))).collect()),
        b"true" => Reply::Boolean(true),
        b"false" => Reply::Boolean(false),
        b"verbatim" => Reply::Verbatim(Bytes::from(&b"This is a verbatim\nstring"[..])),
        b"bignum" => Reply::BigNumber("1234567999999999999999999999999999999".into()),
        b"attrib" => attribute(machine, link),
        b"push" => push(machine, link),
        _ => Reply::error(
            "ERR Wrong protocol type name. Please use one of the following: \
             string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
        ),
    }
}

/// A reply about which something is said before; RESP2 has no words for that.
fn attribute(machine: &mut Machine<'_>, link: Link) -> Reply {
    let popularity = Reply::Array(vec![Reply::bulk("key:123"), Reply::Integer(90)]);
    if machine.speaks(link) == Protocol::Resp3 {
        machine.reply(link, &Reply::Attribute(vec![(Reply::bulk("key-popularity"), popularity)]));
    }
    Reply::bulk("Some real reply following the attribute")
}

/// A push comes on its own, behind the reply of the command that has caused it.
fn push(machine: &mut Machine<'_>, link: Link) -> Reply {
    if machine.speaks(link) == Protocol::Resp2 {
        return Reply::error("ERR RESP2 is not supported by this command");
    }
    machine.reply(link, &Reply::bulk("Some real reply following the push reply"));
    Reply::Push(vec![Reply::bulk("server-cpu-usage"), Reply::Integer(42)])
}

impl Machine<'_> {
    /// The version of RESP that a client speaks.
    fn speaks(&self, link: Link) -> Protocol {
        self.state.clients.get(&link).map_or(Protocol::Resp2, |client| client.protocol)
    }
}
