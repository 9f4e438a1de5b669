/** The two halves of a link as state machines, in the order in which the engine goes through them. */
import type { Frame, NodeView } from "../engine/frame";
import { attachmentOf } from "./relations";

/** The replica's half: REPL_STATE_*, as ROLE and the log abbreviate it. */
export const REPLICA_STATES = [
  "connect",
  "connecting",
  "receive_ping_reply",
  "receive_auth_reply",
  "receive_port_reply",
  "receive_ip_reply",
  "receive_capa_reply",
  "receive_psync_reply",
  "transfer",
  "connected",
] as const;

/** The master's half: SLAVE_STATE_*. */
export const MASTER_STATES = ["wait_bgsave_start", "wait_bgsave_end", "send_bulk", "online"] as const;

export interface Strip {
  readonly kind: "replica" | "master";
  readonly node: NodeView;
  readonly states: readonly string[];
  /** The state that is lit; null while the half has none. */
  readonly now: string | null;
}

/** Both halves of a replica's link, its own first. */
export function stripsOf(frame: Frame, node: NodeView): readonly Strip[] {
  if (node.upstream === null) return [];
  const seen = attachmentOf(frame, node)?.state ?? null;
  return [
    { kind: "replica", node, states: REPLICA_STATES, now: node.upstream.state },
    { kind: "master", node, states: MASTER_STATES, now: seen },
  ];
}
