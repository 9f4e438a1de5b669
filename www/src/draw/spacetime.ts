/**
 * Who said what to whom and when: a line for each server, an arrow for each frame.
 *
 * Time runs to the right, an event a step, not a second a step: the quiet hours of a lab would
 * leave nothing to see of its busy milliseconds.
 */
import type { EventView, Frame, FrameKind, FrameView } from "../engine/frame";

/** A frame on its way from one line to another. */
export interface Arrow {
  readonly id: string;
  readonly kind: FrameKind;
  readonly label: string;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  /** Where it begins and ends, in steps. */
  readonly x1: number;
  readonly x2: number;
  /** The event of its arrival; null while it flies. */
  readonly event: number | null;
}

/** Something that happens to one server. */
export interface Dot {
  readonly event: EventView;
  readonly x: number;
}

export interface SpaceTime {
  readonly nodes: readonly string[];
  /** How many steps there are. */
  readonly steps: number;
  readonly arrows: readonly Arrow[];
  readonly dots: readonly Dot[];
  /** True if there were more events than are drawn. */
  readonly dropped: boolean;
}

export function spaceTimeOf(frame: Frame): SpaceTime {
  const events = frame.events.slice(-EVENTS_MAX);
  const steps = events.length;
  const arrows: Arrow[] = [];
  const dots: Dot[] = [];
  events.forEach((event, x) => {
    const { what, node } = event;
    if (what.is !== "receive") {
      dots.push({ event, x });
      return;
    }
    const { id, frame: kind, label, bytes, from, sentAt } = what;
    const x1 = stepAt(events, from, sentAt, x);
    arrows.push({ id, kind, label, bytes, from, to: node, x1, x2: x, event: event.index });
  });
  const flying = frame.wires.flatMap((wire) => wire.frames);
  for (const one of flying) arrows.push(inFlight(events, one, steps));
  const dropped = (events[0]?.index ?? 0) > 0;
  return { nodes: frame.nodes.map((node) => node.name), steps, arrows, dots, dropped };
}

function inFlight(events: readonly EventView[], flying: FrameView, steps: number): Arrow {
  const { id, kind, label, bytes, from, to, sentAt } = flying;
  const x1 = stepAt(events, from, sentAt, steps);
  return { id, kind, label, bytes, from, to, x1, x2: steps, event: null };
}

/** The step in which `node` sent something: the last of its own before `limit`, at that time. */
function stepAt(
  events: readonly EventView[],
  node: number,
  sentAt: number,
  limit: number,
): number {
  let low = 0;
  let high = limit;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.at ?? Infinity) <= sentAt) low = middle + 1;
    else high = middle;
  }
  for (let step = low - 1; step >= 0 && (events[step]?.at ?? 0) >= sentAt; step--) {
    if (events[step]?.node === node) return step;
  }
  // It was sent before the first event that is drawn, or between two.
  return low - 0.5;
}

/** So many events are drawn. */
export const EVENTS_MAX = 160;
