/**
 * Lessons: a world, and steps that do something and wait until the engine has come to something.
 *
 * A lesson is data: `lessons/<id>.json` says what happens, in the language of scripts, and
 * `lessons/<id>.<language>.json` what is said about it. `tests/lessons.rs` carries every one of
 * them out, so what is told is what the engine does.
 */
/** What happens in a lesson. */
export interface Lesson {
  readonly id: string;
  /** The lines of the script that make the world. */
  readonly world: readonly string[];
  readonly steps: readonly Step[];
}

export interface Step {
  readonly id: string;
  /** What to look at: "topology", "ruler", "log master", … */
  readonly focus?: string;
  /** Lines of a script: what is done when the step begins. */
  readonly do?: readonly string[];
  /** What the step waits for, as in the script's line `until …`. */
  readonly until?: string;
  /** A prediction is asked before the step goes on; `right` is the index of the right choice. */
  readonly ask?: { readonly right: number };
}

/** What is said in a lesson, in one language. */
export interface Telling {
  readonly title: string;
  readonly goal: string;
  readonly steps: Readonly<Record<string, StepTelling>>;
  /** What to try when the lesson is over. */
  readonly after: string;
}

export interface StepTelling {
  readonly say: string;
  readonly ask?: {
    readonly question: string;
    readonly choices: readonly string[];
    /** Why the right choice is right. */
    readonly why: string;
  };
}

/** One thing that a step does. */
export type Act =
  | { readonly kind: "intervene"; readonly line: string }
  | { readonly kind: "run"; readonly millis: number }
  | { readonly kind: "step"; readonly count: number }
  | { readonly kind: "until"; readonly until: string };

/** The acts of a step, and what it waits for behind them. */
export function actsOf(step: Step): readonly Act[] {
  const acts = (step.do ?? []).map(actOf);
  return step.until === undefined ? acts : [...acts, { kind: "until", until: step.until }];
}

function actOf(line: string): Act {
  const span = /^run (\d+)(ms|s)$/.exec(line);
  if (span !== null) return { kind: "run", millis: Number(span[1]) * (span[2] === "s" ? 1000 : 1) };
  const steps = /^step( \d+)?$/.exec(line);
  if (steps !== null) return { kind: "step", count: Number(steps[1] ?? 1) };
  const until = /^until (.+)$/.exec(line);
  if (until !== null) return { kind: "until", until: until[1] ?? "" };
  return { kind: "intervene", line };
}

/** What a person types at which prompt to do this act; null if it is no command. */
export function commandOf(act: Act): { readonly node: string; readonly command: string } | null {
  if (act.kind !== "intervene") return null;
  const typed = /^(\S+)> (.*)$/.exec(act.line);
  return typed === null ? null : { node: typed[1] ?? "", command: typed[2] ?? "" };
}

/** Where somebody is in a lesson. */
export interface Progress {
  readonly lesson: Lesson;
  /** The step that is shown. */
  readonly step: number;
  /** What was predicted in each step, by its id. */
  readonly answers: Readonly<Record<string, number>>;
  /** The cursor at which each step ended, as far as it has: to go back there. */
  readonly cursors: readonly number[];
}

export function begun(lesson: Lesson): Progress {
  return { lesson, step: 0, answers: {}, cursors: [] };
}

/** The step that is shown. */
export function stepOf(progress: Progress): Step | undefined {
  return progress.lesson.steps[progress.step];
}

/** True if a prediction is due before the lesson goes on. */
export function isAsking(progress: Progress): boolean {
  const step = stepOf(progress);
  return step?.ask !== undefined && progress.answers[step.id] === undefined;
}

/** A prediction was made; the first one counts. */
export function answered(progress: Progress, choice: number): Progress {
  const step = stepOf(progress);
  if (step === undefined || !isAsking(progress)) return progress;
  return { ...progress, answers: { ...progress.answers, [step.id]: choice } };
}

/** True if the prediction of the step that is shown was right; null if none was made. */
export function wasRight(progress: Progress): boolean | null {
  const step = stepOf(progress);
  const answer = step === undefined ? undefined : progress.answers[step.id];
  return answer === undefined ? null : answer === step?.ask?.right;
}

/** The step that is shown has ended at `cursor`. */
export function ended(progress: Progress, cursor: number): Progress {
  const cursors = [...progress.cursors.slice(0, progress.step), cursor];
  return { ...progress, cursors };
}

/** True if the step that is shown has been carried out. */
export function isDone(progress: Progress): boolean {
  return progress.cursors.length > progress.step;
}

/** The next step, if there is one; what was asked must be answered first. */
export function onward(progress: Progress): Progress {
  const last = progress.lesson.steps.length - 1;
  if (isAsking(progress) || !isDone(progress) || progress.step >= last) return progress;
  return { ...progress, step: progress.step + 1 };
}

/** The step before, and where the lab stood when it had ended. */
export function backward(progress: Progress): { readonly progress: Progress; readonly cursor: number } {
  const step = Math.max(0, progress.step - 1);
  return { progress: { ...progress, step }, cursor: progress.cursors[step] ?? 0 };
}
