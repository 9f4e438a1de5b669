/** What the page sees of a lab, wherever its nodes live. */
import type { Anatomy, Command, ExportFormat, Frame, Inspected, Passage } from "./frame";

/**
 * A lab that can be driven. Every method answers the frame that results; the page holds no other
 * state of the lab. Calls are carried out one after the other in the order in which they were made.
 */
export interface Source {
  /** The picture of this instant. */
  frame(): Promise<Frame>;
  /** Carries out the next event. */
  step(): Promise<Frame>;
  /** Undoes the last event. */
  back(): Promise<Frame>;
  /** Goes to the instant at which `cursor` events have happened. */
  seek(cursor: number): Promise<Frame>;
  /** Goes to where all has happened that is known of the first `millis` of virtual time. */
  seekTime(millis: number): Promise<Frame>;
  /** Carries out all events of the next `millis` of virtual time (at most `limit` of them). */
  advance(millis: number, limit: number): Promise<Frame>;
  /** Goes on to the end of a step of this size, or back to where the last one ended. */
  stride(size: "command" | "phase", back: boolean): Promise<Frame>;
  /** The same picture, once it is known how the next step of this size would end. */
  foresee(size: "command" | "phase"): Promise<Frame>;
  /** Lives another branch of history, from where it parts. */
  select(branch: number): Promise<Frame>;
  /** Goes back to the event that last changed something: `master offset`, `replica1 key k`. */
  backToChange(watch: string): Promise<Frame>;
  /** The steps of the space-time diagram from `from` to before `to`. */
  passage(from: number, to: number): Promise<Passage>;
  /** Takes bytes apart; null if they are gone. */
  inspect(what: Inspected): Promise<Anatomy | null>;
  /** Every command that a server knows. */
  commands(): Promise<readonly Command[]>;
  /** The dataset of a node as an RDB file. */
  dump(node: number): Promise<Uint8Array>;
  /** What has happened up to the cursor, as the bytes of a file. */
  export(format: ExportFormat): Promise<Uint8Array>;
  /**
   * Does what a person may do, in the text form that scripts use:
   * `master> SET k v` (types a command), `cut master replica1`, `heal master replica1`.
   * Rejects with an Error whose message is a sentence for the person.
   */
  intervene(line: string): Promise<Frame>;
  /** A link to this instant, as the fragment of a URL. */
  share(scenario: string, view: string): Promise<string>;
  /** Does what a link says; answers what differs here, in a sentence, or null. */
  follow(link: string): Promise<string | null>;
  /** Frees the engine, its Workers and ports. */
  close(): void;
}

/** What a lab is made of. */
export interface OpenOptions {
  /** The world and its story, as text. */
  readonly script: string;
  /** Where chance begins. */
  readonly seed: number;
  /** Where the nodes live; where Workers are refused, they live in the page all the same. */
  readonly isolation: "workers" | "page";
}

/** What a link opens. */
export interface Link {
  /** The name of a scenario, or a script's text. */
  readonly scenario: string;
  readonly seed: number;
  /** What the page wanted to find again. */
  readonly view: string;
}

/** Something that opens labs: the wasm engine, or a fixture in a test. */
export type Opener = (options: OpenOptions) => Promise<Source>;

/** Reads a link. Rejects with an Error whose message is a sentence for the person. */
export type LinkReader = (link: string) => Promise<Link>;
