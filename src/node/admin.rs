//! Roles and the server as a whole: its own commands.
//! *Source*: Redis 7.2 · replication.c · replicaofCommand, replconfCommand.

mod absent;
mod acl;
mod latency;
mod memory;
mod slow;

pub(super) use absent::{bgrewriteaof, cluster, module};
pub(super) use acl::{Denials, acl, user_line};
pub(super) use latency::{Runs, latency_stats};
pub(super) use memory::memory;
pub(super) use slow::{Slow, latency, lolwut, slowlog};

use super::io::{Address, Link};
use super::machine::Machine;
use super::note::ReplicaNote;
use crate::replication::Offset;
use crate::resp::{Bytes, Reply, parse_integer, split_words, text_of};

pub(super) fn time(machine: &mut Machine<'_>, _: Link, _: &[Bytes]) -> Reply {
    let seconds = machine.now.seconds();
    let micros = machine.now.micros() % 1_000_000;
    Reply::Array(vec![Reply::bulk(seconds.to_string()), Reply::bulk(micros.to_string())])
}

pub(super) fn lastsave(machine: &mut Machine<'_>, _: Link, _: &[Bytes]) -> Reply {
    Reply::count(machine.state.saves.last)
}

impl Machine<'_> {
    /// `REPLCONF ACK offset FACK offset`: a replica with an AOF says how far it is on its disk.
    fn note_durable(&mut self, link: Link, args: &[Bytes]) {
        let Some([name, offset]) = args.get(3..5) else { return };
        let offset = parse_integer(offset).and_then(|offset| u64::try_from(offset).ok());
        if let Some(down) = self.state.downlink_mut(link)
            && name.eq_ignore_ascii_case(b"fack")
        {
            down.durable = down.durable.max(offset.map(Offset));
        }
    }
}

/// REPLICAOF and SLAVEOF. The answer comes before anything has been tried.
pub(super) fn replicaof(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let words = |index: usize| String::from_utf8_lossy(&args[index]).into_owned();
    let now = machine.now;
    if machine.state.failover.is_some() {
        return Reply::error("ERR REPLICAOF not allowed while failing over.");
    }
    let client = machine.state.client_line(link, now);
    if args[1].eq_ignore_ascii_case(b"no") && args[2].eq_ignore_ascii_case(b"one") {
        if machine.state.is_replica() {
            machine.promote();
            machine.note(ReplicaNote::MasterModeEnabled(client));
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
    let master = Address::new(&words(1), port);
    machine.follow(master.clone());
    machine.note(ReplicaNote::ReplicaofEnabled { master, client });
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
            machine.note_durable(link, args);
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

/// The room that Redis has for the name of a host, with the zero byte behind it.
const HOST_BYTES: usize = 256;

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
            introduced.port = Some(number.ok_or_else(not_a_number)? as i32);
        }
        b"ip-address" if value.len() >= HOST_BYTES => {
            let text = "ERR REPLCONF ip-address provided by replica instance is too long";
            return Err(format!("{text}: {} bytes", value.len()));
        }
        b"ip-address" => introduced.ip = Some(String::from_utf8_lossy(value).into_owned()),
        b"capa" => match value.to_ascii_lowercase().as_slice() {
            b"eof" => introduced.eof = true,
            b"psync2" => introduced.psync2 = true,
            _ => {}
        },
        b"rdb-only" => {
            introduced.rdb_only = match number.ok_or_else(not_a_number)? {
                wanted @ (0 | 1) => wanted == 1,
                _ => return Err("ERR value is out of range, value must between 0 and 1".into()),
            };
        }
        b"rdb-filter-only" => {
            let parts = split_words(value).ok_or("ERR Missing rdb-filter-only values")?;
            introduced.without_keys = true;
            let other = parts.iter().find(|part| !part.eq_ignore_ascii_case(b"functions"));
            if let Some(other) = other {
                let other = text_of(other);
                return Err(format!("ERR Unsupported rdb-filter-only option: {other}"));
            }
        }
        _ => {
            let option = text_of(option);
            return Err(format!("ERR Unrecognized REPLCONF option: {option}"));
        }
    }
    Ok(())
}
