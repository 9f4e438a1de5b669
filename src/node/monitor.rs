//! MONITOR: a client that is shown every command. *Source*: Redis 7.2 · replication.c ·
//! monitorCommand, replicationFeedMonitors.

mod secret;

pub(super) use self::secret::shown_words;
use super::gates::Row;
use super::io::Link;
use super::log::quoted;
use super::machine::Machine;
use super::output::Message;
use crate::commands::Flags;
use crate::resp::{Bytes, Reply};

pub(super) fn monitor(machine: &mut Machine<'_>, link: Link, _: &[Bytes]) -> Reply {
    let Some(client) = machine.state.clients.get_mut(&link) else { return Reply::Silent };
    if client.transaction.is_some() {
        return Reply::error("ERR MONITOR isn't allowed for DENY BLOCKING client");
    }
    if !std::mem::replace(&mut client.monitors, true) {
        machine.state.monitors.push(link);
    }
    Reply::OK
}

impl Machine<'_> {
    /// Shows a command of the client on `link` to those who watch.
    pub(super) fn show_command(&mut self, link: Link, row: Row, args: &[Bytes]) {
        if !self.state.monitors.is_empty() && self.state.loading.is_none() {
            self.show_to_monitors(link, row, args);
        }
    }

    #[inline(never)]
    fn show_to_monitors(&mut self, link: Link, row: Row, args: &[Bytes]) {
        // What lasts is shown when it is over.
        if self.state.is_held() {
            return;
        }
        let flags = row.flags(args);
        if flags.has(Flags::SKIP_MONITOR) || flags.has(Flags::ADMIN) {
            return;
        }
        let Some(client) = self.state.clients.get(&link) else { return };
        let peer = match &client.peer {
            peer if peer.is_file() => format!("unix:{}", peer.host),
            peer => peer.to_string(),
        };
        let db = client.db;
        self.show(db, &peer, row.name(), args);
    }

    /// Shows the words of a command that came from `from`.
    pub(super) fn show(&mut self, db: usize, from: &str, name: &str, args: &[Bytes]) {
        let micros = self.now.micros();
        let mut line = format!("{}.{:06} [{db} {from}]", micros / 1_000_000, micros % 1_000_000);
        for word in shown_words(name, args) {
            line.push(' ');
            line += &quoted(word);
        }
        let message = Message::new(&Reply::Simple(line.into()));
        for link in self.state.monitors.clone() {
            self.push(link, &message);
        }
    }

    /// A client watches no more.
    pub(super) fn forget_monitor(&mut self, link: Link) {
        self.state.monitors.retain(|&monitor| monitor != link);
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.monitors = false;
        }
    }
}
