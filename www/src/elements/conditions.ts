/** Menus of what a run stops at, and of what it goes back to. */
import { html, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { type Intent, IntentEvent, intend, type Limit } from "../model/intent";
import { BOUNDS, limited } from "../model/until";
import { icon } from "./icons";
import type { View } from "./view";

/** Runs until something has come about; if that is a matter of how much, it asks for the number. */
export function conditions(view: View): TemplateResult {
  const { t, frame, state } = view;
  const { limit, limits } = state.screen;
  const more = (node: string, what: Limit["what"]): Choice => [
    `${node} ${what}`,
    `${t(`until.${what}`, { node, n: t.number(limits[what]) })}…`,
    { do: "limit", limit: { node, what } },
  ];
  const until = (value: string, text: string): Choice => [value, text, { do: "until", until: value }];
  const choices = [until("synced", t("until.synced"))];
  for (const { name, role, replicas } of frame.nodes) {
    if (role === "replica") choices.push(until(`${name} up`, t("until.up", { node: name })));
    if (role !== "replica" || replicas.length > 0) {
      choices.push(until(`${name} fullsync`, t("until.fullsync", { node: name })));
      choices.push(more(name, "lag"), more(name, "buffer"));
    }
  }
  // Each limit has a field of its own: what was typed for another is gone with it.
  return html`${menu(t("until.label"), "until", choices)}${repeat(
    limit === null ? [] : [limit],
    ({ node, what }) => `${node} ${what}`,
    (one) => asked(view, one),
  )}`;
}

/** The sentence of a condition, with a field where its number stands. */
function asked({ t, state }: View, limit: Limit): TemplateResult {
  const { node, what } = limit;
  const max = BOUNDS[what];
  // A text with a value left out still has its name.
  const [before, after] = t(`until.${what}`, { node }).split("{n}");
  // The browser says it, in the page's language.
  const check = (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    input.setCustomValidity("");
    if (!input.validity.valid) input.setCustomValidity(t("until.range", { max: t.number(max) }));
  };
  const run = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const than = form.querySelector("input")?.valueAsNumber ?? 0;
    form.dispatchEvent(new IntentEvent({ do: "bound", what, than }));
    form.dispatchEvent(new IntentEvent({ do: "limit", limit: null }));
    form.dispatchEvent(new IntentEvent({ do: "until", until: limited(limit, than) }));
  };
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    intend({ do: "limit", limit: null })(event);
  };
  return html`<form class="limit" data-testid="limit-form" @submit=${run} @keydown=${leave}>
    <label
      >${before}<input
        type="number"
        inputmode="numeric"
        required
        min="0"
        max=${max}
        step="1"
        .value=${String(state.screen.limits[what])}
        data-testid="limit"
        @input=${check}
        @focus=${(event: Event) => (event.target as HTMLInputElement).select()}
      />${after}</label
    >
    <button class="fault" data-testid="limit-run">${t("until.run")}</button>
    <button
      type="button"
      class="quiet square"
      data-testid="limit-close"
      aria-label=${t("until.close")}
      title=${t("until.close")}
      @click=${intend({ do: "limit", limit: null })}
    >
      ${icon("close")}
    </button>
  </form>`;
}

/** Goes back to what last changed something. */
export function changed({ t, frame }: View): TemplateResult {
  const choices = frame.nodes.flatMap(({ name, role }): Choice[] => {
    const back = (value: string, text: string): Choice => [value, text, { do: "changed", watch: value }];
    return [
      back(`${name} offset`, t("changed.offset", { node: name })),
      back(`${name} id`, t("changed.id", { node: name })),
      ...(role === "replica" ? [back(`${name} link`, t("changed.link", { node: name }))] : []),
    ];
  });
  return menu(t("changed.label"), "changed", choices);
}

/** A value, what it is called, and what comes of choosing it. */
type Choice = readonly [value: string, text: string, intent: Intent];

/** A menu whose choice is an act: it shows its name again afterwards. */
function menu(name: string, id: string, choices: readonly Choice[]): TemplateResult {
  const choose = (event: Event): void => {
    const select = event.currentTarget as HTMLSelectElement;
    const chosen = choices[select.selectedIndex - 1];
    select.selectedIndex = 0;
    if (chosen !== undefined) select.dispatchEvent(new IntentEvent(chosen[2]));
  };
  return html`<select class="menu" aria-label=${name} data-testid=${id} @change=${choose}>
    <option value="">${name}</option>
    ${choices.map(([value, text]) => html`<option value=${value}>${text}</option>`)}
  </select>`;
}
