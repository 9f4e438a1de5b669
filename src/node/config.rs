//! The options of `redis.conf`, as far as they have an effect here.
//!
//! An option is one row: its name, its older name, its kind and its default. Values are kept as
//! CONFIG GET prints them; what the machine asks often is read out once into [`Hot`].
//! *Source*: Redis 7.2 · config.c.

mod kind;
mod rule;
mod table;

use std::collections::BTreeMap;
use std::rc::Rc;

use self::kind::save_points;
pub use self::kind::{Kind, parse_memory};
pub(super) use self::rule::{
    file_mode, hostname, never, oom_scores, shutdown_words, title_template, without_defrag,
};
use self::table::{DIRECTIVES, KEPT_WITHIN};
pub(super) use self::table::{bare, boolean, checked, choice, integer, memory, text};
use crate::commands::{Classes, Settings};
use crate::keyspace::{Fill, Tracking};
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
    /// `save`: when a snapshot is made by itself.
    pub save_points: Rc<[SavePoint]>,
}

/// A condition under which a server saves: so many changes, so many seconds since the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// More seconds than this since the last save.
    pub seconds: u64,
    /// At least so many changes since.
    pub changes: u64,
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
    /// `maxmemory`, in bytes; 0 for no limit.
    pub maxmemory: u64,
    /// `maxmemory-clients`, in bytes; 0 for no limit.
    pub clients_memory: u64,
    /// `client-query-buffer-limit`, in bytes.
    pub query_limit: u64,
    /// True if there is any save point.
    pub saves: bool,
    /// `stop-writes-on-bgsave-error`.
    pub stop_writes_on_bgsave_error: bool,
    /// `slowlog-log-slower-than`, in microseconds; negative for never.
    pub slower_than: i64,
    /// `latency-monitor-threshold`, in milliseconds; 0 for never.
    pub latency_threshold: u64,
    /// `latency-tracking`.
    pub latency_tracking: bool,
    /// `rdb-key-save-delay`.
    pub key_save_delay: KeyDelay,
    /// `key-load-delay`.
    pub key_load_delay: KeyDelay,
    /// `oom-score-adj`, if it is not `no`.
    pub scores: bool,
    /// `loglevel`: true if comings and goings are told.
    pub verbose: bool,
}

/// How long a key is waited for, so that people and tests can watch: so many microseconds, or, if
/// negative, one for so many keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyDelay(i64);

impl KeyDelay {
    /// The delay of some keys.
    pub(super) const fn of(self, keys: u64) -> Duration {
        let each = self.0.unsigned_abs();
        Duration::from_micros(match self.0 {
            0 => 0,
            1.. => keys.saturating_mul(each),
            _ => keys / each,
        })
    }
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
    /// True if a client may set it only where `enable-protected-configs` says so.
    pub protected: bool,
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
        let mut config = Self {
            changed: Rc::default(),
            hot: Hot::default(),
            settings: Settings::default(),
            save_points: Rc::new([]),
        };
        config.warm();
        config
    }
}

impl Hot {
    /// True if SLOWLOG remembers what took so long.
    pub(super) fn is_slow(&self, took: Duration) -> bool {
        u64::try_from(self.slower_than).is_ok_and(|limit| took.micros() >= limit)
    }

    /// True if LATENCY remembers what took so long.
    pub(super) const fn is_spike(&self, took: Duration) -> bool {
        self.latency_threshold > 0 && took.millis() >= self.latency_threshold
    }
}

impl Config {
    /// Sets an option while the server runs.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&'static Directive, ConfigError> {
        let directive = directive(name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
        if !directive.mutable {
            return Err(ConfigError::Immutable(directive.name));
        }
        self.put(directive, name, value)?;
        let kept = KEPT_WITHIN.iter().find(|(name, ..)| *name == directive.name);
        if let Some(&(_, low, high)) = kept {
            let number = self.number(directive.name).clamp(low, high);
            self.put(directive, name, &number.to_string())?;
        }
        Ok(directive)
    }

    /// Sets an option at the start, where every option may be set.
    pub fn set_at_start(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let directive = directive(name).ok_or_else(|| ConfigError::Unknown(name.to_owned()))?;
        self.put(directive, name, value)
    }

