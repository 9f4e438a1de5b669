/** The element, fed with frames written by hand: what needs no engine. */
import { expect, test } from "@playwright/test";

import { seriousFindings } from "./axe";
import { frameOf, open, press, type } from "./lab";

test("keys move time, choose servers and reach the prompt", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("scrubber").focus();
  await page.locator("replica-lab").evaluate((lab: HTMLElement) => lab.focus());
  await page.keyboard.press("ArrowRight");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(1);
  await page.keyboard.press("ArrowLeft");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(0);
  await page.keyboard.press("End");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(7);
  await page.keyboard.press("Home");
  await expect.poll(async () => (await frameOf(page)).cursor).toBe(0);
  await page.keyboard.press("Shift+ArrowRight");
  await expect(page.getByTestId("caption")).toHaveAttribute("data-stage", "handshake");
  await page.keyboard.press("2");
  await expect(page.getByTestId("log")).toHaveAttribute("data-node", "replica1");
  await page.keyboard.press("Backquote");
  await expect(page.getByTestId("prompt")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("prompt")).not.toBeFocused();
  await page.keyboard.press("?");
  await expect(page.getByTestId("help-dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("help-dialog")).toBeHidden();
});

test("nothing typed in the prompt reaches the page around it", async ({ page }) => {
  await open(page, "?lang=en");
  await page.evaluate(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    addEventListener("keydown", (event) => heard.push(event.key));
  });
  await page.getByTestId("prompt").focus();
  await page.keyboard.type("s/p,n.f ");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Control+k");
  const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard);
  expect(heard).toEqual(["Control", "k"]);
  expect((await frameOf(page)).cursor).toBe(0);
});

test("an Enter that ends a composition does not send the line", async ({ page }) => {
  await open(page, "?lang=ko");
  const prompt = page.getByTestId("prompt");
  await prompt.fill("SET k 안녕");
  const sent = await prompt.evaluate((input) => {
    const composing = new KeyboardEvent("keydown", {
      key: "Enter",
      isComposing: true,
      bubbles: true,
      cancelable: true,
    });
    return input.dispatchEvent(composing);
  });
  expect(sent).toBe(false);
  await expect(prompt).toHaveValue("SET k 안녕");
  await prompt.press("Enter");
  await expect(prompt).toHaveValue("");
  expect(await asked(page)).toContain("master> SET k 안녕");
});

test("↑ and ↓ walk through what was typed", async ({ page }) => {
  await open(page, "?lang=en");
  await type(page, "GET a");
  await type(page, "GET b");
  const prompt = page.getByTestId("prompt");
  await prompt.fill("dra");
  for (const [key, value] of [
    ["ArrowUp", "GET b"],
    ["ArrowUp", "GET a"],
    ["ArrowDown", "GET b"],
    ["ArrowDown", "dra"],
  ] as const) {
    await prompt.press(key);
    await expect(prompt).toHaveValue(value);
  }
});

test("Tab completes a command, and the words that it wants are named", async ({ page }) => {
  await open(page, "?lang=en");
  const prompt = page.getByTestId("prompt");
  await prompt.pressSequentially("se");
  await expect(page.getByTestId("hint")).toContainText("SET key value");
  await prompt.press("Tab");
  await expect(prompt).toHaveValue("set ");
  await expect(prompt).toBeFocused();
  await prompt.pressSequentially("k ");
  await expect(page.getByTestId("hint")).toContainText("SET value");
  // Where there is nothing to complete, Tab leaves.
  await prompt.press("Tab");
  await expect(prompt).not.toBeFocused();
});

test("pasted lines run one after the other, after a question", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("prompt").evaluate((input) => {
    const data = new DataTransfer();
    data.setData("text/plain", "SET a 1\nSET b 🎈\n\n");
    input.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
    );
  });
  await page.getByRole("button", { name: "Run all" }).click();
  expect(await asked(page)).toEqual(["master> SET a 1", "master> SET b 🎈"]);
});

test("a refusal is said aloud and can be dismissed", async ({ page }) => {
  await open(page, "?lang=en");
  await type(page, "ERR");
  await expect(page.getByRole("alert")).toContainText("there is no node 'nobody'");
  await page.getByRole("button", { name: "Dismiss" }).click();
  await expect(page.getByTestId("trouble")).toHaveCount(0);
});

