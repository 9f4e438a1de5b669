/**
 * What the reader has picked: some bytes, wherever they are drawn.
 *
 * Bytes of the stream are known by their offsets, so the same bytes can be marked on the wire, on
 * the ruler, in the backlog and in the buffer of a replica that still waits for them.
 */
import type { Frame, FrameView, Inspected, NodeView, PieceView } from "../engine/frame";
import { attachmentOf, followersOf, masterOf } from "./relations";

/** Half-open, in offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Picked {
  /** The frame, if it is one. */
  readonly frame: FrameView | null;
  /** The node whose stream they are. */
  readonly node: number;
  /** Their offsets in that stream; null for what is no part of it. */
  readonly span: Span | null;
  readonly label: string;
  readonly bytes: number;
}

/** The offsets of what is in flight to `node`, by the names of the frames. */
export function spansInFlight(frame: Frame, node: NodeView): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span>();
  const master = masterOf(frame, node);
  const attachment = attachmentOf(frame, node);
  if (master === null || attachment === null || attachment.sent === 0) return spans;
  const wires = frame.wires.filter((wire) => wire.frames.some((one) => one.to === node.id));
  // What is not told cannot be counted past.
  if (wires.some((wire) => wire.hidden > 0)) return spans;
  let end = attachment.sent;
  const flying = wires.flatMap((wire) => wire.frames.filter((one) => one.to === node.id));
  for (const one of flying.reverse()) {
    if (one.from !== master.id || !isStream(one)) continue;
    spans.set(one.id, { start: end - one.bytes, end });
    end -= one.bytes;
  }
  return spans;
}

/** Bytes that count: a PING in the stream does, a newline that only shows life does not. */
function isStream({ kind, label }: FrameView): boolean {
  return kind === "stream" || (kind === "ack" && label !== "\\n");
}

/** The pick of a frame in flight. */
export function frameAsPicked(frame: Frame, flying: FrameView): Picked {
  const node = frame.nodes[flying.to];
  const span = node === undefined ? undefined : spansInFlight(frame, node).get(flying.id);
  const { from, label, bytes } = flying;
  return { frame: flying, node: from, span: span ?? null, label, bytes };
}

/** The pick of a command of the stream. */
export function pieceAsPicked(node: NodeView, { end, bytes, label }: PieceView): Picked {
  return { frame: null, node: node.id, span: { start: end - bytes, end }, label, bytes };
}

/** What the engine is asked for. */
export function inspectedOf({ frame, node, span }: Picked): Inspected | null {
  if (frame !== null) return { frame: { id: frame.id, rdb: isBody(frame) } };
  return span === null ? null : { stream: { node, ...span } };
}

/** A part of a snapshot; its announced length is not. */
function isBody({ kind, label }: FrameView): boolean {
  return kind === "rdb" && !/^\$\d+$/.test(label);
}

/** True if the two have a byte in common. */
export function overlap(a: Span | null, b: Span | null): boolean {
  return a !== null && b !== null && a.start < b.end && b.start < a.end;
}

/** The part of `span` that is picked. */
export function cutOf(picked: Picked | null, span: Span): Span | null {
  if (picked?.span === null || picked === null) return null;
  const start = Math.max(picked.span.start, span.start);
  const end = Math.min(picked.span.end, span.end);
  return start < end ? { start, end } : null;
}

/** True if `flying` is what is picked, or carries some of it. */
export function isPicked(frame: Frame, picked: Picked | null, flying: FrameView): boolean {
  if (picked === null) return false;
  if (picked.frame?.id === flying.id) return true;
  const node = frame.nodes[flying.to];
  if (node === undefined || picked.span === null) return false;
  return overlap(spansInFlight(frame, node).get(flying.id) ?? null, picked.span);
}

/** Where the picked bytes are, of all who follow the node that produced them. */
export interface Whereabouts {
  readonly node: NodeView;
  readonly where: "buffered" | "flying" | "received" | "processed" | "acked";
}

/** How far the last picked byte has come to each replica. */
export function whereabouts(frame: Frame, picked: Picked): readonly Whereabouts[] {
  const { span } = picked;
  const master = frame.nodes[picked.node];
  if (span === null || master === undefined) return [];
  return followersOf(frame, master).map((node) => {
    const up = node.upstream;
    const attachment = attachmentOf(frame, node);
    const same = up !== null && node.replid === master.replid;
    if (same && (attachment?.acked ?? 0) >= span.end) return { node, where: "acked" };
    if (same && up.processed >= span.end) return { node, where: "processed" };
    if (same && up.received >= span.end) return { node, where: "received" };
    return { node, where: (attachment?.sent ?? 0) >= span.end ? "flying" : "buffered" };
  });
}
