//! Texts with a line for each command, read when somebody asks.
//!
//! A line begins with the name of its command, and the lines are sorted by it. Behind it may be a
//! line that begins with `name@7.0`: what a release before 7.2 tells instead.

use crate::node::state::Profile;

/// The lines of a text, each behind its name.
pub(super) struct Lines(Vec<(&'static str, &'static str)>);

impl Lines {
    pub(super) fn of(text: &'static str) -> Self {
        Self(text.lines().map(|line| (name_of(line), line)).collect())
    }

    /// The names of all commands.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|line| line.0).filter(|name| !name.contains('@'))
    }

    /// The names of the commands that are parts of `container`. They stand together, for they are
    /// sorted.
    pub(super) fn parts_of(&self, container: &str) -> impl Iterator<Item = &'static str> + use<'_> {
        let start = format!("{container}|");
        let first = self.0.partition_point(|line| *line.0 < *start);
        let behind = self.0[first..].iter().map(|line| line.0);
        let parts = behind.take_while(move |name| name.starts_with(&start));
        parts.filter(|name| !name.contains('@'))
    }

    /// The line of a command, of which `name` is the name in lower case, and what a release tells
    /// instead.
    pub(super) fn find(&self, name: &[u8], profile: Profile) -> Option<(&'static str, Instead)> {
        let at = self.0.binary_search_by(|line| line.0.as_bytes().cmp(name)).ok()?;
        let next = self.0.get(at + 1).filter(|_| profile != Profile::V7_2);
        let instead = next.filter(|line| line.0.as_bytes().strip_prefix(name) == Some(b"@7.0"));
        Some((self.0[at].1, instead.map(|line| line.1)))
    }
}

/// The line of an older release, if it has its own.
pub(super) type Instead = Option<&'static str>;

fn name_of(line: &'static str) -> &'static str {
    line.split([' ', '\t']).next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_sorted_and_that_of_an_older_release_follows_its_command() {
        for text in [include_str!("facts.txt"), include_str!("docs.txt")] {
            assert!(text.lines().map(name_of).is_sorted());
            let mut before = "";
            for name in text.lines().map(name_of) {
                if let Some((name, release)) = name.split_once('@') {
                    assert_eq!((name, release), (before, "7.0"));
                }
                before = name;
            }
        }
    }
}
