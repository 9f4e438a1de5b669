/** What the prompt knows of commands: how one goes on, and which words it still wants. */
import type { Command } from "../engine/frame";

export interface Hint {
  /** The line with its command completed, or null if there is nothing to complete. */
  readonly completed: string | null;
  /** The command's name and the words that it still wants, as its usage writes them. */
  readonly usage: string;
  readonly summary: string;
}

/** The hint for a line that is being typed; null if no command begins so. */
export function hintFor(commands: readonly Command[], line: string): Hint | null {
  const typed = line.trimStart();
  const [first = "", ...words] = typed.split(/\s+/);
  if (first === "") return null;
  const name = first.toLowerCase();
  const behind = /\s/.test(typed);
  const command = behind
    ? commands.find((one) => one.name === name)
    : (commands.find((one) => one.name === name) ??
      commands.find((one) => one.name.startsWith(name)));
  if (command === undefined) return null;
  const { usage, summary } = command;
  const completed = behind || command.name === name ? null : `${cased(command.name, first)} `;
  // The word behind the last space is still being written: it does not count.
  const said = behind ? words.length - 1 : 0;
  const rest = argumentsOf(usage).slice(said).join(" ");
  return { completed, usage: `${command.name.toUpperCase()} ${rest}`.trim(), summary };
}

/** The words of a usage; what stands in brackets is one word. */
function argumentsOf(usage: string): readonly string[] {
  const words: string[] = [];
  let depth = 0;
  for (const word of usage.split(" ").filter((one) => one !== "")) {
    if (depth > 0) words.push(`${words.pop() ?? ""} ${word}`);
    else words.push(word);
    for (const char of word) depth += char === "[" ? 1 : char === "]" ? -1 : 0;
  }
  return words;
}

/** A name in the case in which its beginning was typed. */
function cased(name: string, typed: string): string {
  return typed === typed.toLowerCase() ? name : name.toUpperCase();
}
