/** Bytes as text: as they are, as RESP spells them, or as redis-cli prints them. */
import type { PartView } from "../engine/frame";

export type Form = "raw" | "resp" | "cli";
export const FORMS: readonly Form[] = ["raw", "resp", "cli"];

/** How bytes that mean one thing are written in a form; `index` is their place among all parts. */
export function written(bytes: Uint8Array, part: PartView, index: number, form: Form): string {
  switch (form) {
    case "raw":
      return plain(bytes);
    case "resp":
      return escaped(bytes).replaceAll("\\r\\n", "\\r\\n\n");
    case "cli":
      return asPrinted(bytes, part, index);
  }
}

/** Bytes as text: what is no text is a dot, the ends of lines are arrows. */
function plain(bytes: Uint8Array): string {
  return new TextDecoder("utf-8")
    .decode(bytes)
    .replaceAll("\r\n", "↵")
    .replaceAll("\n", "↵")
    .replaceAll(/[\p{Cc}\p{Cf}\ufffd]/gu, "·");
}

/** As redis-cli takes a command, and prints a reply; what only frames them is left out. */
function asPrinted(bytes: Uint8Array, { what, text }: PartView, index: number): string {
  if (what === "resp.array") return index === 0 ? "" : "\n";
  if (what === "resp.length" || what === "resp.end") return "";
  if (what === "reply.integer") return `(integer) ${text} `;
  if (what === "reply.error") return `(error) ${text} `;
  if (what.startsWith("reply.")) return `${text.replace(/^\+/, "")} `;
  if (what.startsWith("rdb.")) return escaped(bytes);
  return `${quoted(bytes)} `;
}

/** A word of a command: in quotes if it would not be read as it is. */
function quoted(bytes: Uint8Array): string {
  const word = escaped(bytes);
  return /^[!-~]+$/.test(word) && !/["'\\]/.test(word) ? word : `"${word}"`;
}

/** As redis-cli escapes what a terminal would not show: every byte that is not plain ASCII. */
function escaped(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    const known = ESCAPES[char];
    if (known !== undefined) text += known;
    else if (byte >= 0x20 && byte < 0x7f) text += char;
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
};

/** Bytes as two digits each, in groups that can be broken into lines. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += `${byte.toString(16).padStart(2, "0")} `;
  return text;
}

/** A command for a shell that sends these bytes: `printf '…' | nc host port`. */
export function printfOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const safe = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x25 && byte !== 0x5c;
    text += safe ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `printf '${text}' | nc 127.0.0.1 6379`;
}
