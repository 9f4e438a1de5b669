/** Gives text to the clipboard; nothing, where the browser refuses it. */
export function copy(text: string): void {
  void navigator.clipboard?.writeText(text).catch(() => undefined);
}
