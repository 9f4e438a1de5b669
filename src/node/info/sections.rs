//! The sections of INFO but for replication. Names and order are Redis': people parse them.
//!
//! What a server cannot know is 0, as it is in Redis where nothing is to be told: it has neither
//! threads nor an allocator of its own, and of its processor it knows what its host says.
//! *Source*: Redis 7.2 · server.c · genRedisInfoString.

use std::fmt::Write as _;

use super::field;
use crate::node::config::Config;
use crate::node::gates::EMPTY_SERVER_BYTES;
use crate::node::load::Loading;
use crate::node::save::{Child, ChildTarget};
use crate::node::state::{Calls, Profile, State, Usage};
use crate::rdb::Encoder;
use crate::replication::Backlog;
use crate::time::{Duration, Instant};

pub(super) fn server(state: &State, now: Instant, text: &mut String) {
    let uptime = now.since(state.started_at).seconds();
    field!(text, "redis_version", state.setup.profile.redis_version());
    field!(text, "redis_git_sha1", "00000000");
    zeros(text, "redis_git_dirty");
    field!(text, "redis_build_id", "replica-lab");
    field!(text, "redis_mode", "standalone");
    field!(text, "os", "replica-lab");
    field!(text, "arch_bits", 64);
    field!(text, "monotonic_clock", "POSIX clock_gettime");
    field!(text, "multiplexing_api", "facts");
    field!(text, "atomicvar_api", "none");
    field!(text, "gcc_version", "0.0.0");
    field!(text, "process_id", state.pid);
    field!(text, "process_supervised", "no");
    field!(text, "run_id", state.run_id);
    field!(text, "tcp_port", state.port());
    field!(text, "server_time_usec", now.micros());
    field!(text, "uptime_in_seconds", uptime);
    field!(text, "uptime_in_days", uptime / (24 * 60 * 60));
    field!(text, "hz", state.config().number("hz"));
    field!(text, "configured_hz", state.config().number("hz"));
    field!(text, "lru_clock", now.seconds() & LRU_CLOCK_MAX);
    field!(text, "executable", state.setup.executable);
    field!(text, "config_file", state.setup.config_file.as_deref().unwrap_or_default());
    zeros(text, "io_threads_active");
    if let Some(end) = state.ending.shutdown {
        field!(text, "shutdown_in_milliseconds", end.until.since(now).millis());
    }
    if is_7_2(state) {
        field!(text, "listener0", listener(state.config(), state.port()));
    }
}

/// Where the server listens.
fn listener(config: &Config, port: u16) -> String {
    let mut value = "name=tcp".to_owned();
    for address in config.get("bind").split_ascii_whitespace() {
        value += &format!(",bind={address}");
    }
    value + &format!(",port={port}")
}

pub(super) fn clients(state: &State, _: Instant, text: &mut String) {
    field!(text, "connected_clients", state.clients.len() - state.replicas.len());
    zeros(text, "cluster_connections");
    field!(text, "maxclients", state.config().number("maxclients"));
    zeros(text, "client_recent_max_input_buffer client_recent_max_output_buffer");
    let blocked = state.parked.len() + state.waiting.len() + state.postponed.len();
    let blocked = blocked + state.waiting_for_end();
    field!(text, "blocked_clients", blocked);
    field!(text, "tracking_clients", state.tracking.counts()[0]);
    zeros(text, "clients_in_timeout_table");
    if is_7_2(state) {
        field!(text, "total_blocking_keys", state.awaited_keys());
        zeros(text, "total_blocking_keys_on_nokey");
    }
}

