/** The dataset of any server, taken home: a real redis-server reads it, and has the same. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, type Page, test } from "@playwright/test";

import { frameOf, live, open, openScript, replyOf } from "./lab";

/** Something of each type, in each of the forms that an RDB has for it. */
const SCRIPT = `
seed 5
node master --repl-diskless-sync-delay 0 --profile 7.0
node replica --profile 7.0
wire latency=1ms
master> DEBUG POPULATE 300 key 64
replica> REPLICAOF master 6379
run 1s
master> SET text "안녕"
master> SET number 41
master> INCR number
master> SET lasting x EXAT 4102444800
master> RPUSH list a 2 c
master> SADD numbers 1 2 3
master> SADD words one two
master> HSET hash f v g ${"w".repeat(100)}
master> ZADD scores 1.5 a -inf b
master> XADD stream 1-1 f v
master> XGROUP CREATE stream group 0
master> SELECT 3
master> SET elsewhere y
run 2s
`;

/** How many keys that are: the one in database 3 is the last. */
const KEYS = 310;

/** Takes the dataset of a server home, under this path. */
async function download(page: Page, name: string, path: string): Promise<void> {
  await page.locator(`[data-testid=node-faults][data-node=${name}]`).click();
  const download = page.waitForEvent("download");
  await page.getByTestId("download").click();
  const file = await download;
  expect(file.suggestedFilename()).toBe(`${name}.rdb`);
  await file.saveAs(path);
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a redis-server that begins with this file has in it. */
async function digestOf(dir: string, name: string): Promise<string> {
  const port = String(await freePort());
  const options = { port, dir, dbfilename: name, save: "", "enable-debug-command": "yes" };
  const words = Object.entries(options).flatMap(([key, value]) => [`--${key}`, value]);
  const server = spawn("redis-server", words, { stdio: "ignore" });
  const cli = (...words: string[]): string =>
    execFileSync("redis-cli", ["-p", port, ...words], { encoding: "utf8", stdio: "pipe" }).trim();
  const answer = (): string => {
    try {
      return cli("PING");
    } catch {
      return "";
    }
  };
  await expect.poll(answer).toBe("PONG");
  const digest = cli("DEBUG", "DIGEST");
  const ended = new Promise((resolve) => server.on("exit", resolve));
  server.kill();
  await ended;
  return digest;
}

test("what is taken home of any server is what redis-server has when it has read it", async ({
  page,
}) => {
  const errors = await open(page, "?lang=en&expert");
  await openScript(page, SCRIPT);
  const totals = async (): Promise<(number | undefined)[]> =>
    (await frameOf(page)).nodes.map(({ keys }) => keys.total);
  while ((await totals())[1] !== KEYS) await live(page, (await frameOf(page)).cursor + 20);
  expect(await totals()).toEqual([KEYS, KEYS]);
  const digests = async (): Promise<readonly string[]> => [
    await replyOf(page, "master", "DEBUG DIGEST"),
    await replyOf(page, "replica", "DEBUG DIGEST"),
  ];
  const same = await digests();
  expect(same[0]).toMatch(/^(?!0{40})[0-9a-f]{40}$/);
  expect(same[1]).toBe(same[0]);
  // From here on they differ, so neither file can be taken for the other.
  expect(await replyOf(page, "replica", "CONFIG SET replica-read-only no")).toBe("OK");
  expect(await replyOf(page, "replica", "SET here only")).toBe("OK");
  const [master, replica] = await digests();
  expect(replica).not.toBe(master);
  const dir = mkdtempSync(join(tmpdir(), "download-"));
  try {
    for (const [name, digest] of [["master", master], ["replica", replica]] as const) {
      const file = `${name}.rdb`;
      await download(page, name, join(dir, file));
      const checked = execFileSync("redis-check-rdb", [join(dir, file)], { encoding: "utf8" });
      expect(checked).toContain("RDB looks OK!");
      expect(await digestOf(dir, file)).toBe(digest);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  expect(errors).toEqual([]);
});
