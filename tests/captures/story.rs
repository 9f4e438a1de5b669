//! A recorded story, and how far it has been told again.
//!
//! The recording shows what was looked at, not what was done: that is played in `scenarios`, which
//! says for each recorded line when it is to be compared.

use std::collections::BTreeMap;

use replica_lab::node::Setup;
use replica_lab::resp::Reply;
use replica_lab::time::Instant;

use crate::python;
use crate::stage::Stage;

/// A recorded line, or the lines of one log that stand together.
#[derive(Clone, Debug)]
enum Recorded {
    /// A label and what was seen.
    Seen(String, String),
    /// Whose log, and its lines.
    Log(String, Vec<String>),
}

/// A story.
pub(crate) struct Story {
    pub(crate) stage: Stage,
    name: String,
    recorded: Vec<Option<Recorded>>,
    /// Our ids, by the beginnings that were recorded.
    ids: BTreeMap<String, String>,
}

impl Story {
    /// The story whose name begins with `number`.
    pub(crate) fn open(number: u32) -> Self {
        let file = include_str!("scenarios.txt");
        let begin = format!("=== {number} ");
        let text = file.split("\n=== ").find(|text| text.starts_with(&begin[4..]));
        let text = text.unwrap_or_else(|| panic!("there is no story {number}"));
        let (name, lines) = text.split_once('\n').expect("a story has lines");
        let mut recorded: Vec<Option<Recorded>> = Vec::new();
        for line in lines.lines().filter(|line| !line.is_empty()) {
            let line = line.trim_start();
            if let Some((actor, text)) = line.split_once("| ").filter(|(actor, _)| actor.len() < 4)
            {
                let (actor, text) = (actor.trim(), text.to_owned());
                match recorded.last_mut() {
                    Some(Some(Recorded::Log(same, lines))) if same == actor => lines.push(text),
                    _ => recorded.push(Some(Recorded::Log(actor.to_owned(), vec![text]))),
                }
            } else if let Some(fields) = line.strip_prefix("stats ") {
                recorded.push(Some(Recorded::Seen("stats".to_owned(), fields.to_owned())));
            } else if let Some((label, seen)) = line.split_once(": ") {
                recorded.push(Some(Recorded::Seen(label.to_owned(), seen.to_owned())));
            }
        }
        let stage = Stage::new(Instant::from_millis(1_795_402_800_000));
        Self { stage, name: name.to_owned(), recorded, ids: BTreeMap::new() }
    }

    /// Starts a server with options.
    pub(crate) fn start(&mut self, name: &'static str, options: &[(&str, &str)]) {
        self.start_with(name, options, |_| {});
    }

    pub(crate) fn start_with(
        &mut self,
        name: &'static str,
        options: &[(&str, &str)],
        more: impl FnOnce(&mut Setup),
    ) {
        self.stage.start(name, |setup| {
            for (name, value) in options {
                setup.config.set_at_start(name, value).expect("the option is known");
            }
            more(setup);
        });
    }

    /// A line of words to a server.
    pub(crate) fn ask(&mut self, name: &str, line: &str) -> Reply {
        self.stage.ask(name, line)
    }

    /// A line of words to a server, which it must obey.
    pub(crate) fn order(&mut self, name: &str, line: &str) {
        let reply = self.ask(name, line);
        assert!(!matches!(reply, Reply::Error(_)), "{}: {name}> {line}: {reply:?}", self.name);
    }

    /// Compares what a command answers with what was recorded under a label.
    pub(crate) fn says(&mut self, label: &str, name: &str, line: &str) {
        let reply = self.ask(name, line);
        let text = shown(&reply);
        self.seen(label, &text);
    }

    /// Compares a text with what was recorded under a label.
    pub(crate) fn seen(&mut self, label: &str, text: &str) {
        let wanted = self.take_seen(label);
        assert_eq!(text, wanted, "{}: {label}", self.name);
    }

