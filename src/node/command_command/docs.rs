//! COMMAND DOCS: the arguments of a command, as clients want them for their hints.
//!
//! The table says how a command is used in the manual's notation, `key [EX seconds|PX ms]`; here
//! it is read into the tree that DOCS answers.

use crate::resp::{Bytes, Reply};

/// An argument, or several that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    name: String,
    kind: Kind,
    /// The word that stands before it.
    token: Option<String>,
    optional: bool,
    multiple: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A value of this type.
    Value(&'static str),
    /// A word that stands for itself.
    Token,
    /// One of several.
    OneOf(Vec<Argument>),
    /// All of several.
    Block(Vec<Argument>),
}

/// The arguments that a usage describes.
pub(super) fn arguments(usage: &str) -> Vec<Argument> {
    let mut words = Words { rest: usage };
    words.sequence()
}

/// The arguments as a reply.
pub(super) fn replies(arguments: &[Argument]) -> Reply {
    Reply::Array(arguments.iter().map(Argument::reply).collect())
}

impl Argument {
    fn value(name: &str) -> Self {
        let kind = Kind::Value(type_of(name));
        Self { name: name.to_owned(), kind, token: None, optional: false, multiple: false }
    }

    fn token(word: &str) -> Self {
        let name = word.to_ascii_lowercase();
        let token = Some(word.to_owned());
        Self { name, kind: Kind::Token, token, optional: false, multiple: false }
    }

    /// Several as one.
    fn group(kind: Kind) -> Self {
        let name = match &kind {
            Kind::OneOf(parts) | Kind::Block(parts) => parts.first().map(|part| part.name.clone()),
            Kind::Value(_) | Kind::Token => None,
        };
        let name = name.unwrap_or_default();
        Self { name, kind, token: None, optional: false, multiple: false }
    }

    /// What alternatives, each a sequence, amount to.
    fn alternatives(mut sequences: Vec<Vec<Self>>) -> Self {
        let one = |mut sequence: Vec<Self>| match sequence.len() {
            1 => sequence.remove(0),
            _ => Self::group(Kind::Block(sequence)),
        };
        if sequences.len() == 1 {
            return one(sequences.remove(0));
        }
        Self::group(Kind::OneOf(sequences.into_iter().map(one).collect()))
    }

    fn reply(&self) -> Reply {
        let (kind, parts) = match &self.kind {
            Kind::Value(kind) => (*kind, None),
            Kind::Token => ("pure-token", None),
            Kind::OneOf(parts) => ("oneof", Some(parts)),
            Kind::Block(parts) => ("block", Some(parts)),
        };
        let mut fields = vec![
            (Reply::bulk("name"), Reply::bulk(&self.name)),
            (Reply::bulk("type"), Reply::bulk(kind)),
        ];
        if matches!(self.kind, Kind::Value(_)) {
            fields.push((Reply::bulk("display_text"), Reply::bulk(&self.name)));
        }
        if let Some(token) = &self.token {
            fields.push((Reply::bulk("token"), Reply::bulk(token)));
        }
        let flags = [(self.optional, "optional"), (self.multiple, "multiple")];
        let flags = flags.into_iter().filter(|(set, _)| *set);
        let flags: Vec<Reply> = flags.map(|(_, flag)| Reply::Simple(flag.into())).collect();
        if !flags.is_empty() {
            fields.push((Reply::bulk("flags"), Reply::Set(flags)));
        }
        if let Some(parts) = parts {
            fields.push((Reply::bulk("arguments"), replies(parts)));
        }
        Reply::Map(fields)
    }
}

/// The type of a value, as far as its name tells.
fn type_of(name: &str) -> &'static str {
    match name {
        "key" | "newkey" | "source" | "destination" | "destkey" | "sourcekey" | "key1" | "key2" => {
            "key"
        }
        "pattern" => "pattern",
        "seconds" | "milliseconds" | "count" | "index" | "start" | "stop" | "end" | "offset"
        | "numkeys" | "db" | "timeout" | "cursor" | "numreplicas" | "port" => "integer",
        "increment" | "score" | "longitude" | "latitude" | "radius" | "width" | "height" => {
            "double"
        }
        _ => "string",
    }
}

