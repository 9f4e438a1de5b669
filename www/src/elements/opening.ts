/** What the first ten seconds end with: an invitation, or, without motion, the story in pictures. */
import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";

import { rulerOf } from "../draw/ruler";
import { percent } from "../draw/scale";
import type { Frame } from "../engine/frame";
import { intend } from "../model/intent";
import { masterOf } from "../model/relations";
import { storyOf } from "../model/story";
import { icon } from "./icons";
import type { View } from "./view";

/** What stands in place of the sentence; null if it is the sentence's turn. */
export function opening(view: View): TemplateResult | null {
  const { opening: state } = view.state;
  if (state?.kind === "strip") return strip(view, state.frames);
  return state?.kind === "invites" ? invitation(view) : null;
}

/** The wire that the reader is invited to cut. */
function firstWire(frame: Frame): string | null {
  const replica = frame.nodes.find((node) => node.upstream !== null);
  const master = replica === undefined ? null : masterOf(frame, replica);
  return replica === undefined || master === null ? null : `${master.name} ${replica.name}`;
}

function invitation({ t, frame }: View): TemplateResult {
  const wire = firstWire(frame);
  return html`<div class="invitation" data-testid="invitation" role="status">
    <p>${t("opening.turn")}</p>
    ${
      wire === null
        ? nothing
        : html`<button type="button" class="primary" data-testid="invited"
            @click=${intend({ do: "intervene", line: `cut ${wire}` })}>
            ${icon("cut")}${t("opening.cut", { wire: wire.replace(" ", " – ") })}
          </button>`
    }
    <button type="button" class="plain" data-testid="invited-lesson"
      @click=${intend({ do: "lesson", id: "handshake" })}>${t("opening.lesson")}</button>
    <button type="button" class="plain" data-testid="invited-again"
      @click=${intend({ do: "start" })}>${t("opening.again")}</button>
  </div>`;
}

/** The story in pictures; each leads to its moment. */
function strip(view: View, frames: readonly Frame[]): TemplateResult {
  const { t } = view;
  return html`<section class="opening-strip" data-testid="strip" aria-label=${t("opening.strip")}>
    <ol>
      ${frames.map(
        (frame, index) => html`<li>
          <button type="button" data-testid="strip-picture" @click=${intend({ do: "seek", cursor: frame.cursor })}>
            ${picture(frame)}<span>${index + 1}. ${t(PICTURED[index] ?? "opening.6")}</span>
          </button>
        </li>`,
      )}
    </ol>
    <p>${t("opening.turn.still")}</p>
  </section>`;
}

/** Where everybody's offset is, what waits, and what is on its way: the lab as three lines. */
function picture(frame: Frame): SVGTemplateResult | typeof nothing {
  const { master } = storyOf(frame);
  const first = master ?? frame.nodes[0];
  if (first === undefined) return nothing;
  const ruler = rulerOf(frame, first);
  const at = (offset: number): string => percent(ruler.scale.at(offset));
  const rows = ruler.rows.map(
    (row, index) => svg`<svg y=${18 + index * 14} overflow="visible">
      <rect class="bar-ground" width="100%" height="8"></rect>
      <rect class="bar-processed" width=${row.sameHistory ? at(row.processed.end) : "0"} height="8"></rect>
      <rect class="bar-buffered" fill="url(#lab-hatch)" x=${at(row.buffered.start)}
        width=${percent(ruler.scale.at(row.buffered.end) - ruler.scale.at(row.buffered.start))} height="8"></rect>
      ${row.node.upstream?.transfer != null ? svg`<rect class="bar-rdb" width="100%" height="3" y="9"></rect>` : nothing}
    </svg>`,
  );
  return svg`<svg class="strip-picture" width="100%" height="46" aria-hidden="true">
    <rect class="bar-head" width=${at(ruler.head)} height="10"></rect>${rows}
  </svg>`;
}

const PICTURED = ["opening.1", "opening.2", "opening.3", "opening.4", "opening.5", "opening.6"] as const;
