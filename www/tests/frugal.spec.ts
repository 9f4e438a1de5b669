/** What the page takes of its visitor's machine: time until it answers, frames, memory. */
import { deflateRawSync } from "node:zlib";

import { type CDPSession, expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo } from "./lab";

/** A slow phone, about: a quarter of this machine's speed, in every thread. */
async function throttle(page: Page, rate: number): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate });
  return devtools;
}

// How soon it answers is measured by `make measure`; here is what decides it, and needs no clock.
test("the first press is answered by what a first visit has fetched, on a slow processor too", async ({
  page,
}) => {
  await open(page, "?lang=en");
  await throttle(page, 4);
  await page.goto("about:blank");
  const asked: { readonly name: string; readonly cached: boolean }[] = [];
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const names = new Map<string, string>();
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => names.set(requestId, request.url));
  devtools.on("Network.responseReceived", ({ requestId, response }) => {
    const cached = response.fromDiskCache === true || response.status === 304;
    asked.push({ name: new URL(names.get(requestId) ?? "about:").pathname, cached });
  });
  await page.goto("?lang=en");
  expect(await page.evaluate(firstAnswer)).toBe(1);
  // Dialogs, the dock, lessons, and what the engine rarely calls come when they are wanted.
  const wanted = asked.filter(({ name }) => /later-|part\d|swift_bg|lesson|-dump/.test(name));
  expect(wanted).toEqual([]);
  expect(asked.filter(({ name, cached }) => /\.(js|css)$/.test(name) && !cached)).toEqual([]);
  expect(asked.length).toBeGreaterThan(5);
  expect(asked.length).toBeLessThanOrEqual(12);
});

/** Presses "step" as soon as it is there; how many events have happened when that is shown. */
async function firstAnswer(): Promise<number> {
  const lab = document.querySelector("replica-lab");
  const soon = () => new Promise((resolve) => setTimeout(resolve, 5));
  const step = (): HTMLElement | null =>
    lab?.shadowRoot?.querySelector<HTMLElement>("[data-testid=step]") ?? null;
  while (step() === null) await soon();
  step()?.click();
  while ((lab?.frame?.cursor ?? 0) === 0) await soon();
  return lab?.frame?.cursor ?? 0;
}

test("any of 10,000 events is painted as it was, however often one jumps", async ({ page }) => {
  const link = deflateRawSync(Buffer.from(`1 ${EVENTS} 7 0 0\n\n\n\nfull-sync`)).toString("base64url");
  await open(page, `?lang=en#s=${link}`);
  await expect.poll(async () => (await frameOf(page)).cursor, { timeout: 90_000 }).toBe(EVENTS);
  const first = await page.evaluate(scrub, EVENTS);
  for (const { there, frame, painted } of first) {
    expect(frame.cursor).toBe(there);
    expect(painted).toEqual({
      count: `${there} / ${EVENTS}`,
      head: t(frame.head),
      last: there - 1,
      others: 0,
      place: String(there),
    });
  }
  // Whoever comes back sees what was there, drawn by no more than before: nothing piles up.
  const again = await page.evaluate(scrub, EVENTS);
  expect(again).toEqual(first);
});

const EVENTS = 10_000;

const t = (count: number): string => count.toLocaleString("en");

/** Goes to a hundred places, by the line of history; what was there, and what was painted of it. */
async function scrub(length: number) {
  const lab = document.querySelector("replica-lab");
  const root = lab?.shadowRoot;
  const line = root?.querySelector<HTMLInputElement>("[data-testid=scrubber]");
  const seen = [];
  for (let place = 1; seen.length < 100; ) {
    place = (place * 48_271) % 2_147_483_647;
    const there = place % length;
    if (line) line.value = String(there);
    line?.dispatchEvent(new Event("input", { bubbles: true }));
    while (lab?.frame?.cursor !== there) await new Promise((done) => setTimeout(done));
    await lab.updateComplete;
    const events = [...(root?.querySelectorAll<HTMLElement>("[data-testid=event]") ?? [])];
    const last = Number(events.at(-1)?.dataset["index"]);
    const painted = {
      count: root?.querySelector(".events .section-note")?.textContent,
      head: root?.querySelector("[data-testid=head] strong")?.textContent,
      last,
      // Each row tells of the event behind the one before it.
      others: events.filter(
        (one, row) => Number(one.dataset["index"]) !== last - events.length + 1 + row,
      ).length,
      place: line?.value,
    };
    const { cursor, hash, nodes } = lab.frame;
    // Chapters that were not known before have a mark from now on.
    const elements = root?.querySelectorAll(":not(.scrubber-marks *)").length;
    seen.push({ there, frame: { cursor, hash, head: nodes[0]?.offset ?? 0 }, painted, elements });
  }
  return seen;
}

