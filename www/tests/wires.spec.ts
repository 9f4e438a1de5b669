/** A channel that is closed behind the lab's back is, to the servers at its ends, a connection that was reset. */
import { fileURLToPath } from "node:url";

import { type Browser, expect, type Page, test } from "@playwright/test";

import type { Frame, NodeView } from "../src/engine/frame";
import { frameOf, open, press, replyOf, stepTo, type } from "./lab";

/** What `wires.js` lets a test do. */
interface Wires {
  between(): { close(): void }[];
}

/** A lab whose replicas are in sync, and whose wires the test holds. */
async function held(page: Page): Promise<string[]> {
  await page.addInitScript({ path: fileURLToPath(new URL("wires.js", import.meta.url)) });
  const errors = await open(page, "?lang=en&expert");
  await stepTo(page, "steady");
  return errors;
}

/** Closes the ports of the first connection between two servers, or of all. */
function close(page: Page, count: number): Promise<number> {
  return page.evaluate((count) => {
    const wires = (globalThis as unknown as { wires: Wires }).wires.between().slice(0, count);
    for (const wire of wires) wire.close();
    return wires.length;
  }, count);
}

const replicas = ({ nodes }: Frame): readonly NodeView[] => nodes.filter(({ upstream }) => upstream !== null);
const downIn = (frame: Frame): readonly NodeView[] => replicas(frame).filter(({ upstream }) => upstream?.up === false);
const texts = (node: NodeView): string => node.log.map(({ text }) => text).join("\n");

/** Steps until a link is down. */
async function untilDown(page: Page): Promise<Frame> {
  for (let steps = 0; steps < 100; steps++) {
    const frame = await press(page, "step");
    if (downIn(frame).length > 0) return frame;
  }
  throw new Error("no link goes down");
}

/** Runs until all are in sync. */
async function untilSynced(page: Page): Promise<Frame> {
  await page.getByTestId("until").selectOption("synced");
  await expect(page.locator(".scrubber-marks [data-mark=stop]")).not.toHaveCount(0);
  return frameOf(page);
}

/** The link to this moment, followed by somebody whose browser closes nothing. */
async function livedAgain(page: Page, browser: Browser): Promise<Frame> {
  await page.getByTestId("exports").click();
  await expect(page.getByTestId("link")).not.toHaveValue("");
  const address = await page.getByTestId("link").inputValue();
  await page.keyboard.press("Escape");
  const other = await (await browser.newContext({ locale: "en-US" })).newPage();
  await open(other, address);
  const { cursor } = await frameOf(page);
  await expect.poll(async () => (await frameOf(other)).cursor).toBe(cursor);
  return frameOf(other);
}

test("closing the ports of a link takes the replica's link down, and it connects again", async ({
  page,
  browser,
}) => {
  const errors = await held(page);
  const before = await frameOf(page);
  expect(downIn(before)).toEqual([]);
  expect(await close(page, 1)).toBe(1);
  const down = await untilDown(page);
  const [cut, ...others] = downIn(down);
  if (cut === undefined) throw new Error("nobody is down");
  expect(others).toEqual([]);
  // It is told as what it was: an act, and the only one.
  const acts = down.events.filter(({ index, kind }) => index >= before.cursor && kind === "fault");
  expect(acts.length).toBe(1);
  expect(await page.getByTestId("event").last().textContent()).toMatch(/master.*replica/);
  expect(await replyOf(page, cut.name, "INFO replication")).toContain("master_link_status:down");
  const again = await untilSynced(page);
  expect(downIn(again)).toEqual([]);
  expect(texts(again.nodes[cut.id] ?? cut)).toMatch(
    /Connection with master lost\.[^]*Reconnecting to MASTER[^]*Master accepted a Partial Resynchronization/,
  );
  // It came from outside, and belongs to the history.
  expect((await livedAgain(page, browser)).hash).toBe(again.hash);
  expect(errors).toEqual([]);
});

test("what was sent on a channel that is closed arrives later, by the next", async ({ page, browser }) => {
  const errors = await held(page);
  expect(await close(page, 2)).toBe(2);
  await type(page, "SET lost 1");
  const has = ({ keys }: NodeView): boolean => keys.window.some(({ key }) => key === "lost");
  const down = await untilDown(page);
  expect(has(down.nodes[0] as NodeView)).toBe(true);
  expect(replicas(down).some(has)).toBe(false);
  const again = await untilSynced(page);
  expect(downIn(again)).toEqual([]);
  expect(again.nodes.every(has)).toBe(true);
  expect((await livedAgain(page, browser)).hash).toBe(again.hash);
  expect(errors).toEqual([]);
});
