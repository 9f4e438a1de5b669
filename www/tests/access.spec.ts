/** For everybody: without a pointer, with a screen reader, at any size, in any colours. */
import { expect, type Page, test } from "@playwright/test";

import { SCENARIOS } from "../src/model/scenarios";
import { seriousFindings } from "./axe";
import { frameOf, open, press, stepTo, type } from "./lab";

/** Takes steps until so many events have happened, as fast as the page can. */
async function reach(page: Page, cursor: number): Promise<void> {
  await page.evaluate(async (cursor) => {
    const lab = document.querySelector("replica-lab");
    const step = lab?.shadowRoot?.querySelector<HTMLElement>("[data-testid=step]");
    while ((lab?.frame?.cursor ?? cursor) < cursor) {
      const before = lab?.frame?.cursor;
      step?.click();
      while (lab?.frame?.cursor === before) await new Promise((done) => setTimeout(done, 1));
    }
  }, cursor);
}

for (const id of SCENARIOS) {
  test(`axe finds nothing serious in the scenario ${id}, light and dark`, async ({ page }) => {
    await open(page, `?lang=en&expert&scenario=${id}`);
    await reach(page, 60);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expect(page.locator("replica-lab")).toHaveAttribute("data-scheme", colorScheme);
      expect(await seriousFindings(page)).toEqual([]);
    }
  });
}

test("axe finds nothing serious in any dialog, nor in the panels of the dock", async ({ page }) => {
  await open(page, "?lang=ko&expert");
  await stepTo(page, "snapshot");
  for (const dialog of ["library", "exports", "help"]) {
    await page.getByTestId(dialog).click();
    await expect(page.getByTestId(`${dialog}-dialog`)).toBeVisible();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
  }
  await type(page, "SET k v");
  for (const panel of ["facts", "inspector", "spacetime"]) {
    await page.getByTestId(`dock-${panel}`).click();
    expect(await seriousFindings(page)).toEqual([]);
  }
  await page.getByTestId("arrow").first().waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByTestId("space-list").click();
  await page.getByTestId("space-row").first().waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

/** Presses Tab to the end of the page, and then backwards, until a control has the focus. */
async function tabTo(page: Page, testId: string): Promise<void> {
  for (const key of ["Tab", "Shift+Tab"]) {
    for (let presses = 0; presses < 80; presses++) {
      const focused = await page.evaluate(() => {
        const active = document.querySelector("replica-lab")?.shadowRoot?.activeElement ?? null;
        return active === null ? document.activeElement?.tagName : active.getAttribute("data-testid");
      });
      if (focused === testId) return;
      await page.keyboard.press(key);
      if (focused === "BODY" && presses > 0) break;
    }
  }
  throw new Error(`Tab does not lead to ${testId}`);
}

test("the full-sync lesson is done by keyboard, and what happens is said", async ({ page }) => {
  test.setTimeout(180_000);
  const errors = await open(page, "?lang=en");
  const said: string[] = [];
  await page.exposeFunction("hear", (text: string) => said.push(text));
  await page.evaluate(() => {
    const root = document.querySelector("replica-lab")?.shadowRoot;
    const region = root?.querySelector("[data-testid=announcement]");
    const hear = (window as unknown as { hear(text: string): void }).hear;
    if (!region) throw new Error("there is no live region");
    new MutationObserver(() => hear(region.textContent?.trim() ?? "")).observe(region, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  await tabTo(page, "library");
  await page.keyboard.press("Enter");
  await tabTo(page, "lesson-full-sync-diskless");
  await page.keyboard.press("Enter");
  const lesson = page.getByTestId("lesson");
  await expect(lesson).toBeVisible();
  const steps = new Set<string>();
  for (;;) {
    await expect(lesson).toHaveAttribute("data-phase", /waiting|done/, { timeout: 30_000 });
    steps.add((await lesson.getAttribute("data-step")) ?? "");
    if (await page.getByTestId("choice-0").isVisible()) {
      await tabTo(page, "choice-0");
      await page.keyboard.press("Enter");
      await expect(page.getByTestId("lesson-why")).toBeVisible();
    }
    if ((await lesson.getAttribute("data-phase")) === "waiting") {
      await tabTo(page, "lesson-skip");
      await page.keyboard.press("Enter");
    }
    await expect(lesson).toHaveAttribute("data-phase", "done", { timeout: 30_000 });
    const next = page.getByTestId("lesson-next");
    if (!(await next.isVisible())) break;
    const step = (await lesson.getAttribute("data-step")) ?? "";
    await tabTo(page, "lesson-next");
    await page.keyboard.press("Space");
    await expect(lesson).not.toHaveAttribute("data-step", step);
  }
  expect(steps.size).toBeGreaterThan(4);
  // What is said of the lesson is a live region of its own; of the lab, its events are told.
  await expect(page.locator(".lesson-body")).toHaveAttribute("aria-live", "polite");
  await expect(page.getByTestId("announcement")).toHaveAttribute("aria-live", "polite");
  for (const told of [
    /master receives from replica1: PSYNC [0-9a-f]{8}…/,
    /replica1 receives from master: \+FULLRESYNC/,
    /the snapshot child writes its next chunk/,
    /replica1 receives from master: .*RDB/,
    /REPLCONF ACK/,
  ]) {
    expect(said.join("\n")).toMatch(told);
  }
  expect(errors).toEqual([]);
});

test("what has the focus is always to be seen", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await stepTo(page, "snapshot");
  const unseen: string[] = [];
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const lost = await page.evaluate(() => {
      const active = document.querySelector("replica-lab")?.shadowRoot?.activeElement;
      if (!(active instanceof Element)) return null;
      const { outlineStyle, stroke, boxShadow } = getComputedStyle(active);
      const { width, height } = active.getBoundingClientRect();
      const marked = outlineStyle !== "none" || boxShadow !== "none" || stroke !== "none";
      const inside = active.querySelector(":focus-visible, *") !== null;
      return width * height > 0 && (marked || inside) ? null : active.outerHTML.slice(0, 120);
    });
    if (lost !== null) unseen.push(lost);
  }
  expect(unseen).toEqual([]);
});

test("without motion nothing glides: each step is a cut with its arrow", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, "?lang=en");
  await stepTo(page, "snapshot");
  await press(page, "step");
  const moving = await page.evaluate(() =>
    document
      .getAnimations()
      .filter(({ playState }) => playState === "running")
      .map((one) => (one as CSSAnimation).animationName),
  );
  expect(moving).toEqual([]);
  await page.getByTestId("play").click();
  await page.locator("[data-testid=flight]").first().waitFor();
  const flights = page.locator("[data-testid=flight]");
  expect(await flights.first().locator(".arrow").count()).toBe(1);
});

for (const scheme of ["light", "dark"] as const) {
  test(`in forced colours, ${scheme}, every mark is the system's`, async ({ page }) => {
    // Without motion: halfway through a glow, a colour is nobody's.
    await page.emulateMedia({ forcedColors: "active", colorScheme: scheme, reducedMotion: "reduce" });
    await open(page, "?lang=en&expert");
    await stepTo(page, "snapshot");
    await type(page, "SET k v");
    await page.getByTestId("piece").last().click();
    expect(await seriousFindings(page)).toEqual([]);
    const drawn = await page.evaluate(() => {
      const root = document.querySelector("replica-lab")?.shadowRoot;
      const probe = document.createElement("p");
      document.body.append(probe);
      const system = ["Canvas", "CanvasText", "GrayText", "Highlight", "HighlightText", "LinkText"];
      const known = new Set(["none", "rgba(0, 0, 0, 0)"]);
      for (const name of system) {
        probe.style.color = name;
        probe.style.forcedColorAdjust = "none";
        known.add(getComputedStyle(probe).color);
      }
      probe.remove();
      const shapes = [...(root?.querySelectorAll("svg :is(rect, circle, path, line, text)") ?? [])];
      const wrong = shapes.flatMap((shape) => {
        const { fill, stroke } = getComputedStyle(shape);
        // A mixture of the two that the system gives is a grey.
        const isGrey = (colour: string): boolean => /^color\(srgb ([\d.]+) \1 \1/.test(colour);
        return [fill, stroke]
          .filter((one) => !known.has(one) && !one.startsWith("url") && !isGrey(one))
          .map((one) => `${shape.getAttribute("class")} ${one}`);
      });
      return { shapes: shapes.length, wrong: [...new Set(wrong)] };
    });
    expect(drawn.shapes).toBeGreaterThan(50);
    expect(drawn.wrong).toEqual([]);
  });
}

/** What ends to the right of the window, and cannot be scrolled to within something. */
function sticking(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.querySelector("replica-lab")?.shadowRoot;
    const scrolls = (element: Element): boolean => {
      const { overflowX } = getComputedStyle(element);
      const parent = element.parentElement;
      return overflowX === "auto" || overflowX === "scroll" || (parent !== null && scrolls(parent));
    };
    const out = [...(root?.querySelectorAll("button, select, input, p, h2, h3, li, td, svg") ?? [])]
      .filter((element) => element.checkVisibility() && !element.closest(".unseen"))
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .filter((element) => !scrolls(element))
      .map((element) => element.outerHTML.slice(0, 100));
    const wider = document.documentElement.scrollWidth - innerWidth;
    return wider > 0 ? [`the page is ${wider} pixels too wide`, ...out] : out;
  });
}

