/** Where the bytes of the stream are kept: the backlog's ring, and each replica's buffer. */
import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { arcOf, type Cursor, pointOf, type Ring, ringOf, turnOf } from "../draw/ring";
import type { ReplicaRow, Ruler } from "../draw/ruler";
import { percent } from "../draw/scale";
import { cutOf } from "../model/picked";
import type { View } from "./view";

export function stores(view: View, model: Ruler): TemplateResult | typeof nothing {
  const ring = ringOf(view.frame, model.master);
  if (ring === null && model.rows.length === 0) return nothing;
  return html`<div class="stores">
    ${ring === null ? nothing : backlog(view, model, ring)}
    <div class="buffers">
      ${repeat(
        model.rows,
        (row) => row.node.id,
        (row) => buffer(view, model, row),
      )}
    </div>
  </div>`;
}

function backlog(view: View, { master }: Ruler, ring: Ring): TemplateResult {
  const { t, state } = view;
  const used = ring.end - ring.start;
  const facts = {
    master: master.name,
    first: t.number(ring.start + 1),
    last: t.number(ring.end),
    used: t.bytes(used),
    size: t.bytes(ring.size),
  };
  const label = t("ring.label", facts);
  const picked = cutOf(state.picked, ring);
  return html`<figure class="ring" data-testid="ring">
    <svg viewBox="-64 -64 128 128" width="128" height="128" role="img" aria-label=${label}>
      <title>${label}</title>
      <circle class="ring-ground" r=${RADIUS}></circle>
      ${used > 0 ? arc("ring-kept", ring, ring.start, ring.end) : nothing}
      ${picked === null ? nothing : arc("ring-picked", ring, picked.start, picked.end)}
      ${used > 0 ? head(ring) : nothing}
      ${ring.cursors.map((cursor) => cursorMark(cursor, ring))}
      <text class="ring-used" y="-2" text-anchor="middle">${facts.used}</text>
      <text class="ring-size" y="14" text-anchor="middle">${t("ring.of", facts)}</text>
    </svg>
    <figcaption>
      <h3 class="section-title">${t("ruler.backlog")}</h3>
      <p class="minor">${used > 0 ? t("ring.range", facts) : t("ring.empty")}</p>
      <ul class="cursors">
        ${ring.cursors.map((cursor) => cursorLine(view, cursor, ring))}
      </ul>
    </figcaption>
  </figure>`;
}

function arc(name: string, ring: Ring, start: number, end: number): SVGTemplateResult {
  return svg`<path class=${name} d=${arcOf(ring, start, end, RADIUS)}></path>`;
}

/** Where the next byte will be written. */
function head(ring: Ring): SVGTemplateResult {
  const turn = turnOf(ring, ring.end);
  return svg`<path class="head-mark" d="M0 ${7 - RADIUS}-5 ${16 - RADIUS}H5z"
    transform="rotate(${turn * 360})"></path>`;
}

function cursorMark({ node, offset, state }: Cursor, ring: Ring): SVGTemplateResult {
  const { x, y } = pointOf(turnOf(ring, offset), RADIUS);
  return svg`<g class="cursor ${state}" data-testid="cursor" data-node=${node.name}
    data-state=${state} transform="translate(${x} ${y})">
    ${state === "lost" ? svg`<path d="M-5-5 5 5M5-5-5 5"></path>` : svg`<circle r="5"></circle>`}
  </g>`;
}

function cursorLine({ t }: View, cursor: Cursor, ring: Ring): TemplateResult {
  const { node, offset, state } = cursor;
  const missed = state === "lost" ? ring.start - offset : ring.end - offset;
  return html`<li class="cursor-line ${state}">
    <strong>${node.name}</strong> ${t(`ring.${state}`, { bytes: t.bytes(missed) })}
  </li>`;
}

/** What waits for a replica, against what may wait. */
function buffer(view: View, { master }: Ruler, row: ReplicaRow): TemplateResult {
  const { t, state } = view;
  const { hard, soft, seconds } = master.bufferLimit;
  const waiting = row.buffered.end - row.buffered.start;
  const limit = hard > 0 ? hard : Math.max(soft, waiting, 1);
  const at = (bytes: number): string => percent(Math.min(1, bytes / limit));
  const picked = cutOf(state.picked, row.buffered);
  const limits =
    hard === 0 && soft === 0
      ? t("buffer.unlimited")
      : t("buffer.limits", { hard: t.bytes(hard), soft: t.bytes(soft), seconds });
  const label = `${row.node.name}: ${t("ruler.waits", { bytes: t.bytes(waiting) })}, ${limits}`;
  const full = waiting / limit;
  return html`<div class="buffer" data-testid="buffer" data-node=${row.node.name}>
    <h3 class="section-title">
      ${row.node.name}<span class="section-note">${t("buffer.title")}</span>
    </h3>
    <svg class="track" height="18" width="100%" role="img" aria-label=${label}>
      <title>${label}</title>
      <rect class="bar-ground" width="100%" height="12" y="3"></rect>
      ${
        waiting > 0
          ? svg`<rect class="bar-buffered ${full > 0.5 ? "strained" : ""}" fill="url(#lab-hatch)"
              width=${at(Math.max(waiting, limit / 250))} height="12" y="3"></rect>`
          : nothing
      }
      ${
        picked === null
          ? nothing
          : svg`<rect class="picked-band" x=${at(picked.start - row.buffered.start)}
              width=${at(Math.max(picked.end - picked.start, limit / 250))} height="12"
              y="3"></rect>`
      }
      ${soft > 0 && soft < limit ? limitMark(at(soft), "soft") : nothing}
      ${hard > 0 ? limitMark("100%", "hard") : nothing}
    </svg>
    <p class="minor">
      <span>${t.bytes(waiting)}</span> <span>${limits}</span>
    </p>
  </div>`;
}

function limitMark(x: string, kind: "soft" | "hard"): SVGTemplateResult {
  return svg`<line class="limit ${kind}" x1=${x} x2=${x} y1="0" y2="18"></line>`;
}

const RADIUS = 46;
