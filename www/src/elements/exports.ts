/** What can be taken home: the history up to the cursor, in the formats of other tools. */
import { html, nothing, type TemplateResult } from "lit";

import type { ExportFormat } from "../engine/frame";
import { intend, IntentEvent, whenClosed } from "../model/intent";
import { icon } from "./icons";
import type { View } from "./view";

export function exports(view: View): TemplateResult {
  const { t } = view;
  return html`<dialog class="help library" data-dialog="exports" aria-labelledby="exports-title"
    data-testid="exports-dialog" @close=${whenClosed({ do: "exports", open: false })}>
    <div class="help-head">
      <h2 id="exports-title">${t("exports.title")}</h2>
      <button type="button" class="quiet square" aria-label=${t("help.close")}
        @click=${intend({ do: "exports", open: false })}>${icon("close")}</button>
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
    ${relived(view)}
  </dialog>`;
}

/** A file of events that was taken home, and is brought back. */
function relived({ t, state: { trace } }: View): TemplateResult {
  const choose = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file !== undefined) input.dispatchEvent(new IntentEvent({ do: "survey", file }));
    input.value = "";
  };
  const said = trace === null ? "" : trace === "reading" ? t("trace.reading") : t(...trace.said);
  const verdict = trace === null || trace === "reading" ? nothing : trace.same ? "same" : "other";
  return html`<h3>${t("trace.title")}</h3>
    <label class="dump-drop">
      <span>${t("trace.open")}</span>
      <input type="file" accept=".ndjson" data-testid="trace-file" @change=${choose} />
    </label>
    <p class="trace-said" role="status" data-testid="trace-said" data-verdict=${verdict}>${said}</p>`;
}

/** The address of this moment, to be copied. */
function link({ t, state }: View): TemplateResult {
  const { link } = state.screen;
  return html`<p>${t("exports.link.lead")}</p>
    <div class="link">
      <input type="text" readonly data-testid="link" aria-label=${t("exports.link")}
        .value=${link?.address ?? ""} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
      <button type="button" class="primary" data-testid="copy-link" ?disabled=${link === null} @click=${intend({ do: "copyLink" })}>
        ${t("exports.link.copy")}
      </button>
    </div>
    <p class="link-said" role="status" data-testid="link-said">${link?.copied === true ? t("exports.link.copied") : ""}</p>`;
}

const FORMATS: readonly ExportFormat[] = ["svg", "pcapng", "ndjson", "shiviz", "script"];
