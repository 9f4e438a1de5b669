/** Surveys a dump, piece by piece, where it keeps nobody waiting. */
import type { DumpReader } from "#engine";

import type { Fault, Report, Survey } from "./dump";

/** Tells the page what a file holds, while it is read and when it has been. */
export async function survey(file: Blob, reader: DumpReader): Promise<void> {
  const tell = (report: Report): void => postMessage(report);
  const found = (): Survey => reader.report() as Survey;
  let told = performance.now();
  for await (const piece of piecesOf(file)) {
    const fault = reader.feed(piece) as Fault | null;
    if (fault !== null) return tell({ is: "failed", survey: found(), fault });
    if (performance.now() - told > TELL_MS) {
      told = performance.now();
      tell({ is: "reading", survey: found() });
    }
  }
  const all = found();
  if (all.ended) return tell({ is: "done", survey: all });
  tell({ is: "failed", survey: all, fault: { why: "", at: file.size } });
}

/** The file in pieces: never all of it at once. */
async function* piecesOf(file: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    yield new Uint8Array(await file.slice(at, at + PIECE_BYTES).arrayBuffer());
  }
}

const PIECE_BYTES = 1 << 20;
/** How often the page hears how far it is. */
const TELL_MS = 80;
