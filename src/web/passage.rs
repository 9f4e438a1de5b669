//! A stretch of the space-time diagram: what the page draws of a long history is what is in view.

use std::ops::Range;

use serde::Serialize;

use super::view::{EventView, frame_id, frame_kind};
use crate::lab::{Conductor, Happening, NodeId, Side, TraceEntry};
use crate::time::Instant;

/// The counterpart of `Passage` in `www/src/engine/frame.ts`.
#[derive(Debug, Serialize)]
pub(super) struct PassageView {
    /// The first step, and how many events there are in all.
    from: usize,
    length: usize,
    events: Vec<EventView>,
    arrows: Vec<ArrowView>,
}

/// A message: it left in step `x1` and came in step `x2`, or flies on behind the last.
#[derive(Debug, Serialize)]
struct ArrowView {
    id: String,
    kind: &'static str,
    label: String,
    bytes: u64,
    from: usize,
    to: usize,
    x1: f64,
    x2: usize,
    /// The event of its arrival; null while it flies.
    event: Option<usize>,
}

impl PassageView {
    pub(super) fn of(conductor: &Conductor, steps: Range<usize>) -> Self {
        let length = usize::try_from(conductor.cursor()).unwrap_or(usize::MAX);
        let happened = &conductor.entries()[..length.min(conductor.entries().len())];
        let steps = steps.start.min(length)..steps.end.min(length);
        let events = steps.clone().map(|index| EventView::of(index, &happened[index]));
        let now = conductor.world().now();
        let end = happened.get(steps.end).map_or(now, |entry| entry.at);
        let heard = happened.iter().enumerate().skip(steps.start);
        let heard = heard.filter_map(|(index, entry)| heard_in(happened, index, entry, end));
        let arrows = heard.chain(flying(conductor, happened, end));
        Self {
            from: steps.start,
            length,
            events: events.collect(),
            arrows: arrows.filter(|arrow| arrow.x1 < steps.end as f64).collect(),
        }
    }
}

/// The message that an event brought, if it brought one that was sent by `end`.
fn heard_in(
    happened: &[TraceEntry],
    index: usize,
    entry: &TraceEntry,
    end: Instant,
) -> Option<ArrowView> {
    let Happening::Receive { from, connection, number, sent_at, kind, label, bytes } = &entry.what
    else {
        return None;
    };
    (*sent_at <= end).then(|| ArrowView {
        id: frame_id(connection.0, from.0, *number),
        kind: frame_kind(*kind),
        label: label.to_string(),
        bytes: *bytes,
        from: from.0,
        to: entry.node.0,
        x1: step_at(&happened[..index], *from, *sent_at),
        x2: index,
        event: Some(index),
    })
}

/// What is on its way now, if it was sent by `end`.
fn flying<'a>(
    conductor: &'a Conductor,
    happened: &'a [TraceEntry],
    end: Instant,
) -> impl Iterator<Item = ArrowView> + 'a {
    let sides = conductor.world().connections().flat_map(|(id, connection)| {
        [Side::Dialler, Side::Acceptor].map(|side| (id.0, connection, side))
    });
    let frames = sides.flat_map(|(id, connection, side)| {
        let (from, to) = (connection.end(side).0, connection.end(side.other()).0);
        connection.in_flight(side).map(move |frame| (id, from, to, frame))
    });
    frames.filter(move |(.., frame)| frame.sent_at <= end).map(|(id, from, to, frame)| ArrowView {
        id: frame_id(id, from.0, frame.number),
        kind: frame_kind(frame.kind),
        label: frame.label.to_string(),
        bytes: frame.bytes,
        from: from.0,
        to: to.0,
        x1: step_at(happened, from, frame.sent_at),
        x2: happened.len(),
        event: None,
    })
}

/// The step in which a node sent something: the last of its own at that time, or between two.
fn step_at(before: &[TraceEntry], node: NodeId, sent_at: Instant) -> f64 {
    let behind = before.partition_point(|entry| entry.at <= sent_at);
    let same = before[..behind].iter().rev().take_while(|entry| entry.at == sent_at);
    match same.into_iter().position(|entry| entry.node == node) {
        Some(back) => (behind - 1 - back) as f64,
        None => behind as f64 - 0.5,
    }
}
