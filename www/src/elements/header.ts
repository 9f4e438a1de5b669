/** The line at the top: what this is, and the choices that concern the whole page. */
import { html, type TemplateResult } from "lit";

import { intend, type SyncMode } from "../model/intent";
import { nextTheme } from "../model/theme";
import { icon } from "./icons";
import type { View } from "./view";

export function header(view: View): TemplateResult {
  const { t, frame } = view;
  const where = frame.isolation === "workers" ? t("app.workers") : t("app.page");
  return html`<header class="head" part="header">
    <p class="brand">${logo()}<span class="wordmark">replica-lab</span></p>
    <button type="button" class="quiet head-title" data-testid="library"
      aria-haspopup="dialog" aria-label=${t("library.open")} @click=${intend({ do: "library", open: true })}>
      ${icon("library")}<span>${t("library.open")}</span>
    </button>
    <p class="head-note" data-testid="isolation">${t("app.engine")} · ${where}</p>
    <div class="head-tools">${exports(view)}${restart(view)}${expert(view)}${language(view)}${theme(view)}${help(view)}</div>
  </header>`;
}

/** Two lines that end at the same offset. */
function logo(): TemplateResult {
  return html`<svg class="logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    <path class="logo-master" d="M3 7h14"></path>
    <path class="logo-replica" d="M3 12.5h9"></path>
    <path class="logo-replica" d="M3 18h11.5"></path>
    <path class="logo-head" d="M20 3v18"></path>
  </svg>`;
}

function restart(view: View): TemplateResult {
  const { t, state } = view;
  const choice = (sync: SyncMode): TemplateResult => {
    const value = sync === "disk" ? "no" : "yes";
    return html`<button
      type="button"
      class="segment"
      data-testid="restart-${sync}"
      aria-pressed=${state.screen.sync === sync}
      title=${t("head.restart.hint", { value })}
      @click=${intend({ do: "restart", sync })}
    >
      ${sync === "disk" ? t("head.restart.disk") : t("head.restart.diskless")}
    </button>`;
  };
  return html`<div class="segments" role="group" aria-label=${t("head.restart")}>
    <span class="segments-label">${icon("restart")}<span>${t("head.restart")}</span></span>
    ${choice("diskless")}${choice("disk")}
  </div>`;
}

function expert({ t, state }: View): TemplateResult {
  const { expert: on } = state.screen;
  return html`<button
    type="button"
    class="quiet toggle"
    data-testid="expert"
    aria-pressed=${on}
    title=${t("head.expert.hint")}
    @click=${intend({ do: "expert", on: !on })}
  >
    ${t("head.expert")}
  </button>`;
}

function language({ t }: View): TemplateResult {
  const other = t.language === "ko" ? "en" : "ko";
  return html`<button
    type="button"
    class="quiet"
    data-testid="language"
    lang=${other}
    title=${t("head.language.hint")}
    @click=${intend({ do: "language", language: other })}
  >
    ${t("head.language")}
  </button>`;
}

function theme({ t, theme }: View): TemplateResult {
  const text = t("head.theme", { theme: t(`theme.${theme}`) });
  return html`<button
    type="button"
    class="quiet square"
    data-testid="theme"
    aria-label=${text}
    title=${text}
    @click=${intend({ do: "theme", theme: nextTheme(theme) })}
  >
    ${icon(theme)}
  </button>`;
}

function exports({ t }: View): TemplateResult {
  return html`<button
    type="button"
    class="quiet square"
    data-testid="exports"
    aria-haspopup="dialog"
    aria-label=${t("exports.open")}
    title=${t("exports.open")}
    @click=${intend({ do: "exports", open: true })}
  >
    ${icon("export")}
  </button>`;
}

function help({ t }: View): TemplateResult {
  return html`<button
    type="button"
    class="quiet square"
    data-testid="help"
    aria-label=${t("head.help")}
    title="${t("head.help")} (?)"
    @click=${intend({ do: "help", open: true })}
  >
    ${icon("help")}
  </button>`;
}
