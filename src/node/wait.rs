//! WAIT: a client that wants its writes confirmed. *Source*: Redis 7.2 · replication.c ·
//! waitCommand.

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
    let Some(millis) = parse_integer(&args[2]) else {
        return Reply::error("ERR timeout is not an integer or out of range");
    };
    let Ok(millis) = u64::try_from(millis) else {
        return Reply::error("ERR timeout is negative");
    };
    let count = u64::try_from(count).unwrap_or(0);
    let Some(client) = machine.state.clients.get(&link) else { return Reply::Silent };
    let (offset, queued) = (client.wrote, client.last_command == "exec");
    let reached = machine.confirmed(offset);
    if reached >= count || queued {
        return Reply::count(reached);
    }
    let until = (millis > 0).then(|| machine.now + Duration::from_millis(millis));
    machine.state.getack = true;
    if let Some(client) = machine.state.clients.get_mut(&link) {
        client.waiting = Some(Waiting::Replicas { offset, count, until });
        machine.state.waiting.insert(link);
    }
    Reply::Silent
}

impl Machine<'_> {
    /// How many online replicas have confirmed `offset`.
    pub(super) fn confirmed(&self, offset: Offset) -> u64 {
        let confirmed =
            |down: &&crate::replication::Downlink| down.stage.is_online() && down.acked >= offset;
        self.state.downlinks().map(|(_, down)| down).filter(confirmed).count() as u64
    }

    /// Answers the clients whose wait is over, and serves what they have sent meanwhile.
    pub(super) fn resume_waiting(&mut self) {
        if self.state.waiting.is_empty() {
            return;
        }
        let waiting = |&link: &Link| match self.state.clients.get(&link)?.waiting {
            Some(Waiting::Replicas { offset, count, until }) => Some((link, offset, count, until)),
            Some(Waiting::Keys(_) | Waiting::Disk | Waiting::Unpause(_)) | None => None,
        };
        let clients: Vec<_> = self.state.waiting.iter().filter_map(waiting).collect();
        for (link, offset, count, until) in clients {
            let reached = self.confirmed(offset);
            if reached < count && until.is_none_or(|until| self.now < until) {
                continue;
            }
            self.forget_wait(link);
            self.reply(link, &Reply::count(reached));
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
