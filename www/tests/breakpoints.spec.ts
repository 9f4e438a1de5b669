/** Runs that stop where something has come about: within one event, neither before nor after it. */
import { expect, type Page, test } from "@playwright/test";

import type { NodeView } from "../src/engine/frame";
import { frameOf, open, openScript, press } from "./lab";

/** A snapshot that takes so long that much is written meanwhile, and a small buffer for it. */
const WRITES = Array.from({ length: 40 }, (_, n) => `master> SET burst:${n} ${"x".repeat(300)}`);
const OPTIONS = [
  "--repl-diskless-sync-delay 0 --rdbcompression no",
  '--client-output-buffer-limit "replica 16kb 0 0"',
].join(" ");
const SCRIPT = `
seed 22
node master snapshot=16KiB ${OPTIONS}
node replica1
wire latency=2ms bandwidth=64KiB
master> DEBUG POPULATE 20 page 3000
replica1> REPLICAOF master 6379
run 1500ms
${WRITES.join("\nrun 5ms\n")}
`;

const lagOf = ({ offset, replicas }: NodeView): number =>
  Math.max(0, ...replicas.map(({ acked }) => offset - acked));

const fullOf = ({ bufferLimit, replicas }: NodeView): number =>
  Math.max(0, ...replicas.map(({ buffered }) => (100 * buffered) / bufferLimit.hard));

/** Runs until `condition`, and answers `measure` there and one event before. */
async function stopped(
  page: Page,
  condition: string,
  measure: (master: NodeView) => number,
): Promise<[before: number, there: number]> {
  const { cursor } = await frameOf(page);
  await page.getByTestId("until").selectOption(condition);
  await expect(page.locator(".scrubber-marks [data-mark=stop]")).toHaveCount(1);
  const there = await frameOf(page);
  expect(there.cursor).toBeGreaterThan(cursor + 1);
  // Nothing goes on behind the place where it has stopped.
  expect(there.length).toBe(there.cursor);
  const before = await press(page, "back");
  expect(before.cursor).toBe(there.cursor - 1);
  const [now, was] = [there.nodes[0], before.nodes[0]].map((node) => (node ? measure(node) : -1));
  return [was ?? -1, now ?? -1];
}

test("it stops at the event that lets a replica lag over 1,000 bytes", async ({ page }) => {
  const errors = await open(page, "?lang=en&expert");
  await openScript(page, SCRIPT);
  const [before, there] = await stopped(page, "master lag 1000", lagOf);
  expect(before).toBeLessThanOrEqual(1_000);
  expect(there).toBeGreaterThan(1_000);
  expect(errors).toEqual([]);
});

test("it stops at the event that fills a replica's buffer over 50 %", async ({ page }) => {
  const errors = await open(page, "?lang=en&expert");
  await openScript(page, SCRIPT);
  const [before, there] = await stopped(page, "master buffer 50%", fullOf);
  expect(before).toBeLessThanOrEqual(50);
  expect(there).toBeGreaterThan(50);
  expect(errors).toEqual([]);
});
