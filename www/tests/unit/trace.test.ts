import { describe, expect, it } from "vitest";

import { askedIn } from "../../src/model/asked";
import { compared, headIn } from "../../src/model/trace";

const head = (hash: string): string => JSON.stringify({ replicaLab: 1, events: 2, hash, link: "AA-_" });
const lines = (...texts: string[]): string[] => texts.map((text, event) => JSON.stringify({ event, text }));
const A = "00000000000000aa";
const B = "00000000000000bb";

describe("a file of events", () => {
  it("is known by its first line only if all of it is right", () => {
    expect(headIn(head(A))).toEqual({ events: 2, hash: A, link: "AA-_" });
    for (const wrong of ["", "null", "[]", '"x"', head("AA"), head(A).replace("AA-_", "AA+/"), head(A).replace("1,", "2,")]) {
      expect(headIn(wrong), wrong).toBeNull();
    }
  });

  it("is the same, or differs at an event, in its length, or in its hash", () => {
    const here = [head(A), ...lines("a", "b")];
    expect(compared("n", here, here)).toMatchObject({ same: true, said: ["trace.same", { count: 2, here: A }] });
    expect(compared("n", [head(A), ...lines("a", "x")], here).said).toEqual([
      "trace.differs",
      { name: "n", event: 1, there: "x", here: "b" },
    ]);
    expect(compared("n", [head(A), ...lines("a", "b", "c")], here).said).toMatchObject(["trace.differs", { event: 2, here: "–" }]);
    expect(compared("n", [head(A), ...lines("a")], here).said).toMatchObject(["trace.short", { count: 1, whole: 2 }]);
    expect(compared("n", [head(B), ...lines("a", "b")], here)).toMatchObject({ same: false, said: ["trace.hash", { there: B, here: A }] });
  });
});

describe("an address", () => {
  it("asks for what it says, and for nothing else", () => {
    const commands = btoa(JSON.stringify(["SET k v", " GET k "])).replaceAll("=", "");
    expect(askedIn(`?scenario=wait&seed=007&step=%20load%20&commands=${commands}`)).toEqual({
      scenario: "wait",
      seed: 7,
      step: "load",
      commands: ["SET k v", "GET k"],
      misses: [],
    });
    expect(askedIn("?seed=&step=%20")).toEqual({ scenario: null, seed: null, step: null, commands: [], misses: [] });
    expect(askedIn("?seed=0x10&commands=W10").misses).toEqual([["asked.seed", { what: "0x10" }]]);
  });
});
