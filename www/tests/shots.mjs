/**
 * Pictures of the built page: `node tests/shots.mjs [--readme] [name…]`.
 *
 * A name is width-scheme-language-state, with `-still`, `-forced` or `-full` behind it if wanted:
 * `375-dark-ko-snapshot`. What is named is written to tests/shots, for eyes; `--readme` makes the
 * README's pictures anew. A state is reached by doing what a visitor would, in virtual time: the
 * same page gives the same picture.
 */
import { mkdirSync } from "node:fs";

import { chromium } from "@playwright/test";
import { preview } from "vite";

const README = [
  "1440-light-en-snapshot",
  "1440-dark-ko-piece",
  "1440-light-en-psync",
  "1440-light-ko-fault",
  "1440-dark-en-info",
  "1440-light-ko-lesson",
  "1440-dark-ko-library",
];
const HEIGHTS = { 1440: 900, 1280: 720, 1024: 768, 768: 1024, 375: 812, 320: 640 };

/** How each state is reached. */
const STATES = {
  start: async () => undefined,
  snapshot: async (page) => {
    await chapter(page, "snapshot");
    await type(page, 'SET greeting "written meanwhile"');
    await type(page, "INCR visits");
    await steps(page, 6);
  },
  steady: (page) => chapter(page, "steady"),
  merged: async (page) => {
    await chapter(page, "steady");
    await page.getByTestId("merge").click();
  },
  piece: async (page) => {
    await chapter(page, "snapshot");
    await expert(page);
    await type(page, "SET counter 41");
    await type(page, "SET counter 42");
    await page.getByTestId("piece").last().click();
    await page.getByTestId("part").first().waitFor();
  },
  rdb: async (page) => {
    await chapter(page, "snapshot");
    await expert(page);
    const rdb = page.locator("[data-testid=flight][data-frame=rdb]");
    while ((await rdb.count()) === 0) await steps(page, 1);
    await rdb.first().press("Enter");
    await page.getByTestId("part").first().waitFor();
  },
  psync: async (page) => {
    await chapter(page, "delay");
    await expert(page);
    await page.getByTestId("dock-spacetime").click();
  },
  fault: async (page) => {
    await chapter(page, "steady");
    await page.getByTestId("faults").first().press("Enter");
    await page.getByTestId("cut").first().press("Enter");
    await type(page, "SET while-cut yes");
    await type(page, "LPUSH queue a b c");
    await steps(page, 3);
  },
  info: async (page) => {
    await chapter(page, "steady");
    await expert(page);
    await page.getByTestId("dock-facts").click();
    await type(page, "SET k v");
  },
  crash: async (page) => {
    await chapter(page, "steady");
    await page.locator("[data-testid=node][data-node=replica1] .card-face").press("Enter");
    await type(page, "DEBUG PANIC");
    await page.getByTestId("crash").waitFor();
  },
  lesson: async (page) => {
    await page.getByTestId("library").click();
    await page.getByTestId("lesson-writes-during-the-snapshot").click();
    const lesson = page.getByTestId("lesson");
    for (let turns = 0; turns < 3; turns++) {
      const phase = await lesson.and(page.locator("[data-phase=waiting], [data-phase=done]"));
      await phase.waitFor();
      if ((await lesson.getAttribute("data-phase")) === "waiting") {
        await page.getByTestId("lesson-skip").click();
      }
      await lesson.and(page.locator("[data-phase=done]")).waitFor();
      const next = page.getByTestId("lesson-next");
      if (turns === 2 || !(await next.isEnabled())) break;
      await next.click();
    }
  },
  // The file that DUMP names.
  dump: async (page) => {
    await page.getByTestId("library").click();
    await page.getByTestId("dump").click();
    await page.getByTestId("dump-file").setInputFiles(process.env["DUMP"]);
    await page.locator("[data-testid=dump-state][data-phase=done]").waitFor();
  },
  library: (page) => page.getByTestId("library").click(),
  exports: (page) => page.getByTestId("exports").click(),
  help: (page) => page.getByTestId("help").click(),
};

const asked = process.argv.slice(2);
const readme = asked.includes("--readme");
const names = [...(readme ? README : []), ...asked.filter((name) => name !== "--readme")];
const folder = readme ? "screenshots" : "tests/shots";
mkdirSync(folder, { recursive: true });
const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "warn" });
const [url] = server.resolvedUrls.local;
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    // The same page is the same pixels.
    "--disable-lcd-text",
    "--disable-partial-raster",
    "--disable-skia-runtime-opts",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
  ],
});
try {
  for (const name of names) await shoot(name);
} finally {
  await browser.close();
  await server.close();
}

async function shoot(name) {
  const [width, scheme, language, state, variant] = name.split("-");
  const context = await browser.newContext({
    // A visitor who has seen the first ten seconds before.
    storageState: {
      cookies: [],
      origins: [
        {
          origin: url.replace(/\/$/, ""),
          localStorage: [{ name: "replica-lab.opening", value: "seen" }],
        },
      ],
    },
    viewport: { width: Number(width), height: HEIGHTS[width] ?? 900 },
    colorScheme: scheme,
    reducedMotion: variant === "still" ? "reduce" : "no-preference",
    forcedColors: variant === "forced" ? "active" : "none",
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`${name}: ${error.message}`));
  await page.goto(`${url}?lang=${language}`);
  await page.getByTestId("lab").waitFor({ timeout: 20_000 });
  await STATES[state](page);
  // The pointer rests where it points to nothing.
  await page.mouse.move(0, 0);
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(300);
  const path = `${folder}/${name}.png`;
  await page.screenshot({ path, fullPage: variant === "full", animations: "disabled" });
  console.log(path);
  await context.close();
}

/** Runs until a chapter begins. */
async function chapter(page, name) {
  await page.getByTestId(`chapter-${name}`).click();
  await page.locator(`.chapter.now [data-testid=chapter-${name}]`).waitFor({ timeout: 30_000 });
}

async function expert(page) {
  await page.getByTestId("expert").click();
  await page.getByTestId("dock").waitFor();
}

async function type(page, line) {
  await moved(page, async () => {
    await page.getByTestId("prompt").fill(line);
    await page.getByTestId("prompt").press("Enter");
  });
}

async function steps(page, count) {
  for (let step = 0; step < count; step++) {
    await moved(page, () => page.getByTestId("step").click());
  }
}

/** Does what moves the lab, and waits for the next frame. */
async function moved(page, act) {
  const before = await page.evaluateHandle(() => document.querySelector("replica-lab").frame);
  await act();
  await page.waitForFunction((old) => document.querySelector("replica-lab").frame !== old, before);
}
