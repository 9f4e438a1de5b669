import { describe, expect, it } from "vitest";

import type { Frame, Happening, KeyView } from "../../src/engine/frame";
import { hintFor } from "../../src/model/hints";
import { negotiated, wordsOf } from "../../src/model/language";
import { beginningOf, type Mark, marked } from "../../src/model/marks";
import { differences, matrixOf } from "../../src/model/matrix";
import { pairsOf } from "../../src/model/relations";
import { settingOf, withSync } from "../../src/model/scenario";
import { sentence } from "../../src/model/sentence";
import { lineFor } from "../../src/model/selected";
import { OFF, printed, rebound, shortcutsOf, USUAL, wishOf } from "../../src/model/shortcuts";
import { nudged, powerOf, rateAt, rateText } from "../../src/model/speed";
import { Store } from "../../src/model/store";
import { isSettled, stageOf, storyOf } from "../../src/model/story";
import { transferOf } from "../../src/model/transfer";
import en from "../../src/locales/en.json" with { type: "json" };
import ko from "../../src/locales/ko.json" with { type: "json" };
import { attached, frame, key, node, replica, upstream } from "../fixtures/frames";
import { story } from "../fixtures/story";

const korean = wordsOf("ko", ko);
const english = wordsOf("en", en);

describe("the story", () => {
  it("goes through its stages in order", () => {
    expect(story.map((shot) => storyOf(shot).stage)).toEqual([
      "apart",
      "handshake",
      "delay",
      "snapshot",
      "load",
      "drain",
      "steady",
      "cut",
    ]);
  });

  it("is about whoever has come least far", () => {
    const { who, master } = storyOf(story[7] as Frame);
    expect(who.map((one) => one.name)).toEqual(["replica1"]);
    expect(master?.name).toBe("master");
  });

  it("waits for the master to notice that its child has ended", () => {
    const up = upstream({ state: "connected", up: true });
    const shot = frame([
      node(0, "master", { replicas: [attached(1, { state: "wait_bgsave_end" })] }),
      replica(1, "replica1", { upstream: up }),
    ]);
    expect(stageOf(shot, shot.nodes[1] as Frame["nodes"][0])).toBe("ack");
  });

  it("has settled when the offsets have met and nothing flies", () => {
    expect(story.map(isSettled)).toEqual([false, false, false, false, false, false, true, false]);
  });
});

describe("marks", () => {
  it("remember where chapters began, and forget a future that was changed", () => {
    let marks: readonly Mark[] = [];
    let before: Frame | null = null;
    for (const shot of story) {
      marks = marked(marks, before, shot);
      before = shot;
    }
    expect(beginningOf(marks, 1)).toBe(2);
    const cut = { ...(story[2] as Frame), cursor: 3, length: 3 };
    expect(marked(marks, before, cut).every((mark) => mark.cursor <= 3)).toBe(true);
  });

  it("are not added again on the way back", () => {
    const marks = marked(marked([], null, story[1] as Frame), story[1] as Frame, story[2] as Frame);
    expect(marked(marks, story[2] as Frame, story[1] as Frame)).toEqual(marks);
  });
});

describe("the keys", () => {
  it("are compared with those of the master", () => {
    const [greeting, visits] = matrixOf(story[5] as Frame);
    expect(greeting?.key).toBe("visits");
    expect(greeting?.cells.map((cell) => cell.mark)).toEqual(["own", "stale", "stale"]);
    expect(visits?.cells.map((cell) => cell.mark)).toEqual(["own", "equal", "equal"]);
    expect(differences(story[5] as Frame, story[5]?.nodes[1] as Frame["nodes"][0])).toBe(1);
  });

  it("beyond a window are unknown, not missing", () => {
    const shot = frame([
      node(0, "master", { keys: { total: 2, window: [key("a", "1"), key("z", "1")], pages: [] } }),
      replica(1, "replica1", { keys: { total: 9, window: [key("a", "1")], pages: [] } }),
    ]);
    expect(matrixOf(shot).map((row) => row.cells[1]?.mark)).toEqual(["equal", "unseen"]);
  });

  it("of two frames are the same rows until one of them changes, in any way", () => {
    const told = { db: 0, key: "a", type: "string", value: "1", expires: null };
    const shot = (window: readonly KeyView[], total = 1) =>
      frame([node(0, "master", { keys: { total, window, pages: [] } }), replica(1, "replica1", {})]);
    const rows = matrixOf(shot([told]));
    expect(matrixOf(shot([{ ...told }]))).toBe(rows);
    const others = [{ db: 1 }, { key: "b" }, { type: "list" }, { value: "2" }, { expires: 5 }];
    for (const other of others) {
      expect(matrixOf(shot([{ ...told, ...other }]))).not.toBe(matrixOf(shot([told])));
    }
    expect(matrixOf(shot([told], 2))).not.toBe(matrixOf(shot([told])));
  });
});

describe("relations", () => {
  it("name every pair once, with its cut", () => {
    expect(pairsOf(story[7] as Frame).map(({ key, cut }) => [key, cut])).toEqual([
      ["0-1", true],
      ["0-2", false],
    ]);
  });
});

