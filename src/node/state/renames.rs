//! `rename-command`: what commands are called here.
//!
//! The tables know every command by Redis' own name. A server whose commands are renamed asks here
//! first what a word stands for; one without renames, and that is nearly every server, has nothing
//! to ask. What a client said is shown, kept and sent to replicas as it was said; INFO, COMMAND and
//! the gates go by the name in the table. *Source*: Redis 7.2 · config.c ·
//! loadServerConfigFromString.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::gates::Row;

/// Words that do not stand for the command of that name. A clone shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames(Option<Rc<Meanings>>);

/// What each word stands for, in lower case: a command in the table, or nothing.
type Meanings = BTreeMap<Vec<u8>, Option<&'static str>>;

impl Renames {
    /// Calls `old` from now on `new`, or nothing at all if that is empty. The refusal is in Redis'
    /// words.
    pub fn rename(&mut self, old: &[u8], new: &[u8]) -> Result<(), &'static str> {
        let row = self.meaning(old).and_then(Row::find);
        let name = row.ok_or("No such command in rename-command")?.name();
        let mut meanings = self.0.as_deref().cloned().unwrap_or_default();
        meanings.insert(old.to_ascii_lowercase(), None);
        let renamed = Self(Some(Rc::new(meanings.clone())));
        if renamed.meaning(new).and_then(Row::find).is_some() {
            return Err("Target command name already exists");
        }
        if !new.is_empty() {
            meanings.insert(new.to_ascii_lowercase(), Some(name));
        }
        self.0 = Some(Rc::new(meanings));
        Ok(())
    }

    /// The name in the table that a word stands for; none if it stands for nothing any more. What
    /// nobody has renamed is left as it is, whether there is such a command or not.
    pub(in crate::node) fn meaning<'a>(&self, word: &'a [u8]) -> Option<&'a [u8]> {
        match &self.0 {
            None => Some(word),
            Some(meanings) => sought(meanings, word),
        }
    }

    /// The same of a word that may have a subcommand behind it: `config|get`.
    pub(in crate::node) fn full_meaning<'a>(&self, word: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let Some(at) = word.iter().position(|&byte| byte == b'|') else {
            return self.meaning(word).map(Cow::Borrowed);
        };
        let (container, sub) = word.split_at(at);
        Some(Cow::Owned([self.meaning(container)?, sub].concat()))
    }

    /// True if some word stands for the command, or the part of one, of this name in the table.
    pub(in crate::node) fn reaches(&self, name: &str) -> bool {
        let Some(meanings) = &self.0 else { return true };
        let name = name.split_once('|').map_or(name, |(container, _)| container);
        !meanings.contains_key(name.as_bytes())
            || meanings.values().any(|meaning| *meaning == Some(name))
    }
}

#[inline(never)]
fn sought<'a>(meanings: &Meanings, word: &'a [u8]) -> Option<&'a [u8]> {
    meanings.get(&word.to_ascii_lowercase()).map_or(Some(word), |name| name.map(str::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_goes_by_its_new_name_only() {
        let mut renames = Renames::default();
        assert_eq!(renames.meaning(b"CONFIG"), Some(&b"CONFIG"[..]));
        renames.rename(b"config", b"Secret").unwrap();
        renames.rename(b"FLUSHALL", b"").unwrap();
        assert_eq!(renames.meaning(b"CONFIG"), None);
        assert_eq!(renames.meaning(b"sEcret"), Some(&b"config"[..]));
        assert_eq!(renames.meaning(b"get"), Some(&b"get"[..]));
        assert_eq!(renames.full_meaning(b"secret|get").as_deref(), Some(&b"config|get"[..]));
        assert_eq!(renames.full_meaning(b"config|get"), None);
        assert!(renames.reaches("config|get") && !renames.reaches("flushall"));
    }

    #[test]
    fn names_are_taken_one_line_after_another() {
        let mut renames = Renames::default();
        let gone = Err("No such command in rename-command");
        let taken = Err("Target command name already exists");
        assert_eq!(renames.rename(b"nosuch", b"x"), gone);
        assert_eq!(renames.rename(b"get", b"SET"), taken);
        for (old, new) in [("get", "tmp"), ("set", "get"), ("tmp", "set"), ("set", "SET")] {
            assert_eq!(renames.rename(old.as_bytes(), new.as_bytes()), Ok(()), "{old} {new}");
        }
        assert_eq!(renames.meaning(b"get"), Some(&b"set"[..]));
        assert_eq!(renames.meaning(b"set"), Some(&b"get"[..]));
        assert_eq!(renames.rename(b"tmp", b"x"), gone);
        assert_eq!(renames.rename(b"del", b"get"), taken);
    }
}
