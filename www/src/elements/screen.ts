/** The whole screen, from the top to the bottom. */
import { html, nothing, type TemplateResult } from "lit";

import { intend, type Pane } from "../model/intent";
import type { Words } from "../model/language";
import { stepOf } from "../model/lesson";
import { sentence } from "../model/sentence";
import { consolePane } from "./console";
import { crashes } from "./crash";
import { events } from "./events";
import { faults } from "./faults";
import { header } from "./header";
import { icon } from "./icons";
import { keys } from "./keys";
import { lesson } from "./lesson";
import { paced, paceOf } from "./paced";
import { ruler } from "./ruler";
import { caption, story } from "./story";
import { topology } from "./topology";
import { transport } from "./transport";
import type { View } from "./view";

export function screen(view: View): TemplateResult {
  const { pane } = view.state.screen;
  const { lesson: taught } = view.state;
  const focus = taught === null ? undefined : stepOf(taught.progress)?.focus?.split(" ")[0];
  const pace = paceOf(view);
  return html`<div class="lab" data-show=${pane} data-focus=${focus ?? nothing} data-testid="lab">
    ${header(view)}
    <div class="top">${taught === null ? story(view) : lesson(view)}${trouble(view)}${crashes(view)}</div>
    <div class="main">
      <div class="picture">${topology(view)}${faults(view)}${ruler(view)}</div>
      ${panes(view)}
      <div class="side side-console">${consolePane(view)}</div>
      <div class="side side-data">
        ${paced(pace, () => keys(view))}${paced(pace, () => events(view))}
      </div>
      ${view.later?.dock(view) ?? nothing}
    </div>
    ${transport(view)} ${view.later?.dialogs(view) ?? nothing}
    <p class="unseen" role="status" aria-live="polite" data-testid="announcement">
      ${announcement(view)}
    </p>
  </div>`;
}

/** What stands in place of the screen until the engine has answered, or because it did not. */
export function poster(t: Words, error: string | null, retry: () => void): TemplateResult {
  if (error === null) {
    return html`<div class="poster" role="status">
      <slot name="poster"></slot><span class="poster-mark"></span>${t("app.opening")}
    </div>`;
  }
  const hint = hintOf(t, error);
  return html`<div class="poster" role="alert" data-testid="failure">
    <strong>${t("app.failed")}</strong>
    <p>${hint}</p>
    <code>${error}</code>
    <button type="button" class="plain" @click=${retry}>${t("app.retry")}</button>
  </div>`;
}

function hintOf(t: Words, error: string): string | typeof nothing {
  if (/content security policy|unsafe-eval|CompileError/i.test(error)) return t("app.failed.csp");
  if (/fetch|network|mime/i.test(error)) return t("app.failed.fetch");
  return nothing;
}

/** Where only one pane has room, which one. */
function panes({ t, state }: View): TemplateResult {
  const choice = (pane: Pane): TemplateResult => html`<button
    type="button"
    class="segment"
    data-testid="pane-${pane}"
    aria-pressed=${state.screen.pane === pane}
    @click=${intend({ do: "show", pane })}
  >
    ${t(`pane.${pane}`)}
  </button>`;
  return html`<div class="panes segments" role="group" aria-label=${t("pane.choose")}>
    ${choice("console")}${choice("keys")}${choice("events")}
  </div>`;
}

function trouble({ t, state }: View): TemplateResult | typeof nothing {
  if (state.error === null) return nothing;
  return html`<div class="trouble" role="alert" data-testid="trouble">
    <strong>${t("error.label")}</strong><span>${state.error}</span>
    <button
      type="button"
      class="quiet square"
      aria-label=${t("error.dismiss")}
      @click=${intend({ do: "dismiss" })}
    >
      ${icon("close")}
    </button>
  </div>`;
}

/** While time passes only chapters are announced; at a step, the step. */
function announcement(view: View): string {
  const { t, frame, state, story } = view;
  if (state.screen.playing) return story.chapter < 0 ? "" : caption(view);
  const last = frame.events.at(-1);
  return last === undefined ? "" : sentence(frame, last.node, last.what, t);
}
