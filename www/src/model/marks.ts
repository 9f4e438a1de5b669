/** Where the chapters of a story began, remembered while it is watched. */
import type { Frame } from "../engine/frame";
import { storyOf } from "./story";

export interface Mark {
  /** How many events had happened when the chapter was first seen. */
  readonly cursor: number;
  /** Virtual milliseconds since the lab began. */
  readonly elapsed: number;
  readonly chapter: number;
}

/** The marks after `frame` has been seen; `before` was on the screen until now. */
export function marked(
  marks: readonly Mark[],
  before: Frame | null,
  frame: Frame,
): readonly Mark[] {
  const kept = marks.filter(
    (mark) => mark.cursor <= frame.length && !isUndone(mark, before, frame),
  );
  const chapter = storyOf(frame).chapter;
  const last = kept.filter((mark) => mark.cursor <= frame.cursor).at(-1);
  if (chapter === (last?.chapter ?? -1)) return kept.length === marks.length ? marks : kept;
  const next = kept.filter((mark) => mark.cursor !== frame.cursor);
  next.push({ cursor: frame.cursor, elapsed: frame.elapsed, chapter });
  return next.sort((a, b) => a.cursor - b.cursor);
}

/** The cursor at which `chapter` was last seen to begin, or null. */
export function beginningOf(marks: readonly Mark[], chapter: number): number | null {
  return marks.findLast((mark) => mark.chapter === chapter)?.cursor ?? null;
}

/** Acting in the past shortens the known future: what lay in it has not been seen. */
function isUndone(mark: Mark, before: Frame | null, frame: Frame): boolean {
  return before !== null && frame.length < before.length && mark.cursor >= frame.cursor;
}
