/**
 * The offsets of a family of nodes on one line.
 *
 * ```text
 *   master    0 ───────────────────────────────────────────▲ head
 *   backlog              first ████████████████████████████
 *   replica   ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒▒▒┄┄┄┄┄┄┄┄┄┄▨▨▨▨▨▨▨▨▨▨▨▨▨▨▨
 *              processed │ received │ in flight │ buffered │
 *              ○ acked
 * ```
 *
 * The four parts of a replica's row are one sum: what the master has produced, byte for byte. A row
 * whose node is not on the master's history has no first parts: its own offset counts other bytes.
 */
import type { Frame, NodeView } from "../engine/frame";
import type { Span } from "../model/picked";
import { attachmentOf, familyOf } from "../model/relations";
import { type Scale, scaleOf } from "./scale";

export interface ReplicaRow {
  readonly node: NodeView;
  /** False while the node's offset counts the bytes of another history. */
  readonly sameHistory: boolean;
  readonly processed: Span;
  readonly received: Span;
  readonly flight: Span;
  readonly buffered: Span;
  readonly acked: number | null;
}

export interface Ruler {
  readonly master: NodeView;
  readonly scale: Scale;
  readonly head: number;
  /** The backlog's bytes, or null if there is none or it is empty. */
  readonly backlog: Span | null;
  readonly rows: readonly ReplicaRow[];
}

/** The ruler of `master` and all who follow it. */
export function rulerOf(frame: Frame, master: NodeView): Ruler {
  const head = master.offset;
  const rows = familyOf(frame, master)
    .slice(1)
    .map((node) => rowOf(frame, node, master));
  const backlog = backlogOf(master);
  const places = rows.filter((row) => row.sameHistory).map((row) => row.processed.end);
  const least = Math.min(head, backlog?.start ?? head, ...places);
  const start = least < WHOLE_MAX ? 0 : least - (head - least) * 0.1;
  const end = Math.max(head, start + SPAN_MIN);
  return { master, scale: scaleOf(Math.max(0, Math.floor(start)), end), head, backlog, rows };
}

/** An offset is the number of stream bytes before a position; Redis counts its bytes from 1. */
function backlogOf(master: NodeView): Span | null {
  const { backlog } = master;
  if (backlog === null || backlog.histlen === 0) return null;
  const start = backlog.first - 1;
  return { start, end: start + backlog.histlen };
}

function rowOf(frame: Frame, node: NodeView, master: NodeView): ReplicaRow {
  const attachment = attachmentOf(frame, node);
  const up = node.upstream;
  const sameHistory = node.replid === master.replid && up !== null;
  const processed = sameHistory ? up.processed : 0;
  const received = sameHistory ? Math.max(up.received, processed) : 0;
  const head = Math.max(master.offset, received);
  const waiting = Math.min(attachment?.buffered ?? 0, head - received);
  const sent = Math.max(received, head - waiting);
  const flies = sameHistory && attachment !== null;
  return {
    node,
    sameHistory,
    processed: { start: 0, end: processed },
    received: { start: processed, end: received },
    flight: flies ? { start: received, end: sent } : { start: sent, end: sent },
    buffered: { start: sent, end: sent + waiting },
    acked: sameHistory && attachment !== null ? attachment.acked : null,
  };
}

/** A history of fewer bytes is drawn from its beginning. */
const WHOLE_MAX = 65_536;
/** A line of fewer bytes would make one byte look like much. */
const SPAN_MIN = 64;
