/** Every lesson, in both languages, from its first step to its last, with the engine. */
import { expect, test } from "@playwright/test";

import index from "../src/lessons/index.json" with { type: "json" };
import { open } from "./lab";

for (const language of ["ko", "en"]) {
  for (const id of index) {
    test(`the lesson ${id} comes to its end, in ${language}`, async ({ page }) => {
      const errors = await open(page, `?lang=${language}&lesson=${id}`);
      const lesson = page.getByTestId("lesson");
      await expect(lesson).toBeVisible();
      const said = new Set<string>();
      for (;;) {
        said.add(await page.getByTestId("lesson-say").innerText());
        const ask = page.getByTestId("choice-1");
        if (await ask.isVisible()) {
          await ask.click();
          await expect(page.getByTestId("lesson-why")).toBeVisible();
        }
        await expect(lesson).toHaveAttribute("data-phase", /waiting|done/, { timeout: 30_000 });
        if ((await lesson.getAttribute("data-phase")) === "waiting") {
          await page.getByTestId("lesson-skip").click();
        }
        await expect(lesson).toHaveAttribute("data-phase", "done", { timeout: 30_000 });
        const next = page.getByTestId("lesson-next");
        if (!(await next.isVisible())) break;
        const step = await lesson.getAttribute("data-step");
        await next.click();
        await expect(lesson).not.toHaveAttribute("data-step", step ?? "");
      }
      expect(said.size).toBeGreaterThan(3);
      await expect(page.getByTestId("lesson-library")).toBeVisible();
      expect(errors).toEqual([]);
    });
  }
}

test("a lesson goes back to where a step had ended, and can be left", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("library").click();
  await page.getByTestId("lesson-short-cut").click();
  const lesson = page.getByTestId("lesson");
  await expect(lesson).toHaveAttribute("data-phase", "waiting", { timeout: 30_000 });
  await page.getByTestId("lesson-skip").click();
  await expect(lesson).toHaveAttribute("data-phase", "done", { timeout: 30_000 });
  const clock = await page.getByTestId("clock").innerText();
  await page.getByTestId("lesson-next").click();
  await expect(lesson).toHaveAttribute("data-phase", "done");
  await page.getByTestId("lesson-next").click();
  await expect(lesson).toHaveAttribute("data-step", "missed");
  await expect(lesson).toHaveAttribute("data-phase", "done");
  await expect(page.getByTestId("lesson-next")).toBeDisabled();
  await page.getByTestId("lesson-back").click();
  await page.getByTestId("lesson-back").click();
  await expect(lesson).toHaveAttribute("data-step", "together");
  await expect(page.getByTestId("clock")).toHaveText(clock);
  await page.getByTestId("lesson-leave").click();
  await expect(page.getByTestId("caption")).toBeVisible();
});

test("what a step waits for may also be stepped to", async ({ page }) => {
  await open(page, "?lang=en&lesson=handshake");
  const lesson = page.getByTestId("lesson");
  await expect(lesson).toHaveAttribute("data-phase", "done");
  await page.getByTestId("lesson-next").click();
  await expect(lesson).toHaveAttribute("data-phase", "waiting");
  for (let steps = 0; steps < 5 && (await lesson.getAttribute("data-phase")) !== "done"; steps++) {
    await page.getByTestId("step").click();
    await page.waitForTimeout(200);
  }
  await expect(lesson).toHaveAttribute("data-phase", "done");
  await expect(page.getByTestId("trouble")).toHaveCount(0);
});

test("a scenario opens from the list", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("library").click();
  await expect(page.getByTestId("library-dialog")).toBeVisible();
  await page.getByTestId("scenario-chain").click();
  await expect(page.getByTestId("library-dialog")).toBeHidden();
  await page.waitForFunction(() => {
    const lab = document.querySelector("replica-lab") as unknown as { frame: { cursor: number; nodes: { name: string }[] } | null };
    return lab.frame?.cursor === 0 && lab.frame.nodes.length === 3;
  });
  await page.getByTestId("end").isVisible();
});

test("a scenario opens by its address, and an unknown one is the first", async ({ page }) => {
  await open(page, "?lang=en&scenario=failover");
  await page.waitForFunction(() => {
    const lab = document.querySelector("replica-lab") as unknown as { script: string };
    return lab.script.includes("FAILOVER");
  });
  await page.goto("/?lang=en&scenario=nonsense");
  await page.waitForFunction(() => {
    const lab = document.querySelector("replica-lab") as unknown as { frame: { nodes: unknown[] } | null };
    return lab.frame?.nodes.length === 3;
  });
});

test("every scenario opens from the list, and its first hundred events happen", async ({ page }) => {
  test.setTimeout(180_000);
  const errors = await open(page, "?lang=ko");
  await page.getByTestId("library").click();
  const ids = await page
    .locator("[data-testid^=scenario-]")
    .evaluateAll((all) => all.map((one) => one.getAttribute("data-testid") ?? ""));
  expect(ids.length).toBeGreaterThanOrEqual(15);
  await page.keyboard.press("Escape");
  for (const id of ids) {
    const old = await page.evaluateHandle(() => document.querySelector("replica-lab")?.frame);
    await page.getByTestId("library").click();
    await page.getByTestId(id).click();
    await page.waitForFunction((old) => {
      const frame = document.querySelector("replica-lab")?.frame ?? null;
      return frame !== null && frame !== old && frame.cursor === 0;
    }, old);
    const seen = await page.evaluate(async () => {
      const lab = document.querySelector("replica-lab");
      const step = lab?.shadowRoot?.querySelector<HTMLElement>("[data-testid=step]");
      for (let steps = 0; steps < 100; steps++) {
        const before = lab?.frame?.cursor ?? 0;
        step?.click();
        while (lab?.frame?.cursor === before) await new Promise((done) => setTimeout(done, 1));
      }
      return lab?.frame?.cursor;
    });
    expect(seen, id).toBe(100);
  }
  expect(errors).toEqual([]);
});
