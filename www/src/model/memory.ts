/** What the page remembers of a reader's choices; nothing, where storage is refused. */

/** What is remembered. */
export type Memory = "language" | "theme" | "expert" | "opening" | "keys" | "hand";

export function recall(name: Memory): string | null {
  try {
    return localStorage.getItem(`replica-lab.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: Memory, value: string): void {
  try {
    localStorage.setItem(`replica-lab.${name}`, value);
  } catch {
    // A sandboxed page has no storage: the choice lasts as long as the page.
  }
}
