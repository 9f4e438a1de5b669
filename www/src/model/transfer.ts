/** How far a snapshot has come to one replica: written, sent, received, loaded. */
import type { Frame, NodeView, SnapshotView } from "../engine/frame";
import { attachmentOf, masterOf } from "./relations";

export interface Transfer {
  /** Bytes that the master's child has written, as far as it is known. */
  readonly written: number;
  /** Bytes handed to the wire. */
  readonly sent: number;
  readonly received: number;
  readonly loaded: number;
  /** Keys loaded; null while nothing is loaded. */
  readonly keys: number | null;
  /** The length of the whole, if the master has said it. */
  readonly total: number | null;
  /** The length of the whole, or the best guess from the keys that are written. */
  readonly whole: number;
  /** True from the replica's knowledge that a snapshot comes. */
  readonly begun: boolean;
}

/** The transfer to `node`, or null if none is under way. */
export function transferOf(frame: Frame, node: NodeView): Transfer | null {
  const attachment = attachmentOf(frame, node);
  const transfer = node.upstream?.transfer ?? null;
  const own = masterOf(frame, node)?.snapshot ?? null;
  const snapshot = attachment?.state === "wait_bgsave_end" ? own : null;
  if (transfer === null && snapshot === null && attachment?.state !== "send_bulk") return null;
  const received = transfer?.read ?? 0;
  const counted = transfer?.form === "counted" ? transfer.total : null;
  const total = counted ?? attachment?.rdbTotal ?? null;
  const sent = Math.max(received + inFlight(frame, node), attachment?.rdbSent ?? 0);
  const written = snapshot?.written ?? total ?? sent;
  const loaded = node.loading?.read ?? 0;
  return {
    written,
    sent,
    received,
    loaded,
    keys: node.loading?.keys ?? null,
    total,
    whole: total ?? Math.max(guess(snapshot), sent, loaded),
    begun: transfer !== null,
  };
}

/** Bytes of an RDB that are on their way to `node`. */
function inFlight(frame: Frame, node: NodeView): number {
  const flying = frame.wires.flatMap((wire) => wire.frames);
  const rdb = flying.filter((one) => one.to === node.id && one.kind === "rdb");
  return rdb.reduce((sum, one) => sum + one.bytes, 0);
}

/** The whole length of a snapshot that is being written, told from the keys that are in it. */
function guess(snapshot: SnapshotView | null): number {
  if (snapshot === null || snapshot.keysDone === 0) return snapshot?.written ?? 0;
  return (snapshot.written * snapshot.keysTotal) / snapshot.keysDone;
}
