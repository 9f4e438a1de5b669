//! The lab in a browser: nodes behind message ports, and the conductor's loop between them.
//!
//! A page cannot open sockets, but it can pass messages. Every node lives behind a control port, in
//! a Worker of its own with its own wasm instance, or, where Workers are refused, in the page.
//! Every connection between two nodes is a `MessageChannel` whose ports are given to the two nodes:
//! the bytes of the protocol go from node to node as transferred buffers, never through the
//! conductor.
//!
//! ```text
//!      page                        Worker                        Worker
//!      ┌───────────┐  control   ┌─────────┐    connection    ┌─────────┐
//!      │ LabHandle │◀──────────▶│ host    │◀────────────────▶│ host    │
//!      │ driver    │            │  place  │   (transferred   │  place  │
//!      │ conductor │◀───────────┼─────────┼────  buffers) ───│         │
//!      └───────────┘  control   └─────────┘                  └─────────┘
//! ```
//!
//! Ports deliver when the browser likes. A frame that has come early waits in its inbox, and a turn
//! whose frame has not come waits for it; so the order of everything is the conductor's.
//!
//! This is the only room that knows JavaScript. What crosses is plain data, in the units of the
//! page; the counterparts are in `message` (to the nodes) and `view` (to the page).
//!
//! Reading order: `transport`, `message`, `host`, `heap`, `nodes`, `turns`, `past`, `driver`,
//! `moves`, `lost`, `crash`, `swift`, `bytes`, `happening`, `look`, `view`, `passage`, `inspect`,
//! `dump`, `handle`.

mod bytes;
mod crash;
mod driver;
mod dump;
mod handle;
mod happening;
mod heap;
mod host;
mod inspect;
mod look;
mod lost;
mod message;
mod moves;
mod nodes;
mod passage;
mod past;
mod swift;
mod transport;
mod turns;
mod view;

pub use dump::DumpReader;
pub use handle::{LabHandle, command_table, read_link, serve_node};
pub use heap::make_room;
