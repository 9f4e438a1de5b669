/** Who follows whom: the family tree of a frame, from what each replica names its master. */
import type { CutView, Frame, NodeView, ReplicaView, WireView } from "../engine/frame";

/** A pair of nodes that have something to do with each other. */
export interface Pair {
  /** Stable across frames: "0-1", the smaller id first. */
  readonly key: string;
  /** The node that is followed, or the one that accepted. */
  readonly master: NodeView;
  readonly replica: NodeView;
  readonly wires: readonly WireView[];
  readonly cut: boolean;
  /** True if `replica` follows `master` now, whether or not a connection stands. */
  readonly follows: boolean;
}

/** The node that `node` follows, if it follows one of the lab's. */
export function masterOf(frame: Frame, node: NodeView): NodeView | null {
  const up = node.upstream;
  if (up === null) return null;
  return frame.nodes.find((other) => other.name === up.host && other.port === up.port) ?? null;
}

/** The master's half of the link to `node`. */
export function attachmentOf(frame: Frame, node: NodeView): ReplicaView | null {
  return masterOf(frame, node)?.replicas.find((replica) => replica.node === node.id) ?? null;
}

/** The nodes that follow `node`, in the order of creation. */
export function followersOf(frame: Frame, node: NodeView): readonly NodeView[] {
  return frame.nodes.filter((other) => masterOf(frame, other) === node && other !== node);
}

/** The top of the chain that `node` is in; a node of a cycle is its own top. */
export function rootOf(frame: Frame, node: NodeView): NodeView {
  let root = node;
  for (let hops = frame.nodes.length; hops > 0; hops--) {
    const above = masterOf(frame, root);
    if (above === null) return root;
    root = above;
  }
  return node;
}

/** `node` and all below it, parents before children. */
export function familyOf(frame: Frame, node: NodeView): readonly NodeView[] {
  const family = [node];
  for (const member of family) {
    family.push(...followersOf(frame, member).filter((other) => !family.includes(other)));
  }
  return family;
}

/** True if the two are cut from each other. */
export function isCut(cuts: readonly CutView[], a: number, b: number): boolean {
  return cuts.some((cut) => (cut.a === a && cut.b === b) || (cut.a === b && cut.b === a));
}

/** Every pair that is joined by a wire, by a wish, or by a cut. */
export function pairsOf(frame: Frame): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  const add = (master: NodeView, replica: NodeView, follows: boolean): void => {
    const [low, high] = [Math.min(master.id, replica.id), Math.max(master.id, replica.id)];
    const key = `${low}-${high}`;
    if (pairs.has(key)) return;
    const between = (wire: WireView): boolean =>
      Math.min(wire.dialler, wire.acceptor) === low &&
      Math.max(wire.dialler, wire.acceptor) === high;
    const wires = frame.wires.filter(between);
    pairs.set(key, { key, master, replica, wires, cut: isCut(frame.cuts, low, high), follows });
  };
  for (const node of frame.nodes) {
    const master = masterOf(frame, node);
    if (master !== null && master !== node) add(master, node, true);
  }
  for (const { acceptor, dialler } of frame.wires) addById(frame, acceptor, dialler, add);
  for (const { a, b } of frame.cuts) addById(frame, a, b, add);
  return [...pairs.values()];
}

function addById(
  frame: Frame,
  a: number,
  b: number,
  add: (master: NodeView, replica: NodeView, follows: boolean) => void,
): void {
  const [master, replica] = [frame.nodes[a], frame.nodes[b]];
  if (master !== undefined && replica !== undefined) add(master, replica, false);
}
