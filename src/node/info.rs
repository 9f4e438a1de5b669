//! INFO and ROLE. *Source*: Redis 7.2 · server.c · genRedisInfoString; replication.c · roleCommand.

mod sections;

use std::fmt::Write as _;

use super::admin::latency_stats;
use super::failover::Failover;
use super::io::Link;
use super::machine::Machine;
use super::state::State;
use super::upstream::Uplink;
use crate::replication::Form;
use crate::resp::{Bytes, Reply};
use crate::time::Instant;

/// Writes one field.
macro_rules! field {
    ($text:expr, $name:expr, $value:expr) => {
        write!($text, "{}:{}\r\n", $name, $value).expect("a String takes every write")
    };
}
pub(super) use field;

/// A section of INFO: its name, whether it is shown unasked, and what writes its fields.
type Section = (&'static str, bool, fn(&State, Instant, &mut String));

const SECTIONS: &[Section] = &[
    ("Server", true, sections::server),
    ("Clients", true, sections::clients),
    ("Memory", true, sections::memory),
    ("Persistence", true, sections::persistence),
    ("Stats", true, sections::stats),
    ("Replication", true, replication),
    ("CPU", true, sections::cpu),
    ("Modules", true, sections::nothing),
    ("Commandstats", false, sections::commands),
    ("Errorstats", true, sections::errors),
    ("Latencystats", false, latency_stats),
    ("Cluster", true, sections::cluster),
    ("Keyspace", true, sections::keyspace),
];

pub(super) fn info(machine: &mut Machine<'_>, _: Link, args: &[Bytes]) -> Reply {
    let asked = |name: &str| args.iter().any(|arg| arg.eq_ignore_ascii_case(name.as_bytes()));
    let all = asked("all") || asked("everything");
    let default = args.len() == 1 || asked("default");
    let mut text = String::new();
    machine.state.keyspace.recount();
    for (name, unasked, section) in SECTIONS {
        if !(all || (default && *unasked) || asked(name)) {
            continue;
        }
        if !text.is_empty() {
            text += "\r\n";
        }
        text += &format!("# {name}\r\n");
        section(machine.state, machine.now, &mut text);
    }
    Reply::Verbatim(Bytes::from(text.into_bytes()))
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
