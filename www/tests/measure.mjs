/**
 * How fast the lab is in a real browser; `make measure` prints it, and asserts nothing.
 *
 * * A jump to any event of a long history, in Workers and in the page.
 * * A press on the page that was just opened until it is answered, and a place on the line of
 *   history until it is painted, both on a processor four times slower.
 * * The five seconds of `repl-diskless-sync-delay`, in steps that leave out what is idle.
 * * Pictures a second while eight nodes have a hundred frames in flight.
 * * A full synchronisation of a million keys between two nodes in Workers, beside two
 *   redis-servers over loopback on the same machine, by turns.
 *
 * `node tests/measure.mjs [events] [keys] [rounds]`
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";

import { chromium } from "@playwright/test";
import { createServer, preview } from "vite";

import { freePort } from "./browsers.mjs";

const [events = 100_000, keys = 1_000_000, rounds = 3] = process.argv.slice(2).map(Number);

/** The line of history is measured by so many events, of so many seeds. */
const [SCRUBBED, SEEDS] = [10_000, 5];

const server = await createServer({ server: { port: 0 }, logLevel: "warn" });
await server.listen();
const address = server.resolvedUrls.local[0];
// Pictures are counted in the page as visitors get it.
const built = await preview({ preview: { port: 0 }, logLevel: "warn" });
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  const page = await browser.newPage();
  await page.route(`${address}empty`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>empty</title>" }));
  await page.goto(`${address}empty`);
  for (const isolation of ["workers", "page"]) {
    const { length, took, mebibytes } = await page.evaluate(jumps, { isolation, events });
    took.sort((a, b) => a - b);
    const at = (part) => took[Math.min(took.length - 1, Math.floor(took.length * part))].toFixed(1);
    console.log(`a jump within ${length} events, nodes in ${isolation === "page" ? "the page" : "Workers"}: ` +
      `median ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms; ` +
      `${mebibytes.toFixed(0)} MiB of WebAssembly memory in the page`);
  }
  const { waited, events: idle } = await page.evaluate(delays, { count: 40 });
  waited.sort((a, b) => a - b);
  console.log(`the 5 s of repl-diskless-sync-delay, ${idle} events: ` +
    `median ${waited[20].toFixed(1)} ms, worst of ${waited.length} ${waited.at(-1).toFixed(1)} ms`);
  const answered = await firstAnswers();
  answered.sort((a, b) => a - b);
  console.log(`the first press is answered, on a processor four times slower, once the page is cached: ` +
    `median ${answered[answered.length >> 1].toFixed(0)} ms after the address was entered, ` +
    `worst of ${answered.length} ${answered.at(-1).toFixed(0)} ms`);
  const painted = await scrubs();
  painted.sort((a, b) => a - b);
  const share = (part) => painted[Math.floor(painted.length * part)].toFixed(0);
  console.log(`a place among ${SCRUBBED} events is painted, on a processor four times slower: ` +
    `median ${share(0.5)} ms, p95 ${share(0.95)} ms, of ${painted.length} in ${SEEDS} histories`);
  const drawn = await play(await browser.newPage({ viewport: { width: 1440, height: 900 } }));
  console.log(`eight nodes, ${drawn.fewest} to ${drawn.most} frames in flight: ${drawn.rate.toFixed(1)} pictures a second, ` +
    `${drawn.late} of ${drawn.count} later than 20 ms`);
  const times = { page: [], server: [] };
  for (let round = 0; round < rounds; round++) {
    const { seconds, count } = await page.evaluate(synchronise, { keys });
    times.page.push(seconds);
    times.server.push(await synchroniseServers(keys));
    console.log(`${count} keys: ${seconds.toFixed(2)} s in the page, ` +
      `${times.server.at(-1).toFixed(2)} s between redis-servers`);
  }
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  console.log(`full synchronisation, ratio of the medians: ` +
    (median(times.page) / median(times.server)).toFixed(2));
} finally {
  await browser.close();
  await built.close();
  await server.close();
}

/** In the page: the milliseconds in which the delay before a diskless snapshot passes. */
async function delays({ count }) {
  const { openWasm } = await import("/src/engine/wasm.ts");
  // As slow as in the opening story: then no part of the engine is fetched meanwhile.
  const script = `
node master snapshot=32KiB window=32KiB
node replica load=96KiB
wire latency=2ms bandwidth=256KiB
master> SET k v
replica> REPLICAOF master 6379
`;
  const waited = [];
  let events = 0;
  for (let seed = 1; seed <= count; seed++) {
    const lab = await openWasm({ script, seed, isolation: "workers" });
    let frame = await lab.frame();
    while (frame.nodes[0].replicas[0]?.state !== "wait_bgsave_start") frame = await lab.step();
    const since = performance.now();
    const there = await lab.stride("phase", false);
    waited.push(performance.now() - since);
    if (there.elapsed < 5_000) throw new Error("it was not the delay");
    events = there.cursor - frame.cursor;
    lab.close();
  }
  return { waited, events };
}

