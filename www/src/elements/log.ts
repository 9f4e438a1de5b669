/** The log, line by line as redis-server prints it. */
import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";

import type { LogLine, NodeView } from "../engine/frame";
import { intend } from "../model/intent";
import { rove } from "./rove";
import type { View } from "./view";

/** A line and the node that printed it. */
interface Printed {
  readonly node: NodeView;
  readonly line: LogLine;
}

export function log(view: View, node: NodeView): TemplateResult {
  const { t, frame, state } = view;
  const { mergeLogs: merged, quiet } = state.screen;
  const nodes = merged ? frame.nodes : [node];
  const ends = nodes.map(
    (one) => `${one.id}:${one.log.at(-1)?.index ?? -1}:${one.log.at(-1)?.event ?? -1}`,
  );
  const key = `${merged} ${quiet.join()} ${t.language} ${ends.join(" ")}`;
  const label = merged ? t("console.logs") : t("console.log", { name: node.name });
  return html`<div
    class="scroll follow log ${merged ? "merged" : ""}"
    role="log"
    aria-live=${state.screen.playing ? "off" : "polite"}
    aria-label=${label}
    data-testid="log"
    data-node=${merged ? "*" : node.name}
    @keydown=${rove}
  >
    <div>${guard([key], () => lines(view, nodes, merged))}</div>
  </div>`;
}

function lines(view: View, nodes: readonly NodeView[], merged: boolean): TemplateResult {
  const printed = nodes
    .flatMap((node) => node.log.map((line): Printed => ({ node, line })))
    .sort((a, b) => a.line.event - b.line.event || a.line.at - b.line.at);
  const { quiet } = view.state.screen;
  const heard = printed.filter(({ line }) => !quiet.includes(line.level));
  const last = heard.at(-1);
  if (last === undefined) {
    const why = printed.length === 0 ? "console.silent" : "console.quiet";
    return html`<p class="empty-note">${view.t(why)}</p>`;
  }
  return html`${repeat(
    heard,
    ({ node, line }) => `${node.id}.${line.index}`,
    (one) => row(view, one, one === last, merged),
  )}`;
}

function row({ t }: View, { node, line }: Printed, last: boolean, merged: boolean): TemplateResult {
  const parts = LINE.exec(line.text);
  const [, pid, date, time, level, message] = parts ?? [];
  return html`<button
    type="button"
    class="line level-${line.level}"
    tabindex=${last ? 0 : -1}
    title=${t("console.seek")}
    @click=${intend({ do: "seek", cursor: line.event + 1 })}
  >
    ${merged ? html`<span class="line-node">${node.name}</span>` : nothing}${
      parts === null
        ? line.text
        : html`<span class="line-head"
              >${pid} <span class="line-date">${date} </span>${time} ${level} </span
            ><span class="line-text">${message}</span>`
    }
  </button>`;
}

/** "1:M 24 Mar 2025 13:19:12.278 * text" */
const LINE = /^(\d+:[A-Z]) (\d+ \w+ \d+) ([\d:.]+) (\S) ([\s\S]*)$/;
