//! What the page sees: the counterparts of `www/src/engine/frame.ts`.
//!
//! Instants become milliseconds, offsets become numbers, bytes become printable text, once, here.
//! Everything is bounded: a frame is never the dataset.

use serde::{Deserialize, Serialize};

use super::driver::{Driver, Isolation};
use super::happening::HappeningView;
use crate::lab::{
    Connection, EventKind, FrameKind, InFlight, NextEvent, NodeId, NodeLog, Place, Side, World,
    printable,
};
use crate::node::{Level, Link, ReplicaStatus, Status, Target, TransferForm};
use crate::replication::Stage;
use crate::time::Instant;

/// A node, as its host sees it: what the driver cannot know.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeLook {
    role: String,
    replid: String,
    replid2: String,
    offset: u64,
    second_offset: i64,
    backlog: Option<BacklogView>,
    upstream: Option<UpstreamView>,
    replicas: Vec<ReplicaView>,
    snapshot: Option<SnapshotView>,
    loading: Option<LoadingView>,
    keys: KeysView,
    config: Vec<(String, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BacklogView {
    size: u64,
    first: u64,
    histlen: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct UpstreamView {
    host: String,
    port: u16,
    state: String,
    up: bool,
    received: u64,
    processed: u64,
    transfer: Option<TransferView>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TransferView {
    form: String,
    total: u64,
    read: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplicaView {
    /// The connection; the driver turns it into the node.
    link: u64,
    node: Option<usize>,
    address: String,
    state: String,
    waits_for_ack: bool,
    acked: u64,
    sent: u64,
    buffered: u64,
    lag: u64,
    rdb_sent: u64,
    rdb_total: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotView {
    target: String,
    written: u64,
    keys_done: u64,
    keys_total: u64,
    section: String,
    copied_pages: u64,
    copied_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct LoadingView {
    read: u64,
    keys: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeysView {
    total: u64,
    window: Vec<KeyView>,
    pages: Vec<PageView>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeyView {
    db: usize,
    key: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
    expires: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PageView {
    keys: usize,
    copied: bool,
}

impl NodeLook {
    /// What can be seen of the node at `place`, with at most `keys` keys.
    pub(super) fn of(place: &Place, now: Instant, keys: usize) -> Self {
        let status = place.status(now, keys);
        let option = |name: &&str| ((*name).to_owned(), place.option(name).to_owned());
        Self {
            role: if status.replica { "replica" } else { "master" }.to_owned(),
            replid: status.id.to_string(),
            replid2: status.second_id.to_string(),
            offset: status.offset.0,
            second_offset: status.second_offset,
            backlog: status.backlog.map(|backlog| BacklogView {
                size: backlog.size,
                first: backlog.first,
                histlen: backlog.len,
            }),
            upstream: upstream(&status),
            replicas: status
                .replicas
                .iter()
                .map(|replica| replica_view(replica, &status))
                .collect(),
            snapshot: status.snapshot.as_ref().map(|snapshot| SnapshotView {
                target: match snapshot.target {
                    Target::Disk => "disk",
                    Target::Sockets => "sockets",
                }
                .to_owned(),
                written: snapshot.written,
                keys_done: snapshot.keys.0,
                keys_total: snapshot.keys.1,
                section: snapshot.section.clone(),
                copied_pages: snapshot.copied_pages,
                copied_bytes: snapshot.copied_bytes,
            }),
            loading: status
                .loading
                .map(|loading| LoadingView { read: loading.read, keys: loading.keys }),
            keys: keys_view(&status),
            config: SHOWN_OPTIONS.iter().map(option).collect(),
        }
    }
}

fn upstream(status: &Status) -> Option<UpstreamView> {
    let upstream = status.upstream.as_ref()?;
    Some(UpstreamView {
        host: upstream.master.host.to_string(),
        port: upstream.master.port,
        state: upstream.state.to_owned(),
        up: upstream.up,
        received: upstream.received.0,
        processed: upstream.processed.0,
        transfer: upstream.transfer.map(|(form, total, read)| TransferView {
            form: match form {
                TransferForm::Waiting => "waiting",
                TransferForm::Counted => "counted",
                TransferForm::Streamed => "streamed",
            }
            .to_owned(),
            total,
            read,
        }),
    })
}

fn replica_view(replica: &ReplicaStatus, status: &Status) -> ReplicaView {
    let streamed = status.snapshot.as_ref().filter(|s| s.target == Target::Sockets);
    let (state, rdb_sent, rdb_total) = match &replica.stage {
        Stage::AwaitSnapshot => ("wait_bgsave_start", 0, None),
        Stage::AwaitSnapshotEnd { .. } => {
            ("wait_bgsave_end", streamed.map_or(0, |snapshot| snapshot.written), None)
        }
        Stage::SendSnapshot { sent, total, .. } => ("send_bulk", *sent, Some(*total)),
        Stage::AwaitFirstAck { .. } | Stage::Streaming { .. } => ("online", 0, None),
    };
    ReplicaView {
        link: replica.link.0,
        node: None,
        address: replica.name.clone(),
        state: state.to_owned(),
        waits_for_ack: matches!(replica.stage, Stage::AwaitFirstAck { .. }),
        acked: replica.acked.0,
        sent: replica.stage.reader().map_or(0, |reader| reader.0),
        buffered: replica.buffered,
        lag: replica.lag,
        rdb_sent,
        rdb_total,
    }
}

fn keys_view(status: &Status) -> KeysView {
    let window = status.keys.iter().map(|key| KeyView {
        db: key.db,
        key: printable(&key.key, 40),
        kind: key.kind.to_owned(),
        value: printable(&key.value, 60),
        expires: key.expires,
    });
    let pages = status
        .pages
        .iter()
        .map(|page| PageView { keys: page.keys, copied: page.copied && status.snapshot.is_some() });
    KeysView { total: status.keys_total, window: window.collect(), pages: pages.collect() }
}

/// The lab at one instant.
#[derive(Debug, Serialize)]
pub(super) struct FrameView {
    at: f64,
    elapsed: f64,
    cursor: u64,
    length: u64,
    next: Option<NextView>,
    nodes: Vec<NodeView>,
    wires: Vec<WireView>,
    cuts: Vec<CutView>,
    events: Vec<EventView>,
    hash: String,
    isolation: &'static str,
}

#[derive(Debug, Serialize)]
struct NextView {
    at: f64,
    node: usize,
    kind: &'static str,
    what: HappeningView,
}

#[derive(Debug, Serialize)]
struct EventView {
    index: usize,
    at: f64,
    node: usize,
    kind: &'static str,
    what: HappeningView,
}

#[derive(Debug, Serialize)]
struct NodeView {
    id: usize,
    name: String,
    port: u64,
    #[serde(flatten)]
    look: NodeLook,
    log: Vec<LogLine>,
    prompt: Vec<PromptLine>,
}

#[derive(Debug, Serialize)]
struct LogLine {
    index: u64,
    event: u64,
    at: f64,
    text: String,
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct PromptLine {
    event: u64,
    command: String,
    reply: String,
}

#[derive(Debug, Serialize)]
struct WireView {
    id: u64,
    dialler: usize,
    acceptor: usize,
    frames: Vec<InFlightView>,
    hidden: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InFlightView {
    id: String,
    from: usize,
    to: usize,
    kind: &'static str,
    label: String,
    bytes: u64,
    sent_at: f64,
    arrives_at: f64,
}

#[derive(Debug, Serialize)]
struct CutView {
    a: usize,
    b: usize,
}

impl FrameView {
    /// The picture of a driver's lab, with what its hosts have shown.
    pub(super) fn of(driver: &Driver, looks: Vec<NodeLook>) -> Self {
        let (conductor, world) = (&driver.conductor, driver.conductor.world());
        let end = usize::try_from(conductor.cursor()).unwrap_or(usize::MAX);
        let happened = &conductor.entries()[..end.min(conductor.entries().len())];
        let first = happened.len().saturating_sub(EVENTS_MAX);
        let events = happened.iter().enumerate().skip(first).map(|(index, entry)| EventView {
            index,
            at: millis(entry.at),
            node: entry.node.0,
            kind: event_kind(entry.kind),
            what: (&entry.what).into(),
        });
        let nodes = looks.into_iter().enumerate().map(|(id, look)| node_view(world, id, look));
        let wires = world.connections().map(|(id, connection)| wire_view(id.0, connection));
        Self {
            at: millis(world.now()),
            elapsed: world.now().since(world.plan().epoch).micros() as f64 / 1_000.0,
            cursor: conductor.cursor(),
            length: conductor.length(),
            next: conductor.next_event().map(next_view),
            nodes: nodes.collect(),
            wires: wires.collect(),
            cuts: world.cuts().map(|(a, b)| CutView { a: a.0, b: b.0 }).collect(),
            events: events.collect(),
            hash: format!("{:016x}", world.hash()),
            isolation: match driver.isolation {
                Isolation::Workers(_) => "workers",
                Isolation::Page => "page",
            },
        }
    }
}

fn next_view(next: NextEvent) -> NextView {
    let kind = event_kind(next.kind);
    NextView { at: millis(next.at), node: next.node.0, kind, what: (&next.what).into() }
}

fn node_view(world: &World, id: usize, mut look: NodeLook) -> NodeView {
    let plan = &world.plan().nodes[id];
    for replica in &mut look.replicas {
        replica.node = world.peer(NodeId(id), Link(replica.link)).map(|(node, _)| node.0);
    }
    let NodeLog { lines, count, prompt } = world.log(NodeId(id));
    let start = count - lines.len() as u64;
    let log = lines.iter().zip(start..).map(|((event, at, level, text), index)| LogLine {
        index,
        event: *event,
        at: millis(*at),
        text: text.to_string(),
        level: level_name(*level),
    });
    let prompt = prompt.iter().map(|(event, command, reply)| PromptLine {
        event: *event,
        command: command.to_string(),
        reply: reply.clone(),
    });
    NodeView {
        id,
        name: plan.name.clone(),
        port: plan.config.number("port"),
        look,
        log: log.skip(lines.len().saturating_sub(LOG_LINES_MAX)).collect(),
        prompt: prompt.collect(),
    }
}

fn wire_view(id: u64, connection: &Connection) -> WireView {
    let flights = |side: Side| {
        let (from, to) = (connection.end(side).0.0, connection.end(side.other()).0.0);
        connection.in_flight(side).map(move |frame| in_flight(id, from, to, frame))
    };
    let mut frames: Vec<_> = flights(Side::Dialler).chain(flights(Side::Acceptor)).collect();
    frames.sort_by(|a, b| a.arrives_at.total_cmp(&b.arrives_at));
    let hidden = frames.len().saturating_sub(FRAMES_MAX);
    frames.truncate(FRAMES_MAX);
    WireView {
        id,
        dialler: connection.dialler.0.0,
        acceptor: connection.acceptor.0.0,
        frames,
        hidden,
    }
}

fn in_flight(wire: u64, from: usize, to: usize, frame: &InFlight) -> InFlightView {
    InFlightView {
        id: format!("{wire}.{from}.{}", frame.number),
        from,
        to,
        kind: frame_kind(frame.kind),
        label: frame.label.to_string(),
        bytes: frame.bytes,
        sent_at: millis(frame.sent_at),
        arrives_at: millis(frame.arrives_at),
    }
}

pub(super) const fn frame_kind(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Control => "control",
        FrameKind::Rdb => "rdb",
        FrameKind::Stream => "stream",
        FrameKind::Ack => "ack",
    }
}

const fn event_kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Typed => "typed",
        EventKind::Opened => "opened",
        EventKind::Refused => "refused",
        EventKind::Delivered => "delivered",
        EventKind::Closed => "closed",
        EventKind::Woke => "woke",
        EventKind::Disk => "disk",
        EventKind::Fault => "fault",
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Verbose => "verbose",
        Level::Notice => "notice",
        Level::Warning => "warning",
    }
}

fn millis(at: Instant) -> f64 {
    at.micros() as f64 / 1_000.0
}

/// The options that the page shows.
const SHOWN_OPTIONS: [&str; 6] = [
    "repl-diskless-sync",
    "repl-diskless-sync-delay",
    "repl-backlog-size",
    "repl-ping-replica-period",
    "repl-timeout",
    "replica-read-only",
];
/// How many events are shown.
const EVENTS_MAX: usize = 200;
/// How many lines of each log are shown.
const LOG_LINES_MAX: usize = 100;
/// How many frames of a wire are shown.
const FRAMES_MAX: usize = 64;
