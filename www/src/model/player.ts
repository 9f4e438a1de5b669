/**
 * The only one who talks to the `Source`: carries out what moves the lab, and lets time pass.
 *
 * While playing there is one animation callback outstanding and at most one call to the source;
 * while paused, hidden or off screen there is none.
 */
import type { Anatomy, Command, ExportFormat, Frame, Inspected, Passage } from "../engine/frame";
import type { Source } from "../engine/source";
import { Pace, STILL_MS } from "./pace";
import type { Store } from "./store";
import { isSettled, storyOf } from "./story";

/** What the player needs of a browser; a test brings its own. */
export interface Animation {
  request(callback: (now: number) => void): number;
  cancel(id: number): void;
}

/** A way to another moment. */
export type Goal = (source: Source) => Promise<Frame>;

export class Player {
  readonly #store: Store;
  readonly #animation: Animation;
  #source: Source | null = null;
  /** False while nobody can see the page. */
  #awake = true;
  #callback = 0;
  /** When the virtual clock was last moved on, in the time of animation callbacks. */
  #last = 0;
  /** Calls that have not been answered. */
  #pending = 0;
  /** Grows with every order of the person; what was begun before it gives up. */
  #order = 0;
  readonly #pace = new Pace();
  /** Settled while the source stands where the picture shows it. */
  #away: Promise<void> = Promise.resolve();
  /** Where a seek that is under way leads. */
  #goal: Goal | null = null;
  /** Which moment was asked for last, to be looked at. */
  #peeked = 0;

  constructor(store: Store, animation: Animation) {
    this.#store = store;
    this.#animation = animation;
  }

