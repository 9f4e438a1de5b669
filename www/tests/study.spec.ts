/** Looking closer: picked bytes, the inspector, the space-time diagram, faults and branches. */
import { readFileSync } from "node:fs";

import { expect, type Page, test } from "@playwright/test";

import { seriousFindings } from "./axe";
import { frameOf, open, press, stepTo, type } from "./lab";

/** Steps until something holds. */
async function stepUntil(page: Page, holds: () => Promise<boolean>): Promise<void> {
  for (let steps = 0; steps < 400; steps++) {
    if (await holds()) return;
    await press(page, "step");
  }
  throw new Error("it never came to this");
}

test("a write is the same bytes in the backlog, the buffers and the inspector", async ({ page }) => {
  const errors = await open(page, "?lang=en");
  await stepTo(page, "snapshot");
  const before = (await frameOf(page)).nodes[0]?.offset ?? 0;
  await type(page, "SET picked yes");
  await expect.poll(async () => (await frameOf(page)).nodes[0]?.offset).toBeGreaterThan(before);
  const written = ((await frameOf(page)).nodes[0]?.offset ?? 0) - before;
  // Conservation: what the write added to the offset waits in each replica's buffer.
  for (const replica of (await frameOf(page)).nodes[0]?.replicas ?? []) {
    expect(replica.buffered).toBe(written);
  }
  await page.getByTestId("piece").last().click();
  const inspector = page.getByTestId("inspector");
  await expect(inspector).toContainText("SET picked yes");
  await expect(inspector).toContainText("waits in the replication buffer");
  await expect(page.getByTestId("pick-span")).toContainText(String(before + written));
  const words = inspector.getByTestId("part").filter({ hasText: "argument" });
  await expect(words).toHaveCount(2);
  for (const place of ["ring", "backlog"]) {
    await expect(page.getByTestId(place).locator(".ring-picked, .picked-band")).toHaveCount(1);
  }
  await expect(page.locator("[data-testid=buffer] .picked-band")).toHaveCount(2);
  await expect(page.locator("[data-testid=replica-ruler] .picked-band")).toHaveCount(2);
  // On the wire, and then acknowledged: the same pick goes with the bytes.
  await stepUntil(page, async () => (await page.locator(".flight.picked").count()) > 0);
  await page.getByTestId("expert").click();
  await page.getByTestId("until").selectOption("synced");
  await page.getByTestId("dock-inspector").click();
  await expect(page.locator(".place.acked")).toHaveCount(2);
  expect(errors).toEqual([]);
});

test("what lies under the pointer is marked everywhere, until the pointer leaves", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "snapshot");
  const before = (await frameOf(page)).nodes[0]?.offset ?? 0;
  await type(page, "SET pointed at");
  await expect.poll(async () => (await frameOf(page)).nodes[0]?.offset).toBeGreaterThan(before);
  const piece = page.getByTestId("piece").last();
  await piece.hover();
  for (const place of ["ring", "backlog"]) {
    await expect(page.getByTestId(place).locator(".ring-picked, .picked-band")).toHaveCount(1);
  }
  await expect(page.locator("[data-testid=buffer] .picked-band")).toHaveCount(2);
  // It is a look, and no pick: nothing opens, and a click still picks.
  await expect(page.getByTestId("inspector")).toHaveCount(0);
  await page.mouse.move(0, 0);
  await expect(page.locator(".picked-band, .ring-picked, .piece.picked")).toHaveCount(0);
  await stepUntil(page, async () => (await page.locator("[data-testid=flight][data-frame=stream]").count()) > 0);
  const flight = page.locator("[data-testid=flight][data-frame=stream]").first();
  await flight.hover();
  await expect(flight).toHaveClass(/picked/);
  await expect(page.getByTestId("backlog").locator(".picked-band")).toHaveCount(1);
  await flight.click();
  await expect(page.getByTestId("inspector")).toBeVisible();
  await page.mouse.move(0, 0);
  await expect(flight).toHaveClass(/picked/);
  await expect(flight).toHaveAttribute("aria-pressed", "true");
});

