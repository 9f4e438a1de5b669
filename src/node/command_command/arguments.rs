//! The arguments of a command, as `docs.txt` writes them and COMMAND DOCS answers them.
//!
//! The notation is the manual's with a name for everything that COMMAND DOCS names:
//!
//! ```text
//! member                     a value of this name; its name says of which type it is
//! increment:double           a value whose name does not
//! addr"ip:port"              a value that people know by another name
//! WITHSCORES                 a word
//! change=CH                  a word that does not name itself
//! EX seconds                 a value behind a word
//! range(start end)           all of these
//! where(LEFT|RIGHT)          one of these
//! [COUNT count]              may be left out
//! key...                     once or more
//! GET... pattern             once or more, each time with its word
//! NX@2.6.12                  since this release
//! ip:port!2.8.12             deprecated since this release
//! pattern#1                  has to do with this specification of keys
//! ```
//!
//! Keys belong to the specifications in their order, unless a `#` says otherwise.

use crate::resp::Reply;

/// An argument, or several that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    name: String,
    kind: Kind,
    /// What people call it, if that is not its name.
    shown: Option<&'static str>,
    /// The specification that finds the key.
    key_index: Option<i64>,
    /// The word that stands before it, or that it is.
    token: Option<&'static str>,
    optional: bool,
    multiple: bool,
    /// Its word comes again each time.
    multiple_token: bool,
    since: Option<&'static str>,
    deprecated_since: Option<&'static str>,
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
pub(super) fn arguments(usage: &'static str) -> Vec<Argument> {
    let mut reader = Reader { rest: usage, keys: 0 };
    if usage.is_empty() { Vec::new() } else { reader.parts().0 }
}

/// The arguments as a reply, with the names that people know if the release tells them.
pub(super) fn replies(arguments: &[Argument], with_shown: bool) -> Reply {
    Reply::Array(arguments.iter().map(|argument| argument.reply(with_shown)).collect())
}

impl Argument {
    const fn new(name: String, kind: Kind) -> Self {
        Self {
            name,
            kind,
            shown: None,
            key_index: None,
            token: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            since: None,
            deprecated_since: None,
        }
    }

    fn reply(&self, with_shown: bool) -> Reply {
        let (kind, parts) = match &self.kind {
            Kind::Value(kind) => (*kind, None),
            Kind::Token => ("pure-token", None),
            Kind::OneOf(parts) => ("oneof", Some(parts)),
            Kind::Block(parts) => ("block", Some(parts)),
        };
        let shown = self.shown.unwrap_or(&self.name);
        let shown = Some(shown).filter(|_| with_shown && parts.is_none());
        let text = |text: &str| Some(Reply::bulk(text));
        Reply::Map(fields(vec![
            ("name", text(&self.name)),
            ("type", text(kind)),
            ("display_text", shown.and_then(text)),
            ("key_spec_index", self.key_index.map(Reply::Integer)),
            ("token", self.token.and_then(text)),
            ("since", self.since.and_then(text)),
            ("deprecated_since", self.deprecated_since.and_then(text)),
            (
                "flags",
                flags(&[
                    (self.optional, "optional"),
                    (self.multiple, "multiple"),
                    (self.multiple_token, "multiple_token"),
                ]),
            ),
            ("arguments", parts.map(|parts| replies(parts, with_shown))),
        ]))
    }
}

/// The fields of a map that are there.
pub(super) fn fields(all: Vec<(&str, Option<Reply>)>) -> Vec<(Reply, Reply)> {
    all.into_iter().filter_map(|(name, value)| Some((Reply::bulk(name), value?))).collect()
}

