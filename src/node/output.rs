//! What clients are told: replies, messages, and how much of it may wait to be read.
//!
//! A reply is written into the client's buffer and leaves at the end of the turn. A message to the
//! very client that is being served waits behind its reply. What has been handed to the wire and
//! has not left it counts against `client-output-buffer-limit`; the host reports what has left, but
//! only where there is a limit, or much to read, so that nobody else pays for it.
//!
//! A replica holds what it has not read of the replication buffer, from its block on.
//! *Source*: Redis 7.2 · networking.c · checkClientOutputBufferLimits,
//! closeClientOnOutputBufferLimitReached, writeToClient.

use super::client::{Class, Client, Ending, Voice};
use super::config::OutputLimit;
use super::io::{Link, Output};
use super::machine::Machine;
use super::note::ServerNote;
use crate::resp::{Bytes, Protocol, Reply};
use crate::time::Instant;

impl Machine<'_> {
    /// Writes a reply to a client, unless it does not want to hear it. What is pushed is no reply,
    /// not even what confirms a subscription.
    pub(super) fn reply(&mut self, link: Link, reply: &Reply) {
        self.count_errors(reply);
        let pushed = matches!(reply, Reply::Several(_) | Reply::Push(_));
        if self.state.setup.profile.shortens_doubles() || !reply.has_doubles() {
            self.say(link, pushed, |protocol, out| reply.encode(protocol, out));
        } else {
            let reply = reply.clone().with_long_doubles();
            self.say(link, pushed, |protocol, out| reply.encode(protocol, out));
        }
    }

    /// Writes an array of replies, each in the protocol that was spoken when it was made.
    pub(super) fn reply_each(&mut self, link: Link, replies: &[(Protocol, Reply)]) {
        replies.iter().for_each(|(_, reply)| self.count_errors(reply));
        self.say(link, false, |_, out| {
            out.extend(format!("*{}\r\n", replies.len()).bytes());
            replies.iter().for_each(|(protocol, reply)| reply.encode(*protocol, out));
        });
    }

    fn say(&mut self, link: Link, pushed: bool, encode: impl FnOnce(Protocol, &mut Vec<u8>)) {
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        let over = client.ending.is_some() && self.state.served != Some(link);
        if (matches!(client.voice, Voice::Off | Voice::Skip) && !pushed) || over {
            return;
        }
        let before = client.replies.len();
        encode(client.protocol, &mut client.replies);
        let bytes = client.replies.len() - before;
        if bytes > LATE_BYTES_MIN {
            client.told_much(bytes);
        }
        // Who has been told something already is among those who speak.
        if before == 0 {
            self.state.speaking.insert(link);
        }
        self.check_output(link, true);
    }

    /// An error that was counted is about to be told, and counted, again.
    pub(super) fn discount_error(&mut self, text: &str) {
        let name = text.split(' ').next().unwrap_or_default();
        if let Some(count) = self.state.stats.errors.get_mut(name) {
            *count = count.saturating_sub(1);
        }
    }

    /// Counts the errors of a reply for INFO, by their first words.
    pub(super) fn count_errors(&mut self, reply: &Reply) {
        if matches!(reply, Reply::Error(_) | Reply::Array(_)) {
            self.count_errors_in(reply);
        }
    }

    #[inline(never)]
    fn count_errors_in(&mut self, reply: &Reply) {
        match reply {
            Reply::Error(text) => {
                let name = text.split(' ').next().unwrap_or_default().to_owned();
                *self.state.stats.errors.entry(name).or_default() += 1;
            }
            Reply::Array(replies) => {
                for reply in replies {
                    if matches!(reply, Reply::Error(_)) {
                        self.count_errors(reply);
                    }
                }
            }
            Reply::Silent
            | Reply::Several(_)
            | Reply::Simple(_)
            | Reply::Integer(_)
            | Reply::Bulk(_)
            | Reply::Null
            | Reply::NullArray
            | Reply::Map(_)
            | Reply::Set(_)
            | Reply::Push(_)
            | Reply::Double(_)
            | Reply::Decimal(_)
            | Reply::Boolean(_)
            | Reply::Verbatim(_)
            | Reply::BigNumber(_)
            | Reply::Attribute(_) => {}
        }
    }

    /// Writes a message to a client, in the encoding of its protocol. One that is being served gets
    /// it behind the reply.
    pub(super) fn push(&mut self, link: Link, message: &Message) {
        let served = self.state.served == Some(link);
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        if client.ending == Some(Ending::Dropped) {
            return;
        }
        let bytes = message.bytes(client.protocol);
        if served {
            client.behind.extend_from_slice(bytes);
        } else {
            client.replies.extend_from_slice(bytes);
            self.told(link);
        }
    }

    /// What the client that is served was told so far is not of its own command.
    pub(super) fn tell_before_the_reply(&mut self) {
        if let Some(link) = self.state.served {
            self.tell_behind(link);
        }
    }

    /// What a client was told meanwhile comes behind its reply.
    pub(super) fn tell_behind(&mut self, link: Link) {
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        if !client.behind.is_empty() {
            let behind = std::mem::take(&mut client.behind);
            client.replies.extend(behind);
            self.told(link);
        }
    }

    /// Puts the messages that came meanwhile behind the reply.
    pub(super) fn end_service(&mut self, link: Link) {
        self.state.served = None;
        let Some(client) = self.state.clients.get_mut(&link) else { return };
        client.voice = match client.voice {
            Voice::SkipNext => Voice::Skip,
            Voice::Skip | Voice::On => Voice::On,
            Voice::Off => Voice::Off,
        };
        if !client.behind.is_empty() {
            self.tell_behind(link);
        }
    }

    fn told(&mut self, link: Link) {
        self.state.speaking.insert(link);
        self.check_output(link, true);
    }

    /// Closes a client once its replies have left.
    pub(super) fn close_replied(&mut self, link: Link) {
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.ending = client.ending.or(Some(Ending::Replied));
            self.state.speaking.insert(link);
        }
    }

    /// Closes a client as soon as may be.
    pub(super) fn close_dropped(&mut self, link: Link) {
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.ending = Some(Ending::Dropped);
            self.state.speaking.insert(link);
        }
    }

    /// Sends what has been said to clients, and closes those that are done with.
    pub(super) fn flush_replies(&mut self) {
        self.broadcast_changes();
        for link in std::mem::take(&mut self.state.speaking) {
            let limits = self.state.config().hot.output_limits;
            let limits_clients = self.state.config().hot.clients_memory > 0;
            let care = self.state.reply_buffers;
            let Some(client) = self.state.clients.get_mut(&link) else { continue };
            if client.ending == Some(Ending::Dropped) {
                self.out.push(Output::Drop { link });
                self.forget(link);
                continue;
            }
            if !client.replies.is_empty() {
                let bytes = Bytes::from(std::mem::take(&mut client.replies));
                let class = client.class();
                let limited = limits_clients || class.limit(&limits).is_any();
                let counted = limited || client.is_owed_much(bytes.len());
                client.look_after_replies(self.now, care);
                let carries = client.hand_over(bytes.len(), counted && class != Class::Replica);
                self.state.stats.output_bytes += bytes.len() as u64;
                self.state.stats.writes += 1;
                self.out.push(Output::Send { link, bytes, carries });
            }
            if client.ending == Some(Ending::Replied) {
                self.hang_up(link);
            } else {
                self.state.clients.weigh(link, self.now);
            }
        }
    }

    /// The wire has not taken all that was handed to it without a receipt: so much is left.
    #[inline(never)]
    pub(super) fn replies_kept(&mut self, link: Link, bytes: u64) {
        if let Some(client) = self.state.clients.get_mut(&link) {
            client.has_kept(bytes);
            self.state.clients.weigh(link, self.now);
            self.check_output(link, true);
        }
    }

    /// Counted bytes have left the wire. Replies leave before anything that a replica is sent.
    pub(super) fn replies_left(&mut self, link: Link, bytes: u64) -> u64 {
        let Some(client) = self.state.clients.get_mut(&link) else { return bytes };
        let replies = client.in_wire.min(bytes);
        client.has_left(replies);
        if replies > 0 {
            self.state.clients.weigh(link, self.now);
            self.check_output(link, true);
        }
        bytes - replies
    }

    /// Drops a client that reads too slowly.
    fn check_output(&mut self, link: Link, scheduled: bool) {
        let Some(client) = self.state.clients.get(&link) else { return };
        let limit = client.class().limit(&self.state.config().hot.output_limits);
        if limit.is_any() {
            self.check_limited_output(link, limit, scheduled);
        }
    }

    #[inline(never)]
    fn check_limited_output(&mut self, link: Link, mut limit: OutputLimit, scheduled: bool) {
        let Some(client) = self.state.clients.get(&link) else { return };
        let class = client.class();
        if client.ending == Some(Ending::Dropped) {
            return;
        }
        let held = match (class, &self.state.backlog) {
            (Class::Replica, Some(backlog)) => {
                if limit.hard > 0 {
                    limit.hard = limit.hard.max(backlog.size());
                }
                let reader = client.downlink.as_ref().and_then(|down| down.stage.reader());
                reader.map_or(0, |from| backlog.memory_from(from))
            }
            (Class::Replica, None) => 0,
            (Class::Normal | Class::PubSub, _) => client.waits().bytes(),
        };
        let hard = limit.hard > 0 && held >= limit.hard;
        let soft = limit.soft > 0 && held >= limit.soft;
        let over = hard || (soft && self.is_soft_over(link, limit.seconds));
        if !over {
            if !soft {
                self.state.swollen.remove(&link);
                if let Some(client) = self.state.clients.get_mut(&link) {
                    client.soft_since = None;
                }
            }
            return;
        }
        let client = self.state.client_line(link, self.now);
        self.note(ServerNote::OutputLimit { client, scheduled });
        self.state.stats.output_limit_disconnections += 1;
        self.close_dropped(link);
    }

    /// True if the client has held more than the soft limit for more than `seconds`.
    fn is_soft_over(&mut self, link: Link, seconds: u64) -> bool {
        let now = self.now;
        self.state.swollen.insert(link);
        let Some(client) = self.state.clients.get_mut(&link) else { return false };
        let since = *client.soft_since.get_or_insert(now);
        now.seconds().saturating_sub(since.seconds()) > seconds
    }

    /// Looks at the replicas, for whom the stream has grown.
    pub(super) fn check_replicas_output(&mut self) {
        if self.state.config().hot.output_limits.replica.is_any() {
            for index in 0..self.state.replicas.len() {
                self.check_output(self.state.replicas[index], true);
            }
        }
    }

    /// The cron looks at clients that have held too much for a while.
    pub(super) fn check_swollen(&mut self) {
        for link in self.state.swollen.clone() {
            self.check_output(link, false);
        }
    }
}

/// In a reply that is shorter it makes no difference where the list begins.
const LATE_BYTES_MIN: usize = 4_096;

/// A message to many: encoded once for each protocol.
pub(super) struct Message {
    resp2: Vec<u8>,
    resp3: Vec<u8>,
}

impl Message {
    pub(super) fn new(reply: &Reply) -> Self {
        Self { resp2: reply.to_bytes(Protocol::Resp2), resp3: reply.to_bytes(Protocol::Resp3) }
    }

    fn bytes(&self, protocol: Protocol) -> &[u8] {
        match protocol {
            Protocol::Resp2 => &self.resp2,
            Protocol::Resp3 => &self.resp3,
        }
    }
}

/// When the cron finds that a client has held too much for too long.
pub(super) fn soft_limit_end(client: &Client, limit_seconds: u64) -> Option<Instant> {
    let since = client.soft_since?;
    Some(Instant::from_millis((since.seconds() + limit_seconds + 1) * 1_000))
}
