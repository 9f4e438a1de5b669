//! INFO and ROLE. *Source*: Redis 7.2 · server.c · genRedisInfoString; replication.c · roleCommand.

use std::fmt::Write as _;

use super::failover::Failover;
use super::io::Link;
use super::machine::Machine;
use super::state::State;
use super::upstream::Uplink;
use crate::replication::Form;
use crate::resp::{Bytes, Reply};
use crate::time::Instant;

/// A section of INFO: its name, and what writes its fields.
type Section = (&'static str, fn(&State, Instant, &mut String));

const SECTIONS: &[Section] = &[
    ("Server", server),
    ("Clients", clients),
    ("Memory", memory),
    ("Persistence", persistence),
    ("Stats", stats),
    ("Replication", replication),
    ("Keyspace", keyspace),
];

pub(super) fn info(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let wanted = |name: &str| {
        args.len() == 1
            || args[1..].iter().any(|arg| {
                arg.eq_ignore_ascii_case(name.as_bytes())
                    || ["all", "default", "everything"]
                        .iter()
                        .any(|word| arg.eq_ignore_ascii_case(word.as_bytes()))
            })
    };
    let mut text = String::new();
    for (name, section) in SECTIONS.iter().filter(|(name, _)| wanted(name)) {
        if !text.is_empty() {
            text += "\r\n";
        }
        text += &format!("# {name}\r\n");
        section(machine.state, machine.now, &mut text);
    }
    Reply::Verbatim(Bytes::from(text.into_bytes()))
}

/// Writes one field.
macro_rules! field {
    ($text:expr, $name:expr, $value:expr) => {
        write!($text, "{}:{}\r\n", $name, $value).expect("a String takes every write")
    };
}

fn server(state: &State, now: Instant, text: &mut String) {
    field!(text, "redis_version", state.setup.profile.redis_version());
    field!(text, "redis_mode", "standalone");
    field!(text, "os", "replica-lab");
    field!(text, "arch_bits", 64);
    field!(text, "process_id", state.pid);
    field!(text, "run_id", state.run_id);
    field!(text, "tcp_port", state.port());
    field!(text, "server_time_usec", now.micros());
    field!(text, "uptime_in_seconds", now.since(state.started_at).seconds());
    field!(text, "hz", state.config().number("hz"));
}

fn clients(state: &State, _: Instant, text: &mut String) {
    field!(text, "connected_clients", state.clients.len() - state.replicas.len());
    let blocked = state.parked.len() + state.waiting.len();
    field!(text, "blocked_clients", blocked);
}

fn memory(state: &State, _: Instant, text: &mut String) {
    field!(text, "used_memory", state.used_memory());
    let backlog = state.backlog.as_ref().map_or(0, |backlog| backlog.len());
    field!(text, "mem_replication_backlog", backlog);
}

fn persistence(state: &State, _: Instant, text: &mut String) {
    field!(text, "loading", u8::from(state.loading.is_some()));
    field!(text, "async_loading", 0);
    field!(text, "rdb_changes_since_last_save", state.dirty);
    field!(text, "rdb_bgsave_in_progress", u8::from(state.child.is_some()));
    field!(text, "rdb_last_save_time", state.last_save);
    field!(text, "rdb_last_cow_size", state.keyspace.copied().bytes);
    field!(text, "aof_enabled", 0);
}

fn stats(state: &State, _: Instant, text: &mut String) {
    let stats = &state.stats;
    field!(text, "total_connections_received", stats.connections_received);
    field!(text, "total_commands_processed", stats.commands_processed);
    field!(text, "total_net_input_bytes", stats.input_bytes);
    field!(text, "total_net_output_bytes", stats.output_bytes);
    field!(text, "total_net_repl_input_bytes", stats.repl_input_bytes);
    field!(text, "total_net_repl_output_bytes", stats.repl_output_bytes);
    field!(text, "rejected_connections", stats.connections_rejected);
    field!(text, "sync_full", stats.sync_full);
    field!(text, "sync_partial_ok", stats.sync_partial_ok);
    field!(text, "sync_partial_err", stats.sync_partial_err);
    field!(text, "expired_keys", stats.expired_keys);
    field!(text, "keyspace_hits", stats.keyspace_hits);
    field!(text, "keyspace_misses", stats.keyspace_misses);
    let (channels, patterns, shards) = state.audience.counts();
    field!(text, "pubsub_channels", channels);
    field!(text, "pubsub_patterns", patterns);
    field!(text, "pubsubshard_channels", shards);
    field!(text, "total_forks", stats.forks);
    field!(text, "unexpected_error_replies", stats.unexpected_error_replies);
    let dropped = stats.output_limit_disconnections;
    field!(text, "client_output_buffer_limit_disconnections", dropped);
}

/// The exact fields and their order are Redis': people parse them.
fn replication(state: &State, now: Instant, text: &mut String) {
    field!(text, "role", if state.is_replica() { "slave" } else { "master" });
    if let Some(master) = &state.upstream.master {
        field!(text, "master_host", master.host);
        field!(text, "master_port", master.port);
        link_to_master(state, now, text);
    }
    field!(text, "connected_slaves", state.replicas.len());
    let hot = state.config().hot;
    if hot.min_replicas_to_write > 0 && hot.min_replicas_max_lag > 0 {
        let good = state.downlinks().filter(|(_, down)| {
            down.stage.is_online() && down.lag(now) <= hot.min_replicas_max_lag
        });
        field!(text, "min_slaves_good_slaves", good.count());
    }
    for (index, (link, down)) in state.downlinks().enumerate() {
        let client = &state.clients[&link];
        let ip = down.introduction.ip.as_deref().unwrap_or(&client.peer.host);
        let port = down.introduction.port.unwrap_or(0);
        let (stage, acked) = (down.stage.info_name(), down.acked);
        let value =
            format!("ip={ip},port={port},state={stage},offset={acked},lag={}", down.lag(now));
        field!(text, format!("slave{index}"), value);
    }
    field!(
        text,
        "master_failover_state",
        state.failover.as_ref().map_or("no-failover", Failover::state_name)
    );
    field!(text, "master_replid", state.history.id);
    field!(text, "master_replid2", state.history.second_id());
    field!(text, "master_repl_offset", state.history.offset);
    field!(text, "second_repl_offset", state.history.second_wire_offset());
    let backlog = state.backlog.as_ref();
    field!(text, "repl_backlog_active", u8::from(backlog.is_some()));
    let size = backlog.map_or_else(|| state.config().number("repl-backlog-size"), |b| b.size());
    field!(text, "repl_backlog_size", size);
    field!(text, "repl_backlog_first_byte_offset", backlog.map_or(0, |b| b.first().0 + 1));
    field!(text, "repl_backlog_histlen", backlog.map_or(0, |b| b.len()));
}

fn link_to_master(state: &State, now: Instant, text: &mut String) {
    let upstream = &state.upstream;
    field!(text, "master_link_status", if upstream.is_up() { "up" } else { "down" });
    let (heard, received) = match &upstream.link {
        Uplink::Connected(stream) => (
            now.since(stream.heard_at).seconds() as i64,
            state.history.offset.0 + stream.unprocessed(),
        ),
        Uplink::Idle
        | Uplink::Connect
        | Uplink::Connecting { .. }
        | Uplink::Handshake { .. }
        | Uplink::Transfer(_) => (-1, upstream.cached.map_or(1, |cached| cached.offset.0)),
    };
    let processed = if upstream.is_up() { state.history.offset.0 } else { received };
    field!(text, "master_last_io_seconds_ago", heard);
    let transfer = match &upstream.link {
        Uplink::Transfer(transfer) => Some(transfer),
        Uplink::Idle
        | Uplink::Connect
        | Uplink::Connecting { .. }
        | Uplink::Handshake { .. }
        | Uplink::Connected(_) => None,
    };
    field!(text, "master_sync_in_progress", u8::from(transfer.is_some()));
    field!(text, "slave_read_repl_offset", received);
    field!(text, "slave_repl_offset", processed);
    if let Some(transfer) = transfer {
        let read = transfer.receiver.read();
        let (total, left, percent) = match transfer.receiver.form() {
            None => (-1, -1, "-0.00".to_owned()),
            Some(Form::Marked) => (0, -(read as i64), "0.00".to_owned()),
            Some(Form::Counted(total)) => {
                let percent = read as f64 / total.max(1) as f64 * 100.0;
                (total as i64, total as i64 - read as i64, format!("{percent:.2}"))
            }
        };
        field!(text, "master_sync_total_bytes", total);
        field!(text, "master_sync_read_bytes", read);
        field!(text, "master_sync_left_bytes", left);
        field!(text, "master_sync_perc", percent);
        let ago = now.since(transfer.heard_at).seconds();
        field!(text, "master_sync_last_io_seconds_ago", ago);
    }
    if !upstream.is_up() {
        let since = upstream.down_since.map_or(-1, |since| now.since(since).seconds() as i64);
        field!(text, "master_link_down_since_seconds", since);
    }
    field!(text, "slave_priority", state.config().number("replica-priority"));
    field!(text, "slave_read_only", u8::from(state.config().hot.replica_read_only));
    field!(text, "replica_announced", u8::from(state.config().yes("replica-announced")));
}

fn keyspace(state: &State, now: Instant, text: &mut String) {
    let _ = now;
    for (index, db) in state.keyspace.iter().filter(|(_, db)| !db.is_empty()) {
        let value = format!("keys={},expires={},avg_ttl=0", db.len(), db.volatile_len());
        field!(text, format!("db{index}"), value);
    }
}

pub(super) fn role(machine: &mut Machine<'_>, _: Link, _: &[Bytes]) -> Reply {
    let state = &machine.state;
    let offset = |offset: u64| Reply::count(offset);
    if let Some(master) = &state.upstream.master {
        let reached = match &state.upstream.link {
            Uplink::Connected(_) => offset(state.history.offset.0),
            Uplink::Idle
            | Uplink::Connect
            | Uplink::Connecting { .. }
            | Uplink::Handshake { .. }
            | Uplink::Transfer(_) => Reply::Integer(-1),
        };
        return Reply::Array(vec![
            Reply::bulk("slave"),
            Reply::bulk(master.host.as_bytes()),
            Reply::Integer(i64::from(master.port)),
            Reply::bulk(state.upstream.role_state()),
            reached,
        ]);
    }
    let online = state.downlinks().filter(|(_, down)| down.stage.is_online());
    let replicas = online.map(|(link, down)| {
        let ip = down.introduction.ip.as_deref().unwrap_or(&state.clients[&link].peer.host);
        Reply::Array(vec![
            Reply::bulk(ip),
            Reply::bulk(down.introduction.port.unwrap_or(0).to_string()),
            Reply::bulk(down.acked.to_string()),
        ])
    });
    let replicas = Reply::Array(replicas.collect());
    Reply::Array(vec![Reply::bulk("master"), offset(state.history.offset.0), replicas])
}
