/** The space-time diagram of a long history: only what is in view is drawn, and nothing is missing. */
import { deflateRawSync } from "node:zlib";

import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo } from "./lab";

/** A link that leads so many events into a scenario, whatever they come to. */
function deep(events: number): string {
  const text = `1 ${events} 7 0 0\n\n\n\nfull-sync`;
  return deflateRawSync(Buffer.from(text)).toString("base64url");
}

/** Opens a history of so many events, with the diagram. */
async function openLong(page: Page, events: number): Promise<void> {
  await page.goto(`?lang=en&expert#s=${deep(events)}`);
  await page.getByTestId("lab").waitFor({ timeout: 90_000 });
  await expect.poll(async () => (await frameOf(page)).cursor, { timeout: 90_000 }).toBe(events);
  await page.getByTestId("dock-spacetime").or(page.getByTestId("expert")).first().waitFor();
  if ((await page.getByTestId("expert").getAttribute("aria-pressed")) !== "true") await page.getByTestId("expert").click();
  await page.getByTestId("dock-spacetime").click();
  await page.getByTestId("arrow").first().waitFor();
}

interface Line {
  readonly event: number;
  readonly node: string;
  readonly kind: string;
  readonly text: string;
}

/** The trace as it is taken home. */
async function traceOf(page: Page): Promise<Line[]> {
  await page.getByTestId("exports").click();
  const download = page.waitForEvent("download");
  await page.getByTestId("export-ndjson").click();
  const chunks: Buffer[] = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer);
  const [, ...lines] = Buffer.concat(chunks).toString().trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Scrolls the diagram to a share of its length, and waits until it is drawn there. */
async function scrollTo(page: Page, share: number, way: "Left" | "Top" = "Left"): Promise<void> {
  await page.locator(".space-scroll").evaluate(
    (one, { share, way }) => {
      const whole = way === "Left" ? one.scrollWidth - one.clientWidth : one.scrollHeight - one.clientHeight;
      one[`scroll${way}`] = whole * share;
    },
    { share, way },
  );
  await page.waitForTimeout(150);
}

/** Scrolls on for three seconds; how many frames a second there were, and how late the late ones. */
function smoothness(page: Page, pixels: number): Promise<{ rate: number; late: number }> {
  return page.locator(".space-scroll").evaluate(async (one, pixels) => {
    const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
    const gaps: number[] = [];
    for (let last = await frame(); gaps.length < 180; ) {
      one.scrollLeft += pixels;
      const now = await frame();
      gaps.push(now - last);
      last = now;
    }
    gaps.sort((a, b) => a - b);
    const whole = gaps.reduce((sum, gap) => sum + gap, 0);
    return { rate: (1_000 * gaps.length) / whole, late: gaps[Math.floor(gaps.length * 0.95)] ?? 0 };
  }, pixels);
}

test("10,000 messages scroll with few elements, and it is told how smoothly", async ({ page }) => {
  test.setTimeout(240_000);
  await openLong(page, 21_000);
  const trace = await traceOf(page);
  const messages = trace.filter(({ kind }) => kind === "delivered");
  expect(messages.length).toBeGreaterThan(10_000);
  const counts: number[] = [];
  for (const share of [0, 0.1, 0.35, 0.5, 0.77, 1]) {
    await scrollTo(page, share);
    counts.push(await page.getByTestId("spacetime").locator("*").count());
  }
  expect(Math.min(...counts)).toBeGreaterThan(100);
  expect(Math.max(...counts)).toBeLessThan(3_000);
  await scrollTo(page, 0.5);
  // Measured and told: what else the machine does is not this page's fault.
  console.log(`${messages.length} messages: ${Math.max(...counts)} elements at most`);
  for (const pixels of [40, 400]) {
    const { rate, late } = await smoothness(page, pixels);
    console.log(`${pixels} pixels a frame: ${rate.toFixed(1)} frames a second, p95 ${late.toFixed(1)} ms`);
  }
});

test("the arrows of every stretch, and the rows of the list, are those of the trace", async ({ page }) => {
  test.setTimeout(240_000);
  await openLong(page, 1_500);
  const trace = await traceOf(page);
  const received = new Set(trace.filter(({ kind }) => kind === "delivered").map(({ event }) => event));
  const drawn = new Set<number>();
  const width = await page.locator(".space-scroll").evaluate((one) => one.scrollWidth / one.clientWidth);
  for (let share = 0; share <= 1; share += 1 / (2 * width)) {
    await scrollTo(page, share);
    for (const event of await page.getByTestId("arrow").evaluateAll((all) => all.map((one) => Number((one as HTMLElement).dataset["event"] ?? -1)))) {
      if (event >= 0) drawn.add(event);
    }
  }
  expect([...drawn].sort((a, b) => a - b)).toEqual([...received].sort((a, b) => a - b));
  // As a list: the same events, in order, with how many there are and where each stands.
  await page.getByTestId("space-list").click();
  const rows = page.getByTestId("space-row");
  await rows.first().waitFor();
  await expect(page.getByTestId("space-rows")).toHaveAttribute("aria-rowcount", String(trace.length + 1));
  const listed = new Map<number, string>();
  const height = await page.locator(".space-scroll").evaluate((one) => one.scrollHeight / one.clientHeight);
  for (let share = 0; share <= 1; share += 1 / height) {
    await scrollTo(page, share, "Top");
    expect(await rows.count()).toBeLessThan(200);
    for (const [index, id, text] of await rows.evaluateAll((all) =>
      all.map((row) => [Number(row.dataset["index"]), row.dataset["id"] ?? "", row.textContent ?? ""] as const),
    )) {
      listed.set(index, id === "" ? "" : text);
    }
  }
  expect([...listed.keys()].sort((a, b) => a - b)).toEqual(trace.map(({ event }) => event));
  for (const { event, kind, node } of trace) {
    expect(listed.get(event) !== "", String(event)).toBe(kind === "delivered");
    if (kind === "delivered") expect(listed.get(event)).toContain(`→ ${node}`);
  }
});

test("the end stays in view while the lab goes on, and not when the reader has gone elsewhere", async ({ page }) => {
  const errors = await open(page, "?lang=ko&expert");
  await stepTo(page, "transfer");
  const last = async (): Promise<number> =>
    Math.max(...(await page.getByTestId("arrow").evaluateAll((all) => all.map((one) => Number((one as HTMLElement).dataset["event"] ?? -1)))));
  const receives = (await frameOf(page)).events.filter(({ what }) => what.is === "receive");
  await expect.poll(last).toBe(receives.at(-1)?.index);
  const flying = (await frameOf(page)).wires.flatMap((wire) => wire.frames);
  await expect(page.locator(".arrow-of.flying")).toHaveCount(flying.length);
  await expect(page.locator(".space-now")).toBeInViewport();
  await scrollTo(page, 0);
  await press(page, "step");
  await expect.poll(() => page.locator(".space-scroll").evaluate((one) => one.scrollLeft)).toBe(0);
  // By keyboard: from arrow to arrow, and into the moment before one came.
  await page.getByTestId("arrow").first().focus();
  await page.keyboard.press("ArrowRight");
  const second = page.getByTestId("arrow").nth(1);
  await expect(second).toBeFocused();
  const event = Number(await second.getAttribute("data-event"));
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(event);
  expect(errors).toEqual([]);
});
