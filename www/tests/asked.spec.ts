/** Addresses that people write by hand: a scenario, a seed, a step, and commands. */
import { expect, type Page, test } from "@playwright/test";

import type { Frame } from "../src/engine/frame";
import { frameOf, open } from "./lab";

const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The frame at which the lab has come to rest. */
async function resting(page: Page, holds: (frame: Frame) => boolean): Promise<Frame> {
  await expect.poll(async () => holds(await frameOf(page)), { timeout: 20_000 }).toBe(true);
  return frameOf(page);
}

const said = ({ events, nodes, cursor }: Frame): string[] => {
  const what = events.at(-1)?.what;
  const logged = nodes.flatMap(({ log }) => log.filter(({ event }) => event === cursor - 1));
  return [what?.is === "receive" ? what.label : "", ...logged.map(({ text }) => text)];
};

test("scenario, seed and step lead to the event at which the step first comes", async ({ page }) => {
  const errors = await open(page, "?lang=en&scenario=full-sync&seed=7&step=FULLRESYNC");
  const there = await resting(page, ({ cursor }) => cursor > 0);
  expect(said(there).join()).toContain("+FULLRESYNC");
  // It is the first: before it nothing says so.
  const before = there.events.slice(0, -1).map(({ what }) => (what.is === "receive" ? what.label : ""));
  expect(before.join()).not.toContain("FULLRESYNC");
  await expect(page.getByTestId("trouble")).toHaveCount(0);
  // A seed is the beginning of chance: the same leads to the same, another to another.
  const ids: string[] = [];
  for (const seed of ["7", "8", "7"]) {
    await open(page, `?lang=en&scenario=short-cut&seed=${seed}&step=delay`);
    const { nodes } = await resting(page, ({ cursor }) => cursor > 0);
    ids.push(nodes[0]?.replid ?? "");
  }
  expect(ids[0]).toBe(ids[2]);
  expect(ids[0]).not.toBe(ids[1]);
  expect(errors).toEqual([]);
});

test("a step is a phase, an event's number, or a line of a log", async ({ page }) => {
  await open(page, "?lang=en&step=load");
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "load", { timeout: 20_000 });
  await open(page, "?lang=en&step=33");
  expect((await resting(page, ({ cursor }) => cursor > 0)).cursor).toBe(33);
  await open(page, "?lang=ko&step=starting%20bgsave%20for%20sync");
  const logged = await resting(page, ({ cursor }) => cursor > 0);
  expect(said(logged).join()).toContain("Starting BGSAVE for SYNC");
});

test("commands are typed at the master once all are in sync, or where the step is", async ({ page }) => {
  const lines = ['SET greeting "안녕 & <b>"', "INCR visits", "GET greeting"];
  await open(page, `?lang=en&commands=${packed(lines)}`);
  const done = await resting(page, ({ nodes }) => nodes[0]?.prompt.at(-1)?.command === "GET greeting");
  expect(done.nodes[0]?.prompt.slice(-3).map(({ command }) => command)).toEqual(lines);
  expect(done.nodes[0]?.prompt.at(-1)?.reply).toContain("안녕");
  expect(done.nodes[1]?.upstream?.up).toBe(true);
  // The same once more would be another event: what was typed is in the history.
  expect(done.events.at(-1)?.what).toMatchObject({ is: "type", line: "GET greeting" });
  await open(page, `?lang=en&step=snapshot&commands=${packed(["SET meanwhile 1"])}`);
  const early = await resting(page, ({ nodes }) => nodes[0]?.prompt.at(-1)?.command === "SET meanwhile 1");
  expect(early.nodes[0]?.snapshot).not.toBeNull();
});

const HOSTILE: readonly (readonly [string, string, string])[] = [
  ["an unknown scenario", "scenario=../../etc/passwd", "There is no scenario “../../etc/passwd”"],
  ["a scenario of markup", "scenario=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "There is no scenario “<img"],
  ["a scenario named like a property", "scenario=__proto__", "There is no scenario “__proto__”"],
  ["a negative seed", "seed=-1", "“-1” is no seed"],
  ["a seed too large", "seed=4294967296", "“4294967296” is no seed"],
  ["a seed of letters", "seed=1e3", "“1e3” is no seed"],
  ["a step that never comes", "step=NEVERSAID", "“NEVERSAID” does not come"],
  ["a step of a pattern", "step=%5Ba-z%5D%2B", "“[a-z]+” does not come"],
  ["a very long step", `step=${"x".repeat(5_000)}`, "x…” does not come"],
  ["commands that are no base64", "commands=%00%21", "commands in this address cannot be read"],
  ["commands that are no JSON", `commands=${Buffer.from("[1,").toString("base64url")}`, "cannot be read"],
  ["commands that are no array", `commands=${packed({ length: 1, 0: "GET k" })}`, "cannot be read"],
  ["commands that are no text", `commands=${packed([["FLUSHALL"]])}`, "cannot be read"],
  ["commands of two lines", `commands=${packed(["GET k\ncut master replica1"])}`, "cannot be read"],
  ["too many commands", `commands=${packed(Array(51).fill("PING"))}`, "cannot be read"],
  ["broken UTF-8", `commands=${Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]).toString("base64url")}`, "cannot be read"],
  ["a line with an open quote", `commands=${packed(['SET k "open'])}`, ""],
];

test("what cannot be had is said, and the lab works all the same", async ({ page }) => {
  test.setTimeout(180_000);
  for (const [what, query, sentence] of HOSTILE) {
    const errors = await open(page, `?lang=en&${query}`);
    if (sentence === "") {
      // redis-cli says it at the prompt.
      await expect(page.getByTestId("history"), what).toContainText("Invalid argument(s)", { timeout: 20_000 });
    } else {
      await expect(page.getByTestId("trouble"), what).toContainText(sentence, { timeout: 20_000 });
    }
    const { cursor, nodes } = await frameOf(page);
    expect(nodes.length, what).toBe(3);
    await page.getByTestId("step").click();
    await expect.poll(async () => (await frameOf(page)).cursor, what).toBe(cursor + 1);
    await expect(page.locator("img")).toHaveCount(0);
    expect(errors, what).toEqual([]);
  }
});

test("the sentence is in the reader's language", async ({ page }) => {
  await open(page, "?lang=ko&scenario=nowhere");
  await expect(page.getByTestId("trouble")).toContainText("‘nowhere’ 시나리오가 없어 기본 시나리오를 열었습니다.");
});
