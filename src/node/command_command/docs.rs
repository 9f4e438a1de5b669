//! COMMAND DOCS: what people want to know of each command, a line each in `docs.txt`.
//!
//! ```text
//! name  arguments  complexity  summary  deprecation  history ...
//! ```
//!
//! Tabs are between them, `-` is nothing, and `=` in the line of an older release is what the newer
//! one tells. The summary is that of a subcommand: a command has its own in its row. A deprecation
//! is `!release` and what takes its place, and each entry of the history a release and what came
//! with it. The words are ours, the facts are those that a real server told.

use std::sync::LazyLock;

use super::arguments::{arguments, fields, flags, replies};
use super::facts::Facts;
use super::lines::Lines;
use crate::node::admin_table::command_names;
use crate::node::state::Profile;
use crate::resp::Reply;

/// `COMMAND DOCS [name ...]`: of those that there are.
pub(super) fn docs(wanted: impl Iterator<Item = Facts>) -> Reply {
    let table = command_names();
    let doc = |facts: Facts| {
        let row = table.iter().find(|(name, ..)| *name == facts.name);
        let mut fields = Page::of(&facts).fields(&facts, row.map_or("", |(.., summary)| summary));
        let part = |sub: Facts| {
            let page = Page::of(&sub);
            (Reply::bulk(sub.name), Reply::Map(page.fields(&sub, page.summary)))
        };
        let parts: Vec<_> = facts.subcommands().map(part).collect();
        if !parts.is_empty() {
            fields.push((Reply::bulk("subcommands"), Reply::Map(parts)));
        }
        (Reply::bulk(facts.name), Reply::Map(fields))
    };
    Reply::Map(wanted.map(doc).collect())
}

/// What is told of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Page {
    arguments: &'static str,
    complexity: &'static str,
    summary: &'static str,
    /// True of a command that servers send each other.
    is_internal: bool,
    /// Since when it is deprecated, and what takes its place.
    deprecated: Option<(&'static str, &'static str)>,
    history: Vec<(&'static str, &'static str)>,
}

impl Page {
    fn of(facts: &Facts) -> Self {
        let columns = |line: &'static str| line.split('\t').skip(1).collect::<Vec<_>>();
        let (line, instead) =
            PAGES.find(facts.name.as_bytes(), facts.profile).unwrap_or(("", None));
        let (told, instead) = (columns(line), instead.map(columns).unwrap_or_default());
        let column = |at: usize| {
            let own = instead.get(at).filter(|text| **text != "=").or_else(|| told.get(at));
            own.filter(|text| **text != "-").copied().unwrap_or_default()
        };
        let mut page = Self { arguments: column(0), complexity: column(1), ..Self::default() };
        let rest = instead.get(2..).filter(|rest| !rest.is_empty()).or_else(|| told.get(2..));
        for text in rest.unwrap_or_default() {
            page.note(text, facts.profile);
        }
        page
    }

    /// Takes in what its beginning tells the kind of.
    fn note(&mut self, text: &'static str, profile: Profile) {
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        let known = |release: &str| profile.knows(release);
        if let Some(since) = first.strip_prefix('!') {
            self.deprecated = Some((since, rest)).filter(|(since, _)| known(since));
        } else if first.starts_with(|c: char| c.is_ascii_digit()) {
            self.history.extend(Some((first, rest)).filter(|(since, _)| known(since)));
        } else if text == "syscmd" {
            self.is_internal = true;
        } else if text != "-" {
            self.summary = text;
        }
    }

    fn fields(&self, facts: &Facts, summary: &str) -> Vec<(Reply, Reply)> {
        let text = |text: &str| Some(Reply::bulk(text)).filter(|_| !text.is_empty());
        let (since, instead) = self.deprecated.unwrap_or_default();
        let entry = |(since, what): &(&str, &str)| {
            Reply::Array(vec![Reply::bulk(since), Reply::bulk(what)])
        };
        let history: Vec<Reply> = self.history.iter().map(entry).collect();
        let arguments = Some(arguments(self.arguments)).filter(|all| !all.is_empty());
        fields(vec![
            ("summary", text(summary)),
            ("since", text(facts.since)),
            ("group", text(facts.group)),
            ("complexity", text(self.complexity)),
            (
                "doc_flags",
                flags(&[(self.is_internal, "syscmd"), (self.deprecated.is_some(), "deprecated")]),
            ),
            ("deprecated_since", text(since)),
            ("replaced_by", text(instead)),
            ("history", Some(history).filter(|all| !all.is_empty()).map(Reply::Set)),
            ("arguments", arguments.map(|all| replies(&all, facts.profile == Profile::V7_2))),
        ])
    }
}

static PAGES: LazyLock<Lines> = LazyLock::new(|| Lines::of(include_str!("docs.txt")));

#[cfg(test)]
mod tests {
    use super::super::facts::all;
    use super::*;

    /// Redis tells no complexity of these.
    const UNBOUND: [&str; 5] = ["lolwut", "monitor", "psync", "sync", "xread"];

    #[test]
    fn every_command_has_its_page() {
        for facts in all(Profile::V7_2) {
            let page = Page::of(&facts);
            assert!(!page.complexity.is_empty() || UNBOUND.contains(&facts.name), "{}", facts.name);
            assert_eq!(page.summary.is_empty(), !facts.is_subcommand(), "{}", facts.name);
        }
        assert_eq!(PAGES.names().count(), all(Profile::V7_2).count());
    }

    #[test]
    fn a_release_tells_only_what_it_knows() {
        let of = |name: &str, profile| {
            let facts = super::super::facts::of(name.as_bytes(), profile).expect("it is known");
            Page::of(&facts)
        };
        let (old, new) = (of("quit", Profile::V7_0), of("quit", Profile::V7_2));
        assert_eq!((old.deprecated, new.deprecated.map(|(since, _)| since)), (None, Some("7.2.0")));
        let (old, new) = (of("setnx", Profile::V7_0), of("setnx", Profile::V7_2));
        assert_eq!((old.deprecated, new.deprecated.is_some()), (None, true));
        let (old, new) = (of("xread", Profile::V7_0), of("xread", Profile::V7_2));
        assert_eq!((old.complexity.is_empty(), new.complexity), (false, ""));
        assert_eq!(old.arguments, new.arguments);
        let (old, new) = (of("xinfo|stream", Profile::V7_0), of("xinfo|stream", Profile::V7_2));
        assert_eq!((old.history.len(), new.history.len()), (2, 3));
    }
}
