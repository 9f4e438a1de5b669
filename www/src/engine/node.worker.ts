/**
 * The entry of a Worker that holds one node.
 *
 * The page posts the node's control port as soon as the Worker exists, and the engine that it has
 * compiled with it, so the message is listened for before anything is awaited: what arrives while
 * a module script waits is not kept.
 */
import init, { serve_node } from "#engine";

addEventListener("message", ({ data, ports }: MessageEvent<WebAssembly.Module>) => {
  const [port] = ports;
  if (port !== undefined) void init({ module_or_path: data }).then(() => serve_node(port));
}, { once: true });
