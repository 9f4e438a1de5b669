/**
 * What is going on, told from the facts of one frame.
 *
 * Every replica is in one `Stage`; the story of a frame is the stage of whoever has come least far,
 * and a chapter is a stage's place in the strip above the picture. Nothing is remembered: the same
 * frame always tells the same story, forward and backward.
 */
import type { Frame, NodeView } from "../engine/frame";
import { attachmentOf, isCut, masterOf } from "./relations";

export type Stage =
  | "apart" // a master, or nobody's replica
  | "cut" // the wire to its master is cut
  | "handshake" // dialling, PING, REPLCONF, PSYNC
  | "delay" // the master waits before it forks
  | "snapshot" // the master's child writes the RDB
  | "transfer" // the RDB is on its way
  | "load" // the replica reads the RDB into memory
  | "ack" // loaded; the first ACK opens the stream
  | "drain" // buffered writes flow
  | "stream" // a write is on its way
  | "steady"; // both offsets are equal

/** The chapters of a full synchronisation, in the order of time. */
export const CHAPTERS = [
  "handshake",
  "delay",
  "snapshot",
  "transfer",
  "load",
  "drain",
  "steady",
] as const;

export interface Story {
  readonly stage: Stage;
  /** The nodes that are in this stage. */
  readonly who: readonly NodeView[];
  /** Their master, if they have one. */
  readonly master: NodeView | null;
  /** The index into `CHAPTERS`, or -1 before the first. */
  readonly chapter: number;
}

/** The stage that a node is in. */
export function stageOf(frame: Frame, node: NodeView): Stage {
  const up = node.upstream;
  if (up === null) return "apart";
  const master = masterOf(frame, node);
  if (!up.up && master !== null && isCut(frame.cuts, node.id, master.id)) return "cut";
  const attachment = attachmentOf(frame, node);
  if (node.loading !== null) return "load";
  if (up.up) {
    if (attachment !== null && (attachment.waitsForAck || attachment.state !== "online"))
      return "ack";
    if ((attachment?.buffered ?? 0) > 0) return "drain";
    return master !== null && up.processed < master.offset ? "stream" : "steady";
  }
  if (attachment?.state === "wait_bgsave_start") return "delay";
  if (attachment?.state === "wait_bgsave_end") return "snapshot";
  return up.state === "transfer" ? "transfer" : "handshake";
}

/** The chapter of a stage; -1 for what is outside the story of a synchronisation. */
export function chapterOf(stage: Stage): number {
  if (stage === "ack" || stage === "stream") return CHAPTERS.indexOf("drain");
  return CHAPTERS.indexOf(stage as (typeof CHAPTERS)[number]);
}

/** What the frame is about. */
export function storyOf(frame: Frame): Story {
  const replicas = frame.nodes.filter((node) => node.upstream !== null);
  const staged = replicas.map((node) => ({ node, stage: stageOf(frame, node) }));
  const first = staged.reduce<(typeof staged)[number] | null>(
    (least, one) => (least === null || rank(one.stage) < rank(least.stage) ? one : least),
    null,
  );
  if (first === null) return { stage: "apart", who: [], master: null, chapter: -1 };
  const who = staged.filter((one) => one.stage === first.stage).map((one) => one.node);
  const master = masterOf(frame, first.node);
  return { stage: first.stage, who, master, chapter: chapterOf(first.stage) };
}

/** True if nothing is left to be synchronised. */
export function isSettled(frame: Frame): boolean {
  return storyOf(frame).stage === "steady" && frame.wires.every((wire) => wire.frames.length === 0);
}

/** How far a stage is from the end; the least is the one to talk about. */
function rank(stage: Stage): number {
  const order: readonly Stage[] = [
    "cut",
    "handshake",
    "delay",
    "snapshot",
    "transfer",
    "load",
    "ack",
    "drain",
    "stream",
    "steady",
    "apart",
  ];
  return order.indexOf(stage);
}
