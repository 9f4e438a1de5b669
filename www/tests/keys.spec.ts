/** Keys: what they do to what is selected, and that they are the reader's to choose. */
import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

/** Presses a key in the lab, outside of every control. */
async function strike(page: Page, key: string): Promise<void> {
  await page.locator("replica-lab").evaluate((lab: HTMLElement) => lab.focus());
  await page.keyboard.press(key);
}

test("a key cuts, delays or freezes what is selected, and undoes it", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "steady");
  await strike(page, "2");
  await strike(page, "x");
  await expect.poll(async () => (await frameOf(page)).cuts).toEqual([{ a: 0, b: 1 }]);
  await strike(page, "x");
  await expect.poll(async () => (await frameOf(page)).cuts).toEqual([]);
  await strike(page, "d");
  await expect.poll(async () => (await frameOf(page)).troubles.map(({ delay }) => delay)).toEqual([200]);
  await strike(page, "d");
  await expect.poll(async () => (await frameOf(page)).troubles).toEqual([]);
  await strike(page, "z");
  await expect.poll(async () => (await frameOf(page)).nodes[1]?.frozen).toBe(true);
  await strike(page, "z");
  await expect.poll(async () => (await frameOf(page)).nodes[1]?.frozen).toBe(false);
});

test("keys lead to the log, the conditions, the bytes, the links and the branches", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "snapshot");
  await type(page, "SET k v");
  await strike(page, "l");
  await expect(page.locator("[data-testid=log] :focus")).toHaveCount(1);
  await strike(page, "b");
  await expect(page.getByTestId("until")).toBeFocused();
  await page.getByTestId("piece").last().click();
  await page.getByTestId("part").first().waitFor();
  await strike(page, "h");
  await expect(page.getByTestId("hex")).toBeFocused();
  await strike(page, "s");
  await expect(page.locator("dialog[data-dialog=exports]")).toBeVisible();
  await page.keyboard.press("Escape");
  await press(page, "back");
  await press(page, "back");
  await type(page, "SET other way");
  const current = async () => (await frameOf(page)).branches.findIndex((branch) => branch.current);
  await expect.poll(current).toBe(1);
  await strike(page, "[");
  await expect.poll(current).toBe(0);
  await strike(page, "]");
  await expect.poll(current).toBe(1);
});

test("a key is given away, remembered, and taken back", async ({ page }) => {
  await open(page, "?lang=en");
  await strike(page, "?");
  await page.locator("[data-testid=key][data-id=step]").click();
  await page.keyboard.press("n");
  await expect(page.locator("[data-testid=key][data-id=step]")).toHaveText("N");
  // Escape while it waits gives up, and leaves the help open.
  await page.locator("[data-testid=key][data-id=back]").click();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("help-dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await strike(page, "n");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(1);
  await strike(page, "ArrowRight");
  await strike(page, "ArrowLeft");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(0);
  await page.reload();
  await page.getByTestId("lab").waitFor();
  await strike(page, "n");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(1);
  await strike(page, "?");
  await page.getByTestId("keys-usual").click();
  await expect(page.locator("[data-testid=key][data-id=step]")).toHaveText("→");
});

test("keys can be switched off, by the reader and by the page around", async ({ page }) => {
  await open(page, "?lang=en");
  await page.locator("replica-lab").evaluate((lab) => lab.setAttribute("keys", "off"));
  const heard = page.evaluate(
    () => new Promise((done) => addEventListener("keydown", ({ key }) => done(key), { once: true })),
  );
  await strike(page, "ArrowRight");
  expect(await heard).toBe("ArrowRight");
  expect((await frameOf(page)).cursor).toBe(0);
  await page.getByTestId("help").click();
  await expect(page.getByTestId("keys-off")).toHaveAttribute("aria-pressed", "true");
  await page.getByTestId("keys-off").click();
  await page.keyboard.press("Escape");
  await strike(page, "ArrowRight");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(1);
});

test("on a phone the controls are on the side of the hand that holds it", async ({ page }) => {
  await page.setViewportSize({ width: 375, height: 812 });
  await open(page, "?lang=ko");
  const sides = async () => [
    (await page.getByTestId("play").boundingBox())?.x ?? 0,
    (await page.getByTestId("speed").boundingBox())?.x ?? 0,
  ];
  const [play = 0, speed = 0] = await sides();
  await page.getByTestId("hand").click();
  await expect.poll(async () => ((await sides())[0] ?? 0) > ((await sides())[1] ?? 0)).toBe(play < speed);
  await page.reload();
  await page.getByTestId("lab").waitFor();
  const [after = 0, beside = 0] = await sides();
  expect(after > beside).toBe(play < speed);
});
