//! Peers that do not keep to the protocol: what they are told, and what is noted of them.
//!
//! A client is told, and then it is hung up on. At the other end of a replication a reply would
//! break the stream: a replica is told nothing, and a master's link is closed behind the next ACK.
//! *Source*: Redis 7.2 · networking.c · setProtocolError, afterErrorReply, prepareClientToWrite.

use super::client::{Ending, LastCommand};
use super::io::{Link, Output};
use super::log::quoted;
use super::machine::Machine;
use super::note::ProtocolNote;
use super::upstream::Uplink;
use crate::resp::{ProtocolError, Reply};

impl Machine<'_> {
    /// What a client has sent cannot be read.
    #[inline(never)]
    pub(super) fn break_off(&mut self, link: Link, error: &ProtocolError) {
        let told = format!("ERR {error}");
        let is_replica = self.state.downlink(link).is_some();
        if is_replica {
            self.note_talking_replica(link, Some(&told));
        } else {
            self.reply(link, &Reply::error(told));
        }
        let decoder = self.state.clients.get(&link).map(|client| &client.decoder);
        let received = decoder.map_or_else(Vec::new, |decoder| decoder.unreadable().to_vec());
        let client = self.state.client_line(link, self.now);
        let why = error.cause();
        self.note(ProtocolNote::Unreadable { from_master: false, why, client, received });
        if is_replica {
            self.hang_up(link);
        } else {
            self.close_replied(link);
        }
    }

    /// Hangs up on a replica that has said what is answered, maybe with an error.
    #[inline(never)]
    pub(super) fn drop_talking_replica(&mut self, link: Link, error: Option<&str>) {
        self.note_talking_replica(link, error);
        self.hang_up(link);
    }

    fn note_talking_replica(&mut self, link: Link, error: Option<&str>) {
        let client = self.state.client_line(link, self.now);
        let Some(replica) = self.state.clients.get_mut(&link) else { return };
        replica.ending = Some(Ending::Dropped);
        let command = LastCommand::in_log(replica.last_command.as_ref());
        self.note(ProtocolNote::ReplicaGeneratedReply { command: command.clone(), client });
        if let Some(error) = error {
            self.note_error_answered(false, error, command);
        }
    }

    /// The master has said what is answered with an error.
    #[inline(never)]
    pub(super) fn note_error_to_master(&mut self, error: &str) {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return };
        let command = LastCommand::in_log(stream.last_command.as_ref());
        self.note_error_answered(true, error, command);
        let tail = self.state.backlog.as_ref().map(|backlog| backlog.tail(TAIL_BYTES));
        if let Some(tail) = tail.filter(|tail| !tail.is_empty()) {
            self.note(ProtocolNote::LatestBacklog(quoted(&tail)));
        }
    }

    fn note_error_answered(&mut self, to_master: bool, error: &str, command: String) {
        self.count_errors(&Reply::error(error.to_owned()));
        self.state.stats.unexpected_error_replies += 1;
        self.note(ProtocolNote::ErrorAnswered { to_master, error: as_logged(error), command });
    }

    /// The master does not speak RESP, or writes lines: nothing more is carried out, and nothing
    /// will be cached.
    #[inline(never)]
    pub(super) fn break_off_master(&mut self, error: Option<&ProtocolError>) {
        let Uplink::Connected(stream) = &mut self.state.upstream.link else { return };
        stream.doomed = true;
        let received = match error {
            None => stream.decoder.received(),
            Some(_) => stream.decoder.unreadable(),
        };
        let received = received.to_vec();
        match error {
            None => self.note(ProtocolNote::InlineFromMaster),
            Some(error) => self.note_error_to_master(&format!("ERR {error}")),
        }
        let why = error.map_or("Master using the inline protocol. Desync?", ProtocolError::cause);
        let client = self.state.master_line(self.now).map_or_else(String::new, |(_, line)| line);
        self.note(ProtocolNote::Unreadable { from_master: true, why, client, received });
    }

    /// Redis closes a client that it has given up when it next has written to it: a master's link,
    /// behind the ACK of the cron.
    pub(super) fn end_doomed_stream(&mut self) {
        let Uplink::Connected(stream) = &self.state.upstream.link else { return };
        if stream.doomed {
            self.out.push(Output::Close { link: stream.link });
            self.stream_lost(false);
        }
    }
}

/// How much of the stream before an error is shown.
const TAIL_BYTES: u64 = 256;

/// An error as the log of a replica has it: without the sign and `ERR`, but for the few that Redis
/// keeps ready as they go on the wire, or writes out.
fn as_logged(error: &str) -> String {
    let whole = |text: &str| WRITTEN_OUT.iter().any(|beginning| text.starts_with(beginning));
    let text = error.strip_prefix("ERR ").filter(|text| !whole(text));
    text.map_or_else(|| format!("-{error}"), str::to_owned)
}

/// *Source*: Redis 7.2 · server.c · createSharedObjects; geo.c · extractLongLatOrReply.
const WRITTEN_OUT: [&str; 5] = [
    "no such key",
    "syntax error",
    "source and destination objects are the same",
    "index out of range",
    "invalid longitude,latitude pair",
];
