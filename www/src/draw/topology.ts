/**
 * Where cards and wires stand: an icicle of the family tree.
 *
 * A master is as tall as all who follow it together, so every wire to a follower is a straight
 * line in that follower's row; a node that follows nobody takes a row in the second column, where
 * it will stand when it does. On a narrow page the same drawing lies on its side.
 */
import type { Frame, NodeView } from "../engine/frame";
import { followersOf, masterOf, type Pair, pairsOf } from "../model/relations";

export interface Card {
  readonly node: NodeView;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A wire's place: from the master's edge to the replica's. */
export interface Pipe {
  readonly pair: Pair;
  readonly from: Point;
  readonly to: Point;
  /** How many pixels a label along or beside the wire may take. */
  readonly room: number;
}

export interface Topology {
  readonly width: number;
  readonly height: number;
  readonly upright: boolean;
  readonly cards: readonly Card[];
  readonly pipes: readonly Pipe[];
}

/** A node's place in the icicle, in rows and columns. */
interface Place {
  readonly node: NodeView;
  readonly depth: number;
  readonly row: number;
  readonly rows: number;
}

/** The drawing of a frame in `width` pixels. */
export function topologyOf(frame: Frame, width: number): Topology {
  const places = placesOf(frame);
  const columns = Math.max(2, ...places.map((place) => place.depth + 1));
  const rows = Math.max(1, ...places.map((place) => place.row + place.rows));
  const upright = width < columns * CARD_WIDTH_MIN + (columns - 1) * PIPE_MIN;
  const cards = upright ? stacked(places, width, rows) : sideBySide(places, width, columns);
  const right = Math.max(0, ...cards.map((card) => card.x + card.width)) + MARGIN;
  const height = Math.max(0, ...cards.map((card) => card.y + card.height)) + MARGIN;
  const pipes = pairsOf(frame).flatMap((pair) => pipeOf(pair, cards, upright));
  return { width: Math.max(width, right), height, upright, cards, pipes };
}

function sideBySide(places: readonly Place[], width: number, columns: number): readonly Card[] {
  const fair = Math.floor((width - 2 * MARGIN) / (columns * CARD_SHARE));
  const card = Math.min(CARD_WIDTH_MAX, Math.max(CARD_WIDTH_MIN, fair));
  const pipe = (width - 2 * MARGIN - columns * card) / (columns - 1);
  return places.map(({ node, depth, row, rows }) => ({
    node,
    x: MARGIN + depth * (card + pipe),
    y: MARGIN + row * (CARD_HEIGHT + GAP),
    width: card,
    height: rows * (CARD_HEIGHT + GAP) - GAP,
  }));
}

function stacked(places: readonly Place[], width: number, rows: number): readonly Card[] {
  const column = Math.max(COLUMN_MIN, (width - 2 * MARGIN - (rows - 1) * GAP) / rows);
  return places.map(({ node, depth, row, rows: span }) => ({
    node,
    x: MARGIN + row * (column + GAP),
    y: MARGIN + depth * (CARD_HEIGHT + PIPE_UPRIGHT),
    width: span * (column + GAP) - GAP,
    height: CARD_HEIGHT,
  }));
}

/** Puts every node into the tree; nodes that nobody reaches from a root come last. */
function placesOf(frame: Frame): readonly Place[] {
  const places: Place[] = [];
  const seen = new Set<number>();
  const put = (node: NodeView, depth: number, row: number): number => {
    seen.add(node.id);
    const at = places.length;
    let rows = 0;
    for (const child of followersOf(frame, node)) {
      if (!seen.has(child.id)) rows += put(child, depth + 1, row + rows);
    }
    if (depth === 0) rows += putLone(row + rows);
    rows = Math.max(1, rows);
    places.splice(at, 0, { node, depth, row, rows });
    return rows;
  };
  const putLone = (row: number): number => {
    const lone = frame.nodes.filter((node) => !seen.has(node.id) && isLone(frame, node));
    lone.forEach((node, index) => {
      seen.add(node.id);
      places.push({ node, depth: 1, row: row + index, rows: 1 });
    });
    return lone.length;
  };
  let row = 0;
  const tops = frame.nodes.filter((node) => masterOf(frame, node) === null && !isLone(frame, node));
  for (const top of tops) row += put(top, 0, row);
  for (const node of frame.nodes) {
    if (!seen.has(node.id)) row += put(node, 0, row);
  }
  return places;
}

/** True for a node that has neither master nor followers, other than the first. */
function isLone(frame: Frame, node: NodeView): boolean {
  const related = masterOf(frame, node) !== null || followersOf(frame, node).length > 0;
  return !related && node.id !== firstTop(frame);
}

/** The node that stands on the left whatever happens: the first with followers, or the first. */
function firstTop(frame: Frame): number {
  const leads = (node: NodeView): boolean =>
    masterOf(frame, node) === null && followersOf(frame, node).length > 0;
  return (frame.nodes.find(leads) ?? frame.nodes[0])?.id ?? 0;
}

function pipeOf(pair: Pair, cards: readonly Card[], upright: boolean): readonly Pipe[] {
  const master = cards.find((card) => card.node.id === pair.master.id);
  const replica = cards.find((card) => card.node.id === pair.replica.id);
  if (master === undefined || replica === undefined) return [];
  return [{ pair, ...(upright ? down(master, replica) : across(master, replica)) }];
}

/** The straight line in the row that both cards share, or between the middles of their sides. */
function across(master: Card, replica: Card): Omit<Pipe, "pair"> {
  const [left, right] = master.x <= replica.x ? [master, replica] : [replica, master];
  const top = Math.max(left.y, right.y);
  const bottom = Math.min(left.y + left.height, right.y + right.height);
  const shared = bottom > top ? (top + bottom) / 2 : null;
  const a = { x: left.x + left.width, y: shared ?? left.y + left.height / 2 };
  const b = { x: right.x, y: shared ?? right.y + right.height / 2 };
  if (left.x === right.x) b.x = right.x + right.width;
  const room = Math.hypot(b.x - a.x, b.y - a.y) - 8;
  return left === master ? { from: a, to: b, room } : { from: b, to: a, room };
}

function down(master: Card, replica: Card): Omit<Pipe, "pair"> {
  const [upper, lower] = master.y <= replica.y ? [master, replica] : [replica, master];
  const left = Math.max(upper.x, lower.x);
  const right = Math.min(upper.x + upper.width, lower.x + lower.width);
  const shared = right > left ? left + (right - left) * UPRIGHT_AT : null;
  const a = { x: shared ?? upper.x + upper.width / 2, y: upper.y + upper.height };
  const b = { x: shared ?? lower.x + lower.width / 2, y: lower.y };
  if (upper.y === lower.y) b.y = lower.y + lower.height;
  const room = lower.x + lower.width - Math.max(a.x, b.x) - 20;
  return upper === master ? { from: a, to: b, room } : { from: b, to: a, room };
}

export const CARD_HEIGHT = 132;
const CARD_WIDTH_MIN = 188;
const CARD_WIDTH_MAX = 232;
/** A card is at most one part in so many of its column: the rest is wire. */
const CARD_SHARE = 1.6;
/** A wire shorter than this cannot show what is on it. */
const PIPE_MIN = 120;
const PIPE_UPRIGHT = 132;
/** An upright wire hangs left of the middle: its labels are on its right. */
const UPRIGHT_AT = 0.36;
/** A narrower card cannot be read: the picture is then wider than the page, and scrolls. */
const COLUMN_MIN = 156;
const GAP = 14;
const MARGIN = 8;
