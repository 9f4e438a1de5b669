/** The line of history: where the lab stands, what lies on the way, and the futures that were left. */
import { html, nothing, svg, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";

import { percent } from "../draw/scale";
import type { BranchView } from "../engine/frame";
import { type Intent, IntentEvent, intend } from "../model/intent";
import { sentence } from "../model/sentence";
import { CHAPTERS } from "../model/story";
import type { View } from "./view";

/** A place on the line: how many events had happened, and when. */
type Place = readonly [cursor: number, elapsed: number];

export function scrubber(view: View): TemplateResult {
  const { t, frame, state } = view;
  const { cursor, length, elapsed, ends } = frame;
  const byTime = state.screen.scale === "time";
  const end = byTime ? ends : length;
  const at = (event: Event): number => (event.currentTarget as HTMLInputElement).valueAsNumber;
  const seek = (event: Event): void =>
    send(event, byTime ? { do: "seekTime", millis: at(event) } : { do: "seek", cursor: at(event) });
  return html`<div class="scrubber">
    ${preview(view)}
    <svg class="scrubber-marks" width="100%" height="8" aria-hidden="true">${marks(view)}</svg>
    <input
      type="range"
      min="0"
      max=${end}
      step=${byTime ? "any" : "1"}
      .value=${live(String(byTime ? elapsed : cursor))}
      data-testid="scrubber"
      aria-label=${t("time.scrub")}
      aria-valuetext=${t("time.position", { cursor, length, time: t.seconds(elapsed) })}
      @input=${seek}
      @pointermove=${(event: PointerEvent) => hover(event, view, end)}
      @pointerleave=${intend({ do: "peek", at: null })}
      @pointerdown=${intend({ do: "peek", at: null })}
    />
    ${lanes(view)}
  </div>`;
}

function send(event: Event, intent: Intent): void {
  event.currentTarget?.dispatchEvent(new IntentEvent(intent));
}

/** Where the pointer is, a mouse that presses nothing asks what was there. */
function hover(event: PointerEvent, { state, frame }: View, end: number): void {
  if (event.pointerType !== "mouse" || event.buttons !== 0 || state.screen.playing) return;
  const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const part = (event.clientX - left - THUMB) / Math.max(1, width - 2 * THUMB);
  const there = Math.min(1, Math.max(0, part)) * end;
  const at = state.screen.scale === "time" ? there : Math.round(there);
  if (frame.length > 0 && at !== state.peek?.at) send(event, { do: "peek", at });
}

/** What was at the place under the pointer: the event, and every server's offset. */
function preview({ t, state }: View): TemplateResult | typeof nothing {
  const frame = state.peek?.frame;
  if (!frame) return nothing;
  const { cursor, length, elapsed, events, nodes } = frame;
  const last = events.at(-1);
  const where = t("time.position", { cursor, length, time: t.seconds(elapsed) });
  return html`<p class="preview" data-testid="preview" aria-hidden="true">
    <span class="preview-where">${where}</span>
    <span class="preview-what">${last ? sentence(frame, last.node, last.what, t) : nothing}</span>
    ${nodes.map(({ name, offset }) => html`<span class="preview-node">${name} <b>${t.number(offset)}</b></span>`)}
  </p>`;
}

/** Chapters, faults, the ends of a lesson's steps, and where runs have stopped. */
function marks(view: View): TemplateResult[] {
  const { t, frame, state } = view;
  const mark = ([cursor, elapsed]: Place, name: string, title: string, shape: TemplateResult): TemplateResult =>
    svg`<svg x=${percent(share(view, cursor, elapsed))} overflow="visible" class="mark" data-mark=${name}>
      <title>${title}</title>${shape}</svg>`;
  const chapters = state.marks.filter(({ chapter }) => chapter >= 0);
  const taught = state.lesson?.progress.cursors ?? [];
  return [
    ...chapters.map(({ cursor, elapsed, chapter }) =>
      mark([cursor, elapsed], "chapter", t(`chapter.${CHAPTERS[chapter] ?? "steady"}`),
        svg`<rect class="chapter-mark" x="-1" width="2" height="8"></rect>`)),
    ...pairs(frame.faults).map(([index, elapsed]) =>
      mark([index + 1, elapsed], "fault", t("mark.fault"),
        svg`<path class="fault-mark" d="M-3 1l6 6M3 1l-6 6"></path>`)),
    ...(state.screen.scale === "time" ? [] : taught).map((cursor, step) =>
      mark([cursor, 0], "lesson", t("lesson.step", { number: step + 1, count: taught.length }),
        svg`<circle class="stop-mark" r="3" cy="4"></circle>`)),
    ...state.stops.map(({ cursor, elapsed }) =>
      mark([cursor, elapsed], "stop", t("mark.stop"),
        svg`<path class="stop-mark" d="M-4 0h8l-4 7z"></path>`)),
  ];
}

function pairs(flat: readonly number[]): Place[] {
  const places: Place[] = [];
  for (let at = 0; at < flat.length; at += 2) places.push([flat[at] ?? 0, flat[at + 1] ?? 0]);
  return places;
}

/** How far along the line a place is. */
function share({ frame, state }: View, cursor: number, elapsed: number): number {
  return state.screen.scale === "time"
    ? elapsed / Math.max(1, frame.ends)
    : cursor / Math.max(1, frame.length);
}

/** The branch that is lived and the newest others as lanes, from where they part to where they end. */
function lanes(view: View): TemplateResult | typeof nothing {
  const { t, frame } = view;
  if (frame.branches.length < 2) return nothing;
  const newest = frame.branches.length - LANES_MAX;
  const branches = frame.branches.filter(({ current }, index) => current || index >= newest);
  const height = branches.length * LANE;
  const lane = ({ id, current, fork, length, parts, ends, first }: BranchView, row: number): TemplateResult => {
    const [from, to] = [share(view, fork, parts), share(view, length, ends)];
    const [x, width] = [percent(from), percent(Math.max(0, Math.min(1, to) - from))];
    const y = row * LANE;
    return svg`<g class="lane" data-current=${current} data-testid="lane" @click=${intend({ do: "branch", id })}>
      <title>${first} · ${t("branch.hint", { fork, length })}</title>
      <rect class="lane-reach" x=${x} y=${y} width=${width} height=${LANE}></rect>
      <rect class="lane-line" x=${x} y=${y + 1} width=${width} height="3"></rect></g>`;
  };
  return html`<svg class="lanes" width="100%" height=${height} aria-hidden="true">${branches.map(lane)}</svg>`;
}

/** Half of the thumb: its middle is never nearer to an end. */
const THUMB = 8;
/** So many branches have a lane. */
const LANES_MAX = 5;
/** The height of a lane. */
const LANE = 7;
