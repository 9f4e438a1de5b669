/**
 * Keys and what they mean: matched by place on the keyboard, so that a Hangul layout works too.
 *
 * A reader may give any of them another key, or switch them off; both are one text, as an element's
 * attribute has it: `off`, or `cut=KeyQ step=KeyN`.
 */
import type { Intent } from "./intent";
import type { Key } from "./language";

/** What a shortcut asks for: an intent, or what depends on where somebody is. */
export type Wish =
  | Intent
  | { readonly do: "prompt" }
  | { readonly do: "log" }
  | { readonly do: "hex" }
  | { readonly do: "conditions" }
  | { readonly do: "faster"; readonly by: 1 | -1 }
  | { readonly do: "turn"; readonly by: 1 | -1 }
  | { readonly do: "fault"; readonly fault: Fault };

/** What a key does to the wire or the server that is selected. */
export type Fault = "cut" | "delay" | "freeze";

/** The part of a keyboard event that decides. */
export interface Press {
  readonly code: string;
  readonly key: string;
  readonly shiftKey: boolean;
}

export interface Shortcut {
  readonly id: string;
  /** A key by its place, perhaps with Shift, or the character that it types. */
  readonly key: string;
  readonly says: Key;
  readonly wish: Wish;
}

/** Every shortcut that may have another key, in the order of the help. */
export const SHORTCUTS: readonly Shortcut[] = [
  { id: "toggle", key: "Space", says: "key.toggle", wish: { do: "toggle" } },
  { id: "back", key: "ArrowLeft", says: "key.back", wish: { do: "back" } },
  { id: "step", key: "ArrowRight", says: "key.step", wish: { do: "step" } },
  { id: "earlier", key: "Shift+ArrowLeft", says: "key.earlier", wish: { do: "chapter", by: -1 } },
  { id: "later", key: "Shift+ArrowRight", says: "key.later", wish: { do: "chapter", by: 1 } },
  { id: "start", key: "Home", says: "key.start", wish: { do: "start" } },
  { id: "end", key: "End", says: "key.end", wish: { do: "end" } },
  { id: "faster", key: "+", says: "key.faster", wish: { do: "faster", by: 1 } },
  { id: "slower", key: "-", says: "key.slower", wish: { do: "faster", by: -1 } },
  { id: "cut", key: "KeyX", says: "key.cut", wish: { do: "fault", fault: "cut" } },
  { id: "delay", key: "KeyD", says: "key.delay", wish: { do: "fault", fault: "delay" } },
  { id: "freeze", key: "KeyZ", says: "key.freeze", wish: { do: "fault", fault: "freeze" } },
  { id: "until", key: "KeyB", says: "key.until", wish: { do: "conditions" } },
  { id: "previous", key: "BracketLeft", says: "key.previous", wish: { do: "turn", by: -1 } },
  { id: "next", key: "BracketRight", says: "key.next", wish: { do: "turn", by: 1 } },
  { id: "inspector", key: "KeyI", says: "key.inspector", wish: { do: "dock", dock: "inspector" } },
  { id: "hex", key: "KeyH", says: "key.hex", wish: { do: "hex" } },
  { id: "log", key: "KeyL", says: "key.log", wish: { do: "log" } },
  { id: "share", key: "KeyS", says: "key.share", wish: { do: "exports", open: true } },
  { id: "prompt", key: "Backquote", says: "key.prompt", wish: { do: "prompt" } },
  { id: "help", key: "?", says: "key.help", wish: { do: "help", open: true } },
];

/** What the shortcuts are where nobody has changed them. */
export const USUAL = "";
/** What switches them off. */
export const OFF = "off";

/** The shortcuts with the keys that `keys` gives them; a key that was given away is "". */
export function shortcutsOf(keys: string): readonly Shortcut[] {
  const given = new Map(
    keys.split(" ").map((one): [string, string | undefined] => {
      const [id = "", key] = one.split(/=(.+)/);
      return [id, key];
    }),
  );
  const taken = new Set(SHORTCUTS.map(({ id }) => given.get(id)));
  return SHORTCUTS.map((shortcut) => {
    const key = given.get(shortcut.id) ?? (taken.has(shortcut.key) ? "" : shortcut.key);
    return { ...shortcut, key };
  });
}

/** `keys`, with another key for one of them. */
export function rebound(keys: string, id: string, key: string): string {
  const kept = keys.split(" ").filter((one) => one.includes("=") && !one.startsWith(`${id}=`));
  const free = kept.filter((one) => !one.endsWith(`=${key}`));
  const usual = SHORTCUTS.some((shortcut) => shortcut.id === id && shortcut.key === key);
  return (usual ? free : [...free, `${id}=${key}`]).join(" ");
}

/** What a press is called. */
export function nameOf({ code, key, shiftKey }: Press): string {
  if (key === "?" || key === "+" || key === "-") return key;
  if (code === "NumpadAdd") return "+";
  if (code === "NumpadSubtract") return "-";
  return shiftKey ? `Shift+${code}` : code;
}

/** How a key is written: as it is printed on most keyboards. */
export function printed(key: string): string {
  const place = key.replace("Shift+", "");
  const name = PRINTED[place] ?? place.replace(/^(Key|Digit|Numpad)/, "");
  return key === place ? name : `⇧ ${name}`;
}

/** What an unmodified press outside of text asks for, or null. */
export function wishOf(press: Press, keys: string = USUAL): Wish | null {
  if (press.code === "Escape") return { do: "dismiss" };
  if (keys === OFF) return null;
  const name = nameOf(press);
  const found = shortcutsOf(keys).find(({ key }) => key === name);
  if (found !== undefined) return found.wish;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(name)?.[1];
  return digit === undefined ? null : { do: "select", node: Number(digit) - 1 };
}

const PRINTED: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Backquote: "`",
  BracketLeft: "[",
  BracketRight: "]",
  Minus: "-",
  Equal: "=",
  Semicolon: ";",
  Quote: "'",
  Comma: ",",
  Period: ".",
  Slash: "/",
  Backslash: "\\",
};
