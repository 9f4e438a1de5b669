//! The HELP of containers, and what they answer to words that they do not know. A container calls
//! itself as it was called. *Source*: Redis 7.2 · networking.c · addReplyHelp,
//! addReplySubcommandSyntaxError; server.c · commandCheckExistence.

use super::Refusal;
use crate::resp::{Bytes, Reply, clipped};

/// The lines of a HELP, between the two that all have in common.
pub fn help(args: &[Bytes], lines: &[&'static str]) -> Reply {
    let first =
        format!("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", container(args));
    let lines = lines.iter().chain(&["HELP", "    Prints this help."]);
    let lines = lines.map(|&line| Reply::Simple(line.into()));
    Reply::Array(std::iter::once(Reply::Simple(first.into())).chain(lines).collect())
}

/// The refusal of words that name no command of the container.
pub fn unknown_subcommand(args: &[Bytes]) -> Refusal {
    let (container, sub) = (container(args), clipped(&args[1], 128));
    Refusal::Other(format!("ERR unknown subcommand '{sub}'. Try {container} HELP."))
}

/// The refusal of words that have passed the gate, and that the container does not understand.
pub fn wrong_words(args: &[Bytes]) -> Refusal {
    let (container, sub) = (container(args), clipped(&args[1], 128));
    Refusal::Other(format!(
        "ERR unknown subcommand or wrong number of arguments for '{sub}'. Try {container} HELP."
    ))
}

fn container(args: &[Bytes]) -> String {
    String::from_utf8_lossy(&args[0]).to_ascii_uppercase()
}
