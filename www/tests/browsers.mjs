/**
 * Browsers that are started without Playwright's test runner: Firefox through geckodriver, whose
 * protocol is HTTP with JSON, so nothing else is needed; Chromium beside it, for what both shall do.
 *
 * GECKODRIVER names Firefox' driver, CHROMIUM the other browser. Each is a group of processes of
 * its own, `group`, which ends with this process at the latest.
 */
import { spawn } from "node:child_process";
import { createServer } from "node:net";

import { chromium } from "@playwright/test";

/** Firefox; `send` says a command of WebDriver, `open` gives what evaluates in a page. */
export async function startFirefox() {
  const port = await freePort();
  const driver = spawn(process.env["GECKODRIVER"] ?? "geckodriver", ["--port", String(port)], {
    stdio: "ignore",
    detached: true,
  });
  driver.on("error", (error) => {
    console.error(`geckodriver does not start: ${error.message}`);
    process.exit(1);
  });
  const end = endWithThis(driver.pid);

  async function send(method, path, body) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(method === "POST" ? { body: JSON.stringify(body ?? {}) } : {}),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  await answering(async () => (await send("GET", "/status")).ready);
  const { sessionId, capabilities } = await send("POST", "/session", {
    capabilities: { alwaysMatch: { "moz:firefoxOptions": { args: ["-headless"] } } },
  });
  const session = `/session/${sessionId}`;

  async function open(url) {
    await send("POST", `${session}/timeouts`, { script: 600_000, pageLoad: 60_000 });
    await send("POST", `${session}/url`, { url });
    return async (code) => {
      const { value, error } = await send("POST", `${session}/execute/async`, {
        args: [],
        script: `const [done] = arguments;
          (async () => ${code})().then((value) => done({ value }), (error) => done({ error: String(error) }));`,
      });
      if (error !== undefined) throw new Error(error);
      return value;
    };
  }

  const close = async () => {
    await send("DELETE", session);
    end();
  };
  return { name: `Firefox ${capabilities.browserVersion}`, send, session, open, group: driver.pid, close };
}

/** Chromium; `open` gives what evaluates in a page. */
export async function startChromium() {
  const server = await chromium.launchServer({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  const browser = await chromium.connect(server.wsEndpoint());
  const open = async (url) => {
    const page = await browser.newPage();
    await page.goto(url);
    return (code) => page.evaluate(code);
  };
  const close = () => server.close();
  return { name: `Chromium ${browser.version()}`, open, group: server.process().pid, close };
}

/** Ends a group of processes when it is wanted, and when this process ends, whatever state it is in. */
function endWithThis(group) {
  const end = () => {
    process.off("exit", end);
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  process.on("exit", end);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  return end;
}

async function answering(ready) {
  for (let tries = 0; tries < 100; tries++) {
    try {
      if (await ready()) return;
    } catch {
      // Not yet: nobody listens there.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("geckodriver does not answer");
}

/** A port on loopback that nobody listens on. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
