/** Servers whose engine has failed: that it was ours to get right, and what to send us. */
import { html, nothing, type TemplateResult } from "lit";

import type { NodeView } from "../engine/frame";
import { intend } from "../model/intent";
import type { View } from "./view";

export function crashes(view: View): readonly (TemplateResult | typeof nothing)[] {
  return view.frame.nodes.map((node) => (node.panic === null ? nothing : crash(view, node)));
}

function crash({ t }: View, { id, name, panic }: NodeView): TemplateResult {
  return html`<div class="trouble crash" role="alert" data-testid="crash" data-node=${name}>
    <strong>${t("crash.title", { node: name })}</strong>
    <span>${t("crash.lead")} <code>${panic}</code></span>
    <button type="button" class="fault" data-testid="report" @click=${intend({ do: "report", node: id })}>
      ${t("crash.copy")}
    </button>
    <button type="button" class="fault" data-testid="crash-restart"
      @click=${intend({ do: "intervene", line: `restart ${name}` })}>
      ${t("crash.restart", { node: name })}
    </button>
  </div>`;
}
