/** What can be taken home, as the files that the page gives. */
import { readFileSync } from "node:fs";

import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, stepTo, type } from "./lab";

/** Downloads an export. */
async function taken(page: Page, format: string): Promise<Buffer> {
  await page.getByTestId("exports").click();
  await expect(page.getByTestId("exports-dialog")).toBeVisible();
  const download = page.waitForEvent("download");
  await page.getByTestId(`export-${format}`).click();
  const file = await download;
  await expect(page.getByTestId("exports-dialog")).toBeHidden();
  return readFileSync(await file.path());
}

test("the space-time diagram has an arrow for each message of the trace, and no other", async ({
  page,
}) => {
  const errors = await open(page, "?lang=en");
  await stepTo(page, "load");
  const { events, wires, nodes, cursor } = await frameOf(page);
  expect(cursor).toBeLessThanOrEqual(events.length);
  const name = (id: number): string => nodes[id]?.name ?? "";
  const received = events.flatMap(({ node, what }) =>
    what.is === "receive" ? [`${name(what.from)} → ${name(node)}: ${what.label}`] : [],
  );
  const flying = wires
    .flatMap((wire) => wire.frames)
    .map(({ from, to, label }) => `${name(from)} → ${name(to)}: ${label}`);
  const svg = await taken(page, "svg");
  // The diagram itself offers the same drawing.
  await page.getByTestId("expert").click();
  const again = page.waitForEvent("download");
  await page.getByTestId("save-svg").click();
  expect(readFileSync(await (await again).path())).toEqual(svg);
  const drawn = await page.evaluate((text) => {
    const document = new DOMParser().parseFromString(text, "image/svg+xml");
    const titles = [...document.querySelectorAll("line > title")];
    return titles.map((title) => (title.textContent ?? "").replace(/^[\d.]+ s: /, ""));
  }, svg.toString());
  expect(drawn.length).toBeGreaterThan(20);
  expect([...drawn].sort()).toEqual([...received, ...flying].sort());
  expect(errors).toEqual([]);
});

test("events, capture, ShiViz log and script tell of the same history", async ({ page }) => {
  const errors = await open(page, "?lang=ko");
  await stepTo(page, "snapshot");
  const before = (await frameOf(page)).cursor;
  await type(page, "SET taken home");
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(before);
  const { cursor, events } = await frameOf(page);
  const lines = (await taken(page, "ndjson")).toString().trim().split("\n");
  const told = lines.map((line) => JSON.parse(line) as { event: number; text: string });
  expect(told.map(({ event }) => event)).toEqual([...Array(cursor).keys()]);
  expect(told.at(-1)?.text).toBe("master> SET taken home");
  expect((await taken(page, "pcapng")).readUInt32LE(0)).toBe(0x0a0d0d0a);
  const shiviz = (await taken(page, "shiviz")).toString();
  expect(shiviz.split("\n").filter((line) => /^\S+ \{.*\}$/.test(line)).length).toBe(events.length);
  expect((await taken(page, "script")).toString()).toContain("master> SET taken home");
  expect(errors).toEqual([]);
});
