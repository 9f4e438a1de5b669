//! The options that have an effect, a row each.

use super::rule::{Rule, file_name, never};
use super::{Directive, Kind};

/// Every option that has an effect.
pub(super) static DIRECTIVES: &[Directive] = &[
    text("bind", "* -::*"),
    checked("dbfilename", "dump.rdb", file_name).protected(),
    text("dir", ".").protected(),
    integer("databases", "16", 1, 2_147_483_647).fixed(),
    integer("port", "6379", 0, 65_535),
    integer("hz", "10", 0, 2_147_483_647),
    row("save", Kind::SavePoints, "3600 1 300 100 60 10000"),
    boolean("stop-writes-on-bgsave-error", "yes"),
    boolean("latency-tracking", "yes"),
    row("latency-tracking-info-percentiles", Kind::Percentiles, "50 99 99.9"),
    memory("maxmemory", "0", 0),
    percent("maxmemory-clients", "0"),
    memory("client-query-buffer-limit", "1073741824", 1_048_576),
    choice("maxmemory-policy", "noeviction", POLICIES),
    integer("maxmemory-samples", "5", 1, 64),
    integer("lfu-decay-time", "1", 0, 2_147_483_647),
    integer("lfu-log-factor", "10", 0, 2_147_483_647),
    bare("appendonly", "no", never),
    choice("loglevel", "notice", &["debug", "verbose", "notice", "warning", "nothing"]),
    text("logfile", "").fixed(),
    boolean("daemonize", "no").fixed(),
    boolean("protected-mode", "yes"),
    choice("enable-debug-command", "no", &["no", "yes", "local"]).fixed(),
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
    memory("repl-backlog-size", "1048576", 1),
    integer("repl-backlog-ttl", "3600", 0, i64::MAX),
    boolean("replica-serve-stale-data", "yes").also("slave-serve-stale-data"),
    boolean("replica-read-only", "yes").also("slave-read-only"),
    boolean("replica-ignore-maxmemory", "yes").also("slave-ignore-maxmemory"),
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
        protected: false,
    },
    row("notify-keyspace-events", Kind::Events, ""),
    integer("maxclients", "10000", 1, 4_294_967_295),
    integer("acllog-max-len", "128", 0, i64::MAX),
    integer("latency-monitor-threshold", "0", 0, i64::MAX),
    integer("slowlog-log-slower-than", "10000", -1, i64::MAX),
    integer("slowlog-max-len", "128", 0, i64::MAX),
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
    memory("proto-max-bulk-len", "536870912", 1_048_576),
];

/// Numbers that CONFIG SET takes, and of which it keeps what is sane.
pub(super) const KEPT_WITHIN: &[(&str, u64, u64)] =
    &[("hz", 1, 500), ("repl-backlog-size", 16 * 1024, u64::MAX)];

/// What a server may do that has no room for more, in the order in which Redis lists them.
const POLICIES: &[&str] = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];

const fn row(name: &'static str, kind: Kind, default: &'static str) -> Directive {
    Directive { name, alias: None, kind, default, mutable: true, protected: false }
}

pub(in crate::node) const fn boolean(name: &'static str, default: &'static str) -> Directive {
    row(name, Kind::Bool, default)
}

pub(in crate::node) const fn integer(
    name: &'static str,
    default: &'static str,
    low: i64,
    high: i64,
) -> Directive {
    row(name, Kind::Integer(low, high), default)
}

pub(in crate::node) const fn memory(
    name: &'static str,
    default: &'static str,
    low: u64,
) -> Directive {
    row(name, Kind::Memory(low, i64::MAX as u64), default)
}

const fn percent(name: &'static str, default: &'static str) -> Directive {
    row(name, Kind::MemoryOrPercent, default)
}

pub(in crate::node) const fn choice(
    name: &'static str,
    default: &'static str,
    words: &'static [&'static str],
) -> Directive {
    row(name, Kind::Choice(words), default)
}

pub(in crate::node) const fn text(name: &'static str, default: &'static str) -> Directive {
    row(name, Kind::Text, default)
}

pub(in crate::node) const fn checked(
    name: &'static str,
    default: &'static str,
    rule: Rule,
) -> Directive {
    row(name, Kind::Checked(rule), default)
}

pub(in crate::node) const fn bare(
    name: &'static str,
    default: &'static str,
    rule: Rule,
) -> Directive {
    row(name, Kind::Bare(rule), default)
}

impl Directive {
    /// The same row, also found under an older name.
    pub(in crate::node) const fn also(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    /// The same row, which a client sets only where `enable-protected-configs` says so.
    pub(in crate::node) const fn protected(mut self) -> Self {
        self.protected = true;
        self
    }

    /// The same row, to be given only at the start.
    pub(in crate::node) const fn fixed(mut self) -> Self {
        self.mutable = false;
        self
    }
}
