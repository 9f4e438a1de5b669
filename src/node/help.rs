//! The HELP of containers, and what they answer to words that they do not know.
//! *Source*: Redis 7.2 · networking.c · addReplyHelp, addReplySubcommandSyntaxError.

use crate::resp::{Bytes, Reply, clipped};

/// The lines of a HELP, between the two that all have in common.
pub(super) fn help(command: &str, lines: &[&'static str]) -> Reply {
    let first = format!("{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    let lines = lines.iter().chain(&["HELP", "    Prints this help."]);
    let lines = lines.map(|&line| Reply::Simple(line.into()));
    Reply::Array(std::iter::once(Reply::Simple(first.into())).chain(lines).collect())
}

/// What a container answers to words that have passed the gate, and that it does not understand.
pub(super) fn wrong_words(command: &str, sub: &[u8]) -> Reply {
    let sub = clipped(sub, 128);
    let text = "ERR unknown subcommand or wrong number of arguments for";
    Reply::error(format!("{text} '{sub}'. Try {command} HELP."))
}

/// The text of an argument.
pub(super) fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
