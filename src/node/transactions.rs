//! MULTI, EXEC and WATCH. *Source*: Redis 7.2 · multi.c.

use super::client::{Seen, Transaction};
use super::gates::{Asker, Row};
use super::io::Link;
use super::machine::{Caller, Machine};
use super::propagate::Caused;
use crate::commands::{Effects, Flags, unknown_command};
use crate::replication::Unit;
use crate::resp::{Bytes, Command, Protocol, Reply};
use crate::time::Instant;

pub(super) fn multi(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    if client.transaction.is_some() {
        return Reply::error("ERR MULTI calls can not be nested");
    }
    client.transaction = Some(Transaction::default());
    Reply::OK
}

pub(super) fn discard(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    if client.transaction.take().is_none() {
        return Reply::error("ERR DISCARD without MULTI");
    }
    machine.forget_watch(link);
    Reply::OK
}

pub(super) fn watch(machine: &mut Machine<'_>, link: Link, args: &[Bytes]) -> Reply {
    let Some(client) = machine.state.clients.get(&link) else { return Reply::Silent };
    if client.transaction.is_some() {
        return Reply::error("ERR WATCH inside MULTI is not allowed");
    }
    let db = client.db;
    for key in &args[1..] {
        let seen = machine.see(db, key);
        let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
        if client.watch.keys.iter().all(|(of, known, _)| (*of, known) != (db, key)) {
            let watched = (db, Bytes::clone(key));
            machine.state.watched.entry(watched).or_default().push(link);
            client.watch.keys.push((db, Bytes::clone(key), seen));
        }
    }
    Reply::OK
}

pub(super) fn unwatch(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    machine.forget_watch(link);
    Reply::OK
}

pub(super) fn exec(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    let Some(transaction) = client.transaction.take() else {
        return Reply::error("ERR EXEC without MULTI");
    };
    let touched = client.watch.touched || machine.watched_expired(link);
    machine.forget_watch(link);
    if transaction.poisoned {
        return Reply::error("EXECABORT Transaction discarded because of previous errors.");
    }
    if touched {
        return Reply::NullArray;
    }
    machine.carry_on(link, Running::new(machine.now, transaction.queue))
}

/// A transaction that is being carried out.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// When it began: for its commands no time goes by.
    began: Instant,
    /// What is still to be done.
    queue: std::vec::IntoIter<Command>,
    /// The replies so far, each with the protocol that was spoken then.
    replies: Vec<(Protocol, Reply)>,
    /// The client has ended itself: it hears no more of the replies.
    unheard: bool,
    /// What has been caused so far: it is one unit of the stream.
    caused: Caused,
}

impl Running {
    fn new(began: Instant, queue: Vec<Command>) -> Self {
        let replies = Vec::with_capacity(queue.len());
        let queue = queue.into_iter();
        Self { began, queue, replies, unheard: false, caused: Caused::new() }
    }
}

