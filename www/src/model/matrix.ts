/** The keys of all nodes side by side, and how each replica's compare with its master's. */
import type { Frame, KeyView, NodeView } from "../engine/frame";
import { masterOf } from "./relations";

export type Mark =
  | "own" // on a master: there is nothing to compare with
  | "equal"
  | "stale" // there, with another value
  | "missing" // the master has it
  | "extra" // the master has it not
  | "absent" // neither has it
  | "unseen"; // beyond the window of one of the two

export interface Cell {
  /** The node's name. */
  readonly node: string;
  readonly mark: Mark;
  readonly value: KeyView | null;
}

export interface Row {
  /** Unique: the database and the name. */
  readonly id: string;
  readonly db: number;
  readonly key: string;
  readonly type: string;
  readonly cells: readonly Cell[];
}

/** One row a key, one cell a node; keys that differ somewhere first, then by their names. */
export function matrixOf(frame: Frame): readonly Row[] {
  if (frame !== last.frame) {
    last = { frame, rows: tellSame(frame, last.frame) ? last.rows : compared(frame) };
  }
  return last.rows;
}

/** Several parts of the screen ask for the same, and most frames tell of the keys of the last. */
let last: { readonly frame: Frame | null; readonly rows: readonly Row[] } = {
  frame: null,
  rows: [],
};

/** True if all that rows are made of is the same in two frames. */
function tellSame(frame: Frame, other: Frame | null): boolean {
  return frame.nodes.length === other?.nodes.length && frame.nodes.every((node, index) => {
    const was = other.nodes[index];
    return was?.name === node.name
      && masterOf(other, was)?.id === masterOf(frame, node)?.id
      && isWhole(was) === isWhole(node)
      && was.keys.window.length === node.keys.window.length
      && node.keys.window.every((key, row) => isSameKey(key, was.keys.window[row]));
  });
}

function isSameKey(key: KeyView, other: KeyView | undefined): boolean {
  return key.db === other?.db && key.key === other.key && key.type === other.type
    && key.value === other.value && key.expires === other.expires;
}

function compared(frame: Frame): readonly Row[] {
  const names = new Map<string, KeyView>();
  for (const node of frame.nodes) {
    for (const key of node.keys.window) {
      if (!names.has(idOf(key))) names.set(idOf(key), key);
    }
  }
  const windows = frame.nodes.map((node) => new Map(node.keys.window.map((k) => [idOf(k), k])));
  const find = (node: NodeView, id: string): KeyView | null => windows[node.id]?.get(id) ?? null;
  const rows = [...names].map(([id, { db, key, type }]) => {
    const cells = frame.nodes.map((node) => cell(frame, node, id, find));
    return { id, db, key, type, cells };
  });
  return rows.sort(
    (a, b) => rank(a) - rank(b) || a.db - b.db || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
}

/** How many keys of `node` are not what its master has; null on a master. */
export function differences(frame: Frame, node: NodeView): number | null {
  if (masterOf(frame, node) === null) return null;
  return matrixOf(frame).filter((row) => differs(row.cells[node.id]?.mark ?? "absent")).length;
}

function cell(
  frame: Frame,
  node: NodeView,
  id: string,
  find: (node: NodeView, id: string) => KeyView | null,
): Cell {
  const value = find(node, id);
  const master = masterOf(frame, node);
  const { name } = node;
  if (master === null) return { node: name, value, mark: value === null ? "absent" : "own" };
  const wanted = find(master, id);
  if (value === null && wanted === null) return { node: name, value, mark: "absent" };
  if (value === null) return { node: name, value, mark: isWhole(node) ? "missing" : "unseen" };
  if (wanted === null) return { node: name, value, mark: isWhole(master) ? "extra" : "unseen" };
  const same =
    value.value === wanted.value && value.type === wanted.type && value.expires === wanted.expires;
  return { node: name, value, mark: same ? "equal" : "stale" };
}

/** True if the window shows every key. */
function isWhole(node: NodeView): boolean {
  return node.keys.window.length >= node.keys.total;
}

function idOf(key: KeyView): string {
  return `${key.db} ${key.key}`;
}

function differs(mark: Mark): boolean {
  return mark === "stale" || mark === "missing" || mark === "extra";
}

function rank(row: Row): number {
  return row.cells.some((one) => differs(one.mark)) ? 0 : 1;
}
