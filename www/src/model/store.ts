/**
 * The one place that holds what the page shows: the immutable frame, and what the person chose.
 *
 * Everything on the screen is a function of a `State`. A state is never changed, only replaced.
 */
import type { Anatomy, Frame, LogLevel } from "../engine/frame";
import type { DumpState } from "./dump";
import type { Form } from "./forms";
import type { Dock, Limit, Pane, Scale, Stride, SyncMode, Target } from "./intent";
import { type Mark, marked } from "./marks";
import type { Opening } from "./opening";
import type { Picked } from "./picked";
import type { Verdict } from "./trace";
import type { LessonState } from "./tutor";
import { LIMITS } from "./until";

/** Choices of the person that are not the lab's. */
export interface Screen {
  readonly playing: boolean;
  /** Virtual milliseconds per real millisecond. */
  readonly rate: number;
  /** Jump to the next event when it is far. */
  readonly skipIdle: boolean;
  /** The node whose prompt and log are shown. */
  readonly node: number;
  /** The pane that is shown where only one has room. */
  readonly pane: Pane;
  /** The logs of all nodes in one list. */
  readonly mergeLogs: boolean;
  /** The levels whose lines the logs leave out. */
  readonly quiet: readonly LogLevel[];
  readonly help: boolean;
  /** What the help was asked about, a place or a label, until it is shown. */
  readonly topic: string | null;
  /** The list of lessons and scenarios is open. */
  readonly library: boolean;
  /** The reader's own dump is shown. */
  readonly dump: boolean;
  /** What can be taken home is shown. */
  readonly exports: boolean;
  /** The link that is offered, and whether it was copied; null until it is made. */
  readonly link: { readonly address: string; readonly copied: boolean } | null;
  /** How bytes are shown as text. */
  readonly form: Form;
  /** How the scenario was started. */
  readonly sync: SyncMode;
  /** The width of the picture in CSS pixels. */
  readonly width: number;
  /** No gliding: each step is a cut. */
  readonly still: boolean;
  /** The space-time diagram as a list. */
  readonly listed: boolean;
  /** What is shown below the picture, if anything. */
  readonly dock: Dock | null;
  /** Shows bytes, states and the space-time diagram, too. */
  readonly expert: boolean;
  /** How far a step goes. */
  readonly stride: Stride;
  /** The limit whose number is asked for, if one is. */
  readonly limit: Limit | null;
  /** The numbers that were chosen last. */
  readonly limits: Readonly<Record<Limit["what"], number>>;
  /** What the line of history measures. */
  readonly scale: Scale;
  /** The shortcut that waits for another key, or null. */
  readonly rebinding: string | null;
  /** What faults are offered for, if for anything. */
  readonly target: Target | null;
}

/** A file of events on its way into the lab, or what came of it. */
export type TraceState = "reading" | Verdict;

export interface State {
  /** Null until the engine has answered for the first time. */
  readonly frame: Frame | null;
  /** The frame before it, if it was another moment of the same lab. */
  readonly before: Frame | null;
  readonly screen: Screen;
  /** Where chapters of the story began, as far as they have been seen. */
  readonly marks: readonly Mark[];
  /** Where runs until a condition have stopped. */
  readonly stops: readonly Stop[];
  /** Another moment that is looked at, and what is seen there once it is known. */
  readonly peek: { readonly at: number; readonly frame: Frame | null } | null;
  /** Virtual milliseconds that the last step jumped over, if it was a jump. */
  readonly jumped: number;
  /** A sentence about what went wrong last; null when all is well. */
  readonly error: string | null;
  /** The lesson that is under way, or null. */
  readonly lesson: LessonState | null;
  /** The reader's own dump, or null. */
  readonly dump: DumpState | null;
  /** What came of the file of events that was opened last; null while there is none. */
  readonly trace: TraceState | null;
  /** What the first ten seconds have come to, until the reader takes over. */
  readonly opening: Opening | null;
  /** The bytes that the reader has picked. */
  readonly picked: Picked | null;
  /** True if they only lie under the pointer. */
  readonly hovering: boolean;
  /** The picked bytes taken apart; null until they are, or if they are gone. */
  readonly anatomy: Anatomy | null;
  /** The part of them under the pointer or the focus, by its place in the anatomy. */
  readonly part: number | null;
}

/** A place on the line of history. */
export interface Stop {
  readonly cursor: number;
  readonly elapsed: number;
}

