import { describe, expect, it } from "vitest";

import en from "../../src/glossary/en.json";
import ko from "../../src/glossary/ko.json";
import { glossaryOf, PLACES } from "../../src/glossary/terms";
import englishWords from "../../src/locales/en.json";
import koreanWords from "../../src/locales/ko.json";
import { wordsOf } from "../../src/model/language";
import { termOf } from "../../src/model/glossary";

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

  it("finds what a label means in either language", () => {
    const english = glossaryOf(wordsOf("en", englishWords), en);
    const korean = glossaryOf(wordsOf("ko", koreanWords), ko);
    expect(termOf(english, "backlog")?.id).toBe("backlog");
    expect(termOf(korean, "백로그")?.id).toBe("backlog");
    expect(termOf(korean, "없는 말")).toBeUndefined();
  });
});
