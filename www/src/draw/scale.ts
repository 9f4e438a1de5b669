/** A straight scale from numbers to the part of a line, and the ticks beside it. */

export interface Scale {
  readonly start: number;
  readonly end: number;
  /** The place of a number as a fraction of the line, kept within it. */
  at(value: number): number;
}

/** The scale whose line begins at `start` and ends at `end`. */
export function scaleOf(start: number, end: number): Scale {
  const span = Math.max(1, end - start);
  return {
    start,
    end: start + span,
    at: (value) => Math.min(1, Math.max(0, (value - start) / span)),
  };
}

/** At most `count` round numbers within a scale, ascending. */
export function ticksOf(scale: Scale, count: number): readonly number[] {
  const step = roundUp((scale.end - scale.start) / Math.max(1, count));
  const first = Math.ceil(scale.start / step) * step;
  const ticks: number[] = [];
  for (let tick = first; tick <= scale.end; tick += step) ticks.push(tick);
  return ticks;
}

/** A fraction as an SVG percentage. */
export function percent(fraction: number): string {
  return `${Math.round(fraction * 10_000) / 100}%`;
}

/** The least of 1, 2, 5, 10, 20, 50, … that is not below `value`. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 2, 5].find((digit) => digit * power >= value) ?? 10) * power;
}
