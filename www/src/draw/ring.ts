/**
 * The backlog as a ring: as many bytes around as it may keep, the oldest given up for the newest.
 *
 * Since 7.0 Redis keeps the bytes in shared blocks, not in a ring; what is kept is the same.
 */
import type { Frame, NodeView } from "../engine/frame";
import { attachmentOf, familyOf } from "../model/relations";

/** Where a replica stands against the backlog. */
export interface Cursor {
  readonly node: NodeView;
  readonly offset: number;
  /** It reads here; it could go on from here; the bytes behind it are gone. */
  readonly state: "reads" | "resumes" | "lost";
}

export interface Ring {
  readonly size: number;
  /** The offset before the oldest byte kept, and behind the newest. */
  readonly start: number;
  readonly end: number;
  readonly cursors: readonly Cursor[];
}

/** The ring of `master`, or null if it keeps none. */
export function ringOf(frame: Frame, master: NodeView): Ring | null {
  const { backlog } = master;
  if (backlog === null) return null;
  const start = backlog.first - 1;
  const end = start + backlog.histlen;
  const cursors = familyOf(frame, master)
    .slice(1)
    .flatMap((node) => cursorOf(frame, node, master, start, end));
  return { size: backlog.size, start, end, cursors };
}

function cursorOf(
  frame: Frame,
  node: NodeView,
  master: NodeView,
  start: number,
  end: number,
): readonly Cursor[] {
  const attachment = attachmentOf(frame, node);
  if (attachment !== null) {
    const reads = attachment.state === "online" || attachment.buffered > 0;
    return reads ? [{ node, offset: end - attachment.buffered, state: "reads" }] : [];
  }
  const known = node.replid === master.replid || isSecond(node, master);
  const offset = node.upstream?.processed ?? node.offset;
  if (!known || node.upstream === null) return [];
  return [{ node, offset, state: offset >= start && offset <= end ? "resumes" : "lost" }];
}

/** True if the node's history is the master's second one, as far as that goes. */
function isSecond(node: NodeView, master: NodeView): boolean {
  return node.replid === master.replid2 && node.offset < master.secondOffset;
}

/** The place of an offset on the ring, as a turn from 0 to 1. */
export function turnOf(ring: Ring, offset: number): number {
  return (offset % ring.size) / ring.size;
}

/** The point of a turn, clockwise from the top, on a circle around the origin. */
export function pointOf(turn: number, radius: number): { readonly x: number; readonly y: number } {
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  return { x: round(radius * Math.cos(angle)), y: round(radius * Math.sin(angle)) };
}

/** The path along a circle from one offset to another; a whole turn is drawn as a circle. */
export function arcOf(ring: Ring, start: number, end: number, radius: number): string {
  const part = Math.min(1, (end - start) / ring.size);
  if (part >= 1) return `M0 ${-radius}A${radius} ${radius} 0 1 1 -.01 ${-radius}z`;
  const from = turnOf(ring, start);
  // An arc shorter than this could not be seen.
  const a = pointOf(from, radius);
  const b = pointOf(from + Math.max(part, ARC_MIN), radius);
  return `M${a.x} ${a.y}A${radius} ${radius} 0 ${part > 0.5 ? 1 : 0} 1 ${b.x} ${b.y}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const ARC_MIN = 0.004;
