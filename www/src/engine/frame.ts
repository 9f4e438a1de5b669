/**
 * What the engine shows of itself: one immutable, bounded picture of the lab.
 *
 * These are the counterparts of `src/web/view.rs`, which converts units and names once. Instants
 * are milliseconds since the Unix epoch in virtual time, offsets are numbers (safe to 2^53), bytes
 * are text made printable. A frame is never the dataset: windows of keys, of log, of events.
 */

/** The lab at one instant. */
export interface Frame {
  /** Virtual time, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** Milliseconds of virtual time since the lab began. */
  readonly elapsed: number;
  /** How many events have happened before this frame: the position of the scrubber. */
  readonly cursor: number;
  /** How many events are known on this branch; `cursor <= length`. */
  readonly length: number;
  /** Virtual milliseconds from the beginning to the last event that is known. */
  readonly ends: number;
  /** Of each event that was a fault its index, and virtual milliseconds since the beginning. */
  readonly faults: readonly number[];
  /** The event that the next step carries out, or null if nothing will ever happen by itself. */
  readonly next: NextEvent | null;
  /** Every node, in the order of creation. */
  readonly nodes: readonly NodeView[];
  /** Every connection between two nodes that is open, or has bytes in flight. */
  readonly wires: readonly WireView[];
  /** Every pair of nodes that is cut from each other. */
  readonly cuts: readonly CutView[];
  /** Every direction of a wire in which something is wrong. */
  readonly troubles: readonly TroubleView[];
  /** Every branch of history, in the order of their beginning. */
  readonly branches: readonly BranchView[];
  /** The event that the next step of the size of a command ends with, if it is known. */
  readonly nextCommand: NextEvent | null;
  /** What the next step of the size of a phase ends with, if it is known. */
  readonly nextPhase: { readonly events: number; readonly text: string } | null;
  /** The last events, oldest first; at most 128. */
  readonly events: readonly EventView[];
  /** The hash of the trace up to here, 16 hex digits: the same in every browser and natively. */
  readonly hash: string;
  /** Where the nodes live. */
  readonly isolation: "workers" | "page";
}

/** What the next step will do. */
export interface NextEvent {
  /** When, in virtual milliseconds since the Unix epoch. */
  readonly at: number;
  /** The node that it happens to. */
  readonly node: number;
  readonly kind: EventKind;
  readonly what: Happening;
}

/** What happens to the node of an event, as values; the page has the words. */
export type Happening =
  | { readonly is: "start" }
  | { readonly is: "type"; readonly name: string; readonly line: string }
  | ({ readonly is: "act" } & Act)
  | { readonly is: "reach"; readonly from: number }
  | { readonly is: "establish"; readonly to: number }
  | { readonly is: "refuse"; readonly why: string }
  | {
      readonly is: "receive";
      /** The frame's name, as in `FrameView`. */
      readonly id: string;
      readonly from: number;
      readonly sentAt: number;
      readonly frame: FrameKind;
      readonly label: string;
      readonly bytes: number;
    }
  | { readonly is: "close" | "reset"; readonly by: number }
  | {
      readonly is: "disk";
      readonly verb: "create" | "write" | "link" | "rename" | "read" | "remove";
      readonly bytes: number;
      /** For a link or a renaming the old name, a space, and the new one. */
      readonly file: string;
    }
  | {
      readonly is: "wake";
      readonly why:
        | "chunk"
        | "load"
        | "reap"
        | "fork"
        | "dial"
        | "ack"
        | "masterTimeout"
        | "replicaTimeout"
        | "newline"
        | "ping"
        | "backlog"
        | "expire"
        | "client"
        | "unpause"
        | "failover"
        | "outputLimit"
        | "idleClient"
        | "savePoint"
        | "sentFile"
        | "asleep"
        | "targetTimeout"
        | "closeTarget"
        | "obeySignal";
    };

/** What a person does to wires and machines. */
export interface Act {
  readonly verb:
    | "cut"
    | "reset"
    | "halfOpen"
    | "partition"
    | "stall"
    | "delay"
    | "jitter"
    | "bandwidth"
    | "heal"
    | "healAll"
    | "freeze"
    | "thaw"
    | "crash"
    | "restart"
    | "restartBare"
    | "diskSpeed"
    | "diskFull"
    | "diskFails"
    | "diskWorks"
    | "forkFails"
    | "forkWorks"
    | "add"
    | "remove";
  /** The node, or the names of one side. */
  readonly a: string;
  /** The other node, or the names of the other side. */
  readonly b: string;
  /** Milliseconds, or bytes in a second; 0 where there is none, or no limit. */
  readonly amount: number;
}

export type FrameKind = "control" | "rdb" | "stream" | "ack";