/** The milliseconds from an address that is entered to the answer to the first press. */
async function firstAnswers() {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => localStorage.setItem("replica-lab.opening", "seen"));
  const address = `${built.resolvedUrls.local[0]}?lang=en`;
  await page.goto(address);
  await page.getByTestId("lab").waitFor();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const took = [];
  while (took.length < 9) {
    await page.goto("about:blank");
    await page.goto(address);
    took.push(await page.evaluate(firstAnswer));
  }
  await page.close();
  return took;
}

/** In the page: presses "step" as soon as it is there; the time at which its frame is shown. */
async function firstAnswer() {
  const lab = document.querySelector("replica-lab");
  const soon = () => new Promise((done) => setTimeout(done, 5));
  const step = () => lab?.shadowRoot?.querySelector("[data-testid=step]") ?? null;
  while (step() === null) await soon();
  step().click();
  while ((lab.frame?.cursor ?? 0) === 0) await soon();
  return performance.now();
}

/** The milliseconds until a place on the line was painted, in histories of several seeds. */
async function scrubs() {
  const took = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript(() => localStorage.setItem("replica-lab.opening", "seen"));
    const link = deflateRawSync(Buffer.from(`1 ${SCRUBBED} ${seed} 0 0\n\n\n\nfull-sync`));
    await page.goto(`${built.resolvedUrls.local[0]}?lang=en#s=${link.toString("base64url")}`);
    const there = (end) => document.querySelector("replica-lab")?.frame?.cursor === end;
    await page.waitForFunction(there, SCRUBBED, { timeout: 120_000 });
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    took.push(...(await page.evaluate(scrub, { length: SCRUBBED, seed, count: 40 })));
    await page.close();
  }
  return took;
}

