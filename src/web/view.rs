//! What the page sees: the counterparts of `www/src/engine/frame.ts`.
//!
//! Instants become milliseconds, offsets become numbers, bytes become printable text, once, here.
//! Everything is bounded: a frame is never the dataset.

use serde::{Serialize, Serializer};

use super::driver::Driver;
use super::happening::HappeningView;
use super::look::NodeLook;
use super::nodes::Isolation;
use crate::lab::{
    BranchView, Connection, DiskHealth, EventKind, FrameKind, InFlight, NextEvent, NodeId, NodeLog,
    Side, Stride, TraceEntry, Trouble, Weight, World,
};
use crate::node::Level;
use crate::time::Instant;

/// The lab at one instant.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrameView<'a> {
    at: f64,
    elapsed: f64,
    cursor: u64,
    length: u64,
    /// Virtual milliseconds from the beginning to the last event that is known.
    ends: f64,
    /// Of each fault its index, and the virtual milliseconds from the beginning.
    faults: Vec<f64>,
    next: Option<NextView>,
    nodes: Vec<NodeView<'a>>,
    wires: Vec<WireView>,
    cuts: Vec<CutView>,
    troubles: Vec<TroubleView>,
    branches: Vec<BranchLook>,
    next_command: Option<NextView>,
    next_phase: Option<PhaseView>,
    events: Vec<EventView>,
    hash: String,
    isolation: &'static str,
}

#[derive(Debug, Serialize)]
struct NextView {
    at: f64,
    node: usize,
    #[serde(serialize_with = "word")]
    kind: &'static str,
    what: HappeningView,
}

#[derive(Debug, Serialize)]
pub(super) struct EventView {
    index: usize,
    at: f64,
    node: usize,
    #[serde(serialize_with = "word")]
    kind: &'static str,
    what: HappeningView,
    /// "idle", "frame", "command", "phase": how much came of it.
    #[serde(serialize_with = "word")]
    weight: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeView<'a> {
    id: usize,
    name: String,
    port: u64,
    #[serde(flatten)]
    look: &'a NodeLook,
    running: bool,
    /// Why the process has ended, if the engine itself has failed.
    panic: Option<String>,
    frozen: bool,
    disk: &'static str,
    fork_fails: bool,
    log: Vec<LogLine>,
    prompt: Vec<PromptLine>,
}

#[derive(Debug, Serialize)]
struct LogLine {
    index: u64,
    event: u64,
    at: f64,
    text: String,
    #[serde(serialize_with = "word")]
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
    #[serde(serialize_with = "word")]
    kind: &'static str,
    label: String,
    bytes: u64,
    sent_at: f64,
    arrives_at: f64,
}

/// What is wrong with a wire in one direction.
#[derive(Debug, Serialize)]
struct TroubleView {
    from: usize,
    to: usize,
    stalled: bool,
    delay: Option<u64>,
    jitter: u64,
    bandwidth: Option<u64>,
}

/// A branch of history.
#[derive(Debug, Serialize)]
struct BranchLook {
    id: u64,
    current: bool,
    fork: u64,
    length: u64,
    /// Virtual milliseconds from the beginning to the first event of its own, and to the last.
    parts: f64,
    ends: f64,
    first: String,
}

/// What the next step of the size of a phase ends with, if it is known.
#[derive(Debug, Serialize)]
struct PhaseView {
    events: u64,
    text: String,
}

#[derive(Debug, Serialize)]
struct CutView {
    a: usize,
    b: usize,
}

impl EventView {
    pub(super) fn of(index: usize, entry: &TraceEntry) -> Self {
        Self {
            index,
            at: millis(entry.at),
            node: entry.node.0,
            kind: event_kind(entry.kind),
            what: (&entry.what).into(),
            weight: weight(entry.weight),
        }
    }
}

impl<'a> FrameView<'a> {
    /// The picture of a driver's lab, with what its hosts have shown.
    pub(super) fn of(driver: &'a Driver) -> Self {
        let (conductor, world) = (&driver.conductor, driver.conductor.world());
        let end = usize::try_from(conductor.cursor()).unwrap_or(usize::MAX);
        let happened = &conductor.entries()[..end.min(conductor.entries().len())];
        let first = happened.len().saturating_sub(EVENTS_MAX);
        let events = happened.iter().enumerate().skip(first);
        let events = events.map(|(index, entry)| EventView::of(index, entry));
        let nodes = driver.looks.iter().enumerate().map(|(id, look)| node_view(driver, id, look));
        let elapsed = |at: Instant| at.since(world.plan().epoch).micros() as f64 / 1_000.0;
        let seen = usize::try_from(conductor.lived()).unwrap_or(usize::MAX);
        let seen = &conductor.entries()[..seen.min(conductor.entries().len())];
        let last = seen.last().map_or_else(|| world.now(), |last| last.at.max(world.now()));
        let faults = conductor.faults().filter_map(|index| {
            let entry = seen.get(usize::try_from(index).ok()?)?;
            Some([index as f64, elapsed(entry.at)])
        });
        let branches = conductor.branches().into_iter();
        let wires = world.connections().map(|(id, connection)| wire_view(id.0, connection));
        Self {
            at: millis(world.now()),
            elapsed: elapsed(world.now()),
            cursor: conductor.cursor(),
            length: conductor.lived(),
            ends: elapsed(last),
            faults: faults.take(MARKS_MAX).flatten().collect(),
            next: conductor.next_event().map(next_view),
            nodes: nodes.collect(),
            wires: wires.collect(),
            cuts: world.cuts().map(|(a, b)| CutView { a: a.0, b: b.0 }).collect(),
            troubles: troubles(world),
            branches: branches.map(|branch| branch_look(branch, elapsed)).collect(),
            next_command: conductor.known_end(Stride::Command).map(|(_, last)| NextView {
                at: millis(last.at),
                node: last.node.0,
                kind: event_kind(last.kind),
                what: (&last.what).into(),
            }),
            next_phase: conductor
                .known_stride(Stride::Phase)
                .map(|known| PhaseView { events: known.events, text: known.text }),
            events: events.collect(),
            hash: format!("{:016x}", world.hash()),
            isolation: match driver.isolation {
                Isolation::Workers(_) => "workers",
                Isolation::Page => "page",
            },
        }
    }
}

