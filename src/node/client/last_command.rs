//! The command that a client has called last.
//!
//! CLIENT LIST names it. And clients like to call the same again: what its word stands for is then
//! not sought anew. *Source*: Redis 7.2 · server.c · processCommand.

use std::borrow::Cow;

use super::super::gates::Row;
use super::super::state::Profile;
use crate::resp::Bytes;

/// What a client has called last, whether it was let through or not.
#[derive(Clone, Debug)]
pub(in crate::node) struct LastCommand {
    /// Its first word, as it was said.
    word: Bytes,
    /// What that stands for.
    row: Row,
    /// The name, with that of the subcommand.
    name: Cow<'static, str>,
}

impl LastCommand {
    pub(in crate::node) fn new(row: Row, args: &[Bytes], profile: Profile) -> Self {
        Self { word: args[0].clone(), row, name: row.full_name(args, profile) }
    }

    pub(in crate::node) fn name(&self) -> &str {
        &self.name
    }

    /// What the log calls it, if there is such a command.
    pub(in crate::node) fn in_log(last: Option<&Self>) -> String {
        last.map_or("<unknown>", Self::name).to_owned()
    }

    /// What `word` stands for, if it is the same again and says all.
    pub(in crate::node) fn again(&self, word: &Bytes) -> Option<Row> {
        (self.word == *word && !self.row.is_container()).then_some(self.row)
    }
}
