/**
 * Who said what to whom and when: a line for each server, an arrow for each message.
 *
 * Time runs to the right, an event a step, not a second a step: the quiet hours of a lab would leave
 * nothing to see of its busy milliseconds. However long the history, only what is in view is asked
 * for and drawn. The same is to be had as a list, which is drawn in the same way, downwards.
 */
import { html, LitElement, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";

import type { ArrowView, EventView, Passage } from "../engine/frame";
import { type Intent, intend } from "../model/intent";
import { isPicked } from "../model/picked";
import { sentence, shortened } from "../model/sentence";
import { pressed } from "./press";
import { rove } from "./rove";
import type { View } from "./view";

export class LabSpacetime extends LitElement {
  static override properties = { view: { attribute: false }, passage: { state: true } };

  declare view: View;
  /** What is drawn; null until the engine has answered. */
  declare passage: Passage | null;

  /** Which stretch of which history is drawn, or on its way. */
  #key = "";
  #asking = false;
  /** True while the end is in view: then it stays there. */
  #pinned = true;
  readonly #resized = new ResizeObserver(() => void this.#look());

  constructor() {
    super();
    this.passage = null;
  }

  protected override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    const scroller = this.#scroller;
    if (this.#pinned && scroller !== null) {
      scroller.scrollLeft = this.#listed ? 0 : scroller.scrollWidth;
      scroller.scrollTop = this.#listed ? scroller.scrollHeight : 0;
    }
    if (changed.has("view")) void this.#look();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { view, passage } = this;
    if (passage === null) return nothing;
    const { t, frame, state } = view;
    const listed = this.#listed;
    const names = html`<div class="space-names">${frame.nodes.map(({ name }) => html`<p>${name}</p>`)}</div>`;
    return html`${listed ? nothing : names}
      <div class="space-scroll scroll" tabindex=${listed ? 0 : nothing} role=${listed ? "region" : nothing}
        aria-label=${listed ? t("space.label") : nothing} @scroll=${this.#scrolled}>
        ${guard([passage, t, state.picked, listed], () => (listed ? list(view, passage) : drawing(view, passage)))}
      </div>`;
  }

  get #listed(): boolean {
    return this.view.state.screen.listed;
  }

  get #scroller(): Element | null {
    return this.querySelector(".space-scroll");
  }

  /** The steps that are in view, and some on both sides: in whole pieces, so that few are asked for. */
  #range(): readonly [number, number] {
    const { cursor } = this.view.frame;
    const scroller = this.#scroller;
    const unit = this.#listed ? LINE : STEP;
    const size = (this.#listed ? scroller?.clientHeight : scroller?.clientWidth) ?? 0;
    const shown = Math.ceil((size || SIZE) / unit);
    const at = Math.floor(((this.#listed ? scroller?.scrollTop : scroller?.scrollLeft) ?? 0) / unit);
    const first = this.#pinned ? cursor - shown : at;
    const from = Math.floor((first - shown) / PIECE) * PIECE;
    const to = Math.ceil((first + 2 * shown) / PIECE) * PIECE;
    return [Math.max(0, from), Math.min(cursor, to)];
  }

  /** Asks for what is in view, unless it is drawn; of what is wanted meanwhile, only the last counts. */
  async #look(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    for (let key = this.#wanted; key !== this.#key && this.isConnected; key = this.#wanted) {
      this.#key = key;
      this.passage = (await this.view.passage(...this.#range())) ?? this.passage;
      await this.updateComplete;
    }
    this.#asking = false;
  }

  get #wanted(): string {
    const { hash, cursor } = this.view.frame;
    return `${hash} ${cursor} ${this.#range().join()}`;
  }

  readonly #scrolled = (): void => {
    const scroller = this.#scroller;
    if (scroller === null) return;
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = scroller;
    const rest = this.#listed ? scrollHeight - scrollTop - clientHeight : scrollWidth - scrollLeft - clientWidth;
    this.#pinned = rest < NEAR;
    void this.#look();
  };
}

function drawing(view: View, { length, events, arrows }: Passage): TemplateResult {
  const { t, frame } = view;
  const height = TOP + frame.nodes.length * ROW;
  const width = (length + 1) * STEP + 2 * MARGIN;
  const now = stepX(length);
  const dots = events.filter(({ what }) => what.is !== "receive");
  const last = arrows.at(-1);
  return html`<svg width=${width} height=${height} role="group" aria-label=${t("space.label")} @keydown=${along}>
    ${frame.nodes.map((_, row) => svg`<line class="life" x2=${width} y1=${rowAt(row)} y2=${rowAt(row)}></line>`)}
    <line class="space-now" x1=${now} x2=${now} y2=${height}></line>
    ${repeat(arrows, ({ id }) => id, (one) => arrow(view, one, one === last))}
    ${repeat(dots, ({ index }) => index, (one) => dot(view, one))}
  </svg>`;
}

/** What a message leads to: the moment before it came. */
function visit({ frame }: View, event: number | null, id: string): Intent {
  return { do: "visit", cursor: event ?? frame.cursor, id };
}

