/** What can be done to a wire or to a server: the faults of TCP connections and of processes. */
import { html, nothing, type TemplateResult } from "lit";

import type { NodeView } from "../engine/frame";
import { intend } from "../model/intent";
import type { Key } from "../model/language";
import { pairsOf } from "../model/relations";
import { explain } from "./explain";
import { icon } from "./icons";
import type { View } from "./view";

/** The faults of what is chosen, if anything is. */
export function faults(view: View): TemplateResult | typeof nothing {
  const { frame, state } = view;
  const { target } = state.screen;
  if (target === null) return nothing;
  if (target.kind === "node") {
    const node = frame.nodes[target.node];
    return node === undefined ? nothing : ofNode(view, node);
  }
  const pair = pairsOf(frame).find((one) => one.key === target.pair);
  return pair === undefined ? nothing : ofWire(view, pair.master, pair.replica);
}

function ofWire(view: View, a: NodeView, b: NodeView): TemplateResult {
  const { t, frame } = view;
  const others = frame.nodes.filter((node) => node !== a && node !== b);
  const direction = (from: NodeView, to: NodeView): TemplateResult => {
    const trouble = frame.troubles.find((one) => one.from === from.id && one.to === to.id);
    const pair = `${from.name} ${to.name}`;
    return html`<div class="fault-row">
      <span class="fault-name">${from.name} → ${to.name}</span>
      ${act(view, "fault.stall", `stall ${pair}`, trouble?.stalled)}
      ${act(view, "fault.delay", `delay ${pair} 200ms`, isSet(trouble?.delay))}
      ${act(view, "fault.bandwidth", `bandwidth ${pair} 16KiB`, isSet(trouble?.bandwidth))}
      ${act(view, "fault.halfOpen", `half-open ${pair}`)}
    </div>`;
  };
  const pair = `${a.name} ${b.name}`;
  const side = [a, ...others].map((node) => node.name).join(" ");
  return panel(
    view,
    t("faults.wire", { a: a.name, b: b.name }),
    html`${direction(a, b)}${direction(b, a)}
      <div class="fault-row">
        <span class="fault-name">${a.name} – ${b.name}</span>
        ${act(view, "fault.reset", `reset ${pair}`)} ${act(view, "fault.cut", `cut ${pair}`)}
        ${act(view, "fault.partition", `partition ${side} | ${b.name}`)}
        ${act(view, "fault.heal", `heal ${pair}`)}
      </div>`,
  );
}

function ofNode(view: View, node: NodeView): TemplateResult {
  const { t } = view;
  const { name, frozen, running, disk, forkFails } = node;
  return panel(
    view,
    t("faults.node", { name }),
    html`<div class="fault-row">
        ${
          frozen
            ? act(view, "fault.thaw", `thaw ${name}`)
            : act(view, "fault.freeze", `freeze ${name}`)
        }
        ${running ? act(view, "fault.crash", `crash ${name}`) : nothing}
        ${act(view, "fault.restart", `restart ${name}`)}
        ${act(view, "fault.restartBare", `restart ${name} without rdb`)}
        ${
          disk === "works"
            ? act(view, "fault.diskFails", `disk ${name} fails`)
            : act(view, "fault.diskWorks", `disk ${name} works`)
        }
        ${
          forkFails
            ? act(view, "fault.forkWorks", `fork ${name} works`)
            : act(view, "fault.forkFails", `fork ${name} fails`)
        }
      </div>
      <div class="fault-row">
        <button
          type="button"
          class="fault"
          data-testid="download"
          @click=${intend({ do: "download", node: node.id })}
        >
          ${t("head.download", { name })}
        </button>
      </div>`,
  );
}

function panel(view: View, title: string, body: TemplateResult): TemplateResult {
  const { t } = view;
  return html`<section class="faults" aria-label=${title} data-testid="fault-panel">
    <div class="dock-bar">
      <h2 class="section-title">${title}</h2>
      ${explain(view, "faults")}
      <button
        type="button"
        class="quiet square"
        aria-label=${t("faults.close")}
        @click=${intend({ do: "target", target: null })}
      >
        ${icon("close")}
      </button>
    </div>
    ${body}
  </section>`;
}

function act({ t }: View, key: Key, line: string, on?: boolean): TemplateResult {
  return html`<button
    type="button"
    class="fault"
    title=${line}
    data-testid="fault"
    data-line=${line}
    aria-pressed=${on ?? nothing}
    @click=${intend({ do: "intervene", line })}
  >
    ${t(key)}
  </button>`;
}

function isSet(value: number | null | undefined): boolean {
  return value !== null && value !== undefined;
}
