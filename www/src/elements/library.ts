/** The list of what can be opened: lessons and scenarios. */
import { html, type TemplateResult } from "lit";

import { intend, whenClosed } from "../model/intent";
import type { Key } from "../model/language";
import { LESSONS } from "../model/library";
import { SCENARIOS } from "../model/scenarios";
import { icon } from "./icons";
import type { View } from "./view";

export function library(view: View): TemplateResult {
  const { t, titles, state } = view;
  const now = state.lesson?.progress.lesson.id;
  return html`<dialog class="help library" aria-labelledby="library-title" data-dialog="library"
    data-testid="library-dialog" @close=${whenClosed({ do: "library", open: false })}>
    <div class="help-head">
      <h2 id="library-title">${t("library.title")}</h2>
      <button type="button" class="quiet square" aria-label=${t("help.close")}
        @click=${intend({ do: "library", open: false })}>${icon("close")}</button>
    </div>
    <p>${t("library.lead")}</p>
    <h3>${t("library.lessons")}</h3>
    <ol class="shelf">
      ${LESSONS.map(
        (id, index) => html`<li><button type="button" data-testid="lesson-${id}" aria-current=${now === id}
          @click=${intend({ do: "lesson", id })}>
          <span class="shelf-number" aria-hidden="true">${index + 1}</span>${titles[index] ?? id}</button></li>`,
      )}
    </ol>
    <h3>${t("library.scenarios")}</h3>
    <ul class="shelf">
      ${SCENARIOS.map(
        (id) => html`<li><button type="button" data-testid="scenario-${id}"
          @click=${intend({ do: "scenario", id })}>
          <span><strong>${t(`scenario.${id}` satisfies Key)}</strong><small>${t(`scenario.${id}.note` satisfies Key)}</small></span>
        </button></li>`,
      )}
    </ul>
    <h3>${t("library.own")}</h3>
    <ul class="shelf">
      <li><button type="button" data-testid="dump" @click=${intend({ do: "dump", open: true })}>
        <span><strong>${t("dump.open")}</strong><small>${t("dump.lead")}</small></span>
      </button></li>
    </ul>
  </dialog>`;
}