test("an RDB is told section by section, and a part is marked in text and hex", async ({ page }) => {
  const errors = await open(page, "?lang=en&expert");
  await stepTo(page, "snapshot");
  const rdb = page.locator("[data-testid=flight][data-frame=rdb]");
  await stepUntil(page, async () => (await rdb.count()) > 0);
  await rdb.first().click();
  const sections = page.getByTestId("section");
  await expect(sections.first()).toHaveAttribute("data-what", "mark");
  const names = await sections.evaluateAll((all) => all.map((one) => one.getAttribute("data-what")));
  expect(names.slice(0, 5)).toEqual(["mark", "header", "aux", "db", "keys"]);
  const version = page.locator("[data-testid=part][data-what='rdb.version']");
  await expect(version).toContainText("0011");
  await version.hover();
  await expect(page.getByTestId("text").locator(".pointed")).toHaveText("0011");
  await expect(page.getByTestId("hex").locator(".pointed")).toHaveText("30 30 31 31 ");
  // And from a byte to its meaning.
  await page.getByTestId("hex").locator(".byte-run").first().hover();
  await expect(page.locator(".meaning.pointed")).toHaveAttribute("data-what", "rdb.mark");
  expect(errors).toEqual([]);
});

test("every message of the handshake is understood", async ({ page }) => {
  await open(page, "?lang=ko&expert");
  const labels = new Set<string>();
  await stepUntil(page, async () => {
    const frame = await frameOf(page);
    for (const one of frame.wires.flatMap((wire) => wire.frames)) labels.add(one.label);
    return frame.wires.some((wire) => wire.frames.some((one) => one.label.startsWith("PSYNC")));
  });
  await page.getByTestId("flight").first().click();
  // A server that was a master asks to go on with its own history.
  await expect(page.locator("[data-what='psync.offset']")).toContainText("1");
  await expect(page.locator("[data-what='psync.id']")).toContainText("복제 ID");
  expect([...labels].some((label) => label.startsWith("REPLCONF"))).toBe(true);
});

test("an arrow of the space-time diagram leads to the moment before it arrived", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await stepTo(page, "delay");
  const received = (await frameOf(page)).events.filter(({ what }) => what.is === "receive");
  const psync = received.find(
    ({ what }) => what.is === "receive" && what.label.startsWith("PSYNC"),
  );
  if (psync?.what.is !== "receive") throw new Error("no PSYNC was received");
  await page.locator(`[data-testid=arrow][data-id="${psync.what.id}"]`).press("Enter");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(psync.index);
  await expect(page.getByTestId("inspector")).toContainText(/PSYNC [0-9a-f]{8}… 1/);
});

test("steps have three sizes, forwards and backwards", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await page.getByTestId("stride-phase").click();
  const first = await press(page, "step");
  const second = await press(page, "step");
  expect(second.events.at(-1)?.weight).toBe("phase");
  const back = await press(page, "back");
  expect(back.cursor).toBe(first.cursor);
  expect(back.hash).toBe(first.hash);
  // The next one is named before it happens: known, or looked at without being lived.
  await expect(page.getByTestId("next")).toHaveText(back.nextPhase?.text ?? "");
  await page.getByTestId("stride-command").click();
  const command = await press(page, "step");
  expect(["command", "phase"]).toContain(command.events.at(-1)?.weight);
});

test("the next step is named before it happens, whatever its size", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await page.getByTestId("stride-phase").click();
  for (let steps = 0; steps < 6; steps++) {
    await expect.poll(async () => (await frameOf(page)).nextPhase).not.toBeNull();
    const before = await frameOf(page);
    // What was only looked at is not lived: nothing lies before the reader, and no branch.
    expect([before.length, before.branches.length]).toEqual([before.cursor, 1]);
    await expect(page.getByTestId("next")).toHaveText(before.nextPhase?.text ?? "");
    const after = await press(page, "step");
    expect(after.cursor - before.cursor).toBe(before.nextPhase?.events);
    const said = after.nodes.flatMap((node) => node.log.map((line) => line.text));
    expect(said.some((text) => before.nextPhase?.text.endsWith(text))).toBe(true);
  }
  await page.getByTestId("stride-command").click();
  await expect.poll(async () => (await frameOf(page)).nextCommand).not.toBeNull();
  const { nextCommand } = await frameOf(page);
  const command = await press(page, "step");
  expect(command.events.at(-1)).toMatchObject({ at: nextCommand?.at, node: nextCommand?.node });
});