/// Those of the flags that are set, if any is.
pub(super) fn flags(all: &[(bool, &'static str)]) -> Option<Reply> {
    let set = all.iter().filter(|(set, _)| *set);
    let set: Vec<Reply> = set.map(|(_, flag)| Reply::Simple((*flag).into())).collect();
    Some(set).filter(|set| !set.is_empty()).map(Reply::Set)
}

/// The type of a value of this name.
fn type_of(name: &str) -> &'static str {
    let has = |names: &str| names.split(' ').any(|one| one == name);
    let found = NAMES.iter().find(|(_, names)| has(names));
    found.map_or("string", |(kind, _)| kind)
}

/// The names of values that are no strings.
const NAMES: [(&str, &str); 5] = [
    (
        "integer",
        "bit bits client-id cluster-bus-port cluster_bus_port config-epoch count cursor db \
         decrement destination-db end end-slot entries-added entries-read entries_added \
         entries_read entriesread frequency increment index index1 index2 len limit milliseconds \
         min-match-len ms num-matches numkeys numlocal numreplicas offset port protover rank \
         seconds slot start start-slot stop ttl version weight",
    ),
    ("double", "height latitude longitude radius score timeout width"),
    (
        "key",
        "destination destkey dst key key1 key2 keys newkey source sourcekey src storedistkey \
         storekey",
    ),
    ("pattern", "by-pattern get-pattern pattern"),
    ("unix-time", "unix-time-milliseconds unix-time-seconds"),
];

/// The type that is called so.
fn type_named(name: &str) -> Option<&'static str> {
    let types = ["string", "integer", "double", "key", "pattern", "unix-time"];
    types.into_iter().find(|one| *one == name)
}

/// What has not been read of a usage.
struct Reader {
    rest: &'static str,
    /// The specification of the next key.
    keys: i64,
}

impl Reader {
    /// Reads arguments up to the end, or to what closes them; true if one of them is chosen.
    fn parts(&mut self) -> (Vec<Argument>, bool) {
        let (mut parts, mut is_choice) = (vec![self.part()], false);
        loop {
            if self.skip("|") {
                is_choice = true;
            } else if !self.skip(" ") {
                return (parts, is_choice);
            }
            parts.push(self.part());
        }
    }

    /// Reads one argument.
    fn part(&mut self) -> Argument {
        let optional = self.skip("[");
        let mut argument = self.body();
        argument.optional = optional;
        if self.skip("@") {
            argument.since = Some(self.until(&[' ', '|', ')', ']', '!']));
        }
        if self.skip("!") {
            argument.deprecated_since = Some(self.until(&[' ', '|', ')', ']']));
        }
        if optional {
            self.skip("]");
        }
        argument
    }

    /// Reads a word, or a value with the word before it.
    fn body(&mut self) -> Argument {
        let word = self.until(&[' ', '|', '(', ')', '[', ']', '@', '!', '#', '"', '=', '.']);
        if self.skip("=") {
            let token = Some(self.until(&[' ', '|', ')', ']', '@']));
            return Argument { token, ..Argument::new(word.to_owned(), Kind::Token) };
        }
        if !is_token(word) {
            return self.value(word);
        }
        let multiple_token = self.skip("...");
        if self.rest.starts_with(' ') && self.rest[1..].starts_with(|c: char| c.is_lowercase()) {
            self.skip(" ");
            let value = self.body();
            let multiple = value.multiple || multiple_token;
            return Argument { token: Some(word), multiple, multiple_token, ..value };
        }
        Argument { token: Some(word), ..Argument::new(word.to_ascii_lowercase(), Kind::Token) }
    }

    /// Reads what follows the name of a value, or of a group.
    fn value(&mut self, word: &'static str) -> Argument {
        if self.skip("(") {
            let (parts, is_choice) = self.parts();
            self.skip(")");
            let kind = if is_choice { Kind::OneOf(parts) } else { Kind::Block(parts) };
            let multiple = self.skip("...");
            return Argument { multiple, ..Argument::new(word.to_owned(), kind) };
        }
        let shown = self.skip("\"").then(|| self.until(&['"']));
        self.skip("\"");
        let typed = word.rsplit_once(':').and_then(|(name, kind)| Some((name, type_named(kind)?)));
        let (name, kind) = typed.unwrap_or_else(|| (word, type_of(word)));
        let index = self.skip("#").then(|| self.until(&[' ', '|', ')', ']', '@', '!', '.']));
        let index = index.and_then(|index| index.parse().ok());
        let key_index = index.or_else(|| (kind == "key").then_some(self.keys));
        if let (Some(index), "key") = (key_index, kind) {
            self.keys = index + 1;
        }
        let multiple = self.skip("...");
        let argument = Argument::new(name.to_owned(), Kind::Value(kind));
        Argument { shown, key_index, multiple, ..argument }
    }

