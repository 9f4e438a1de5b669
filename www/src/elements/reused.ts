/**
 * A list of what is numbered: who goes on by a few finds the same rows, who goes elsewhere finds them
 * written anew. Hundreds of buttons that are taken away and made again, jump by jump, cost a browser
 * more than all else that a jump draws, and the more the longer it is done.
 */
import { Directive, directive } from "lit/directive.js";
import { repeat } from "lit/directives/repeat.js";

class ReusedDirective extends Directive {
  /** The number of the first row, and how far the rows' names are from their numbers. */
  #first = 0;
  #shift = 0;

  render<T>(items: readonly T[], numberOf: (item: T) => number, row: (item: T) => unknown): unknown {
    const [first = this.#first] = items.map(numberOf);
    if (Math.abs(first - this.#first) >= items.length) this.#shift += first - this.#first;
    this.#first = first;
    return repeat(items, (item) => numberOf(item) - this.#shift, row);
  }
}

/** Draws `row` for each item; the numbers of `items` follow each other. */
export const reused = directive(ReusedDirective) as <T>(
  items: readonly T[],
  numberOf: (item: T) => number,
  row: (item: T) => unknown,
) => unknown;