function arrow(view: View, one: ArrowView, last: boolean): SVGTemplateResult {
  const { t, frame, state } = view;
  const [from, to] = [frame.nodes[one.from]?.name ?? "", frame.nodes[one.to]?.name ?? ""];
  const label = t("space.hint", { from, to, what: shortened(one.label), bytes: one.bytes });
  const [x1, x2] = [stepX(one.x1), stepX(one.x2)];
  const [y1, y2] = [rowAt(one.from), rowAt(one.to)];
  const picked = isPicked(frame, state.picked, { ...one, sentAt: 0, arrivesAt: 0 });
  const press = intend(visit(view, one.event, one.id));
  const head = Math.atan2(y2 - y1, x2 - x1) * (180 / Math.PI);
  const name = `arrow-of kind-of-${one.kind} ${one.event === null ? "flying" : ""}`;
  return svg`<g class="${name} ${picked ? "picked" : ""}" role="button" tabindex=${last ? 0 : -1}
    aria-label=${label} data-testid="arrow" data-id=${one.id} data-event=${one.event ?? nothing}
    @click=${press} @keydown=${pressed(press)}>
    <title>${label}</title>
    <line class="arrow-target" x1=${x1} y1=${y1} x2=${x2} y2=${y2}></line>
    <line class="arrow-line" x1=${x1} y1=${y1} x2=${x2} y2=${y2}></line>
    ${
      one.event === null
        ? nothing
        : svg`<path class="arrow-head" d="M0 0-8-3.4-8 3.4z"
            transform="translate(${x2} ${y2}) rotate(${head})"></path>`
    }
  </g>`;
}

function dot({ t, frame }: View, { index, node, kind, what, weight }: EventView): SVGTemplateResult {
  const press = intend({ do: "seek", cursor: index + 1 });
  return svg`<g class="dot dot-${kind} weight-${weight}" data-testid="dot"
    transform="translate(${stepX(index)} ${rowAt(node)})" @click=${press}>
    <title>${sentence(frame, node, what, t)}</title>
    <circle class="dot-target" r="9"></circle>
    ${
      kind === "fault"
        ? svg`<path d="M-4-4 4 4M4-4-4 4"></path>`
        : kind === "typed"
          ? svg`<rect x="-4" y="-4" width="8" height="8"></rect>`
          : svg`<circle r=${weight === "phase" ? 4.5 : 2.5}></circle>`
    }
  </g>`;
}

/** The same as a table: a row for each event, whose place among all is told. */
function list(view: View, { from, length, events }: Passage): TemplateResult {
  const { t } = view;
  const room = (rows: number): TemplateResult =>
    html`<tr aria-hidden="true"><td colspan="5" height=${rows * LINE}></td></tr>`;
  return html`<table class="space-list" data-testid="space-rows" aria-label=${t("space.label")}
    aria-rowcount=${length + 1} @keydown=${rove}>
    <thead>
      <tr aria-rowindex="1">
        <th scope="col">${t("stride.frame")}</th>
        <th scope="col">${t("time.label")}</th>
        <th scope="col">${t("space.who")}</th>
        <th scope="col">${t("space.what")}</th>
        <th scope="col">${t("space.bytes")}</th>
      </tr>
    </thead>
    <tbody>
      ${room(from)}
      ${repeat(events, ({ index }) => index, (event) => row(view, event, event.index === length - 1))}
      ${room(length - from - events.length)}
    </tbody>
  </table>`;
}

function row(view: View, { index, at, node, what }: EventView, last: boolean): TemplateResult {
  const { t, frame } = view;
  const heard = what.is === "receive" ? what : null;
  const to = frame.nodes[node]?.name ?? "";
  const said = heard === null ? sentence(frame, node, what, t) : shortened(heard.label);
  const press = intend(heard === null ? { do: "seek", cursor: index + 1 } : visit(view, index, heard.id));
  return html`<tr aria-rowindex=${index + 2} data-testid="space-row" data-index=${index} data-id=${heard?.id ?? nothing}>
    <td>${index}</td>
    <td>${t.seconds(at - frame.at + frame.elapsed)}</td>
    <td>${heard === null ? to : `${frame.nodes[heard.from]?.name ?? ""} → ${to}`}</td>
    <th scope="row"><button type="button" tabindex=${last ? 0 : -1} @click=${press}>${said}</button></th>
    <td>${heard === null ? nothing : t.number(heard.bytes)}</td>
  </tr>`;
}

/** ← and → among the arrows. */
function along(event: KeyboardEvent): void {
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  const root = event.currentTarget;
  if (by === 0 || !(root instanceof SVGElement)) return;
  const arrows = [...root.querySelectorAll<SVGElement>(".arrow-of")];
  const next = arrows[arrows.findIndex((one) => one === event.target) + by];
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}

const stepX = (step: number): number => MARGIN + step * STEP;
const rowAt = (row: number): number => TOP + (row + 0.5) * ROW;

/** The pixels of an event, of a server's line, and around them; and of a row of the list. */
const STEP = 22;
const ROW = 52;
const TOP = 2;
const MARGIN = 14;
const LINE = 28;
/** So many steps are asked for at once. */
const PIECE = 32;
/** What is taken for the size before it is known. */
const SIZE = 1_440;
/** Closer to the end than this, the reader is at the end. */
const NEAR = 32;

if (customElements.get("lab-spacetime") === undefined) customElements.define("lab-spacetime", LabSpacetime);

declare global {
  interface HTMLElementTagNameMap {
    "lab-spacetime": LabSpacetime;
  }
}
