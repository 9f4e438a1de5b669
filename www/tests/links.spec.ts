/** A link is a MessageChannel: what becomes of a server whose port is closed. */
import { expect, type Page, test } from "@playwright/test";

import { frameOf, open, replyOf, stepTo } from "./lab";

interface Ports {
  /** How many channels were made. */
  channels: number;
  /** Ports that were closed, in their order. */
  closed: MessagePort[];
}

/** Lets the servers live in the page, where their ports can be watched. */
async function watchPorts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, "Worker");
    const ports: Ports = { channels: 0, closed: [] };
    Object.assign(window, { ports });
    const close = MessagePort.prototype.close;
    MessagePort.prototype.close = function () {
      ports.closed.push(this);
      close.call(this);
    };
    window.MessageChannel = class extends MessageChannel {
      constructor() {
        super();
        ports.channels++;
      }
    };
  });
}

const portsOf = (page: Page): Promise<{ channels: number; closed: number }> =>
  page.evaluate(() => {
    const { channels, closed } = (window as unknown as { ports: Ports }).ports;
    return { channels, closed: closed.length };
  });

const statusOf = async (page: Page): Promise<string> =>
  /master_link_status:\w+/.exec(await replyOf(page, "replica1", "INFO replication"))?.[0] ?? "";

test("who closes a link's ports sees it down on the replica, and the replica dial again", async ({
  page,
}) => {
  await watchPorts(page);
  const errors = await open(page, "?lang=en&expert");
  await stepTo(page, "steady");
  expect((await frameOf(page)).isolation).toBe("page");
  expect(await statusOf(page)).toBe("master_link_status:up");
  const before = await portsOf(page);
  await page.locator("[data-testid=faults][data-pair='0-1']").click();
  await page.locator("[data-testid=fault][data-line='reset master replica1']").click();
  // Both ends of the one channel, of which there is no other.
  await expect.poll(async () => (await portsOf(page)).closed).toBe(before.closed + 2);
  expect((await portsOf(page)).channels).toBe(before.channels);
  expect(await statusOf(page)).toBe("master_link_status:down");
  const { cursor } = await frameOf(page);
  await page.getByTestId("until").selectOption("replica1 up");
  await expect.poll(async () => (await frameOf(page)).nodes[1]?.upstream?.up).toBe(true);
  expect((await portsOf(page)).channels).toBe(before.channels + 1);
  expect(await statusOf(page)).toBe("master_link_status:up");
  const { nodes } = await frameOf(page);
  const since = nodes[1]?.log.filter(({ event }) => event >= cursor - 2).map(({ text }) => text);
  for (const line of [
    "Connection with master lost.",
    "Reconnecting to MASTER",
    "MASTER <-> REPLICA sync started",
    "Successful partial resynchronization with master.",
  ]) {
    expect(since?.join("\n")).toContain(line);
  }
  expect(errors).toEqual([]);
});
