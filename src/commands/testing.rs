//! A keyspace to try commands on, for the tests of this room.

use super::{Block, Call, Effects, Event, Flags, Settings, Viewer, check_arity, execute, lookup};
use crate::keyspace::{Keyspace, Millis};
use crate::random::Random;
use crate::rdb::Version;
use crate::resp::{Bytes, Protocol, Reply, split_words};

/// All that a call needs beside its arguments, and what the last one left behind.
pub(super) struct Bench {
    pub(super) keyspace: Keyspace,
    pub(super) now: Millis,
    pub(super) viewer: Viewer,
    pub(super) protocol: Protocol,
    pub(super) may_block: bool,
    pub(super) settings: Settings,
    pub(super) relative_expiries: bool,
    /// What the last command lets the stream carry.
    pub(super) stream: Vec<Vec<Bytes>>,
    /// The wait that the last command asked for.
    pub(super) block: Option<Block>,
    /// What the last command says has happened.
    pub(super) events: Vec<Event>,
    random: Random,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            keyspace: Keyspace::new(16),
            now: 1_000_000,
            viewer: Viewer::Owner,
            protocol: Protocol::Resp2,
            may_block: true,
            settings: Settings::default(),
            relative_expiries: false,
            stream: Vec::new(),
            block: None,
            events: Vec::new(),
            random: Random::new(1),
        }
    }
}

impl Bench {
    /// Runs a line of words.
    pub(super) fn reply(&mut self, line: &str) -> Reply {
        let words = split_words(line.as_bytes()).unwrap();
        let args: Vec<Bytes> = words.into_iter().map(Bytes::from).collect();
        let spec = lookup(&args[0]).unwrap_or_else(|| panic!("no command {line}"));
        check_arity(spec, args.len()).unwrap();
        let mut effects = Effects::default();
        let mut call = Call {
            keyspace: &mut self.keyspace,
            db: 0,
            now: self.now,
            viewer: self.viewer,
            protocol: self.protocol,
            may_block: self.may_block,
            by_script: false,
            reads: spec.flags.has(Flags::READONLY),
            args: &args,
            random: &mut self.random,
            rdb_version: Version::V11,
            relative_expiries: self.relative_expiries,
            rewrites_stamps: self.relative_expiries,
            settings: &self.settings,
            notes_use: true,
            tells_touched: true,
            effects: &mut effects,
        };
        let reply = execute(spec, &mut call);
        self.stream = effects.expired.into_iter().map(|(_, args)| args).collect();
        if effects.dirty > 0 || effects.forced {
            self.stream.extend(effects.rewritten.unwrap_or_else(|| vec![args]));
        }
        self.block = effects.block.map(|block| *block);
        self.events = effects.events;
        reply
    }

    /// Runs a line of words, and shows the reply.
    pub(super) fn run(&mut self, line: &str) -> String {
        show(&self.reply(line))
    }

    /// What the last command lets the stream carry, as lines.
    pub(super) fn streamed(&self) -> Vec<String> {
        let word = |word: &Bytes| String::from_utf8_lossy(word).into_owned();
        let line = |args: &Vec<Bytes>| args.iter().map(word).collect::<Vec<_>>().join(" ");
        self.stream.iter().map(line).collect()
    }
}

/// The text of a bulk string.
pub(super) fn text(reply: &Reply) -> String {
    let Reply::Bulk(bytes) = reply else { panic!("no bulk string: {reply:?}") };
    String::from_utf8_lossy(bytes).into_owned()
}

fn show(reply: &Reply) -> String {
    let all = |items: &[Reply]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    match reply {
        Reply::Silent => "(silent)".to_owned(),
        Reply::Several(replies) => replies.iter().map(show).collect::<Vec<_>>().join(" "),
        Reply::Simple(text) => text.to_string(),
        Reply::Error(text) => format!("(error) {text}"),
        Reply::Integer(number) => format!("(integer) {number}"),
        Reply::Bulk(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Reply::Null => "(nil)".to_owned(),
        Reply::NullArray => "(nil array)".to_owned(),
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => format!("[{}]", all(items)),
        Reply::Decimal(digits) => format!("\"{digits}\""),
        Reply::BigNumber(digits) => digits.to_string(),
        Reply::Map(pairs) | Reply::Attribute(pairs) => {
            let pair = |(name, value): &(Reply, Reply)| format!("{}: {}", show(name), show(value));
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Reply::Double(value) => format!("(double) {}", crate::resp::format_double(*value)),
        Reply::Boolean(value) => value.to_string(),
        Reply::Verbatim(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
