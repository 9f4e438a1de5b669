/** Links: a moment of a lab, opened by somebody else. */
import { type Browser, expect, type Page, test } from "@playwright/test";

import { frameOf, live, open, replyOf, stepTo, type } from "./lab";

/** The link that the page offers. */
async function linkOf(page: Page): Promise<string> {
  await page.getByTestId("exports").click();
  await expect(page.getByTestId("link")).not.toHaveValue("");
  const address = await page.getByTestId("link").inputValue();
  await page.keyboard.press("Escape");
  return address;
}

/** The same address, by somebody who has never been here. */
async function visitor(browser: Browser, address: string): Promise<Page> {
  const page = await (await browser.newContext({ locale: "en-US" })).newPage();
  await page.goto(address);
  await page.getByTestId("lab").waitFor();
  return page;
}

test("a link leads somebody else to the same moment, branch and view", async ({ page, browser }) => {
  const errors = await open(page, "?lang=en&scenario=short-cut&expert");
  await stepTo(page, "snapshot");
  await type(page, "SET link 1");
  await page.getByTestId("step").click();
  await expect.poll(async () => (await frameOf(page)).branches.length).toBeGreaterThan(0);
  await page.getByTestId("back").click();
  await type(page, "SET other 2");
  await expect.poll(async () => (await frameOf(page)).nodes[0]?.prompt.at(-1)?.command).toBe("SET other 2");
  const here = await frameOf(page);
  const address = await linkOf(page);
  expect(address.length).toBeLessThan(1_000);
  expect(new URL(address).search).toBe("");
  const other = await visitor(browser, address);
  await expect.poll(async () => (await frameOf(other)).hash).toBe(here.hash);
  const there = await frameOf(other);
  expect([there.cursor, there.at]).toEqual([here.cursor, here.at]);
  expect(there.nodes.map((node) => node.offset)).toEqual(here.nodes.map((node) => node.offset));
  await expect(other.getByTestId("expert")).toHaveAttribute("aria-pressed", "true");
  // Who has followed a link can go on, and hand it on.
  expect(await linkOf(other)).toBe(address);
  await other.getByTestId("start").click();
  await expect.poll(async () => (await frameOf(other)).cursor).toBe(0);
  await other.context().close();
  expect(errors).toEqual([]);
});

test("a link remembers how the snapshot was handed over", async ({ page, browser }) => {
  await open(page, "?lang=en&scenario=short-cut");
  await page.getByTestId("restart-disk").click();
  await stepTo(page, "snapshot");
  const here = await frameOf(page);
  const other = await visitor(browser, await linkOf(page));
  await expect.poll(async () => (await frameOf(other)).hash).toBe(here.hash);
  await other.context().close();
});

test("a lesson is parked in a link, and gone on with where it was left", async ({ page, browser }) => {
  const errors = await open(page, "?lang=en&lesson=short-cut");
  const lesson = page.getByTestId("lesson");
  await expect(lesson).toHaveAttribute("data-phase", "waiting");
  await page.getByTestId("lesson-skip").click();
  for (const step of ["cut", "missed"]) {
    await expect(lesson).toHaveAttribute("data-phase", "done");
    await page.getByTestId("lesson-next").click();
    await expect(lesson).toHaveAttribute("data-step", step);
  }
  await page.getByTestId("choice-0").click();
  await expect(lesson).toHaveAttribute("data-phase", "done");
  const step = await lesson.getAttribute("data-step");
  const here = await frameOf(page);
  const other = await visitor(browser, await linkOf(page));
  const parked = other.getByTestId("lesson");
  await expect(parked).toHaveAttribute("data-step", step ?? "");
  await expect(parked).toHaveAttribute("data-phase", "done");
  await expect(other.getByTestId("choice-0")).toHaveAttribute("aria-pressed", "true");
  expect((await frameOf(other)).hash).toBe(here.hash);
  // Back to where the step before had ended, and on to the end.
  await other.getByTestId("lesson-back").click();
  await expect.poll(async () => (await frameOf(other)).cursor).toBeLessThan(here.cursor);
  await other.getByTestId("lesson-next").click();
  await expect(parked).toHaveAttribute("data-phase", "done");
  await other.getByTestId("lesson-next").click();
  await expect(parked).not.toHaveAttribute("data-step", step ?? "");
  await other.context().close();
  expect(errors).toEqual([]);
});

test("a lesson's world is shared as a text", async ({ page, browser }) => {
  await open(page, "?lang=ko&lesson=wait");
  await page.getByTestId("step").click();
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(0);
  const here = await frameOf(page);
  const other = await visitor(browser, await linkOf(page));
  await expect.poll(async () => (await frameOf(other)).hash).toBe(here.hash);
  await other.context().close();
});

test("a link that was cut off says so, and the page opens as for everybody", async ({ page, browser }) => {
  await open(page, "?lang=en");
  const address = await linkOf(page);
  const other = await visitor(browser, address.slice(0, -20));
  await expect(other.getByRole("alert")).toContainText("this link is damaged");
  await expect.poll(async () => (await frameOf(other)).nodes.length).toBe(3);
  await other.context().close();
});

test("a link that is pasted into the open page is followed", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "snapshot");
  const here = await frameOf(page);
  const hash = new URL(await linkOf(page)).hash;
  await page.getByTestId("start").click();
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(0);
  await page.evaluate((link) => (location.hash = link), hash);
  await expect.poll(async () => (await frameOf(page)).hash).toBe(here.hash);
});

test("the link is copied by a press", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "?lang=ko");
  await page.getByTestId("exports").click();
  await page.getByTestId("copy-link").click();
  await expect(page.getByTestId("link-said")).toContainText("복사했습니다");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(await page.getByTestId("link").inputValue());
});

test("a night of faults is shared, comes to the same, and leaves the same data everywhere", async ({
  page,
  browser,
}) => {
  await open(page, "?lang=en&scenario=chaos");
  while ((await frameOf(page)).elapsed < NIGHT_MS) {
    await live(page, (await frameOf(page)).cursor + 100);
  }
  const here = await frameOf(page);
  // Two numbers for each fault: the event that it was, and when.
  expect(here.faults.length / 2).toBeGreaterThanOrEqual(10);
  const other = await visitor(browser, await linkOf(page));
  await expect.poll(async () => (await frameOf(other)).hash).toBe(here.hash);
  const there = await frameOf(other);
  expect([there.cursor, there.faults]).toEqual([here.cursor, here.faults]);
  const digests: string[] = [];
  for (const { name } of there.nodes) digests.push(await replyOf(other, name, "DEBUG DIGEST"));
  expect(digests[0]).toMatch(/^(?!0{40})[0-9a-f]{40}$/);
  expect(digests).toEqual(here.nodes.map(() => digests[0]));
  await other.context().close();
});

/** By then everything is mended, and has had the time to come right. */
const NIGHT_MS = 19_000;
