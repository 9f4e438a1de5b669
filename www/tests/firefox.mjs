/**
 * The page in Firefox, through geckodriver: the same walk that Playwright takes in Chromium.
 *
 * `node tests/firefox.mjs`; GECKODRIVER names the driver.
 */
import assert from "node:assert/strict";

import { preview } from "vite";

import { startFirefox } from "./browsers.mjs";

const page = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "warn" });
const address = page.resolvedUrls.local[0];
const { send, session, name, close } = await startFirefox();
console.log(name);
try {
  await walk();
} finally {
  await close();
  await page.close();
}
console.log("the walk in Firefox has passed");

/** A whole synchronisation, a write, a cut that heals, the way back, and the other language. */
async function walk() {
  await send("POST", `${session}/window/rect`, { width: 1440, height: 900 });
  await send("POST", `${session}/timeouts`, { script: 60_000, pageLoad: 60_000 });
  await send("POST", `${session}/url`, { url: `${address}?lang=en&scenario=full-sync` });

  /** Runs a function in the page, with the lab and a way to find its parts. */
  const run = (act, ...args) =>
    send("POST", `${session}/execute/async`, {
      args,
      script: `
        const done = arguments[arguments.length - 1];
        const lab = document.querySelector("replica-lab");
        const find = (id) => lab.shadowRoot?.querySelector('[data-testid="' + id + '"]');
        const until = async (holds) => {
          for (let tries = 0; tries < 3000; tries++) {
            if (holds()) return true;
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
          throw new Error("it never came to this: " + holds);
        };
        (${act})({ lab, find, until }, ...Array.from(arguments).slice(0, -1)).then(
          (value) => done({ value }),
          (error) => done({ error: String(error) }),
        );`,
    }).then(({ value, error }) => {
      if (error !== undefined) throw new Error(error);
      return value;
    });

  const opened = await run(async ({ lab, find, until }) => {
    window.complaints = [];
    addEventListener("error", ({ message }) => window.complaints.push(message));
    addEventListener("securitypolicyviolation", ({ violatedDirective }) =>
      window.complaints.push(violatedDirective),
    );
    await until(() => find("lab") && lab.frame);
    return { isolation: lab.frame.isolation, cursor: lab.frame.cursor, hash: lab.frame.hash };
  });
  assert.equal(opened.isolation, "workers");
  assert.equal(opened.cursor, 0);

  await run(async ({ find, until }) => {
    find("chapter-snapshot").click();
    await until(() => find("caption").dataset.stage === "snapshot");
  });
  await type("SET typed-in-firefox 안녕");
  const synced = await run(async ({ lab, find, until }) => {
    await until(() => lab.frame.nodes[0].replicas.every((replica) => replica.buffered > 0));
    find("chapter-steady").click();
    await until(() => find("caption").dataset.stage === "steady");
    const key = (node) => node.keys.window.find(({ key }) => key === "typed-in-firefox")?.value;
    return {
      offsets: lab.frame.nodes.map(({ offset }) => offset),
      keys: lab.frame.nodes.map(key),
      cursor: lab.frame.cursor,
      hash: lab.frame.hash,
    };
  });
  assert.deepEqual(synced.keys, ["안녕", "안녕", "안녕"]);
  assert.equal(new Set(synced.offsets).size, 1);

  const again = await run(async ({ lab, find, until }, cursor) => {
    find("start").click();
    await until(() => lab.frame.cursor === 0);
    const first = lab.frame.hash;
    find("end").click();
    await until(() => lab.frame.cursor === cursor);
    return { first, last: lab.frame.hash };
  }, synced.cursor);
  assert.deepEqual(again, { first: opened.hash, last: synced.hash });

  const healed = await run(async ({ lab, find, until }) => {
    find("cut").dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true }));
    await until(() => lab.frame.cuts.length === 1);
    find("heal").dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true }));
    await until(() => lab.frame.cuts.length === 0);
    find("play").click();
    const log = () => lab.frame.nodes[0].log.map(({ text }) => text).join("\\n");
    await until(() => /Partial resynchronization request from .* accepted/.test(log()));
    return true;
  });
  assert.ok(healed);

  const korean = await run(async ({ find, until }) => {
    find("language").click();
    await until(() => /[가-힣]/.test(find("caption").textContent));
    return window.complaints;
  });
  assert.deepEqual(korean, []);
}

/** Types a line at the prompt as a person does: key by key, and Enter. */
async function type(line) {
  const prompt = await send("POST", `${session}/execute/sync`, {
    args: [],
    script: `return document.querySelector("replica-lab").shadowRoot.querySelector("[data-testid=prompt]")`,
  });
  const [element] = Object.values(prompt);
  await send("POST", `${session}/element/${element}/value`, { text: `${line}\uE007` });
}
