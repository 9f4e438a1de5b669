/**
 * What the words on the screen mean: by place, each with its labels and where to read on. Fetched
 * when the help is opened; the sentences are in the file of their language beside this one.
 */
import { type Glossary, type Topic, TITLES } from "../model/glossary";
import type { Key, Words } from "../model/language";
import type en from "./en.json";

export interface Term {
  readonly id: keyof typeof en;
  /** Its labels as they stand on the screen: keys of the locale, a family of them (`part.*`), or "=" and the text. */
  readonly labels: readonly (Key | `=${string}` | `${string}.*`)[];
  /** A page of Redis' documentation, or a whole address. */
  readonly page: string;
}

export const PLACES: Readonly<Record<Topic, readonly Term[]>> = {
  head: [
    { id: "library", labels: ["library.open"], page: "REPLICATION" },
    { id: "engine", labels: ["app.engine"], page: "https://github.com/redis/redis/tree/7.2.4" },
    {
      id: "isolation",
      labels: ["app.workers", "app.page"],
      page: "https://developer.mozilla.org/docs/Web/API/Channel_Messaging_API",
    },
    { id: "restart", labels: ["head.restart"], page: "REPLICATION#diskless-replication" },
    { id: "sockets", labels: ["head.restart.diskless"], page: "REPLICATION#diskless-replication" },
    { id: "disk", labels: ["head.restart.disk"], page: "PERSISTENCE#how-it-works" },
    { id: "expert", labels: ["head.expert"], page: "develop/reference/protocol-spec/" },
    {
      id: "language",
      labels: ["head.language"],
      page: "https://developer.mozilla.org/docs/Web/HTML/Reference/Global_attributes/lang",
    },
  ],
  chapters: [
    {
      id: "handshake",
      labels: ["chapter.handshake", "stage.handshake"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/replication.c",
    },
    { id: "delay", labels: ["chapter.delay", "stage.delay"], page: "REPLICATION#diskless-replication" },
    {
      id: "snapshot.chapter",
      labels: ["chapter.snapshot", "stage.forked", "stage.snapshot"],
      page: "PERSISTENCE#how-it-works",
    },
    {
      id: "transfer",
      labels: ["chapter.transfer", "stage.transfer"],
      page: "REPLICATION#how-redis-replication-works",
    },
    {
      id: "load",
      labels: ["chapter.load", "stage.load"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/rdb.c",
    },
    {
      id: "drain",
      labels: ["chapter.drain", "stage.drain", "stage.stream", "stage.ack"],
      page: "REPLICATION#how-redis-replication-works",
    },
    {
      id: "steady",
      labels: ["chapter.steady", "stage.steady"],
      page: "REPLICATION#replication-id-explained",
    },
  ],
  topology: [
    { id: "role", labels: ["role.master", "role.replica"], page: "commands/role/" },
    { id: "port", labels: ["=:6379"], page: "operate/oss_and_stack/management/config/" },
    { id: "apart", labels: ["stage.apart", "stage.master"], page: "commands/replicaof/" },
    { id: "cut", labels: ["stage.cut", "kind.fault"], page: "REPLICATION" },
    {
      id: "down",
      labels: ["node.down", "node.frozen", "node.panic"],
      page: "operate/oss_and_stack/management/troubleshooting/",
    },
    { id: "card.offset", labels: ["topology.offset"], page: "REPLICATION#how-redis-replication-works" },
    { id: "card.keys", labels: ["topology.keyCount"], page: "commands/dbsize/" },
    { id: "replid", labels: ["term.replid"], page: "REPLICATION#replication-id-explained" },
    { id: "pages", labels: ["topology.pagesIdle", "topology.copied"], page: "PERSISTENCE#how-it-works" },
    { id: "same", labels: ["topology.same"], page: "REPLICATION" },
    { id: "behind", labels: ["topology.behind"], page: "commands/info/" },
    { id: "control", labels: ["kind.control"], page: "commands/psync/" },
    { id: "rdb", labels: ["kind.rdb"], page: "PERSISTENCE#snapshotting" },
    { id: "stream", labels: ["kind.stream"], page: "develop/reference/protocol-spec/" },
    { id: "ack", labels: ["kind.ack"], page: "commands/replconf/" },
    {
      id: "trouble",
      labels: ["trouble.stalled", "trouble.delay", "trouble.bandwidth"],
      page: "operate/oss_and_stack/management/optimization/latency/",
    },
  ],
  ruler: [
    {
      id: "offsets",
      labels: ["ruler.title", "ruler.note"],
      page: "REPLICATION#how-redis-replication-works",
    },
    { id: "head", labels: ["=master_repl_offset"], page: "commands/info/" },
    {
      id: "backlog",
      labels: ["ruler.backlog", "ruler.backlog.value", "ruler.backlog.none", "ring.of"],
      page: "REPLICATION#how-redis-replication-works",
    },
    { id: "range", labels: ["ring.range"], page: "commands/info/" },
    {
      id: "cursor",
      labels: ["ring.reads", "ring.resumes", "ring.lost"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/replication.c",
    },
    { id: "snapshot", labels: ["ruler.snapshot", "ruler.snapshot.value"], page: "PERSISTENCE#how-it-works" },
    {
      id: "lane",
      labels: ["ruler.rdb", "ruler.rdb.written", "ruler.rdb.read", "ruler.rdb.of", "ruler.rdb.loading"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/rdb.c",
    },
    { id: "processed", labels: ["ruler.processed"], page: "commands/info/" },
    { id: "received", labels: ["ruler.received"], page: "commands/info/" },
    { id: "flight", labels: ["ruler.flight"], page: "REPLICATION#how-redis-replication-works" },
    {
      id: "buffered",
      labels: ["ruler.buffered", "buffer.title", "ruler.waits"],
      page: "develop/reference/clients/#output-buffer-limits",
    },
    {
      id: "limits",
      labels: ["buffer.limits", "buffer.unlimited"],
      page: "develop/reference/clients/#output-buffer-limits",
    },
    { id: "acked", labels: ["ruler.acked"], page: "commands/wait/" },
    { id: "other", labels: ["ruler.otherHistory"], page: "REPLICATION#replication-id-explained" },
  ],
  console: [
    {
      id: "log",
      labels: ["pane.console", "console.merge"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/server.c",
    },
    {
      id: "level",
      labels: ["console.level", "=.", "=-", "=*", "=#"],
      page: "operate/oss_and_stack/management/config-file/",
    },
    { id: "prompt", labels: ["term.prompt", "console.run"], page: "develop/tools/cli/" },
    {
      id: "diskless",
      labels: ["console.diskless", "=yes", "=no"],
      page: "REPLICATION#diskless-replication",
    },
  ],
  keys: [
    {
      id: "keys",
      labels: ["keys.title", "pane.keys", "keys.key", "keys.none", "keys.more"],
      page: "develop/use/keyspace/",
    },
  ],
  events: [
    {
      id: "events",
      labels: ["events.title", "pane.events"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/ae.c",
    },
    { id: "count", labels: ["time.count"], page: "https://en.wikipedia.org/wiki/Discrete-event_simulation" },
  ],
  time: [
    {
      id: "next",
      labels: ["time.next", "time.in", "time.nothing"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation",
    },
    {
      id: "clock",
      labels: ["time.label", "time.clock", "time.jumped"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation",
    },
    { id: "speed", labels: ["time.speed"], page: "https://en.wikipedia.org/wiki/Discrete-event_simulation" },
    { id: "recorded", labels: ["time.recorded"], page: "https://en.wikipedia.org/wiki/Discrete-event_simulation" },
    { id: "scale", labels: ["time.scale"], page: "https://en.wikipedia.org/wiki/Discrete-event_simulation" },
    { id: "idle", labels: ["time.idle"], page: "https://en.wikipedia.org/wiki/Discrete-event_simulation" },
    {
      id: "stride",
      labels: ["time.stride", "stride.frame", "stride.command", "stride.phase"],
      page: "develop/reference/protocol-spec/",
    },
    {
      id: "branches",
      labels: ["time.branches"],
      page: "https://en.wikipedia.org/wiki/Branching_(version_control)",
    },
    { id: "until", labels: ["until.label"], page: "https://en.wikipedia.org/wiki/Breakpoint" },
    { id: "changed", labels: ["changed.label"], page: "https://rr-project.org/" },
  ],
  faults: [
    { id: "faults", labels: ["faults.wire", "faults.node"], page: "REPLICATION" },
    { id: "direction", labels: ["faults.a"], page: "https://www.rfc-editor.org/rfc/rfc9293" },
    { id: "stall", labels: ["fault.stall"], page: "https://www.rfc-editor.org/rfc/rfc9293" },
    {
      id: "slow",
      labels: ["fault.delay", "fault.bandwidth"],
      page: "operate/oss_and_stack/management/optimization/latency/",
    },
    { id: "halfOpen", labels: ["fault.halfOpen"], page: "https://www.rfc-editor.org/rfc/rfc9293" },
    { id: "reset", labels: ["fault.reset"], page: "https://www.rfc-editor.org/rfc/rfc9293" },
    { id: "cutting", labels: ["fault.cut"], page: "REPLICATION" },
    { id: "partition", labels: ["fault.partition"], page: "REPLICATION" },
    { id: "heal", labels: ["fault.heal"], page: "REPLICATION" },
    {
      id: "freeze",
      labels: ["fault.freeze", "fault.thaw"],
      page: "https://man7.org/linux/man-pages/man7/signal.7.html",
    },
    { id: "crash", labels: ["fault.crash"], page: "PERSISTENCE" },
    { id: "restarting", labels: ["fault.restart", "fault.restartBare"], page: "PERSISTENCE" },
    { id: "disks", labels: ["fault.diskFails", "fault.diskWorks"], page: "PERSISTENCE#snapshotting" },
    {
      id: "forks",
      labels: ["fault.forkFails", "fault.forkWorks"],
      page: "operate/oss_and_stack/management/admin/",
    },
    { id: "download", labels: ["head.download"], page: "PERSISTENCE#backing-up-redis-data" },
  ],
  dock: [
    {
      id: "inspector",
      labels: ["dock.inspector", "inspect.none", "inspect.gone"],
      page: "develop/reference/protocol-spec/",
    },
    {
      id: "span",
      labels: ["inspect.bytes", "inspect.span", "where.*"],
      page: "REPLICATION#how-redis-replication-works",
    },
    {
      id: "form",
      labels: ["inspect.form", "form.raw", "form.resp", "form.cli"],
      page: "develop/reference/protocol-spec/",
    },
    {
      id: "parts",
      labels: ["part.*", "section.*", "facts.was", "inspect.more"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/rdb.h",
    },
    {
      id: "copy",
      labels: ["inspect.copyHex", "inspect.copyPrintf"],
      page: "develop/reference/protocol-spec/",
    },
    {
      id: "spacetime",
      labels: ["dock.spacetime", "space.table", "space.who", "space.what", "space.bytes"],
      page: "https://lamport.azurewebsites.net/pubs/time-clocks.pdf",
    },
    { id: "svg", labels: ["=SVG"], page: "https://developer.mozilla.org/docs/Web/SVG" },
    { id: "facts", labels: ["dock.facts"], page: "commands/info/" },
  ],
  info: [
    { id: "info.role", labels: ["=role"], page: "commands/role/" },
    { id: "info.master", labels: ["=master_host", "=master_port"], page: "commands/replicaof/" },
    { id: "info.link", labels: ["=master_link_status"], page: "commands/info/" },
    { id: "info.read", labels: ["=slave_read_repl_offset", "=slave_repl_offset"], page: "commands/info/" },
    { id: "info.slaves", labels: ["=connected_slaves", "=slaveN"], page: "commands/info/" },
    {
      id: "info.ids",
      labels: ["=master_replid", "=master_replid2"],
      page: "REPLICATION#replication-id-explained",
    },
    { id: "info.offset", labels: ["=second_repl_offset"], page: "REPLICATION#replication-id-explained" },
    {
      id: "info.backlog",
      labels: ["=repl_backlog_active", "=repl_backlog_size", "=repl_backlog_first_byte_offset", "=repl_backlog_histlen"],
      page: "commands/info/",
    },
    {
      id: "strip.replica",
      labels: ["strip.replica", "=connect", "=connecting", "=receive_ping_reply", "=receive_auth_reply", "=receive_port_reply", "=receive_ip_reply", "=receive_capa_reply", "=receive_psync_reply", "=transfer", "=connected"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/server.h",
    },
    {
      id: "strip.master",
      labels: ["strip.master", "=wait_bgsave_start", "=wait_bgsave_end", "=send_bulk", "=online"],
      page: "https://github.com/redis/redis/blob/7.2.4/src/server.h",
    },
  ],
};

/** The words of a language, put together; what a label says of a moment is left open. */
export function glossaryOf(t: Words, said: Readonly<Record<Term["id"], string>>): Glossary {
  const places = Object.entries(PLACES) as [Topic, readonly Term[]][];
  return {
    language: t.language,
    places: places.map(([topic, terms]) => ({
      topic,
      title: t(TITLES[topic]),
      terms: terms.map(({ id, labels, page }) => {
        const address = addressOf(page);
        const texts = labels.flatMap((label) => textOf(t, label)).filter((text) => text !== "");
        return { id, labels: [...new Set(texts)], sentence: said[id], address, where: new URL(address).hostname };
      }),
    })),
  };
}

/** A label as it stands on the screen; of a family, none: its members are named where they stand. */
function textOf(t: Words, label: Term["labels"][number]): readonly string[] {
  if (label.startsWith("=")) return [label.slice(1)];
  if (label.endsWith(".*")) return [];
  return [t(label as Key).replace(/\{\w+\}/g, "…")];
}

/** The address of a page; what is not whole is in Redis' own documentation. */
function addressOf(page: string): string {
  if (page.startsWith("https://")) return page;
  const manual = "operate/oss_and_stack/management";
  const path = page
    .replace(/^REPLICATION/, `${manual}/replication/`)
    .replace(/^PERSISTENCE/, `${manual}/persistence/`);
  return `https://redis.io/docs/latest/${path}`;
}
