import { describe, expect, it } from "vitest";

import { progressOf, reachOf, SHAPES_MAX, trafficOf } from "../../src/draw/flight";
import { gridOf } from "../../src/draw/pages";
import { rulerOf } from "../../src/draw/ruler";
import { percent, scaleOf, ticksOf } from "../../src/draw/scale";
import { type Topology, topologyOf } from "../../src/draw/topology";
import type { Frame } from "../../src/engine/frame";
import { attached, EPOCH, flying, frame, node, replica, wire } from "../fixtures/frames";
import { chain } from "../fixtures/chain";
import { story } from "../fixtures/story";

describe("a scale", () => {
  it("keeps what is outside at its ends", () => {
    const scale = scaleOf(100, 200);
    expect([50, 100, 150, 200, 900].map(scale.at)).toEqual([0, 0, 0.5, 1, 1]);
  });

  it("has round ticks within it", () => {
    expect(ticksOf(scaleOf(0, 134), 6)).toEqual([0, 50, 100]);
    expect(ticksOf(scaleOf(9_983_000, 10_000_000), 6)).toEqual([
      9_985_000, 9_990_000, 9_995_000, 10_000_000,
    ]);
  });

  it("is written in percent", () => {
    expect(percent(1 / 3)).toBe("33.33%");
  });
});

describe("a frame in flight", () => {
  it("is where virtual time says", () => {
    const one = flying(1, { sentAt: 10, arrivesAt: 20 });
    expect([5, 10, 15, 20, 25].map((now) => progressOf(one, now))).toEqual([0, 0, 0.5, 1, 1]);
  });

  it("that arrives at once has arrived", () => {
    expect(progressOf(flying(1, { sentAt: 10, arrivesAt: 10 }), 10)).toBe(1);
  });

  it("grows with the logarithm of its bytes", () => {
    expect(reachOf(16_384)).toBeGreaterThan(reachOf(64));
    expect(reachOf(1e9)).toBeLessThanOrEqual(13);
  });
});

describe("a wire", () => {
  const nodes = [node(0, "master", { replicas: [attached(1)] }), replica(1, "replica1")];
  const traffic = (frames: ReturnType<typeof flying>[], hidden = 0) => {
    const shot = frame(nodes, { wires: [{ ...wire(1, 1, frames), hidden }], at: EPOCH + 1 });
    const pipe = topologyOf(shot, 700).pipes[0];
    if (pipe === undefined) throw new Error("there is no pipe");
    return trafficOf(pipe, shot.at);
  };
  const flock = (count: number) => Array.from({ length: count }, (_, id) => flying(id));

  it("draws as many shapes as frames", () => {
    expect(traffic(flock(SHAPES_MAX)).flights).toHaveLength(SHAPES_MAX);
  });

  it("counts more than twelve, the hidden ones too", () => {
    const { flights, flocks } = traffic(flock(13), 7);
    expect(flights).toHaveLength(0);
    expect(flocks).toMatchObject([{ to: 1, count: 20, kind: "stream" }]);
  });

  it("keeps the two directions apart", () => {
    const there = flying(1);
    const back = flying(2, { from: 1, to: 0 });
    const [one, other] = traffic([there, back]).flights;
    expect(one?.at.y).toBeLessThan(other?.at.y ?? 0);
    expect(Math.abs(other?.angle ?? 0)).toBe(180);
  });

  it("never draws two shapes at one place", () => {
    const places = traffic(flock(4)).flights.map((flight) => flight.at.x);
    expect(new Set(places.map(Math.round)).size).toBe(4);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
  });
});

describe("the topology", () => {
  const inside = ({ cards, width }: Topology): boolean =>
    cards.every((card) => card.x >= 0 && card.x + card.width <= width);
  const apart = ({ cards }: Topology): boolean =>
    cards.every((a, index) =>
      cards
        .slice(index + 1)
        .every(
          (b) =>
            a.x + a.width <= b.x ||
            b.x + b.width <= a.x ||
            a.y + a.height <= b.y ||
            b.y + b.height <= a.y,
        ),
    );

  it.each([320, 375, 480, 560, 700, 1_000])("keeps cards apart at %d pixels", (width) => {
    for (const shot of [...story, ...chain]) {
      const drawing = topologyOf(shot, width - 32);
      expect(drawing.cards).toHaveLength(shot.nodes.length);
      expect(inside(drawing)).toBe(true);
      expect(apart(drawing)).toBe(true);
    }
  });

  it("does not move anybody when replicas attach", () => {
    const places = story.map((shot) => topologyOf(shot, 700).cards.map(({ x, y }) => [x, y]));
    for (const place of places) expect(place).toEqual(places[0]);
  });

  it("draws every wire to a replica straight", () => {
    const { pipes } = topologyOf(story[6] as Frame, 700);
    expect(pipes.map(({ from, to }) => from.y === to.y)).toEqual([true, true]);
  });

  it("lies on its side on a phone", () => {
    const { upright, pipes } = topologyOf(story[6] as Frame, 343);
    expect(upright).toBe(true);
    expect(pipes.map(({ from, to }) => from.x === to.x)).toEqual([true, true]);
  });
});

describe("the ruler", () => {
  const master = (shot: Frame) => rulerOf(shot, shot.nodes[0] as Frame["nodes"][0]);

  it("splits what the master has produced without a gap", () => {
    const { rows, head } = master(story[5] as Frame);
    const [row] = rows;
    expect(row?.processed).toEqual({ start: 0, end: 20 });
    expect(row?.received).toEqual({ start: 20, end: 30 });
    expect(row?.flight).toEqual({ start: 30, end: 57 });
    expect(row?.buffered).toEqual({ start: 57, end: head });
  });

  it("shows only the buffer of a replica on another history", () => {
    const [row] = master(story[3] as Frame).rows;
    expect(row).toMatchObject({ sameHistory: false, acked: null, buffered: { start: 0, end: 97 } });
    expect(row?.flight.start).toBe(row?.flight.end);
  });

  it("begins near the oldest byte of a long history", () => {
    const { scale, backlog } = master(chain[0] as Frame);
    expect(scale.start).toBeGreaterThan(9_000_000);
    expect(scale.at(backlog?.start ?? 0)).toBeGreaterThan(0);
  });

  it("counts the whole family", () => {
    expect(master(chain[0] as Frame).rows.map((row) => row.node.name)).toEqual([
      "replica-in-seoul",
      "replica2",
      "leaf1",
      "leaf2",
    ]);
  });
});

describe("the map of pages", () => {
  it.each([0, 1, 16, 256])("finds room for %d", (count) => {
    const cells = gridOf(count, 200, 120);
    expect(cells).toHaveLength(count);
    for (const { x, y, size } of cells) {
      expect(x + size).toBeLessThanOrEqual(200);
      expect(y + size).toBeLessThanOrEqual(120);
    }
  });

  it("leaves out what finds none", () => {
    expect(gridOf(10_000, 60, 20).length).toBeLessThan(100);
    expect(gridOf(5, 0, 20)).toEqual([]);
  });
});