export class Store {
  #state: State = INITIAL;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get state(): State {
    return this.#state;
  }

  /** Replaces the frame. */
  show(frame: Frame, jumped = 0): void {
    const { state } = this;
    const marks = marked(state.marks, state.frame, frame);
    const idle = jumped === 0 && state.frame?.cursor === frame.cursor;
    const before = state.frame?.cursor === frame.cursor ? state.before : state.frame;
    const lost = state.hovering && frame.cursor !== state.frame?.cursor;
    // Who has acted in the past has not been anywhere behind it.
    const undone = state.frame !== null && frame.length < state.frame.length;
    const known = undone ? Math.min(frame.cursor - 1, frame.length) : frame.length;
    const stops = state.stops.filter((stop) => stop.cursor <= known);
    this.#replace({
      ...state,
      frame,
      before,
      marks,
      stops,
      ...(lost ? { picked: null, hovering: false } : {}),
      jumped: idle ? state.jumped : jumped,
      error: null,
    });
  }

  /** Marks where a run has stopped. */
  stop(): void {
    const { frame, stops } = this.#state;
    if (frame === null) return;
    const { cursor, elapsed } = frame;
    const others = stops.filter((stop) => stop.cursor !== cursor);
    this.#replace({ ...this.#state, stops: [...others, { cursor, elapsed }] });
  }

  /** Looks at another moment, or no longer. */
  peek(peek: State["peek"]): void {
    this.#replace({ ...this.#state, peek });
  }

  /** Replaces some of the person's choices. */
  choose(choices: Partial<Screen>): void {
    this.#replace({ ...this.#state, screen: { ...this.#state.screen, ...choices } });
  }

  /** Replaces the state of the lesson, or leaves it. */
  teach(lesson: LessonState | null): void {
    this.#replace({ ...this.#state, lesson });
  }

  /** Goes on with the first ten seconds, or ends them. */
  open(opening: Opening | null): void {
    this.#replace({ ...this.#state, opening });
  }

  /** Goes on with the reader's own dump. */
  read(dump: DumpState | null): void {
    this.#replace({ ...this.#state, dump });
  }

  /** Says what has come of a file of events. */
  relive(trace: TraceState | null): void {
    this.#replace({ ...this.#state, trace });
  }

  /** Picks bytes, or none. */
  pick(picked: Picked | null): void {
    this.#replace({ ...this.#state, picked, hovering: false, anatomy: null, part: null });
  }

  /** Marks the bytes under the pointer, or none, unless others are picked or time passes. */
  hover(picked: Picked | null): void {
    const { picked: other, hovering, screen } = this.#state;
    const free = (other === null || hovering) && screen.dock !== "inspector" && !screen.playing;
    if (picked === null ? hovering : free) {
      this.#replace({ ...this.#state, picked, hovering: picked !== null, anatomy: null, part: null });
    }
  }

  /** Shows what the picked bytes mean. */
  dissect(picked: Picked, anatomy: Anatomy | null): void {
    if (this.#state.picked === picked) this.#replace({ ...this.#state, anatomy });
  }

  /** Points to a part of the picked bytes. */
  point(part: number | null): void {
    if (this.#state.part !== part) this.#replace({ ...this.#state, part });
  }

  /** Says what went wrong, or that it is over. */
  fail(error: string | null): void {
    this.#replace({ ...this.#state, error });
  }

  /** Forgets the lab, keeps the person's choices, and shows the first frame of another. */
  begin(frame: Frame | null): void {
    const { dump, trace, error: said } = this.#state;
    const screen = { ...this.#state.screen, playing: false, target: null, limit: null };
    // What was said before there was anything to see is still to be read.
    const error = this.#state.frame === null ? said : null;
    this.#replace({ ...INITIAL, screen, frame, dump, trace, error });
  }

  #replace(state: State): void {
    this.#state = state;
    this.#changed();
  }
}

const INITIAL: State = {
  frame: null,
  before: null,
  marks: [],
  stops: [],
  peek: null,
  jumped: 0,
  error: null,
  lesson: null,
  opening: null,
  dump: null,
  trace: null,
  picked: null,
  hovering: false,
  anatomy: null,
  part: null,
  screen: {
    playing: false,
    rate: 0.01,
    skipIdle: true,
    node: 0,
    pane: "console",
    mergeLogs: false,
    quiet: [],
    help: false,
    topic: null,
    library: false,
    dump: false,
    exports: false,
    link: null,
    form: "raw",
    sync: "diskless",
    width: 720,
    still: false,
    listed: false,
    dock: null,
    expert: false,
    stride: "frame",
    limit: null,
    limits: LIMITS,
    scale: "events",
    rebinding: null,
    target: null,
  },
};
