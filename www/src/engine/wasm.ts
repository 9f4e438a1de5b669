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

  constructor(handle: LabHandle) {
    this.#handle = handle;
  }

  frame(): Promise<Frame> {
    return asked(this.#handle.frame() as Promise<Frame>);
  }

  step(): Promise<Frame> {
    return asked(this.#handle.step() as Promise<Frame>);
  }

  back(): Promise<Frame> {
    return asked(this.#handle.back() as Promise<Frame>);
  }

  seek(cursor: number): Promise<Frame> {
    return asked(this.#handle.seek(cursor) as Promise<Frame>);
  }

  advance(millis: number, limit: number): Promise<Frame> {
    return asked(this.#handle.advance(millis, limit) as Promise<Frame>);
  }

  intervene(line: string): Promise<Frame> {
    return asked(this.#handle.intervene(line) as Promise<Frame>);
  }

  close(): void {
    this.#handle.close();
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
