//! CONFIG REWRITE: the options in force become the file with which the server was started.
//!
//! What a person wrote stays: comments, empty lines, the order of the options. The line of an
//! option takes its new value in its old place; an option that is new, and not at its default,
//! comes at the end. Save points, percentiles and the user are written at their defaults, too. Of
//! several empty lines one is left. *Source*: Redis 7.2 · config.c · rewriteConfig.

use std::collections::{BTreeMap, VecDeque};

use super::super::admin::user_line;
use super::super::config::{Config, Directive, Kind, directive, directives};
use super::super::io::{DiskFact, DiskOrder, Job, Link, Output};
use super::super::log::quoted;
use super::super::machine::Machine;
use super::super::note::ServerNote;
use crate::resp::{Bytes, Reply, split_words};

/// `CONFIG REWRITE`: reads the file, writes another, and gives it the name of the first.
pub(super) fn rewrite(machine: &mut Machine<'_>, link: Link) -> Reply {
    let Some(file) = machine.state.setup.config_file.clone() else {
        return Reply::error("ERR The server is running without a config file");
    };
    machine.wait_for_disk(link);
    let order = DiskOrder::Read { file, at: 0, max: FILE_BYTES_MAX };
    machine.out.push(Output::Disk { job: Job::ReadConfig(link), order });
    Reply::Silent
}

/// `DEBUG CONFIG-REWRITE-FORCE-ALL`: the same, with the options that are at their defaults.
#[inline(never)]
pub(in crate::node) fn rewrite_all(machine: &mut Machine<'_>, link: Link) -> Reply {
    if machine.state.setup.config_file.is_none() {
        return Reply::error("ERR CONFIG-REWRITE-FORCE-ALL failed: Bad address");
    }
    machine.state.rewrites_all = Some(link);
    rewrite(machine, link)
}

impl Machine<'_> {
    /// The file was read, or there is none any more.
    pub(in crate::node) fn config_read(&mut self, link: Link, result: Result<DiskFact, String>) {
        let Some(file) = self.state.setup.config_file.clone() else { return };
        let old = match result {
            Ok(DiskFact::Read { bytes }) => bytes,
            Ok(DiskFact::Done) | Err(_) => Bytes::from(&[][..]),
        };
        self.config_master();
        let user = user_line(self);
        let all = self.state.rewrites_all.take_if(|asker| *asker == link).is_some();
        let text = rewritten(&String::from_utf8_lossy(&old), self.state.config(), &user, all);
        let beside = format!("{file}.{}.tmp", self.state.pid);
        let bytes = Bytes::from(text.into_bytes());
        let order = DiskOrder::Append { file: beside.clone(), bytes, create: true };
        self.out.push(Output::Disk { job: Job::Unawaited, order });
        let order = DiskOrder::Rename { from: beside, to: file };
        self.out.push(Output::Disk { job: Job::WriteConfig(link), order });
    }

    /// The new file is in its place, or the disk has failed.
    pub(in crate::node) fn config_written(&mut self, link: Link, result: Result<(), String>) {
        let reply = match result {
            Ok(()) => {
                self.note(ServerNote::ConfigRewritten);
                Reply::OK
            }
            Err(why) => {
                self.note(ServerNote::ConfigNotRewritten(why.clone()));
                Reply::error(format!("ERR Rewriting config file: {why}"))
            }
        };
        self.answer_waiting(link, &reply);
    }
}

/// The text `old` with the options of `config`, and with its user; `all` of them, or those that are
/// not at their defaults.
fn rewritten(old: &str, config: &Config, user: &str, all: bool) -> String {
    let mut named = BTreeMap::new();
    for name in lines_of_file(old).filter_map(option_of) {
        *named.entry(name).or_insert(0) += 1;
    }
    let mut waiting: BTreeMap<&str, VecDeque<String>> = BTreeMap::new();
    for row in directives() {
        let there = named.get(row.name).copied().unwrap_or(0);
        let wanted = if all && has_value(row, config) { there.max(CLASSES) } else { there };
        waiting.insert(row.name, lines_of(row, config, wanted).into());
    }
    if config.text("aclfile").is_none() {
        waiting.insert(USER, VecDeque::from([user.to_owned()]));
    }
    let mut lines = Vec::new();
    let mut signed = false;
    for line in lines_of_file(old) {
        signed |= line == SIGNATURE;
        match option_of(line) {
            None => lines.push(line.to_owned()),
            Some(name) => {
                let next = waiting.get_mut(name).and_then(VecDeque::pop_front);
                lines.push(next.unwrap_or_default());
            }
        }
    }
    let rest: Vec<String> = waiting.into_values().flatten().collect();
    if !rest.is_empty() && !signed {
        lines.push(SIGNATURE.to_owned());
    }
    lines.extend(rest);
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    lines.join("\n") + "\n"
}

/// The lines of a file. After the newline that ends it there is one more, which is empty: it sets
/// apart what comes below.
fn lines_of_file(text: &str) -> impl Iterator<Item = &str> {
    let lines = (!text.is_empty()).then(|| text.split('\n').map(str::trim));
    lines.into_iter().flatten()
}

/// False for a text that is none at all.
fn has_value(row: &Directive, config: &Config) -> bool {
    let is_text = matches!(row.kind, Kind::Text | Kind::Checked(_));
    !is_text || !config.get(row.name).is_empty() || MAY_BE_EMPTY.contains(&row.name)
}

/// The option that a line of the file sets.
fn option_of(line: &str) -> Option<&'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let words = split_words(line.as_bytes())?;
    let name = String::from_utf8_lossy(words.first()?);
    if name.eq_ignore_ascii_case(USER) {
        return Some(USER);
    }
    directive(&name).map(|row| row.name)
}

