//! The replica's half of one link, up to the snapshot: who speaks, and what is awaited.
//!
//! ```text
//!     connected ──PING──▶ Pong ──AUTH, REPLCONF──▶ Auth ▶ Port ▶ Ip ▶ Capa ──PSYNC──▶ Psync
//!                          │                        │      └─────┬─────┘            │
//!                   an error: give up      an error: give up   errors are           ├ +FULLRESYNC
//!                                                              only noted           ├ +CONTINUE
//!                                                                                   ├ later
//!                                                                                   └ else: SYNC
//! ```
//!
//! The introduction is written without waiting; its answers come back in order. A transition takes
//! the line that was heard and answers the next state as data: it sends nothing itself.
//! *Source*: Redis 7.2 · replication.c · syncWithMaster, slaveTryPartialResynchronization.

use super::{Offset, ReplicationId};

/// What a replica waits to hear during the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaiting {
    /// The answer to PING.
    Pong,
    /// The answer to AUTH.
    Auth,
    /// The answer to `REPLCONF listening-port`.
    Port,
    /// The answer to `REPLCONF ip-address`.
    Ip,
    /// The answer to `REPLCONF capa`.
    Capa,
    /// The answer to PSYNC.
    Psync,
}

/// What was said in the introduction, and so will be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// AUTH was sent.
    pub auth: bool,
    /// `REPLCONF ip-address` was sent.
    pub ip: bool,
}

/// What follows from a line of the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The master is there: introduce yourself, then await the first answer.
    Introduce,
    /// Await the next answer; `objection` is an error that does not matter.
    Await {
        /// The next answer.
        next: Awaiting,
        /// What was refused, and in what words.
        objection: Option<(&'static str, String)>,
    },
    /// Send PSYNC.
    AskToSync {
        /// What was refused last, and in what words.
        objection: Option<(&'static str, String)>,
    },
    /// A snapshot will follow; `None` if the announcement could not be read.
    FullResync(Option<(ReplicationId, Offset)>),
    /// The stream will go on, perhaps under a new name.
    Continue(Option<ReplicationId>),
    /// Nothing yet.
    KeepAlive,
    /// The master refuses for now: try again later.
    Later(String),
    /// The master does not know PSYNC: send SYNC.
    NoPsync(String),
    /// PSYNC was answered by neither yes nor no: send SYNC.
    Unexpected(String),
    /// PING was refused.
    PingRefused(String),
    /// AUTH was refused.
    AuthRefused(String),
}

impl Awaiting {
    /// The transition on `line`.
    pub fn hear(self, line: &str, said: Said) -> Heard {
        match self {
            Self::Pong => hear_pong(line),
            Self::Auth if line.starts_with('-') => Heard::AuthRefused(line.to_owned()),
            Self::Auth => Heard::Await { next: Self::Port, objection: None },
            Self::Port => {
                let next = if said.ip { Self::Ip } else { Self::Capa };
                Heard::Await { next, objection: objection("listening-port", line) }
            }
            Self::Ip => Heard::Await { next: Self::Capa, objection: objection("ip-address", line) },
            Self::Capa => Heard::AskToSync { objection: objection("capa", line) },
            Self::Psync => hear_psync(line),
        }
    }

    /// The first answer after the introduction.
    pub const fn first(said: Said) -> Self {
        if said.auth { Self::Auth } else { Self::Port }
    }

    /// Redis' name of the state.
    pub const fn state_name(self) -> &'static str {
        match self {
            Self::Pong => "receive_ping_reply",
            Self::Auth => "receive_auth_reply",
            Self::Port => "receive_port_reply",
            Self::Ip => "receive_ip_reply",
            Self::Capa => "receive_capa_reply",
            Self::Psync => "receive_psync_reply",
        }
    }
}

fn objection(what: &'static str, line: &str) -> Option<(&'static str, String)> {
    line.starts_with('-').then(|| (what, line.to_owned()))
}

fn hear_pong(line: &str) -> Heard {
    let tolerated = ["+", "-NOAUTH", "-NOPERM", "-ERR operation not permitted"];
    if tolerated.iter().any(|prefix| line.starts_with(prefix)) {
        Heard::Introduce
    } else {
        Heard::PingRefused(line.to_owned())
    }
}

fn hear_psync(line: &str) -> Heard {
    if line.is_empty() {
        return Heard::KeepAlive;
    }
    if let Some(rest) = line.strip_prefix("+FULLRESYNC") {
        let mut words = rest.split_ascii_whitespace();
        let id = words.next().and_then(|word| ReplicationId::parse(word.as_bytes()));
        let offset = words.next().and_then(|word| word.parse().ok()).map(Offset);
        return Heard::FullResync(id.zip(offset));
    }
    if let Some(rest) = line.strip_prefix("+CONTINUE") {
        return Heard::Continue(ReplicationId::parse(rest.trim().as_bytes()));
    }
    if line.starts_with("-NOMASTERLINK") || line.starts_with("-LOADING") {
        return Heard::Later(line.to_owned());
    }
    if line.starts_with("-ERR") {
        return Heard::NoPsync(line.to_owned());
    }
    Heard::Unexpected(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Said = Said { auth: false, ip: false };
    const FULL: Said = Said { auth: true, ip: true };

    fn path(said: Said) -> Vec<Awaiting> {
        let mut path = vec![Awaiting::first(said)];
        while let Heard::Await { next, objection: None } = path[path.len() - 1].hear("+OK", said) {
            path.push(next);
        }
        path
    }

    #[test]
    fn only_what_was_said_is_awaited() {
        assert_eq!(path(PLAIN), [Awaiting::Port, Awaiting::Capa]);
        assert_eq!(path(FULL), [Awaiting::Auth, Awaiting::Port, Awaiting::Ip, Awaiting::Capa]);
    }

    #[test]
    fn a_ping_may_be_answered_by_a_demand_for_a_password() {
        for line in ["+PONG", "-NOAUTH Authentication required.", "-NOPERM x"] {
            assert_eq!(Awaiting::Pong.hear(line, PLAIN), Heard::Introduce);
        }
        assert!(matches!(Awaiting::Pong.hear("-LOADING x", PLAIN), Heard::PingRefused(_)));
    }

    #[test]
    fn objections_to_the_introduction_do_not_matter() {
        let heard = Awaiting::Port.hear("-ERR unknown a", PLAIN);
        let objection = Some(("listening-port", "-ERR unknown a".to_owned()));
        assert_eq!(heard, Heard::Await { next: Awaiting::Capa, objection });
    }

    #[test]
    fn every_answer_to_psync_is_told_apart() {
        let hear = |line: &str| Awaiting::Psync.hear(line, PLAIN);
        let id = ReplicationId::parse(&[b'a'; 40]).unwrap();
        let line = format!("+FULLRESYNC {id} 1000");
        assert_eq!(hear(&line), Heard::FullResync(Some((id, Offset(1000)))));
        assert_eq!(hear("+FULLRESYNC abc 1"), Heard::FullResync(None));
        assert_eq!(hear(&format!("+CONTINUE {id}")), Heard::Continue(Some(id)));
        assert_eq!(hear("+CONTINUE"), Heard::Continue(None));
        assert_eq!(hear(""), Heard::KeepAlive);
        assert!(matches!(hear("-NOMASTERLINK x"), Heard::Later(_)));
        assert!(matches!(hear("-LOADING x"), Heard::Later(_)));
        assert!(matches!(hear("-ERR unknown command"), Heard::NoPsync(_)));
        assert!(matches!(hear("+WHATEVER"), Heard::Unexpected(_)));
    }
}
