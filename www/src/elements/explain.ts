/** The way from a place on the screen to what its words mean. */
import { html, type TemplateResult } from "lit";

import { type Topic, TITLES } from "../model/glossary";
import { intend } from "../model/intent";
import type { View } from "./view";

/** The button beside a heading that opens the help at what belongs to it. */
export function explain({ t }: View, topic: Topic): TemplateResult {
  const hint = t("help.explain", { what: t(TITLES[topic]) });
  return html`<button type="button" class="explain" data-testid="explain-${topic}" aria-haspopup="dialog"
    aria-label=${hint} title=${hint} @click=${intend({ do: "help", open: true, topic })}>?</button>`;
}

/** Every word, place by place. */
export function glossary({ t, glossary }: View): TemplateResult {
  return html`<h3>${t("help.terms")}</h3>
    ${
      glossary === null
        ? html`<p class="minor" role="status">${t("help.loading")}</p>`
        : glossary.places.map(
            ({ topic, title, terms }) => html`<section class="topic" data-topic=${topic} tabindex="-1"
              aria-label=${title}>
              <h4>${title}</h4>
              <dl>
                ${terms.map(
                  ({ id, labels, sentence, address, where }) => html`<div tabindex="-1" data-testid="term" data-term=${id}>
                    <dt>${labels.map((label) => html`<span>${label}</span>`)}</dt>
                    <dd>
                      ${sentence}
                      <a href=${address} target="_blank" rel="noopener noreferrer"
                        aria-label="${t("help.more", { where })}: ${labels[0]}">${t("help.more", { where })}</a>
                    </dd>
                  </div>`,
                )}
              </dl>
            </section>`,
          )
    }`;
}
