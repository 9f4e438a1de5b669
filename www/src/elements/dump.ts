/** A dump of the reader's own: chosen or dropped, read in the page, shown as sums. */
import { html, nothing, svg, type TemplateResult } from "lit";

import type { BigKey, Life, Survey, Tally } from "../engine/dump";
import { percent } from "../draw/scale";
import { type DumpState, LOADED_MAX } from "../model/dump";
import { intend, IntentEvent, whenClosed } from "../model/intent";
import type { Words } from "../model/language";
import { icon } from "./icons";
import type { View } from "./view";

export function dump(view: View): TemplateResult {
  const { t, state } = view;
  return html`<dialog class="help dump" aria-labelledby="dump-title" data-dialog="dump"
    data-testid="dump-dialog" @close=${whenClosed({ do: "dump", open: false })}>
    <div class="help-head">
      <h2 id="dump-title">${t("dump.title")}</h2>
      <button type="button" class="quiet square" aria-label=${t("help.close")}
        @click=${intend({ do: "dump", open: false })}>${icon("close")}</button>
    </div>
    <p>${t("dump.lead")}</p>
    ${chooser(t)}${state.dump === null ? nothing : opened(view, state.dump)}
  </dialog>`;
}

function chooser(t: Words): TemplateResult {
  const choose = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file !== undefined) input.dispatchEvent(new IntentEvent({ do: "survey", file }));
    input.value = "";
  };
  return html`<label class="dump-drop" data-testid="dump-drop">
    <span>${t("dump.choose")}</span>
    <input type="file" data-testid="dump-file" @change=${choose} />
  </label>`;
}

function opened(view: View, dump: DumpState): TemplateResult {
  const { t } = view;
  const read = dump.phase === "done" ? dump.size : (dump.survey?.read ?? 0);
  return html`<section class="dump-file" data-testid="dump-state" data-phase=${dump.phase}>
    <h3>${dump.name} <span class="section-note">${t.bytes(dump.size)}</span></h3>
    ${dump.phase === "reading" ? progress(t, read, dump.size) : nothing}
    ${trouble(t, dump)}
    ${dump.survey === null ? nothing : found(t, dump.survey)}
    ${dump.phase === "done" ? loading(view, dump) : nothing}
  </section>`;
}

function progress(t: Words, read: number, size: number): TemplateResult {
  return html`<div class="dump-progress">
    <progress max=${Math.max(1, size)} .value=${read} aria-label=${t("dump.progress")}
      data-testid="dump-progress"></progress>
    <span>${percent(Math.round((100 * read) / Math.max(1, size)) / 100)}</span>
    <button type="button" class="plain" data-testid="dump-cancel" @click=${intend({ do: "giveUp" })}>
      ${t("dump.cancel")}
    </button>
  </div>`;
}

/** What keeps the file from being loaded, and what stands all the same. */
function trouble(t: Words, { phase, fault, survey }: DumpState): TemplateResult | typeof nothing {
  if (phase === "cancelled") {
    return html`<p role="status" class="dump-note">${t("dump.cancelled", { read: t.bytes(survey?.read ?? 0) })}</p>`;
  }
  if (fault === null) return nothing;
  const at = t.number(fault.at);
  const text = fault.why === "" ? t("dump.truncated", { at }) : t("dump.failed", { at });
  return html`<div role="alert" class="dump-fault" data-testid="dump-fault">
    <p>${text}</p>
    ${fault.why === "" ? nothing : html`<code>${fault.why}</code>`}
    ${(survey?.total.keys ?? 0) > 0 ? html`<p>${t("dump.before")}</p>` : nothing}
  </div>`;
}

function found(t: Words, survey: Survey): TemplateResult {
  return html`<dl class="dump-facts">
      ${fact(t("dump.version"), survey.version === 0 ? "–" : String(survey.version))}
      ${fact(t("dump.keys"), t.number(survey.total.keys))}
      ${fact(t("dump.memory"), t.bytes(survey.total.memory))}
      ${survey.functions > 0 ? fact(t("dump.functions"), t.number(survey.functions)) : nothing}
      ${survey.behind > 0 ? fact(t("dump.behind"), t.bytes(survey.behind)) : nothing}
      ${survey.aux.map(([name, value]) => fact(html`<code>${name}</code>`, auxText(t, name, value)))}
    </dl>
    ${survey.kinds.length === 0 ? nothing : kinds(t, survey)}
    ${survey.total.expires === 0 ? nothing : lives(t, survey)}
    ${survey.dbs.length < 2 ? nothing : dbs(t, survey)}
    ${survey.biggest.length === 0 ? nothing : biggest(t, survey)}`;
}

