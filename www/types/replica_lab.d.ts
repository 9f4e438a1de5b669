/**
 * The engine's glue as `src/web/handle.rs` exports it, for a checkout in which the engine has not
 * been built: `tsc` then reads this file in place of `engine/replica_lab.d.ts`.
 */

/** Instantiates the module; without an argument it is fetched from beside the glue. */
export default function init(options?: unknown): Promise<unknown>;

/** Serves one node on the port that the page has sent to its Worker. */
export function serve_node(port: MessagePort): void;

/** A lab. */
export class LabHandle {
  static open(options: unknown): Promise<LabHandle>;
  frame(): Promise<unknown>;
  step(): Promise<unknown>;
  back(): Promise<unknown>;
  seek(cursor: number): Promise<unknown>;
  advance(millis: number, limit: number): Promise<unknown>;
  stride(size: string, back: boolean): Promise<unknown>;
  select(branch: number): Promise<unknown>;
  backToChange(watch: string): Promise<unknown>;
  inspect(what: unknown): Promise<unknown>;
  dump(node: number): Promise<Uint8Array>;
  export(format: string): Promise<Uint8Array>;
  intervene(line: string): Promise<unknown>;
  close(): void;
  free(): void;
}

/** Surveys a dump as it is fed. */
export class DumpReader {
  constructor(now: number);
  feed(piece: Uint8Array): unknown;
  report(): unknown;
  free(): void;
}

/** Every command that a node knows, as `[name, usage, summary]`. */
export function command_table(): unknown;
