import { describe, expect, it } from "vitest";

import en from "../../src/glossary/en.json";
import ko from "../../src/glossary/ko.json";
import { glossaryOf, PLACES } from "../../src/glossary/terms";
import englishWords from "../../src/locales/en.json";
import koreanWords from "../../src/locales/ko.json";
import { wordsOf } from "../../src/model/language";
import { termOf } from "../../src/model/glossary";
/** The sections of pages of Redis' documentation, as read in its repository in 2026. */
import sections from "./sections.json";

const REDIS = "https://redis.io/docs/latest/";

describe("the glossary", () => {
  const terms = Object.values(PLACES).flat();

  it("has a sentence for every term in both languages, and for nothing else", () => {
    const ids = terms.map(({ id }) => id).sort();
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(en).sort()).toEqual(ids);
    expect(Object.keys(ko).sort()).toEqual(ids);
  });

  it("names labels that there are, each explained once in a place", () => {
    for (const [place, explained] of Object.entries(PLACES)) {
      const labels = explained.flatMap((term) => term.labels);
      expect(new Set(labels).size, place).toBe(labels.length);
      for (const label of labels) {
        if (label.startsWith("=")) continue;
        const named = Object.keys(englishWords).filter((key) =>
          label.endsWith(".*") ? key.startsWith(label.slice(0, -1)) : key === label,
        );
        expect(named, label).not.toEqual([]);
      }
    }
  });

  it("leads to a place in a page, and not to its beginning", () => {
    const { places } = glossaryOf(wordsOf("en", englishWords), en);
    for (const { id, address } of places.flatMap((place) => place.terms)) {
      const { hash, href } = new URL(address);
      // The page of one command is a place itself.
      if (hash === "") expect(href, id).toMatch(/^https:\/\/redis\.io\/docs\/latest\/commands\/\w+\/$/);
    }
  });

  it("names sections of Redis' documentation that there are", () => {
    const { places } = glossaryOf(wordsOf("en", englishWords), en);
    const known: Readonly<Record<string, readonly string[]>> = sections;
    const named = places
      .flatMap((place) => place.terms)
      .map(({ address }) => address)
      .filter((address) => address.startsWith(REDIS) && /#(?!:~:)/.test(address))
      .map((address) => address.slice(REDIS.length).split("#") as [string, string]);
    expect(named.length).toBeGreaterThan(30);
    for (const [page, section] of named) expect(known[page], `${page}#${section}`).toContain(section);
  });

  it("writes the words of a page so that a browser reads them as one text", () => {
    const { places } = glossaryOf(wordsOf("en", englishWords), en);
    const addressOf = (id: string) => places.flatMap((place) => place.terms).find((term) => term.id === id)?.address;
    expect(addressOf("info.read")).toBe(`${REDIS}commands/info/#:~:text=slave_read_repl_offset`);
    // "-" and "," part a text directive, and words are not one.
    for (const { address } of places.flatMap((place) => place.terms)) {
      expect(address.split("#:~:text=")[1] ?? "", address).not.toMatch(/[-,& ]/);
    }
    expect(addressOf("log")).toMatch(/\/redis\/redis\/7\.2\.4\/src\/server\.c#:~:text=void%20serverLogRaw/);
  });

  it("finds what a label means in either language", () => {
    const english = glossaryOf(wordsOf("en", englishWords), en);
    const korean = glossaryOf(wordsOf("ko", koreanWords), ko);
    expect(termOf(english, "backlog")?.id).toBe("backlog");
    expect(termOf(korean, "백로그")?.id).toBe("backlog");
    expect(termOf(korean, "없는 말")).toBeUndefined();
  });
});
