//! The world of a script.

use std::any::Any;

use super::Random48;
use crate::resp::{Bytes, Protocol, Reply};

/// What a script can ask of the server that runs it.
///
/// It is moved into the interpreter and out again, for the interpreter can hold no reference.
pub trait Host: Any {
    /// Runs a command for the script, and answers as it would answer a client of `protocol`.
    fn call(&mut self, args: Vec<Bytes>, protocol: Protocol) -> Reply;

    /// Writes a line into the server's log.
    fn log(&mut self, level: LogLevel, text: String);

    /// `redis.set_repl`: whether replicas hear of the writes that follow.
    fn set_propagation(&mut self, replicas: bool);

    /// `redis.acl_check_cmd`: whether the client that runs the script may run a command; none if
    /// there is no such command.
    fn may_call(&self, args: &[Bytes]) -> Option<bool>;

    /// What `math.random` draws from.
    fn random(&mut self) -> &mut Random48;

    /// The version that the server gives itself: major, minor, patch.
    fn version(&self) -> &'static str;
}

/// The levels of `redis.log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// `redis.LOG_DEBUG`
    Debug,
    /// `redis.LOG_VERBOSE`
    Verbose,
    /// `redis.LOG_NOTICE`
    Notice,
    /// `redis.LOG_WARNING`
    Warning,
}
