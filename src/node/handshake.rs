//! From an open connection to PSYNC's verdict. What is heard is understood in
//! `replication::replica`; here it has consequences.
//! *Source*: Redis 7.2 · replication.c · syncWithMaster.

use super::io::{Breach, Carries, Link};
use super::machine::Machine;
use super::note::{PsyncNote, ReplicaNote};
use super::stream::Stream;
use super::upstream::{Transfer, Uplink};
use crate::replication::{Awaiting, Heard, Offset, Receiver, ReplicationId, Said, SecondId};
use crate::resp::{Bytes, encode_command};

impl Machine<'_> {
    /// The connection stands: say PING.
    pub(super) fn upstream_opened(&mut self, link: Link) {
        if self.state.upstream.connection() != Some(link) {
            return;
        }
        self.note(ReplicaNote::ConnectFired);
        self.state.upstream.link = Uplink::Handshake {
            link,
            since: self.now,
            awaiting: Awaiting::Pong,
            said: Said { auth: false, ip: false },
            line: Vec::new(),
        };
        self.tell_master(link, &["PING"]);
    }

    /// The connection could not be made; the cron tries again.
    pub(super) fn upstream_refused(&mut self, link: Link, why: &str) {
        if self.state.upstream.connection() != Some(link) {
            return;
        }
        self.note(ReplicaNote::SocketError(why.to_owned()));
        self.state.upstream.link = Uplink::Connect;
    }

    /// The master hung up before its verdict. Redis asks the system for its words too late, and is
    /// told of a success.
    pub(super) fn handshake_closed(&mut self, breach: Option<&Breach>) {
        let Uplink::Handshake { awaiting, .. } = self.state.upstream.link else { return };
        if let Some(Breach::Write(_)) = breach {
            return self.handshake_unsent(awaiting);
        }
        self.note(ReplicaNote::HandshakeLineMissing("Success".to_owned()));
        if awaiting == Awaiting::Psync {
            self.note(PsyncNote::PsyncUnanswered);
        } else {
            self.note(ReplicaNote::HandshakeAbandoned);
        }
        self.state.upstream.link = Uplink::Connect;
    }

    /// What was said last did not leave.
    #[inline(never)]
    fn handshake_unsent(&mut self, awaiting: Awaiting) {
        if awaiting == Awaiting::Psync {
            self.note(PsyncNote::PsyncUnsent);
            self.failover_unsent();
            self.note(ReplicaNote::HandshakeUnsent("Write error sending the PSYNC command."));
        } else {
            self.note(ReplicaNote::HandshakeUnsent("-Writing to master: Success"));
        }
        if let Uplink::Handshake { .. } = self.state.upstream.link {
            self.state.upstream.link = Uplink::Connect;
        }
    }

    /// Hears line after line, as long as the conversation lasts.
    pub(super) fn hear_lines(&mut self) {
        while let Uplink::Handshake { link, awaiting, said, line, .. } =
            &mut self.state.upstream.link
        {
            let Some(newline) = line.iter().position(|&byte| byte == b'\n') else {
                if line.len() > LINE_BYTES_MAX {
                    self.handshake_closed(None);
                }
                return;
            };
            let heard: Vec<u8> = line.drain(..=newline).collect();
            let text = String::from_utf8_lossy(heard.trim_ascii_end()).into_owned();
            let (link, heard) = (*link, awaiting.hear(&text, *said));
            self.react(link, heard);
        }
    }

    fn react(&mut self, link: Link, heard: Heard) {
        match heard {
            Heard::KeepAlive => {}
            Heard::Introduce => self.introduce(link),
            Heard::Await { next, objection } => {
                self.note_objection(objection);
                self.await_answer(next);
            }
            Heard::AskToSync { objection } => {
                self.note_objection(objection);
                self.ask_to_sync(link);
            }
            Heard::FullResync(announced) => {
                self.note(match announced {
                    Some((id, offset)) => PsyncNote::FullResyncFrom { id, offset },
                    None => PsyncNote::WrongFullresync,
                });
                self.failover_accepted();
                if self.state.setup.profile.forgets_early() {
                    self.leave_old_history();
                }
                self.begin_transfer(link, announced);
            }
            Heard::Continue(id) => self.continue_stream(link, id),
            Heard::Later(reply) => {
                self.note(PsyncNote::PsyncLater(reply));
                if !self.failover_refused() {
                    self.retry_later();
                }
            }
            Heard::NoPsync(reply) => {
                self.note(PsyncNote::PsyncUnknown(reply));
                if !self.failover_refused() {
                    self.fall_back_to_sync(link);
                }
            }
            Heard::Unexpected(reply) => {
                self.note(PsyncNote::PsyncUnexpected(reply));
                if !self.failover_refused() {
                    self.fall_back_to_sync(link);
                }
            }
            Heard::PingRefused(reply) => {
                self.note(ReplicaNote::PingRefused(reply));
                self.retry_later();
            }
            Heard::AuthRefused(reply) => {
                self.note(ReplicaNote::AuthRefused(reply));
                self.retry_later();
            }
        }
    }

    fn note_objection(&mut self, objection: Option<(&'static str, String)>) {
        if let Some((option, reply)) = objection {
            self.note(ReplicaNote::Objection { option, reply });
        }
    }

    fn await_answer(&mut self, next: Awaiting) {
        if let Uplink::Handshake { awaiting, .. } = &mut self.state.upstream.link {
            *awaiting = next;
        }
    }

    /// Says who we are, without waiting for answers.
    fn introduce(&mut self, link: Link) {
        self.note(ReplicaNote::MasterRepliedToPing);
        let config = self.state.config();
        let owned = |name: &str| config.text(name).map(str::to_owned);
        let (user, password) = (owned("masteruser"), owned("masterauth"));
        let ip = owned("replica-announce-ip");
        let announced = config.number("replica-announce-port");
        let port = if announced > 0 { announced } else { u64::from(self.state.port()) };
        let words = Said { auth: password.is_some(), ip: ip.is_some() };
        if let Some(password) = password {
            match user {
                Some(user) => self.tell_master(link, &["AUTH", &user, &password]),
                None => self.tell_master(link, &["AUTH", &password]),
            }
        }
        self.tell_master(link, &["REPLCONF", "listening-port", &port.to_string()]);
        if let Some(ip) = ip {
            self.tell_master(link, &["REPLCONF", "ip-address", &ip]);
        }
        self.tell_master(link, &["REPLCONF", "capa", "eof", "capa", "psync2"]);
        if let Uplink::Handshake { awaiting, said, .. } = &mut self.state.upstream.link {
            *said = words;
            *awaiting = Awaiting::first(words);
        }
    }

    /// Asks to continue from where we are, if we are anywhere.
    fn ask_to_sync(&mut self, link: Link) {
        let (id, wire_offset) = match self.state.upstream.cached {
            Some(cached) => {
                let (id, wire_offset) = (cached.id, cached.offset.0 + 1);
                self.note(PsyncNote::TryingPartial { id, wire_offset });
                (id.to_string(), wire_offset.to_string())
            }
            None => {
                self.note(PsyncNote::NoCachedMaster);
                ("?".to_owned(), "-1".to_owned())
            }
        };
        self.await_answer(Awaiting::Psync);
        let mut words = vec!["PSYNC", &id, &wire_offset];
        words.extend(self.state.hands_over().then_some("FAILOVER"));
        self.tell_master(link, &words);
    }

    fn fall_back_to_sync(&mut self, link: Link) {
        self.note(PsyncNote::RetryingWithSync);
        let bytes = Bytes::from(&b"SYNC\r\n"[..]);
        self.send(link, bytes, Carries::Talk);
        self.begin_transfer(link, None);
    }

    /// From here on the connection carries a snapshot; what has arrived of it is taken at once.
    fn begin_transfer(&mut self, link: Link, announced: Option<(ReplicationId, Offset)>) {
        let file = format!("temp-{}.{}.rdb", self.now.seconds(), self.state.pid);
        let transfer = Transfer {
            link,
            heard_at: self.now,
            announced,
            receiver: Receiver::default(),
            form_noted: false,
            file,
            writes: 0,
            complete: false,
            beyond: Vec::new(),
            lost: false,
            marked: false,
            newline_at: self.now,
        };
        let rest = self.take_line_rest();
        self.state.upstream.link = Uplink::Transfer(Box::new(transfer));
        self.transfer_received(&rest);
    }

    /// The stream goes on where we were, perhaps under a new name.
    #[inline(never)]
    fn continue_stream(&mut self, link: Link, id: Option<ReplicationId>) {
        self.note(PsyncNote::PartialSucceeded);
        self.failover_accepted();
        let Some(cached) = self.state.upstream.cached.take() else { return self.retry_later() };
        if let Some(id) = id.filter(|&id| id != cached.id) {
            let history = &mut self.state.history;
            history.second = Some(SecondId { id: cached.id, shared: cached.offset });
            history.id = id;
            self.note(PsyncNote::MasterIdChanged(id));
            self.disconnect_replicas();
        }
        let rest = self.take_line_rest();
        let stream = Stream::new(link, cached.db, cached.client, self.now);
        self.state.upstream.link = Uplink::Connected(Box::new(stream));
        self.state.upstream.down_since = None;
        self.note(PsyncNote::PartialAccepted);
        if self.state.backlog.is_none() {
            self.create_backlog();
        }
        self.upstream_received(link, &Bytes::from(rest));
    }

    /// What has arrived behind the line that ended the handshake.
    fn take_line_rest(&mut self) -> Vec<u8> {
        match &mut self.state.upstream.link {
            Uplink::Handshake { line, .. } => std::mem::take(line),
            Uplink::Idle
            | Uplink::Connect
            | Uplink::Connecting { .. }
            | Uplink::Transfer(_)
            | Uplink::Connected(_) => Vec::new(),
        }
    }

    fn tell_master(&mut self, link: Link, args: &[&str]) {
        let mut bytes = Vec::new();
        encode_command(args, &mut bytes);
        self.send(link, Bytes::from(bytes), Carries::Talk);
    }
}

/// A line of the handshake is never longer.
const LINE_BYTES_MAX: usize = 1024;