pub(super) fn memory(state: &State, now: Instant, text: &mut String) {
    let used = state.used_memory();
    let backlog = state.backlog.as_ref().map_or(0, |backlog| backlog.len());
    let (resident, peak) = (state.resident_memory(), state.peak_memory());
    for (name, bytes) in [("", used), ("_rss", resident), ("_peak", peak)] {
        field!(text, format!("used_memory{name}"), bytes);
        field!(text, format!("used_memory{name}_human"), human(bytes));
    }
    field!(text, "used_memory_peak_perc", format!("{:.2}%", percent(used, peak)));
    let dataset = used.saturating_sub(EMPTY_SERVER_BYTES);
    field!(text, "used_memory_overhead", EMPTY_SERVER_BYTES);
    field!(text, "used_memory_startup", EMPTY_SERVER_BYTES);
    field!(text, "used_memory_dataset", dataset);
    let share = if dataset == 0 { "0.00%" } else { "100.00%" };
    field!(text, "used_memory_dataset_perc", share);
    for (name, bytes) in [("allocated", used), ("active", used), ("resident", resident)] {
        field!(text, format!("allocator_{name}"), bytes);
    }
    field!(text, "total_system_memory", state.usage.machine);
    field!(text, "total_system_memory_human", human(state.usage.machine));
    zeros(text, "used_memory_lua used_memory_vm_eval");
    field!(text, "used_memory_lua_human", human(0));
    let (libraries, functions, code) = state.libraries.counts();
    field!(text, "used_memory_scripts_eval", state.scripts.bytes());
    field!(text, "number_of_cached_scripts", state.scripts.len());
    field!(text, "number_of_functions", functions);
    field!(text, "number_of_libraries", libraries);
    zeros(text, "used_memory_vm_functions used_memory_vm_total");
    field!(text, "used_memory_vm_total_human", human(0));
    field!(text, "used_memory_functions", code);
    let both = code + state.scripts.bytes();
    field!(text, "used_memory_scripts", both);
    field!(text, "used_memory_scripts_human", human(both as u64));
    let maxmemory = state.config().number("maxmemory");
    field!(text, "maxmemory", maxmemory);
    field!(text, "maxmemory_human", human(maxmemory));
    field!(text, "maxmemory_policy", state.config().get("maxmemory-policy"));
    for (part, of, from) in state.memory_accounts() {
        field!(text, format!("{part}_ratio"), format!("{:.2}", of as f64 / from as f64));
        field!(text, format!("{part}_bytes"), of as i64 - from as i64);
    }
    zeros(text, "mem_not_counted_for_evict");
    field!(text, "mem_replication_backlog", backlog);
    field!(text, "mem_total_replication_buffers", backlog);
    // Without replicas the buffer is the backlog's, whatever its size.
    let limit = state.backlog.as_ref().map_or(0, Backlog::size);
    let held = if state.replicas.is_empty() { 0 } else { backlog.saturating_sub(limit) };
    field!(text, "mem_clients_slaves", held);
    field!(text, "mem_clients_normal", state.clients_memory(now));
    zeros(text, "mem_cluster_links mem_aof_buffer");
    field!(text, "mem_allocator", "libc");
    zeros(text, "active_defrag_running lazyfree_pending_objects");
    field!(text, "lazyfreed_objects", state.stats.freed_later);
}

pub(super) fn persistence(state: &State, now: Instant, text: &mut String) {
    let saves = |child: &&Child| matches!(child.target, ChildTarget::Disk { .. });
    let to_disk = state.child.as_ref().filter(saves);
    let beside = state.loading.as_ref().is_some_and(Loading::is_beside);
    field!(text, "loading", u8::from(state.loading.is_some() && !beside));
    field!(text, "async_loading", u8::from(beside));
    child_progress(state, text);
    field!(text, "rdb_changes_since_last_save", state.saves.dirty);
    field!(text, "rdb_bgsave_in_progress", u8::from(state.child.is_some()));
    field!(text, "rdb_last_save_time", state.saves.last);
    field!(text, "rdb_last_bgsave_status", if state.saves.failed { "err" } else { "ok" });
    let last = state.saves.seconds.map_or(-1, |seconds| seconds as i64);
    field!(text, "rdb_last_bgsave_time_sec", last);
    let current = to_disk.map_or(-1, |child| now.since(child.began_at).seconds() as i64);
    field!(text, "rdb_current_bgsave_time_sec", current);
    field!(text, "rdb_saves", state.saves.count);
    field!(text, "rdb_last_cow_size", state.saves.copied);
    field!(text, "rdb_last_load_keys_expired", state.saves.keys_expired);
    field!(text, "rdb_last_load_keys_loaded", state.saves.keys_loaded);
    zeros(text, "aof_enabled aof_rewrite_in_progress aof_rewrite_scheduled");
    field!(text, "aof_last_rewrite_time_sec", -1);
    field!(text, "aof_current_rewrite_time_sec", -1);
    field!(text, "aof_last_bgrewrite_status", "ok");
    zeros(text, "aof_rewrites aof_rewrites_consecutive_failures");
    field!(text, "aof_last_write_status", "ok");
    zeros(text, "aof_last_cow_size module_fork_in_progress module_fork_last_cow_size");
}

