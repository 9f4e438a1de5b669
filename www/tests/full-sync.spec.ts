/** A visitor steps a whole full synchronisation in the built page, forward and back. */
import { expect, test, type Page } from "@playwright/test";

import type { Frame, NodeView } from "../src/engine/frame";

/** The frame that the page shows, once it shows one. */
async function frame(page: Page): Promise<Frame> {
  return page.evaluate(async () => {
    const lab = document.querySelector("replica-lab") as unknown as { readonly frame: Frame | null };
    while (lab.frame === null) await new Promise(requestAnimationFrame);
    return lab.frame;
  });
}

/** Waits until the page shows a frame at this cursor, or at any but that one. */
async function cursor(page: Page, want: { readonly is?: number; readonly not?: number }): Promise<Frame> {
  await page.waitForFunction(({ is, not }) => {
    const lab = document.querySelector("replica-lab") as unknown as { readonly frame: Frame | null };
    if (lab.frame === null) return false;
    return is === undefined ? lab.frame.cursor !== not : lab.frame.cursor === is;
  }, want);
  return frame(page);
}

async function node(page: Page, name: string): Promise<NodeView> {
  const found = (await frame(page)).nodes.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`the frame has no node ${name}`);
  return found;
}

/** Presses a button of the transport and waits for the frame that results. */
async function press(page: Page, button: "step" | "back"): Promise<Frame> {
  const before = (await frame(page)).cursor;
  await page.getByTestId(button).click();
  return cursor(page, { not: before });
}

/** Steps until something holds. */
async function stepUntil(page: Page, what: string, holds: (frame: Frame) => boolean): Promise<Frame> {
  for (let steps = 0; steps < 400; steps += 1) {
    const now = await frame(page);
    if (holds(now)) return now;
    const named = now.next?.what;
    const after = await press(page, "step");
    // The event that was named is the one that has happened.
    expect(after.events.at(-1)?.what).toEqual(named);
  }
  throw new Error(`it never came to this: ${what}`);
}

/** Presses what begins another lab, and waits for its first frame: the old one stays until then. */
async function restart(page: Page, button: string): Promise<void> {
  const old = await page.evaluateHandle(() => {
    return (document.querySelector("replica-lab") as unknown as { readonly frame: Frame | null }).frame;
  });
  await page.getByTestId(button).click();
  await page.waitForFunction((old) => {
    const lab = document.querySelector("replica-lab") as unknown as { readonly frame: Frame | null };
    return lab.frame !== null && lab.frame !== old && lab.frame.cursor === 0;
  }, old);
}

/** Types a command at the master's prompt. */
async function type(page: Page, command: string): Promise<void> {
  const before = (await frame(page)).cursor;
  await page.getByTestId("prompt").fill(command);
  await page.getByTestId("prompt").press("Enter");
  await cursor(page, { is: before + 1 });
}

function replicas(frame: Frame): readonly NodeView[] {
  return frame.nodes.filter((candidate) => candidate.role === "replica");
}

/** Opens the page, and remembers everything that it complains of. */
async function open(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto("./");
  await page.waitForFunction(() => {
    const lab = document.querySelector("replica-lab") as unknown as { readonly frame?: unknown };
    return lab.frame !== undefined && lab.frame !== null;
  });
  return complaints;
}

test("a visitor steps the whole sync, writes during the snapshot, and goes back and forth", async ({ page }) => {
  test.setTimeout(180_000);
  const complaints = await open(page);
  const start = await frame(page);
  expect(start.isolation).toBe("workers");
  expect(start.cursor).toBe(0);

  await stepUntil(page, "the snapshot runs", (now) => now.nodes[0]?.snapshot?.target === "sockets");
  const before = await node(page, "master");
  await type(page, "SET typed-by-the-visitor during-the-snapshot");
  const master = await node(page, "master");
  expect(master.offset).toBeGreaterThan(before.offset);
  expect(master.replicas.map((replica) => replica.state)).toEqual(["wait_bgsave_end", "wait_bgsave_end"]);
  for (const replica of master.replicas) {
    expect(replica.buffered).toBeGreaterThan(0);
  }
  await expect(page.getByTestId("buffered").first()).toBeVisible();

  const synced = await stepUntil(page, "the offsets meet", (now) => {
    const [first] = now.nodes;
    return first !== undefined
      && first.replicas.length === 2
      && first.replicas.every((replica) => replica.acked === first.offset && replica.buffered === 0);
  });
  for (const replica of replicas(synced)) {
    expect(replica.offset).toBe(synced.nodes[0]?.offset);
    const key = replica.keys.window.find((candidate) => candidate.key === "typed-by-the-visitor");
    expect(key?.value).toBe("during-the-snapshot");
  }
  const log = synced.nodes[0]?.log.map((line) => line.text).join("\n") ?? "";
  expect(log).toContain("Starting BGSAVE for SYNC with target: replicas sockets");
  expect(log).toContain("Waiting for REPLCONF ACK from replica to enable streaming");

  const { cursor: end, hash } = synced;
  const once = await press(page, "back");
  expect(once.cursor).toBe(end - 1);
  await page.getByTestId("start").click();
  await cursor(page, { is: 0 });
  expect((await frame(page)).hash).toBe(start.hash);
  for (let steps = 0; steps < 20; steps += 1) await press(page, "step");
  await page.getByTestId("end").click();
  await cursor(page, { is: end });
  expect((await frame(page)).hash).toBe(hash);
  expect(complaints).toEqual([]);
});

test("the switch shows the disk variant: RDB to disk, its length, then the stream", async ({ page }) => {
  test.setTimeout(180_000);
  const complaints = await open(page);
  await restart(page, "restart-disk");
  await stepUntil(page, "the snapshot goes to disk", (now) => now.nodes[0]?.snapshot?.target === "disk");
  const sent = await stepUntil(page, "the file is sent", (now) =>
    now.nodes[0]?.replicas.some((replica) => replica.state === "send_bulk") === true);
  expect(sent.nodes[0]?.replicas[0]?.rdbTotal).toBeGreaterThan(0);
  const up = await stepUntil(page, "both links are up", (now) =>
    replicas(now).length === 2 && replicas(now).every((replica) => replica.upstream?.up === true));
  const log = replicas(up)[0]?.log.map((line) => line.text).join("\n") ?? "";
  expect(log).toMatch(/receiving \d+ bytes from master to disk/);
  expect(complaints).toEqual([]);
});

test("a cut that heals costs only the missed bytes", async ({ page }) => {
  test.setTimeout(180_000);
  const complaints = await open(page);
  await stepUntil(page, "both links are up", (now) =>
    replicas(now).length === 2
    && replicas(now).every((replica) => replica.upstream?.up === true)
    && now.nodes[0]?.replicas.every((replica) => replica.buffered === 0) === true);
  await page.getByTestId("cut").first().click();
  await expect.poll(async () => (await frame(page)).cuts.length).toBe(1);
  await type(page, "SET while-cut yes");
  await page.getByTestId("heal").first().click();
  await expect.poll(async () => (await frame(page)).cuts.length).toBe(0);
  const healed = await stepUntil(page, "the replica has come back", (now) =>
    now.nodes[1]?.upstream?.up === true && now.nodes[1].offset === now.nodes[0]?.offset);
  const log = healed.nodes[0]?.log.map((line) => line.text).join("\n") ?? "";
  expect(log).toMatch(/Partial resynchronization request from .* accepted\. Sending \d+ bytes/);
  expect(complaints).toEqual([]);
});
