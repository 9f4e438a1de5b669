/** The picture of servers and wires. */
import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { KINDS } from "../draw/flight";
import { topologyOf } from "../draw/topology";
import { card } from "./card";
import { explain } from "./explain";
import { mark } from "./shapes";
import type { View } from "./view";
import { wire } from "./wire";

export function topology(view: View): TemplateResult {
  const { t, frame, state } = view;
  const drawing = topologyOf(frame, state.screen.width);
  const { width, height, cards, pipes } = drawing;
  const frames = frame.wires.reduce((sum, one) => sum + one.frames.length + one.hidden, 0);
  return html`<section class="topology" part="topology">
    <svg
      class="topology-svg"
      role="group"
      aria-label=${t("topology.label", { nodes: frame.nodes.length, frames })}
      viewBox="0 0 ${width} ${height}"
      width=${width}
      height=${height}
    >
      ${hatch()}
      ${repeat(
        pipes,
        (pipe) => pipe.pair.key,
        (pipe) => wire(view, pipe, drawing.upright),
      )}
      ${repeat(
        cards,
        (one) => one.node.id,
        (one) => card(view, one),
      )}
    </svg>
    <div class="titled">${legend(view)}${explain(view, "topology")}</div>
  </section>`;
}

/** The pattern of what waits; defined once, used by every drawing of this root. */
function hatch(): SVGTemplateResult {
  return svg`<defs>
    <pattern id="lab-hatch" width="6" height="6" patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)">
      <rect class="hatch-ground" width="6" height="6"></rect>
      <rect class="hatch-line" width="2.4" height="6"></rect>
    </pattern>
  </defs>`;
}

export function legend({ t }: View): TemplateResult {
  return html`<ul class="legend">
    ${KINDS.map(
      (kind) => html`<li>
        <svg class="legend-mark" viewBox="-12 -8 24 16" width="24" height="16" aria-hidden="true">
          ${mark(kind, 7)}
        </svg>
        ${t(`kind.${kind}`)}
      </li>`,
    )}
  </ul>`;
}
