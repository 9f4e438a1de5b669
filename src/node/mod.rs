//! One server, whole, and without a world.
//!
//! A Redis server is an event loop around sockets, a clock, a disk and chance, with which nothing
//! can be repeated. Here the loop is turned inside out: [`Node::handle`] is told one fact, and puts
//! orders into an outbox. The same facts give the same orders in a test, a page, on a real port.
//!
//! ```text
//!           facts                    ┌──────────────────────────────┐          orders
//!      Started, Accepted, Opened ──▶ │ machine                      │ ──▶ Dial, Send, Close
//!      Received, Sent, Closed    ──▶ │  ├ client ─ gates ─ commands │ ──▶ Disk
//!      Disk, Woke, Lasted        ──▶ │  ├ downstream   all replicas │ ──▶ Note
//!                                    │  ├ upstream     the master   │
//!      deadline() ◀───────────────── │  ├ save         the child    │
//!                                    │  └ cron         every 100 ms │
//!                                    └──────────────────────────────┘
//! ```
//!
//! # Invariants
//! * A node may be a replica of one server and a master of many at once; so role is never a place
//!   in the code, only the question whether `upstream.master` is set.
//! * `state` is what is remembered and `machine` is who is called; a conversation has a file each.
//!
//! Reading order: `io` (the whole boundary), `state`, `machine`, `client`, `gates`, `breach`,
//! `block`, `downstream`, `save`, `exit`, `upstream`, `load`, `failover`, `migrate`, `cron`,
//! `admin`.
//! *Source*: Redis 7.2 · server.c, networking.c, replication.c.

mod admin;
mod admin_table;
mod block;
mod breach;
mod client;
mod client_command;
mod client_list;
mod command_command;
mod config;
mod config_command;
mod connection;
mod cron;
mod debug;
mod downstream;
mod dump;
mod exit;
mod failover;
mod gates;
mod handshake;
mod help;
mod inert;
mod info;
mod io;
mod kill;
mod load;
mod log;
mod machine;
mod migrate;
mod monitor;
mod note;
mod output;
mod own_expiry;
mod pause;
mod propagate;
mod pubsub;
mod save;
mod scripts;
mod state;
mod status;
mod stream;
mod transactions;
mod upstream;
mod wait;

pub use admin_table::command_names;
pub use config::{
    Config, ConfigError, Directive, Kind, OutputLimit, OutputLimits, directive, directives,
    parse_memory,
};
pub use cron::Wake;
pub use io::{Address, Breach, Carries, DiskFact, DiskOrder, Input, Job, Link, Outbox, Output};
pub use log::{Level, LogLine};
pub use machine::{Deadline, Node};
pub use note::{
    LoadNote, MasterNote, Note, ProtocolNote, PsyncNote, ReplicaNote, ServerNote, SnapshotNote,
    Target, TransferNote,
};
pub use state::{Profile, Renames, Setup, Speeds, Usage};
pub use status::{
    BacklogStatus, KeyStatus, LoadingStatus, ReplicaStatus, SnapshotStatus, Status, TransferForm,
    UpstreamStatus,
};
