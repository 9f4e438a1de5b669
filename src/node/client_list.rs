//! The line that describes a client: CLIENT LIST, CLIENT INFO and the log.
//! *Source*: Redis 7.2 · networking.c · catClientInfoString.

use super::client::{Client, Ending, LastCommand, ReplyBuffer, Tracker, Waiting};
use super::io::Link;
use super::state::{Profile, State};
use super::upstream::Uplink;
use crate::resp::Protocol;
use crate::time::Instant;

impl State {
    /// The line of the client on `link`; empty if there is none.
    pub(super) fn client_line(&self, link: Link, now: Instant) -> String {
        self.clients.get(&link).map_or_else(String::new, |client| self.line(link, client, now))
    }

    /// The line of the master, to which this server is a client.
    pub(super) fn master_line(&self, now: Instant) -> Option<(u64, String)> {
        let (Uplink::Connected(stream), Some(master)) =
            (&self.upstream.link, &self.upstream.master)
        else {
            return None;
        };
        let held = stream.unprocessed();
        let command = stream.last_command.as_ref().map_or("NULL", LastCommand::name);
        let queued = stream.transaction.as_ref().map_or(-1, |open| open.queue.len() as i64);
        let flags = if queued < 0 { "M" } else { "Mx" };
        let mut line = format!(
            "id={} addr={master} laddr=?:0 fd={} name= age={} idle={} flags={flags} db={} sub=0 \
             psub=0 ssub=0 multi={queued} qbuf={held} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=1024 \
             rbp=0 obl=0 oll=0 omem=0 tot-mem={held} events=r cmd={command} user=(superuser) \
             redir=-1 resp=2",
            stream.client,
            7 + stream.link.0,
            now.since(stream.since).seconds(),
            now.since(stream.heard_at).seconds(),
            stream.db,
        );
        if self.setup.profile == Profile::V7_2 {
            line += " lib-name= lib-ver=";
        }
        Some((stream.client, line))
    }

    fn line(&self, link: Link, client: &Client, now: Instant) -> String {
        let queue = client.transaction.as_ref().map(|transaction| &transaction.queue);
        let multi = queue.map_or(-1, |queue| queue.len() as i64);
        let multi_mem = client.transaction.as_ref().map_or(0, |transaction| transaction.bytes);
        let said = &client.subscriptions;
        let (obl, oll, omem) = self.output_of(client);
        let (held, argv) = self.query_of(link, client);
        let free = client.query_room(held, now) - held;
        let idle = now.since(client.heard_at).seconds();
        let tot_mem = client.memory((held, argv), now, self.reply_buffers);
        let resp = if client.protocol == Protocol::Resp2 { 2 } else { 3 };
        let ReplyBuffer { size: rbs, peak: rbp, .. } =
            client.reply_buffer_now(now, self.reply_buffers);
        let writable = if client.in_wire > 0 { "rw" } else { "r" };
        let tracker = client.tracker.as_deref();
        let redir = tracker.map_or(-1, |tracker| tracker.redirect() as i64);
        let mut line = format!(
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} \
             ssub={} multi={multi} qbuf={held} qbuf-free={free} argv-mem={argv} \
             multi-mem={multi_mem} rbs={rbs} rbp={rbp} obl={obl} oll={oll} omem={omem} \
             tot-mem={tot_mem} events={writable} cmd={} user=default redir={redir} resp={resp}",
            client.id,
            client.peer,
            client.local,
            7 + link.0,
            client.name,
            now.since(client.since).seconds(),
            idle,
            flags(client),
            client.db,
            said.channels.len(),
            said.patterns.len(),
            said.shards.len(),
            client.last_command_name(),
        );
        if self.setup.profile == Profile::V7_2 {
            line += &format!(" lib-name={} lib-ver={}", client.library.0, client.library.1);
        }
        line
    }

    /// The bytes of a client's own buffer, the pieces that wait behind it, and their bytes.
    fn output_of(&self, client: &Client) -> (u64, u64, u64) {
        let reader = client.downlink.as_ref().and_then(|down| down.stage.reader());
        if let (Some(from), Some(backlog)) = (reader, &self.backlog) {
            let held = backlog.memory_from(from);
            return if backlog.end() > from { (0, held.div_ceil(16_384), held) } else { (0, 0, 0) };
        }
        let waits = client.waits();
        (waits.buffer, waits.nodes, waits.bytes())
    }

    /// The bytes in the buffer of a client's commands, and those of the command at hand. What is
    /// carried out just now has not left the buffer yet.
    fn query_of(&self, link: Link, client: &Client) -> (u64, u64) {
        let served = self.served == Some(link);
        let current = if served { client.decoder.raw().len() } else { 0 };
        let held = (client.decoder.unread().len() + current) as u64;
        (held, client.argv_bytes(served || client.waiting.is_some()))
    }

    /// What all clients take that are not replicas, nor about to go.
    pub(super) fn clients_memory(&self, now: Instant) -> u64 {
        let stays =
            |client: &Client| client.downlink.is_none() && client.ending != Some(Ending::Dropped);
        let staying = self.clients.iter().filter(|(_, client)| stays(client));
        staying.map(|(&link, client)| self.client_memory(link, client, now)).sum()
    }

    /// What a client takes: `tot-mem`.
    pub(super) fn client_memory(&self, link: Link, client: &Client, now: Instant) -> u64 {
        client.memory(self.query_of(link, client), now, self.reply_buffers)
    }
}

/// The letters of what a client is and does.
fn flags(client: &Client) -> String {
    let parked = matches!(
        client.waiting,
        Some(Waiting::Replicas { .. } | Waiting::Keys(_) | Waiting::Unpause(_))
    );
    let tracker = client.tracker.as_deref().map_or([(false, 't'); 3], Tracker::letters);
    let before = [
        (client.monitors, 'O'),
        (client.downlink.is_some(), 'S'),
        (client.subscriptions.any(), 'P'),
        (client.transaction.is_some(), 'x'),
        (parked, 'b'),
    ];
    let behind = [
        (client.watch.touched, 'd'),
        (client.ending == Some(Ending::Replied), 'c'),
        (client.ending == Some(Ending::Dropped), 'A'),
        (client.peer.is_file(), 'U'),
        (client.no_evict, 'e'),
        (client.no_touch, 'T'),
    ];
    let all = before.iter().chain(&tracker).chain(&behind);
    let letters: String = all.filter_map(|&(holds, letter)| holds.then_some(letter)).collect();
    if letters.is_empty() { "N".to_owned() } else { letters }
}
