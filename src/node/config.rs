//! The options of `redis.conf`, as far as they have an effect here.
//!
//! An option is one row: its name, its older name, its kind and its default. Values are kept as
//! CONFIG GET prints them; what the machine asks often is read out once into [`Hot`].
//! *Source*: Redis 7.2 · config.c.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::commands::{Classes, Settings};
use crate::time::Duration;

/// The options of one server. A clone shares them until one is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Every option that differs from its default, by name.
    pub(super) changed: Rc<BTreeMap<&'static str, String>>,
    /// What every command asks.
    pub hot: Hot,
    /// What data commands ask.
    pub settings: Settings,
}

/// Options that are asked with every command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hot {
    /// `replica-read-only`.
    pub replica_read_only: bool,
    /// `replica-serve-stale-data`.
    pub replica_serve_stale_data: bool,
    /// `min-replicas-to-write`.
    pub min_replicas_to_write: u64,
    /// `min-replicas-max-lag`, in seconds.
    pub min_replicas_max_lag: u64,
    /// `timeout`, in seconds.
    pub timeout: u64,
    /// `client-output-buffer-limit`.
    pub output_limits: OutputLimits,
}

/// `client-output-buffer-limit`: how much may wait to be read by clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// Of clients like any other.
    pub normal: OutputLimit,
    /// Of replicas.
    pub replica: OutputLimit,
    /// Of clients that have subscribed.
    pub pubsub: OutputLimit,
}

/// How much may wait to be read by one client; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    /// Bytes with which it is dropped at once.
    pub hard: u64,
    /// Bytes with which it is dropped after a while.
    pub soft: u64,
    /// How long a while is.
    pub seconds: u64,
}

impl OutputLimit {
    /// True if there is any limit: only then the host is asked to report what has left.
    pub const fn is_any(self) -> bool {
        self.hard > 0 || self.soft > 0
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// The name.
    pub name: &'static str,
    /// The name that it had before, if any.
    pub alias: Option<&'static str>,
    /// What values it takes.
    pub kind: Kind,
    /// The value that it has if none is given, as CONFIG GET prints it.
    pub default: &'static str,
    /// False if it can only be given at the start.
    pub mutable: bool,
}

/// What values an option takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A number of bytes, perhaps with a unit.
    Memory(u64, u64),
    /// One of some words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// Classes with three limits each.
    BufferLimits,
    /// Letters of classes of events.
    Events,
}

