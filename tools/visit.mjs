/**
 * A first visit without a page: the opening story, with an engine that notes which of its functions
 * are called: `node tools/visit.mjs DIR NOTING CALLED`.
 *
 * DIR has the glue, NOTING is the engine as `split instrument` leaves it, CALLED becomes the list
 * that `split split` wants. A function that is missing here is not lost: it is loaded when it is
 * called. The nodes live in Workers, as they do in a page; Node's are given the page's manners.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker as Thread, workerData } from "node:worker_threads";

const STORY = new URL("../tests/scenarios/play-full-sync.txt", import.meta.url);
const LINES = ["master> SET k v", "cut master replica1", "heal master replica1"];

const noted = (exports) =>
  Object.keys(exports).filter((name) => name.startsWith("called:") && exports[name].value === 1)
    .map((name) => Number(name.slice("called:".length)));

if (isMainThread) await visit(...process.argv.slice(2));
else serve(workerData);

/** What a page's Worker does, and then what was called in it. */
function serve({ glue }) {
  let exports;
  parentPort.addEventListener("message", async ({ data, ports: [port] }) => {
    if (data === "called") return parentPort.postMessage(noted(exports));
    const engine = await import(glue);
    exports = await engine.default({ module_or_path: data });
    engine.serve_node(port);
  });
}

async function visit(dir, noting, called) {
  const glue = pathToFileURL(resolve(dir, "replica_lab.js")).href;
  const workers = pageWorkers(glue);
  const engine = await import(glue);
  const exports = await engine.default({ module_or_path: readFileSync(noting) });
  engine.command_table();
  const story = readFileSync(STORY, "utf8").split("\n----\n")[0];
  const all = new Set();
  const collect = async () => {
    for (const worker of workers) for (const one of await worker.called()) all.add(one);
    for (const one of noted(exports)) all.add(one);
  };
  const script = `${story}\n`;
  const workerUrl = "a page's Worker";
  const open = () => engine.LabHandle.open({ script, seed: 7, isolation: "workers", workerUrl });
  await look(await open(), collect);
  await play(await open(), collect);
  writeFileSync(called, `${[...all].sort((a, b) => a - b).join("\n")}\n`);
  process.exit(0);
}

/** The story to its end, step by step and back, and what it invites to do. */
async function look(lab, collect) {
  await lab.frame();
  for (let i = 0; i < 150; i++) await lab.step();
  const { cursor } = await lab.advance(3_000, 1_000);
  for (const size of ["phase", "command"]) {
    await lab.stride(size, true);
    await lab.foresee(size);
    await lab.stride(size, false);
  }
  await lab.back();
  await lab.seek(10);
  await lab.seek(cursor);
  for (const line of LINES) {
    await lab.intervene(line);
    await lab.advance(300, 200);
  }
  await collect();
  lab.close();
}

/** The story as it plays by itself, picture by picture, and so with turns ahead of their time. */
async function play(lab, collect) {
  await lab.frame();
  for (const millis of [5, 20, 80]) {
    for (let picture = 0; picture < 150; picture++) await lab.advance(millis, 1_000);
  }
  await collect();
  lab.close();
}

/** Makes `Worker` what it is in a page; answers the list of those that were begun. */
function pageWorkers(glue) {
  const begun = [];
  globalThis.Worker = class extends EventTarget {
    #thread = new Thread(new URL(import.meta.url), { workerData: { glue } });
    #ended = false;

    constructor() {
      super();
      begun.push(this);
      this.#thread.on("error", (error) => { throw error; });
    }

    postMessage(value, transfer) {
      this.#thread.postMessage(value, transfer);
    }

    terminate() {
      this.#ended = true;
      void this.#thread.terminate();
    }

    called() {
      if (this.#ended) return [];
      return new Promise((done) => {
        this.#thread.once("message", done);
        this.#thread.postMessage("called");
      });
    }
  };
  return begun;
}
