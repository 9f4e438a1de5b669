import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { contrast, distance, EYES } from "./colour";

const css = readFileSync(new URL("../../src/styles/tokens.css", import.meta.url), "utf8");
const kinds = ["control", "rdb", "stream", "ack", "fault"] as const;

function token(name: string): Record<"light" | "dark", string> {
  const pair = new RegExp(`--lab-${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css);
  if (pair?.[1] === undefined || pair[2] === undefined) throw new Error(`no token ${name}`);
  return { light: pair[1], dark: pair[2] };
}

describe.each(["light", "dark"] as const)("in %s", (scheme) => {
  const colour = (name: string): string => token(name)[scheme];

  it.each(kinds)("%s stands out from the panel", (kind) => {
    expect(contrast(colour(kind), colour("panel"))).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.keys(EYES) as (keyof typeof EYES)[])("no two kinds look alike to %s", (eyes) => {
    for (const [index, one] of kinds.entries()) {
      for (const other of kinds.slice(index + 1)) {
        const apart = distance(colour(one), colour(other), eyes);
        expect(apart, `${one} and ${other}`).toBeGreaterThanOrEqual(19.5);
      }
    }
  });

  it.each(["panel", "paper", "wash"])("text can be read on %s", (ground) => {
    expect(contrast(colour("ink"), colour(ground))).toBeGreaterThanOrEqual(7);
    expect(contrast(colour("ink-soft"), colour(ground))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour("accent"), colour(ground))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour("edge"), colour(ground))).toBeGreaterThanOrEqual(
      ground === "wash" ? 2.5 : 3,
    );
  });

  it("text can be read on the accent", () => {
    expect(contrast(colour("on-accent"), colour("accent"))).toBeGreaterThanOrEqual(4.5);
  });
});
