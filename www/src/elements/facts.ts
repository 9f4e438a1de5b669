/** INFO of the chosen server: what the last step changed, and who changed anything else. */
import { html, nothing, type TemplateResult } from "lit";

import { intend } from "../model/intent";
import { type Fact, factsOf } from "../model/facts";
import { shortened } from "../model/sentence";
import { strips } from "./strips";
import { chosenNode, type View } from "./view";

export function facts(view: View): TemplateResult | typeof nothing {
  const { t, state } = view;
  const node = chosenNode(view);
  if (node === null) return nothing;
  return html`<div class="facts scroll" data-testid="facts" data-node=${node.name} tabindex="0"
    role="region" aria-label=${t("facts.title", { node: node.name })}>
    <dl>${factsOf(node, state.before).map((fact) => row(view, fact))}</dl>
    ${strips(view, node)}
  </div>`;
}

function row({ t }: View, { name, value, was, watch }: Fact): TemplateResult {
  return html`<div class="fact ${was === null ? "" : "changed"}" data-testid="fact" data-name=${name}>
    <dt>${name}</dt>
    <dd>
      <span class="fact-value" title=${value}>${shortened(value)}</span>
      ${was === null ? nothing : html`<span class="was">${t("facts.was", { was: shortened(was) })}</span>`}
      ${
        watch === null
          ? nothing
          : html`<button type="button" class="who" data-testid="who" data-watch=${watch}
              aria-label="${t("changed.label")} ${name}" title=${t("facts.who")}
              @click=${intend({ do: "changed", watch })}>${t("changed.label")}</button>`
      }
    </dd>
  </div>`;
}
