/** Runs that stop where something has come about: within one event, neither before nor after it. */
import { expect, type Locator, type Page, test } from "@playwright/test";

import type { NodeView } from "../src/engine/frame";
import { seriousFindings } from "./axe";
import { frameOf, open, openScript, press } from "./lab";

/** A snapshot that takes so long that much is written meanwhile, and a small buffer for it. */
const WRITES = Array.from({ length: 40 }, (_, n) => `master> SET burst:${n} ${"x".repeat(300)}`);
const OPTIONS = [
  "--repl-diskless-sync-delay 0 --rdbcompression no",
  '--client-output-buffer-limit "replica 16kb 0 0"',
].join(" ");
const SCRIPT = `
seed 22
node master snapshot=16KiB ${OPTIONS}
node replica1
wire latency=2ms bandwidth=64KiB
master> DEBUG POPULATE 20 page 3000
replica1> REPLICAOF master 6379
run 1500ms
${WRITES.join("\nrun 5ms\n")}
`;

const lagOf = ({ offset, replicas }: NodeView): number =>
  Math.max(0, ...replicas.map(({ acked }) => offset - acked));

const fullOf = ({ bufferLimit, replicas }: NodeView): number =>
  Math.max(0, ...replicas.map(({ buffered }) => (100 * buffered) / bufferLimit.hard));

/** Chooses a limit in the menu; the field that asks for its number has the focus. */
async function ask(page: Page, limit: string): Promise<Locator> {
  await page.getByTestId("until").selectOption(limit);
  const field = page.getByTestId("limit");
  await expect(field).toBeFocused();
  return field;
}

/** Runs until more than `than` comes about, or what is offered, and answers `measure` there and one
 * event before. */
async function stopped(
  page: Page,
  limit: string,
  than: number | null,
  measure: (master: NodeView) => number,
): Promise<[before: number, there: number]> {
  const { cursor } = await frameOf(page);
  await ask(page, limit);
  if (than !== null) await page.keyboard.type(String(than));
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("limit")).toHaveCount(0);
  await expect(page.locator(".scrubber-marks [data-mark=stop]")).toHaveCount(1);
  const there = await frameOf(page);
  expect(there.cursor).toBeGreaterThan(cursor + 1);
  // Nothing goes on behind the place where it has stopped.
  expect(there.length).toBe(there.cursor);
  const before = await press(page, "back");
  expect(before.cursor).toBe(there.cursor - 1);
  const [now, was] = [there.nodes[0], before.nodes[0]].map((node) => (node ? measure(node) : -1));
  return [was ?? -1, now ?? -1];
}

const CASES = [
  { what: "lag", offered: 1_000, typed: [350, 4_321], measure: lagOf },
  { what: "buffer", offered: 50, typed: [7, 67], measure: fullOf },
] as const;

for (const { what, offered, typed, measure } of CASES) {
  for (const than of [null, ...typed]) {
    const name = than === null ? `the ${offered} that is offered` : `the ${than} that was typed`;
    test(`${what}: it stops at the event that brings more than ${name}`, async ({ page }) => {
      const errors = await open(page, "?lang=en&expert");
      await openScript(page, SCRIPT);
      const [before, there] = await stopped(page, `master ${what}`, than, measure);
      expect(before).toBeLessThanOrEqual(than ?? offered);
      expect(there).toBeGreaterThan(than ?? offered);
      expect(errors).toEqual([]);
    });
  }
}

test("no number but a whole one that can be is taken, and the page says so", async ({ page }) => {
  for (const [language, said] of [["en", "A whole number from 0 to 100"], ["ko", "0부터 100까지의 정수"]] as const) {
    await open(page, `?lang=${language}&expert`);
    const field = await ask(page, "master buffer");
    const { cursor } = await frameOf(page);
    for (const number of ["", "101", "-1", "2.5"]) {
      await field.fill(number);
      await page.keyboard.press("Enter");
      await expect(field).toBeFocused();
      const validity = field.evaluate((input: HTMLInputElement) => input.validationMessage);
      expect(await validity, number).toContain(said);
    }
    expect((await frameOf(page)).cursor).toBe(cursor);
    // What was wrong there is forgotten with the menu's next choice.
    await ask(page, "master lag");
    expect(await field.evaluate((input: HTMLInputElement) => input.validationMessage)).toBe("");
    await page.keyboard.press("Escape");
    await expect(field).toHaveCount(0);
    await expect(page.getByTestId("until")).toBeFocused();
    expect((await frameOf(page)).cursor).toBe(cursor);
  }
});

test("the field is part of a sentence, in both languages, and axe finds nothing in it", async ({ page }) => {
  const sentences = {
    en: ["master: a replica lags by more than … bytes", "master: a buffer is more than … % full"],
    ko: ["master: 복제본이 …바이트 넘게 뒤처짐", "master: 복제 버퍼가 …% 넘게 참"],
  };
  for (const language of ["en", "ko"] as const) {
    await open(page, `?lang=${language}&expert`);
    for (const [index, limit] of ["master lag", "master buffer"].entries()) {
      const field = await ask(page, limit);
      const label = field.locator("xpath=..");
      const [before, after] = sentences[language][index]?.split("…") ?? [];
      expect(await label.evaluate((one) => one.textContent)).toBe(`${before}${after}`);
      expect(await seriousFindings(page)).toEqual([]);
    }
  }
});

test("a number that was chosen is offered again, in the menu and to who follows a link", async ({ page, context }) => {
  await open(page, "?lang=en&expert");
  await openScript(page, SCRIPT);
  await stopped(page, "master lag", 350, lagOf);
  const option = page.locator("[data-testid=until] option[value='master lag']");
  await expect(option).toHaveText("master: a replica lags by more than 350 bytes…");
  await page.getByTestId("exports").click();
  await expect(page.getByTestId("link")).not.toHaveValue("");
  const address = await page.getByTestId("link").inputValue();
  const other = await context.newPage();
  await open(other, address);
  const field = await ask(other, "master lag");
  await expect(field).toHaveValue("350");
  await ask(other, "master buffer");
  await expect(field).toHaveValue("50");
});
