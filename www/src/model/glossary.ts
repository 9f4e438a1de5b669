/** The words on the screen that want explaining: fetched when somebody asks, place by place. */
import type { Key, Language, Words } from "./language";

/** The places on the screen that have an explanation of their own. */
export const TITLES = {
  head: "help.place.head",
  chapters: "chapter.list",
  topology: "topic.topology",
  ruler: "ruler.title",
  console: "console.title",
  keys: "keys.title",
  events: "events.title",
  time: "time.label",
  faults: "help.place.faults",
  dock: "dock.inspector",
  info: "help.place.info",
} as const satisfies Record<string, Key>;

export type Topic = keyof typeof TITLES;

export interface Explained {
  readonly id: string;
  /** As on the screen, with "…" for what changes. */
  readonly labels: readonly string[];
  readonly sentence: string;
  /** Where to read on. */
  readonly address: string;
  readonly where: string;
}

export interface Glossary {
  readonly language: Language;
  readonly places: readonly {
    readonly topic: Topic;
    readonly title: string;
    readonly terms: readonly Explained[];
  }[];
}

/** Fetches what there is to say, in the language of `t`. */
export async function loadGlossary(t: Words): Promise<Glossary> {
  const sentences = t.language === "ko" ? import("../glossary/ko.json") : import("../glossary/en.json");
  const [{ glossaryOf }, said] = await Promise.all([import("../glossary/terms"), sentences]);
  return glossaryOf(t, said.default);
}

/** What a label means that stands on the screen, if it is explained. */
export function termOf({ places }: Glossary, label: string): Explained | undefined {
  return places.flatMap(({ terms }) => terms).find(({ labels }) => labels.includes(label));
}