/// Every direction in which something is wrong.
fn troubles(world: &World) -> Vec<TroubleView> {
    let nodes = || (0..world.plan().nodes.len()).map(NodeId);
    let pairs = nodes().flat_map(|from| nodes().map(move |to| (from, to)));
    let looked = pairs.map(|(from, to)| (from, to, world.trouble(from, to)));
    let wrong = looked.filter(|(_, _, trouble)| *trouble != Trouble::default());
    wrong
        .map(|(from, to, trouble)| TroubleView {
            from: from.0,
            to: to.0,
            stalled: trouble.stalled,
            delay: trouble.delay.map(|by| by.micros() / 1_000),
            jitter: trouble.jitter.micros() / 1_000,
            bandwidth: trouble.bandwidth,
        })
        .collect()
}

fn branch_look(branch: BranchView, elapsed: impl Fn(Instant) -> f64) -> BranchLook {
    let BranchView { id, current, fork, length, span, first } = branch;
    let (parts, ends) = span.map_or((0.0, 0.0), |(from, to)| (elapsed(from), elapsed(to)));
    BranchLook { id: id.0, current, fork, length, parts, ends, first }
}

fn next_view(next: NextEvent) -> NextView {
    let kind = event_kind(next.kind);
    NextView { at: millis(next.at), node: next.node.0, kind, what: (&next.what).into() }
}

fn node_view<'a>(driver: &Driver, id: usize, look: &'a NodeLook) -> NodeView<'a> {
    let world = driver.conductor.world();
    let plan = &world.plan().nodes[id];
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
        running: world.is_running(NodeId(id)),
        panic: driver.panic_of(NodeId(id)).map(str::to_owned),
        frozen: world.is_frozen(NodeId(id)),
        disk: match world.disk_health(NodeId(id)) {
            DiskHealth::Works => "works",
            DiskHealth::Full => "full",
            DiskHealth::Fails => "fails",
        },
        fork_fails: world.fork_fails(NodeId(id)),
        log: log.skip(lines.len().saturating_sub(LOG_LINES_MAX)).collect(),
        prompt: prompt.collect(),
    }
}

fn wire_view(id: u64, connection: &Connection) -> WireView {
    let flights = |side: Side| {
        let (from, to) = (connection.end(side).0.0, connection.end(side.other()).0.0);
        connection.in_flight(side).map(move |frame| in_flight(id, from, to, frame))
    };
    // Those of each side are in order.
    let mut frames: Vec<InFlightView> = flights(Side::Dialler).collect();
    for frame in flights(Side::Acceptor) {
        let place = frames.partition_point(|other| other.arrives_at <= frame.arrives_at);
        frames.insert(place, frame);
    }
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
        id: frame_id(wire, from, frame.number),
        from,
        to,
        kind: frame_kind(frame.kind),
        label: frame.label.to_string(),
        bytes: frame.bytes,
        sent_at: millis(frame.sent_at),
        arrives_at: millis(frame.arrives_at),
    }
}

/// Gives the page one of our own words: the same string each time, where others are made anew.
pub(super) fn word<S: Serializer>(word: &&'static str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit_variant("", 0, word)
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

const fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Idle => "idle",
        Weight::Frame => "frame",
        Weight::Command => "command",
        Weight::Phase => "phase",
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

/// The name of a frame: the connection, the sender, the number among the sender's.
pub(super) fn frame_id(connection: u64, from: usize, number: u64) -> String {
    format!("{connection}.{from}.{number}")
}

pub(super) fn millis(at: Instant) -> f64 {
    at.micros() as f64 / 1_000.0
}

/// The first faults that are marked.
const MARKS_MAX: usize = 200;
/// How many events are shown: more than a search leaps over, and than a list shows.
const EVENTS_MAX: usize = 128;
/// How many lines of each log are shown.
const LOG_LINES_MAX: usize = 100;
/// How many frames of a wire are shown.
const FRAMES_MAX: usize = 64;
