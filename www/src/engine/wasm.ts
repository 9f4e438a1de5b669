/** The engine in WebAssembly, as the `Source` that the page drives. */
import init, { command_table, LabHandle, read_link } from "#engine";

import type { Anatomy, Command, ExportFormat, Frame, Inspected, Passage } from "./frame";
import workerUrl from "./engine.worker?worker&url";
import { prepareParts } from "./parts";
import swiftUrl from "./swift.worker?worker&url";
import type { Link, OpenOptions, Source } from "./source";

/** Fetches and compiles the engine, once; what has failed is tried again. */
export async function loadEngine(): Promise<void> {
  await init();
}

/** Opens a lab. Rejects with an Error whose message is a sentence for the person. */
export async function openWasm(options: OpenOptions): Promise<Source> {
  await loadEngine();
  if (visited) prepareParts();
  visited = true;
  const { script, seed, isolation } = options;
  const [worker, swift] = [workerUrl, swiftUrl].map((url) => new URL(url, document.baseURI).href);
  const nodes = { isolation, workerUrl: worker, swiftUrl: swift };
  return new WasmSource(await asked(LabHandle.open({ script, seed, ...nodes })));
}

/** Reads a link. Rejects with an Error whose message is a sentence for the person. */
export async function readLink(link: string): Promise<Link> {
  await loadEngine();
  return read_link(link) as Link;
}

/** Whether a lab has been opened: who opens a second one will need all of the engine. */
let visited = false;

class WasmSource implements Source {
  readonly #handle: LabHandle;
  /** Settled when no call is under way. */
  #idle: Promise<unknown> = Promise.resolve();

  constructor(handle: LabHandle) {
    this.#handle = handle;
  }

  frame(): Promise<Frame> {
    return this.#ask(this.#handle.frame());
  }

  step(): Promise<Frame> {
    return this.#ask(this.#handle.step());
  }

  back(): Promise<Frame> {
    return this.#ask(this.#handle.back());
  }

  seek(cursor: number): Promise<Frame> {
    return this.#ask(this.#handle.seek(cursor, false));
  }

  seekTime(millis: number): Promise<Frame> {
    return this.#ask(this.#handle.seek(millis, true));
  }

  advance(millis: number, limit: number): Promise<Frame> {
    return this.#ask(this.#handle.advance(millis, limit));
  }

  stride(size: "command" | "phase", back: boolean): Promise<Frame> {
    return this.#ask(this.#handle.stride(size, back));
  }

  foresee(size: "command" | "phase"): Promise<Frame> {
    return this.#ask(this.#handle.foresee(size));
  }

  select(branch: number): Promise<Frame> {
    prepareParts();
    return this.#ask(this.#handle.select(branch));
  }

  backToChange(watch: string): Promise<Frame> {
    prepareParts();
    return this.#ask(this.#handle.backToChange(watch));
  }

  passage(from: number, to: number): Promise<Passage> {
    prepareParts();
    return this.#ask(this.#handle.passage(from, to));
  }

  inspect(what: Inspected): Promise<Anatomy | null> {
    prepareParts();
    return this.#ask(this.#handle.inspect(what));
  }

  async commands(): Promise<readonly Command[]> {
    const table = command_table() as readonly (readonly [string, string, string])[];
    return table.map(([name, usage, summary]) => ({ name, usage, summary }));
  }

  dump(node: number): Promise<Uint8Array> {
    prepareParts();
    return this.#ask(this.#handle.dump(node));
  }

  export(format: ExportFormat): Promise<Uint8Array> {
    prepareParts();
    return this.#ask(this.#handle.export(format));
  }

  share(scenario: string, view: string): Promise<string> {
    prepareParts();
    return this.#ask(this.#handle.share(scenario, view));
  }

  async follow(link: string): Promise<string | null> {
    prepareParts();
    return (await this.#ask<string | undefined>(this.#handle.follow(link))) ?? null;
  }

  intervene(line: string): Promise<Frame> {
    prepareParts();
    return this.#ask(this.#handle.intervene(line));
  }

  /** A call that is under way has the lab: only after it can the lab be freed. */
  close(): void {
    void this.#idle.then(() => {
      this.#handle.close();
      this.#handle.free();
    });
  }

  /** The engine answers plain values; their types are those of `frame.ts`. */
  #ask<T>(answer: Promise<unknown>): Promise<T> {
    const value = asked(answer as Promise<T>);
    this.#idle = Promise.allSettled([this.#idle, value]);
    return value;
  }
}

/** Turns whatever Rust throws into an Error with a sentence. */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof Error ? error : new Error(String(error));
  }
}
