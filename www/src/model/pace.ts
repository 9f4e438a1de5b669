/** How virtual time follows real time: at the reader's rate, but never through nothing. */
import type { Frame } from "../engine/frame";
import type { Screen } from "./store";

/** What one callback asks of the source. */
export type Motion =
  /** The next event; `jumped` virtual milliseconds were idle. */
  | { readonly by: "step"; readonly jumped: number }
  | { readonly by: "time"; readonly millis: number };

export class Pace {
  /** The rate up to the event at `next`, decided when it became the next. */
  #hurry = { next: 0, base: 0, rate: 0 };

  /** The motion of `gap` real milliseconds; null if nothing will ever happen. */
  motion(frame: Frame, screen: Screen, gap: number): Motion | null {
    const { next } = frame;
    if (next === null) return null;
    const far = next.at - frame.at;
    const idle = screen.skipIdle && far / screen.rate > IDLE_MS && !isBusy(frame);
    if (idle || screen.still) return { by: "step", jumped: idle ? far : 0 };
    const time = gap > GAP_MAX ? FRAME_MS : gap;
    return { by: "time", millis: time * this.#rate(frame, screen, next.at) };
  }

  /** The rate at which time passes up to `next`: a long flight is hurried, but seen. */
  #rate(frame: Frame, { rate, skipIdle }: Screen, next: number): number {
    if (!skipIdle) return rate;
    if (this.#hurry.next !== next || this.#hurry.base !== rate) {
      const hurried = Math.max(rate, (next - frame.at) / FLIGHT_MS);
      this.#hurry = { next, base: rate, rate: hurried };
    }
    return this.#hurry.rate;
  }
}

/** True if anything is on a wire: then time is not idle. */
function isBusy(frame: Frame): boolean {
  return frame.wires.some((wire) => wire.frames.length > 0);
}

/** Without motion the picture changes from event to event, each shown at least this long. */
export const STILL_MS = 700;
/** Longer gaps between two callbacks are a page that slept: time stands still in them. */
const GAP_MAX = 500;
/** What such a gap counts for. */
const FRAME_MS = 16;
/** With `skipIdle`, a real wait longer than this is jumped over. */
const IDLE_MS = 600;
/** With `skipIdle`, the way to the next event takes at most this long while anything flies. */
const FLIGHT_MS = 700;
