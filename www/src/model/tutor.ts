/** Leads through a lesson: does what a step does, and notices when it has come to what it waits for. */
import type { Frame } from "../engine/frame";
import {
  type Act,
  actsOf,
  answered,
  backward,
  begun,
  ended,
  isAsking,
  isDone,
  type Lesson,
  onward,
  type Progress,
  type Step,
  stepOf,
} from "./lesson";
import type { Player } from "./player";
import type { Store } from "./store";
import { holds, type LogMarks, logMarks, logMarksAt } from "./until";

/** A lesson that is under way. */
export interface LessonState {
  readonly progress: Progress;
  /**
   * "acting": what the step does is being done. "waiting": it is done, and what the step waits for
   * has not come. "done": it has.
   */
  readonly phase: "acting" | "waiting" | "done";
  /** Where the logs ended when the step began. */
  readonly marks: LogMarks;
}

export class Tutor {
  readonly #store: Store;
  readonly #player: Player;

  constructor(store: Store, player: Player) {
    this.#store = store;
    this.#player = player;
  }

  /** Begins a lesson in the lab that was opened for it. */
  begin(lesson: Lesson): void {
    this.#enter(begun(lesson));
  }

  /** Goes on with a lesson that was parked, in the lab as it was left. */
  resume(progress: Progress): void {
    const { frame } = this.#store.state;
    if (frame === null) return;
    const marks = logMarksAt(frame, progress.cursors[progress.step - 1] ?? 0);
    this.#look(stepOf(progress)?.focus ?? "", frame);
    this.#store.teach({ progress, phase: isDone(progress) ? "done" : "waiting", marks });
    this.notice();
  }

  leave(): void {
    this.#store.teach(null);
  }

  answer(choice: number): void {
    const { lesson } = this.#store.state;
    if (lesson === null) return;
    this.#store.teach({ ...lesson, progress: answered(lesson.progress, choice) });
  }

  /** Goes at once to what the step waits for. */
  async skip(): Promise<void> {
    const { lesson } = this.#store.state;
    const until = lesson === null ? undefined : stepOf(lesson.progress)?.until;
    if (lesson?.phase !== "waiting" || until === undefined || isAsking(lesson.progress)) return;
    await this.#player.run((frame) => holds(until, frame, lesson.marks));
    this.notice();
  }

  /** The next step. */
  next(): void {
    const { lesson } = this.#store.state;
    if (lesson === null) return;
    const progress = onward(lesson.progress);
    if (progress !== lesson.progress) this.#enter(progress);
  }

  /** The step before, and the lab as it was when that had ended. */
  async back(): Promise<void> {
    const { lesson } = this.#store.state;
    if (lesson === null) return;
    const before = backward(lesson.progress);
    if (before.progress.step === lesson.progress.step) return;
    this.#store.teach({ progress: before.progress, phase: "done", marks: lesson.marks });
    await this.#player.seek(before.cursor);
  }

  /** Looks at the frame that is shown: has it come? */
  notice(): void {
    const { lesson, frame } = this.#store.state;
    if (lesson?.phase !== "waiting" || frame === null) return;
    const until = stepOf(lesson.progress)?.until;
    if (until !== undefined && !holds(until, frame, lesson.marks)) return;
    this.#store.teach({ ...lesson, phase: "done", progress: ended(lesson.progress, frame.cursor) });
  }

  /** Begins a step: does what it does. What it waits for may be stepped to, or skipped to. */
  #enter(progress: Progress): void {
    const { frame } = this.#store.state;
    const step = stepOf(progress);
    if (frame === null || step === undefined) return;
    this.#look(step.focus ?? "", frame);
    // Gone back from, it is carried out again: the lab stands where it is to begin.
    const begins = { ...progress, cursors: progress.cursors.slice(0, progress.step) };
    this.#store.teach({ progress: begins, phase: "acting", marks: logMarks(frame) });
    void this.#act(step, begins);
  }

  async #act(step: Step, progress: Progress): Promise<void> {
    const acts = actsOf(step);
    for (const act of step.until === undefined ? acts : acts.slice(0, -1)) {
      await this.#carryOut(act);
      if (this.#store.state.lesson?.progress.step !== progress.step) return;
    }
    const { lesson } = this.#store.state;
    if (lesson === null) return;
    this.#store.teach({ ...lesson, phase: "waiting" });
    this.notice();
  }

  /** Shows the pane that the step is about. */
  #look(focus: string, frame: Frame): void {
    const [place, name] = focus.split(" ");
    const node = frame.nodes.find((one) => one.name === name)?.id;
    if (place === "keys" || place === "pages") this.#store.choose({ pane: "keys" });
    if (place === "log" || place === "prompt") {
      this.#store.choose(node === undefined ? { pane: "console" } : { pane: "console", node });
    }
  }

  async #carryOut(act: Act): Promise<void> {
    const player = this.#player;
    switch (act.kind) {
      case "intervene":
        return player.intervene(act.line);
      case "step":
        for (let count = 0; count < act.count; count++) await player.ask((source) => source.step());
        return;
      case "until": {
        const frame = this.#store.state.frame;
        const marks = frame === null ? new Map<number, number>() : logMarks(frame);
        return player.run((next) => holds(act.until, next, marks));
      }
      case "run":
        return this.#run(act.millis);
    }
  }

  async #run(millis: number): Promise<void> {
    const end = (this.#store.state.frame?.at ?? 0) + millis;
    for (let calls = 0; calls < CALLS_MAX; calls++) {
      const left = end - (this.#store.state.frame?.at ?? end);
      if (left <= 0) return;
      await this.#player.ask((source) => source.advance(left, EVENTS_PER_CALL));
    }
  }
}

/** One call carries out at most this many events. */
const EVENTS_PER_CALL = 500;
/** A step that lets time pass gives up after this many calls. */
const CALLS_MAX = 100;