impl Machine<'_> {
    /// True for a command of this flag; for EXEC everything that is queued must have it as well.
    pub(super) fn passes(&self, link: Link, (row, flags): (Row, Flags), flag: Flags) -> bool {
        let client = self.state.clients.get(&link).filter(|_| row.name() == "exec");
        let queue = client.and_then(|client| client.transaction.as_ref()).map(|own| &own.queue);
        let has = |command: &Command| {
            let queued = self.state.row(&command.args[0]);
            queued.is_some_and(|queued| queued.flags(&command.args).has(flag))
        };
        flags.has(flag) && queue.into_iter().flatten().all(has)
    }

    /// How a key is found now.
    fn see(&self, db: usize, key: &[u8]) -> Seen {
        match self.state.keyspace.db(db).get(key) {
            None => Seen::Missing,
            Some(entry) => match entry.expires.at() {
                Some(at) if self.now.millis() as i64 > at => Seen::Expired,
                Some(_) | None => Seen::There,
            },
        }
    }

    /// True if a key has expired since the client began to watch it.
    fn watched_expired(&self, link: Link) -> bool {
        let client = self.state.clients.get(&link);
        client.is_some_and(|client| {
            let gone = |(db, key, seen): &(usize, Bytes, Seen)| {
                *seen == Seen::There && self.see(*db, key) == Seen::Expired
            };
            client.watch.keys.iter().any(gone)
        })
    }

    /// Breaks the watches of those who watch one of these keys. To be deleted, or to be replaced by
    /// what has expired too, changes nothing about a key that was as good as missing.
    pub(super) fn break_watches(&mut self, touched: &[(usize, Bytes)]) {
        if self.state.watched.is_empty() {
            return;
        }
        for key in touched {
            let now = self.see(key.0, &key.1);
            for link in self.state.watched.get(key).into_iter().flatten() {
                let Some(client) = self.state.clients.get_mut(link) else { continue };
                let mut keys = client.watch.keys.iter_mut();
                let Some((.., seen)) = keys.find(|(db, name, _)| *db == key.0 && *name == key.1)
                else {
                    continue;
                };
                match (*seen, now) {
                    (Seen::Expired, Seen::Missing | Seen::Expired)
                    | (Seen::Missing, Seen::Expired) => *seen = now,
                    (Seen::There, _) | (_, Seen::There) | (Seen::Missing, Seen::Missing) => {
                        client.watch.touched = true;
                    }
                }
            }
        }
    }

    /// A client watches no key any more.
    pub(super) fn forget_watch(&mut self, link: Link) {
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        for (db, key, _) in std::mem::take(&mut client.watch).keys {
            let key = (db, key);
            if let Some(links) = self.state.watched.get_mut(&key) {
                links.retain(|&other| other != link);
                if links.is_empty() {
                    self.state.watched.remove(&key);
                }
            }
        }
    }

    /// The protocol that a client speaks.
    pub(super) fn protocol(&self, link: Link) -> Protocol {
        self.state.clients.get(&link).map_or(Protocol::Resp2, |client| client.protocol)
    }

    /// Keeps a reply, if its client will hear it.
    fn keep_reply(&self, link: Link, running: &mut Running, reply: Reply) {
        let heard = if running.unheard { Reply::Silent } else { reply };
        running.replies.push((self.protocol(link), heard));
        let client = self.state.clients.get(&link);
        running.unheard |= client.is_some_and(|client| client.ending.is_some());
    }

    /// Goes on with a transaction that had to wait for a command, which is over.
    #[inline(never)]
    pub(super) fn go_on_with(
        &mut self,
        link: Link,
        mut running: Running,
        (reply, caused): (Reply, Caused),
    ) {
        self.keep_reply(link, &mut running, reply);
        running.caused.extend(caused);
        let reply = self.carry_on(link, running);
        if !self.state.is_held() {
            self.count_late(link, &[Bytes::from(b"EXEC")], &reply);
            self.answer_waiting(link, &reply);
        }
    }

    /// Runs what is queued. If a command moves keys, sleeps, or waits for the disk, the others wait
    /// until that is over.
    pub(super) fn carry_on(&mut self, link: Link, mut running: Running) -> Reply {
        self.state.in_exec = true;
        while let Some(command) = running.queue.next() {
            let reply = self.run_queued(link, &command, &mut running);
            if self.state.is_held() {
                self.state.in_exec = false;
                self.hold(command, running);
                return Reply::Silent;
            }
            self.keep_reply(link, &mut running, reply);
        }
        self.state.in_exec = false;
        self.end_transaction(link, running)
    }

    fn hold(&mut self, command: Command, running: Running) {
        if let Some(errand) = &mut self.state.errand {
            return errand.hold(command.args, running);
        }
        match &mut self.state.sleep {
            Some(sleep) => sleep.hold(running),
            None => self.state.migrations_mut().hold(running),
        }
    }

    fn end_transaction(&mut self, link: Link, running: Running) -> Reply {
        let Running { replies, caused, .. } = running;
        self.propagate(&caused, Unit::Transaction);
        if std::mem::take(&mut self.state.owes_room) {
            self.make_room();
        }
        if !caused.is_empty() {
            self.remember_write(link);
        }
        let protocol = self.protocol(link);
        if replies.iter().all(|&(one, _)| one == protocol) {
            return Reply::Array(replies.into_iter().map(|(_, reply)| reply).collect());
        }
        // A HELLO was among the commands.
        self.reply_each(link, &replies);
        Reply::Silent
    }

    fn run_queued(&mut self, link: Link, command: &Command, running: &mut Running) -> Reply {
        let caused = &mut running.caused;
        let Some(row) = self.state.row(&command.args[0]) else {
            return Reply::error(unknown_command(&command.args).to_string());
        };
        let reply = match row {
            Row::Data(spec) => {
                let asker = Asker { may_block: false, ..self.asker(link, spec) };
                let now = std::mem::replace(&mut self.now, running.began);
                let mut effects = Effects::default();
                let reply = self.call(spec, asker, &command.args, &mut effects);
                self.now = now;
                self.remember_own_expiries(&effects.touched);
                self.remember_reads(link, spec, &command.args);
                caused.extend(self.settle(asker.db, &command.args, &mut effects));
                reply
            }
            Row::Admin(spec) => {
                let reply = (spec.handler)(self, link, &command.args);
                caused.append(&mut self.state.also);
                reply
            }
        };
        if !self.state.is_held() {
            self.count_run(Caller::Client(link), row, &command.args, &reply);
            self.show_command(link, row, &command.args);
        }
        reply
    }
}
