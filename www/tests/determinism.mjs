/**
 * The same build, seed and acts give the same trace: in Chromium and in Firefox, on a processor
 * that is free and on one that is six times slower.
 *
 * `node tests/determinism.mjs [runs] [chromium|firefox]`; GECKODRIVER names Firefox' driver.
 */
import { createServer } from "vite";

import { startChromium, startFirefox } from "./browsers.mjs";

const [runs = "100", only] = process.argv.slice(2);
const BROWSERS = { chromium: startChromium, firefox: startFirefox };
const SLOWER = 6;
/** So many runs are asked for at once: an answer in time for HTTP, which is patient, but not endlessly. */
const BATCH = 10;
/** How long a slowed processor takes for one turn of going and standing. */
const PERIOD_MS = 60;

const server = await createServer({ server: { port: 0, hmr: false }, logLevel: "warn" });
await server.listen();
const address = `${server.resolvedUrls.local[0]}tests/traces.html`;
const found = [];
for (const [name, start] of Object.entries(BROWSERS)) {
  if (only === undefined || only === name) found.push(...(await tracesIn(await start())));
}
await server.close();
const different = new Set(found);
if (different.size !== 1) {
  console.error(`the same acts have led to ${different.size} traces: ${[...different].join(", ")}`);
  process.exit(1);
}
console.log(`${found.length} runs have led to one trace: event ${found[0]}`);
process.exit(0);

/** What the runs in one browser have led to. */
async function tracesIn({ name, open, group, close }) {
  const evaluate = await open(address);
  const found = [];
  for (const rate of [1, SLOWER]) {
    const release = rate === 1 ? () => undefined : slowed(group, rate);
    const since = performance.now();
    for (let rest = Number(runs); rest > 0; rest -= BATCH) {
      found.push(...(await evaluate(`window.traces(${Math.min(rest, BATCH)})`)));
    }
    release();
    const seconds = ((performance.now() - since) / 1_000).toFixed(1);
    const processor = rate === 1 ? "" : ` on a processor ${rate} times slower`;
    console.log(`${name}${processor}: ${runs} runs in ${seconds} s`);
  }
  await close();
  return found;
}

/**
 * Lets a group of processes run only one in `rate` of the time, until it is released. A browser's
 * own throttling slows its page down, and not the Workers in which the servers live.
 */
function slowed(group, rate) {
  let going;
  const turn = setInterval(() => {
    process.kill(-group, "SIGSTOP");
    going = setTimeout(() => process.kill(-group, "SIGCONT"), (PERIOD_MS * (rate - 1)) / rate);
  }, PERIOD_MS);
  return () => {
    clearInterval(turn);
    clearTimeout(going);
    process.kill(-group, "SIGCONT");
  };
}
