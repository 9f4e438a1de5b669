/**
 * Pictures of the built page, for eyes: `node tests/shots.mjs [name…]` writes tests/shots/*.png.
 *
 * Each name is width-scheme-language-chapter[-variant], such as `1440-light-ko-snapshot`.
 */
import { mkdirSync } from "node:fs";

import { chromium } from "@playwright/test";
import { preview } from "vite";

const names = process.argv.slice(2);
const wanted = names.length > 0 ? names : ["1440-light-en-snapshot", "375-dark-ko-snapshot"];
const heights = { 1440: 900, 1280: 720, 1024: 768, 768: 1024, 375: 812, 320: 640 };
const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "warn" });
const url = server.resolvedUrls.local[0];
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
mkdirSync("tests/shots", { recursive: true });
for (const name of wanted) {
  const [width, scheme, language, chapter, variant] = name.split("-");
  const context = await browser.newContext({
    // A visitor who has seen the first ten seconds before.
    storageState: {
      cookies: [],
      origins: [{ origin: url.replace(/\/$/, ""), localStorage: [{ name: "replica-lab.opening", value: "seen" }] }],
    },
    viewport: { width: Number(width), height: heights[width] ?? 900 },
    colorScheme: scheme,
    reducedMotion: variant === "still" ? "reduce" : "no-preference",
    forcedColors: variant === "forced" ? "active" : "none",
  });
  const page = await context.newPage();
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && console.log(name, m.text()));
  page.on("pageerror", (error) => console.log(name, error.message));
  await page.goto(`${url}?lang=${language}`);
  await page.getByTestId("lab").waitFor({ timeout: 20_000 });
  await act(page, chapter, variant);
  await page.screenshot({ path: `tests/shots/${name}.png`, fullPage: variant === "full" });
  await context.close();
}
await browser.close();
await server.close();

/** Brings the page to where the picture is taken. */
async function act(page, chapter, variant) {
  if (chapter !== "start") {
    await page.getByTestId(`chapter-${chapter}`).click();
    await page
      .locator(`.chapter.now [data-testid=chapter-${chapter}]`)
      .waitFor({ timeout: 30_000 });
  }
  const type = async (line) => {
    await page.getByTestId("prompt").fill(line);
    await page.getByTestId("prompt").press("Enter");
  };
  if (variant === "write" || variant === "full") {
    await type("SET hello 안녕");
    await type("INCR visits");
    for (let i = 0; i < 6; i++) await page.getByTestId("step").click();
  }
  if (variant === "cut") {
    await page.getByTestId("cut").first().click();
    await type("SET while-cut yes");
    for (let i = 0; i < 5; i++) await page.getByTestId("step").click();
  }
  if (variant === "merge") await page.getByTestId("merge").click();
  if (variant === "help") await page.getByTestId("help").click();
  await page.waitForTimeout(1_200);
}
