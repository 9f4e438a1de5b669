//! A row of the tables: all that is said of a command once.

use std::borrow::Cow;
use std::fmt;

use super::super::admin_table::{self, AdminSpec};
use super::super::command_command::facts;
use super::super::state::Profile;
use crate::commands::{self, Flags, Refusal, Spec, check_arity};
use crate::resp::Bytes;

/// A command that exists: a data command, or one of the server's own.
#[derive(Clone, Copy)]
pub(in crate::node) enum Row {
    Data(&'static Spec),
    Admin(&'static AdminSpec),
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Row {
    pub(in crate::node) fn find(name: &[u8]) -> Option<Self> {
        commands::lookup(name)
            .map(Self::Data)
            .or_else(|| admin_table::lookup(name).map(Self::Admin))
    }

    pub(in crate::node) const fn name(self) -> &'static str {
        match self {
            Self::Data(spec) => spec.name,
            Self::Admin(spec) => spec.name,
        }
    }

    /// The name, with that of the subcommand.
    pub(in crate::node) fn full_name(self, args: &[Bytes], profile: Profile) -> Cow<'static, str> {
        match args.get(1) {
            Some(sub) if self.is_container() && profile.names_subcommands() => {
                let sub = String::from_utf8_lossy(sub).to_ascii_lowercase();
                Cow::Owned(format!("{}|{sub}", self.name()))
            }
            _ => Cow::Borrowed(self.name()),
        }
    }

    /// True if its first argument names what it does.
    pub(in crate::node) fn is_container(self) -> bool {
        self.own_flags().has(Flags::CONTAINER)
    }

    const fn own_flags(self) -> Flags {
        match self {
            Self::Data(spec) => spec.flags,
            Self::Admin(spec) => spec.flags,
        }
    }

    /// What the gates ask of a call: of a container, what its subcommand is.
    pub(in crate::node) fn flags(self, args: &[Bytes]) -> Flags {
        let own = self.own_flags();
        if !own.has(Flags::CONTAINER) {
            return own;
        }
        // No gate has learned of a subcommand anew that an older release has.
        facts::of_call(self.name().as_bytes(), args, Profile::V7_2)
            .map_or(own, |facts| facts.gates())
    }

    /// Refuses what names no subcommand of a container, or not as it is called, and what an older
    /// release takes fewer words of.
    pub(in crate::node) fn check_subcommand(
        self,
        args: &[Bytes],
        profile: Profile,
    ) -> Result<(), Refusal> {
        if self.is_container() {
            return facts::check_subcommand(self.name(), args, profile);
        }
        facts::check_arity(self.name(), args.len(), profile)
    }

    pub(in crate::node) fn check_arity(self, count: usize) -> Result<(), Refusal> {
        match self {
            Self::Data(spec) => check_arity(spec, count),
            Self::Admin(spec) => check_arity(spec, count),
        }
    }
}
