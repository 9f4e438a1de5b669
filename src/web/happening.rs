//! An event as the page hears of it: a name and its values. The page has the words.

use serde::Serialize;

use super::view::{frame_id, frame_kind, millis, word};
use crate::lab::{DiskVerb, Happening, Intervention, MachineFault, WireFault};
use crate::node::Wake;
use crate::time::Duration;

/// The counterpart of `Happening` in `www/src/engine/frame.ts`.
#[derive(Debug, Serialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub(super) enum HappeningView {
    Start,
    Type {
        name: String,
        line: String,
    },
    Act(ActView),
    Reach {
        from: usize,
    },
    Establish {
        to: usize,
    },
    Refuse {
        why: &'static str,
    },
    #[serde(rename_all = "camelCase")]
    Receive {
        id: String,
        from: usize,
        sent_at: f64,
        #[serde(serialize_with = "word")]
        frame: &'static str,
        label: String,
        bytes: u64,
    },
    Close {
        by: usize,
    },
    Reset {
        by: usize,
    },
    Disk {
        #[serde(serialize_with = "word")]
        verb: &'static str,
        bytes: u64,
        file: String,
    },
    Wake {
        #[serde(serialize_with = "word")]
        why: &'static str,
    },
}

/// What a person does to a wire or a machine.
#[derive(Debug, Default, Serialize)]
pub(super) struct ActView {
    verb: &'static str,
    /// The node, or those of one side.
    a: String,
    /// The other node, or those of the other side.
    b: String,
    /// How much: milliseconds or bytes in a second, by the verb.
    amount: u64,
}

impl From<&Happening> for HappeningView {
    fn from(happening: &Happening) -> Self {
        match happening {
            Happening::Start => Self::Start,
            Happening::Act(Intervention::Type { node, line }) => {
                Self::Type { name: node.clone(), line: line.clone() }
            }
            Happening::Act(act) => Self::Act(act_view(act)),
            Happening::Reach { from } => Self::Reach { from: from.0 },
            Happening::Establish { to } => Self::Establish { to: to.0 },
            Happening::Refuse { why } => Self::Refuse { why },
            Happening::Receive { from, connection, number, sent_at, kind, label, bytes } => {
                Self::Receive {
                    id: frame_id(connection.0, from.0, *number),
                    sent_at: millis(*sent_at),
                    from: from.0,
                    frame: frame_kind(*kind),
                    label: label.to_string(),
                    bytes: *bytes,
                }
            }
            Happening::Close { by } => Self::Close { by: by.0 },
            Happening::Reset { by } => Self::Reset { by: by.0 },
            Happening::Disk(work) => {
                let verb = match work.verb {
                    DiskVerb::Create => "create",
                    DiskVerb::Write => "write",
                    DiskVerb::Link => "link",
                    DiskVerb::Rename => "rename",
                    DiskVerb::Read => "read",
                    DiskVerb::Remove => "remove",
                };
                Self::Disk { verb, bytes: work.bytes, file: work.file.clone() }
            }
            Happening::Wake(wake) => Self::Wake { why: wake_name(*wake) },
        }
    }
}

fn act_view(act: &Intervention) -> ActView {
    let between = |verb, a: &str, b: &str| ActView {
        verb,
        a: a.to_owned(),
        b: b.to_owned(),
        ..ActView::default()
    };
    match act {
        Intervention::Type { node, line } => between("type", node, line),
        Intervention::Cut { a, b } => between("cut", a, b),
        Intervention::Reset { a, b } => between("reset", a, b),
        Intervention::HalfOpen { a, b } => between("halfOpen", a, b),
        Intervention::Partition { left, right } => {
            between("partition", &left.join(" "), &right.join(" "))
        }
        Intervention::Heal { pair: Some((a, b)) } => between("heal", a, b),
        Intervention::Heal { pair: None } => between("healAll", "", ""),
        Intervention::Add { name, settings } => between("add", name, settings),
        Intervention::Wire { from, to, fault } => {
            let (verb, amount) = match fault {
                WireFault::Stall => ("stall", 0),
                WireFault::Delay(by) => ("delay", in_millis(*by)),
                WireFault::Jitter(by) => ("jitter", in_millis(*by)),
                WireFault::Bandwidth(rate) => ("bandwidth", *rate),
            };
            ActView { amount, ..between(verb, from, to) }
        }
        Intervention::Machine { node, fault } => {
            let (verb, amount) = machine_verb(*fault);
            ActView { amount, ..between(verb, node, "") }
        }
    }
}

const fn machine_verb(fault: MachineFault) -> (&'static str, u64) {
    match fault {
        MachineFault::Freeze => ("freeze", 0),
        MachineFault::Thaw => ("thaw", 0),
        MachineFault::Crash => ("crash", 0),
        MachineFault::Restart { rdb: true } => ("restart", 0),
        MachineFault::Restart { rdb: false } => ("restartBare", 0),
        MachineFault::DiskSpeed(rate) => ("diskSpeed", rate),
        MachineFault::DiskFull => ("diskFull", 0),
        MachineFault::DiskFails => ("diskFails", 0),
        MachineFault::DiskWorks => ("diskWorks", 0),
        MachineFault::ForkFails => ("forkFails", 0),
        MachineFault::ForkWorks => ("forkWorks", 0),
        MachineFault::Remove => ("remove", 0),
    }
}

const fn wake_name(wake: Wake) -> &'static str {
    match wake {
        Wake::SnapshotChunk => "chunk",
        Wake::LoadChunk => "load",
        Wake::ReapChild => "reap",
        Wake::StartSnapshot => "fork",
        Wake::Dial => "dial",
        Wake::Ack => "ack",
        Wake::MasterTimeout => "masterTimeout",
        Wake::ReplicaTimeout => "replicaTimeout",
        Wake::KeepAlive => "newline",
        Wake::Ping => "ping",
        Wake::FreeBacklog => "backlog",
        Wake::Expire => "expire",
        Wake::ClientTimeout => "client",
        Wake::Unpause => "unpause",
        Wake::Failover => "failover",
        Wake::OutputLimit => "outputLimit",
        Wake::IdleClient => "idleClient",
        Wake::SavePoint => "savePoint",
        Wake::RemoveSentFile => "sentFile",
        Wake::Asleep => "asleep",
        Wake::TargetTimeout => "targetTimeout",
        Wake::CloseTarget => "closeTarget",
        Wake::ObeySignal => "obeySignal",
    }
}

const fn in_millis(span: Duration) -> u64 {
    span.micros() / 1_000
}
