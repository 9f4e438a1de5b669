/** What can be taken home: the history up to the cursor, in the formats of other tools. */
import { html, type TemplateResult } from "lit";

import type { ExportFormat } from "../engine/frame";
import { intend } from "../model/intent";
import { icon } from "./icons";
import type { View } from "./view";

export function exports(view: View): TemplateResult {
  const { t } = view;
  const shut = intend({ do: "exports", open: false });
  return html`<dialog class="help library" data-dialog="exports" aria-labelledby="exports-title"
    data-testid="exports-dialog" @close=${shut}>
    <div class="help-head">
      <h2 id="exports-title">${t("exports.title")}</h2>
      <button type="button" class="quiet square" aria-label=${t("help.close")} @click=${shut}>${icon("close")}</button>
    </div>
    <p>${t("exports.lead")}</p>
    <ul class="shelf">
      ${FORMATS.map(
        (format) => html`<li><button type="button" data-testid="export-${format}"
          @click=${intend({ do: "export", format })}>
          <span><strong>${t(`export.${format}`)}</strong><small>${t(`export.${format}.note`)}</small></span>
        </button></li>`,
      )}
    </ul>
  </dialog>`;
}

const FORMATS: readonly ExportFormat[] = ["svg", "pcapng", "ndjson", "shiviz", "script"];