for (const [name, width, height, text] of [
  ["a window of 1280 pixels at 400 %", 320, 256, 1],
  ["a phone", 375, 812, 1],
  ["a phone with letters twice as large", 375, 812, 2],
  ["a tablet", 768, 1_024, 1],
  ["a small laptop", 1_024, 768, 1],
  ["a screen", 1_440, 900, 1],
] as const) {
  for (const language of ["ko", "en"]) {
    test(`nothing is out of reach on ${name}, in ${language}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await open(page, `?lang=${language}&expert&lesson=writes-during-the-snapshot`);
      await page.evaluate((text) => {
        document.documentElement.style.fontSize = `${text * 100}%`;
      }, text);
      await reach(page, 12);
      await type(page, "SET k v");
      expect(await sticking(page)).toEqual([]);
      for (const panel of ["facts", "inspector", "spacetime"]) {
        await page.getByTestId(`dock-${panel}`).click();
        expect(await sticking(page)).toEqual([]);
      }
      await page.getByTestId("space-list").click();
      await page.getByTestId("space-row").first().waitFor();
      expect(await sticking(page)).toEqual([]);
      for (const dialog of ["library", "exports", "help"]) {
        await page.getByTestId(dialog).click();
        await expect(page.locator(`dialog[data-dialog=${dialog}]`)).toBeVisible();
        expect(await sticking(page)).toEqual([]);
        await page.keyboard.press("Escape");
        await expect(page.locator(`dialog[data-dialog=${dialog}]`)).toBeHidden();
      }
      expect((await frameOf(page)).cursor).toBeGreaterThan(0);
    });
  }
}
