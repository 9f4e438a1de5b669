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

test("the page allows itself WebAssembly, its own files, and nothing else", async ({ page }) => {
  await open(page, "?lang=en");
  const policy = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  const rules = Object.fromEntries((policy ?? "").split("; ").map((rule) => rule.split(/ (.*)/s).slice(0, 2)));
  expect(rules).toEqual({
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self' blob:",
    "style-src": "'self'",
    "img-src": "'self' data:",
  });
  // And the browser obeys.
  const refused = await page.evaluate(async () => {
    const told: string[] = [];
    document.addEventListener("securitypolicyviolation", (event) => told.push(event.blockedURI));
    const script = document.createElement("script");
    script.textContent = "window.hit = true";
    document.body.append(script);
    await new Promise((done) => setTimeout(done, 50));
    return { told, hit: "hit" in window };
  });
  expect(refused).toEqual({ told: ["inline"], hit: false });
});

test("it leaves the page around it alone", async ({ page, context }) => {
  const asked = new Set<string>();
  page.on("request", (request) => asked.add(new URL(request.url()).protocol + new URL(request.url()).host));
  await page.addInitScript(() => Object.assign(window, { before: Object.keys(window) }));
  await open(page, "?lang=en&expert");
  const { host, protocol } = new URL(page.url());
  await stepTo(page, "snapshot");
  await type(page, "SET k v");
  await page.getByTestId("help").click();
  await page.getByTestId("term").first().waitFor();
  await page.keyboard.press("Escape");
  const left = await page.evaluate(() => {
    const { before } = window as unknown as { before: readonly string[] };
    const more = Object.keys(window).filter((name) => name !== "before" && !before.includes(name));
    return { more, sheets: document.adoptedStyleSheets.length, cookie: document.cookie };
  });
  // lit notes which of its versions are loaded.
  const more = left.more.filter((name) => !/^(lit|reactiveElement)[A-Z]/.test(name));
  expect({ ...left, more }).toEqual({ more: [], sheets: 0, cookie: "" });
  expect(await context.cookies()).toEqual([]);
  expect([...asked].filter((one) => one !== protocol + host && !one.startsWith("blob:") && !one.startsWith("data:"))).toEqual([]);
});

test("a wheel over any part of it scrolls the page around it", async ({ page }) => {
  await open(page, "?lang=en");
  await page.evaluate(() => {
    document.body.style.paddingBottom = "3000px";
  });
  for (const part of ["topology", "ruler", "transport"]) {
    await page.evaluate(() => scrollTo(0, 0));
    const box = await page.locator(`[part=${part}]`).boundingBox();
    if (box === null) throw new Error(`${part} is not there`);
    await page.mouse.move(box.x + box.width / 2, Math.min(box.y + box.height / 2, 880));
    await page.mouse.wheel(0, 300);
    await expect.poll(() => page.evaluate(() => scrollY), part).toBeGreaterThan(100);
  }
});