  /** Drives `source` from now on, or nothing; the old picture stays until the new one is there. */
  async drive(source: Source | null): Promise<void> {
    this.pause();
    this.#source?.close();
    this.#source = source;
    this.#goal = null;
    const frame = await source?.frame();
    if (source === this.#source) this.#store.begin(frame ?? null);
  }

  play(): void {
    this.#store.choose({ playing: true });
    this.#last = 0;
    this.#arrange();
  }

  pause(): void {
    this.#order++;
    if (this.#store.state.screen.playing) this.#store.choose({ playing: false });
    this.#arrange();
  }

  /** Tells whether anybody can see the page. */
  wake(awake: boolean): void {
    this.#awake = awake;
    this.#last = 0;
    this.#arrange();
  }

  /** A link to what is shown, as the fragment of a URL; null if there is nothing. */
  async share(scenario: string, view: string): Promise<string | null> {
    await this.#away;
    return (await this.#source?.share(scenario, view)) ?? null;
  }

  /** Carries out one call and shows its frame; a person's call ends playing. */
  async ask(call: (source: Source) => Promise<Frame>): Promise<void> {
    const source = this.#source;
    if (source === null) return;
    this.pause();
    await this.#show(source, () => call(source));
    await this.foresee();
  }

  /** Finds out how the next step would end, if it is a long one and nobody is in a hurry. */
  async foresee(): Promise<void> {
    const { frame, screen } = this.#store.state;
    const source = this.#source;
    const { stride } = screen;
    if (source === null || frame?.next == null || screen.playing || stride === "frame") return;
    if ((stride === "phase" ? frame.nextPhase : frame.nextCommand) !== null) return;
    const order = this.#order;
    const named = await this.#read((one) => one.foresee(stride));
    const still = order === this.#order && this.#store.state.frame?.cursor === frame.cursor;
    if (named !== null && still && source === this.#source) this.#store.show(named);
  }

  /** Goes to `cursor`; of the places asked for while a call is under way, only the last counts. */
  seek(cursor: number): Promise<void> {
    return this.#go((source) => source.seek(cursor));
  }

  /** Goes to an instant, in virtual milliseconds since the beginning. */
  seekTime(millis: number): Promise<void> {
    return this.#go((source) => source.seekTime(millis));
  }

  async #go(there: Goal): Promise<void> {
    const waiting = this.#goal !== null;
    this.#goal = there;
    if (waiting) return;
    this.pause();
    while (this.#source !== null && this.#goal !== null) {
      const source: Source = this.#source;
      const goal: Goal = this.#goal;
      await this.#show(source, () => goal(source));
      if (this.#goal === goal) this.#goal = null;
    }
  }

  /**
   * Looks at another moment and comes back: nothing has moved. Of the moments that were asked for
   * while one was looked at, only the last is looked at; null if this is not it.
   */
  async peek(there: Goal): Promise<Frame | null> {
    const wanted = ++this.#peeked;
    await this.#away;
    const here = this.#store.state.frame?.cursor;
    const idle = this.#pending === 0 && !this.#store.state.screen.playing;
    if (wanted !== this.#peeked || here === undefined || !idle) return null;
    const look = this.#read(async (source) => {
      const frame = await there(source);
      await source.seek(here);
      return frame;
    });
    this.#away = look.then(() => undefined);
    return look;
  }

  /** Does something to the lab without stopping the clock. */
  async intervene(line: string): Promise<void> {
    const source = this.#source;
    if (source !== null) await this.#show(source, () => source.intervene(line));
  }

  /** A stretch of the space-time diagram; null if there is none. */
  async passage(from: number, to: number): Promise<Passage | null> {
    return this.#readHere((source) => source.passage(from, to));
  }

  /** Takes bytes apart, whatever else is under way; null if they are gone. */
  async inspect(what: Inspected): Promise<Anatomy | null> {
    return this.#readHere((source) => source.inspect(what));
  }

  /** Every command that a server knows. */
  async commands(): Promise<readonly Command[]> {
    return (await this.#read((source) => source.commands())) ?? [];
  }

  /** The dataset of a node as an RDB file. */
  async dump(node: number): Promise<Uint8Array | null> {
    return this.#readHere((source) => source.dump(node));
  }

  /** What has happened, as a file for other tools. */
  async export(format: ExportFormat): Promise<Uint8Array | null> {
    return this.#readHere((source) => source.export(format));
  }

  /** Asks the source while it stands where the picture shows it. */
  async #readHere<T>(call: (source: Source) => Promise<T>): Promise<T | null> {
    await this.#away;
    return this.#read(call);
  }

  async #read<T>(call: (source: Source) => Promise<T>): Promise<T | null> {
    const source = this.#source;
    if (source === null) return null;
    try {
      return await call(source);
    } catch (error) {
      this.#store.fail(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** True while a call is under way: repeated keys are let go. */
  get busy(): boolean {
    return this.#pending > 0;
  }

  /** Steps until `reached` holds; shows every frame on the way. */
  async run(reached: (frame: Frame) => boolean): Promise<void> {
    const source = this.#source;
    if (source === null) return;
    this.pause();
    const order = this.#order;
    for (let steps = 0; steps < STEPS_MAX && order === this.#order; steps++) {
      const frame = this.#store.state.frame;
      if (frame === null || frame.next === null || (steps > 0 && reached(frame))) return;
      if (!(await this.#show(source, () => source.step()))) return;
    }
  }

  /**
   * Runs on out of sight to the first event at which something holds, and stops there; if it never
   * does, nothing has moved. `holds` is asked of a frame and of the events since a cursor.
   */
  async reach(holds: (frame: Frame, since: number) => boolean): Promise<boolean> {
    this.pause();
    const order = this.#order;
    const search = this.#read((source) => sought(source, holds, () => order === this.#order));
    this.#away = search.then((end) => {
      if (end !== null) this.#store.show(end.frame);
    });
    await this.#away;
    return (await search)?.found ?? false;
  }

  /** Types a line at the first master; answers why not, if it is not taken. */
  async typeAtMaster(line: string): Promise<string | null> {
    const master = this.#store.state.frame?.nodes.find(({ upstream }) => upstream === null);
    if (master === undefined) return "";
    await this.intervene(`${master.name}> ${line}`);
    return this.#store.state.error;
  }

  /**
   * Runs on out of sight to the moments at which each of `pictures` first holds, one after the
   * other, and goes back to where it was; null if the reader wanted something meanwhile.
   */
  async survey(pictures: readonly ((frame: Frame) => boolean)[]): Promise<readonly Frame[] | null> {
    const order = this.#order;
    const wanted = (): boolean => order === this.#order;
    const start = this.#store.state.frame?.cursor ?? 0;
    const frames = this.#read((source) => surveyed(source, pictures, wanted));
    this.#away = frames.then(async () => {
      const back = await this.#read((source) => source.seek(start));
      if (back !== null) this.#store.show(back);
    });
    await this.#away;
    return wanted() ? frames : null;
  }

  async #show(source: Source, call: () => Promise<Frame>, jumped = 0): Promise<boolean> {
    this.#pending++;
    try {
      await this.#away;
      const frame = await call();
      if (source !== this.#source) return false;
      this.#store.show(frame, jumped);
      return true;
    } catch (error) {
      if (source !== this.#source) return false;
      this.#store.fail(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      this.#pending--;
    }
  }

  /** Keeps exactly one callback outstanding while time passes, and none otherwise. */
  #arrange(): void {
    const rolling = this.#awake && this.#store.state.screen.playing && this.#source !== null;
    if (rolling && this.#callback === 0) {
      this.#callback = this.#animation.request((now) => this.#tick(now));
    } else if (!rolling && this.#callback !== 0) {
      this.#animation.cancel(this.#callback);
      this.#callback = 0;
    }
  }

  #tick(now: number): void {
    this.#callback = 0;
    this.#arrange();
    if (this.#pending > 0) return;
    const gap = this.#last === 0 ? 0 : now - this.#last;
    if (this.#store.state.screen.still && gap > 0 && gap < STILL_MS) return;
    this.#last = now;
    if (gap > 0) void this.#move(gap);
  }

  /** Lets `gap` real milliseconds pass; stops where the offsets have met. */
  async #move(gap: number): Promise<void> {
    const { frame, screen } = this.#store.state;
    const source = this.#source;
    if (frame === null || source === null) return;
    const motion = this.#pace.motion(frame, screen, gap);
    if (motion === null) return this.pause();
    const before = storyOf(frame).stage;
    const shown =
      motion.by === "step"
        ? await this.#show(source, () => source.step(), motion.jumped)
        : await this.#show(source, () => source.advance(motion.millis, EVENTS_PER_CALL));
    const after = this.#store.state.frame;
    if (!shown || after === null) return this.pause();
    if (isSettled(after) && before !== "steady") this.pause();
  }
}

async function surveyed(
  source: Source,
  pictures: readonly ((frame: Frame) => boolean)[],
  wanted: () => boolean,
): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  let frame = await source.frame();
  for (const holds of pictures) {
    for (let steps = 0; steps < STEPS_MAX && wanted() && frame.next !== null && !holds(frame); steps++) {
      frame = await source.step();
    }
    frames.push(frame);
  }
  return frames;
}

/** Looks for the leap in which `holds` comes about, and in it for the event. */
async function sought(
  source: Source,
  holds: (frame: Frame, since: number) => boolean,
  wanted: () => boolean,
): Promise<{ readonly frame: Frame; readonly found: boolean }> {
  const start = (await source.frame()).cursor;
  for (let since = start; wanted() && since < start + SOUGHT_MAX; since += LEAP) {
    const ahead = await source.seek(since + LEAP);
    if (holds(ahead, since)) {
      let frame = await source.seek(since);
      while (!holds(frame, since)) frame = await source.step();
      return { frame, found: true };
    }
    if (ahead.next === null) break;
  }
  return { frame: await source.seek(start), found: false };
}

/** A search looks at the end of so many events at once: no more than a frame tells of. */
const LEAP = 100;
/** After so many events a search gives up. */
const SOUGHT_MAX = 10_000;
/** One call carries out at most this many events, lest the page stands still. */
const EVENTS_PER_CALL = 200;
/** A search for a chapter gives up after this many events. */
const STEPS_MAX = 5_000;
