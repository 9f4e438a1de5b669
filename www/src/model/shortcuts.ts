/** Keys and what they mean: matched by place on the keyboard, so that a Hangul layout works too. */
import type { Intent } from "./intent";

/** What a shortcut asks for: an intent, or a move of the focus. */
export type Wish =
  Intent | { readonly do: "prompt" } | { readonly do: "faster"; readonly by: 1 | -1 };

/** The part of a keyboard event that decides. */
export interface Press {
  readonly code: string;
  readonly key: string;
  readonly shiftKey: boolean;
}

/** The shortcuts, for the help: keys, and the message that says what they do. */
export const SHORTCUTS = [
  ["Space", "key.toggle"],
  ["← →", "key.step"],
  ["⇧ ← →", "key.chapter"],
  ["Home End", "key.ends"],
  ["+ −", "key.speed"],
  ["1 … 9", "key.node"],
  ["`", "key.prompt"],
  ["Esc", "key.leave"],
  ["?", "key.help"],
] as const;

/** What an unmodified press outside of text asks for, or null. */
export function wishOf(press: Press): Wish | null {
  const { code, key, shiftKey } = press;
  if (key === "?") return { do: "help", open: true };
  if (key === "+" || code === "NumpadAdd") return { do: "faster", by: 1 };
  if (key === "-" || code === "NumpadSubtract") return { do: "faster", by: -1 };
  if (code === "ArrowRight") return shiftKey ? { do: "chapter", by: 1 } : { do: "step" };
  if (code === "ArrowLeft") return shiftKey ? { do: "chapter", by: -1 } : { do: "back" };
  if (shiftKey) return null;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
  if (digit !== undefined) return { do: "select", node: Number(digit) - 1 };
  return PLAIN[code] ?? null;
}

const PLAIN: Readonly<Record<string, Wish>> = {
  Space: { do: "toggle" },
  Home: { do: "start" },
  End: { do: "end" },
  Backquote: { do: "prompt" },
  Escape: { do: "dismiss" },
};
