/** The way from a place on the screen to what its words mean. */
import { html, nothing, type TemplateResult } from "lit";

import { addressOf, type Topic, TOPICS } from "../model/glossary";
import { intend } from "../model/intent";
import type { View } from "./view";

/** The button beside a heading that opens the help at what belongs to it. */
export function explain({ t }: View, topic: Topic): TemplateResult {
  const hint = t("help.explain", { what: t(TOPICS[topic].title) });
  return html`<button type="button" class="explain" data-testid="explain-${topic}" aria-haspopup="dialog"
    aria-label=${hint} title=${hint} @click=${intend({ do: "help", open: true, topic })}>?</button>`;
}

/** Every word, place by place. */
export function glossary(view: View): TemplateResult {
  const { t } = view;
  const topics = Object.entries(TOPICS) as [Topic, (typeof TOPICS)[Topic]][];
  return html`<h3>${t("help.terms")}</h3>
    ${topics.map(
      ([topic, { title, terms }]) => html`<section class="topic" data-topic=${topic} tabindex="-1"
        aria-label=${t(title)}>
        <h4>${t(title)}</h4>
        <dl>
          ${terms.map(
            ({ id, label, page }) => html`<div data-testid="term" data-term=${id}>
              <dt>${t(label)}</dt>
              <dd>${t(`say.${id}`)} ${page === undefined ? nothing : more(view, t(label), page)}</dd>
            </div>`,
          )}
        </dl>
      </section>`,
    )}`;
}

function more({ t }: View, label: string, page: string): TemplateResult {
  return html`<a href=${addressOf(page)} target="_blank" rel="noopener noreferrer"
    aria-label="${t("help.more")}: ${label}">${t("help.more")}</a>`;
}
