/** The picked bytes: what they mean, as text, and as hex, each marked in all three. */
import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";

import type { Anatomy, PartView, SectionView } from "../engine/frame";
import { copy } from "../model/clipboard";
import { type Form, FORMS, hexOf, printfOf, written } from "../model/forms";
import { intend, IntentEvent } from "../model/intent";
import type { Key, Words } from "../model/language";
import { changesIn, previousWords } from "../model/previous";
import { type Picked, whereabouts } from "../model/picked";
import { shortened } from "../model/sentence";
import { rove } from "./rove";
import type { View } from "./view";

export function inspector(view: View): TemplateResult {
  const { t, state } = view;
  const { picked, anatomy } = state;
  if (picked === null) return html`<p class="empty-note">${t("inspect.none")}</p>`;
  return html`<div class="inspector" data-testid="inspector">
    ${summary(view, picked)} ${anatomy === null ? gone(t) : body(view, picked, anatomy)}
  </div>`;
}

function gone(t: Words): TemplateResult {
  return html`<p class="empty-note" data-testid="gone">${t("inspect.gone")}</p>`;
}

/** What it is, how long, which offsets it has, and how far it has come to whom. */
function summary(view: View, picked: Picked): TemplateResult {
  const { t, frame } = view;
  const { span, label, bytes } = picked;
  const places = whereabouts(frame, picked);
  return html`<div class="pick-head">
    <p class="pick-label">${shortened(label)}</p>
    <p class="minor">
      ${t("inspect.bytes", { bytes: t.number(bytes) })}
      ${
        span === null
          ? nothing
          : html`<span class="pick-span" data-testid="pick-span"
              >${t("inspect.span", {
                start: t.number(span.start + 1),
                end: t.number(span.end),
              })}</span
            >`
      }
    </p>
    ${
      places.length === 0
        ? nothing
        : html`<ul class="places">
            ${places.map(
              ({ node, where }) =>
                html`<li class="place ${where}">
                  <strong>${node.name}</strong> ${t(`where.${where}`)}
                </li>`,
            )}
          </ul>`
    }
  </div>`;
}

function body(view: View, picked: Picked, anatomy: Anatomy): TemplateResult {
  const { t, state, frame } = view;
  const { part } = state;
  const { expert, form } = state.screen;
  const changes = changesIn(anatomy, previousWords(frame, picked));
  return html`${anatomy.sections.length === 0 ? nothing : sections(t, anatomy)}
    <div
      class="anatomy ${expert ? "with-hex" : ""}"
      @pointerover=${pointing}
      @pointerleave=${intend({ do: "point", part: null })}
      @focusin=${pointing}
    >
      ${guard([anatomy, part, t, [...changes].join()], () => meanings(t, anatomy, part, changes))}
      ${guard([anatomy, part, t, form], () => bytesOf(t, anatomy, part, form))}
      ${expert ? guard([anatomy, part, t], () => bytesOf(t, anatomy, part, "hex")) : nothing}
    </div>
    <div class="pick-tools">${forms(t, form)}${copying(t, anatomy)}</div>`;
}

/** Under the pointer or the focus: the part to which a mark belongs. */
function pointing(event: Event): void {
  const target = event.target instanceof Element ? event.target.closest("[data-part]") : null;
  const part = target instanceof HTMLElement ? Number(target.dataset["part"]) : null;
  if (part !== null) event.currentTarget?.dispatchEvent(new IntentEvent({ do: "point", part }));
}

/** How the bytes are shown as text. */
function forms(t: Words, form: Form): TemplateResult {
  return html`<div class="segments" role="group" aria-label=${t("inspect.form")}>
    <span class="segments-label">${t("inspect.form")}</span>
    ${FORMS.map(
      (one) => html`<button
        type="button"
        class="segment"
        data-testid="form-${one}"
        aria-pressed=${one === form}
        @click=${intend({ do: "form", form: one })}
      >
        ${t(`form.${one}`)}
      </button>`,
    )}
  </div>`;
}

