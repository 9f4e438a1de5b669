/** Memory pages that a server had to copy because its child still reads them. */
import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

/** The pages on the master's card, each as it is marked. */
const marks = (page: Page): Promise<string[]> =>
  page.locator("[data-testid=node][data-node=master] .page").evaluateAll((all) =>
    all.map((one) => (one.classList.contains("copied") ? "copied" : "as it was")),
  );

/** The same, as the engine has them. */
const pagesOf = async (page: Page): Promise<string[]> =>
  ((await frameOf(page)).nodes[0]?.keys.pages ?? []).map(({ copied }) =>
    copied ? "copied" : "as it was",
  );

test("a page that is written to while a snapshot runs glows, and no other", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "snapshot");
  expect(await marks(page)).toEqual(await pagesOf(page));
  expect(await marks(page)).not.toContain("copied");
  const { cursor } = await frameOf(page);
  await type(page, "SET greeting changed");
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(cursor);
  const seen = await marks(page);
  expect(seen).toEqual(await pagesOf(page));
  expect(seen).toContain("copied");
  expect(seen).toContain("as it was");
  const copied = page.locator("[data-testid=node][data-node=master] .page.copied");
  await expect(copied).toHaveCount(1);
  await expect(copied).toHaveCSS("animation-name", "glow");
  const [mark, other] = await Promise.all(
    [copied, page.locator("[data-node=master] .page.used").first()].map((one) =>
      one.evaluate((rect) => getComputedStyle(rect).fill),
    ),
  );
  expect(mark).not.toBe(other);
  await expect(page.locator("[data-node=master] .pages title")).toHaveText(/, 1 copied since/);
  const card = page.locator("[data-testid=node][data-node=master]");
  await expect(card).toContainText(`1 of ${seen.length} pages copied`);
  // The same page need not be copied again.
  await type(page, "SET greeting again");
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(cursor + 1);
  await expect(copied).toHaveCount(1);
  // Once the child has ended, nothing is shared any more.
  for (let n = 0; n < 200 && (await frameOf(page)).nodes[0]?.snapshot !== null; n++) {
    await press(page, "step");
  }
  await expect(copied).toHaveCount(0);
});

test("without motion a copied page is marked, and nothing glows", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, "?lang=en");
  await stepTo(page, "snapshot");
  await type(page, "SET greeting changed");
  const copied = page.locator("[data-testid=node][data-node=master] .page.copied");
  await expect(copied).toHaveCount(1);
  await expect(copied).toHaveCSS("animation-name", "none");
});