/** Counts what asks to be called before each painting. */
async function countFrames(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const original = requestAnimationFrame.bind(window);
    Object.assign(window, { asked: 0 });
    window.requestAnimationFrame = (callback) => {
      (window as unknown as { asked: number }).asked++;
      return original(callback);
    };
  });
  return () => page.evaluate(() => (window as unknown as { asked: number }).asked);
}

test("a page at rest asks for no animation frame, and paints nothing", async ({ page }) => {
  const asked = await countFrames(page);
  await open(page, "?lang=en&expert");
  await stepTo(page, "delay");
  await press(page, "step");
  const before = await asked();
  const painted = await paints(page, 1_000);
  expect(await asked()).toBe(before);
  expect(painted).toBe(0);
});

/** How often the page's element changes in a while. */
function paints(page: Page, millis: number): Promise<number> {
  return page.evaluate(async (millis) => {
    let changes = 0;
    const root = document.querySelector("replica-lab")?.shadowRoot;
    const watch = new MutationObserver((all) => (changes += all.length));
    const options = { subtree: true, childList: true, attributes: true, characterData: true };
    if (root) watch.observe(root, options);
    await new Promise((resolve) => setTimeout(resolve, millis));
    watch.disconnect();
    return changes;
  }, millis);
}

test("a page that plays and is hidden stands still, and goes on when it is seen", async ({
  page,
}) => {
  const asked = await countFrames(page);
  await open(page, "?lang=en");
  await page.getByTestId("play").click();
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(0);
  await hide(page, true);
  const { cursor } = await frameOf(page);
  await page.waitForTimeout(100);
  const [before, from] = [await asked(), await frameOf(page)];
  await page.waitForTimeout(1_000);
  expect(await asked()).toBe(before);
  expect((await frameOf(page)).cursor).toBe(from.cursor);
  expect(from.cursor - cursor).toBeLessThanOrEqual(1);
  await hide(page, false);
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(from.cursor);
});

/** What a browser does when another tab is chosen; headless ones have no tabs to choose. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    const state = hidden ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

test("a lab that is scrolled out of sight stands still", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("play").click();
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(0);
  await page.evaluate(() => {
    const above = document.createElement("div");
    above.style.height = "300vh";
    document.body.prepend(above);
    scrollTo(0, 0);
  });
  await page.waitForTimeout(300);
  const { cursor } = await frameOf(page);
  await page.waitForTimeout(1_000);
  expect((await frameOf(page)).cursor).toBe(cursor);
});

test("three servers and their page take less than 64 MB", async ({ page }) => {
  // Browsers tell what a page and its Workers use only if no other page can listen in; what they
  // tell leaves out the memory of WebAssembly, so each instance is asked for its own.
  await page.addInitScript(keepMemory);
  await page.route("**/*", async (route) => {
    const response = await route.fetch();
    const headers = {
      ...response.headers(),
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    };
    const isWorker = /engine\.worker/.test(route.request().url());
    const body = isWorker ? { body: `(${keepMemory})();${await response.text()}` } : {};
    await route.fulfill({ response, headers, ...body });
  });
  await open(page, "?lang=en&expert");
  await page.getByTestId("until").selectOption("synced");
  await stepTo(page, "steady");
  const { bytes } = await page.evaluate(measure);
  const servers = await Promise.all(page.workers().map((one) => one.evaluate(engineBytes)));
  const conductor = await page.evaluate(engineBytes);
  expect(servers.length).toBe(3);
  expect(Math.min(...servers, conductor)).toBeGreaterThan(1_000_000);
  const all = servers.reduce((sum, one) => sum + one, conductor + bytes);
  console.log(`page and three servers take ${(all / 1e6).toFixed(1)} MB`);
  expect(all).toBeLessThan(64_000_000);
});

/** Remembers the memory of every WebAssembly module that is made in this page or Worker. */
function keepMemory(): void {
  const memories: WebAssembly.Memory[] = [];
  Object.assign(globalThis, { memories });
  const keep = ({ exports }: WebAssembly.Instance): void => {
    memories.push(exports["memory"] as WebAssembly.Memory);
  };
  // The page fetches the module; a Worker is given it.
  const { instantiate, instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const made = await instantiateStreaming(source, imports);
    keep(made.instance);
    return made;
  };
  const instantiated = async (module: WebAssembly.Module, imports?: WebAssembly.Imports) => {
    const instance = await instantiate(module, imports);
    keep(instance);
    return instance;
  };
  WebAssembly.instantiate = instantiated as typeof WebAssembly.instantiate;
}

function engineBytes(): number {
  const { memories } = globalThis as unknown as { memories: readonly WebAssembly.Memory[] };
  return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

function measure(): Promise<{ readonly bytes: number }> {
  return (
    performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
  ).measureUserAgentSpecificMemory();
}