/// How far a child has come, and what was copied for it: what a real one tells once a second.
fn child_progress(state: &State, text: &mut String) {
    let child = state.child.as_ref();
    let of = |count: fn(&Encoder) -> u64| child.map_or(0, |child| count(&child.encoder));
    let (done, total) = (of(Encoder::keys_done), of(Encoder::keys_total));
    let copied = child.map_or(0, |_| state.keyspace.copied().bytes);
    field!(text, "current_cow_peak", copied);
    field!(text, "current_cow_size", copied);
    zeros(text, "current_cow_size_age");
    let share = done as f64 * 100.0 / total.max(1) as f64;
    field!(text, "current_fork_perc", format!("{share:.2}"));
    field!(text, "current_save_keys_processed", done);
    field!(text, "current_save_keys_total", total);
}

pub(super) fn stats(state: &State, _: Instant, text: &mut String) {
    let stats = &state.stats;
    field!(text, "total_connections_received", stats.connections_received);
    field!(text, "total_commands_processed", stats.commands_processed);
    let [commands, bytes @ ..] = stats.rates.per_second();
    field!(text, "instantaneous_ops_per_sec", commands);
    let (input, output) = stats.net_bytes();
    field!(text, "total_net_input_bytes", input);
    field!(text, "total_net_output_bytes", output);
    field!(text, "total_net_repl_input_bytes", stats.repl_input_bytes);
    field!(text, "total_net_repl_output_bytes", stats.repl_output_bytes);
    let names = ["input_kbps", "output_kbps", "input_repl_kbps", "output_repl_kbps"];
    for (name, bytes) in names.iter().zip(bytes) {
        field!(text, format!("instantaneous_{name}"), format!("{:.2}", bytes as f64 / 1_024.0));
    }
    field!(text, "rejected_connections", stats.connections_rejected);
    field!(text, "sync_full", stats.sync_full);
    field!(text, "sync_partial_ok", stats.sync_partial_ok);
    field!(text, "sync_partial_err", stats.sync_partial_err);
    field!(text, "expired_keys", stats.expired_keys);
    field!(text, "expired_stale_perc", "0.00");
    zeros(text, "expired_time_cap_reached_count expire_cycle_cpu_milliseconds");
    field!(text, "evicted_keys", stats.evicted_keys);
    field!(text, "evicted_clients", stats.evicted_clients);
    zeros(text, "total_eviction_exceeded_time current_eviction_exceeded_time");
    field!(text, "keyspace_hits", stats.keyspace_hits);
    field!(text, "keyspace_misses", stats.keyspace_misses);
    let (channels, patterns, shards) = state.audience.counts();
    field!(text, "pubsub_channels", channels);
    field!(text, "pubsub_patterns", patterns);
    field!(text, "pubsubshard_channels", shards);
    zeros(text, "latest_fork_usec");
    field!(text, "total_forks", stats.forks);
    field!(text, "migrate_cached_sockets", state.migrations.kept());
    field!(text, "slave_expires_tracked_keys", state.own_expiring.len());
    zeros(text, "active_defrag_hits active_defrag_misses active_defrag_key_hits");
    zeros(text, "active_defrag_key_misses total_active_defrag_time current_active_defrag_time");
    let [_, keys, items, prefixes] = state.tracking.counts();
    field!(text, "tracking_total_keys", keys);
    field!(text, "tracking_total_items", items);
    field!(text, "tracking_total_prefixes", prefixes);
    field!(text, "unexpected_error_replies", stats.unexpected_error_replies);
    field!(text, "total_error_replies", stats.errors.values().sum::<u64>());
    zeros(text, "dump_payload_sanitizations");
    field!(text, "total_reads_processed", stats.reads);
    field!(text, "total_writes_processed", stats.writes);
    zeros(text, "io_threaded_reads_processed io_threaded_writes_processed");
    if is_7_2(state) {
        let dropped = stats.query_limit_disconnections;
        field!(text, "client_query_buffer_limit_disconnections", dropped);
        let dropped = stats.output_limit_disconnections;
        field!(text, "client_output_buffer_limit_disconnections", dropped);
    }
    zeros(text, "reply_buffer_shrinks reply_buffer_expands");
    if is_7_2(state) {
        field!(text, "eventloop_cycles", stats.turns);
        field!(text, "eventloop_duration_sum", stats.turn_nanos / 1_000);
        field!(text, "eventloop_duration_cmd_sum", stats.command_nanos / 1_000);
        zeros(text, "instantaneous_eventloop_cycles_per_sec");
        zeros(text, "instantaneous_eventloop_duration_usec acl_access_denied_auth");
        zeros(text, "acl_access_denied_cmd acl_access_denied_key acl_access_denied_channel");
    }
}