/// What has not been read of a usage.
struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// Reads up to the end, a bar, or a bracket that is closed.
    fn sequence(&mut self) -> Vec<Argument> {
        let mut arguments: Vec<Argument> = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(['|', ']']) {
                return arguments;
            }
            if let Some(rest) = self.rest.strip_prefix('[') {
                self.rest = rest;
                self.bracket(&mut arguments);
                continue;
            }
            let word = self.word();
            match (word.as_str(), arguments.last_mut()) {
                ("...", Some(last)) => last.multiple = true,
                ("...", None) => {}
                (word, Some(before))
                    if before.kind == Kind::Token && !is_token(word) && !before.optional =>
                {
                    let token = before.token.take();
                    *before = Argument { token, ..Argument::value(word) };
                }
                (word, _) if is_token(word) => arguments.push(self.tokens(word)),
                (word, _) => arguments.push(Argument::value(word)),
            }
        }
    }

    /// A word in capitals, or several of which one is to be chosen.
    fn tokens(&mut self, first: &str) -> Argument {
        let mut choice = vec![Argument::token(first)];
        while let Some(rest) = self.rest.strip_prefix('|')
            && rest.starts_with(|c: char| c.is_ascii_uppercase())
        {
            self.rest = rest;
            let word = self.word();
            choice.push(Argument::token(&word));
        }
        match choice.len() {
            1 => choice.remove(0),
            _ => Argument::group(Kind::OneOf(choice)),
        }
    }

    /// What stands in brackets may be left out. If it repeats what stands before it, that may come
    /// more than once.
    fn bracket(&mut self, before: &mut Vec<Argument>) {
        let mut sequences = vec![self.sequence()];
        while let Some(rest) = self.rest.strip_prefix('|') {
            self.rest = rest;
            sequences.push(self.sequence());
        }
        self.rest = self.rest.strip_prefix(']').unwrap_or(self.rest);
        let names = |of: &[Argument]| of.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let [inner] = sequences.as_slice() else {
            let choice = Argument::alternatives(sequences);
            return before.push(Argument { optional: true, ..choice });
        };
        let start = before.len().saturating_sub(inner.len());
        let repeats = inner.last().is_some_and(|last| last.multiple)
            && names(&before[start..]) == names(inner);
        if repeats {
            let repeated = before.split_off(start);
            let all = Argument::alternatives(vec![repeated]);
            return before.push(Argument { multiple: true, ..all });
        }
        if !inner.is_empty() {
            let all = Argument::alternatives(sequences);
            before.push(Argument { optional: true, ..all });
        }
    }

    fn word(&mut self) -> String {
        let end = self.rest.find([' ', '[', ']', '|']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end.max(1).min(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }
}

/// Words in capitals are typed as they are.
fn is_token(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_uppercase()) && !word.chars().any(|c| c.is_ascii_lowercase())
}

/// How a subcommand is used, and what it does: a line of `parts.txt`.
pub(super) fn part(name: &str) -> (&'static str, &'static str) {
    let found =
        PARTS.lines().find_map(|line| line.split_once('\t').filter(|(own, _)| *own == name));
    found.and_then(|(_, rest)| rest.split_once('\t')).unwrap_or_default()
}

const PARTS: &str = include_str!("parts.txt");

/// The documentation of a command.
pub(super) fn doc(summary: &str, usage: &str, since: &str, group: &str) -> Vec<(Reply, Reply)> {
    let field =
        |name: &str, text: &str| (Reply::bulk(name), Reply::bulk(Bytes::from(text.as_bytes())));
    let mut fields = Vec::new();
    if !summary.is_empty() {
        fields.push(field("summary", summary));
    }
    fields.extend([field("since", since), field("group", group)]);
    let arguments = arguments(usage);
    if !arguments.is_empty() {
        fields.push((Reply::bulk("arguments"), replies(&arguments)));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::state::Profile;

    /// An argument in the manual's notation again.
    fn shown(arguments: &[Argument]) -> String {
        let one = |argument: &Argument| {
            let inner = match &argument.kind {
                Kind::Value(_) => argument.name.clone(),
                Kind::Token => String::new(),
                Kind::OneOf(parts) => parts
                    .iter()
                    .map(|p| shown(std::slice::from_ref(p)))
                    .collect::<Vec<_>>()
                    .join("|"),
                Kind::Block(parts) => shown(parts),
            };
            let text = [argument.token.clone().unwrap_or_default(), inner].join(" ");
            let text = text.trim().to_owned();
            let text = if argument.multiple { format!("{text} [{text} ...]") } else { text };
            if argument.optional { format!("[{text}]") } else { text }
        };
        arguments.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_subcommand_is_described_and_its_usage_is_read_to_its_end() {
        let parts =
            super::super::facts::all(Profile::V7_2).filter(super::super::Facts::is_subcommand);
        for facts in parts {
            let (usage, summary) = part(facts.name);
            assert!(!summary.is_empty(), "{} has no summary", facts.name);
            let mut words = Words { rest: usage };
            words.sequence();
            assert_eq!(words.rest, "", "{}: {usage}", facts.name);
        }
    }

    #[test]
    fn the_manuals_notation_is_read() {
        for usage in [
            "key",
            "key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]",
            "key [key ...]",
            "key value [key value ...]",
            "numkeys key [key ...] LEFT|RIGHT [COUNT count]",
            "[LIMIT offset count]",
            "source destination [DB destination-db] [REPLACE]",
        ] {
            assert_eq!(shown(&arguments(usage)), usage);
        }
    }

    #[test]
    fn the_usage_of_every_command_is_read_to_its_end() {
        for (name, usage, _) in crate::node::admin_table::command_names() {
            let mut words = Words { rest: usage };
            words.sequence();
            // What begins with alternatives on the top is the usage of a container.
            assert!(words.rest.is_empty() || words.rest.starts_with('|'), "{name}: {usage}");
        }
    }
}