    /// Compares a line of `name=value` words, but for some values, with what was recorded.
    pub(crate) fn seen_but_for(&mut self, label: &str, text: &str, names: &[&str]) {
        let masked = |line: &str| {
            let word = |word: &str| match word.split_once('=') {
                Some((name, _)) if names.contains(&name) => format!("{name}=…"),
                _ => word.to_owned(),
            };
            line.trim_start_matches("b'")
                .trim_end_matches("\\n'")
                .split(' ')
                .map(word)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let wanted = masked(&self.take_seen(label));
        assert_eq!(masked(text), wanted, "{}: {label}", self.name);
    }

    /// Compares `INFO replication` with the fields that were recorded.
    pub(crate) fn info(&mut self, name: &str, label: &str) {
        let label = format!("INFO {label}");
        self.fields(name, &label, "replication");
    }

    /// Compares fields of a section of INFO with those that were recorded.
    pub(crate) fn fields(&mut self, name: &str, label: &str, section: &str) {
        let Reply::Bulk(info) = self.ask(name, &format!("INFO {section}")) else {
            panic!("{}: INFO is no bulk string", self.name);
        };
        let info = String::from_utf8_lossy(&info).into_owned();
        let own: BTreeMap<&str, &str> =
            info.lines().filter_map(|line| line.split_once(':')).collect();
        let wanted = self.take_seen(label);
        let fields = wanted.trim_matches(['{', '}']).split(", '");
        for (field, value) in fields.filter_map(|field| field.split_once("': ")) {
            let (field, value) = (field.trim_matches('\''), value.trim_matches('\''));
            let got = own.get(field).copied().unwrap_or("(no such field)");
            let same = match value.strip_suffix("..") {
                Some(begin) => self.is_id(begin, got),
                None => without_lag(got) == without_lag(value) || is_time(field),
            };
            assert!(same, "{}: {label}: {field} is {got}, recorded: {value}\n{info}", self.name);
        }
        let lists_all = wanted.contains("'role'");
        let names = |field: &&str| wanted.contains(&format!("'{field}':"));
        let unknown: Vec<&str> = own.keys().copied().filter(|field| !names(field)).collect();
        assert!(!lists_all || unknown.is_empty(), "{}: {label}: more: {unknown:?}", self.name);
    }

    /// Compares ROLE.
    pub(crate) fn role(&mut self, name: &str, label: &str) {
        self.says(&format!("ROLE {label}"), name, "ROLE");
    }

    /// Compares what a server has logged since the last look with the next recorded lines.
    pub(crate) fn log(&mut self, name: &str) {
        self.compare_log(name, name, |lines| lines);
    }

    /// The same, for a log in which the time that passes repeats some lines: once is enough.
    pub(crate) fn log_with_cycles(&mut self, name: &str, cycle: usize) {
        self.compare_log(name, name, |lines| without_cycles(lines, cycle));
    }

    fn compare_log(
        &mut self,
        name: &str,
        recorded_name: &str,
        mask: impl Fn(Vec<String>) -> Vec<String>,
    ) {
        let at = self.recorded.iter().position(
            |recorded| matches!(recorded, Some(Recorded::Log(whose, _)) if whose == recorded_name),
        );
        let at = at.unwrap_or_else(|| panic!("{}: no lines of {recorded_name}", self.name));
        let Some(Recorded::Log(_, wanted)) = self.recorded[at].take() else { return };
        let got = std::mem::take(&mut self.stage.actor(name).log);
        let got = mask(got.iter().map(|line| masked(&without_date(line))).collect());
        let wanted = mask(wanted.iter().map(|line| masked(line)).collect());
        let same = got.len() == wanted.len()
            && got.iter().zip(&wanted).all(|(ours, line)| self.is_line(ours, line));
        assert!(
            same,
            "{}: the log of {name}\n--- recorded\n{}\n--- ours\n{}",
            self.name,
            wanted.join("\n"),
            got.join("\n")
        );
    }

    /// Forgets what a server has logged.
    pub(crate) fn drop_log(&mut self, name: &str) {
        self.stage.actor(name).log.clear();
    }

    /// Leaves out what a server says whenever it starts: the recordings do.
    pub(crate) fn drop_start(&mut self, name: &str) {
        const START: [&str; 4] =
            ["Redis version=", "Running mode=", "Server initialized", "Ready to accept"];
        let starts = |line: &String| START.iter().any(|text| line.contains(text));
        self.stage.actor(name).log.retain(|line| !starts(line));
    }

    /// What was recorded under a label, for a comparison of its own.
    pub(crate) fn recorded(&mut self, label: &str) -> String {
        self.take_seen(label)
    }

    /// Every recorded line has been compared.
    pub(crate) fn end(self) {
        let left: Vec<&Recorded> = self.recorded.iter().flatten().collect();
        assert!(left.is_empty(), "{}: not compared: {left:#?}", self.name);
    }

    fn take_seen(&mut self, label: &str) -> String {
        let at = self.recorded.iter().position(
            |recorded| matches!(recorded, Some(Recorded::Seen(name, _)) if name == label),
        );
        let at = at.unwrap_or_else(|| panic!("{}: nothing is recorded as {label}", self.name));
        match self.recorded[at].take() {
            Some(Recorded::Seen(_, seen)) => seen,
            other => panic!("{other:?}"),
        }
    }

    /// True if `got` is the id that was recorded by its beginning, here and everywhere before.
    fn is_id(&mut self, begin: &str, got: &str) -> bool {
        let begin = &begin[..4];
        if begin == "0000" || got.starts_with("0000") {
            return got == "0".repeat(40) && begin == "0000";
        }
        got == self.ids.entry(begin.to_owned()).or_insert_with(|| got.to_owned()).as_str()
    }

    /// True if a line of ours is the recorded one; `<id:abcd>` stands for an id.
    fn is_line(&mut self, ours: &str, recorded: &str) -> bool {
        let (mut ours, mut recorded) = (ours, recorded);
        while let Some((before, rest)) = recorded.split_once("<id:") {
            let Some(after) = ours.strip_prefix(before).filter(|after| after.len() >= 40) else {
                return false;
            };
            let (id, after) = after.split_at(40);
            if !self.is_id(&rest[..4], id) {
                return false;
            }
            (ours, recorded) = (after, &rest[5..]);
        }
        ours == recorded
    }
}

/// Lines without those that repeat the `cycle` lines before them.
fn without_cycles(mut lines: Vec<String>, cycle: usize) -> Vec<String> {
    let mut at = 0;
    while at + 2 * cycle <= lines.len() {
        if lines[at..at + cycle] == lines[at + cycle..at + 2 * cycle] {
            lines.drain(at..at + cycle);
        } else {
            at += 1;
        }
    }
    lines
}

/// A reply as these recordings show it: errors without a sign.
pub(crate) fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Error(text) => text.to_string(),
        _ => python::reply(reply),
    }
}

