//! The HELP of containers, and what they answer to words that they do not know.
//! *Source*: Redis 7.2 · networking.c · addReplyHelp, addReplySubcommandSyntaxError.

use crate::resp::{Bytes, Reply};

/// The lines of a HELP, between the two that all have in common.
pub(super) fn help(command: &str, lines: &[&'static str]) -> Reply {
    let first = format!("{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    let lines = lines.iter().chain(&["HELP", "    Prints this help."]);
    let lines = lines.map(|&line| Reply::Simple(line.into()));
    Reply::Array(std::iter::once(Reply::Simple(first.into())).chain(lines).collect())
}

/// A container does not have this subcommand.
pub(super) fn unknown_subcommand(command: &str, sub: &[u8]) -> Reply {
    let sub: String = String::from_utf8_lossy(sub).chars().take(128).collect();
    Reply::error(format!("ERR unknown subcommand '{sub}'. Try {command} HELP."))
}

/// A subcommand has another number of arguments.
pub(super) fn wrong_arity(container: &str, sub: &[u8]) -> Reply {
    let sub = String::from_utf8_lossy(sub).to_ascii_lowercase();
    Reply::error(format!("ERR wrong number of arguments for '{container}|{sub}' command"))
}

/// The text of an argument.
pub(super) fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
