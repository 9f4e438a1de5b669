/** Contrast and distance of colours, also as colour-blind eyes see them. */

export type Rgb = readonly [number, number, number];
type Matrix = readonly [Rgb, Rgb, Rgb];

/** "#283b92" → linear light, each part from 0 to 1. */
export function linear(hex: string): Rgb {
  const part = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

/** The contrast of WCAG 2, from 1 to 21. */
export function contrast(a: string, b: string): number {
  const light = (hex: string): number => {
    const [red, green, blue] = linear(hex);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [high, low] = [Math.max(light(a), light(b)), Math.min(light(a), light(b))];
  return (high + 0.05) / (low + 0.05);
}

/** The distance in OKLab, times 100, as eyes of a kind see it. */
export function distance(a: string, b: string, eyes: keyof typeof EYES): number {
  const [one, other] = [lab(seen(linear(a), EYES[eyes])), lab(seen(linear(b), EYES[eyes]))];
  return 100 * Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

function seen(colour: Rgb, matrix: Matrix): Rgb {
  const [red, green, blue] = times(matrix, colour);
  const clip = (value: number): number => Math.min(1, Math.max(0, value));
  return [clip(red), clip(green), clip(blue)];
}

function lab(colour: Rgb): Rgb {
  const [l, m, s] = times(LMS, colour);
  return times(OKLAB, [Math.cbrt(l), Math.cbrt(m), Math.cbrt(s)]);
}

function times([x, y, z]: Matrix, [a, b, c]: Rgb): Rgb {
  const dot = (row: Rgb): number => row[0] * a + row[1] * b + row[2] * c;
  return [dot(x), dot(y), dot(z)];
}

/** Machado, Oliveira and Fernandes 2009, severity 1. */
export const EYES = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const satisfies Record<string, Matrix>;

const LMS: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const OKLAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];
