/**
 * A Worker like `engine.worker`, whose engine is built to be swift. It is five times as much to
 * fetch: only where servers hold much, or a large dump is surveyed.
 *
 * It is listened for before anything is awaited: what arrives while a module script waits is not
 * kept.
 */
import init, { DumpReader, make_room, serve_node } from "#swift";

import { survey } from "./survey";

addEventListener("message", ({ data, ports: [port] }: MessageEvent<unknown>) => {
  const ready = init();
  if (data instanceof Blob) return void ready.then(() => survey(data, new DumpReader(Date.now())));
  // What waits on the other end of the port hears of a failure as an error of this Worker.
  if (port !== undefined) ready.then(() => serve(port), (cause: unknown) => reportError(cause));
}, { once: true });
postMessage("ready");

function serve(port: MessagePort): void {
  make_room(ROOM_BYTES);
  serve_node(port);
}

/** What a million small keys take, twice. */
const ROOM_BYTES = 256 << 20;
