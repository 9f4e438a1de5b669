/** What comes from elsewhere is text; what a browser refuses is survived; paper is served. */
import { expect, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

const MARKUP = "<img/src=x/onerror=hit=1>";

test("markup is text, in names, values, replies, logs, scripts and links", async ({ page, browser }) => {
  const errors = await open(page, "?lang=en&expert");
  await stepTo(page, "steady");
  const before = await page.locator("replica-lab img, replica-lab [onload], replica-lab [onerror]").count();
  await type(page, `SET ${MARKUP} ${MARKUP}`);
  await type(page, `${MARKUP} ${MARKUP}`);
  await type(page, `CLIENT SETNAME ${MARKUP}`);
  await press(page, "step");
  await expect(page.locator(`[data-testid=keys] [data-key="${MARKUP}"]`).first()).toBeVisible();
  await expect(page.getByTestId("history")).toContainText(`unknown command '${MARKUP}'`);
  await page.getByTestId("piece").last().click();
  await expect(page.getByTestId("part").filter({ hasText: "<img" }).first()).toBeVisible();
  await page.getByTestId("exports").click();
  const address = await page.getByTestId("link").inputValue();
  // The link carries the markup into another page, as an intervention of its own.
  const other = await browser.newPage();
  const others = await open(other, address);
  await expect.poll(async () => (await frameOf(other)).hash).toBe((await frameOf(page)).hash);
  await expect(other.getByTestId("history")).toContainText(`unknown command '${MARKUP}'`);
  for (const one of [page, other]) {
    expect(await one.evaluate(() => "hit" in window)).toBe(false);
    expect(await one.locator("replica-lab img, replica-lab [onload], replica-lab [onerror]").count()).toBe(before);
  }
  expect([...errors, ...others]).toEqual([]);
  await other.close();
});

test("storage that throws is survived: the choice lasts as long as the page", async ({ page }) => {
  await page.addInitScript(() => {
    const refuse = (): never => {
      throw new DOMException("The operation is insecure.", "SecurityError");
    };
    Object.defineProperty(window, "localStorage", { get: refuse });
    Object.defineProperty(window, "sessionStorage", { get: refuse });
  });
  const errors = await open(page, "?lang=en");
  await page.getByTestId("theme").click();
  await page.getByTestId("expert").click();
  await page.getByTestId("language").click();
  await expect(page.getByTestId("play")).toHaveAccessibleName("재생");
  await press(page, "step");
  expect(errors).toEqual([]);
});

test("on paper a lesson is whole, and nothing is left to press", async ({ page }) => {
  await open(page, "?lang=en&lesson=short-cut");
  await page.emulateMedia({ media: "print" });
  const board = page.getByTestId("storyboard");
  await expect(board).toBeVisible();
  expect(await board.locator("ol > li").count()).toBeGreaterThan(2);
  await expect(board.getByText("✓").first()).toBeVisible();
  for (const control of ["play", "lesson-skip", "exports"]) await expect(page.getByTestId(control)).toBeHidden();
  await page.emulateMedia({ media: "screen" });
  await expect(board).toBeHidden();
});
