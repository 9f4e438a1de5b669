/**
 * Which keys the lab takes, and which it only keeps from the page around it.
 *
 * A documentation page that binds single letters cannot see that the focus is in an input of a
 * shadow root; so what is typed here must end at the host element.
 */
import { type Wish, wishOf } from "../model/shortcuts";

/** "pass": the page may have it. "keep": the control that has the focus acts on it, nobody else. */
export type Verdict = Wish | "pass" | "keep" | "leave";

/** What is to be done about a press. */
export function verdict(event: KeyboardEvent, keys: string): Verdict {
  if (event.ctrlKey || event.metaKey || event.altKey) return "pass";
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return "pass";
  if (target.closest("dialog") !== null) return "keep";
  if (isText(target)) return event.key === "Escape" && !event.isComposing ? "leave" : "keep";
  if (isSliding(target) && SLIDING.test(event.key)) return "keep";
  if (isControl(target) && (event.key === " " || event.key === "Enter")) return "keep";
  return wishOf(event, keys) ?? "pass";
}

function isText(target: Element): boolean {
  return target instanceof HTMLInputElement && target.type !== "range";
}

/** A slider and a menu act on arrows themselves. */
function isSliding(target: Element): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
}

function isControl(target: Element): boolean {
  return target.closest("button, a[href], [role=button]") !== null;
}

const SLIDING = /^(Arrow|Home|End|Page)/;
