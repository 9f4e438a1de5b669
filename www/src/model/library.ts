/** What can be opened: lessons, and scenarios to play with. One is loaded, the others are not. */
import order from "../lessons/index.json";
import type { Language } from "./language";
import type { Lesson, Telling } from "./lesson";

const lessons = import.meta.glob<Lesson>(["../lessons/*.json", "!../lessons/index.json", "!../lessons/*.*.json"], {
  import: "default",
});
const tellings = import.meta.glob<Telling>(["../lessons/*.*.json", "!../lessons/titles.*.json"], { import: "default" });
const scenarios = import.meta.glob<string>("../../../tests/scenarios/play-*.txt", {
  query: "?raw",
  import: "default",
});

/** The lessons, in the order in which they build on each other. */
export const LESSONS: readonly string[] = order;

/** What happens in a lesson; null if there is none of this name. */
export async function loadLesson(id: string): Promise<Lesson | null> {
  return (await lessons[`../lessons/${id}.json`]?.()) ?? null;
}

/** What is said in a lesson. */
export async function loadTelling(id: string, language: Language): Promise<Telling | null> {
  return (await tellings[`../lessons/${id}.${language}.json`]?.()) ?? null;
}

/** The titles of all lessons, in their order. */
export async function loadTitles(language: Language): Promise<readonly string[]> {
  const titles =
    language === "ko"
      ? await import("../lessons/titles.ko.json")
      : await import("../lessons/titles.en.json");
  return titles.default;
}

/** The script of a scenario; null if there is none of this name. */
export async function loadScenario(id: string): Promise<string | null> {
  return (await scenarios[`../../../tests/scenarios/play-${id}.txt`]?.()) ?? null;
}
