/** The engine comes in parts: what a first visit does not call is fetched when it is called. */
import { expect, type Page, test } from "@playwright/test";

import { answerTo, open, press } from "./lab";

/** The parts that are fetched from now on. */
function partsAsked(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => {
    const part = /(part\d)[^/]*\.wasm$/.exec(request.url())?.[1];
    if (part !== undefined && !asked.includes(part)) asked.push(part);
  });
  return asked;
}

test.describe("a first visit", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("sees the whole story with the first part alone", async ({ page }) => {
    const asked = partsAsked(page);
    const errors = await open(page, "?lang=en");
    await expect(page.getByTestId("invited")).toBeVisible({ timeout: 20_000 });
    expect(asked).toEqual([]);
    expect(errors).toEqual([]);
  });
});

test("scripting is fetched by the first script, and by nothing else", async ({ page }) => {
  const asked = partsAsked(page);
  const errors = await open(page, "?lang=en");
  expect(await answerTo(page, "SADD letters a b c")).toContain("(integer) 3");
  expect(await answerTo(page, "XADD events 1-1 what happened")).toContain("1-1");
  expect(asked).toEqual(["part0"]);
  const script = `EVAL "return redis.call('SCARD', KEYS[1]) * 2" 1 letters`;
  expect(await answerTo(page, script)).toContain("(integer) 6");
  expect(asked).toEqual(["part0", "part1"]);
  expect(errors).toEqual([]);
});

test("a part that cannot be fetched is a server's end, and says so", async ({ page }) => {
  await page.route(/part1/, (route) => route.abort());
  await open(page, "?lang=en");
  await answerTo(page, `EVAL "return 1" 0`);
  await expect(page.getByTestId("crash")).toContainText("a part of the engine could not be fetched");
  await page.unroute(/part1/);
  await press(page, "back");
  // Whoever is connected again does the same once more, and it works.
  expect(await answerTo(page, `EVAL "return 1" 0`)).toContain("(integer) 1");
});
