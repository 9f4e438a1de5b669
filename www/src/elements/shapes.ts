/** One shape for each kind of bytes: none is told from another by its colour alone. */
import { svg, type SVGTemplateResult } from "lit";

import type { FlightKind } from "../draw/flight";

/** The shape of a kind around the origin, pointing along the x axis, `reach` long to each side. */
export function mark(kind: FlightKind, reach: number): SVGTemplateResult {
  switch (kind) {
    case "control":
      return svg`<path class="kind-control" d="M-6 0 0-4.6 6 0 0 4.6z"></path>`;
    case "rdb":
      return svg`<rect class="kind-rdb" x=${-reach} y="-4.5" width=${2 * reach} height="9"></rect>`;
    case "stream":
      return svg`<rect class="kind-stream" x=${-reach} y="-4" width=${2 * reach} height="8"
        rx="4"></rect>`;
    case "ack":
      return svg`<circle class="kind-ack" r="3.6"></circle>`;
  }
}

/** The arrow head before a shape that stands still. */
export function arrow(reach: number): SVGTemplateResult {
  return svg`<path class="arrow" d="M${reach + 3}-3.5l4 3.5-4 3.5"></path>`;
}
