/** The log panes: redis-server's lines to the letter, and which of them are shown. */
import { readFileSync } from "node:fs";

import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, type } from "./lab";

/** What the golden transcript of the scenario says that a node logs: its role, a mark, the words. */
function goldenOf(node: string): string[] {
  const file = new URL("../../tests/scenarios/play-full-sync.txt", import.meta.url);
  const [, transcript = ""] = readFileSync(file, "utf8").split("\n----\n");
  const line = /^ {4}[\d.]+ (\S+) +([MSC] [.*#-] .*)$/;
  return transcript
    .split("\n")
    .map((text) => line.exec(text))
    .filter((found) => found?.[1] === node)
    .map((found) => found?.[2]?.replace(/\s+/g, " ") ?? "");
}

/** The lines that are shown, without the pid and the date. */
async function shownOf(page: Page): Promise<string[]> {
  const texts = await page.getByTestId("log").locator("button").allInnerTexts();
  return texts.map((text) => text.replace(/\s+/g, " ").replace(/^\d+:(\w) \d+ \w+ \d+ [\d:.]+ /, "$1 "));
}

/** In a transcript people type before a server has said that it is there; in the page, after. */
function startsFirst(lines: readonly string[]): readonly string[] {
  const starts = (line: string): boolean =>
    /^[MS] \* (Redis version=|Running mode=|Server initialized|Ready to accept)/.test(line);
  const rest = lines.filter((line) => !starts(line));
  return [...lines.filter(starts).map((line) => line.slice(2)), ...rest];
}

/** Carries out everything up to `millis` of virtual time. */
async function live(page: Page, millis: number): Promise<void> {
  await page.evaluate(async (millis) => {
    const lab = document.querySelector("replica-lab");
    const step = lab?.shadowRoot?.querySelector<HTMLElement>("[data-testid=step]");
    for (let now = lab?.frame; now?.next != null && now.next.at <= now.at - now.elapsed + millis; now = lab?.frame) {
      step?.click();
      while (lab?.frame === now) await new Promise((done) => setTimeout(done, 1));
    }
  }, millis);
}

test("the log panes say what the golden log says, to the letter", async ({ page }) => {
  await open(page, "?lang=en");
  // The transcript ends after 5.6 seconds, with two writes.
  await live(page, 5_600);
  for (const node of ["master", "replica1", "replica2"]) {
    await page.locator(`[data-testid=choose][data-node=${node}]`).click();
    const golden = goldenOf(node);
    expect(golden.length).toBeGreaterThan(8);
    expect(startsFirst(await shownOf(page)), node).toEqual(startsFirst(golden));
  }
});

test("a log leaves out the levels that the reader leaves out", async ({ page }) => {
  await open(page, "?lang=en");
  await type(page, "CONFIG SET loglevel debug");
  const levels = ["debug", "verbose", "notice", "warning"];
  for (const level of levels) {
    await type(page, `EVAL "return redis.log(redis.LOG_${level.toUpperCase()}, '${level} line')" 0`);
  }
  const lines = page.getByTestId("log").locator("button");
  const marks = { debug: ".", verbose: "-", notice: "*", warning: "#" };
  await expect(lines.filter({ hasText: / line\s*$/ })).toHaveCount(4);
  for (const [level, mark] of Object.entries(marks)) {
    const line = lines.filter({ hasText: `${level} line` });
    await expect(line).toContainText(` ${mark} `);
    const filter = page.getByTestId(`level-${level}`);
    await filter.press("Enter");
    await expect(filter).toHaveAttribute("aria-pressed", "false");
    await expect(line).toHaveCount(0);
  }
  await expect(page.getByTestId("log")).toContainText("a level that is left out");
  await page.getByTestId("level-verbose").click();
  await expect(lines).toHaveCount(1);
  // The line that is left is in the tab order, and leads back to its moment.
  await expect(lines).toHaveAttribute("tabindex", "0");
  const there = (await frameOf(page)).nodes[0]?.log.find(({ level }) => level === "verbose");
  await lines.press("Enter");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe((there?.event ?? -2) + 1);
});