/** In the page: goes to places on the line of history, as who drags along it. */
async function scrub({ length, seed, count }) {
  const lab = document.querySelector("replica-lab");
  const line = lab.shadowRoot.querySelector("[data-testid=scrubber]");
  // A message that is sent before a picture is painted arrives when it has been.
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(null);
  }));
  const took = [];
  for (let place = seed; took.length < count; ) {
    place = (place * 48_271) % 2_147_483_647;
    await painted();
    const there = place % length;
    // It is watched, not asked for again and again: that would take of the time that is measured.
    const drawn = new Promise((done) => {
      const watch = new MutationObserver(() => {
        if (lab.frame.cursor !== there) return;
        watch.disconnect();
        done();
      });
      watch.observe(lab.shadowRoot, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    const since = performance.now();
    line.value = String(there);
    line.dispatchEvent(new Event("input", { bubbles: true }));
    await drawn;
    await painted();
    took.push(performance.now() - since);
  }
  return took;
}

/** The pictures of a master that writes 40 times a second to seven replicas far away. */
async function play(page) {
  await page.addInitScript(() => localStorage.setItem("replica-lab.opening", "seen"));
  await page.goto(`${built.resolvedUrls.local[0]}?lang=en`);
  await page.getByTestId("lab").waitFor();
  const replicas = [1, 2, 3, 4, 5, 6, 7].map((n) => `replica${n}`);
  const writes = Array.from({ length: 400 }, (_, n) => `master> SET key:${n} ${n}\nrun 25ms`);
  const script = [
    "node master --repl-diskless-sync-delay 0",
    ...replicas.map((name) => `node ${name}`),
    "wire latency=400ms bandwidth=1MiB",
    ...replicas.map((name) => `${name}> REPLICAOF master 6379`),
    "run 10s",
    ...writes,
  ].join("\n");
  return page.evaluate(async ({ script, count }) => {
    const lab = document.querySelector("replica-lab");
    const find = (id) => lab.shadowRoot.querySelector(`[data-testid=${id}]`);
    const picture = () => new Promise((done) => requestAnimationFrame(done));
    lab.script = script;
    while (lab.frame.nodes.length !== 8) await picture();
    find("as-recorded").click();
    find("skip-idle").click();
    find("speed").value = "0";
    find("speed").dispatchEvent(new Event("input", { bubbles: true }));
    const gaps = [];
    let [last, fewest, most] = [null, Infinity, 0];
    while (gaps.length < count) {
      // It stands still for every act of the story.
      if (find("play").getAttribute("aria-label") === "Play") find("play").click();
      const now = await picture();
      const flying = lab.frame.wires.reduce((sum, wire) => sum + wire.frames.length + wire.hidden, 0);
      if (flying >= 100 && last !== null) {
        gaps.push(now - last);
        [fewest, most] = [Math.min(fewest, flying), Math.max(most, flying)];
      }
      last = flying >= 100 ? now : null;
    }
    const late = gaps.filter((gap) => gap > 20).length;
    return { rate: (1_000 * count) / gaps.reduce((sum, gap) => sum + gap), late, count, fewest, most };
  }, { script, count: 600 });
}

/** In the page: a long history, and the milliseconds of jumps to and fro in it. */
async function jumps({ isolation, events }) {
  const { openWasm } = await import("/src/engine/wasm.ts");
  const script = `
node a
node b --replicaof "a 6379"
node c --replicaof "b 6379"
wire latency=1ms
`;
  const lab = await openWasm({ script, seed: 1, isolation });
  let frame = await lab.advance(2_000, 1_000);
  for (let n = 0; frame.cursor < events; n++) {
    if (n % 50 === 0) frame = await lab.intervene(`a> SET key:${n % 1_000} ${n}`);
    frame = await lab.advance(1_000, 1_000);
  }
  const length = frame.cursor;
  const took = [];
  let place = 1;
  for (let n = 0; n < 60; n++) {
    place = (place * 48_271) % 2_147_483_647;
    const since = performance.now();
    frame = await lab.seek(place % length);
    took.push(performance.now() - since);
    if (frame.cursor !== place % length) throw new Error("it went elsewhere");
  }
  const { memory } = await (await import("/engine/replica_lab.js")).default();
  lab.close();
  return { length, took, mebibytes: memory.buffer.byteLength / 2 ** 20 };
}

/** In the page: the seconds from REPLICAOF to the end of the synchronisation. */
async function synchronise({ keys }) {
  const { openWasm } = await import("/src/engine/wasm.ts");
  const script = `
node master window=1MiB --repl-diskless-sync-delay 0
node replica
wire latency=100us
master> DEBUG POPULATE ${keys} key 32
`;
  const lab = await openWasm({ script, seed: 1, isolation: "workers" });
  await lab.advance(100, 1_000);
  const since = performance.now();
  let frame = await lab.intervene("replica> REPLICAOF master 6379");
  while (frame.nodes[1].upstream?.up !== true) frame = await lab.advance(1_000, 100);
  const seconds = (performance.now() - since) / 1_000;
  const count = frame.nodes[1].keys.total;
  lab.close();
  return { seconds, count };
}

/** The same between two redis-servers. */
async function synchroniseServers(keys) {
  const folder = await mkdtemp(join(tmpdir(), "measure-"));
  const [master, replica] = [await start(folder), await start(folder)];
  try {
    await master.ask(`DEBUG POPULATE ${keys} key 32`);
    const since = performance.now();
    await replica.ask(`REPLICAOF 127.0.0.1 ${master.port}`);
    while (!(await replica.ask("INFO replication")).includes("master_link_status:up")) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return (performance.now() - since) / 1_000;
  } finally {
    await Promise.all([master.end(), replica.end()]);
    await rm(folder, { recursive: true });
  }
}

/** A redis-server on a free port, and how to ask it. */
async function start(dir) {
  const port = await freePort();
  const options = { port, dir, save: "", "repl-diskless-sync-delay": 0, "enable-debug-command": "yes" };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn("redis-server", args, { stdio: "ignore" });
  const socket = await connected(port);
  const ask = (line) => new Promise((resolve) => {
    let text = "";
    const hear = (bytes) => {
      text += bytes;
      const [, length] = /^\$(\d+)\r\n/.exec(text) ?? [];
      const whole = length === undefined ? /^[+:-].*\r\n$/.test(text) : text.length > Number(length) + 4;
      if (!whole) return;
      socket.off("data", hear);
      resolve(text);
    };
    socket.on("data", hear);
    socket.write(`${line}\r\n`);
  });
  const end = () => new Promise((resolve) => {
    socket.destroy();
    child.on("exit", resolve);
    child.kill();
  });
  return { port, ask, end };
}

async function connected(port) {
  for (let tries = 0; tries < 500; tries++) {
    const socket = connect(port, "127.0.0.1");
    const opened = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (opened) return socket;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("redis-server does not start");
}
