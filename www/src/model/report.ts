/** What a person can send to those who can mend the engine: what it said, and how to see it again. */
import type { Frame, NodeView } from "../engine/frame";

export function reportOf(frame: Frame, node: NodeView, script: string): string {
  return [
    "=== REPLICA-LAB BUG REPORT ===",
    `node: ${node.name}`,
    `event: ${frame.cursor} of ${frame.length}, trace hash ${frame.hash}`,
    `nodes live in: ${frame.isolation}`,
    `browser: ${navigator.userAgent}`,
    "",
    node.panic ?? "",
    "",
    "--- what leads there, as a script ---",
    script,
  ].join("\n");
}
