import { describe, expect, it } from "vitest";

import { Player } from "../../src/model/player";
import { Store } from "../../src/model/store";
import { storyOf } from "../../src/model/story";
import { FixtureSource } from "../fixtures/source";
import { story } from "../fixtures/story";

describe("the player", () => {
  it("asks for no animation while it is paused", async () => {
    const { player, clock } = await ready();
    await player.ask((source) => source.step());
    expect(clock.waiting).toBe(0);
  });

  it("has one callback outstanding while time passes, and none when nobody looks", async () => {
    const { player, clock } = await ready();
    player.play();
    await clock.tick(16);
    expect(clock.waiting).toBe(1);
    player.wake(false);
    expect(clock.waiting).toBe(0);
    player.wake(true);
    expect(clock.waiting).toBe(1);
    player.pause();
    expect(clock.waiting).toBe(0);
  });

  it("moves the clock on by real time and rate", async () => {
    const { player, clock, store, source } = await ready();
    store.choose({ skipIdle: false });
    player.play();
    await clock.tick(16);
    await clock.tick(16);
    expect(source.asked).toEqual(["advance"]);
    expect(store.state.frame?.elapsed).toBeCloseTo(0.16);
  });

  it("does not race through the time that it slept", async () => {
    const { player, clock, store } = await ready();
    store.choose({ skipIdle: false });
    player.play();
    await clock.tick(16);
    await clock.tick(60_000);
    expect(store.state.frame?.elapsed).toBeCloseTo(0.16);
  });

  it("jumps over idle time, and says by how much", async () => {
    const { player, clock, store, source } = await ready();
    store.choose({ rate: 0.001 });
    player.play();
    await clock.tick(16);
    await clock.tick(16);
    expect(source.asked).toEqual(["step"]);
    expect(store.state.jumped).toBe(1);
  });

  it("goes from event to event where motion is not wanted", async () => {
    const { player, clock, store, source } = await ready();
    store.choose({ still: true });
    player.play();
    for (let ticks = 0; ticks < 20; ticks++) await clock.tick(100);
    expect(source.asked).toEqual(["step", "step"]);
  });

  it("stops when the offsets have met", async () => {
    const { player, clock, store } = await ready();
    store.choose({ rate: 1 });
    player.play();
    for (let ticks = 0; ticks < 40 && store.state.screen.playing; ticks++) await clock.tick(16);
    expect(store.state.screen.playing).toBe(false);
    expect(storyOf(shown(store)).stage).toBe("steady");
  });

  it("runs until a chapter begins", async () => {
    const { player, store } = await ready();
    await player.run((frame) => storyOf(frame).stage === "snapshot");
    expect(shown(store).cursor).toBe(3);
  });

  it("goes only to the last of many places", async () => {
    const { player, store, source } = await ready();
    await Promise.all([3, 4, 5, 6].map((cursor) => player.seek(cursor)));
    expect(shown(store).cursor).toBe(6);
    expect(source.asked).toEqual(["seek 3", "seek 6"]);
  });

  it("shows what went wrong and keeps the picture", async () => {
    const { player, store } = await ready();
    await player.intervene("nobody> ERR");
    expect(store.state.error).toBe("there is no node 'nobody'");
    expect(store.state.frame).not.toBeNull();
  });

  it("closes the source it no longer drives", async () => {
    const { player, source } = await ready();
    await player.drive(null);
    expect(source.closed).toBe(true);
  });
});

/** A clock that ticks when it is told to. */
class Clock {
  #now = 1_000;
  #next = 0;
  readonly #callbacks = new Map<number, (now: number) => void>();

  get waiting(): number {
    return this.#callbacks.size;
  }

  request(callback: (now: number) => void): number {
    this.#callbacks.set(++this.#next, callback);
    return this.#next;
  }

  cancel(id: number): void {
    this.#callbacks.delete(id);
  }

  async tick(millis: number): Promise<void> {
    this.#now += millis;
    const due = [...this.#callbacks.values()];
    this.#callbacks.clear();
    for (const callback of due) callback(this.#now);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

describe("a look at another moment", () => {
  it("moves nothing, and only the last that was asked for is looked at", async () => {
    const { player, source, store } = await ready();
    await player.seek(2);
    source.asked.length = 0;
    const looks = await Promise.all([1, 3, 4].map((at) => player.peek((one) => one.seek(at))));
    expect(looks.map((look) => look?.cursor)).toEqual([undefined, undefined, 4]);
    expect(source.asked).toEqual(["seek 4", "seek 2"]);
    expect(shown(store).cursor).toBe(2);
  });

  it("is over before anything else is done", async () => {
    const { player, source, store } = await ready();
    await player.seek(2);
    source.asked.length = 0;
    const look = player.peek((one) => one.seek(0));
    await Promise.resolve();
    await Promise.all([look, player.ask((one) => one.step())]);
    expect(source.asked).toEqual(["seek 0", "seek 2", "step"]);
    expect(shown(store).cursor).toBe(3);
  });

  it("is not taken while time passes", async () => {
    const { player } = await ready();
    player.play();
    expect(await player.peek((one) => one.seek(0))).toBeNull();
  });
});

async function ready() {
  const [clock, source] = [new Clock(), new FixtureSource(story)];
  const store = new Store(() => undefined);
  const player = new Player(store, clock);
  await player.drive(source);
  return { clock, source, store, player };
}

function shown(store: Store) {
  const { frame } = store.state;
  if (frame === null) throw new Error("nothing is shown");
  return frame;
}