    /// The value of an option as CONFIG GET prints it to a user.
    pub fn shown(&self, row: &Directive) -> String {
        match row.kind {
            Kind::Events => self.settings.notify.letters(),
            Kind::Bool
            | Kind::Integer(..)
            | Kind::Memory(..)
            | Kind::MemoryOrPercent
            | Kind::Choice(_)
            | Kind::Text
            | Kind::Checked(_)
            | Kind::Bare(_)
            | Kind::BufferLimits
            | Kind::Percentiles
            | Kind::SavePoints => self.get(row.name).to_owned(),
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

    /// Sets an option that was called `name`.
    fn put(&mut self, row: &'static Directive, name: &str, value: &str) -> Result<(), ConfigError> {
        let older = row.alias.filter(|alias| alias.eq_ignore_ascii_case(name));
        let value = self
            .canonical(row, value)
            .map_err(|why| ConfigError::Invalid(older.unwrap_or(row.name), why))?;
        Rc::make_mut(&mut self.changed).insert(row.name, value);
        self.warm();
        Ok(())
    }

    /// The value as CONFIG GET prints it, or what is wrong with it.
    fn canonical(&self, row: &Directive, value: &str) -> Result<String, String> {
        if row.name == "proc-title-template" && self.text("unixsocket").is_some() {
            // Where there is a socket file its name is as good as any other.
            let named = value.replace("{unixsocket}", "{port}");
            return title_template(&named).map(|_| value.to_owned());
        }
        row.kind.canonical(value, self.get(row.name))
    }

    /// Reads out what is asked often.
    fn warm(&mut self) {
        self.save_points = save_points(self.get("save")).unwrap_or_default().into();
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
            maxmemory: self.number("maxmemory"),
            clients_memory: self.clients_memory(),
            query_limit: self.number("client-query-buffer-limit"),
            saves: !self.save_points.is_empty(),
            stop_writes_on_bgsave_error: self.yes("stop-writes-on-bgsave-error"),
            slower_than: self.get("slowlog-log-slower-than").parse().unwrap_or(-1),
            latency_threshold: self.number("latency-monitor-threshold"),
            latency_tracking: self.yes("latency-tracking"),
            key_save_delay: KeyDelay(self.get("rdb-key-save-delay").parse().unwrap_or(0)),
            scores: self.get("oom-score-adj") != "no",
            key_load_delay: KeyDelay(self.get("key-load-delay").parse().unwrap_or(0)),
            verbose: matches!(self.get("loglevel"), "verbose" | "debug"),
        };
        let policy = self.get("maxmemory-policy");
        let size = |name| usize::try_from(self.number(name)).unwrap_or(usize::MAX);
        self.settings = Settings {
            notify: Classes::parse(self.get("notify-keyspace-events")).unwrap_or_default(),
            lazy_expire: self.yes("lazyfree-lazy-expire"),
            lazy_server_del: self.yes("lazyfree-lazy-server-del"),
            lazy_user_del: self.yes("lazyfree-lazy-user-del"),
            lazy_user_flush: self.yes("lazyfree-lazy-user-flush"),
            reply_bytes_max: self.hot.output_limits.normal.hard,
            shares_integers: self.hot.maxmemory == 0
                || !["-lru", "-lfu"].iter().any(|order| policy.ends_with(order)),
            hash_listpack_entries: size("hash-max-listpack-entries"),
            hash_listpack_value: size("hash-max-listpack-value"),
            list_fill: Fill {
                size: self.get("list-max-listpack-size").parse().unwrap_or(-2),
                // No option: only DEBUG changes it.
                ..self.settings.list_fill
            },
            set_intset_entries: size("set-max-intset-entries"),
            set_listpack_entries: size("set-max-listpack-entries"),
            set_listpack_value: size("set-max-listpack-value"),
            zset_listpack_entries: size("zset-max-listpack-entries"),
            zset_listpack_value: size("zset-max-listpack-value"),
            stream_node_bytes: size("stream-node-max-bytes"),
            stream_node_entries: size("stream-node-max-entries"),
            hll_sparse_bytes: size("hll-sparse-max-bytes"),
            string_bytes_max: self.number("proto-max-bulk-len"),
            checks_sums: self.settings.checks_sums,
            tracking: self.tracking(),
        };
    }
}

impl Config {
    /// `maxmemory-clients`, which may be a share of `maxmemory`. With less a server could not be
    /// talked to at all.
    fn clients_memory(&self) -> u64 {
        match self.get("maxmemory-clients") {
            "0" => 0,
            value => self.clients_share(value),
        }
    }

    #[inline(never)]
    fn clients_share(&self, value: &str) -> u64 {
        let bytes = match value.strip_suffix('%').map(|share| share.parse::<u64>()) {
            Some(share) => self.number("maxmemory").saturating_mul(share.unwrap_or(0)) / 100,
            None => value.parse().unwrap_or(0),
        };
        if bytes == 0 { 0 } else { bytes.max(CLIENTS_MEMORY_MIN) }
    }

    /// What is noted of a key's use.
    fn tracking(&self) -> Tracking {
        if !self.get("maxmemory-policy").ends_with("-lfu") {
            return Tracking::Recency;
        }
        Tracking::Frequency {
            log_factor: self.number("lfu-log-factor"),
            decay_minutes: self.number("lfu-decay-time"),
        }
    }
}

/// The least that `maxmemory-clients` means.
const CLIENTS_MEMORY_MIN: u64 = 128 * 1024;

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
        assert!(matches!(wrong("databases", "1"), ConfigError::Immutable("databases")));
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