test("acting in the past begins a branch, and the old future can be chosen again", async ({
  page,
}) => {
  await open(page, "?lang=en");
  await stepTo(page, "delay");
  const old = await frameOf(page);
  for (let steps = 0; steps < 5; steps++) await press(page, "back");
  await type(page, "SET other future");
  await expect(page.getByTestId("branch")).toHaveCount(2);
  await page.getByTestId("branch").first().click();
  await expect.poll(async () => (await frameOf(page)).length).toBe(old.length);
  await press(page, "end");
  expect((await frameOf(page)).hash).toBe(old.hash);
});

test("faults of wires and servers can be made, are shown, and end", async ({ page }) => {
  const errors = await open(page, "?lang=en&expert");
  await page.getByTestId("until").selectOption("synced");
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", /steady|apart/);
  await stepTo(page, "steady");
  await page.getByTestId("faults").first().click();
  const fault = (line: string) => page.locator(`[data-testid=fault][data-line="${line}"]`);
  await fault("stall master replica1").click();
  await expect(page.getByTestId("trouble-label")).toContainText("stalled");
  await expect(fault("stall master replica1")).toHaveAttribute("aria-pressed", "true");
  await fault("delay master replica1 200ms").click();
  await expect(page.getByTestId("trouble-label")).toContainText("200 ms");
  await fault("heal master replica1").click();
  await expect(page.getByTestId("trouble-label")).toHaveCount(0);
  await page.locator("[data-testid=node-faults][data-node=replica1]").click();
  await fault("crash replica1").click();
  await expect(page.locator("[data-testid=node][data-node=replica1]")).toContainText("process ended");
  await fault("restart replica1").click();
  await expect(page.locator("[data-testid=node][data-node=replica1]")).not.toContainText(
    "process ended",
  );
  expect(errors).toEqual([]);
});

test("a run stops within one event of what it waits for, and finds what changed", async ({
  page,
}) => {
  await open(page, "?lang=en&expert");
  await page.getByTestId("until").selectOption("master fullsync");
  await expect
    .poll(async () => (await frameOf(page)).nodes[0]?.replicas.length ?? 0)
    .toBeGreaterThan(0);
  await stepTo(page, "delay");
  const { cursor, nodes } = await frameOf(page);
  const state = nodes[1]?.upstream?.state;
  await page.getByTestId("changed").selectOption("replica1 link");
  await expect.poll(async () => (await frameOf(page)).cursor).toBeLessThan(cursor);
  expect((await frameOf(page)).nodes[1]?.upstream?.state).toBe(state);
  const before = await press(page, "back");
  expect(before.nodes[1]?.upstream?.state).not.toBe(state);
});

test("the dataset of a server can be taken home as an RDB", async ({ page }) => {
  await open(page, "?lang=en");
  await stepTo(page, "delay");
  await page.locator("[data-testid=node-faults][data-node=master]").click();
  const download = page.waitForEvent("download");
  await page.getByTestId("download").click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("master.rdb");
  const bytes = readFileSync(await file.path());
  expect(bytes.subarray(0, 9).toString()).toBe("REDIS0011");
  expect(bytes.includes("greeting")).toBe(true);
});

for (const scheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious with everything open, in ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page, "?lang=ko&expert");
    await stepTo(page, "snapshot");
    await type(page, "SET k v");
    await page.getByTestId("faults").first().click();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByTestId("piece").last().click();
    await page.getByTestId("part").first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });
}
