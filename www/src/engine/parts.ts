/**
 * The parts of the engine that no visit needs at first: what nobody has called yet, and scripting.
 *
 * The engine asks for a part in the middle of a call, and a call of WebAssembly cannot wait: so it
 * is fetched synchronously, which only the first call of a part ever sees. Whoever knows that a
 * part will be needed has it prepared, and the call finds it.
 */
import unvisited from "../../engine/part0.wasm?url";
import scripting from "../../engine/part1.wasm?url";

const addresses = [unvisited, scripting];
const prepared: (Promise<void> | undefined)[] = [];
const modules: (WebAssembly.Module | undefined)[] = [];
/** How many the engine has. */
let loaded = 0;

/**
 * Called by the engine: gives `first` the functions of a part, and of those before it, to whose
 * constants it may refer.
 */
export function loadPart(first: WebAssembly.Exports, part: number): void {
  for (; loaded <= part; loaded++) {
    modules[loaded] ??= new WebAssembly.Module(fetchNow(addresses[loaded] ?? ""));
    new WebAssembly.Instance(modules[loaded]!, { first });
  }
}

/** Fetches what most people who do more than look will call; without it, it is fetched when called. */
export function prepareParts(): void {
  prepared[0] ??= WebAssembly.compileStreaming(fetch(addressOf(unvisited)))
    .then((module) => void (modules[0] ??= module))
    .catch(() => undefined);
}

const addressOf = (address: string): string => new URL(address, import.meta.url).href;

/** The bytes at an address, as the answer to a call that does not return before. */
function fetchNow(address: string): BufferSource {
  const request = new XMLHttpRequest();
  request.open("GET", addressOf(address), false);
  // A page may not ask for anything but text here; this text has one character per byte.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  try {
    request.send();
    if (request.status !== 200) throw new Error(`${request.status}`);
  } catch (cause) {
    throw new Error("a part of the engine could not be fetched", { cause });
  }
  return Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 0xff);
}
