/** What a run or a lesson may wait for, as in the line `until …` of a script. */
import type { Frame, NodeView } from "../engine/frame";
import type { Limit } from "./intent";
import { masterOf } from "./relations";

/** How many lines each log had: what a wait for a line begins behind. */
export type LogMarks = ReadonlyMap<number, number>;

export function logMarks(frame: Frame): LogMarks {
  return new Map(frame.nodes.map((node) => [node.id, (node.log.at(-1)?.index ?? -1) + 1]));
}

/** The same, as it was when `cursor` events had happened. */
export function logMarksAt(frame: Frame, cursor: number): LogMarks {
  const first = ({ log }: NodeView): number =>
    log.find(({ event }) => event >= cursor)?.index ?? (log.at(-1)?.index ?? -1) + 1;
  return new Map(frame.nodes.map((node) => [node.id, first(node)]));
}

/** The numbers that limits have at first, and the largest that they may have. */
export const LIMITS: Readonly<Record<Limit["what"], number>> = { lag: 1_000, buffer: 50 };
export const BOUNDS: Readonly<Record<Limit["what"], number>> = { lag: 999_999_999, buffer: 100 };

/** The condition that more than `than` makes of a limit. */
export function limited({ node, what }: Limit, than: number): string {
  return `${node} ${what} ${than}${what === "buffer" ? "%" : ""}`;
}

/** True if what is waited for has come, since `marks` if it is a line of a log. */
export function holds(until: string, frame: Frame, marks: LogMarks): boolean {
  if (until === "synced") return frame.nodes.every((node) => isSynced(frame, node));
  const [name = "", what = "", ...rest] = until.split(" ");
  const node = frame.nodes.find((one) => one.name === name);
  const value = rest.join(" ");
  if (node === undefined) throw new Error(`there is no node '${name}'`);
  switch (what) {
    case "up":
      return node.upstream?.up === true;
    case "fullsync":
      return isSyncing(node);
    case "lag":
      return node.replicas.some((one) => node.offset - one.acked > Number(value));
    case "buffer":
      return node.replicas.some((one) => isFull(node, one.buffered, Number.parseFloat(value)));
    case "logs": {
      const since = marks.get(node.id) ?? 0;
      return node.log.some((line) => line.index >= since && line.text.includes(value));
    }
    default:
      throw new Error(`nothing can wait for '${until}'`);
  }
}

function isSyncing(node: NodeView): boolean {
  const waits = node.replicas.some((one) => one.state !== "online");
  return waits || node.upstream?.state === "transfer";
}

function isFull({ bufferLimit }: NodeView, buffered: number, percent: number): boolean {
  const limit = bufferLimit.hard || bufferLimit.soft;
  return limit > 0 && buffered * 100 > limit * percent;
}

/** True if nothing is left to do on a node's link, or on the links of its replicas. */
function isSynced(frame: Frame, node: NodeView): boolean {
  if (node.upstream === null) {
    return node.replicas.every((replica) => replica.acked === node.offset);
  }
  const master = masterOf(frame, node);
  return node.upstream.up && master?.offset === node.offset && master.replid === node.replid;
}