/// Why an option was not set, in the words that follow Redis' own preamble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// There is no such option.
    Unknown(String),
    /// It can only be given at the start.
    Immutable(&'static str),
    /// The value does not fit.
    Invalid(&'static str, String),
}

impl Default for Config {
    fn default() -> Self {
        let mut config =
            Self { changed: Rc::default(), hot: Hot::default(), settings: Settings::default() };
        config.warm();
        config
    }
}

impl Config {
    /// Sets an option while the server runs.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&'static Directive, ConfigError> {
        let directive = directive(name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
        if !directive.mutable {
            return Err(ConfigError::Immutable(directive.name));
        }
        self.put(directive, value)?;
        Ok(directive)
    }

    /// Sets an option at the start, where every option may be set.
    pub fn set_at_start(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let directive = directive(name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
        self.put(directive, value)
    }

    /// The value of an option as CONFIG GET prints it to a user.
    pub fn shown(&self, row: &Directive) -> String {
        match row.kind {
            Kind::Events => self.settings.notify.letters(),
            Kind::Bool
            | Kind::Integer(..)
            | Kind::Memory(..)
            | Kind::Choice(_)
            | Kind::Text
            | Kind::BufferLimits => self.get(row.name).to_owned(),
        }
    }

    /// The value of an option as it is kept.
    ///
    /// # Panics
    /// If there is no such option: names inside the program are right.
    pub fn get(&self, name: &str) -> &str {
        let row = directive(name).unwrap_or_else(|| panic!("there is no option {name}"));
        self.changed.get(row.name).map_or(row.default, String::as_str)
    }

    /// True if the option is `yes`.
    pub fn yes(&self, name: &str) -> bool {
        self.get(name) == "yes"
    }

    /// The option as a number.
    pub fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    /// The option as a number of seconds.
    pub fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs(self.number(name))
    }

    /// The option as text, or `None` if it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|text| !text.is_empty())
    }

    /// The limits of a class of clients.
    fn buffer_limit(&self, class: &str) -> OutputLimit {
        let mut words = self.get("client-output-buffer-limit").split(' ');
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
            let limit = OutputLimit { hard: number(), soft: number(), seconds: number() };
            if word == class {
                return limit;
            }
        }
        OutputLimit::default()
    }

    fn put(&mut self, row: &'static Directive, value: &str) -> Result<(), ConfigError> {
        let value = row
            .kind
            .canonical(value, self.get(row.name))
            .map_err(|why| ConfigError::Invalid(row.name, why))?;
        Rc::make_mut(&mut self.changed).insert(row.name, value);
        self.warm();
        Ok(())
    }

    /// Reads out what is asked often.
    fn warm(&mut self) {
        self.hot = Hot {
            replica_read_only: self.yes("replica-read-only"),
            replica_serve_stale_data: self.yes("replica-serve-stale-data"),
            min_replicas_to_write: self.number("min-replicas-to-write"),
            min_replicas_max_lag: self.number("min-replicas-max-lag"),
            timeout: self.number("timeout"),
            output_limits: OutputLimits {
                normal: self.buffer_limit("normal"),
                replica: self.buffer_limit("slave"),
                pubsub: self.buffer_limit("pubsub"),
            },
        };
        let size = |name| usize::try_from(self.number(name)).unwrap_or(usize::MAX);
        self.settings = Settings {
            notify: Classes::parse(self.get("notify-keyspace-events")).unwrap_or_default(),
            lazy_expire: self.yes("lazyfree-lazy-expire"),
            lazy_server_del: self.yes("lazyfree-lazy-server-del"),
            hash_listpack_entries: size("hash-max-listpack-entries"),
            hash_listpack_value: size("hash-max-listpack-value"),
            list_listpack_size: self.get("list-max-listpack-size").parse().unwrap_or(-2),
            set_intset_entries: size("set-max-intset-entries"),
            set_listpack_entries: size("set-max-listpack-entries"),
            set_listpack_value: size("set-max-listpack-value"),
            zset_listpack_entries: size("zset-max-listpack-entries"),
            zset_listpack_value: size("zset-max-listpack-value"),
            stream_node_bytes: size("stream-node-max-bytes"),
            stream_node_entries: size("stream-node-max-entries"),
            hll_sparse_bytes: size("hll-sparse-max-bytes"),
        };
    }
}

impl Kind {
    /// The value as CONFIG GET prints it, or what is wrong with it.
    fn canonical(self, value: &str, current: &str) -> Result<String, String> {
        match self {
            Self::Bool => match value.to_ascii_lowercase().as_str() {
                word @ ("yes" | "no") => Ok(word.to_owned()),
                _ => Err("argument must be 'yes' or 'no'".to_owned()),
            },
            Self::Integer(low, high) => match value.parse::<i64>() {
                Ok(number) if (low..=high).contains(&number) => Ok(number.to_string()),
                Ok(_) => Err(format!("argument must be between {low} and {high} inclusive")),
                Err(_) => Err("argument couldn't be parsed into an integer".to_owned()),
            },
            Self::Memory(low, high) => match parse_memory(value) {
                Some(bytes) if (low..=high).contains(&bytes) => Ok(bytes.to_string()),
                Some(_) => Err(format!("argument must be between {low} and {high} inclusive")),
                None => Err("argument must be a memory value".to_owned()),
            },
            Self::Choice(words) => {
                let word = value.to_ascii_lowercase();
                if words.contains(&word.as_str()) {
                    return Ok(word);
                }
                let list = words.join(", ");
                Err(format!("argument(s) must be one of the following: {list}"))
            }
            Self::Text => Ok(value.to_owned()),
            Self::BufferLimits => buffer_limits(value, current),
            // The letters are kept as given: `A` hides what stands beside it.
            Self::Events => match Classes::parse(value) {
                Some(_) => Ok(value.to_owned()),
                None => Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".to_owned()),
            },
        }
    }
}