export type EventKind =
  | "typed" // a person typed a command at a prompt
  | "opened" // a connection was accepted or established
  | "refused" // a connection could not be made
  | "delivered" // bytes arrived
  | "closed" // a connection was closed
  | "woke" // a node's own timer: cron, a snapshot chunk, …
  | "disk" // a disk finished an order
  | "fault"; // a person cut, healed or changed something

/** One event that has happened. */
export interface EventView {
  /** Its position: the first event has 0. */
  readonly index: number;
  readonly at: number;
  readonly node: number;
  readonly kind: EventKind;
  readonly what: Happening;
  /** How much came of it: a step of a size ends with an event of at least that weight. */
  readonly weight: "idle" | "frame" | "command" | "phase";
}

/** One server. */
export interface NodeView {
  readonly id: number;
  /** Its name in the lab, which is also its host name: "master", "replica1". */
  readonly name: string;
  readonly port: number;
  readonly role: "master" | "replica";
  readonly replid: string;
  /** 40 zeros when unset. */
  readonly replid2: string;
  readonly offset: number;
  /** -1 when unset. */
  readonly secondOffset: number;
  readonly backlog: BacklogView | null;
  /** This node's link to its master; null on a master. */
  readonly upstream: UpstreamView | null;
  /** The replicas that are attached to this node, in order. */
  readonly replicas: readonly ReplicaView[];
  /** The snapshot that is being made for a save or a full sync; null if none runs. */
  readonly snapshot: SnapshotView | null;
  /** The snapshot that is being loaded; null if none is. */
  readonly loading: LoadingView | null;
  readonly keys: KeysView;
  /** The last commands of the stream, as far as the backlog keeps them; empty on a replica. */
  readonly stream: readonly PieceView[];
  /** client-output-buffer-limit replica; 0 is "no limit". */
  readonly bufferLimit: { readonly hard: number; readonly soft: number; readonly seconds: number };
  /** False while no process runs. */
  readonly running: boolean;
  /** What the engine said when it failed, if that is why no process runs. */
  readonly panic: string | null;
  /** True while the process stands still. */
  readonly frozen: boolean;
  readonly disk: "works" | "full" | "fails";
  readonly forkFails: boolean;
  /** The last lines of the log as redis-server prints them; at most 100. */
  readonly log: readonly LogLine[];
  /** The last commands typed at this node's prompt with redis-cli's print of the replies; at most 50. */
  readonly prompt: readonly PromptLine[];
  /** The options that the page shows: name and value as CONFIG GET answers. */
  readonly config: readonly (readonly [string, string])[];
}

/** A command of the stream: its bytes end at offset `end`. */
export interface PieceView {
  readonly end: number;
  readonly bytes: number;
  readonly label: string;
}

export interface BacklogView {
  /** repl-backlog-size. */
  readonly size: number;
  /** repl_backlog_first_byte_offset. */
  readonly first: number;
  /** repl_backlog_histlen. */
  readonly histlen: number;
}

export interface UpstreamView {
  readonly host: string;
  readonly port: number;
  /** Redis' own name of the state: "connect", "connecting", "receive_ping_reply", …, "transfer", "connected". */
  readonly state: string;
  readonly up: boolean;
  /** slave_read_repl_offset: bytes of the stream received. */
  readonly received: number;
  /** slave_repl_offset: bytes of the stream processed. */
  readonly processed: number;
  /** The transfer of the RDB, while it runs. */
  readonly transfer: { readonly form: "counted" | "streamed" | "waiting"; readonly total: number; readonly read: number } | null;
}

export interface ReplicaView {
  /** The node that it is, if it is one of the lab's. */
  readonly node: number | null;
  readonly address: string;
  /** Redis' own name of the state: "wait_bgsave", "send_bulk", "online", … */
  readonly state: "wait_bgsave_start" | "wait_bgsave_end" | "send_bulk" | "online";
  /** True from ONLINE until the first ACK opens the stream (diskless only). */
  readonly waitsForAck: boolean;
  readonly acked: number;
  /** How far the stream has been handed to the wire. */
  readonly sent: number;
  /** Bytes of the replication buffer that wait for this replica. */
  readonly buffered: number;
  readonly lag: number;
  /** Bytes of the RDB handed to the wire, and their total if it is known (disk). */
  readonly rdbSent: number;
  readonly rdbTotal: number | null;
}

export interface SnapshotView {
  readonly target: "disk" | "sockets";
  readonly written: number;
  readonly keysDone: number;
  readonly keysTotal: number;
  /** "header", "aux", "db 0", "end": what was written last. */
  readonly section: string;
  readonly copiedPages: number;
  readonly copiedBytes: number;
}

export interface LoadingView {
  readonly read: number;
  readonly keys: number;
}

