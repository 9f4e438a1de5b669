/** The offsets of a master and its replicas on one line, with what waits and what is kept. */
import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { type ReplicaRow, type Ruler, rulerOf } from "../draw/ruler";
import { percent, ticksOf } from "../draw/scale";
import type { PieceView } from "../engine/frame";
import { intend, IntentEvent } from "../model/intent";
import { cutOf, overlap, pieceAsPicked, type Span } from "../model/picked";
import { rootOf } from "../model/relations";
import { explain } from "./explain";
import { rdbLane, snapshotLane } from "./lanes";
import { hovered, pressed } from "./press";
import { stores } from "./stores";
import { chosenNode, type View } from "./view";

export function ruler(view: View): TemplateResult | typeof nothing {
  const { t, frame } = view;
  const chosen = chosenNode(view);
  const leader = frame.nodes.find((node) => node.replicas.length > 0);
  if (chosen === null) return nothing;
  const top = rootOf(frame, chosen);
  const master = top.role === "master" && top.replicas.length === 0 ? (leader ?? top) : top;
  const model = rulerOf(frame, master);
  return html`<section class="ruler" part="ruler" aria-labelledby="ruler-title" data-testid="ruler">
    <div class="titled">
      <h2 class="section-title" id="ruler-title">
        ${t("ruler.title")}<span class="section-note">${t("ruler.note")}</span>
      </h2>
      ${explain(view, "ruler")}
    </div>
    <div class="ruler-grid">
      ${masterRow(view, model)}${backlogRow(view, model)}${snapshotLane(view, master)}
      ${repeat(
        model.rows,
        (row) => row.node.id,
        (row) => replicaRow(view, model, row),
      )}
    </div>
    ${legend(view)}${stores(view, model)}
  </section>`;
}

function masterRow({ t, state }: View, { master, scale, head }: Ruler): TemplateResult {
  const ticks = ticksOf(scale, Math.min(6, Math.floor(state.screen.width / 120)));
  const label = t("ruler.label", { start: t.number(scale.start), end: t.number(scale.end) });
  const at = percent(scale.at(head));
  return html`<div class="row-name">${master.name}</div>
    <svg class="track axis" role="img" aria-label=${label} height="34" width="100%">
      <line class="axis-line" x1="0" x2="100%" y1="22" y2="22"></line>
      ${ticks.map((tick) => axisTick(t.number(tick), scale.at(tick)))}
      <svg x=${at} y="22" overflow="visible"><path class="head-mark" d="M0 0-5 9H5z"></path></svg>
    </svg>
    <div class="row-value" data-testid="head">
      <strong>${t.number(head)}</strong><span class="unit">master_repl_offset</span>
    </div>`;
}

function axisTick(text: string, at: number): SVGTemplateResult {
  const anchor = at < 0.04 ? "start" : at > 0.96 ? "end" : "middle";
  const x = percent(at);
  return svg`<line class="axis-tick" x1=${x} x2=${x} y1="17" y2="22"></line>
    <text class="axis-text" x=${x} y="12" text-anchor=${anchor}>${text}</text>`;
}

function backlogRow(view: View, model: Ruler): TemplateResult {
  const { t } = view;
  const { master, backlog, scale } = model;
  const kept = master.backlog;
  if (kept === null) {
    return html`<div class="row-name minor">${t("ruler.backlog")}</div>
      <div class="track empty"></div>
      <div class="row-value minor">${t("ruler.backlog.none")}</div>`;
  }
  const facts = { used: t.bytes(kept.histlen), size: t.bytes(kept.size) };
  const last = kept.first + kept.histlen - 1;
  const label = t("ruler.backlog.hint", { master: master.name, first: kept.first, last, ...facts });
  return html`<div class="row-name minor">${t("ruler.backlog")}</div>
    <svg class="track" role="group" aria-label=${label} height="18" width="100%"
      data-testid="backlog" @keydown=${along}>
      <title>${label}</title>
      ${backlog === null ? nothing : bar("bar-backlog", backlog, scale, 1, 16)}
      ${master.stream.map((piece) => pieceOf(view, model, piece))}
      ${backlog === null ? nothing : band(view, backlog, scale, 1, 16)}
    </svg>
    <div class="row-value minor">${t("ruler.backlog.value", facts)}</div>`;
}

function replicaRow(view: View, model: Ruler, row: ReplicaRow): TemplateResult {
  const { t } = view;
  const { scale } = model;
  const buffered = row.buffered.end - row.buffered.start;
  const label = t("ruler.replica.hint", {
    name: row.node.name,
    received: t.number(row.received.end),
    processed: t.number(row.processed.end),
    acked: t.number(row.acked ?? 0),
    buffered: t.bytes(buffered),
  });
  return html`<div class="row-name">${row.node.name}</div>
    <svg class="track" role="img" aria-label=${label} height="22" width="100%"
      data-testid="replica-ruler" data-node=${row.node.name}>
      <title>${label}</title>
      <rect class="bar-ground" width="100%" height="14" y="4"></rect>
      ${bar("bar-processed", row.processed, scale, 4, 14)}
      ${bar("bar-received", row.received, scale, 4, 14)}
      ${bar("bar-flight", row.flight, scale, 4, 14)}
      ${waiting(row.buffered, scale)}
      ${band(view, { start: 0, end: row.buffered.end }, scale, 4, 14)}
      ${limits(model, row)}
      ${acked(row, scale)}
    </svg>
    <div class="row-value">${values(view, row, buffered)}</div>
    ${rdbLane(view, row.node)}`;
}

