/** The line of history: what lies on it, what was left, and what was elsewhere on it. */
import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

const mark = (page: Page, kind: string) => page.locator(`.scrubber-marks [data-mark=${kind}]`);

/** The middle of a place on the line, in pixels of the page. */
async function placeOf(page: Page, part: number): Promise<{ x: number; y: number }> {
  const box = await page.getByTestId("scrubber").boundingBox();
  if (box === null) throw new Error("there is no line of history");
  return { x: box.x + 8 + part * (box.width - 16), y: box.y + box.height / 2 };
}

test("the pointer looks at another moment, and nothing has moved", async ({ page }) => {
  const errors = await open(page, "?lang=en");
  const seen = [await frameOf(page)];
  while (seen.length <= 40) seen.push(await press(page, "step"));
  const here = await frameOf(page);
  const { x, y } = await placeOf(page, 20 / here.length);
  await page.mouse.move(x, y);
  const preview = page.getByTestId("preview");
  await expect(preview).toContainText(`Event 20 of ${here.length}`);
  await expect(preview).toContainText(`master ${seen[20]?.nodes[0]?.offset.toLocaleString("en")}`);
  expect((await frameOf(page)).hash).toBe(here.hash);
  await page.mouse.move(x, y - 200);
  await expect(preview).toHaveCount(0);
  expect((await press(page, "back")).hash).toBe(seen[here.cursor - 1]?.hash);
  expect(errors).toEqual([]);
});

test("it measures events, or virtual time", async ({ page }) => {
  await open(page, "?lang=en");
  const { elapsed } = await stepTo(page, "snapshot");
  const { cursor, hash } = await frameOf(page);
  const line = page.getByTestId("scrubber");
  await expect(line).toHaveValue(String(cursor));
  await page.getByTestId("scale").click();
  await expect.poll(async () => Number(await line.inputValue())).toBeCloseTo(elapsed, 3);
  const { x, y } = await placeOf(page, 0.5);
  await page.mouse.click(x, y);
  await expect.poll(async () => (await frameOf(page)).cursor).toBeLessThan(cursor);
  const half = await frameOf(page);
  expect(half.elapsed).toBeLessThanOrEqual(elapsed * 0.51);
  await press(page, "step");
  expect((await frameOf(page)).elapsed).toBeGreaterThan(elapsed * 0.49);
  await press(page, "end");
  expect((await frameOf(page)).hash).toBe(hash);
});

test("chapters, faults, stops and the steps of a lesson are marked on it", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await stepTo(page, "snapshot");
  expect(await mark(page, "chapter").count()).toBeGreaterThan(2);
  await expect(mark(page, "fault")).toHaveCount(0);
  await page.getByTestId("until").selectOption("synced");
  await expect(mark(page, "stop")).toHaveCount(1);
  const { cursor } = await frameOf(page);
  await page.keyboard.press("Escape");
  await page.locator("replica-lab").evaluate((lab: HTMLElement) => lab.focus());
  await page.keyboard.press("x");
  await expect(mark(page, "fault")).toHaveCount(1);
  expect((await frameOf(page)).faults[0]).toBe(cursor);
  // Back before it and another way: the fault lies on the branch that was left.
  await press(page, "back");
  await type(page, "SET another way");
  await expect(mark(page, "fault")).toHaveCount(0);
  await expect(page.getByTestId("lane")).toHaveCount(2);
  await page.getByTestId("lane").first().click();
  await expect(mark(page, "fault")).toHaveCount(1);
  await open(page, "?lang=en&lesson=handshake");
  await expect(mark(page, "lesson")).not.toHaveCount(0);
});

test("real time is a second for a second, with all the waiting", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("as-recorded").click();
  await expect(page.getByTestId("as-recorded")).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator(".speed-value")).toHaveText("1×");
  await expect(page.getByTestId("skip-idle")).toHaveAttribute("aria-pressed", "false");
});
