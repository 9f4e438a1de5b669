/** The instruments show what the engine has: frames in flight, offsets, buffers. */
import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

/** What is drawn on the wires, and what the engine has in flight. */
function traffic(page: Page) {
  return page.evaluate(() => {
    const lab = document.querySelector("replica-lab");
    const find = (id: string) => [...(lab?.shadowRoot?.querySelectorAll<SVGElement>(`[data-testid=${id}]`) ?? [])];
    const told = (all: readonly SVGElement[], what: string) => all.map((one) => Number(one.dataset[what]));
    const sum = (all: readonly number[]) => all.reduce((whole, one) => whole + one, 0);
    const wires = lab?.frame?.wires ?? [];
    const frames = wires.flatMap((wire) => wire.frames);
    const [shapes, flocks] = [find("flight"), find("flock")];
    return {
      drawn: {
        count: shapes.length + sum(told(flocks, "count")),
        bytes: sum(told(shapes, "bytes")) + sum(told(flocks, "bytes")),
      },
      engine: {
        count: frames.length + sum(wires.map(({ hidden }) => hidden)),
        bytes: sum(frames.map(({ bytes }) => bytes)),
      },
      flocks: flocks.length,
    };
  });
}

test("what is drawn on the wires is what is in flight, in number and in bytes", async ({ page }) => {
  test.setTimeout(180_000);
  await open(page, "?lang=en");
  let [most, flocks] = [0, 0];
  const look = async (): Promise<void> => {
    const { drawn, engine, ...seen } = await traffic(page);
    expect(drawn).toEqual(engine);
    most = Math.max(most, engine.count);
    flocks = Math.max(flocks, seen.flocks);
  };
  for (let steps = 0; steps < 120; steps++) {
    await look();
    await press(page, "step");
  }
  await stepTo(page, "steady");
  for (let n = 0; n < 15; n++) {
    const before = (await frameOf(page)).cursor;
    await type(page, `SET key ${n}`);
    await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(before);
    await look();
  }
  // Few as shapes, many as counts.
  expect(most).toBeGreaterThan(12);
  expect(flocks).toBeGreaterThan(0);
});

/** The fields of INFO replication, as the server that is chosen answers. */
async function infoOf(page: Page, name: string): Promise<Readonly<Record<string, string>>> {
  await page.locator(`[data-testid=choose][data-node=${name}]`).click();
  const { cursor } = await frameOf(page);
  await type(page, "INFO replication");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(cursor + 1);
  const node = (await frameOf(page)).nodes.find((one) => one.name === name);
  const lines = node?.prompt.at(-1)?.reply.split(/\r?\n/) ?? [];
  return Object.fromEntries(lines.map((line) => line.split(":") as [string, string]));
}

/** The numbers that the rulers show, without their commas. */
async function rulers(page: Page): Promise<{ head: string; replicas: Readonly<Record<string, string>> }> {
  const bare = (text: string | null) => (text ?? "").replaceAll(",", "");
  const head = bare(await page.getByTestId("head").locator("strong").textContent());
  const named = await page.getByTestId("replica-ruler").evaluateAll((all) =>
    all.map((one) => [one.dataset["node"] ?? "", one.getAttribute("aria-label") ?? ""] as const),
  );
  const said = named.map(([name, label]) => {
    const [, received, processed, acked] = /received ([\d,]+), processed ([\d,]+), acked ([\d,]+)/.exec(label) ?? [];
    return [name, [received, processed, acked].map((one) => bare(one ?? null)).join(" ")] as const;
  });
  return { head, replicas: Object.fromEntries(said) };
}

test("the rulers and INFO say the same of every server, to the byte", async ({ page }) => {
  test.setTimeout(180_000);
  await open(page, "?lang=en");
  await stepTo(page, "steady");
  const seen = new Set<string>();
  for (let round = 0; round < 8; round++) {
    const shown = await rulers(page);
    const master = await infoOf(page, "master");
    expect(shown.head).toBe(master["master_repl_offset"]);
    for (const [index, name] of ["replica1", "replica2"].entries()) {
      const info = await infoOf(page, name);
      const acked = /offset=(\d+)/.exec(master[`slave${index}`] ?? "")?.[1];
      const told = [info["slave_read_repl_offset"], info["slave_repl_offset"], acked].join(" ");
      expect(shown.replicas[name]).toBe(told);
      seen.add(told);
    }
    if (round % 2 === 0) {
      await page.locator("[data-testid=choose][data-node=master]").click();
      const { cursor } = await frameOf(page);
      await type(page, `SET round ${round}`);
      await expect.poll(async () => (await frameOf(page)).cursor).toBe(cursor + 1);
    } else {
      await press(page, "step");
      await press(page, "step");
    }
  }
  // They were asked while they moved.
  expect(seen.size).toBeGreaterThan(2);
});

test("a buffer fills while the snapshot runs, drains from the line that says so, and is empty when offsets meet", async ({
  page,
}) => {
  test.setTimeout(180_000);
  await open(page, "?lang=en");
  const old = await page.evaluateHandle(() => document.querySelector("replica-lab")?.frame);
  await page.getByTestId("restart-disk").click();
  await page.waitForFunction((old) => document.querySelector("replica-lab")?.frame !== old, old);
  await stepTo(page, "snapshot");
  await type(page, "SET meanwhile 1");
  await type(page, "SET meanwhile 2");
  // Where the limits are is drawn, and said.
  const buffer = page.locator("[data-testid=buffer][data-node=replica1]");
  await expect(buffer.locator(".limit.hard, .limit.soft")).toHaveCount(2);
  await expect(buffer).toContainText("limit 256 MiB · soft 64 MiB for 60 s");
  const bar = page.locator("[data-testid=buffered][data-node=replica1]");
  const bytes = async (): Promise<number> => Number(await bar.getAttribute("data-bytes"));
  await expect.poll(bytes).toBeGreaterThan(60);
  let [waiting, online] = [await bytes(), false];
  for (;;) {
    const frame = await press(page, "step");
    const [master, replica] = frame.nodes;
    const now = await bytes();
    online ||= master?.log.some(({ text }) => /Synchronization with replica .*:?6379 succeeded/.test(text)) === true;
    expect(now < waiting, `event ${frame.cursor}`).toBe(online && now !== waiting);
    waiting = now;
    if (replica?.upstream?.up === true && replica.offset === master?.offset) break;
    expect(frame.cursor).toBeLessThan(400);
  }
  expect([online, waiting]).toEqual([true, 0]);
});
