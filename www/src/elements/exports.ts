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
    ${link(view)}
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

/** The address of this moment, to be copied. */
function link({ t, state }: View): TemplateResult {
  const { link } = state.screen;
  return html`<p>${t("exports.link.lead")}</p>
    <div class="link">
      <input type="text" readonly data-testid="link" aria-label=${t("exports.link")}
        .value=${link?.address ?? ""} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
      <button type="button" data-testid="copy-link" ?disabled=${link === null} @click=${intend({ do: "copyLink" })}>
        ${t("exports.link.copy")}
      </button>
    </div>
    <p class="link-said" role="status" data-testid="link-said">${link?.copied === true ? t("exports.link.copied") : ""}</p>`;
}

const FORMATS: readonly ExportFormat[] = ["svg", "pcapng", "ndjson", "shiviz", "script"];