/// Puts the classes of `value` in the place of those of `current`.
fn buffer_limits(value: &str, current: &str) -> Result<String, String> {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".to_owned());
    }
    let mut classes: Vec<String> =
        current.split(' ').collect::<Vec<_>>().chunks(4).map(|class| class.join(" ")).collect();
    for class in words.chunks(4) {
        let index = match class[0].to_ascii_lowercase().as_str() {
            "normal" => 0,
            "slave" | "replica" => 1,
            "pubsub" => 2,
            _ => {
                return Err(
                    "Invalid client class specified in buffer limit configuration.".to_owned()
                );
            }
        };
        let wrong = || "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        let hard = parse_memory(class[1]).ok_or_else(wrong)?;
        let soft = parse_memory(class[2]).ok_or_else(wrong)?;
        let seconds: u64 = class[3].parse().map_err(|_| wrong())?;
        classes[index] =
            format!("{} {hard} {soft} {seconds}", ["normal", "slave", "pubsub"][index]);
    }
    Ok(classes.join(" "))
}

/// Reads `64mb`, `1g`, `100`: k is 1,000, kb is 1,024.
pub fn parse_memory(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// The row of an option, by its name or its older one, in any case.
pub fn directive(name: &str) -> Option<&'static Directive> {
    directives().find(|row| {
        name.eq_ignore_ascii_case(row.name)
            || row.alias.is_some_and(|alias| name.eq_ignore_ascii_case(alias))
    })
}

/// Every option, those without effect last.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    DIRECTIVES.iter().chain(super::inert::INERT)
}

/// Every option that has an effect.
static DIRECTIVES: &[Directive] = &[
    text("bind", "* -::*").fixed(),
    text("dbfilename", "dump.rdb"),
    text("dir", "."),
    integer("databases", "16", 1, 2_147_483_647).fixed(),
    integer("port", "6379", 0, 65_535).fixed(),
    integer("hz", "10", 0, 2_147_483_647),
    text("save", "").fixed(),
    choice("appendonly", "no", &["no"]).fixed(),
    choice("loglevel", "notice", &["debug", "verbose", "notice", "warning", "nothing"]),
    text("logfile", "").fixed(),
    boolean("daemonize", "no").fixed(),
    boolean("protected-mode", "yes"),
    text("requirepass", ""),
    text("masteruser", ""),
    text("masterauth", ""),
    text("replicaof", "").also("slaveof").fixed(),
    boolean("rdbcompression", "yes"),
    boolean("rdbchecksum", "yes").fixed(),
    boolean("rdb-del-sync-files", "no"),
    integer("rdb-key-save-delay", "0", -2_147_483_648, 2_147_483_647),
    integer("key-load-delay", "0", -2_147_483_648, 2_147_483_647),
    boolean("repl-diskless-sync", "yes"),
    integer("repl-diskless-sync-delay", "5", 0, 2_147_483_647),
    integer("repl-diskless-sync-max-replicas", "0", 0, 2_147_483_647),
    choice("repl-diskless-load", "disabled", &["disabled", "on-empty-db", "swapdb"]),
    integer("repl-ping-replica-period", "10", 1, 2_147_483_647).also("repl-ping-slave-period"),
    integer("repl-timeout", "60", 1, 2_147_483_647),
    boolean("repl-disable-tcp-nodelay", "no"),
    memory("repl-backlog-size", "1048576", 1),
    integer("repl-backlog-ttl", "3600", 0, i64::MAX),
    boolean("replica-serve-stale-data", "yes").also("slave-serve-stale-data"),
    boolean("replica-read-only", "yes").also("slave-read-only"),
    boolean("replica-ignore-maxmemory", "yes").also("slave-ignore-maxmemory"),
    boolean("replica-lazy-flush", "no").also("slave-lazy-flush"),
    integer("replica-priority", "100", 0, 2_147_483_647).also("slave-priority"),
    text("replica-announce-ip", "").also("slave-announce-ip"),
    integer("replica-announce-port", "0", 0, 65_535).also("slave-announce-port"),
    boolean("replica-announced", "yes"),
    integer("min-replicas-to-write", "0", 0, 2_147_483_647).also("min-slaves-to-write"),
    integer("min-replicas-max-lag", "10", 0, 2_147_483_647).also("min-slaves-max-lag"),
    Directive {
        name: "client-output-buffer-limit",
        alias: None,
        kind: Kind::BufferLimits,
        default: "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
        mutable: true,
    },
    row("notify-keyspace-events", Kind::Events, ""),
    integer("maxclients", "10000", 1, 4_294_967_295),
    integer("timeout", "0", 0, 2_147_483_647),
    boolean("lazyfree-lazy-expire", "no"),
    boolean("lazyfree-lazy-eviction", "no"),
    boolean("lazyfree-lazy-server-del", "no"),
    boolean("lazyfree-lazy-user-del", "no"),
    boolean("lazyfree-lazy-user-flush", "no"),
    integer("shutdown-timeout", "10", 0, 2_147_483_647),
    integer("hash-max-listpack-entries", "512", 0, i64::MAX).also("hash-max-ziplist-entries"),
    memory("hash-max-listpack-value", "64", 0).also("hash-max-ziplist-value"),
    integer("list-max-listpack-size", "-2", -2_147_483_648, 2_147_483_647)
        .also("list-max-ziplist-size"),
    integer("list-compress-depth", "0", 0, 2_147_483_647),
    integer("set-max-intset-entries", "512", 0, i64::MAX),
    integer("set-max-listpack-entries", "128", 0, i64::MAX),
    memory("set-max-listpack-value", "64", 0),
    integer("zset-max-listpack-entries", "128", 0, i64::MAX).also("zset-max-ziplist-entries"),
    memory("zset-max-listpack-value", "64", 0).also("zset-max-ziplist-value"),
    memory("stream-node-max-bytes", "4096", 0),
    integer("stream-node-max-entries", "100", 0, i64::MAX),
    memory("hll-sparse-max-bytes", "3000", 0),
];