describe("a transfer", () => {
  it("guesses the whole from the keys that are written", () => {
    const transfer = transferOf(story[3] as Frame, story[3]?.nodes[1] as Frame["nodes"][0]);
    expect(transfer?.whole).toBeCloseTo((16_384 * 42) / 18);
    expect(transfer).toMatchObject({ received: 12_288, sent: 28_672, total: null });
  });
});

describe("speed", () => {
  it("is logarithmic, and kept within its ends", () => {
    expect(rateAt(-2)).toBeCloseTo(0.01);
    expect(powerOf(rateAt(1))).toBeCloseTo(1);
    expect(rateAt(9)).toBe(100);
    expect(nudged(nudged(0.01, 1), -1)).toBeCloseTo(0.01);
  });

  it.each([
    [0.01, "1/100×"],
    [1, "1×"],
    [17.78, "18×"],
    [0.562, "1/1.8×"],
  ])("%d is written %s", (rate, text) => expect(rateText(rate)).toBe(text));
});

describe("shortcuts", () => {
  const press = (code: string, shiftKey = false, key = "") => wishOf({ code, key, shiftKey });

  it("go by the place of the key, whatever the layout prints on it", () => {
    expect(wishOf({ code: "Digit2", key: "ㅁ", shiftKey: false })).toEqual({
      do: "select",
      node: 1,
    });
    expect(press("ArrowRight")).toEqual({ do: "step" });
    expect(press("ArrowLeft", true)).toEqual({ do: "chapter", by: -1 });
    expect(press("Backquote")).toEqual({ do: "prompt" });
    expect(press("Slash", true, "?")).toEqual({ do: "help", open: true });
  });

  it("leave the rest to the page", () => {
    expect(press("KeyF")).toBeNull();
    expect(press("Space", true)).toBeNull();
  });

  it("have each a key of their own, and a sentence", () => {
    const usual = shortcutsOf(USUAL);
    expect(new Set(usual.map(({ key }) => key)).size).toBe(usual.length);
    for (const { says } of usual) expect(english(says)).not.toBe("");
  });

  it("may be given other keys, and the old owner goes without", () => {
    const keys = rebound(rebound(USUAL, "step", "KeyN"), "cut", "KeyD");
    expect(keys).toBe("step=KeyN cut=KeyD");
    const asked = (code: string) => wishOf({ code, key: "", shiftKey: false }, keys);
    expect(asked("KeyN")).toEqual({ do: "step" });
    expect(asked("KeyD")).toEqual({ do: "fault", fault: "cut" });
    expect(asked("KeyX")).toBeNull();
    expect(asked("ArrowRight")).toBeNull();
    expect(shortcutsOf(keys).find(({ id }) => id === "delay")?.key).toBe("");
    expect(rebound(rebound(keys, "step", "ArrowRight"), "cut", "KeyX")).toBe(USUAL);
  });

  it("can be switched off, all but the way out", () => {
    const asked = (code: string) => wishOf({ code, key: "", shiftKey: false }, OFF);
    for (const { key } of shortcutsOf(USUAL)) expect(asked(key)).toBeNull();
    expect(asked("Escape")).toEqual({ do: "dismiss" });
  });

  it("are written as keyboards print them", () => {
    expect(["KeyX", "Shift+ArrowLeft", "BracketLeft", "?", "+"].map(printed)).toEqual(["X", "⇧ ←", "[", "?", "+"]);
  });

  it("act on the wire and the server that are selected", () => {
    const [begun] = story;
    if (begun === undefined) throw new Error("the story is empty");
    const nodes = begun.nodes.map((one, id) => (id === 1 ? { ...one, upstream: upstream() } : one));
    const frame = { ...begun, nodes };
    const { screen } = new Store(() => undefined).state;
    expect(lineFor("freeze", frame, { ...screen, node: 1 })).toBe("freeze replica1");
    expect(lineFor("cut", frame, { ...screen, node: 1 })).toBe("cut master replica1");
    expect(lineFor("delay", frame, { ...screen, node: 0 })).toBe("delay master replica1 200ms");
    const cut = { ...frame, cuts: [{ a: 0, b: 1 }] };
    expect(lineFor("cut", cut, { ...screen, node: 1 })).toBe("heal master replica1");
    expect(lineFor("cut", { ...frame, nodes: [] }, screen)).toBeNull();
  });
});

describe("where runs have stopped", () => {
  it("is known until somebody acts before it", () => {
    const store = new Store(() => undefined);
    const at = (cursor: number, length: number): Frame => ({ ...frame([]), cursor, length });
    store.begin(at(0, 0));
    for (const cursor of [10, 20]) {
      store.show(at(cursor, cursor));
      store.stop();
    }
    store.stop();
    const known = () => store.state.stops.map(({ cursor }) => cursor);
    expect(known()).toEqual([10, 20]);
    store.show(at(15, 20));
    expect(known()).toEqual([10, 20]);
    store.show(at(16, 16));
    expect(known()).toEqual([10]);
  });
});

