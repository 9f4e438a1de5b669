import { describe, expect, it } from "vitest";

import type { Frame, NodeView } from "../../src/engine/frame";
import index from "../../src/lessons/index.json";
import {
  actsOf,
  answered,
  backward,
  begun,
  commandOf,
  ended,
  isAsking,
  isDone,
  type Lesson,
  onward,
  stepOf,
  wasRight,
} from "../../src/model/lesson";
import { lessonIn, parkedOf, progressIn } from "../../src/model/parked";
import { holds, logMarks } from "../../src/model/until";

const files = import.meta.glob<Lesson>("../../src/lessons/*.json", { eager: true, import: "default" });
const lessons = index.map((id) => {
  const lesson = files[`../../src/lessons/${id}.json`];
  if (lesson === undefined) throw new Error(`there is no lesson ${id}`);
  return lesson;
});

function node(partial: Partial<NodeView>): NodeView {
  return { id: 0, name: "master", port: 6379, upstream: null, replicas: [], log: [], offset: 0, replid: "a", ...partial } as NodeView;
}

function frame(...nodes: NodeView[]): Frame {
  return { nodes } as unknown as Frame;
}

const lesson: Lesson = {
  id: "l",
  world: ["node master"],
  steps: [{ id: "one", do: ["master> SET k v", "run 2s", "until synced"] }, { id: "two", ask: { right: 1 } }, { id: "three" }],
};

describe("the lessons", () => {
  it("wait only for what can be recognised", () => {
    const nodes = ["master", "replica1", "replica2"].map((name, id) => node({ name, id }));
    for (const step of lessons.flatMap((one) => one.steps)) {
      for (const act of actsOf(step)) {
        if (act.kind === "until") expect(() => holds(act.until, frame(...nodes), new Map())).not.toThrow();
        if (act.kind === "intervene") expect(act.line).toMatch(/^(\S+> .+|(cut|heal|reset) \S+ \S+|(freeze|thaw|crash) \S+|restart \S+( without rdb)?)$/);
      }
    }
  });

  it("name what to look at", () => {
    const places = /^(topology|ruler|ring|buffer|keys|pages|wire|rdb|prompt|log \S+)$/;
    for (const step of lessons.flatMap((one) => one.steps)) expect(step.focus).toMatch(places);
  });
});

describe("a step", () => {
  it("is a list of acts", () => {
    const [first] = lesson.steps;
    const acts = first === undefined ? [] : actsOf(first);
    expect(acts).toEqual([
      { kind: "intervene", line: "master> SET k v" },
      { kind: "run", millis: 2000 },
      { kind: "until", until: "synced" },
    ]);
    expect(acts.map(commandOf)).toEqual([{ node: "master", command: "SET k v" }, null, null]);
  });

  it("waits for lines that come after it began", () => {
    const line = { index: 4, event: 0, at: 0, text: "* Full resync", level: "notice" } as const;
    const before = frame(node({ log: [line] }));
    expect(holds("master logs Full resync", before, new Map())).toBe(true);
    expect(holds("master logs Full resync", before, logMarks(before))).toBe(false);
    const after = frame(node({ log: [line, { ...line, index: 5 }] }));
    expect(holds("master logs Full resync", after, logMarks(before))).toBe(true);
    expect(() => holds("master sings", before, new Map())).toThrow(/nothing can wait/);
  });

  it("knows when all are in sync", () => {
    const up = { host: "master", port: 6379, up: true } as NonNullable<NodeView["upstream"]>;
    const replica = node({ id: 1, name: "replica1", upstream: up, offset: 5 });
    const master = (acked: number): NodeView => node({ offset: 5, replicas: [{ acked }] as unknown as NodeView["replicas"] });
    expect(holds("synced", frame(master(5), replica), new Map())).toBe(true);
    expect(holds("synced", frame(master(4), replica), new Map())).toBe(false);
    expect(holds("synced", frame(master(5), { ...replica, offset: 4 }), new Map())).toBe(false);
    expect(holds("synced", frame(master(5), { ...replica, replid: "b" }), new Map())).toBe(false);
    expect(holds("replica1 up", frame(master(5), replica), new Map())).toBe(true);
  });
});

describe("progress", () => {
  it("goes on when a step has ended, and asks first", () => {
    let progress = begun(lesson);
    expect(onward(progress)).toBe(progress);
    progress = onward(ended(progress, 12));
    expect(stepOf(progress)?.id).toBe("two");
    expect(isAsking(progress)).toBe(true);
    progress = ended(progress, 15);
    expect(onward(progress)).toBe(progress);
    progress = answered(progress, 0);
    expect(wasRight(progress)).toBe(false);
    expect(answered(progress, 1)).toBe(progress);
    progress = onward(progress);
    expect(stepOf(progress)?.id).toBe("three");
    expect([isDone(progress), wasRight(progress)]).toEqual([false, null]);
  });

  it("goes back to where a step had ended", () => {
    const third = { ...begun(lesson), step: 2, cursors: [12, 15] };
    const { progress, cursor } = backward(third);
    expect([progress.step, cursor]).toEqual([1, 15]);
    expect(backward(begun(lesson))).toEqual({ progress: begun(lesson), cursor: 0 });
  });
});

describe("a lesson that is parked", () => {
  const lesson: Lesson = {
    id: "short",
    world: [],
    steps: [{ id: "one" }, { id: "two", ask: { right: 1 } }, { id: "three" }],
  };
  const marks = new Map<number, number>();

  it("is found again as it was left", () => {
    const progress = { lesson, step: 1, answers: { two: 0 }, cursors: [12, 40] };
    const view = new URLSearchParams(parkedOf({ progress, phase: "done", marks })).toString();
    expect(lessonIn(view)).toBe("short");
    expect(progressIn(view, lesson)).toEqual(progress);
  });

  it("begins at its beginning if a link says nothing that makes sense", () => {
    expect(parkedOf(null)).toEqual({});
    expect(lessonIn("node=1")).toBeNull();
    for (const view of ["lesson=short", "lesson=short&at=9&ends=-1.x&said=..", "lesson=short&at=x&ends="]) {
      expect(progressIn(view, lesson)).toEqual({ lesson, step: 0, answers: {}, cursors: [] });
    }
    expect(progressIn("lesson=short&at=9&ends=3.4.5.6&said=1.1.1", lesson)).toEqual({
      lesson,
      step: 2,
      answers: { two: 1 },
      cursors: [3, 4, 5],
    });
  });
});
