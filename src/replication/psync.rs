//! May a replica go on from where it stopped?
//!
//! The decision is a pure function, and it returns its reasons: the log prints them, the page
//! shows them, and a test demands that each of them occurs in some scenario.
//! *Source*: Redis 7.2 · replication.c · masterTryPartialResynchronization.

use std::fmt;

use super::{Backlog, History, Offset, ReplicationId};

/// What a replica asks for with `PSYNC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The history that it knows; `None` for `?`.
    pub id: Option<String>,
    /// The wire offset of the first byte that it lacks.
    pub offset: i64,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The stream goes on from an offset that is still kept.
    Continue {
        /// The bytes that the replica has.
        from: Offset,
    },
    /// The replica starts over with a snapshot.
    FullResync {
        /// Why it must.
        why: Why,
    },
}

/// Why a replica cannot continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It knows no history: `PSYNC ? -1`.
    FirstTime,
    /// It sent plain `SYNC`, which cannot ask to continue.
    OldProtocol,
    /// Its history is neither ours nor the one we grew out of.
    AnotherHistory {
        /// What it asked for.
        asked: String,
        /// Our name.
        ours: ReplicationId,
        /// Our second name.
        second: ReplicationId,
    },
    /// It followed our old history further than we did: it has writes that we never had.
    BeyondTheBranch {
        /// The wire offset that it asked for.
        asked: i64,
        /// The highest wire offset that we could continue from.
        up_to: i64,
    },
    /// We keep no backlog.
    NoBacklog {
        /// The wire offset that it asked for.
        asked: i64,
    },
    /// The bytes after its offset have been dropped.
    Dropped {
        /// The wire offset that it asked for.
        asked: i64,
    },
    /// It claims to have more than we ever produced.
    Ahead {
        /// The wire offset that it asked for.
        asked: i64,
    },
}

/// Decides on `request` for a server at `history` that keeps `backlog`.
pub fn decide(request: &Request, history: &History, backlog: Option<&Backlog>) -> Verdict {
    let asked = request.offset;
    let Some(id) = &request.id else { return full(Why::FirstTime) };
    let is = |known: ReplicationId| known.as_bytes().eq_ignore_ascii_case(id.as_bytes());
    if !is(history.id) {
        match history.second.filter(|second| is(second.id)) {
            Some(_) if asked <= history.second_wire_offset() => {}
            Some(_) => {
                return full(Why::BeyondTheBranch { asked, up_to: history.second_wire_offset() });
            }
            None => {
                let (ours, second) = (history.id, history.second_id());
                return full(Why::AnotherHistory { asked: id.clone(), ours, second });
            }
        }
    }
    let Some(backlog) = backlog else { return full(Why::NoBacklog { asked }) };
    match u64::try_from(asked).ok().and_then(|wire| wire.checked_sub(1)).map(Offset) {
        Some(from) if from > backlog.end() => full(Why::Ahead { asked }),
        Some(from) if from >= backlog.first() => Verdict::Continue { from },
        _ => full(Why::Dropped { asked }),
    }
}

const fn full(why: Why) -> Verdict {
    Verdict::FullResync { why }
}

/// The sentence that a visitor reads.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstTime => write!(f, "the replica knows no history yet"),
            Self::OldProtocol => write!(f, "the replica speaks only SYNC"),
            Self::AnotherHistory { asked, ours, .. } => {
                write!(f, "the replica follows history {asked}, and ours is {ours}")
            }
            Self::BeyondTheBranch { asked, up_to } => write!(
                f,
                "the replica wants byte {asked} of our old history, which we share up to {up_to}"
            ),
            Self::NoBacklog { asked } => {
                write!(f, "the replica wants byte {asked}, and there is no backlog")
            }
            Self::Dropped { asked } => {
                write!(f, "the replica wants byte {asked}, which the backlog no longer holds")
            }
            Self::Ahead { asked } => {
                write!(f, "the replica wants byte {asked}, which was never produced")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// A history of 100 bytes of which the last 50 are kept, promoted at offset 80.
    fn server() -> (History, Backlog) {
        let mut random = Random::new(1);
        let mut history = History::new(&mut random);
        history.offset = Offset(80);
        history.branch(&mut random);
        history.offset = Offset(100);
        let mut backlog = Backlog::new(0, Offset(50));
        backlog.append(&[b'x'; 50]);
        (history, backlog)
    }

    fn ask(id: Option<&str>, offset: i64) -> Verdict {
        let (history, backlog) = server();
        let request = Request { id: id.map(str::to_owned), offset };
        decide(&request, &history, Some(&backlog))
    }

    /// One procedure, a table of situations.
    #[test]
    fn every_situation_has_its_verdict() {
        let (history, _) = server();
        let ours = history.id.to_string();
        let upper = ours.to_uppercase();
        let old = history.second_id().to_string();
        let from = |offset| Verdict::Continue { from: Offset(offset) };
        let situations: &[(Option<&str>, i64, Verdict)] = &[
            (None, -1, full(Why::FirstTime)),
            (Some(&ours), 51, from(50)),
            (Some(&ours), 101, from(100)),
            (Some(&upper), 101, from(100)),
            (Some(&ours), 50, full(Why::Dropped { asked: 50 })),
            (Some(&ours), 0, full(Why::Dropped { asked: 0 })),
            (Some(&ours), i64::MIN, full(Why::Dropped { asked: i64::MIN })),
            (Some(&ours), 102, full(Why::Ahead { asked: 102 })),
            (Some(&old), 81, from(80)),
            (Some(&old), 82, full(Why::BeyondTheBranch { asked: 82, up_to: 81 })),
        ];
        for (id, offset, verdict) in situations {
            assert_eq!(ask(*id, *offset), *verdict, "PSYNC {id:?} {offset}");
        }
        let verdict = ask(Some("x"), 51);
        assert!(matches!(verdict, Verdict::FullResync { why: Why::AnotherHistory { .. } }));
    }

    #[test]
    fn without_a_backlog_nobody_continues() {
        let (history, _) = server();
        let request = Request { id: Some(history.id.to_string()), offset: 101 };
        assert_eq!(decide(&request, &history, None), full(Why::NoBacklog { asked: 101 }));
    }
}
