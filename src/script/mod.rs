//! What scripts do: Lua 5.1 in a sandbox, as Redis embeds it.
//!
//! A script is a text and a world. The text is compiled and run by an interpreter that is made for
//! this one run and thrown away after it, so nothing can leak from one script into the next and a
//! server remains a value: what it remembers of scripts are their sources. The world is a [`Host`]:
//! it runs the commands that the script calls. The host goes into the interpreter when the script
//! begins and comes out of it when it ends.
//!
//! ```text
//!     EVAL "return redis.call('GET', KEYS[1])" 1 k
//!          │                                                  ┌───────────────┐
//!          ├─ host ─▶ Interpreter ── redis.call ──▶ Host::call │ the node: gates,
//!          │             │    ▲                               │ handlers, stream │
//!          │             │    └────────── Reply ◀─────────────┴───────────────┘
//!          ◀─ host, Reply ┘
//! ```
//!
//! # Invariants
//! * The same script and the same answers give the same reply: no clock, no chance but the host's,
//!   no address, and an order of tables that depends on nothing else.
//! * A script ends. Redis lets one run for as long as it likes and answers `BUSY` meanwhile; here
//!   nothing could answer, since a turn is not over before the script is. So it may carry out
//!   50 million instructions and hold 64 MiB, and then ends with an error that says so.
//! * What a library leaves behind is a list of functions; to call one its text is run again.
//!
//! This room knows no command, no role, no key and no stream.
//!
//! Reading order: `host`, `shebang`, `interpreter`, `slot`, `sandbox`, `redis`, `convert`, then
//! the libraries. *Source*: Redis 7.2 · script_lua.c, eval.c, function_lua.c.
mod arithmetic;
mod bit;
mod convert;
mod host;
mod interpreter;
mod json;
mod json_decode;
mod library;
mod list;
mod lua;
mod math;
mod memory;
mod msgpack;
mod number;
mod packing;
mod power;
mod random;
mod redis;
mod sandbox;
mod shebang;
mod slot;
mod text;

pub use host::{Host, LogLevel};
pub use interpreter::{Run, check, evaluate};
pub use library::{FunctionCall, call_function, functions_of};
pub use random::Random48;
pub use shebang::{Flags, Function, Shebang, library_name};