function bar(name: string, span: Span, scale: Ruler["scale"], y: number, height: number) {
  const [x, end] = [scale.at(span.start), scale.at(span.end)];
  if (span.end <= span.start) return nothing;
  return svg`<rect class=${name} x=${percent(x)} width=${percent(end - x)} y=${y}
    height=${height}></rect>`;
}

/** A command of the stream, in the backlog: it can be picked. */
function pieceOf(view: View, { master, scale }: Ruler, piece: PieceView): SVGTemplateResult {
  const { t, state } = view;
  const wanted = pieceAsPicked(master, piece);
  const [x, end] = [scale.at(piece.end - piece.bytes), scale.at(piece.end)];
  const marked = overlap(wanted.span, state.picked?.span ?? null);
  const chosen = marked && !state.hovering;
  const label = `${piece.label} (${t.bytes(piece.bytes)})`;
  const pick = (event: Event): void => {
    const picked = chosen ? null : wanted;
    event.currentTarget?.dispatchEvent(new IntentEvent({ do: "pick", picked }));
  };
  return svg`<rect class="piece ${marked ? "picked" : ""}" role="button" data-testid="piece"
    tabindex=${piece === master.stream.at(-1) ? 0 : -1} aria-pressed=${chosen} aria-label=${label}
    x=${percent(x)} width=${percent(end - x)} y="1" height="16" @click=${pick}
    @pointerenter=${hovered(() => wanted)} @pointerleave=${intend({ do: "hover", picked: null })}
    @keydown=${pressed(pick)}><title>${label}</title></rect>`;
}

/** ← and → among the commands of the stream. */
function along(event: KeyboardEvent): void {
  const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  const row = event.currentTarget;
  if (by === 0 || !(row instanceof SVGElement)) return;
  const pieces = [...row.querySelectorAll<SVGElement>(".piece")];
  const next = pieces[pieces.findIndex((piece) => piece === event.target) + by];
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}

/** What is picked, on the scale that all rows share. */
function band({ state }: View, within: Span, scale: Ruler["scale"], y: number, height: number) {
  const picked = cutOf(state.picked, within);
  if (picked === null) return nothing;
  const [x, end] = [scale.at(picked.start), scale.at(picked.end)];
  return svg`<rect class="picked-band" x=${percent(x)} width=${percent(end - x)} y=${y}
    height=${height}></rect>`;
}

/** Where a replica's buffer comes to its limits, if that is on this scale. */
function limits({ master, scale }: Ruler, { buffered }: ReplicaRow) {
  const { hard, soft } = master.bufferLimit;
  if (buffered.end <= buffered.start) return nothing;
  const mark = (bytes: number, kind: string) => {
    const at = buffered.start + bytes;
    if (bytes === 0 || at > scale.end) return nothing;
    return svg`<line class="limit ${kind}" x1=${percent(scale.at(at))} x2=${percent(scale.at(at))}
      y1="1" y2="21"></line>`;
  };
  return [mark(soft, "soft"), mark(hard, "hard")];
}

/** The bytes that wait: the same hatching wherever they are drawn. */
function waiting(span: Span, scale: Ruler["scale"]) {
  if (span.end <= span.start) return nothing;
  const [x, end] = [scale.at(span.start), scale.at(span.end)];
  return svg`<rect class="bar-buffered" fill="url(#lab-hatch)" x=${percent(x)}
    width=${percent(end - x)} y="4" height="14"></rect>`;
}

function acked({ acked }: ReplicaRow, scale: Ruler["scale"]) {
  if (acked === null) return nothing;
  return svg`<circle class="acked-mark" cx=${percent(scale.at(acked))} cy="11" r="4.5"></circle>`;
}

function values({ t }: View, row: ReplicaRow, buffered: number): TemplateResult {
  const { node } = row;
  const waits = html`<span data-testid="buffered" data-node=${node.name} data-bytes=${buffered}
    >${buffered > 0 ? t("ruler.waits", { bytes: t.bytes(buffered) }) : nothing}</span
  >`;
  if (!row.sameHistory) {
    const why = html`<span class="minor">${t("ruler.otherHistory")}</span>`;
    return html`${buffered > 0 ? nothing : why}${waits}`;
  }
  return html`<span data-testid="processed" data-node=${node.name}
      ><strong>${t.number(row.processed.end)}</strong></span
    >
    ${
      row.acked === null
        ? nothing
        : html`<span class="unit" data-testid="acked" data-node=${node.name}
            >${t("ruler.acked")} ${t.number(row.acked)}</span
          >`
    }${waits}`;
}

function legend({ t }: View): TemplateResult {
  const entry = (name: string, text: string): TemplateResult =>
    html`<li><svg class="swatch" width="16" height="10" aria-hidden="true">${
      name === "acked"
        ? svg`<circle class="acked-mark" cx="8" cy="5" r="4"></circle>`
        : svg`<rect class="bar-${name}" fill=${name === "buffered" ? "url(#lab-hatch)" : nothing}
            x="0.5" y="0.5" width="15" height="9"></rect>`
    }</svg>${text}</li>`;
  return html`<ul class="legend">
    ${entry("processed", t("ruler.processed"))}${entry("received", t("ruler.received"))}
    ${entry("flight", t("ruler.flight"))}${entry("buffered", t("ruler.buffered"))}
    ${entry("acked", t("ruler.acked"))}${entry("rdb", t("ruler.rdb"))}
  </ul>`;
}
