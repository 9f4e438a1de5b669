/**
 * The entry of a Worker that holds one node.
 *
 * The page posts the node's control port as soon as the Worker exists, so the message is listened
 * for before the wasm module is compiled: what arrives while a module script waits is not kept.
 */
import init, { serve_node } from "#engine";

const port = new Promise<MessagePort>((resolve) => {
  const listen = (event: MessageEvent): void => {
    const [first] = event.ports;
    if (first === undefined) return;
    removeEventListener("message", listen);
    resolve(first);
  };
  addEventListener("message", listen);
});

await init();
serve_node(await port);
