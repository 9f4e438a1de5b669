/** What the page remembers of a reader's choices; nothing, where storage is refused. */

export function recall(name: "language" | "theme" | "expert"): string | null {
  try {
    return localStorage.getItem(`replica-lab.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: "language" | "theme" | "expert", value: string): void {
  try {
    localStorage.setItem(`replica-lab.${name}`, value);
  } catch {
    // A sandboxed page has no storage: the choice lasts as long as the page.
  }
}
