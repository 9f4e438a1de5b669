/** The built page, and the element fed by hand, in Debian's Chromium; no browser is downloaded. */
import { defineConfig } from "@playwright/test";

/** Two ports of this run's own; its worker processes read them from the environment. */
const port = Number((process.env["LAB_PORT"] ??= String(20_000 + 2 * (process.pid % 10_000))));
const PAGE = `http://127.0.0.1:${port}/`;
/** Most tests are of a visitor who has seen the first ten seconds before. */
const seen = {
  cookies: [],
  origins: [
    { origin: PAGE.slice(0, -1), localStorage: [{ name: "replica-lab.opening", value: "seen" }] },
  ],
};
const FIXTURE = `http://127.0.0.1:${port + 1}/tests/fixtures/`;

export default defineConfig({
  testDir: "tests",
  // How long a busy machine may take says nothing of the page; what is fast is measured on its own.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  workers: 1,
  // A test that only passes the second time is named as flaky, for somebody to look at.
  retries: 1,
  reporter: [["line"]],
  use: {
    viewport: { width: 1440, height: 900 },
    locale: "en-US",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        // What a page uses is measured at once, and not at its next collection of garbage.
        "--enable-blink-features=ForceEagerMeasureMemory",
      ],
    },
  },
  projects: [
    { name: "fixture", testMatch: "fixture.spec.ts", use: { baseURL: FIXTURE } },
    {
      name: "page",
      testMatch: "**/*.spec.ts",
      testIgnore: "fixture.spec.ts",
      use: { baseURL: PAGE, storageState: seen },
    },
  ],
  webServer: [
    {
      command: `npm run --silent preview -- --port ${port} --strictPort`,
      url: PAGE,
      reuseExistingServer: false,
    },
    {
      command: `npm run --silent fixture -- --port ${port + 1} --strictPort`,
      url: FIXTURE,
      reuseExistingServer: false,
    },
  ],
});
