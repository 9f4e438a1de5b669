/**
 * What the words on the screen mean: by place, each with its labels and where to read on. Fetched
 * when the help is opened; the sentences are in the file of their language beside this one.
 */
import { type Glossary, type Topic, TITLES } from "../model/glossary";
import type { Key, Words } from "../model/language";
import type en from "./en.json";

const SOURCE = "SOURCE/";
/** The release that the engine is held against. */
const MODELS = "7.2.4";

export interface Term {
  readonly id: keyof typeof en;
  /** Its labels as they stand on the screen: keys of the locale, a family of them (`part.*`), or "=" and the text. */
  readonly labels: readonly (Key | `=${string}` | `${string}.*`)[];
  /** A section of Redis' documentation, a file of Redis (`SOURCE/…`), or a whole address. */
  readonly page: string;
  /** The words there at which to read on, where no section is named. */
  readonly at?: string;
}

export const PLACES: Readonly<Record<Topic, readonly Term[]>> = {
  head: [
    {
      id: "library",
      labels: ["library.open"],
      page: "REPLICATION#important-facts-about-redis-replication",
    },
    { id: "engine", labels: ["app.engine"], page: "SOURCE/00-RELEASENOTES", at: "Redis 7.2.4" },
    {
      id: "isolation",
      labels: ["app.workers", "app.page"],
      page: "https://html.spec.whatwg.org/multipage/web-messaging.html#message-channels",
    },
    { id: "restart", labels: ["head.restart"], page: "REPLICATION#diskless-replication" },
    { id: "sockets", labels: ["head.restart.diskless"], page: "REPLICATION#diskless-replication" },
    { id: "disk", labels: ["head.restart.disk"], page: "PERSISTENCE#how-it-works" },
    {
      id: "expert",
      labels: ["head.expert"],
      page: "develop/reference/protocol-spec/#resp-protocol-description",
    },
    {
      id: "language",
      labels: ["head.language"],
      page: "https://html.spec.whatwg.org/multipage/dom.html#the-lang-and-xml:lang-attributes",
    },
  ],
  chapters: [
    {
      id: "handshake",
      labels: ["chapter.handshake", "stage.handshake"],
      page: "SOURCE/src/replication.c",
      at: "This handler fires when the non blocking connect was able to",
    },
    {
      id: "delay",
      labels: ["chapter.delay", "stage.delay"],
      page: "SOURCE/redis.conf",
      at: "When diskless replication is enabled, it is possible to configure the delay",
    },
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
      page: "SOURCE/src/rdb.c",
      at: "Load an RDB file from the rio stream",
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
    { id: "role", labels: ["role.master", "role.replica"], page: "commands/role/#output-format" },
    {
      id: "port",
      labels: ["=:6379"],
      page: "SOURCE/redis.conf",
      at: "Accept connections on the specified port",
    },
    { id: "apart", labels: ["stage.apart", "stage.master"], page: "commands/replicaof/" },
    {
      id: "cut",
      labels: ["stage.cut", "kind.fault"],
      page: "REPLICATION#important-facts-about-redis-replication",
    },
    {
      id: "down",
      labels: ["node.down", "node.frozen", "node.panic"],
      page: "REPLICATION#safety-of-replication-when-master-has-persistence-turned-off",
    },
    { id: "card.offset", labels: ["topology.offset"], page: "REPLICATION#how-redis-replication-works" },
    { id: "card.keys", labels: ["topology.keyCount"], page: "commands/dbsize/" },
    { id: "replid", labels: ["term.replid"], page: "REPLICATION#replication-id-explained" },
    { id: "pages", labels: ["topology.pagesIdle", "topology.copied"], page: "PERSISTENCE#how-it-works" },
    { id: "same", labels: ["topology.same"], page: "REPLICATION#replication-id-explained" },
    { id: "behind", labels: ["topology.behind"], page: "commands/info/", at: "master_repl_offset" },
    { id: "control", labels: ["kind.control"], page: "commands/psync/" },
    { id: "rdb", labels: ["kind.rdb"], page: "PERSISTENCE#snapshotting" },
    {
      id: "stream",
      labels: ["kind.stream"],
      page: "develop/reference/protocol-spec/#sending-commands-to-a-redis-server",
    },
    { id: "ack", labels: ["kind.ack"], page: "REPLICATION#allow-writes-only-with-n-attached-replicas" },
    {
      id: "trouble",
      labels: ["trouble.stalled", "trouble.delay", "trouble.bandwidth"],
      page: "operate/oss_and_stack/management/optimization/latency/#latency-induced-by-network-and-communication",
    },
  ],
  ruler: [
    {
      id: "offsets",
      labels: ["ruler.title", "ruler.note"],
      page: "REPLICATION#how-redis-replication-works",
    },
    { id: "head", labels: ["=master_repl_offset"], page: "commands/info/", at: "master_repl_offset" },
    {
      id: "backlog",
      labels: ["ruler.backlog", "ruler.backlog.value", "ruler.backlog.none", "ring.of"],
      page: "SOURCE/redis.conf",
      at: "Set the replication backlog size",
    },
    {
      id: "range",
      labels: ["ring.range", "ring.empty"],
      page: "commands/info/",
      at: "repl_backlog_first_byte_offset",
    },
    {
      id: "cursor",
      labels: ["ring.reads", "ring.resumes", "ring.lost"],
      page: "SOURCE/src/replication.c",
      at: "This function handles the PSYNC command from the point of view of a",
    },
    {
      id: "snapshot",
      labels: ["ruler.snapshot", "ruler.snapshot.value"],
      page: "PERSISTENCE#how-it-works",
    },
    {
      id: "lane",
      labels: ["ruler.rdb", "ruler.rdb.written", "ruler.rdb.read", "ruler.rdb.of", "ruler.rdb.loading"],
      page: "SOURCE/src/rdb.c",
      at: "Produces a dump of the database in RDB format",
    },
    {
      id: "processed",
      labels: ["ruler.processed"],
      page: "commands/info/",
      at: "The replication offset of the replica instance",
    },
    { id: "received", labels: ["ruler.received"], page: "commands/info/", at: "slave_read_repl_offset" },
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
    {
      id: "acked",
      labels: ["ruler.acked"],
      page: "commands/wait/",
      at: "Redis replicas asynchronously ping their master",
    },
    { id: "other", labels: ["ruler.otherHistory"], page: "REPLICATION#replication-id-explained" },
  ],
  console: [
    {
      id: "log",
      labels: ["pane.console", "console.merge"],
      page: "SOURCE/src/server.c",
      at: "void serverLogRaw(int level, const char *msg)",
    },
    {
      id: "level",
      labels: ["console.level", "=.", "=-", "=*", "=#"],
      page: "SOURCE/redis.conf",
      at: "Specify the server verbosity level",
    },
    {
      id: "prompt",
      labels: ["term.prompt", "console.run"],
      page: "develop/tools/cli/#interactive-mode",
    },
    {
      id: "diskless",
      labels: ["console.diskless", "=yes", "=no"],
      page: "SOURCE/redis.conf",
      at: "Replication SYNC strategy: disk or socket",
    },
  ],
  keys: [
    {
      id: "keys",
      labels: ["keys.title", "pane.keys", "keys.key", "keys.none", "keys.more"],
      page: "develop/using-commands/keyspace/#content-of-keys",
    },
  ],
  events: [
    {
      id: "events",
      labels: ["events.title", "pane.events"],
      page: "SOURCE/src/ae.c",
      at: "Process every pending file event, then every pending time event",
    },
    {
      id: "count",
      labels: ["time.count"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation#Events_list",
    },
  ],
  time: [
    {
      id: "next",
      labels: ["time.next", "time.in", "time.nothing"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation#Events_list",
    },
    {
      id: "clock",
      labels: ["time.label", "time.clock", "time.jumped"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation#Clock",
    },
    {
      id: "speed",
      labels: ["time.speed"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation#Clock",
    },
    {
      id: "recorded",
      labels: ["time.recorded"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation#Clock",
    },
    {
      id: "scale",
      labels: ["time.scale"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation#Clock",
    },
    {
      id: "idle",
      labels: ["time.idle"],
      page: "https://en.wikipedia.org/wiki/Discrete-event_simulation#Clock",
    },
    {
      id: "stride",
      labels: ["time.stride", "stride.frame", "stride.command", "stride.phase"],
      page: "develop/reference/protocol-spec/#request-response-model",
    },
    {
      id: "branches",
      labels: ["time.branches"],
      page: "https://git-scm.com/book/en/v2/Git-Branching-Branches-in-a-Nutshell#_create_new_branch",
    },
    {
      id: "until",
      labels: ["until.label", "until.run"],
      page: "https://en.wikipedia.org/wiki/Breakpoint#Breakpoint_conditions",
    },
    {
      id: "changed",
      labels: ["changed.label"],
      page: "https://rr-project.org/",
      at: "reverse execution",
    },
  ],
  faults: [
    {
      id: "faults",
      labels: ["faults.wire", "faults.node"],
      page: "https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3",
    },
    {
      id: "direction",
      labels: ["faults.a"],
      page: "https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1",
    },
    {
      id: "stall",
      labels: ["fault.stall"],
      page: "https://www.rfc-editor.org/rfc/rfc9293#section-3.8.1",
    },
    {
      id: "slow",
      labels: ["fault.delay", "fault.bandwidth"],
      page: "operate/oss_and_stack/management/optimization/latency/#latency-induced-by-network-and-communication",
    },
    {
      id: "halfOpen",
      labels: ["fault.halfOpen"],
      page: "https://www.rfc-editor.org/rfc/rfc9293#section-3.5.1",
    },
    {
      id: "reset",
      labels: ["fault.reset"],
      page: "https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2",
    },
    {
      id: "cutting",
      labels: ["fault.cut"],
      page: "https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3",
    },
    {
      id: "partition",
      labels: ["fault.partition"],
      page: "REPLICATION#partial-sync-after-restarts-and-failovers",
    },
    { id: "heal", labels: ["fault.heal"], page: "REPLICATION#how-redis-replication-works" },
    {
      id: "freeze",
      labels: ["fault.freeze", "fault.thaw"],
      page: "https://man7.org/linux/man-pages/man7/signal.7.html",
      at: "SIGSTOP",
    },
    {
      id: "crash",
      labels: ["fault.crash"],
      page: "REPLICATION#safety-of-replication-when-master-has-persistence-turned-off",
    },
    {
      id: "restarting",
      labels: ["fault.restart", "fault.restartBare"],
      page: "REPLICATION#partial-sync-after-restarts-and-failovers",
    },
    {
      id: "disks",
      labels: ["fault.diskFails", "fault.diskWorks"],
      page: "SOURCE/redis.conf",
      at: "stop-writes-on-bgsave-error yes",
    },
    {
      id: "forks",
      labels: ["fault.forkFails", "fault.forkWorks"],
      page: "operate/oss_and_stack/management/admin/#linux",
    },
    { id: "download", labels: ["head.download"], page: "PERSISTENCE#backing-up-redis-data" },
  ],
  dock: [
    {
      id: "inspector",
      labels: ["dock.inspector", "inspect.none", "inspect.gone"],
      page: "develop/reference/protocol-spec/#resp-protocol-description",
    },
    {
      id: "span",
      labels: ["inspect.bytes", "inspect.span", "where.*"],
      page: "REPLICATION#how-redis-replication-works",
    },
    {
      id: "form",
      labels: ["inspect.form", "form.raw", "form.resp", "form.cli"],
      page: "develop/reference/protocol-spec/#bulk-strings",
    },
    {
      id: "parts",
      labels: ["part.*", "section.*", "facts.was", "inspect.more"],
      page: "SOURCE/src/rdb.h",
      at: "Special RDB opcodes",
    },
    {
      id: "copy",
      labels: ["inspect.copyHex", "inspect.copyPrintf"],
      page: "develop/tools/cli/#get-input-from-other-programs",
    },
    {
      id: "spacetime",
      labels: ["dock.spacetime", "space.table", "space.who", "space.what", "space.bytes"],
      page: "https://lamport.azurewebsites.net/pubs/time-clocks.pdf#page=2",
    },
    { id: "svg", labels: ["=SVG"], page: "https://www.w3.org/TR/SVG2/intro.html#AboutSVG" },
    { id: "facts", labels: ["dock.facts"], page: "REPLICATION#the-info-and-role-command" },
  ],
  info: [
    {
      id: "info.role",
      labels: ["=role"],
      page: "commands/info/",
      at: "if the instance is replica of no one",
    },
    { id: "info.master", labels: ["=master_host", "=master_port"], page: "commands/replicaof/" },
    {
      id: "info.link",
      labels: ["=master_link_status"],
      page: "commands/info/",
      at: "master_link_status",
    },
    {
      id: "info.read",
      labels: ["=slave_read_repl_offset", "=slave_repl_offset"],
      page: "commands/info/",
      at: "slave_read_repl_offset",
    },
    {
      id: "info.slaves",
      labels: ["=connected_slaves", "=slaveN"],
      page: "commands/info/",
      at: "Number of connected replicas",
    },
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
      at: "repl_backlog_active",
    },
    {
      id: "strip.replica",
      labels: ["strip.replica", "=connect", "=connecting", "=receive_ping_reply", "=receive_auth_reply", "=receive_port_reply", "=receive_ip_reply", "=receive_capa_reply", "=receive_psync_reply", "=transfer", "=connected"],
      page: "SOURCE/src/server.h",
      at: "REPL_STATE_NONE = 0",
    },
    {
      id: "strip.master",
      labels: ["strip.master", "=wait_bgsave_start", "=wait_bgsave_end", "=send_bulk", "=online"],
      page: "SOURCE/src/server.h",
      at: "State of slaves from the POV of the master",
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
      terms: terms.map(({ id, labels, page, at }) => {
        const texts = labels.flatMap((label) => textOf(t, label)).filter((text) => text !== "");
        return { id, labels: [...new Set(texts)], sentence: said[id], address: addressOf(page, at), where: whereIs(page) };
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

/** The address of a page, and of the words in it: a browser marks them. */
function addressOf(page: string, at: string | undefined): string {
  const words = at === undefined ? "" : `#:~:text=${encodeURIComponent(at).replaceAll("-", "%2D")}`;
  return `${wholeAddress(page)}${words}`;
}

/** What is not whole is a file of Redis, or else in its documentation. */
function wholeAddress(page: string): string {
  if (page.startsWith("https://")) return page;
  // As plain text, in which a browser finds words; a hosting service's own views are scripts.
  if (page.startsWith(SOURCE)) return page.replace(SOURCE, `https://raw.githubusercontent.com/redis/redis/${MODELS}/`);
  const manual = "operate/oss_and_stack/management";
  const path = page
    .replace(/^REPLICATION/, `${manual}/replication/`)
    .replace(/^PERSISTENCE/, `${manual}/persistence/`);
  return `https://redis.io/docs/latest/${path}`;
}

/** Where a page is, in a few words. */
function whereIs(page: string): string {
  return page.startsWith(SOURCE) ? page.replace(SOURCE, `Redis ${MODELS}, `) : new URL(wholeAddress(page)).hostname;
}
