//! WAIT and WAITAOF: a client that wants its writes confirmed. *Source*: Redis 7.2 ·
//! replication.c · waitCommand, waitaofCommand.

use super::client::Waiting;
use super::io::Link;
use super::machine::Machine;
use crate::replication::Offset;
use crate::resp::{Bytes, Reply, parse_integer};
use crate::time::Duration;

pub(super) fn wait(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    if machine.state.is_replica() {
        return Reply::error(
            "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 \
             if a replica is configured to be writable (which is not the default) writes to \
             replicas are just local and are not propagated.",
        );
    }
    let Some(count) = parse_integer(&args[1]) else {
        return Reply::error("ERR value is not an integer or out of range");
    };
    let count = u64::try_from(count).unwrap_or(0);
    machine.wait_for(link, count, &args[2], false)
}

pub(super) fn waitaof(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let out_of_range = "ERR value is out of range, must be between 0 and 1";
    let local = match parse_integer(&args[1]) {
        None => return Reply::error("ERR value is not an integer or out of range"),
        Some(local @ 0..=1) => local,
        Some(_) => return Reply::error(out_of_range),
    };
    let Some(count) = parse_integer(&args[2]) else {
        return Reply::error("ERR value is not an integer or out of range");
    };
    let Ok(count) = u64::try_from(count) else {
        return Reply::error("ERR value is out of range, must be positive");
    };
    if machine.state.is_replica() {
        return Reply::error(
            "ERR WAITAOF cannot be used with replica instances. Please also note that writes to \
             replicas are just local and are not propagated.",
        );
    }
    if local > 0 {
        return Reply::error(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
        );
    }
    machine.wait_for(link, count, &args[3], true)
}

impl Machine<'_> {
    /// Keeps the client waiting until so many replicas have what it wrote.
    fn wait_for(&mut self, link: Link, count: u64, timeout: &[u8], durable: bool) -> Reply {
        let Some(millis) = parse_integer(timeout) else {
            return Reply::error("ERR timeout is not an integer or out of range");
        };
        let Ok(millis) = u64::try_from(millis) else {
            return Reply::error("ERR timeout is negative");
        };
        if millis > i64::MAX as u64 - self.now.millis() {
            return Reply::error("ERR timeout is out of range");
        }
        let Some(client) = self.state.clients.get(&link) else { return Reply::Silent };
        let offset = client.wrote;
        let reached = self.confirmed(offset, durable);
        // Neither a transaction nor a script can wait.
        if reached >= count || self.state.in_exec {
            return confirmation(reached, durable);
        }
        let until = (millis > 0).then(|| self.now + Duration::from_millis(millis));
        self.state.getack = true;
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.waiting = Some(Waiting::Replicas { offset, count, durable, until });
            self.state.waiting.insert(link);
        }
        Reply::Silent
    }

    /// How many online replicas have confirmed `offset`.
    pub(super) fn confirmed(&self, offset: Offset, durable: bool) -> u64 {
        let confirmed = |down: &&crate::replication::Downlink| {
            let has = if durable { down.durable } else { Some(down.acked) };
            down.stage.is_online() && has >= Some(offset)
        };
        self.state.downlinks().map(|(_, down)| down).filter(confirmed).count() as u64
    }

    /// Answers the clients whose wait is over, and serves what they have sent meanwhile.
    pub(super) fn resume_waiting(&mut self) {
        if self.state.waiting.is_empty() {
            return;
        }
        let waiting = |&link: &Link| match self.state.clients.get(&link)?.waiting {
            Some(Waiting::Replicas { offset, count, durable, until }) => {
                Some((link, offset, count, durable, until))
            }
            Some(Waiting::Keys(_) | Waiting::Disk | Waiting::Unpause(_)) | None => None,
        };
        let clients: Vec<_> = self.state.waiting.iter().filter_map(waiting).collect();
        for (link, offset, count, durable, until) in clients {
            let reached = self.confirmed(offset, durable);
            if reached < count && until.is_none_or(|until| self.now < until) {
                continue;
            }
            self.forget_wait(link);
            self.reply(link, &confirmation(reached, durable));
            self.state.resumed.push(link);
        }
    }

    /// Asks the replicas to confirm at once.
    pub(super) fn feed_getack(&mut self) {
        if !self.state.replicas.is_empty() {
            self.propagate_bare(&["REPLCONF", "GETACK", "*"]);
        }
    }
}

/// What is answered: the replicas, and for WAITAOF before them that there is no AOF here.
pub(super) fn confirmation(reached: u64, durable: bool) -> Reply {
    let replicas = Reply::count(reached);
    if durable { Reply::Array(vec![Reply::Integer(0), replicas]) } else { replicas }
}
