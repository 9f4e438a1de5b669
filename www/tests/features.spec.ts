/** What the page shows is what the engine does: states, logs, keys, the backlog, speed and search. */
import { execFileSync } from "node:child_process";

import { expect, test } from "@playwright/test";

import type { Frame } from "../src/engine/frame";
import { MASTER_STATES, REPLICA_STATES } from "../src/model/states";
import { frameOf, live, open, openScript, press, stepTo, type } from "./lab";

test("both halves of a link go through their states in order, one lit at a time", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await page.locator("[data-testid=node][data-node=replica1] .card-face").press("Enter");
  await page.getByTestId("dock-facts").click();
  const seen: Record<string, string[]> = { replica: [], master: [] };
  for (let steps = 0; steps < 400; steps++) {
    const lit = await page.locator("[data-testid=strip-of]").evaluateAll((all) =>
      all.map((one) => ({
        kind: one.dataset["kind"] ?? "",
        now: [...one.querySelectorAll("[aria-current=step]")].map((state) => state.textContent?.trim()),
      })),
    );
    for (const { kind, now } of lit) {
      expect(now.length).toBeLessThanOrEqual(1);
      const [state] = now;
      if (state !== undefined && seen[kind]?.at(-1) !== state) seen[kind]?.push(state);
    }
    if (seen["master"]?.at(-1) === "online" && seen["replica"]?.at(-1) === "connected") break;
    await press(page, "step");
  }
  const inOrder = (all: readonly string[], some: readonly string[]): readonly string[] =>
    all.filter((state) => some.includes(state));
  expect(seen["replica"]).toEqual(inOrder(REPLICA_STATES, seen["replica"] ?? []));
  // Diskless: nothing is sent from a file; no password is asked for.
  expect(seen["master"]).toEqual(["wait_bgsave_start", "wait_bgsave_end", "online"]);
  for (const state of ["connecting", "receive_ping_reply", "receive_psync_reply", "transfer"]) {
    expect(seen["replica"]).toContain(state);
  }
  expect(inOrder(MASTER_STATES, seen["master"] ?? [])).toEqual(seen["master"]);
});

test("a line of the log leads to the event in which it was printed", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "load");
  const { nodes, cursor } = await frameOf(page);
  const line = nodes[0]?.log.find(({ text }) => text.includes("Starting BGSAVE for SYNC"));
  expect(line).toBeDefined();
  await page.getByTestId("log").locator("button", { hasText: "Starting BGSAVE for SYNC" }).click();
  await expect.poll(async () => (await frameOf(page)).cursor).toBe((line?.event ?? -2) + 1);
  const there = await frameOf(page);
  expect(there.cursor).toBeLessThan(cursor);
  expect(there.nodes[0]?.log.map(({ index }) => index)).toContain(line?.index);
  for (const { event } of there.nodes[0]?.log ?? []) expect(event).toBeLessThan(there.cursor);
});

test("who changed a key is found, and no key differs when all is quiet", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "steady");
  const keys = page.getByTestId("keys");
  await expect(keys.locator("[data-mark=equal]").first()).toBeVisible();
  await expect(keys.locator("[data-mark=stale], [data-mark=missing], [data-mark=extra]")).toHaveCount(0);
  await type(page, "SET wanted first");
  await type(page, "SET wanted second");
  const last = async () => (await frameOf(page)).events.at(-1)?.what;
  await expect.poll(last).toMatchObject({ line: "SET wanted second" });
  const { cursor } = await frameOf(page);
  await expect(keys.locator("[data-key=wanted][data-mark=missing]")).toHaveCount(2);
  await type(page, "SET another key");
  await press(page, "step");
  await page.locator("[data-testid=key-who][data-key=wanted]").click();
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(cursor);
  expect(await last()).toMatchObject({ line: "SET wanted second" });
});

test("a replica that was away for too long is lost on the ring, as INFO has it", async ({ page }) => {
  test.setTimeout(120_000);
  await open(page, "?lang=en&scenario=backlog-overrun");
  const cursor = page.locator("[data-testid=cursor][data-state=lost]");
  for (let tries = 0; tries < 40 && (await cursor.count()) === 0; tries++) {
    await live(page, (await frameOf(page)).cursor + 10);
  }
  await expect(cursor).toHaveCount(1);
  await expect(page.locator(".cursor-line.lost")).toContainText("a full resync is needed");
  const [master, replica] = (await frameOf(page)).nodes;
  expect(replica?.upstream?.processed ?? 0).toBeLessThan((master?.backlog?.first ?? 0) - 1);
  await type(page, "INFO replication");
  const reply = async (): Promise<string> =>
    (await frameOf(page)).nodes[0]?.prompt.at(-1)?.reply ?? "";
  await expect.poll(reply).toContain("repl_backlog_histlen");
  const { backlog } = (await frameOf(page)).nodes[0] ?? {};
  expect(await reply()).toContain(`repl_backlog_first_byte_offset:${backlog?.first}`);
  expect(await reply()).toContain(`repl_backlog_histlen:${backlog?.histlen}`);
});

