/** A lesson: what is said, what is asked, and what leads on. */
import { html, nothing, type TemplateResult } from "lit";

import { intend } from "../model/intent";
import { isAsking, type Progress, stepOf, type StepTelling, type Telling, wasRight } from "../model/lesson";
import type { LessonState } from "../model/tutor";
import { icon } from "./icons";
import type { View } from "./view";

export function lesson(view: View): TemplateResult | typeof nothing {
  const { state, telling, t } = view;
  const step = state.lesson === null ? undefined : stepOf(state.lesson.progress);
  if (state.lesson === null || telling === null || step === undefined) return nothing;
  const { progress } = state.lesson;
  const told = telling.steps[step.id];
  const [number, count] = [progress.step + 1, progress.lesson.steps.length];
  const last = number === count && state.lesson.phase === "done" && !isAsking(progress);
  return html`<section class="lesson" part="lesson" tabindex="-1" aria-label=${telling.title} data-testid="lesson"
    data-phase=${state.lesson.phase} data-step=${step.id}>
    <header class="lesson-head">
      <h2>${telling.title}</h2>
      <ol class="lesson-dots" aria-label=${t("lesson.step", { number, count })}>
        ${progress.lesson.steps.map(
          (_, index) => html`<li class=${index < progress.step ? "done" : index === progress.step ? "now" : ""}
            aria-current=${index === progress.step ? "step" : "false"}></li>`,
        )}
      </ol>
      <span class="lesson-count">${t("lesson.step", { number, count })}</span>
      <button type="button" class="quiet square" data-testid="lesson-leave"
        aria-label=${t("lesson.leave")} title=${t("lesson.leave")}
        @click=${intend({ do: "teach", what: "leave" })}>${icon("close")}</button>
    </header>
    <div class="lesson-body" aria-live="polite">
      <p class="lesson-say" data-testid="lesson-say">${progress.step === 0 ? html`<em>${telling.goal}</em> ` : nothing}${told?.say}</p>
      ${told?.ask === undefined ? nothing : question(view, progress, told.ask)}
      ${last ? html`<p class="lesson-after">${telling.after}</p>` : nothing}
    </div>
    <div class="lesson-acts">${controls(view, state.lesson, last)}</div>
    ${storyboard(telling, progress)}
  </section>`;
}

/** The whole lesson, for paper: what is said, what is asked, and why it is so. */
function storyboard({ goal, steps, after }: Telling, { lesson }: Progress): TemplateResult {
  return html`<div class="storyboard" data-testid="storyboard">
    <p><em>${goal}</em></p>
    <ol>
      ${lesson.steps.map(({ id, ask: asked }) => {
        const { say, ask } = steps[id] ?? { say: "", ask: undefined };
        return html`<li>
          <p>${say}</p>
          ${
            ask === undefined
              ? nothing
              : html`<p><strong>${ask.question}</strong></p>
                  <ul>${ask.choices.map((text, choice) => html`<li>${choice === asked?.right ? "✓ " : "· "}${text}</li>`)}</ul>
                  <p>${ask.why}</p>`
          }
        </li>`;
      })}
    </ol>
    <p>${after}</p>
  </div>`;
}

/** The prediction: it is asked before the step goes on, and judged when it has. */
function question({ t }: View, progress: Progress, ask: NonNullable<StepTelling["ask"]>): TemplateResult {
  const step = stepOf(progress);
  const answer = step === undefined ? undefined : progress.answers[step.id];
  const judged = answer !== undefined;
  const right = step?.ask?.right;
  const mark = (choice: number): string =>
    !judged ? "" : choice === right ? "right" : choice === answer ? "wrong" : "";
  return html`<fieldset class="lesson-ask">
    <legend>${ask.question}</legend>
    <div class="lesson-choices">
      ${ask.choices.map(
        (text, choice) => html`<button type="button" class="choice ${mark(choice)}"
          data-testid="choice-${choice}" aria-pressed=${answer === choice} ?disabled=${judged && answer !== choice && choice !== right}
          @click=${intend({ do: "answer", choice })}>
          ${mark(choice) === "right" ? html`<span class="choice-mark" aria-label=${t("lesson.right")}>✓</span>` : nothing}
          ${mark(choice) === "wrong" ? html`<span class="choice-mark" aria-label=${t("lesson.wrong")}>✗</span>` : nothing}
          ${text}
        </button>`,
      )}
    </div>
    ${judged ? html`<p class="lesson-why" data-testid="lesson-why">${wasRight(progress) === true ? nothing : html`<strong>${t("lesson.notQuite")}</strong> `}${ask.why}</p>` : nothing}
  </fieldset>`;
}

function controls({ t }: View, state: LessonState, last: boolean): TemplateResult {
  const { phase, progress } = state;
  const asking = isAsking(progress);
  const teach = (what: "back" | "skip" | "next"): ((event: Event) => void) =>
    intend({ do: "teach", what });
  const back = html`<button
    type="button"
    class="plain"
    data-testid="lesson-back"
    ?disabled=${progress.step === 0 || phase === "acting"}
    @click=${teach("back")}
  >
    ${t("lesson.back")}
  </button>`;
  if (phase !== "done") {
    const note = asking ? t("lesson.predict") : t("lesson.wait");
    return html`${back}<button
        type="button"
        class="primary"
        data-testid="lesson-skip"
        ?disabled=${asking || phase === "acting"}
        @click=${teach("skip")}
      >
        ${t("lesson.skip")}</button
      ><span class="lesson-more">${phase === "acting" ? nothing : note}</span>`;
  }
  if (last) {
    return html`${back}<button
        type="button"
        class="primary"
        data-testid="lesson-library"
        @click=${intend({ do: "library", open: true })}
      >
        ${t("lesson.others")}
      </button>`;
  }
  return html`${back}<button
      type="button"
      class="primary"
      data-testid="lesson-next"
      ?disabled=${asking}
      @click=${teach("next")}
    >
      ${t("lesson.next")}</button
    >${asking ? html`<span class="lesson-more">${t("lesson.predict")}</span>` : nothing}`;
}