/// A line of the log from the role on.
fn without_date(line: &str) -> String {
    let (process, rest) = line.split_once(' ').expect("a line has a date");
    let role = process.split_once(':').expect("a line has a role").1;
    if role == "signal-handler" {
        return line.to_owned();
    }
    format!("{role} {}", rest.splitn(5, ' ').last().expect("a line has a text"))
}

/// A line without what differs by nature: ages, process ids, clients, and how much memory another
/// server's allocator takes.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    for (begin, end) in [
        ("RDB age ", " seconds"),
        ("RDB memory usage when created ", " Mb"),
        ("started by pid ", ""),
        ("request from '", "')"),
        ("# Client ", " scheduled to be closed"),
        ("Replica request was: ", ")."),
        ("DB loaded from disk: ", " seconds"),
    ] {
        if let Some((before, rest)) = line.split_once(begin) {
            let after =
                if end.is_empty() { "" } else { rest.split_once(end).map_or("", |(_, a)| a) };
            line = format!("{before}{begin}<…>{end}{after}");
        }
    }
    if let Some((_, text)) = line.split_once(":signal-handler (") {
        line = format!("signal-handler{}", text.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    line
}

/// A replica's line of INFO without its lag, which is time.
fn without_lag(value: &str) -> &str {
    value.split_once(",lag=").map_or(value, |(rest, _)| rest)
}

/// Fields that tell the time that has passed.
fn is_time(field: &str) -> bool {
    matches!(
        field,
        "master_last_io_seconds_ago"
            | "master_link_down_since_seconds"
            | "master_sync_last_io_seconds_ago"
    )
}
