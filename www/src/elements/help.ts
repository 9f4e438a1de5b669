/** Keys, legend, and a word about what this is. */
import { html, type TemplateResult } from "lit";

import { intend, whenClosed } from "../model/intent";
import { glossary } from "./explain";
import { icon } from "./icons";
import { shortcuts } from "./keys-help";
import { legend } from "./topology";
import type { View } from "./view";

export function help(view: View): TemplateResult {
  const { t } = view;
  return html`<dialog class="help" data-dialog="help" aria-labelledby="help-title" data-testid="help-dialog"
    @close=${whenClosed({ do: "help", open: false })}>
    <div class="help-head">
      <h2 id="help-title">${t("help.title")}</h2>
      <button type="button" class="quiet square" aria-label=${t("help.close")}
        @click=${intend({ do: "help", open: false })}>${icon("close")}</button>
    </div>
    <p>${t("help.about")}</p>
    <p class="minor badge" data-testid="badge">${t("help.badge", { version: VERSION, commit: COMMIT })} ${t("help.absent")}</p>
    <h3>${t("help.keys")}</h3>
    ${shortcuts(view)}
    <h3>${t("help.legend")}</h3>
    ${legend(view)}${glossary(view)}
  </dialog>`;
}

/** What the page was built from: nothing, where it is served without having been built. */
const VERSION: string = import.meta.env.VITE_VERSION ?? "";
const COMMIT: string = import.meta.env.VITE_COMMIT ?? "";
