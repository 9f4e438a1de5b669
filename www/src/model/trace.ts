/** A file of events that was taken home: read, relived, and compared. */
import type { Key, Values } from "./language";

/** The first line of a file of events. */
export interface TraceHead {
  readonly events: number;
  readonly hash: string;
  readonly link: string;
}

/** What came of reliving a file: a message with its values. */
export interface Verdict {
  readonly same: boolean;
  readonly said: readonly [Key, Values];
}

/** True if a file is one of events, and not a dump: it begins like JSON. */
export async function isTrace(file: File): Promise<boolean> {
  return (await file.slice(0, 1).text()) === "{";
}

/** The lines of a file, without its end; null if it is longer than any that was taken home. */
export async function linesOf(file: File): Promise<readonly string[] | null> {
  return file.size > FILE_MAX ? null : (await file.text()).trimEnd().split(/\r?\n/);
}

/** What a first line says, or null if it is not that of a file of events. */
export function headIn(line: string): TraceHead | null {
  try {
    const { replicaLab, events, hash, link } = JSON.parse(line) as Record<string, unknown>;
    const known = replicaLab === 1 && Number.isSafeInteger(events) && typeof events === "number";
    if (!known || typeof hash !== "string" || typeof link !== "string") return null;
    return /^[\da-f]{16}$/.test(hash) && /^[\w-]+$/.test(link) ? { events, hash, link } : null;
  } catch {
    return null;
  }
}

/** Holds what a file says against what has come about here: the first event that differs, or the hash. */
export function compared(name: string, there: readonly string[], here: readonly string[]): Verdict {
  const [told, lived] = [headIn(there[0] ?? ""), headIn(here[0] ?? "")];
  const at = there.findIndex((line, index) => index > 0 && line !== here[index]);
  if (at > 0) {
    const values = { name, event: at - 1, there: textIn(there[at]), here: textIn(here[at]) };
    return { same: false, said: ["trace.differs", values] };
  }
  const hashes = { name, count: there.length - 1, there: told?.hash ?? "", here: lived?.hash ?? "" };
  if (there.length < here.length) return { same: false, said: ["trace.short", { ...hashes, whole: here.length - 1 }] };
  const same = told !== null && told.hash === lived?.hash;
  return { same, said: [same ? "trace.same" : "trace.hash", hashes] };
}

/** What a line says of its event, in short. */
function textIn(line = ""): string {
  try {
    const { text } = JSON.parse(line) as { readonly text?: unknown };
    return String(text).slice(0, TEXT_MAX);
  } catch {
    return line === "" ? "–" : line.slice(0, TEXT_MAX);
  }
}

const FILE_MAX = 256 * 1_024 * 1_024;
const TEXT_MAX = 80;
