/** The bar that moves time. */
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";

import { percent } from "../draw/scale";
import { type Intent, IntentEvent, intend } from "../model/intent";
import { sentence } from "../model/sentence";
import { powerOf, RATE_POWERS, rateAt, rateText } from "../model/speed";
import { CHAPTERS } from "../model/story";
import { type Icon, icon } from "./icons";
import type { View } from "./view";

export function transport(view: View): TemplateResult {
  const { t, frame, state } = view;
  const { playing } = state.screen;
  const begun = frame.cursor > 0;
  return html`<section class="transport" part="transport" aria-label=${t("time.label")}>
    ${scrubber(view)}
    <div class="controls">
      <div class="buttons">
        ${button(view, "start", "time.start", { do: "start" }, !begun)}
        ${button(view, "back", "time.back", { do: "back" }, !begun)}
        <button
          type="button"
          class="play"
          data-testid="play"
          aria-label=${t(playing ? "time.pause" : "time.play")}
          title="${t(playing ? "time.pause" : "time.play")} (Space)"
          aria-disabled=${frame.next === null}
          @click=${intend({ do: "toggle" })}
        >
          ${icon(playing ? "pause" : "play")}
        </button>
        ${step(view)}
        ${button(view, "end", "time.end", { do: "end" }, frame.cursor === frame.length)}
      </div>
      ${clock(view)}${speed(view)}
    </div>
  </section>`;
}

function button(
  { t }: View,
  name: Icon & ("start" | "back" | "end"),
  key: "time.start" | "time.back" | "time.end",
  intent: Intent,
  disabled: boolean,
): TemplateResult {
  return html`<button
    type="button"
    class="quiet square"
    data-testid=${name}
    aria-label=${t(key)}
    title=${t(key)}
    aria-disabled=${disabled}
    @click=${intend(intent)}
  >
    ${icon(name)}
  </button>`;
}

/** The step, which always says what it will do. */
function step({ t, frame }: View): TemplateResult {
  const { next } = frame;
  const text = next === null ? t("time.nothing") : sentence(frame, next.node, next.what, t);
  const wait = next === null ? 0 : next.at - frame.at;
  return html`<button
    type="button"
    class="step"
    data-testid="step"
    title="${t("time.step")}: ${text}"
    aria-disabled=${next === null}
    @click=${intend({ do: "step" })}
  >
    ${icon("step")}<span class="step-lead">${t("time.next")}</span
    ><span class="step-text" data-testid="next">${text}</span>${
      wait < 0.001
        ? nothing
        : html`<span class="step-wait">${t("time.in", { time: t.seconds(wait) })}</span>`
    }
  </button>`;
}

function scrubber({ t, frame, state }: View): TemplateResult {
  const { cursor, length } = frame;
  const time = t.seconds(frame.elapsed);
  const seek = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    input.dispatchEvent(new IntentEvent({ do: "seek", cursor: input.valueAsNumber }));
  };
  return html`<div class="scrubber">
    <svg class="scrubber-marks" width="100%" height="8" aria-hidden="true">
      ${state.marks
        .filter((mark) => mark.chapter >= 0)
        .map((mark) => {
          const x = percent(mark.cursor / Math.max(1, length));
          return html`<svg x=${x} overflow="visible">
            <title>${t(`chapter.${CHAPTERS[mark.chapter] ?? "steady"}`)}</title>
            <rect class="chapter-mark" x="-1" width="2" height="8"></rect>
          </svg>`;
        })}
    </svg>
    <input
      type="range"
      min="0"
      max=${length}
      step="1"
      .value=${live(String(cursor))}
      data-testid="scrubber"
      aria-label=${t("time.scrub")}
      aria-valuetext=${t("time.position", { cursor, length, time })}
      @input=${seek}
    />
  </div>`;
}

function clock({ t, frame, state }: View): TemplateResult {
  const { cursor, length } = frame;
  const time = t.seconds(frame.elapsed);
  return html`<p class="clock">
    <span class="clock-time" data-testid="clock" title=${t("time.clock", { time })}>${time}</span>
    <span class="clock-note"
      >${
        state.jumped > 0
          ? t("time.jumped", { time: t.seconds(state.jumped) })
          : t("time.count", { cursor, length })
      }</span
    >
  </p>`;
}

function speed({ t, state }: View): TemplateResult {
  const { rate, skipIdle } = state.screen;
  const { min, max, step } = RATE_POWERS;
  const change = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    input.dispatchEvent(new IntentEvent({ do: "rate", rate: rateAt(input.valueAsNumber) }));
  };
  return html`<div class="speed">
    <label class="speed-label"
      ><span>${t("time.speed")}</span>
      <input
        type="range"
        min=${min}
        max=${max}
        step=${step}
        .value=${live(String(powerOf(rate)))}
        data-testid="speed"
        aria-valuetext=${rateText(rate)}
        @input=${change}
      />
      <output class="speed-value">${rateText(rate)}</output></label
    >
    <button
      type="button"
      class="quiet toggle"
      data-testid="skip-idle"
      aria-pressed=${skipIdle}
      @click=${intend({ do: "idle", skip: !skipIdle })}
    >
      ${t("time.idle")}
    </button>
  </div>`;
}