export interface KeysView {
  readonly total: number;
  readonly window: readonly KeyView[];
  /** Pages of the keyspace of database 0, at most 256, in order: keys on it, and whether it was copied since the snapshot began. */
  readonly pages: readonly { readonly keys: number; readonly copied: boolean }[];
}

export interface KeyView {
  readonly db: number;
  /** Made printable as redis-cli prints it, without the quotes. */
  readonly key: string;
  readonly type: string;
  /** The beginning of the value, printable. */
  readonly value: string;
  /** Milliseconds since the Unix epoch at which it expires. */
  readonly expires: number | null;
}

export interface LogLine {
  /** Its position in this node's log. */
  readonly index: number;
  /** The event during which it was printed. */
  readonly event: number;
  readonly at: number;
  /** The whole line: "1:M 24 Mar 2025 13:19:12.278 * Replica … asks for synchronization". */
  readonly text: string;
  readonly level: LogLevel;
}

/** How much redis-server makes of a line, from the least. */
export type LogLevel = "debug" | "verbose" | "notice" | "warning";

export interface PromptLine {
  readonly event: number;
  readonly command: string;
  /** As redis-cli prints it; empty while the command waits (WAIT). */
  readonly reply: string;
}

/** A connection between two nodes. */
export interface WireView {
  readonly id: number;
  /** The node that dialled: the replica. */
  readonly dialler: number;
  /** The node that accepted: the master. */
  readonly acceptor: number;
  /** What is in flight, in the order of sending; at most 64, then `hidden` counts the rest. */
  readonly frames: readonly FrameView[];
  readonly hidden: number;
}

/** Bytes in flight. */
export interface FrameView {
  /** "7.0.12": the connection, the sender, the number on that pipe. */
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly kind: FrameKind;
  /** In the words of the protocol: "PSYNC ? -1", "RDB", "SET k v", … */
  readonly label: string;
  readonly bytes: number;
  readonly sentAt: number;
  readonly arrivesAt: number;
}

/** What is wrong from one node to another. */
export interface TroubleView {
  readonly from: number;
  readonly to: number;
  readonly stalled: boolean;
  /** Milliseconds that a byte takes instead, or null. */
  readonly delay: number | null;
  readonly jitter: number;
  /** Bytes in a second instead, or null. */
  readonly bandwidth: number | null;
}

export interface BranchView {
  readonly id: number;
  readonly current: boolean;
  /** The index of the first event that is its own. */
  readonly fork: number;
  readonly length: number;
  /** Virtual milliseconds from the beginning to the first event of its own, and to the last. */
  readonly parts: number;
  readonly ends: number;
  /** The act with which it begins to differ. */
  readonly first: string;
}

/** A stretch of the space-time diagram: some steps, and every message on its way in one of them. */
export interface Passage {
  /** The first step; an event is a step. */
  readonly from: number;
  /** How many steps there are in all. */
  readonly length: number;
  readonly events: readonly EventView[];
  readonly arrows: readonly ArrowView[];
}

/** A message between two servers. */
export interface ArrowView {
  /** As in `FrameView`. */
  readonly id: string;
  readonly kind: FrameKind;
  readonly label: string;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  /** The step in which it left, and the one in which it came; of one that flies, the end. */
  readonly x1: number;
  readonly x2: number;
  /** The event of its arrival; null while it flies. */
  readonly event: number | null;
}

/** Bytes, and what each of them means. */
export interface Anatomy {
  readonly bytes: Uint8Array;
  /** How many bytes of the same snapshot came before. */
  readonly from: number;
  readonly parts: readonly PartView[];
  /** The sections of a snapshot, as far as they have been sent. */
  readonly sections: readonly SectionView[];
}

/** Bytes that mean one thing; `end` is behind the last. */
export interface PartView {
  readonly start: number;
  readonly end: number;
  /** "resp.length", "rdb.key", …: a name for which the page has words. */
  readonly what: string;
  readonly text: string;
}

export interface SectionView {
  readonly what: "header" | "aux" | "functions" | "db" | "keys" | "end" | "mark" | "part";
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** A command that a server knows. */
export interface Command {
  /** In lower case: "set". */
  readonly name: string;
  /** Its arguments: "key value [NX | XX]". */
  readonly usage: string;
  readonly summary: string;
}

/** A history as a file for other tools. */
export type ExportFormat = "script" | "ndjson" | "pcapng" | "shiviz" | "svg";

/** What can be looked into. */
export type Inspected =
  | { readonly frame: { readonly id: string; readonly rdb: boolean } }
  | { readonly stream: { readonly node: number; readonly start: number; readonly end: number } };

export interface CutView {
  readonly a: number;
  readonly b: number;
}
