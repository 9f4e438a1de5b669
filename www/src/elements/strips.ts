/** The states of each link's two halves: where they stand among all that there are. */
import { html, nothing, type TemplateResult } from "lit";

import type { NodeView } from "../engine/frame";
import { masterOf } from "../model/relations";
import { type Strip, stripsOf } from "../model/states";
import type { View } from "./view";

/** The links of a node: its own to its master, and those of its replicas. */
export function strips(view: View, node: NodeView): TemplateResult | typeof nothing {
  const { frame } = view;
  const ends = frame.nodes.filter((one) => one === node || masterOf(frame, one) === node);
  const all = ends.flatMap((one) => stripsOf(frame, one));
  if (all.length === 0) return nothing;
  return html`<div class="strips">${all.map((one) => strip(view, one))}</div>`;
}

function strip({ t, frame }: View, { kind, node, states, now }: Strip): TemplateResult {
  const master = masterOf(frame, node)?.name ?? node.upstream?.host ?? "";
  const name = t(`strip.${kind}`, { node: node.name, master });
  return html`<div class="strip">
    <p class="minor">${name}</p>
    <ol aria-label=${name} data-testid="strip-of" data-kind=${kind} data-node=${node.name}>
      ${states.map(
        (state) => html`<li aria-current=${state === now ? "step" : nothing}>${state}</li>`,
      )}
    </ol>
  </div>`;
}
