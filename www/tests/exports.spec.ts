/** What can be taken home, as the files that the page gives. */
import { readFileSync } from "node:fs";

import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

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
  const [head = "", ...lines] = (await taken(page, "ndjson")).toString().trim().split("\n");
  expect(JSON.parse(head)).toMatchObject({ replicaLab: 1, events: cursor, hash: (await frameOf(page)).hash });
  const told = lines.map((line) => JSON.parse(line) as { event: number; text: string });
  expect(told.map(({ event }) => event)).toEqual([...Array(cursor).keys()]);
  expect(told.at(-1)?.text).toBe("master> SET taken home");
  expect((await taken(page, "pcapng")).readUInt32LE(0)).toBe(0x0a0d0d0a);
  const shiviz = (await taken(page, "shiviz")).toString();
  expect(shiviz.split("\n").filter((line) => /^\S+ \{.*\}$/.test(line)).length).toBe(events.length);
  expect((await taken(page, "script")).toString()).toContain("master> SET taken home");
  expect(errors).toEqual([]);
});

/** Gives the page a file, as if chosen. */
async function give(page: Page, name: string, text: string): Promise<void> {
  if (!(await page.getByTestId("exports-dialog").isVisible())) await page.getByTestId("exports").click();
  await page.getByTestId("trace-file").setInputFiles({ name, mimeType: "", buffer: Buffer.from(text) });
}

test("a file of events is opened again, and comes to the same hash", async ({ page, browser }) => {
  await open(page, "?lang=en&scenario=short-cut");
  await stepTo(page, "steady");
  await type(page, "SET taken home");
  await page.getByTestId("step").click();
  await page.getByTestId("faults").first().press("Enter");
  await page.locator("[data-testid=fault][data-line^=cut]").click();
  await expect.poll(async () => (await frameOf(page)).cuts.length).toBe(1);
  for (let steps = 0; steps < 5; steps++) await press(page, "step");
  const here = await frameOf(page);
  const file = (await taken(page, "ndjson")).toString();

  const other = await (await browser.newContext({ locale: "ko-KR" })).newPage();
  const errors = await open(other, page.url().replace(/\?.*/, "?lang=ko&scenario=wait"));
  await give(other, "night.ndjson", file);
  const said = other.getByTestId("trace-said");
  await expect(said).toHaveAttribute("data-verdict", "same", { timeout: 20_000 });
  await expect(said).toHaveText(`night.ndjson: 이벤트 ${here.cursor}개를 다시 실행했고 해시도 같습니다(${here.hash}).`);
  const there = await frameOf(other);
  expect([there.hash, there.cursor, there.at]).toEqual([here.hash, here.cursor, here.at]);
  expect(there.nodes.map(({ log }) => log)).toEqual(here.nodes.map(({ log }) => log));
  expect(there.cuts).toEqual(here.cuts);
  // What was opened can be taken home again: it is the same file.
  await other.keyboard.press("Escape");
  expect((await taken(other, "ndjson")).toString()).toBe(file);
  expect(errors).toEqual([]);
  await other.context().close();
});

test("a file of events that tells another story is said to, with the event", async ({ page }) => {
  await open(page, "?lang=en");
  const before = await stepTo(page, "snapshot");
  await type(page, "SET taken home");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(before.cursor + 1);
  const { cursor } = await frameOf(page);
  const file = (await taken(page, "ndjson")).toString();
  const said = page.getByTestId("trace-said");
  const cases: readonly (readonly [string, string, string])[] = [
    ["line.ndjson", file.replace("SET taken home", "SET taken away"), `line.ndjson differs at event ${cursor - 1}. The file says “master> SET taken away”, here it is “master> SET taken home”.`],
    ["hash.ndjson", file.replace(/"hash":"./, (text) => `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`), "hash.ndjson: the file's hash is"],
    ["short.ndjson", file.trimEnd().split("\n").slice(0, -2).join("\n"), `short.ndjson ends after ${cursor - 2} of ${cursor} events.`],
    ["other.ndjson", '{"event":0}\n', "other.ndjson is no event file of this lab"],
    ["text.ndjson", "{ hello", "text.ndjson is no event file of this lab"],
    ["link.ndjson", file.replace(/"link":"[\w-]{40}/, '"link":"'), "link.ndjson cannot be lived again: this link is damaged"],
  ];
  for (const [name, text, sentence] of cases) {
    expect(text, name).not.toBe(file);
    await give(page, name, text);
    await expect(said, name).toContainText(sentence, { timeout: 20_000 });
    await expect(said, name).toHaveAttribute("data-verdict", "other");
    await expect(page.getByTestId("trouble")).toHaveCount(0);
  }
  // The lab is there all the same, and goes on.
  await page.keyboard.press("Escape");
  const there = await frameOf(page);
  await page.getByTestId("step").click();
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(there.cursor + 1);
});

test("a file of events that is dropped is relived; a dump is still a dump", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "delay");
  const { hash } = await frameOf(page);
  const file = (await taken(page, "ndjson")).toString();
  await page.getByTestId("start").click();
  const drop = async (name: string, text: string): Promise<void> => {
    const data = await page.evaluateHandle(
      ({ name, text }) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], name));
        return transfer;
      },
      { name, text },
    );
    await page.dispatchEvent("replica-lab", "drop", { dataTransfer: data });
  };
  await drop("night.ndjson", file);
  await expect(page.getByTestId("trace-said")).toHaveAttribute("data-verdict", "same", { timeout: 20_000 });
  expect((await frameOf(page)).hash).toBe(hash);
  await page.keyboard.press("Escape");
  await drop("dump.rdb", "REDIS0011");
  await expect(page.getByTestId("dump-state")).toBeAttached();
});