function fact(name: unknown, value: string): TemplateResult {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

/** A fact about the writer, with its unit where it is known. */
function auxText(t: Words, name: string, value: string): string {
  const number = Number(value);
  if (name === "ctime") return `${value} (${t.instant(number * 1_000)})`;
  if (name === "used-mem") return `${value} (${t.bytes(number)})`;
  return value;
}

function kinds(t: Words, survey: Survey): TemplateResult {
  const rows = survey.kinds.toSorted((a, b) => b.tally.bytes - a.tally.bytes);
  return table(t, "dump.kinds", [t("dump.kind"), t("dump.encoding")], rows.map(
    ({ kind, encoding, tally }) => ({ names: [kind, encoding], tally }),
  ));
}

function dbs(t: Words, survey: Survey): TemplateResult {
  return table(t, "dump.dbs", [t("dump.db")], survey.dbs.map(
    ([db, tally]) => ({ names: [`db${db}`], tally }),
  ));
}

function biggest(t: Words, survey: Survey): TemplateResult {
  const names = (key: BigKey): readonly string[] =>
    [key.key, key.kind, key.encoding];
  return table(t, "dump.biggest", [t("dump.key"), t("dump.kind"), t("dump.encoding")],
    survey.biggest.map((key) => ({ names: names(key), tally: key.tally })));
}

interface Row {
  readonly names: readonly string[];
  readonly tally: Tally;
}

function table(
  t: Words,
  title: "dump.kinds" | "dump.dbs" | "dump.biggest",
  heads: readonly string[],
  rows: readonly Row[],
): TemplateResult {
  const most = Math.max(1, ...rows.map((row) => row.tally.bytes));
  return html`<div class="dump-table" tabindex="0" role="group" aria-label=${t(title)}>
    <table data-testid=${title}>
      <caption>${t(title)}</caption>
      <thead><tr>
        ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        ${title === "dump.biggest" ? nothing : html`<th scope="col" class="number">${t("dump.keys")}</th>`}
        <th scope="col" class="number">${t("dump.elements")}</th>
        <th scope="col" class="number">${t("dump.bytes")}</th>
        <th scope="col" class="number">${t("dump.memory")}</th>
      </tr></thead>
      <tbody>
        ${rows.map(
          ({ names, tally }) => html`<tr>
            ${names.map((name, index) => (index === 0 ? html`<th scope="row">${name}</th>` : html`<td>${name}</td>`))}
            ${title === "dump.biggest" ? nothing : html`<td class="number">${t.number(tally.keys)}</td>`}
            <td class="number">${t.number(tally.elements)}</td>
            <td class="number">
              ${share(tally.bytes / most)}${t.bytes(tally.bytes)}
            </td>
            <td class="number">${t.bytes(tally.memory)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function share(part: number): TemplateResult {
  return html`<svg class="share" aria-hidden="true">
    ${svg`<rect width="100%" height="100%" rx="3"></rect>
    <rect class="share-part" width=${percent(part)} height="100%" rx="3"></rect>`}
  </svg>`;
}

function lives(t: Words, survey: Survey): TemplateResult {
  const known = LIVES.filter((life) => survey.lives[life] > 0);
  return html`<h4>${t("dump.lives")}</h4>
    <ul class="dump-lives" data-testid="dump-lives">
      ${known.map((life) => html`<li><strong>${t.number(survey.lives[life])}</strong> ${t(`dump.life.${life}`)}</li>`)}
    </ul>`;
}

const LIVES: readonly Life[] = ["forever", "over", "hour", "day", "month", "longer"];

/** A server that begins with the file: only a small one becomes part of a history. */
function loading({ t, frame }: View, dump: DumpState): TemplateResult {
  if (dump.bytes === null) {
    return html`<p class="dump-note">${t("dump.load.big", { max: t.bytes(LOADED_MAX) })}</p>`;
  }
  const full = frame.nodes.length >= NODES_MAX;
  return html`<p class="dump-load">
    <button type="button" class="primary" data-testid="dump-load" ?disabled=${full}
      @click=${intend({ do: "adopt" })}>${t("dump.load")}</button>
    <span class="dump-note">${t("dump.load.note")}</span>
  </p>`;
}

/** The picture has room for so many servers. */
const NODES_MAX = 8;
