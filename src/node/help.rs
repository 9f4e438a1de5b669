//! What the containers of the node answer to HELP and to words that they do not know.

use crate::commands;
pub(super) use crate::commands::help;
use crate::resp::{Bytes, Reply};

/// What a container answers to words that have passed the gate, and that it does not understand.
pub(super) fn wrong_words(args: &[Bytes]) -> Reply {
    Reply::error(commands::wrong_words(args).to_string())
}

/// The text of an argument.
pub(super) fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
