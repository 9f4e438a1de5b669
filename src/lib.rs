//! `replica-lab`: complete Redis-compatible servers that replicate to each other inside a web page.
//!
//! # The map
//!
//! A room may use the rooms below it and never one above; `tests/tidy.rs` reads this drawing and
//! every `use` line, and holds them together.
//!
//! ```text
//! 7  web                       nodes behind message ports, the conductor's loop, the page's view
//! 6  lab                       virtual time, wires, disks, scripts, and the way back
//! 5  node                      one server: facts in, orders out
//! 4  commands  script          what data commands do; what scripts do, in a sandbox
//! 3  rdb                       snapshots as bytes
//! 2  keyspace  replication     keys on copy-on-write pages; histories, the buffer, PSYNC's verdict
//! 1  time  random  resp        instants, chances, the language of every connection
//! ```
//!
//! Everything is a value that takes facts and gives orders. [`node::Node::handle`] is one server,
//! without clock, socket, disk or chance of its own; [`lab::Conductor`] decides what happens when,
//! and never reads a payload; a host carries turns out: in this process ([`lab::LocalLab`]), over
//! message ports (`web`), or on a real socket (`examples/tcp_node`).
//!
//! # Follow one write
//!
//! A visitor types `SET k v` at the master's prompt.
//!
//! 1. The page sends the act as text, `master> SET k v`. [`lab::Intervention`] reads it, the
//!    conductor makes it an event and gives the master's place a turn: *typed*.
//! 2. [`lab::Place`] encodes the words as RESP and tells the node that bytes were *received* on the
//!    prompt's connection. `resp::CommandDecoder` makes a command of them.
//! 3. `node/gates.rs` asks whether the command exists, whether this server may write, whether it is
//!    loading. Then the row of the table is run: `commands/string.rs` puts the value on a page of
//!    the keyspace. If a snapshot holds that page, it is copied first.
//! 4. The handler leaves [`commands::Effects`] behind. `node/propagate.rs` turns them into bytes of
//!    the stream, with `SELECT 0` before the first, and appends them once to the
//!    [`replication::Backlog`]. The history's offset grows by their number.
//! 5. At the end of the turn `node/downstream.rs` hands each replica what its wire has room for: a
//!    replica is an offset into that one buffer. One that still waits for its snapshot gets nothing
//!    yet; for it the bytes pile up.
//! 6. The order *send* leaves the node. The host gives the bytes to the connection's channel, and
//!    tells the conductor only their number. The wire's latency and bandwidth say when they arrive.
//! 7. That event is a turn for the replica: *received*. `node/stream.rs` reads the command, runs
//!    the same handler as the master did, counts the raw bytes, and keeps them for its own
//!    replicas.
//! 8. Within a second its cron sends `REPLCONF ACK` with that count. The master's `acked` meets its
//!    offset, and on the page the two marks on the ruler become one.

pub mod commands;
pub mod keyspace;
pub mod lab;
pub mod node;
pub mod random;
pub mod rdb;
pub mod replication;
pub mod resp;
pub mod script;
pub mod time;

#[cfg(target_arch = "wasm32")]
pub mod web;
