/** A server whose engine panics: a process that has ended, and a lab that goes on. */
import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

/** Brings the lab to where all is in sync, and makes the engine of replica1 panic. */
async function panic(page: Page): Promise<void> {
  await stepTo(page, "steady");
  await page.locator("[data-testid=node][data-node=replica1] .card-face").press("Enter");
  await type(page, "DEBUG PANIC");
  await expect(page.getByTestId("crash")).toHaveAttribute("data-node", "replica1");
}

test("a panic is that server's end, and nobody else's", async ({ page, context }) => {
  test.setTimeout(120_000);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "?lang=en");
  await panic(page);
  const dead = page.locator("[data-testid=node][data-node=replica1]");
  await expect(dead).toContainText("engine crashed");
  await expect(page.getByTestId("crash")).toContainText("DEBUG PANIC called at Unix time");
  expect(page.workers().length).toBe(3);

  await page.getByTestId("report").click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain("DEBUG PANIC");
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain("node: replica1");
  expect(report).toContain("replica1> DEBUG PANIC");

  // The others replicate on.
  await page.locator("[data-testid=node][data-node=master] .card-face").press("Enter");
  await type(page, "SET after the-panic");
  await page.getByTestId("play").click();
  await expect
    .poll(async () => (await frameOf(page)).nodes[2]?.keys.window.some(({ key }) => key === "after"))
    .toBe(true);
  await page.getByTestId("play").click();
  expect((await frameOf(page)).nodes[1]?.running).toBe(false);
});

test("the panic can be gone back from, and is the same when it comes again", async ({ page }) => {
  test.setTimeout(120_000);
  await open(page, "?lang=ko");
  await panic(page);
  const { cursor, hash } = await frameOf(page);
  const before = await press(page, "back");
  expect(before.nodes[1]?.running).toBe(true);
  await expect(page.getByTestId("crash")).toHaveCount(0);
  const again = await press(page, "end");
  expect({ cursor: again.cursor, hash: again.hash }).toEqual({ cursor, hash });
  expect(again.nodes[1]?.panic).toContain("DEBUG PANIC");
  // A restart is all that it takes to have it back.
  await page.getByTestId("crash-restart").click();
  await expect(page.getByTestId("crash")).toHaveCount(0);
  expect((await frameOf(page)).nodes[1]).toMatchObject({ running: true, panic: null });
  // It finds its own RDB, as any server does.
  await page.getByTestId("play").click();
  await expect.poll(async () => (await frameOf(page)).nodes[1]?.loading).toBe(null);
  await type(page, "PING");
  await expect(page.getByTestId("history")).toContainText("PONG");
});

test("in one page with the others, a panic is no more than that either", async ({ page }) => {
  test.setTimeout(120_000);
  // A page in which Workers are refused.
  await page.addInitScript(() => {
    window.Worker = class {
      constructor() {
        throw new Error("no Workers here");
      }
    } as unknown as typeof Worker;
  });
  await open(page, "?lang=en");
  expect((await frameOf(page)).isolation).toBe("page");
  await panic(page);
  const { cursor } = await press(page, "back");
  expect((await frameOf(page)).nodes[1]?.running).toBe(true);
  await press(page, "end");
  expect((await frameOf(page)).cursor).toBe(cursor + 1);
  await expect(page.getByTestId("crash")).toHaveCount(1);
});
