/** The built page with its engine: a full synchronisation, forward and back. */
import { expect, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

test("a visitor follows a write through a full sync, and back", async ({ page }) => {
  const errors = await open(page, "/?lang=en");
  const first = await frameOf(page);
  expect(first.cursor).toBe(0);

  await stepTo(page, "snapshot");
  await page.getByTestId("choose").and(page.locator("[data-node=master]")).click();
  await type(page, "SET typed-during-the-snapshot 안녕");
  await expect(page.getByTestId("history")).toContainText("OK");

  const buffered = page.getByTestId("buffered").and(page.locator("[data-node=replica1]"));
  await expect(buffered).not.toHaveAttribute("data-bytes", "0");
  const mark = (name: string) =>
    page.locator(`[data-testid=key][data-node=${name}][data-key=typed-during-the-snapshot]`);
  await expect(mark("replica1")).toHaveAttribute("data-mark", "missing");
  expect((await frameOf(page)).nodes[0]?.keys.pages.some((one) => one.copied)).toBe(true);

  const settled = await stepTo(page, "steady");
  const [master, ...replicas] = settled.nodes;
  for (const replica of replicas) {
    expect(replica.offset).toBe(master?.offset);
    expect(replica.replid).toBe(master?.replid);
    await expect(mark(replica.name)).toHaveAttribute("data-mark", "equal");
  }
  await expect(buffered).toHaveAttribute("data-bytes", "0");

  const begun = await press(page, "start");
  expect(begun.hash).toBe(first.hash);
  const again = await press(page, "end");
  expect(again.hash).toBe(settled.hash);
  expect(errors).toEqual([]);
});

test("every step back undoes exactly one step", async ({ page }) => {
  const errors = await open(page, "/?lang=ko");
  const hashes = [(await frameOf(page)).hash];
  for (let steps = 0; steps < 30; steps++) hashes.push((await press(page, "step")).hash);
  expect(new Set(hashes).size).toBe(hashes.length);
  while (hashes.length > 1) {
    hashes.pop();
    expect((await press(page, "back")).hash).toBe(hashes.at(-1));
  }
  expect(errors).toEqual([]);
});

test("the button names the event that comes", async ({ page }) => {
  await open(page, "/?lang=en");
  for (let steps = 0; steps < 20; steps++) {
    const next = (await frameOf(page)).next?.text;
    const after = await press(page, "step");
    expect(after.events.at(-1)?.text).toBe(next);
  }
});

test("Korean readers meet no English sentence of the engine", async ({ page }) => {
  await open(page, "/?lang=ko");
  await page.getByTestId("chapter-steady").click();
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "steady");
  const texts = await page.locator(".event:not(.kind-of-typed) .event-text").allTextContents();
  expect(texts.length).toBeGreaterThan(50);
  expect(texts.filter((text) => !/[가-힣]/.test(text))).toEqual([]);
});

test("the story plays by itself to its end, and stops there", async ({ page }) => {
  const errors = await open(page, "/?lang=en");
  await page.getByTestId("play").click();
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "steady", {
    timeout: 40_000,
  });
  await expect(page.getByTestId("play")).toHaveAccessibleName("Play");
  expect(errors).toEqual([]);
});

test("with a disk, the snapshot begins at once and is counted", async ({ page }) => {
  const errors = await open(page, "/?lang=en");
  await page.getByTestId("restart-disk").click();
  await expect(page.getByTestId("diskless")).toHaveAttribute("aria-checked", "false");
  await stepTo(page, "transfer");
  await expect(page.getByTestId("rdb").first()).toHaveAccessibleName(/of .* received/);
  const log = (await frameOf(page)).nodes[0]?.log.map((line) => line.text).join("\n");
  expect(log).toContain("Starting BGSAVE for SYNC with target: disk");
  expect(errors).toEqual([]);
});

test("the switch types at the master's prompt", async ({ page }) => {
  await open(page, "/?lang=en");
  await press(page, "step");
  await page.getByTestId("diskless").click();
  await expect(page.getByTestId("diskless")).toHaveAttribute("aria-checked", "false");
  await expect(page.getByTestId("history")).toContainText("CONFIG SET repl-diskless-sync no");
});

test("a cut wire is cut, and a partial resync heals it", async ({ page }) => {
  const errors = await open(page, "/?lang=en");
  await page.getByTestId("chapter-steady").click();
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "steady");
  await page.getByTestId("cut").first().click();
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "cut");
  await expect(page.getByTestId("wire").first()).toHaveAttribute("data-kind", "cut");
  await type(page, "SET while-cut yes");
  await page.getByTestId("heal").first().click();
  await stepTo(page, "steady");
  const frame = await frameOf(page);
  const lines = frame.nodes[0]?.log.map((line) => line.text).join("\n");
  expect(lines).toContain("Partial resynchronization request from");
  expect(errors).toEqual([]);
});
