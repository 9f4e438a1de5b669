/** A dump of the reader's own, as the engine tells of it: the counterpart of `src/web/dump.rs`. */

/** What a file holds. */
export interface Survey {
  /** The version in the signature; 0 before it is read. */
  readonly version: number;
  /** Bytes that are read. */
  readonly read: number;
  /** True once the end of the file has been read. */
  readonly ended: boolean;
  /** Bytes behind the end. */
  readonly behind: number;
  /** Facts about the writer. */
  readonly aux: readonly (readonly [string, string])[];
  readonly functions: number;
  readonly total: Tally;
  readonly dbs: readonly (readonly [number, Tally])[];
  readonly kinds: readonly { readonly kind: string; readonly encoding: string; readonly tally: Tally }[];
  readonly lives: Readonly<Record<Life, number>>;
  readonly biggest: readonly BigKey[];
}

/** How long a key has to live. */
export type Life = "forever" | "over" | "hour" | "day" | "month" | "longer";

export interface Tally {
  readonly keys: number;
  readonly expires: number;
  readonly elements: number;
  /** In the file. */
  readonly bytes: number;
  /** Roughly, in memory. */
  readonly memory: number;
}

export interface BigKey {
  readonly db: number;
  readonly key: string;
  readonly kind: string;
  readonly encoding: string;
  readonly tally: Tally;
  /** In milliseconds since the Unix epoch. */
  readonly expires: number | null;
}

/** Why a file cannot be loaded, and at which byte. */
export interface Fault {
  readonly why: string;
  readonly at: number;
}

/** What the Worker says: how far it is, and in the end what it has found. */
export type Report =
  | { readonly is: "reading"; readonly survey: Survey }
  | { readonly is: "done"; readonly survey: Survey }
  | { readonly is: "failed"; readonly survey: Survey | null; readonly fault: Fault };

/** Something that surveys a file; calling what it answers gives up. */
export type Surveyor = (file: Blob, tell: (report: Report) => void) => () => void;
