/**
 * A Worker with an engine of its own: it holds one node, or surveys one dump.
 *
 * What it is for is the first message: a port with the engine that the page has compiled, or a
 * file. It is listened for before anything is awaited: what arrives while a module script waits is
 * not kept.
 */
import init, { DumpReader, serve_node } from "#engine";

import { survey } from "./survey";

addEventListener("message", ({ data, ports: [port] }: MessageEvent<WebAssembly.Module | Blob>) => {
  if (data instanceof Blob) return void init().then(() => survey(data, new DumpReader(Date.now())));
  if (port !== undefined) void init({ module_or_path: data }).then(() => serve_node(port));
}, { once: true });
postMessage("ready");
