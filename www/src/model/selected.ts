/** What a key does to what is selected: the wire or the server that faults are offered for, else
 * the server whose prompt is shown, and its wire to its master. */
import type { Frame, NodeView } from "../engine/frame";
import { type Pair, pairsOf } from "./relations";
import type { Fault } from "./shortcuts";
import type { Screen } from "./store";

/** The line that does it, or undoes it; null if nothing of the kind is selected. */
export function lineFor(fault: Fault, frame: Frame, screen: Screen): string | null {
  const node = nodeOf(frame, screen);
  if (fault === "freeze") {
    return node === undefined ? null : `${node.frozen ? "thaw" : "freeze"} ${node.name}`;
  }
  const pair = pairOf(frame, screen, node);
  if (pair === undefined) return null;
  const [a, b] = [pair.master, pair.replica];
  if (fault === "cut") return `${pair.cut ? "heal" : "cut"} ${a.name} ${b.name}`;
  const late = frame.troubles.some(
    ({ from, to, delay }) => from === a.id && to === b.id && delay !== null && delay !== undefined,
  );
  return late ? `heal ${a.name} ${b.name}` : `delay ${a.name} ${b.name} 200ms`;
}

function nodeOf(frame: Frame, { target, node }: Screen): NodeView | undefined {
  return frame.nodes[target?.kind === "node" ? target.node : node];
}

function pairOf(frame: Frame, { target }: Screen, node: NodeView | undefined): Pair | undefined {
  const pairs = pairsOf(frame);
  if (target?.kind === "wire") return pairs.find(({ key }) => key === target.pair);
  return (
    pairs.find(({ replica }) => replica === node) ?? pairs.find(({ master }) => master === node)
  );
}
