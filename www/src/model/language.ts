/** Words in the reader's language: one locale is loaded, the other is not. */
import type messages from "../locales/en.json";

export type Language = "ko" | "en";
export type Key = keyof typeof messages;
export type Values = Readonly<Record<string, string | number>>;

/** The words of one language, and how it writes numbers. */
export interface Words {
  (key: Key, values?: Values): string;
  readonly language: Language;
  /** 12345 → "12,345". */
  number(value: number): string;
  /** 12345 → "12,345", 1234567 → "1.2M": no wider than seven characters. */
  short(value: number): string;
  /** 12345 → "12.1 KiB". */
  bytes(value: number): string;
  /** Milliseconds → "5.243 s"; a number and its unit stay on one line. */
  seconds(millis: number): string;
  /** Milliseconds since the Unix epoch → a date and a time of the day, in UTC. */
  instant(millis: number): string;
}

/** The language of an element: its own, its surroundings', the browser's, English. */
export function negotiated(element: Element | null, wanted: readonly string[]): Language {
  const named = element?.closest("[lang]")?.getAttribute("lang") ?? "";
  return [named, ...wanted].map(known).find((one) => one !== null) ?? "en";
}

/** Loads the words of a language. */
export async function loadWords(language: Language): Promise<Words> {
  const loaded =
    language === "ko" ? await import("../locales/ko.json") : await import("../locales/en.json");
  return wordsOf(language, loaded.default);
}

/** Makes words of messages. */
export function wordsOf(language: Language, texts: Readonly<Record<Key, string>>): Words {
  const numbers = new Intl.NumberFormat(language);
  const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat(language, {
    notation: "compact",
    maximumFractionDigits: 1,
  });
  const millis = new Intl.NumberFormat(language, {
    minimumFractionDigits: 3,
    maximumFractionDigits: 3,
  });
  const instants = new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "medium",
    timeZone: "UTC",
  });
  const text = (key: Key, values: Values = {}): string =>
    (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) =>
      String(values[name] ?? whole),
    );
  return Object.assign(text, {
    language,
    number: (value: number) => numbers.format(value),
    short: (value: number) => (value < 100_000 ? numbers : compact).format(value),
    bytes: (value: number) => bytesText(value, tenths),
    instant: (value: number) => `${instants.format(value)} UTC`,
    seconds: (value: number) => `${millis.format(value / 1_000)}\u00a0s`,
  });
}

function bytesText(value: number, tenths: Intl.NumberFormat): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${tenths.format(value / 1_024 ** step)}\u00a0${units[step] ?? "B"}`;
}

function known(tag: string): Language | null {
  const base = tag.toLowerCase().split("-")[0];
  return base === "ko" || base === "en" ? base : null;
}
