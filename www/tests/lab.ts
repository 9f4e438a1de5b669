/** What tests do with the element, as a visitor would. */
import { expect, type Page } from "@playwright/test";

import type { Frame } from "../src/engine/frame";

/** Opens a page and waits for the first frame; answers what went wrong on the page so far. */
export async function open(page: Page, address: string): Promise<string[]> {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(address);
  await page.getByTestId("lab").waitFor();
  return errors;
}

/** The frame that is shown. */
export function frameOf(page: Page): Promise<Frame> {
  return page.evaluate(() => {
    const frame = document.querySelector("replica-lab")?.frame;
    if (frame === null || frame === undefined) throw new Error("no frame is shown");
    return frame;
  });
}

/** Presses a button of the transport, and waits until its frame is shown. */
export async function press(page: Page, button: "step" | "back" | "start" | "end"): Promise<Frame> {
  const before = await frameOf(page);
  await page.getByTestId(button).click();
  await expect.poll(async () => (await frameOf(page)).cursor).not.toBe(before.cursor);
  return frameOf(page);
}

/** Steps until the caption tells of `stage`. */
export async function stepTo(page: Page, stage: string): Promise<Frame> {
  const caption = page.getByTestId("caption");
  for (let steps = 0; steps < 400; steps++) {
    if ((await caption.getAttribute("data-stage")) === stage) return frameOf(page);
    await press(page, "step");
  }
  throw new Error(`${stage} was not reached`);
}

/** Types a command at the prompt of the node that is chosen. */
export async function type(page: Page, command: string): Promise<void> {
  await page.getByTestId("prompt").fill(command);
  await page.getByTestId("prompt").press("Enter");
}

/** What the master answers to a command. */
export async function answerTo(page: Page, command: string): Promise<string> {
  const { cursor } = await frameOf(page);
  await type(page, command);
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(cursor);
  return (await frameOf(page)).nodes[0]?.prompt.at(-1)?.reply ?? "";
}

/** What a server answers to a command at its prompt. */
export async function replyOf(page: Page, name: string, command: string): Promise<string> {
  await page.locator(`[data-testid=choose][data-node='${name}']`).click();
  await expect(page.getByTestId("prompt")).toHaveAttribute("data-node", name);
  const prompt = async () => (await frameOf(page)).nodes.find((node) => node.name === name)?.prompt;
  const before = (await frameOf(page)).cursor;
  await type(page, command);
  await expect.poll(async () => (await frameOf(page)).cursor).toBeGreaterThan(before);
  return (await prompt())?.at(-1)?.reply ?? "";
}

/** Shows the lab of a script. */
export async function openScript(page: Page, script: string): Promise<void> {
  const old = await page.evaluateHandle(() => document.querySelector("replica-lab")?.frame);
  await page.evaluate((script) => {
    const lab = document.querySelector("replica-lab");
    if (lab) lab.script = script;
  }, script);
  await page.waitForFunction((old) => document.querySelector("replica-lab")?.frame !== old, old);
}

/** Carries events out until the lab has lived so many. */
export async function live(page: Page, cursor: number): Promise<void> {
  await page.evaluate(async (cursor) => {
    const lab = document.querySelector("replica-lab");
    const step = lab?.shadowRoot?.querySelector<HTMLElement>("[data-testid=step]");
    while ((lab?.frame?.cursor ?? cursor) < cursor) {
      const before = lab?.frame;
      step?.click();
      while (lab?.frame === before) await new Promise((done) => setTimeout(done, 1));
    }
  }, cursor);
}
