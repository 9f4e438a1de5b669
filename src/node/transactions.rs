//! MULTI, EXEC and WATCH. *Source*: Redis 7.2 · multi.c.

use super::client::Transaction;
use super::gates::{Asker, Row};
use super::io::Link;
use super::machine::Machine;
use super::propagate::Caused;
use crate::commands::unknown_command;
use crate::replication::Unit;
use crate::resp::{Bytes, Command, Reply};

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
    let now = machine.now.millis() as i64;
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    if client.transaction.is_some() {
        return Reply::error("ERR WATCH inside MULTI is not allowed");
    }
    for key in &args[1..] {
        let watched = (client.db, Bytes::clone(key));
        // A key that has already expired does not break the watch by vanishing.
        let entry = machine.state.keyspace.db(client.db).get(key);
        let expired = entry.and_then(|entry| entry.expires.at()).is_some_and(|at| now > at);
        if !expired && !client.watch.keys.contains(&watched) {
            machine.state.watched.entry(watched.clone()).or_default().push(link);
            client.watch.keys.push(watched);
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
    let touched = client.watch.touched;
    machine.forget_watch(link);
    if transaction.poisoned {
        return Reply::error("EXECABORT Transaction discarded because of previous errors.");
    }
    if touched {
        return Reply::NullArray;
    }
    machine.state.in_exec = true;
    let (replies, caused) = machine.run_queue(link, &transaction.queue);
    machine.state.in_exec = false;
    machine.propagate(&caused, Unit::Transaction);
    if !caused.is_empty() {
        machine.remember_write(link);
    }
    Reply::Array(replies)
}

impl Machine<'_> {
    /// A client watches no key any more.
    pub(super) fn forget_watch(&mut self, link: Link) {
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        for key in std::mem::take(&mut client.watch).keys {
            if let Some(links) = self.state.watched.get_mut(&key) {
                links.retain(|&other| other != link);
                if links.is_empty() {
                    self.state.watched.remove(&key);
                }
            }
        }
    }

    /// Runs the queued commands; what they cause is one unit of the stream.
    fn run_queue(&mut self, link: Link, queue: &[Command]) -> (Vec<Reply>, Caused) {
        let (mut replies, mut caused) = (Vec::with_capacity(queue.len()), Caused::new());
        for command in queue {
            let reply = match Row::find(&command.args[0]) {
                Some(row @ Row::Data(spec)) => {
                    let asker = Asker { may_block: false, ..self.asker(link, spec) };
                    let (reply, effects) = self.call(spec, asker, &command.args);
                    self.remember_own_expiries(&effects.touched);
                    self.remember_reads(link, spec, &command.args);
                    caused.extend(self.settle(asker.db, &command.args, effects));
                    self.count_call(row, &command.args, &reply);
                    self.show_command(link, row, &command.args);
                    reply
                }
                Some(row @ Row::Admin(spec)) => {
                    let reply = (spec.handler)(self, link, &command.args);
                    caused.append(&mut self.state.also);
                    self.count_call(row, &command.args, &reply);
                    self.show_command(link, row, &command.args);
                    reply
                }
                None => Reply::error(unknown_command(&command.args).to_string()),
            };
            replies.push(reply);
        }
        (replies, caused)
    }
}
