/** The rate of virtual time: a logarithmic scale between a thousandth and a hundredfold. */

/** The ends of the slider, as powers of ten. */
export const RATE_POWERS = { min: -3, max: 2, step: 0.25 } as const;

/** The rate at a position of the slider. */
export function rateAt(power: number): number {
  const { min, max } = RATE_POWERS;
  return 10 ** Math.min(max, Math.max(min, power));
}

/** The position of the slider for a rate. */
export function powerOf(rate: number): number {
  return Math.log10(rate);
}

/** The next faster or slower rate. */
export function nudged(rate: number, by: 1 | -1): number {
  return rateAt(Math.round(powerOf(rate) / RATE_POWERS.step + by) * RATE_POWERS.step);
}

/** "1/100×", "1×", "18×": two digits are enough for a speed. */
export function rateText(rate: number): string {
  const round = (n: number): number => (n < 10 ? Math.round(n * 10) / 10 : Math.round(n));
  return rate < 1 ? `1/${round(1 / rate)}×` : `${round(rate)}×`;
}