test("an engine that does not start is explained", async ({ page }) => {
  await page.goto("?lang=en&fail");
  await expect(page.getByTestId("failure")).toContainText("could not be fetched");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("more than twelve frames become a count for each direction", async ({ page }) => {
  await open(page, "?lang=en&frames=chain");
  const counts = await page
    .getByTestId("flock")
    .evaluateAll((all) => all.map((one) => Number(one.dataset["count"])));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(37);
  await expect(page.getByTestId("flight")).toHaveCount(4);
});

test("no animation frame is asked for while nothing plays", async ({ page }) => {
  await page.addInitScript(() => {
    const original = requestAnimationFrame.bind(window);
    Object.assign(window, { frames: 0 });
    window.requestAnimationFrame = (callback) => {
      (window as unknown as { frames: number }).frames++;
      return original(callback);
    };
  });
  await open(page, "?lang=en");
  await press(page, "step");
  expect(await page.evaluate(() => (window as unknown as { frames: number }).frames)).toBe(0);
});

test("language and theme change in place", async ({ page }) => {
  await open(page, "?lang=en");
  await page.getByTestId("language").click();
  await expect(page.getByTestId("play")).toHaveAccessibleName("재생");
  await page.getByTestId("theme").click();
  await page.getByTestId("theme").click();
  await expect(page.locator("replica-lab")).toHaveAttribute("data-scheme", "dark");
});

for (const width of [1_440, 1_280, 1_024, 768, 480, 375, 320]) {
  test(`nothing sticks out at ${width} pixels`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    for (const frames of ["story", "chain"]) {
      await open(page, `?lang=ko&frames=${frames}`);
      const wider = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      await expect.poll(wider).toBeLessThanOrEqual(0);
    }
  });
}

for (const width of [1_440, 1_024, 768, 375]) {
  test(`words that are longer by two fifths have room at ${width} pixels`, async ({ page }) => {
    await page.route("**/locales/en.json*", async (route) => {
      const reply = await route.fetch();
      // The module has one string a line: `"key": "text"` is what is told of.
      const body = (await reply.text()).replace(/(?<=": ?")(?:[^"\\]|\\.)+(?=")/g, longer);
      await route.fulfill({ response: reply, body });
    });
    await page.setViewportSize({ width, height: 800 });
    const wider = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    for (const [frames, cursors] of [["chain", [0]], ["story", [0, 3, 5]]] as const) {
      await open(page, `?lang=en&frames=${frames}`);
      await expect(page.getByTestId("step")).toContainText("Neeext");
      for (const cursor of cursors) {
        while ((await frameOf(page)).cursor < cursor) await press(page, "step");
        expect(await wider()).toBeLessThanOrEqual(0);
        expect(await page.evaluate(clipped)).toEqual([]);
      }
    }
  });
}

/** As long as a language with long words has it; what stands in braces is a value. */
function longer(text: string): string {
  return text
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? part : part.replace(/[aeiou]/gi, (vowel) => vowel.repeat(2)).replace(/([aeiou])\1/i, "$1$1$1")))
    .join("");
}

/** The controls whose words are cut off, without an ellipsis that says so. */
function clipped(): string[] {
  const root = document.querySelector("replica-lab")?.shadowRoot;
  return [...(root?.querySelectorAll<HTMLElement>("button, h2, label") ?? [])]
    .filter((one) => one.checkVisibility() && one.clientWidth > 1 && getComputedStyle(one).textOverflow !== "ellipsis")
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible")
    .map((one) => one.textContent?.trim() ?? "");
}

for (const scheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious in ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await open(page, "?lang=ko");
    for (const cursor of [0, 3, 5, 7]) {
      while ((await frameOf(page)).cursor < cursor) await press(page, "step");
      expect(await seriousFindings(page)).toEqual([]);
    }
  });
}

/** What the page has asked of its source. */
function asked(page: Parameters<typeof frameOf>[0]): Promise<string[]> {
  return page.evaluate(() => (window as unknown as { source: { asked: string[] } }).source.asked);
}
