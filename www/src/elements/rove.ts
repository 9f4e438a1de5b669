/** ↑ and ↓ among the buttons of a list, of which only one is in the tab order. */
export function rove(event: KeyboardEvent): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const list = event.currentTarget;
  if (by === 0 || !(list instanceof HTMLElement)) return;
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.findIndex((button) => button === event.target);
  const next = buttons[at + by];
  if (at === -1 || next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}
