/** The words on the screen that want explaining: by place, each with its label and where to read on. */
import type en from "../locales/en.json";
import type { Key } from "./language";

/** The places on the screen that have an explanation of their own. */
export type Topic = "topology" | "ruler" | "console" | "keys" | "events" | "time" | "dock";

/** What has a sentence in the locales. */
type Said = { [K in keyof typeof en]: K extends `say.${infer Id}` ? Id : never }[keyof typeof en];

export interface Term {
  readonly id: Said;
  /** The label, as it stands on the screen. */
  readonly label: Key;
  /** Where to read on in Redis' documentation; a word of the lab's own has nothing there. */
  readonly page?: string;
}

export const TOPICS: Readonly<Record<Topic, { readonly title: Key; readonly terms: readonly Term[] }>> = {
  topology: {
    title: "topic.topology",
    terms: [
      { id: "card.offset", label: "topology.offset", page: "REPLICATION#how-redis-replication-works" },
      { id: "replid", label: "term.replid", page: "REPLICATION#replication-id-explained" },
      { id: "pages", label: "term.pages", page: "PERSISTENCE#how-it-works" },
      { id: "control", label: "kind.control", page: "commands/psync/" },
      { id: "rdb", label: "kind.rdb", page: "PERSISTENCE#snapshotting" },
      { id: "stream", label: "kind.stream", page: "develop/reference/protocol-spec/" },
    ],
  },
  ruler: {
    title: "ruler.title",
    terms: [
      { id: "backlog", label: "ruler.backlog", page: "REPLICATION#how-redis-replication-works" },
      { id: "snapshot", label: "ruler.snapshot", page: "PERSISTENCE#how-it-works" },
      { id: "processed", label: "ruler.processed", page: "commands/info/" },
      { id: "received", label: "ruler.received", page: "commands/info/" },
      { id: "flight", label: "ruler.flight", page: "REPLICATION#how-redis-replication-works" },
      { id: "buffered", label: "ruler.buffered", page: "develop/reference/clients/#output-buffer-limits" },
      { id: "acked", label: "ruler.acked", page: "commands/wait/" },
    ],
  },
  console: {
    title: "console.title",
    terms: [
      { id: "log", label: "pane.console" },
      { id: "prompt", label: "term.prompt", page: "develop/tools/cli/" },
      { id: "diskless", label: "term.diskless", page: "REPLICATION#diskless-replication" },
    ],
  },
  keys: { title: "keys.title", terms: [{ id: "keys", label: "keys.title" }] },
  events: {
    title: "events.title",
    terms: [{ id: "events", label: "events.title" }],
  },
  time: {
    title: "time.label",
    terms: [
      { id: "speed", label: "time.speed" },
      { id: "idle", label: "time.idle" },
      { id: "stride", label: "time.stride" },
      { id: "branches", label: "time.branches" },
      { id: "until", label: "until.label" },
      { id: "changed", label: "changed.label" },
    ],
  },
  dock: {
    title: "dock.inspector",
    terms: [
      { id: "inspector", label: "dock.inspector", page: "develop/reference/protocol-spec/" },
      { id: "spacetime", label: "dock.spacetime" },
      { id: "facts", label: "dock.facts", page: "commands/info/" },
    ],
  },
};

/** The address of a page of Redis' own documentation. */
export function addressOf(page: string): string {
  const manual = "operate/oss_and_stack/management";
  const path = page
    .replace(/^REPLICATION/, `${manual}/replication/`)
    .replace(/^PERSISTENCE/, `${manual}/persistence/`);
  return `https://redis.io/docs/latest/${path}`;
}
