/** The script that the page opens, and its variants. */
import type { SyncMode } from "./intent";

/** `script` with the master told how to hand over its snapshot, before anything else happens. */
export function withSync(script: string, sync: SyncMode): string {
  const value = sync === "disk" ? "no" : "yes";
  const lines = script.split("\n");
  const first = lines.findIndex((line) => /^node\s/.test(line));
  if (first === -1) return script;
  const told = `${lines[first] ?? ""} --repl-diskless-sync ${value}`;
  return [...lines.slice(0, first), told, ...lines.slice(first + 1)].join("\n");
}

/** The value of a script's line `key …`, or null. */
export function settingOf(script: string, key: string): string | null {
  const line = script.split("\n").find((one) => one.startsWith(`${key} `));
  return line?.slice(key.length + 1).trim() ?? null;
}