/// The lines that an option takes: none if it is at its default and the file did not name it.
fn lines_of(row: &Directive, config: &Config, named: usize) -> Vec<String> {
    let (name, value) = (row.name, config.get(row.name));
    match row.kind {
        Kind::SavePoints if value.is_empty() => vec!["save \"\"".to_owned()],
        Kind::SavePoints => pairs(value).map(|pair| format!("save {pair}")).collect(),
        Kind::Percentiles if value.is_empty() => vec![format!("{name} \"\"")],
        Kind::Percentiles => vec![format!("{name} {value}")],
        Kind::BufferLimits => limit_lines(row, value, named),
        _ if value == row.default && named == 0 => Vec::new(),
        _ if !has_value(row, config) => Vec::new(),
        Kind::MemoryOrPercent if value.ends_with('%') => vec![format!("{name} {value}")],
        Kind::Memory(..) | Kind::MemoryOrPercent => vec![format!("{name} {}", memory(value))],
        Kind::Text if BARE.contains(&name) => vec![format!("{name} {value}")],
        Kind::Text | Kind::Checked(_) => vec![format!("{name} {}", quoted(value.as_bytes()))],
        Kind::Events => vec![format!("{name} {}", quoted(config.shown(row).as_bytes()))],
        Kind::Bare(_) | Kind::Bool | Kind::Integer(..) | Kind::Choice(_) => {
            vec![format!("{name} {value}")]
        }
    }
}

/// `3600 1 300 100` as pairs.
fn pairs(value: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = value.split(' ').collect();
    words.chunks(2).map(|pair| pair.join(" ")).collect::<Vec<_>>().into_iter()
}

/// A line for each class; one at its default only while the file has a line for it to take.
fn limit_lines(row: &Directive, value: &str, named: usize) -> Vec<String> {
    let (words, defaults): (Vec<&str>, Vec<&str>) =
        (value.split(' ').collect(), row.default.split(' ').collect());
    let classes = words.chunks(4).zip(defaults.chunks(4)).enumerate();
    let written = classes.filter(|(index, (class, default))| *index < named || class != default);
    let line = |(_, (class, _)): (usize, (&[&str], &[&str]))| {
        let name = if class[0] == "slave" { "replica" } else { class[0] };
        format!("{} {name} {} {} {}", row.name, memory(class[1]), memory(class[2]), class[3])
    };
    written.map(line).collect()
}

/// A number of bytes with the largest unit that divides it.
fn memory(value: &str) -> String {
    let Ok(bytes) = value.parse::<u64>() else { return value.to_owned() };
    let units = [("gb", 30), ("mb", 20), ("kb", 10)];
    let fits = units.into_iter().find(|(_, bits)| bytes > 0 && bytes.is_multiple_of(1 << bits));
    fits.map_or_else(|| bytes.to_string(), |(unit, bits)| format!("{}{unit}", bytes >> bits))
}

/// So many classes of clients have limits, and lines.
const CLASSES: usize = 3;
/// Options of several words, which are not quoted as one.
const BARE: &[&str] = &["bind", "replicaof"];
/// Texts of which an empty one is a value, too.
const MAY_BE_EMPTY: &[&str] =
    &["dbfilename", "ignore-warnings", "locale-collate", "logfile", "syslog-ident"];
/// What begins the line of a user, which is no option.
const USER: &str = "user";
/// What stands above the options that a person did not write.
const SIGNATURE: &str = "# Generated by CONFIG REWRITE";
/// No configuration is as long.
const FILE_BYTES_MAX: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_stays_in_its_place() {
        let mut config = Config::default();
        for (name, value) in [("port", "7000"), ("timeout", "9"), ("save", "60 5 10 1")] {
            config.set_at_start(name, value).unwrap();
        }
        config.set("maxmemory", "3gb").unwrap();
        let old = "# mine\nport 6379\n\nsave 900 1\nhash-max-ziplist-entries 512\ntimeout 5\n";
        let user = "user default on nopass ~* &* +@all";
        let new = rewritten(old, &config, user, false);
        let wanted = "# mine\nport 7000\n\nsave 60 5\nhash-max-listpack-entries 512\ntimeout 9\n\n\
                      # Generated by CONFIG REWRITE\n\
                      latency-tracking-info-percentiles 50 99 99.9\nmaxmemory 3gb\nsave 10 1\n\
                      user default on nopass ~* &* +@all\n";
        assert_eq!(new, wanted);
        let again = rewritten(&new, &config, user, false);
        assert_eq!(again, format!("{wanted}\n"), "what will be added is set apart");
        assert_eq!(rewritten(&again, &config, user, false), again, "a third changes nothing");
    }

    #[test]
    fn all_options_are_written_if_they_are_asked_for() {
        let (config, user) = (Config::default(), "user default on nopass ~* &* +@all");
        let all = rewritten("timeout 0\n", &config, user, true);
        let again = all.lines().filter_map(option_of);
        let mut fresh = Config::default();
        for line in all.lines().filter(|line| option_of(line).is_some_and(|name| name != USER)) {
            let (name, value) = line.split_once(' ').expect("an option has a value");
            fresh.set_at_start(name, value.trim_matches('"')).expect("it is read again");
        }
        assert!(again.count() > 150, "{all}");
        assert!(all.contains("\nhz 10\n") && all.contains(" pubsub 32mb 8mb 60\n"), "{all}");
        assert!(!all.contains("masterauth") && all.matches("timeout 0").count() == 1, "{all}");
    }
}
