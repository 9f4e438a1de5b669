/** The reader's own dump.rdb: files that a real redis-server has written, read in the page. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, copyFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, type } from "./lab";

/** A real server of the newest kind that is installed, and what it saves. */
class RealRedis {
  readonly folder = mkdtempSync(join(tmpdir(), "replica-lab-dump-"));
  readonly #port: number;
  readonly #process: ChildProcess;

  private constructor(port: number) {
    this.#port = port;
    const settings = ["--port", String(port), "--dir", this.folder, "--save", ""];
    const more = ["--enable-debug-command", "yes", "--rdbcompression", "no", "--bind", "127.0.0.1"];
    this.#process = spawn("redis-server", [...settings, ...more], { stdio: "ignore" });
  }

  static async start(): Promise<RealRedis> {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
      });
    });
    const redis = new RealRedis(port);
    await expect.poll(() => redis.#alive(), { timeout: 15_000 }).toBe(true);
    return redis;
  }

  #alive(): boolean {
    try {
      return this.cli("PING") === "PONG";
    } catch {
      return false;
    }
  }

  cli(...words: string[]): string {
    const options = { encoding: "utf8" as const, stdio: ["ignore" as const, "pipe" as const, "ignore" as const] };
    return execFileSync("redis-cli", ["-p", String(this.#port), ...words], options).trim();
  }

  /** Saves, and answers where the file is. */
  save(name: string): string {
    this.cli("SAVE");
    const file = join(this.folder, name);
    copyFileSync(join(this.folder, "dump.rdb"), file);
    return file;
  }

  stop(): void {
    this.#process.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let redis: RealRedis;
let small: string;
let large: string;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  redis = await RealRedis.start();
  redis.cli("MSET", "greeting", "안녕하세요", "<img src=x onerror=alert(1)>", "<b>bold</b>", "number", "42");
  redis.cli("RPUSH", "list", ..."abcdefghij");
  redis.cli("HSET", "hash", "field", "x".repeat(100));
  redis.cli("SADD", "set", "1", "2", "3");
  redis.cli("ZADD", "zset", "1.5", "one");
  redis.cli("XADD", "stream", "1-1", "field", "value");
  redis.cli("SETEX", "soon", "600", "value");
  redis.cli("-n", "3", "SET", "elsewhere", "y".repeat(5_000));
  small = redis.save("small.rdb");
  redis.cli("DEBUG", "POPULATE", "110000", "page", "1000");
  large = redis.save("large.rdb");
});

test.afterAll(() => redis.stop());

async function choose(page: Page, file: string): Promise<void> {
  await page.getByTestId("library").click();
  await page.getByTestId("dump").click();
  await page.getByTestId("dump-file").setInputFiles(file);
}

const state = (page: Page) => page.getByTestId("dump-state");

test("what a real server has saved is told by type, encoding, size and expiry", async ({ page }) => {
  const errors = await open(page, "?lang=en");
  await choose(page, small);
  await expect(state(page)).toHaveAttribute("data-phase", "done");
  const version = redis.cli("INFO", "server").match(/redis_version:(\S+)/)?.[1] ?? "none";
  await expect(state(page)).toContainText(version);
  await expect(state(page)).toContainText("redis-bits");
  const kinds = page.getByTestId("dump.kinds");
  // The server's own words for each key.
  for (const key of ["greeting", "number", "list", "hash", "set", "zset", "stream", "soon"]) {
    const [kind, said] = [redis.cli("TYPE", key), redis.cli("OBJECT", "ENCODING", key)];
    // Debian's server is a 7.0; since 7.2 short lists are packed.
    const encoding = key === "list" ? "listpack" : said;
    const row = `tr:has(th:text-is("${kind}")):has(td:text-is("${encoding}"))`;
    await expect(kinds.locator(row)).toHaveCount(1);
  }
  const biggest = page.getByTestId("dump.biggest").locator("tbody tr");
  await expect(biggest).toHaveCount(10);
  await expect(biggest.first()).toContainText("elsewhere");
  await expect(page.getByTestId("dump.dbs").locator("tbody tr")).toHaveCount(2);
  await expect(page.getByTestId("dump-lives")).toContainText("less than an hour");
  // Names are text, whatever they look like.
  await expect(biggest.filter({ hasText: "<img src=x onerror=alert(1)>" })).toHaveCount(1);
  await expect(page.locator("img")).toHaveCount(0);
  expect(errors).toEqual([]);
});

test("a file of more than 100 MB is read while the page stays responsive", async ({ page }) => {
  test.setTimeout(120_000);
  expect(statSync(large).size).toBeGreaterThan(100_000_000);
  const errors = await open(page, "?lang=en");
  await page.evaluate(() => {
    const gaps: number[] = [];
    Object.assign(window, { gaps });
    let last = performance.now();
    setInterval(() => {
      gaps.push(performance.now() - last);
      last = performance.now();
    }, 10);
  });
  const began = Date.now();
  await choose(page, large);
  await expect(page.getByTestId("dump-progress")).toBeVisible();
  await expect(state(page)).toHaveAttribute("data-phase", "done", { timeout: 60_000 });
  const seconds = (Date.now() - began) / 1_000;
  const longest = await page.evaluate(() =>
    Math.max(...(window as unknown as { gaps: number[] }).gaps),
  );
  console.log(`110 MB in ${seconds.toFixed(1)} s; the page stood still for ${longest.toFixed(0)} ms at most`);
  expect(longest).toBeLessThan(500);
  await expect(state(page)).toContainText("110,010");
  await expect(page.getByTestId("dump-load")).toHaveCount(0);
  expect(errors).toEqual([]);
});

test("reading can be given up", async ({ page }) => {
  const errors = await open(page, "?lang=ko");
  const workers = page.workers().length;
  await page.evaluate(() => {
    // As soon as there is something to press.
    const root = document.querySelector("replica-lab")?.shadowRoot;
    const watch = new MutationObserver(() => {
      const button = root?.querySelector<HTMLElement>("[data-testid=dump-cancel]");
      if (button === null || button === undefined) return;
      watch.disconnect();
      button.click();
    });
    if (root) watch.observe(root, { childList: true, subtree: true });
  });
  await choose(page, large);
  await expect(state(page)).toHaveAttribute("data-phase", "cancelled");
  await expect.poll(() => page.workers().length).toBe(workers);
  expect(errors).toEqual([]);
});

test("a file that ends too early, or is damaged, says at which byte", async ({ page }) => {
  const cut = join(redis.folder, "cut.rdb");
  copyFileSync(small, cut);
  truncateSync(cut, 300);
  await open(page, "?lang=en");
  await choose(page, cut);
  await expect(page.getByTestId("dump-fault")).toContainText("ends at byte 300");
  const damaged = readFileSync(small);
  damaged[damaged.length - 12] = (damaged[damaged.length - 12] ?? 0) ^ 1;
  const files = page.getByTestId("dump-file");
  await files.setInputFiles({ name: "damaged.rdb", mimeType: "", buffer: damaged });
  await expect(page.getByTestId("dump-fault")).toContainText("checksum");
  await files.setInputFiles({ name: "cat.png", mimeType: "", buffer: Buffer.from("PNG is no dump") });
  await expect(page.getByTestId("dump-fault")).toContainText("Wrong signature");
});

test("a file that is dropped is read; a server can begin with it, and be followed", async ({ page }) => {
  const errors = await open(page, "?lang=en");
  const bytes = [...readFileSync(small)];
  await page.locator("replica-lab").evaluate((lab, bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], "dropped.rdb"));
    lab.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  }, bytes);
  await expect(state(page)).toHaveAttribute("data-phase", "done");
  await page.getByTestId("dump-load").click();
  await expect(page.getByTestId("dump-dialog")).toBeHidden();
  await expect.poll(async () => (await frameOf(page)).nodes.length).toBe(4);
  const of = async () => (await frameOf(page)).nodes[3];
  await expect
    .poll(async () => {
      await page.getByTestId("step").click();
      const { nodes } = await frameOf(page);
      // The scenario has its own orders for the replicas first.
      const ordered = [1, 2].every((place) =>
        nodes[place]?.log.some((line) => line.text.includes("REPLICAOF")),
      );
      return ordered ? nodes[3]?.keys.total : "not ordered";
    }, { timeout: 30_000 })
    .toBe(10);
  const name = (await of())?.name ?? "";
  await type(page, "GET greeting");
  await expect(page.getByTestId("history")).toContainText("안녕하세요");
  // And it is a server like any other.
  await page.keyboard.press("Escape");
  await page.keyboard.press("2");
  await type(page, `REPLICAOF ${name} 6379`);
  await page.getByTestId("play").click();
  await expect
    .poll(async () => (await frameOf(page)).nodes[1]?.keys.total, { timeout: 40_000 })
    .toBe(10);
  expect(errors).toEqual([]);
});
