/** Explain anything: every label that can be seen has a sentence and a link, in both languages. */
import { expect, type Page, test } from "@playwright/test";

import en from "../src/locales/en.json" with { type: "json" };
import ko from "../src/locales/ko.json" with { type: "json" };
import { frameOf, open, stepTo, type } from "./lab";

/** What the help explains: every label, with "…" for what changes. */
async function explained(page: Page): Promise<string[]> {
  await page.getByTestId("help").click();
  await page.getByTestId("term").first().waitFor();
  const labels = await page.locator("[data-testid=term] dt span").allTextContents();
  await page.keyboard.press("Escape");
  return labels;
}

/**
 * Every text that can be seen, without what servers and people say: logs, prompts, events, keys,
 * bytes, and the sentence about what happens.
 */
function textsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const said =
      "dialog, style, .brand, .explain, .log, .history, .prompt-line, .typed, .matrix tbody, .caption, .unseen, title, option, " +
      "[data-testid=events], [data-testid=caption], .limit label, [data-testid=next], [data-testid=offset], .wire-label, .axis-text, " +
      ".stat, .stat-id, .fact-value, .bytes, .meaning-value, .pick-label, .space-names, .spacetime svg, .space-list tbody, .speed-value, .clock-time";
    const root = document.querySelector("replica-lab")?.shadowRoot;
    if (!root) return [];
    const texts = new Set<string>();
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement;
      const text = (node.textContent ?? "").replace(/\s+/g, " ").trim();
      if (parent === null || text === "" || parent.closest(said) !== null) continue;
      if (parent.checkVisibility({ visibilityProperty: true })) texts.add(text);
    }
    return [...texts];
  });
}

/** True if a text is a value, and no label: a number, a size, a server's name. */
function isValue(text: string, names: readonly string[]): boolean {
  const rest = names.reduce((left, name) => left.replaceAll(name, ""), text);
  return /^[\s\d.,:>·–→/+-]*(B|KiB|MiB|s|ms|db\d+)?$/.test(rest) || /^slave\d+$/.test(rest);
}

/** The labels of a family of messages, as patterns. */
function family(words: Readonly<Record<string, string>>, prefix: string): string[] {
  const named = Object.entries(words).filter(([key]) => key.startsWith(prefix));
  return named.map(([, text]) => text.replace(/\{\w+\}/g, "…"));
}