describe("a scenario", () => {
  it("tells the master how to hand over its snapshot", () => {
    const script = "seed 7\nnode master port=6379\nnode replica1\n";
    expect(withSync(script, "disk")).toBe(
      "seed 7\nnode master port=6379 --repl-diskless-sync no\nnode replica1\n",
    );
    expect(settingOf(script, "seed")).toBe("7");
  });
});

describe("words", () => {
  it("are the same in every language", () => {
    expect(Object.keys(ko)).toEqual(Object.keys(en));
  });

  it.each(Object.entries(en))("%s takes the same values", (name, text) => {
    const holes = (one: string): string[] => (one.match(/\{\w+\}/g) ?? []).sort();
    const other = ko[name as keyof typeof ko];
    const unknown = holes(other).filter((hole) => !holes(text).includes(hole));
    expect(unknown).toEqual([]);
  });

  it("hang no particle that depends on a final consonant on a value", () => {
    for (const [name, text] of Object.entries(ko)) {
      // A number of bytes always ends in 바이트, whichever its unit.
      const open = text.replaceAll("{bytes}", "바이트");
      expect(open, name).not.toMatch(/\}(이|가|은|는|을|를|와|과|으로|로)(?=[ ,.)의]|$)/);
    }
  });

  it("write numbers as the language does", () => {
    expect(english.bytes(12_345)).toBe("12.1\u00a0KiB");
    expect(korean.number(1_234_567)).toBe("1,234,567");
    expect(english.seconds(5_243)).toBe("5.243\u00a0s");
  });

  it("are chosen by the reader's wish", () => {
    expect(negotiated(null, ["fr", "ko-KR", "en"])).toBe("ko");
    expect(negotiated(null, [])).toBe("en");
  });
});

describe("an event in words", () => {
  const shot = frame([node(0, "master"), node(1, "replica1")]);
  const psync: Happening = {
    is: "receive",
    id: "1.1.0",
    from: 1,
    sentAt: 0,
    frame: "control",
    label: "PSYNC ? -1",
    bytes: 30,
  };
  it.each<[Happening, string, string]>([
    [
      psync,
      "master receives from replica1: PSYNC ? -1 (30 bytes)",
      "replica1 → master: PSYNC ? -1, 30바이트 도착",
    ],
    [
      { is: "wake", why: "fork" },
      "master: the delay is over: BGSAVE starts",
      "master: 대기 시간 종료, BGSAVE 시작",
    ],
    [
      { is: "disk", verb: "rename", bytes: 0, file: "temp-21.rdb dump.rdb" },
      "master: the disk has done: rename temp-21.rdb to dump.rdb",
      "master: 디스크 작업 완료(이름 변경: temp-21.rdb → dump.rdb)",
    ],
    [
      { is: "act", verb: "delay", a: "master", b: "replica1", amount: 200 },
      "delay master → replica1: 200 ms",
      "master → replica1 지연 200 ms",
    ],
    [
      { is: "act", verb: "bandwidth", a: "master", b: "replica1", amount: 0 },
      "bandwidth master → replica1: unlimited",
      "master → replica1 대역폭 제한 없음",
    ],
    [{ is: "type", name: "master", line: "SET a b" }, "master> SET a b", "master> SET a b"],
  ])("%j", (what, inEnglish, inKorean) => {
    expect(sentence(shot, 0, what, english)).toBe(inEnglish);
    expect(sentence(shot, 0, what, korean)).toBe(inKorean);
  });

  it("shows only the beginning of a replication ID", () => {
    const label = "+FULLRESYNC 82f8888bbabec51d999abe4331bfb24b237c73df 0";
    const said = sentence(shot, 1, { ...psync, from: 0, label, bytes: 56 }, english);
    expect(said).toBe("replica1 receives from master: +FULLRESYNC 82f8888b… 0 (56 bytes)");
  });
});

describe("the prompt's hints", () => {
  const commands = [
    { name: "get", usage: "key", summary: "Answers." },
    { name: "getex", usage: "key [EX seconds | PERSIST]", summary: "Answers." },
    { name: "set", usage: "key value [NX | XX]", summary: "Sets." },
  ];
  it.each([
    ["s", "set ", "SET key value [NX | XX]"],
    ["GE", "GET ", "GET key"],
    ["get", null, "GET key"],
    ["set ", null, "SET key value [NX | XX]"],
    ["set k ", null, "SET value [NX | XX]"],
    ["set k v", null, "SET value [NX | XX]"],
    ["SET k v ", null, "SET [NX | XX]"],
    ["getex k ", null, "GETEX [EX seconds | PERSIST]"],
  ])("%s", (line, completed, usage) => {
    expect(hintFor(commands, line)).toMatchObject({ completed, usage });
  });
  it("know nothing of what is no command", () => {
    expect(hintFor(commands, "sing")).toBeNull();
    expect(hintFor(commands, "")).toBeNull();
    expect(hintFor(commands, "nothing to")).toBeNull();
  });
});
