/** Where servers hold much, the engine that is built to be swift takes over, and nobody notices. */
import { expect, type Page, test } from "@playwright/test";

import { answerTo, frameOf, open, press } from "./lab";

/** How often the engine for large data is fetched from now on. */
function swiftAsked(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => {
    if (/swift_bg[^/]*\.wasm$/.test(request.url())) asked.push(request.url());
  });
  return asked;
}

test("a large dataset has swift Workers, and the same history", async ({ page }) => {
  test.setTimeout(120_000);
  const asked = swiftAsked(page);
  const errors = await open(page, "?lang=en");
  await press(page, "step");
  const early = await frameOf(page);
  expect(await answerTo(page, "DEBUG POPULATE 10000 few")).toContain("OK");
  expect(asked).toEqual([]);
  expect(await answerTo(page, "DEBUG POPULATE 30000 many")).toContain("OK");
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  const many = await frameOf(page);
  expect(many.nodes[0]?.keys.total).toBeGreaterThanOrEqual(40_000);
  // One Worker for each server: the small ones have ended.
  await expect.poll(() => page.workers().length).toBe(many.nodes.length);

  // Back to before, and to the same again.
  await press(page, "start");
  await press(page, "step");
  expect((await frameOf(page)).hash).toBe(early.hash);
  await press(page, "end");
  const again = await frameOf(page);
  expect({ cursor: again.cursor, hash: again.hash }).toEqual({ cursor: many.cursor, hash: many.hash });
  expect(errors).toEqual([]);
});

test("where the swift engine cannot be had, the small one goes on", async ({ page }) => {
  test.setTimeout(120_000);
  await page.route(/swift_bg/, (route) => route.abort());
  await open(page, "?lang=en");
  expect(await answerTo(page, "DEBUG POPULATE 30000 many")).toContain("OK");
  const { nodes } = await frameOf(page);
  expect(nodes[0]?.keys.total).toBeGreaterThanOrEqual(30_000);
  expect(await answerTo(page, "SET k v")).toContain("OK");
  await expect.poll(() => page.workers().length).toBe(nodes.length);
});