function meanings(
  t: Words,
  { parts }: Anatomy,
  pointed: number | null,
  changes: ReadonlyMap<number, string>,
): TemplateResult {
  const shown = parts
    .map((part, index) => ({ part, index }))
    .filter(({ part }) => part.what !== "resp.end");
  return html`<div
    class="meanings scroll"
    role="group"
    aria-label=${t("inspect.meaning")}
    @keydown=${rove}
  >
    ${shown.map(
      ({ part, index }, row) => html`<button
        type="button"
        class="meaning ${index === pointed ? "pointed" : ""}"
        tabindex=${row === 0 ? 0 : -1}
        data-part=${index}
        data-testid="part"
        data-what=${part.what}
      >
        <span class="meaning-name">${partName(t, part)}</span>
        <span class="meaning-value ${changes.has(index) ? "changed" : ""}"
          ><span class="fact-value">${shortened(part.text)}</span>${was(t, changes.get(index))}</span
        >
      </button>`,
    )}
  </div>`;
}

/** What stood there in the message of the same kind before. */
function was(t: Words, word: string | undefined): TemplateResult | typeof nothing {
  if (word === undefined) return nothing;
  return html` <span class="was" data-testid="was">${t("facts.was", { was: shortened(word) })}</span>`;
}

/** The words for a meaning; one without words is shown by its own name. */
function partName(t: Words, { what }: PartView): string {
  return t(`part.${what}` as Key);
}

function bytesOf(
  t: Words,
  anatomy: Anatomy,
  pointed: number | null,
  form: Form | "hex",
): TemplateResult {
  const { parts, bytes } = anatomy;
  const limit = Math.min(bytes.length, form === "hex" ? HEX_MAX : TEXT_MAX);
  const runs = parts.filter((part) => part.start < limit);
  return html`<div
    class="bytes ${form === "hex" ? "hex" : "text"} scroll"
    role="img"
    tabindex="0"
    aria-label=${t(form === "hex" ? "inspect.hex" : "inspect.text")}
    data-testid=${form === "hex" ? "hex" : "text"}
    >${runs.map((part, index) => {
      const cut = bytes.subarray(part.start, Math.min(part.end, limit));
      const shown = form === "hex" ? hexOf(cut) : written(cut, part, index, form);
      const name = index === pointed ? "byte-run pointed" : "byte-run";
      const odd = index % 2 === 1 ? " odd" : "";
      return html`<span class="${name}${odd}" data-part=${index}>${shown}</span>`;
    })}${
      limit < bytes.length
        ? html`<span class="minor"
            >${t("inspect.more", { bytes: t.bytes(bytes.length - limit) })}</span
          >`
        : nothing
    }
  </div>`;
}

/** The sections of a snapshot in proportion, as far as it has been sent. */
function sections(t: Words, anatomy: Anatomy): TemplateResult {
  const { from, bytes } = anatomy;
  const end = from + bytes.length;
  return html`<ol class="sections" aria-label=${t("inspect.sections")}>
    ${anatomy.sections.map(
      (section) => html`<li
        class="section ${section.start < end && section.end > from ? "here" : ""}"
        data-testid="section"
        data-what=${section.what}
      >
        <strong>${sectionName(t, section)}</strong>
        <span class="minor">${t.bytes(section.end - section.start)}</span>
      </li>`,
    )}
  </ol>`;
}

function sectionName(t: Words, { what, count }: SectionView): string {
  return t(`section.${what}`, { count: t.number(count) });
}

function copying(t: Words, anatomy: Anatomy): TemplateResult {
  return html`<button type="button" class="quiet" data-testid="copy-hex" @click=${() => copy(hexOf(anatomy.bytes).trim())}>
      ${t("inspect.copyHex")}
    </button>
    <button type="button" class="quiet" data-testid="copy-printf" @click=${() => copy(printfOf(anatomy.bytes))}>
      ${t("inspect.copyPrintf")}
    </button>`;
}

/** So many bytes are shown in each form. */
const HEX_MAX = 1_024;
const TEXT_MAX = 2_048;
