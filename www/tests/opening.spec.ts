/** The first ten seconds of somebody who has never been here. */
import { expect, type Page, test } from "@playwright/test";

import { frameOf, open } from "./lab";

test.use({ storageState: { cookies: [], origins: [] } });

/** What a visitor has seen so far: the stages of the story, and what makes it one. */
interface Witness {
  readonly stages: string[];
  readonly buffered: boolean;
  readonly rdb: boolean;
  /** Milliseconds from the first paint to the invitation. */
  readonly millis: number;
}

/** Looks at every picture until the visitor is invited. */
function witness(page: Page): Promise<Witness> {
  return page.evaluate(async () => {
    const lab = document.querySelector("replica-lab");
    const find = (id: string) => lab?.shadowRoot?.querySelector<HTMLElement>(`[data-testid=${id}]`);
    const stages = new Set<string>();
    let [buffered, rdb] = [false, false];
    while (find("invitation") === null) {
      stages.add(find("caption")?.dataset["stage"] ?? "");
      buffered ||= lab?.frame?.nodes[0]?.replicas.some((one) => one.buffered > 0) === true;
      rdb ||= lab?.shadowRoot?.querySelector("[data-testid=flight][data-frame=rdb]") !== null;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    return { stages: [...stages], buffered, rdb, millis: performance.now() - painted };
  });
}

test("without a click the whole story is seen, and ends paused on an invitation", async ({ page }) => {
  const errors = await open(page, "?lang=en");
  // Somebody may want it to stop from the first moment.
  await expect(page.getByTestId("play")).toBeVisible();
  const seen = await witness(page);
  for (const stage of ["handshake", "delay", "snapshot", "load"]) {
    expect(seen.stages).toContain(stage);
  }
  expect(seen).toMatchObject({ buffered: true, rdb: true });
  console.log(`the first ten seconds take ${(seen.millis / 1_000).toFixed(1)} s`);
  expect(seen.millis).toBeLessThan(10_500);
  await expect(page.getByTestId("play")).toHaveAccessibleName("Play");
  const frame = await frameOf(page);
  for (const node of frame.nodes) expect(node.offset).toBe(frame.nodes[0]?.offset);
  await page.getByTestId("invited").click();
  await expect.poll(async () => (await frameOf(page)).cuts.length).toBe(1);
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "cut");
  expect(errors).toEqual([]);
});

for (const [act, name] of [
  [(page: Page) => page.keyboard.press("Space"), "the space bar"],
  [(page: Page) => page.keyboard.press("Tab"), "another key"],
  [(page: Page) => page.mouse.click(400, 400), "a click anywhere"],
  [(page: Page) => page.getByTestId("play").click(), "the button"],
] as const) {
  test(`${name} takes over at once`, async ({ page }) => {
    await open(page, "?lang=en");
    await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(2);
    await act(page);
    await expect(page.getByTestId("play")).toHaveAccessibleName("Play");
    const { cursor } = await frameOf(page);
    await page.waitForTimeout(400);
    expect((await frameOf(page)).cursor).toBe(cursor);
    await expect(page.getByTestId("invitation")).toHaveCount(0);
    // And the reader's own choices are as they were.
    await expect(page.getByTestId("skip-idle")).toHaveAttribute("aria-pressed", "true");
  });
}

test("it plays once, and not for those who come for something else", async ({ page }) => {
  await open(page, "?lang=en");
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(0);
  await open(page, "?lang=en");
  await page.waitForTimeout(500);
  expect((await frameOf(page)).cursor).toBe(0);
});

test("it does not play for those who follow a link to a scenario", async ({ page }) => {
  await open(page, "?lang=en&scenario=wait");
  await page.waitForTimeout(500);
  expect((await frameOf(page)).cursor).toBe(0);
});

test("without motion it is a strip of six pictures", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const errors = await open(page, "?lang=ko");
  const pictures = page.getByTestId("strip-picture");
  await expect(pictures).toHaveCount(6, { timeout: 20_000 });
  const frame = await frameOf(page);
  expect(frame.cursor).toBe(0);
  expect(frame.length).toBeGreaterThan(50);
  await expect(page.getByTestId("play")).toHaveAccessibleName("재생");
  await pictures.nth(2).click();
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "snapshot");
  expect(errors).toEqual([]);
});
