/** The engine in WebAssembly, as the `Source` that the page drives. */
import init, { LabHandle } from "#engine";

import type { Frame } from "./frame";
import workerUrl from "./node.worker?worker&url";
import type { OpenOptions, Source } from "./source";

/** Opens a lab. Rejects with an Error whose message is a sentence for the person. */
export async function openWasm(options: OpenOptions): Promise<Source> {
  await init();
  const { script, seed, isolation } = options;
  const url = new URL(workerUrl, document.baseURI).href;
  return new WasmSource(await asked(LabHandle.open({ script, seed, isolation, workerUrl: url })));
}

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
    return this.#ask(this.#handle.seek(cursor));
  }

  advance(millis: number, limit: number): Promise<Frame> {
    return this.#ask(this.#handle.advance(millis, limit));
  }

  intervene(line: string): Promise<Frame> {
    return this.#ask(this.#handle.intervene(line));
  }

  /** A call that is under way has the lab: only after it can the lab be freed. */
  close(): void {
    void this.#idle.then(() => {
      this.#handle.close();
      this.#handle.free();
    });
  }

  #ask(answer: Promise<unknown>): Promise<Frame> {
    const frame = asked(answer as Promise<Frame>);
    this.#idle = Promise.allSettled([this.#idle, frame]);
    return frame;
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
