/** The inspector: forms of the same bytes, what a message changes, what a step changes. */
import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";

import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, press, stepTo, type } from "./lab";

/** Types a command at the master's prompt, and picks what it adds to the stream. */
async function pickLast(page: Page, command: string): Promise<void> {
  const offset = async (): Promise<number> => (await frameOf(page)).nodes[0]?.offset ?? 0;
  const before = await offset();
  await type(page, command);
  await expect.poll(offset).toBeGreaterThan(before);
  await page.getByTestId("piece").last().click();
  await expect(page.getByTestId("pick-span")).toContainText(String(await offset()));
  await expect(page.getByTestId("text")).toBeVisible();
}

test("the same bytes are shown as they are, as RESP and as redis-cli takes them", async ({
  page,
}) => {
  const errors = await open(page, "?lang=en&expert");
  await stepTo(page, "snapshot");
  await pickLast(page, 'SET greeting "안녕 you"');
  const text = page.getByTestId("text");
  await expect(text).toContainText("*3↵$3↵SET↵$8↵greeting↵$10↵안녕 you↵");
  await page.getByTestId("form-resp").click();
  const resp = await text.evaluate((element) => element.textContent?.trim());
  expect(resp).toBe(
    '*3\\r\\n\n$3\\r\\n\nSET\\r\\n\n$8\\r\\n\ngreeting\\r\\n\n$10\\r\\n\n\\xec\\x95\\x88\\xeb\\x85\\x95 you\\r\\n',
  );
  await page.getByTestId("form-cli").click();
  const cli = await text.evaluate((element) => element.textContent?.trim());
  expect(cli).toBe('SET greeting "\\xec\\x95\\x88\\xeb\\x85\\x95 you"');
  // A word is marked in every form.
  await page.locator("[data-testid=part][data-what='resp.argument']").first().hover();
  await expect(text.locator(".pointed")).toHaveText("greeting");
  // What is shown is what redis-cli understands.
  await type(page, String(cli).replace("greeting", "again"));
  await type(page, "GET again");
  await expect(page.getByTestId("history")).toContainText("안녕 you");
  expect(errors).toEqual([]);
});

test("what is copied is the message, byte for byte", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, "?lang=en&expert");
  await stepTo(page, "snapshot");
  await pickLast(page, 'SET k "100% \\"it\'s\\" \\\\ \\x00\\xff"');
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByTestId("copy-hex").click();
  await expect.poll(clipboard).toMatch(/^([0-9a-f]{2} ?)+$/);
  const bytes = Buffer.from((await clipboard()).replaceAll(" ", ""), "hex");
  expect(bytes.subarray(0, 13).toString()).toBe("*3\r\n$3\r\nSET\r\n");
  await page.getByTestId("copy-printf").click();
  await expect.poll(clipboard).toMatch(/^printf /);
  expect(await sent(await clipboard())).toEqual(bytes);
});

/** What a shell sends when it runs a line that ends in `| nc 127.0.0.1 6379`. */
async function sent(line: string): Promise<Buffer> {
  const server = createServer();
  const heard = new Promise<Buffer>((resolve) => {
    server.on("connection", (socket) => {
      const parts: Buffer[] = [];
      socket.on("data", (part) => parts.push(part));
      socket.on("end", () => resolve(Buffer.concat(parts)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  // bash's own sockets: nc is not installed everywhere.
  const shell = line.replace(/\| nc 127\.0\.0\.1 6379$/, `> /dev/tcp/127.0.0.1/${port}`);
  expect(shell).not.toBe(line);
  spawn("bash", ["-c", shell], { stdio: "inherit" });
  const bytes = await heard;
  server.close();
  return bytes;
}

test("what differs from the message of the same kind before is underlined", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await stepTo(page, "snapshot");
  await pickLast(page, "SET counter one");
  await pickLast(page, "SET counter two");
  const was = page.getByTestId("was");
  await expect(was).toHaveCount(1);
  await expect(was).toHaveText("was one");
  await expect(page.locator(".meaning .changed .fact-value")).toHaveText("two");
  await expect(page.locator(".meaning .changed .fact-value")).toHaveCSS("text-decoration-line", "underline");
});

test("an ACK says which offset the last one confirmed", async ({ page }) => {
  await open(page, "?lang=en&expert");
  await stepTo(page, "steady");
  await type(page, "SET a b");
  let last = "";
  for (let steps = 0; steps < 400; steps++) {
    const frame = await frameOf(page);
    const acks = frame.wires
      .flatMap((wire) => wire.frames)
      .filter(({ label, from }) => label.startsWith("REPLCONF ACK") && from === 1);
    const arrived = frame.events.findLast(
      ({ what }) => what.is === "receive" && what.from === 1 && what.label.startsWith("REPLCONF ACK"),
    );
    if (arrived?.what.is === "receive") last = arrived.what.label;
    const [ack] = acks;
    if (ack !== undefined && last !== "" && ack.label !== last) {
      await page
        .locator("[data-testid=flight]")
        .filter({ hasText: ack.label })
        .first()
        .press("Enter");
      break;
    }
    await press(page, "step");
  }
  await expect(page.getByTestId("was")).toHaveText(`was ${last.split(" ")[2]}`);
});

test("INFO of a server is what the server itself answers, and says what a step has changed", async ({
  page,
}) => {
  await open(page, "?lang=en&expert");
  await stepTo(page, "steady");
  await page.getByTestId("dock-facts").click();
  for (const name of ["master", "replica1"]) {
    await page.locator(`[data-testid=node][data-node=${name}] .card-face`).press("Enter");
    await type(page, "INFO replication");
    const reply = async (): Promise<string> => {
      const { nodes } = await frameOf(page);
      return nodes.find((node) => node.name === name)?.prompt.at(-1)?.reply ?? "";
    };
    await expect.poll(reply).toContain("role:");
    const answer = await reply();
    const facts = await page.getByTestId("fact").evaluateAll((all) =>
      all.map((one) => [
        one.dataset["name"] ?? "",
        one.querySelector<HTMLElement>(".fact-value")?.title ?? "",
      ]),
    );
    expect(facts.length).toBeGreaterThan(8);
    for (const [fact = "", value = ""] of facts) {
      if (/^slave\d/.test(fact)) {
        const line = answer.split(/\r?\n/).find((one) => one.startsWith(`${fact}:`)) ?? "";
        for (const part of value.split(",")) expect(line).toContain(part);
      } else {
        expect(answer.split(/\r?\n/)).toContain(`${fact}:${value}`);
      }
    }
  }
  await page.locator("[data-testid=node][data-node=master] .card-face").press("Enter");
  const { offset } = (await frameOf(page)).nodes[0] ?? { offset: -1 };
  await type(page, "SET k v");
  const fact = page.locator("[data-testid=fact][data-name=master_repl_offset]");
  await expect(fact).toHaveClass(/changed/);
  await expect(fact.locator(".was")).toHaveText(`was ${offset.toLocaleString("en", { useGrouping: false })}`);
  // Who changed this? The act that was typed.
  await press(page, "step");
  await press(page, "step");
  await fact.getByTestId("who").click();
  await expect
    .poll(async () => (await frameOf(page)).events.at(-1)?.what)
    .toMatchObject({ is: "type", line: "SET k v" });
});