function pattern(label: string): RegExp {
  const parts = label.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".+")}$`);
}

for (const [language, words] of [["en", en], ["ko", ko]] as const) {
  test(`every label that is seen is explained (${language})`, async ({ page }) => {
    test.setTimeout(180_000);
    await open(page, `?lang=${language}`);
    const families = ["part.", "section.", "where."].flatMap((prefix) => family(words, prefix));
    const labels = [...(await explained(page)), ...families].map(pattern);
    const names = (await frameOf(page)).nodes.map(({ name }) => name);
    const bare: string[] = [];
    const look = async (where: string): Promise<void> => {
      for (const text of await textsOf(page)) {
        const known = isValue(text, names) || labels.some((label) => label.test(text));
        if (!known) bare.push(`${where}: ${text}`);
      }
    };
    await look("start");
    for (const stage of ["handshake", "delay", "snapshot", "transfer", "load", "steady"]) {
      await stepTo(page, stage);
      await look(stage);
    }
    await page.getByTestId("expert").click();
    await look("space-time");
    await page.getByTestId("space-list").click();
    await page.getByTestId("space-row").first().waitFor();
    await look("space-time as a list");
    await page.getByTestId("dock-facts").click();
    for (const name of names) {
      await page.locator(`[data-testid=choose][data-node=${name}]`).click();
      await look(`INFO of ${name}`);
    }
    await page.locator("[data-testid=choose]").first().click();
    await type(page, "SET explained yes");
    await page.getByTestId("piece").last().click();
    await page.getByTestId("part").first().waitFor();
    await look("inspector");
    await page.getByTestId("until").selectOption({ index: 3 });
    await page.getByTestId("limit-run").waitFor();
    await look("a condition that asks for its number");
    await page.getByTestId("faults").first().press("Enter");
    await page.getByTestId("fault").first().waitFor();
    await look("faults of a wire");
    await page.locator("[data-testid=fault][data-line^=cut]").click();
    await look("cut");
    await page.getByTestId("node-faults").last().press("Enter");
    await look("faults of a server");
    await page.locator("[data-testid=fault][data-line^=freeze]").click();
    await look("frozen");
    await page.getByTestId("back").click();
    await look("branches");
    await page.setViewportSize({ width: 760, height: 900 });
    await look("narrow");
    expect(bare).toEqual([]);
  });
}

test("every explanation is a sentence with a link that only a reader follows", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  const told: Record<string, readonly string[]> = {};
  for (const language of ["en", "ko"]) {
    await open(page, `?lang=${language}`);
    await page.getByTestId("help").click();
    const terms = page.getByTestId("term");
    await terms.first().waitFor();
    told[language] = await terms.evaluateAll((all) => all.map((one) => one.dataset["term"] ?? ""));
    const said = await terms.evaluateAll((all) =>
      all.map((one) => {
        const [link, ...more] = one.querySelectorAll("a");
        return {
          id: one.dataset["term"],
          text: [...(one.querySelector("dd")?.childNodes ?? [])]
            .map((node) => (node.nodeType !== Node.TEXT_NODE ? "" : (node.textContent ?? "")))
            .join("")
            .trim(),
          label: one.querySelector("dt")?.textContent?.trim() ?? "",
          links: 1 + more.length,
          href: link?.href ?? "",
          target: link?.target,
          rel: link?.rel,
          focusable: (link?.tabIndex ?? -1) >= 0,
        };
      }),
    );
    for (const { id, text, label, links, href, target, rel, focusable } of said) {
      expect(label, id).not.toBe("");
      // One sentence: it ends once, at its end.
      expect(text.length, id).toBeGreaterThan(12);
      expect(text, id).toMatch(/^[^\n]*[^.][.]$/);
      expect(text.replace(/\d\.\d/g, "").match(/[.?!](\s|$)/g) ?? [], `${id}: ${text}`).toHaveLength(1);
      expect(/[가-힣]/.test(text), id).toBe(language === "ko");
      expect(href, id).toMatch(/^https:\/\/[a-z0-9.-]+\/\S+$/);
      expect([links, target, rel, focusable], id).toEqual([1, "_blank", "noopener noreferrer", true]);
    }
    await page.keyboard.press("Escape");
  }
  expect(told["ko"]).toEqual(told["en"]);
  expect(told["en"]?.length).toBeGreaterThan(80);
  const origin = new URL(page.url()).origin;
  expect(asked.filter((url) => !url.startsWith(origin) && !url.startsWith("blob:") && !url.startsWith("data:"))).toEqual([]);
});

test("each place opens the help at itself, and ? at the control that has the focus", async ({ page }) => {
  await open(page, "?lang=en&expert");
  const topics = await page
    .locator("[data-testid^=explain-]")
    .evaluateAll((all) => all.map((one) => one.dataset["testid"]?.replace("explain-", "") ?? ""));
  expect([...topics].sort()).toEqual(["console", "dock", "events", "keys", "ruler", "time", "topology"]);
  for (const topic of topics) {
    await page.getByTestId(`explain-${topic}`).press("Enter");
    await expect(page.locator(`.topic[data-topic=${topic}]`)).toBeFocused();
    await expect(page.locator(`.topic[data-topic=${topic}]`)).toBeInViewport();
    await page.keyboard.press("Escape");
    await expect(page.getByTestId("help-dialog")).toBeHidden();
  }
  for (const [control, term] of [["merge", "log"], ["skip-idle", "idle"], ["dock-facts", "facts"]] as const) {
    await page.getByTestId(control).focus();
    await page.keyboard.press("?");
    await expect(page.locator(`[data-term=${term}]`)).toBeFocused();
    await expect(page.locator(`[data-term=${term}]`)).toBeInViewport();
    await page.keyboard.press("Tab");
    await expect(page.locator(`[data-term=${term}] a`)).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(page.getByTestId(control)).toBeFocused();
  }
});

test("a dialog that is given up while it is fetched does not open", async ({ page }) => {
  await open(page, "?lang=en");
  let release = (): void => undefined;
  const held = new Promise<void>((done) => (release = done));
  await page.route(/assets\/later-/, async (route) => {
    await held;
    await route.continue();
  });
  await page.getByTestId("help").click();
  await page.keyboard.press("Escape");
  const fetched = page.waitForResponse(/assets\/later-/);
  release();
  await fetched;
  await page.waitForTimeout(300);
  await expect(page.getByTestId("help-dialog")).toBeHidden();
  await page.getByTestId("help").click();
  await expect(page.getByTestId("help-dialog")).toBeVisible();
});

test("help that is asked for the moment it has closed stays open", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await page.getByTestId("explain-keys").press("Enter");
  await expect(page.locator(".topic[data-topic=keys]")).toBeFocused();
  // Closed and opened again before the browser has told of the closing.
  await page.getByTestId("help-dialog").evaluate(async (dialog: HTMLDialogElement) => {
    const told = new Promise((done) => dialog.addEventListener("close", done, { once: true }));
    dialog.close();
    (dialog.getRootNode() as ShadowRoot).querySelector<HTMLElement>("[data-testid=explain-ruler]")?.click();
    await told;
  });
  await expect(page.getByTestId("help-dialog")).toBeVisible();
  await expect(page.locator(".topic[data-topic=ruler]")).toBeFocused();
});
