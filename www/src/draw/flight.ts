/** Frames in flight: where each is on its wire, in which shape, and when they become a count. */
import type { FrameView, WireView } from "../engine/frame";
import type { Pipe, Point } from "./topology";

export type FlightKind = FrameView["kind"];

/** One shape on a wire. */
export interface Flight {
  readonly frame: FrameView;
  readonly at: Point;
  /** The direction of travel, in degrees. */
  readonly angle: number;
  /** Half of the length along the wire, in pixels. */
  readonly reach: number;
}

/** Many frames that go the same way, as one shape. */
export interface Flock {
  readonly to: number;
  readonly at: Point;
  readonly count: number;
  readonly bytes: number;
  readonly kind: FlightKind;
}

export interface Traffic {
  readonly flights: readonly Flight[];
  readonly flocks: readonly Flock[];
}

/** How much of its way a frame has behind it at `now`, from 0 to 1. */
export function progressOf(frame: FrameView, now: number): number {
  const span = frame.arrivesAt - frame.sentAt;
  if (span <= 0) return now >= frame.arrivesAt ? 1 : 0;
  return Math.min(1, Math.max(0, (now - frame.sentAt) / span));
}

/** Half the length of a shape: grows with the logarithm of the bytes. */
export function reachOf(bytes: number): number {
  return Math.min(13, 3 + Math.log2(Math.max(1, bytes)) * 0.7);
}

/** All that is on a pipe at `now`. */
export function trafficOf(pipe: Pipe, now: number): Traffic {
  const count = pipe.pair.wires.reduce((sum, wire) => sum + wire.frames.length + wire.hidden, 0);
  if (count > SHAPES_MAX) return { flights: [], flocks: flocksOf(pipe, now) };
  const frames = pipe.pair.wires.flatMap((wire) => wire.frames);
  const lanes = [pipe.pair.replica.id, pipe.pair.master.id].map((to) =>
    laneOf(
      pipe,
      now,
      frames.filter((frame) => frame.to === to),
    ),
  );
  return { flights: lanes.flat(), flocks: [] };
}

/** The shapes of one lane; one that would hide another goes ahead of it, as it was sent before. */
function laneOf(pipe: Pipe, now: number, frames: readonly FrameView[]): readonly Flight[] {
  const length = Math.hypot(pipe.to.x - pipe.from.x, pipe.to.y - pipe.from.y) || 1;
  let ahead = 0;
  return [...frames].reverse().map((frame) => {
    const reach = reachOf(frame.bytes);
    const along = Math.max(progressOf(frame, now), ahead);
    ahead = Math.min(1, along + (2 * reach + BETWEEN) / length);
    return { frame, reach, ...placeOn(pipe, frame.to, along, reach) };
  });
}

function flocksOf(pipe: Pipe, now: number): readonly Flock[] {
  const { master, replica } = pipe.pair;
  return [replica.id, master.id].flatMap((to) => {
    const frames = pipe.pair.wires.flatMap((w) => w.frames.filter((frame) => frame.to === to));
    if (frames.length === 0) return [];
    const hidden = pipe.pair.wires.reduce((sum, wire) => sum + hiddenTowards(wire, to), 0);
    const mean = frames.reduce((sum, f) => sum + progressOf(f, now), 0) / frames.length;
    const { at } = placeOn(pipe, to, mean, FLOCK_REACH);
    const bytes = frames.reduce((sum, frame) => sum + frame.bytes, 0);
    return [{ to, at, count: frames.length + hidden, bytes, kind: mostOf(frames) }];
  });
}

/** Hidden frames come after the last that is shown, and go the same way. */
function hiddenTowards(wire: WireView, to: number): number {
  return wire.frames.at(-1)?.to === to ? wire.hidden : 0;
}

function mostOf(frames: readonly FrameView[]): FlightKind {
  const bytes = (kind: FlightKind): number =>
    frames.reduce((sum, frame) => (frame.kind === kind ? sum + frame.bytes : sum), 0);
  return KINDS.reduce((most, kind) => (bytes(kind) > bytes(most) ? kind : most));
}

/** A place on the lane that leads to node `to`; the shape stays clear of the cards. */
function placeOn(
  pipe: Pipe,
  to: number,
  progress: number,
  reach: number,
): { at: Point; angle: number } {
  const outward = to === pipe.pair.replica.id;
  const [a, b] = outward ? [pipe.from, pipe.to] : [pipe.to, pipe.from];
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const [ux, uy] = [(b.x - a.x) / length, (b.y - a.y) / length];
  const clear = Math.min(reach + 2, length / 2);
  const along = clear + progress * (length - 2 * clear);
  const at = { x: a.x + ux * along - uy * -LANE, y: a.y + uy * along + ux * -LANE };
  return { at, angle: (Math.atan2(uy, ux) * 180) / Math.PI };
}

/** The kinds, in the order in which they are named. */
export const KINDS: readonly FlightKind[] = ["control", "rdb", "stream", "ack"];
/** More shapes than this on one pipe become counts. */
export const SHAPES_MAX = 12;
/** The gap between two shapes, in pixels. */
const BETWEEN = 5;
/** How far a lane is from the middle of its pipe, to the left of the direction of travel. */
const LANE = 6;
const FLOCK_REACH = 24;