const fn row(name: &'static str, kind: Kind, default: &'static str) -> Directive {
    Directive { name, alias: None, kind, default, mutable: true }
}

pub(super) const fn boolean(name: &'static str, default: &'static str) -> Directive {
    row(name, Kind::Bool, default)
}

pub(super) const fn integer(
    name: &'static str,
    default: &'static str,
    low: i64,
    high: i64,
) -> Directive {
    row(name, Kind::Integer(low, high), default)
}

pub(super) const fn memory(name: &'static str, default: &'static str, low: u64) -> Directive {
    row(name, Kind::Memory(low, i64::MAX as u64), default)
}

pub(super) const fn choice(
    name: &'static str,
    default: &'static str,
    words: &'static [&'static str],
) -> Directive {
    row(name, Kind::Choice(words), default)
}

pub(super) const fn text(name: &'static str, default: &'static str) -> Directive {
    row(name, Kind::Text, default)
}

impl Directive {
    /// The same row, also found under an older name.
    pub(super) const fn also(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    /// The same row, to be given only at the start.
    pub(super) const fn fixed(mut self) -> Self {
        self.mutable = false;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_by_either_name_and_printed_as_redis_prints_it() {
        let mut config = Config::default();
        config.set("slave-read-only", "NO").unwrap();
        assert_eq!(config.get("replica-read-only"), "no");
        assert!(!config.hot.replica_read_only);
        config.set("repl-backlog-size", "16kb").unwrap();
        assert_eq!(config.number("repl-backlog-size"), 16_384);
    }

    #[test]
    fn a_value_that_does_not_fit_changes_nothing() {
        let mut config = Config::default();
        let wrong = |name: &str, value: &str| Config::default().set(name, value).unwrap_err();
        assert!(matches!(wrong("repl-timeout", "0"), ConfigError::Invalid("repl-timeout", _)));
        assert!(matches!(wrong("port", "1"), ConfigError::Immutable("port")));
        assert!(matches!(wrong("nonsense", "1"), ConfigError::Unknown(_)));
        config.set("repl-timeout", "x").unwrap_err();
        assert_eq!(config.get("repl-timeout"), "60");
    }

    #[test]
    fn buffer_limits_are_set_a_class_at_a_time() {
        let mut config = Config::default();
        config.set("client-output-buffer-limit", "replica 1mb 512kb 10").unwrap();
        assert_eq!(
            config.buffer_limit("slave"),
            OutputLimit { hard: 1 << 20, soft: 512 << 10, seconds: 10 }
        );
        assert_eq!(
            config.buffer_limit("pubsub"),
            OutputLimit { hard: 33_554_432, soft: 8_388_608, seconds: 60 }
        );
        config.set("client-output-buffer-limit", "replica 1mb").unwrap_err();
    }
}
