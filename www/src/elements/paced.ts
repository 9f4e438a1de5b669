/**
 * While time passes, a list is drawn a few times a second: nobody reads faster, and a table that is
 * laid out anew with every event takes the time in which the frames on the wires should move.
 */
import { AsyncDirective } from "lit/async-directive.js";
import { directive } from "lit/directive.js";
import { noChange } from "lit";

import type { View } from "./view";

class PacedDirective extends AsyncDirective {
  /** When it was drawn last. */
  #drawn = Number.NEGATIVE_INFINITY;
  #timer = 0;
  /** What is drawn when the time has come. */
  #latest: () => unknown = () => noChange;

  render(millis: number, draw: () => unknown): unknown {
    this.#latest = draw;
    const rest = millis - (performance.now() - this.#drawn);
    if (millis === 0 || rest <= 0) return this.#draw();
    this.#timer ||= window.setTimeout(this.#due, rest);
    return noChange;
  }

  /** Two lists in one frame would be a frame too late. */
  readonly #due = (): void => {
    const now = performance.now();
    if (now - before < FRAME_MS) {
      this.#timer = window.setTimeout(this.#due, FRAME_MS);
      return;
    }
    before = now;
    this.setValue(this.#draw());
  };

  #draw(): unknown {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#drawn = performance.now();
    return this.#latest();
  }

  protected override disconnected(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  protected override reconnected(): void {
    this.setValue(this.#draw());
  }
}

/** When the list was drawn that was due last. */
let before = Number.NEGATIVE_INFINITY;
const FRAME_MS = 16;

/** Draws what `draw` gives, at most once in `millis` milliseconds, and the latest in any case. */
export const paced = directive(PacedDirective);

/** How often a list is drawn: step by step, what is shown is what is. */
export function paceOf({ state }: View): number {
  return state.screen.playing ? LIST_MS : 0;
}

const LIST_MS = 150;
