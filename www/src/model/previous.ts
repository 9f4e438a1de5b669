/** What the picked message changes against the one of its kind before it. */
import type { Anatomy, Frame } from "../engine/frame";
import type { Picked } from "./picked";

/** The words of the message of the same kind that went the same way before; null if none is known. */
export function previousWords(frame: Frame, picked: Picked): readonly string[] | null {
  const kind = kindOf(picked.label);
  const before = picked.frame === null ? earlierPieces(frame, picked) : earlierFrames(frame, picked);
  const label = before.findLast((one) => kindOf(one) === kind);
  return label === undefined ? null : label.split(" ");
}

/** For each part that differs from the message before, by its index: what stood there. */
export function changesIn(
  anatomy: Anatomy,
  previous: readonly string[] | null,
): ReadonlyMap<number, string> {
  const words = anatomy.parts
    .map(({ what, text }, index) => ({ what, text, index }))
    .filter(({ what }) => isWord(what));
  const changes = new Map<number, string>();
  // Words with spaces in them cannot be told apart in a label.
  if (previous === null || previous.length !== words.length) return changes;
  for (const [place, { text, index }] of words.entries()) {
    const was = previous[place] ?? "";
    const same = was.endsWith("…") ? text.startsWith(was.slice(0, -1)) : was === text;
    if (!same && place > 0) changes.set(index, was);
  }
  return changes;
}

/** True for what a person would call a word of the message. */
function isWord(what: string): boolean {
  return !/^(resp\.(array|length|end|part|newline)|rdb\..*)$/.test(what);
}

/** Messages of one kind begin alike: with the command, and REPLCONF with what it is about. */
function kindOf(label: string): string {
  const [first = "", second = ""] = label.toUpperCase().split(" ");
  return first === "REPLCONF" ? `${first} ${second}` : first;
}

/** The labels of what went the same way before a frame, oldest first. */
function earlierFrames(frame: Frame, { frame: own }: Picked): readonly string[] {
  if (own === null) return [];
  const received = frame.events.flatMap(({ node, what }) =>
    what.is === "receive" ? [{ ...what, to: node }] : [],
  );
  const flying = frame.wires.flatMap((wire) => wire.frames);
  return [...received, ...flying]
    .filter((one) => one.from === own.from && one.to === own.to && isBefore(one, own))
    .sort((a, b) => (isBefore(a, b) ? -1 : 1))
    .map(({ label }) => label);
}

interface Sent {
  readonly id: string;
  readonly sentAt: number;
}

/** Frames of one connection are numbered as they are sent. */
function isBefore(a: Sent, b: Sent): boolean {
  return a.sentAt === b.sentAt ? numberOf(a) < numberOf(b) : a.sentAt < b.sentAt;
}

function numberOf({ id }: Sent): number {
  return Number(id.split(".").at(-1));
}

/** The labels of what stands before a command in the stream. */
function earlierPieces(frame: Frame, { node, span }: Picked): readonly string[] {
  const pieces = frame.nodes[node]?.stream ?? [];
  return pieces.filter(({ end }) => span !== null && end <= span.start).map(({ label }) => label);
}
