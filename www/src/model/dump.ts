/** A dump that the reader opens: read in a Worker, shown as it is read, and given up at will. */
import type { Fault, Report, Survey, Surveyor } from "../engine/dump";
import type { Store } from "./store";

/** The file that is open. */
export interface DumpState {
  readonly name: string;
  readonly size: number;
  readonly phase: "reading" | "done" | "failed" | "cancelled";
  /** What is known of it so far; null until the Worker has spoken. */
  readonly survey: Survey | null;
  readonly fault: Fault | null;
  /** The bytes themselves, if a server can begin with them. */
  readonly bytes: Uint8Array | null;
}

export class DumpReading {
  readonly #store: Store;
  readonly #surveyor: Surveyor;
  #cancel: (() => void) | null = null;

  constructor(store: Store, surveyor: Surveyor) {
    this.#store = store;
    this.#surveyor = surveyor;
  }

  /** Begins to read a file; one that was being read is given up. */
  open(file: File): void {
    this.#cancel?.();
    const { name, size } = file;
    const opened: DumpState = { name, size, phase: "reading", survey: null, fault: null, bytes: null };
    this.#store.choose({ dump: true, library: false });
    this.#store.read(opened);
    this.#cancel = this.#surveyor(file, (report) => this.#hear(report));
    if (size <= LOADED_MAX) void this.#keep(file);
  }

  /** Gives up; what has been read stays. */
  cancel(): void {
    this.#cancel?.();
    this.#cancel = null;
    const { dump } = this.#store.state;
    if (dump?.phase === "reading") this.#store.read({ ...dump, phase: "cancelled" });
  }

  #hear(report: Report): void {
    const { dump } = this.#store.state;
    if (dump?.phase !== "reading") return;
    const { is: phase, survey } = report;
    const fault = report.is === "failed" ? report.fault : null;
    this.#store.read({ ...dump, phase, survey, fault });
  }

  async #keep(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const { dump } = this.#store.state;
    if (dump?.name === file.name && dump.size === file.size) this.#store.read({ ...dump, bytes });
  }
}

/** The line that adds a server which begins with a file. */
export function additionOf(name: string, bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const base64url = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `add ${name} port=6379 rdb=${base64url}`;
}

/** A server can begin with a file of at most so many bytes: it becomes part of the script. */
export const LOADED_MAX = 1 << 20;