/// It has one thread, and no children that would be processes of their own.
pub(super) fn cpu(state: &State, _: Instant, text: &mut String) {
    let Usage { user, system, .. } = state.usage;
    let none = Duration::ZERO;
    for (who, [system, user]) in
        [("", [system, user]), ("_children", [none, none]), ("_main_thread", [system, user])]
    {
        for (part, time) in [("sys", system), ("user", user)] {
            let (seconds, micros) = (time.seconds(), time.micros() % 1_000_000);
            field!(text, format!("used_cpu_{part}{who}"), format!("{seconds}.{micros:06}"));
        }
    }
}

/// There are no modules.
pub(super) fn nothing(_: &State, _: Instant, _: &mut String) {}

pub(super) fn commands(state: &State, _: Instant, text: &mut String) {
    for (name, count) in state.stats.commands.by_name() {
        let Calls { calls, rejected, failed, nanos, .. } = count;
        let micros = nanos / 1_000;
        let each = if *calls == 0 { 0.0 } else { micros as f64 / *calls as f64 };
        let value = format!(
            "calls={calls},usec={micros},usec_per_call={each:.2},rejected_calls={rejected},\
             failed_calls={failed}"
        );
        field!(text, format!("cmdstat_{name}"), value);
    }
}

pub(super) fn errors(state: &State, _: Instant, text: &mut String) {
    for (name, count) in &state.stats.errors {
        field!(text, format!("errorstat_{name}"), format!("count={count}"));
    }
}

pub(super) fn cluster(_: &State, _: Instant, text: &mut String) {
    zeros(text, "cluster_enabled");
}

/// Redis learns of the mean life while it deletes what has expired, and that is a master's work.
pub(super) fn keyspace(state: &State, now: Instant, text: &mut String) {
    let expires = state.active_expire && !state.is_replica();
    for (index, db) in state.keyspace.iter().filter(|(_, db)| !db.is_empty()) {
        let life = if expires { db.mean_life(now.millis() as i64, LIVES_MAX) } else { 0 };
        let value = format!("keys={},expires={},avg_ttl={life}", db.len(), db.volatile_len());
        field!(text, format!("db{index}"), value);
    }
}

/// Of how many keys the mean life is taken.
const LIVES_MAX: u64 = 256;

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}

fn zeros(text: &mut String, names: &str) {
    for name in names.split_ascii_whitespace() {
        field!(text, name, 0);
    }
}

fn is_7_2(state: &State) -> bool {
    state.setup.profile == Profile::V7_2
}

/// A number of bytes as people read it.
fn human(bytes: u64) -> String {
    let units = [("K", 10), ("M", 20), ("G", 30), ("T", 40), ("P", 50)];
    let unit = units.into_iter().rev().find(|(_, bits)| bytes >= 1 << bits);
    match unit {
        None => format!("{bytes}B"),
        Some((unit, bits)) => format!("{:.2}{unit}", bytes as f64 / (1_u64 << bits) as f64),
    }
}

/// The clock by which Redis knows what was used long ago has so many bits.
const LRU_CLOCK_MAX: u64 = (1 << 24) - 1;
