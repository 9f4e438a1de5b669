/** The map of memory pages: a square cell for each, as large as the room allows. */

export interface PageCell {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** Cells in rows from the top left; what finds no room at the smallest size is left out. */
export function gridOf(count: number, width: number, height: number): readonly PageCell[] {
  if (count === 0 || width <= 0 || height <= 0) return [];
  let size = SIZE_MAX;
  while (size > SIZE_MIN && columnsOf(width, size) * rowsOf(height, size) < count) size--;
  const columns = Math.max(1, columnsOf(width, size));
  const room = columns * rowsOf(height, size);
  return Array.from({ length: Math.min(count, room) }, (_, index) => ({
    x: (index % columns) * (size + GAP),
    y: Math.floor(index / columns) * (size + GAP),
    size,
  }));
}

function columnsOf(width: number, size: number): number {
  return Math.floor((width + GAP) / (size + GAP));
}

function rowsOf(height: number, size: number): number {
  return Math.floor((height + GAP) / (size + GAP));
}

const GAP = 2;
const SIZE_MAX = 22;
const SIZE_MIN = 5;
