/** Keeps a list that grows at its end scrolled to the end, unless the reader has scrolled up. */
import { type ElementPart, noChange } from "lit";
import { Directive, directive, type PartInfo, PartType } from "lit/directive.js";

class FollowDirective extends Directive {
  #list: Element | null = null;
  /** True while the reader has not scrolled away from the end. */
  #pinned = true;
  /** Where the list was put: a scroll event from there is not the reader's. */
  #put = -1;

  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error("follow() belongs on an element");
  }

  override update(part: ElementPart): typeof noChange {
    if (this.#list === null) {
      this.#list = part.element;
      part.element.addEventListener("scroll", this.#scrolled, { passive: true });
    }
    // The children are rendered after this attribute.
    if (this.#pinned) queueMicrotask(this.#toEnd);
    return noChange;
  }

  render(): typeof noChange {
    return noChange;
  }

  readonly #toEnd = (): void => {
    const list = this.#list;
    if (list === null) return;
    const end = list.scrollHeight - list.clientHeight;
    if (Math.abs(list.scrollTop - end) < 1) return;
    list.scrollTop = end;
    this.#put = list.scrollTop;
  };

  readonly #scrolled = (): void => {
    const list = this.#list;
    if (list === null || list.scrollTop === this.#put) return;
    this.#pinned = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
  };
}

/** Closer to the end than this, the reader is at the end. */
const NEAR = 32;

/** Follows the end of the element's content. */
export const follow = directive(FollowDirective);
