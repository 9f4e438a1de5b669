/** A lesson that was parked: where somebody stood in it, as a link tells it. */
import type { Lesson, Progress } from "./lesson";
import type { LessonState } from "./tutor";

/** What a link says of the lesson that is under way, if there is one. */
export function parkedOf(state: LessonState | null): Readonly<Record<string, string>> {
  if (state === null) return {};
  const { lesson, step, answers, cursors } = state.progress;
  const said = lesson.steps.map(({ id }) => answers[id] ?? "").join(".");
  return { lesson: lesson.id, at: String(step), ends: cursors.join("."), said };
}

/** The lesson of a view, by its name; null if none was under way. */
export function lessonIn(view: string): string | null {
  return new URLSearchParams(view).get("lesson");
}

/** Where somebody stood in `lesson`; what makes no sense is left out. */
export function progressIn(view: string, lesson: Lesson): Progress {
  const told = new URLSearchParams(view);
  const numbers = (name: string): (number | null)[] =>
    (told.get(name) ?? "").split(".").map((text) => (/^\d+$/.test(text) ? Number(text) : null));
  const ends = numbers("ends");
  const bad = ends.indexOf(null);
  const known = (bad < 0 ? ends : ends.slice(0, bad)).filter((one) => one !== null);
  const step = Math.min(numbers("at")[0] ?? 0, known.length, lesson.steps.length - 1);
  const said = numbers("said");
  const answers = lesson.steps.flatMap(({ id, ask }, index): [string, number][] => {
    const answer = said[index];
    return ask === undefined || answer === null || answer === undefined ? [] : [[id, answer]];
  });
  return { lesson, step, answers: Object.fromEntries(answers), cursors: known.slice(0, lesson.steps.length) };
}
