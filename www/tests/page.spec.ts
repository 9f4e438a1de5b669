/** The built page with its engine: what a visitor meets besides the story of full-sync.spec.ts. */
import { expect, test } from "@playwright/test";

import { frameOf, open, press } from "./lab";

test("every step back undoes exactly one step", async ({ page }) => {
  const errors = await open(page, "?lang=ko");
  const hashes = [(await frameOf(page)).hash];
  for (let steps = 0; steps < 30; steps++) hashes.push((await press(page, "step")).hash);
  expect(new Set(hashes).size).toBe(hashes.length);
  while (hashes.length > 1) {
    hashes.pop();
    expect((await press(page, "back")).hash).toBe(hashes.at(-1));
  }
  expect(errors).toEqual([]);
});

test("Korean readers meet no English sentence of the engine", async ({ page }) => {
  await open(page, "?lang=ko");
  await page.locator("[data-testid^=chapter-]").last().click();
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "steady");
  const story = (await frameOf(page)).cursor;
  const events = page.getByTestId("event");
  const texts = new Set<string>();
  // The list shows so many events before the cursor, and the first of them leads further back.
  for (let last = story - 1, first = story; first > 0; last = first) {
    await expect(events.last()).toHaveAttribute("data-index", String(last));
    const told = page.locator(".event:not(.kind-of-typed) .event-text");
    for (const text of await told.allTextContents()) texts.add(text);
    first = Number(await events.first().getAttribute("data-index"));
    await events.first().click();
  }
  expect(texts.size).toBeGreaterThan(50);
  expect([...texts].filter((text) => !/[가-힣]/.test(text))).toEqual([]);
});

test("the story plays by itself to its end, and stops there", async ({ page }) => {
  const errors = await open(page, "?lang=en");
  await page.getByTestId("play").click();
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "steady", {
    timeout: 40_000,
  });
  await expect(page.getByTestId("play")).toHaveAccessibleName("Play");
  expect(errors).toEqual([]);
});

test("the switch types at the master's prompt", async ({ page }) => {
  await open(page, "?lang=en");
  await press(page, "step");
  await page.getByTestId("diskless").click();
  await expect(page.getByTestId("diskless")).toHaveAttribute("aria-checked", "false");
  await expect(page.getByTestId("history")).toContainText("CONFIG SET repl-diskless-sync no");
});

test("Workers end with their lab", async ({ page }) => {
  const errors = await open(page, "?lang=en");
  const workers = (): number => page.workers().length;
  await expect.poll(workers).toBe(3);
  for (const sync of ["disk", "diskless", "disk"]) {
    await press(page, "step");
    await page.getByTestId(`restart-${sync}`).click();
    await expect.poll(async () => (await frameOf(page)).cursor).toBe(0);
  }
  await expect.poll(workers).toBe(3);
  await page.getByTestId("play").click();
  await page.locator("replica-lab").evaluate((lab) => lab.remove());
  await expect.poll(workers).toBe(0);
  expect(errors).toEqual([]);
});

test("a lab that is moved goes on where it was, one that comes back begins anew", async ({
  page,
}) => {
  const errors = await open(page, "?lang=en");
  await press(page, "step");
  await page.locator("replica-lab").evaluate((lab) => document.body.append(lab));
  expect((await frameOf(page)).cursor).toBe(1);
  const lab = await page.locator("replica-lab").evaluateHandle((one) => {
    one.remove();
    return one;
  });
  await expect.poll(() => page.workers().length).toBe(0);
  await lab.evaluate((one) => document.body.append(one));
  await expect.poll(() => page.workers().length).toBe(3);
  await page.getByTestId("lab").waitFor();
  expect((await frameOf(page)).cursor).toBe(0);
  expect(errors).toEqual([]);
});

test("a page whose script cannot be fetched says so, below what it is about", async ({ page }) => {
  await page.route("**/assets/page-*.js", (route) => route.abort());
  await page.goto("?lang=en");
  await expect(page.getByRole("alert")).toContainText("could not be fetched");
  await expect(page.getByRole("heading", { name: "replica-lab" })).toBeVisible();
});
