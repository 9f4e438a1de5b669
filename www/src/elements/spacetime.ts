/** The space-time diagram: each arrow leads back to the moment before it arrived. */
import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";

import { type Arrow, type Dot, EVENTS_MAX, type SpaceTime, spaceTimeOf } from "../draw/spacetime";
import { intend } from "../model/intent";
import { isPicked } from "../model/picked";
import { sentence, shortened } from "../model/sentence";
import { followAlong } from "./follow";
import { pressed } from "./press";
import type { View } from "./view";

export function spacetime(view: View): TemplateResult {
  const { t, frame, state } = view;
  return html`<div class="spacetime" data-testid="spacetime">
    ${guard([frame.hash, frame.cursor, t, state.picked], () => drawing(view, spaceTimeOf(frame)))}
  </div>`;
}

function drawing(view: View, model: SpaceTime): TemplateResult {
  const { t } = view;
  const height = TOP + model.nodes.length * ROW;
  const width = (model.steps + 1) * STEP + 2 * MARGIN;
  return html`<div class="space-names">
      ${model.nodes.map((name) => html`<p>${name}</p>`)}
    </div>
    <div class="space-scroll scroll" ${followAlong()}>
      <svg
        width=${width}
        height=${height}
        role="group"
        aria-label=${t("space.label")}
        @keydown=${along}
      >
        ${model.nodes.map(
          (_, row) =>
            svg`<line class="life" x1="0" x2=${width} y1=${rowAt(row)} y2=${rowAt(row)}></line>`,
        )}
        <line class="space-now" x1=${stepX(model.steps)} x2=${stepX(model.steps)} y2=${height}></line>
        ${model.arrows.map((one, index) => arrow(view, one, index === model.arrows.length - 1))}
        ${model.dots.map((one) => dot(view, one))}
      </svg>
      ${
        model.dropped
          ? html`<p class="minor">${t("space.dropped", { count: EVENTS_MAX })}</p>`
          : nothing
      }
    </div>`;
}

function arrow(view: View, one: Arrow, last: boolean): SVGTemplateResult {
  const { t, frame } = view;
  const [from, to] = [frame.nodes[one.from]?.name ?? "", frame.nodes[one.to]?.name ?? ""];
  const label = t("space.hint", { from, to, what: shortened(one.label), bytes: one.bytes });
  const [x1, x2] = [stepX(one.x1), stepX(one.x2)];
  const [y1, y2] = [rowAt(one.from), rowAt(one.to)];
  const picked = isPicked(frame, view.state.picked, { ...one, sentAt: 0, arrivesAt: 0 });
  const press =
    one.event === null
      ? intend({ do: "visit", cursor: frame.cursor, id: one.id })
      : intend({ do: "visit", cursor: one.event, id: one.id });
  const head = Math.atan2(y2 - y1, x2 - x1) * (180 / Math.PI);
  const name = `arrow-of kind-of-${one.kind} ${one.event === null ? "flying" : ""}`;
  return svg`<g class="${name} ${picked ? "picked" : ""}" role="button" tabindex=${last ? 0 : -1}
    aria-label=${label} data-testid="arrow" data-id=${one.id} @click=${press}
    @keydown=${pressed(press)}>
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

function dot(view: View, { event, x }: Dot): SVGTemplateResult {
  const { t, frame } = view;
  const text = sentence(frame, event.node, event.what, t);
  const press = intend({ do: "seek", cursor: event.index + 1 });
  return svg`<g class="dot dot-${event.kind} weight-${event.weight}" data-testid="dot"
    transform="translate(${stepX(x)} ${rowAt(event.node)})" @click=${press}>
    <title>${text}</title>
    <circle class="dot-target" r="9"></circle>
    ${
      event.kind === "fault"
        ? svg`<path d="M-4-4 4 4M4-4-4 4"></path>`
        : event.kind === "typed"
          ? svg`<rect x="-4" y="-4" width="8" height="8"></rect>`
          : svg`<circle r=${event.weight === "phase" ? 4.5 : 2.5}></circle>`
    }
  </g>`;
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

/** The pixels of an event, of a server's line, and around them. */
const STEP = 22;
const ROW = 52;
const TOP = 2;
const MARGIN = 14;
