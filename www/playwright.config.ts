import { defineConfig } from "@playwright/test";

/** Debian's Chromium, so that nothing is downloaded; elsewhere, name another one. */
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "tests",
  testMatch: "*.spec.ts",
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  reporter: "list",
  use: {
    viewport: { width: 1_440, height: 900 },
    launchOptions: {
      executablePath,
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
    },
  },
  projects: [
    // The element, fed by hand: needs no engine.
    {
      name: "fixture",
      testMatch: "fixture.spec.ts",
      use: { baseURL: "http://127.0.0.1:4174/tests/fixtures/" },
    },
    // The built page with its engine.
    { name: "page", testIgnore: "fixture.spec.ts", use: { baseURL: "http://127.0.0.1:4173/" } },
  ],
  webServer: [
    {
      command: "npx vite --config tests/fixtures/vite.config.ts",
      url: "http://127.0.0.1:4174/tests/fixtures/",
      reuseExistingServer: true,
    },
    {
      command: "npx vite preview --port 4173 --strictPort",
      url: "http://127.0.0.1:4173/",
      reuseExistingServer: true,
      ignoreHTTPSErrors: true,
    },
  ],
});