    /// Skips this, if it is next.
    fn skip(&mut self, what: &str) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads up to one of these, or to the end.
    fn until(&mut self, ends: &[char]) -> &'static str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (read, rest) = self.rest.split_at(end);
        self.rest = rest;
        read
    }
}

/// Words in capitals are typed as they are.
fn is_token(word: &str) -> bool {
    !word.chars().any(|c| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An argument in the notation that it was read from, without its types.
    fn shown(argument: &Argument) -> String {
        let among = |parts: &[Argument], between: &str| {
            let parts: Vec<String> = parts.iter().map(shown).collect();
            format!("{}({})", argument.name, parts.join(between))
        };
        let own = match &argument.kind {
            Kind::Value(_) => argument.name.clone(),
            Kind::Token => String::new(),
            Kind::OneOf(parts) => among(parts, "|"),
            Kind::Block(parts) => among(parts, " "),
        };
        let again = |is: bool| if is { "..." } else { "" };
        let word = argument.token.map(|word| format!("{word}{}", again(argument.multiple_token)));
        let own = format!("{own}{}", again(argument.multiple && !argument.multiple_token));
        let mut text = [word.unwrap_or_default(), own].join(" ").trim().to_owned();
        text.extend(argument.since.map(|since| format!("@{since}")));
        text.extend(argument.deprecated_since.map(|since| format!("!{since}")));
        if argument.optional { format!("[{text}]") } else { text }
    }

    #[test]
    fn the_notation_is_read() {
        for usage in [
            "key",
            "key value [condition(NX|XX)@2.6.12] [GET@6.2.0] [expiration(EX ms|KEEPTTL@6.0.0)]",
            "key...",
            "data(key value)...",
            "numkeys key... where(LEFT|RIGHT) [COUNT count]",
            "[OVERFLOW overflow(WRAP|SAT|FAIL)]",
            "key [GET... pattern] [limit(offset count)]",
            "filter(ip:port!2.8.12|id...@6.2.0!7.0.0)",
            "no-one(NO ONE)",
        ] {
            let read: Vec<String> = arguments(usage).iter().map(shown).collect();
            assert_eq!(read.join(" "), usage);
        }
    }

    #[test]
    fn a_name_tells_the_type_unless_another_is_told() {
        let read = arguments("key start start:string by-pattern\"pattern\"#1 destination");
        let told: Vec<_> = read.iter().map(|one| (&*one.name, one.shown, one.key_index)).collect();
        let expected = [
            ("key", None, Some(0)),
            ("start", None, None),
            ("start", None, None),
            ("by-pattern", Some("pattern"), Some(1)),
            ("destination", None, Some(1)),
        ];
        assert_eq!(told, expected);
        let kinds: Vec<Kind> = read.into_iter().map(|one| one.kind).collect();
        let expected = ["key", "integer", "string", "pattern", "key"].map(Kind::Value);
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_word_that_does_not_name_itself_is_named() {
        for (usage, name, word) in
            [("change=CH", "change", "CH"), ("equal==", "equal", "="), ("none=", "none", "")]
        {
            let [argument] = &arguments(usage)[..] else { panic!("{usage}") };
            assert_eq!((&*argument.name, argument.token), (name, Some(word)));
        }
    }

    #[test]
    fn every_usage_is_read_to_its_end() {
        let mut count = 0;
        for line in include_str!("docs.txt").lines() {
            let usage = line.split('\t').nth(1).expect("a line has columns");
            if !["-", "="].contains(&usage) {
                let mut reader = Reader { rest: usage, keys: 0 };
                reader.parts();
                assert_eq!(reader.rest, "", "{line}");
                count += 1;
            }
        }
        assert!(count > 300, "{count}");
    }
}
