//! What the data commands do.
//!
//! A command is one row of a [table](TABLE) and one handler. The handler sees a [`Call`]: the data,
//! the arguments, the frozen `now`, and *who asks*. It answers a [`Reply`](crate::resp::Reply) or a
//! [`Refusal`] in Redis' words, and leaves behind [`Effects`]: whether it changed anything, what
//! the replication stream must carry in its place, which keys it touched. The node decides what
//! becomes of them; a handler writes to no socket and to no stream.
//!
//! ```text
//!     SET k v EX 100 ──▶ row "set" ──▶ string::set(&mut call) ──▶ Reply::OK
//!                                            └─▶ effects: dirty, stream: SET k v PXAT <ms>
//! ```
//!
//! The same handlers run on a master, for a replica's clients and for the commands that a replica
//! receives from its master. Only [`Viewer`] differs: it decides what an expired key looks like.
//!
//! This room knows nothing of connections, roles, configuration files or replication.
//!
//! Reading order: `spec`, `rows`, `call`, `kind`, `args`, `refusal`, `execute`, `block`, then any
//! family. Adding a command: one handler, one row in its family's table, one scenario.
//! *Source*: Redis 7.2 · server.c · call, commands.def, db.c · lookupKey, expireIfNeeded.

mod args;
mod bitmap;
mod block;
mod call;
mod dump;
mod event;
mod execute;
mod expire;
mod geo;
mod glob;
mod hash;
mod help;
mod hyperloglog;
mod key;
mod kind;
mod lcs;
mod list;
mod long_double;
mod number;
mod object;
mod range;
mod refusal;
mod rows;
mod scan;
mod set;
mod settings;
mod sort;
mod sorted_set;
mod spec;
mod stream;
mod string;
mod table;
#[cfg(test)]
mod testing;

pub use block::Block;
pub use call::{Call, Effects, Expiry, Viewer};
pub use event::{Classes, Event};
pub use execute::{check_arity, execute, unknown_command};
pub use glob::matches as glob_matches;
pub use help::{help, unknown_subcommand, wrong_words};
pub use kind::Kind;
pub use object::encoding_name;
pub use refusal::Refusal;
pub use settings::Settings;
pub use spec::{Flags, Group, Handler, Keys, Spec};
pub use table::{TABLE, lookup};
