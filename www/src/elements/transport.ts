/** The bar that moves time. */
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";

import type { NextEvent } from "../engine/frame";
import { type Intent, IntentEvent, intend, type Stride } from "../model/intent";
import { sentence } from "../model/sentence";
import { powerOf, RATE_POWERS, rateAt, rateText } from "../model/speed";
import { changed, conditions } from "./conditions";
import { explain } from "./explain";
import { type Icon, icon } from "./icons";
import { scrubber } from "./scrubber";
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
      ${clock(view)}${speed(view)}${explain(view, "time")}${hand(view)}
    </div>
    ${state.screen.expert || frame.branches.length > 1 ? html`<div class="controls study">
          ${state.screen.expert ? strides(view) : nothing}${branches(view)}
          ${state.screen.expert ? html`${conditions(view)}${changed(view)}` : nothing}
        </div>` : nothing}
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
function step(view: View): TemplateResult {
  const { t, frame } = view;
  const { next } = frame;
  const text = next === null ? t("time.nothing") : nextText(view, next);
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

/** What the next step ends with: of a phase its line of the log. In a quiet world that is not known. */
function nextText({ t, frame, state }: View, next: NextEvent): string {
  const { stride } = state.screen;
  if (stride === "command") {
    const { nextCommand: last } = frame;
    return last === null ? t("time.next.command") : sentence(frame, last.node, last.what, t);
  }
  if (stride === "phase") return frame.nextPhase?.text ?? t("time.next.phase");
  return sentence(frame, next.node, next.what, t);
}

/** How far a step goes. */
function strides({ t, state }: View): TemplateResult {
  return html`<div class="segments" role="group" aria-label=${t("time.stride")}>
    <span class="segments-label">${t("time.stride")}</span>
    ${STRIDES.map(
      (stride) => html`<button
        type="button"
        class="segment"
        data-testid="stride-${stride}"
        aria-pressed=${state.screen.stride === stride}
        @click=${intend({ do: "stride", stride })}
      >
        ${t(`stride.${stride}`)}
      </button>`,
    )}
  </div>`;
}

const STRIDES: readonly Stride[] = ["frame", "command", "phase"];

/** Every future that was begun: none is lost by acting in the past. */
function branches({ t, frame }: View): TemplateResult | typeof nothing {
  if (frame.branches.length < 2) return nothing;
  return html`<div class="segments branches" role="group" aria-label=${t("time.branches")}>
    <span class="segments-label">${t("time.branches")}</span>
    ${frame.branches.map(
      (branch, index) => html`<button
        type="button"
        class="segment"
        data-testid="branch"
        aria-pressed=${branch.current}
        title="${branch.first} · ${t("branch.hint", { fork: branch.fork, length: branch.length })}"
        @click=${intend({ do: "branch", id: branch.id })}
      >
        ${index + 1}
      </button>`,
    )}
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
  const { rate, skipIdle, scale } = state.screen;
  const byTime = scale === "time";
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
    <button
      type="button"
      class="quiet toggle"
      data-testid="as-recorded"
      aria-pressed=${rate === 1 && !skipIdle}
      title=${t("time.recorded.hint")}
      @click=${asRecorded}
    >
      ${t("time.recorded")}
    </button>
    <button
      type="button"
      class="quiet toggle"
      data-testid="scale"
      aria-pressed=${byTime}
      title=${t("time.scale.hint")}
      @click=${intend({ do: "scale", scale: byTime ? "events" : "time" })}
    >
      ${t("time.scale")}
    </button>
  </div>`;
}

/** As fast as it was: a second for a second, with all the waiting. */
function asRecorded(event: Event): void {
  event.currentTarget?.dispatchEvent(new IntentEvent({ do: "rate", rate: 1 }));
  event.currentTarget?.dispatchEvent(new IntentEvent({ do: "idle", skip: false }));
}

/** On a phone, the side on which the controls are. */
function hand({ t, hand }: View): TemplateResult {
  const other = hand === "left" ? "right" : "left";
  return html`<button
    type="button"
    class="quiet square hand"
    data-testid="hand"
    aria-label=${t(`time.hand.${other}`)}
    title=${t(`time.hand.${other}`)}
    @click=${intend({ do: "hand", hand: other })}
  >
    ⇄
  </button>`;
}