test("the lane of the RDB counts its bytes and names its section", async ({ page }) => {
  await open(page, "?lang=en");
  const old = await page.evaluateHandle(() => document.querySelector("replica-lab")?.frame);
  await page.getByTestId("restart-disk").click();
  // The old lab stays until the other is there.
  await page.waitForFunction((old) => document.querySelector("replica-lab")?.frame !== old, old);
  const sections = new Set<string>();
  const all: Frame[] = [];
  await stepTo(page, "snapshot");
  for (let steps = 0; steps < 60; steps++) {
    const frame = await frameOf(page);
    const { snapshot } = frame.nodes[0] ?? {};
    if (snapshot) {
      sections.add(snapshot.section);
      const told = `key ${snapshot.keysDone} of ${snapshot.keysTotal} · ${snapshot.section}`;
      await expect(page.getByTestId("snapshot")).toHaveAttribute("aria-label", new RegExp(told));
    }
    if (frame.nodes[1]?.upstream?.transfer?.form === "counted") all.push(frame);
    if (all.length > 1) break;
    await press(page, "step");
  }
  expect([...sections]).toContain("db 0");
  const transfer = all.at(-1)?.nodes[1]?.upstream?.transfer;
  expect(transfer?.total).toBeGreaterThan(0);
});

test("how fast it is played changes nothing in what happens", async ({ page }) => {
  test.setTimeout(120_000);
  const hashes: string[] = [];
  for (const power of ["2", "-1.5"]) {
    await open(page, "?lang=en");
    await page.getByTestId("speed").fill(power);
    await page.getByTestId("play").click();
    await expect.poll(async () => (await frameOf(page)).cursor, { timeout: 60_000 }).toBeGreaterThan(60);
    await page.getByTestId("play").click();
    await page.getByTestId("scrubber").fill("60");
    await expect.poll(async () => (await frameOf(page)).cursor).toBe(60);
    hashes.push((await frameOf(page)).hash);
  }
  expect(hashes[0]).toBe(hashes[1]);
});

test("what it is built from, and what it does not do, is one click away", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("help").click();
  const commit = execFileSync("git", ["rev-parse", "--short=10", "HEAD"], { encoding: "utf8" });
  const badge = page.getByTestId("badge");
  await expect(badge).toContainText(`commit ${commit.trim()}`);
  await expect(badge).toContainText("Redis 7.2.4");
  await expect(badge).toContainText("cluster, modules, AOF");
});

const TWO = `
node master snapshot=32KiB
node replica1 --replicaof "master 6379"
`;

test("the 5 s of repl-diskless-sync-delay pass in one step of the size of a phase", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await openScript(page, TWO);
  const before = await stepTo(page, "delay");
  expect(before.elapsed).toBeLessThan(10);
  await page.getByTestId("stride-phase").click();
  await expect(page.getByTestId("next")).toContainText("Background RDB transfer started");
  const after = await press(page, "step");
  expect(after.elapsed).toBe(5_000);
  expect(after.nodes[0]?.snapshot?.target).toBe("sockets");
  const lines = after.nodes[0]?.log.filter(({ event }) => event >= before.cursor) ?? [];
  expect(lines[0]?.text).toContain("Starting BGSAVE for SYNC with target: replicas sockets");
});

test("who skips idle time never sees it pass: the delay is gone from event to event", async ({ page }) => {
  await open(page, "?lang=en");
  await openScript(page, TWO);
  await stepTo(page, "delay");
  await page.evaluate(() => {
    const lab = document.querySelector("replica-lab");
    if (lab === null) return;
    const shown: [number, boolean][] = [];
    const update = lab.requestUpdate.bind(lab);
    lab.requestUpdate = (...change) => {
      const { elapsed = 0, wires = [] } = lab.frame ?? {};
      shown.push([elapsed, wires.some(({ frames }) => frames.length > 0)]);
      update(...change);
    };
    Object.assign(window, { shown });
  });
  await expect(page.getByTestId("skip-idle")).toHaveAttribute("aria-pressed", "true");
  await page.getByTestId("play").click();
  await expect.poll(async () => (await frameOf(page)).elapsed, { timeout: 60_000 }).toBeGreaterThan(5_000);
  const shown = await page.evaluate(() => (window as unknown as { shown: [number, boolean][] }).shown);
  // While nothing flies, the clock stands at an event, or just behind: at the beginning, or at a second.
  const idle = shown.filter(([, flies]) => !flies).map(([elapsed]) => elapsed);
  expect(new Set(idle.map((elapsed) => Math.floor(elapsed / 1_000))).size).toBeGreaterThanOrEqual(4);
  const between = idle.filter((elapsed) => elapsed < 5_000 && elapsed % 1_000 > 50);
  expect(between).toEqual([]);
});
