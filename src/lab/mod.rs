//! A world in which nodes live: virtual time, wires, disks, and a way back.
//!
//! To see a protocol think, one must be able to stop it, to step, and to step back. So time is
//! virtual, and everything that will happen stands on an agenda. The [`Conductor`] takes the next
//! event, says which node is to take which fact (a [`Turn`]), is told what came of it (a
//! [`Done`]), and puts the consequences on the agenda. It never holds a node and never reads a
//! payload: where nodes live, and how bytes travel, is the host's affair.
//!
//! ```text
//!      agenda ──▶ event ──▶ Turn: "node b, take this fact at 1.250 s" ──▶ host ──▶ Place ─ Node
//!        ▲                                                                          │    ─ disk
//!        └──────────────── Done: sizes, labels, digests, deadline ◀─────────────────┘    ─ inbox
//! ```
//!
//! Going back is going forward again: the timeline keeps checkpoints, and every event between them
//! is repeated exactly, for nothing in a turn depends on anything but the turns before.
//!
//! # Invariants
//! * Bytes delivered on a connection are a prefix of the bytes sent on it.
//! * One plan and one list of interventions give one trace, natively and in every browser.
//! * The trace is output: nothing reads it to decide.
//!
//! Reading order: `intervention`, `script`, `turn`, `network`, `world`, `place`, `timeline`,
//! `conductor`, `ahead`, `local`.

mod agenda;
mod ahead;
mod branches;
mod checks;
mod conductor;
mod describe;
mod disk;
mod events;
mod export;
mod faults;
mod intervention;
mod label;
mod local;
mod log;
mod mischief;
mod network;
mod pcapng;
mod place;
mod plan;
mod prompt;
mod read_act;
mod record;
mod retell;
mod script;
mod share;
mod simulation;
mod strides;
mod timeline;
mod turn;
mod units;
mod until;
mod waiting;
mod world;

pub use ahead::Ahead;
pub use branches::{BranchId, BranchView};
pub use checks::Checks;
pub use conductor::{Checkpoint, Conductor, Restore};
pub use describe::Happening;
pub use disk::{DiskVerb, DiskWork};
pub use intervention::{Intervention, MachineFault, WireFault};
pub use label::{FrameKind, label, printable};
pub use local::{Broken, LocalLab, Tamper};
pub use log::NodeLog;
pub use network::{Connection, ConnectionId, InFlight, Side, Trouble, Wiring};
pub use place::{Place, Sent};
pub use plan::{NodePlan, Plan};
pub use prompt::format_reply;
pub use script::{Action, Script, ScriptError};
pub use share::{Shared, SharedAct};
pub use simulation::{Failure, Outcome, Trial};
pub use strides::{NextStride, Stride, Watch, Watched};
pub use timeline::{EventKind, TraceEntry, Weight};
pub use turn::{Done, Fact, NodeId, Order, Turn};
pub use until::Until;
pub use world::{DiskHealth, NextEvent, World};
