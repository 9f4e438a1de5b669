/** The pane of one server: its log, and its prompt. */
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { LogLevel, NodeView } from "../engine/frame";
import { intend } from "../model/intent";
import { explain } from "./explain";
import { log } from "./log";
import { paced, paceOf } from "./paced";
import { chosenNode, optionOf, type View } from "./view";
import "./lab-prompt";

export function consolePane(view: View): TemplateResult | typeof nothing {
  const { t } = view;
  const node = chosenNode(view);
  if (node === null) return nothing;
  return html`<section
    class="pane console"
    part="log"
    data-pane="console"
    aria-labelledby="console-title"
  >
    <h2 class="unseen" id="console-title">${t("console.title")}</h2>
    <div class="console-bar">${chooser(view, node)}${explain(view, "console")}</div>
    <div class="log-bar">${merge(view)}${levels(view)}</div>
    ${paced(paceOf(view), () => log(view, node))}${terminal(view, node)}
  </section>`;
}

function chooser({ t, frame }: View, chosen: NodeView): TemplateResult {
  return html`<div class="segments nodes" role="group" aria-label=${t("console.nodes")}>
    ${frame.nodes.map(
      (node) => html`<button
        type="button"
        class="segment"
        data-testid="choose"
        data-node=${node.name}
        aria-pressed=${node === chosen}
        @click=${intend({ do: "select", node: node.id })}
      >
        ${node.name}
      </button>`,
    )}
  </div>`;
}

function merge({ t, state }: View): TemplateResult {
  const { mergeLogs } = state.screen;
  return html`<button
    type="button"
    class="quiet toggle"
    aria-pressed=${mergeLogs}
    data-testid="merge"
    @click=${intend({ do: "merge", logs: !mergeLogs })}
  >
    ${t("console.merge")}
  </button>`;
}

/** Which lines the log shows, by the marks that redis-server prints before them. */
function levels({ t, state }: View): TemplateResult {
  const { quiet } = state.screen;
  return html`<div class="segments levels" role="group" aria-label=${t("console.levels")}>
    <span class="segments-label">${t("console.level")}</span>
    ${LEVELS.map(
      ([level, mark]) => html`<button
        type="button"
        class="segment"
        data-testid="level-${level}"
        aria-label="${mark} ${level}"
        title=${t("console.level.hint", { level })}
        aria-pressed=${!quiet.includes(level)}
        @click=${intend({ do: "level", level })}
      >
        ${mark}
      </button>`,
    )}
  </div>`;
}

const LEVELS: readonly (readonly [LogLevel, string])[] = [
  ["debug", "."],
  ["verbose", "-"],
  ["notice", "*"],
  ["warning", "#"],
];

/** The switch that types CONFIG SET for the reader: on a master only. */
function diskless({ t }: View, node: NodeView): TemplateResult | typeof nothing {
  const value = optionOf(node, "repl-diskless-sync");
  if (node.role !== "master" || value === null) return nothing;
  const on = value === "yes";
  const line = `${node.name}> CONFIG SET repl-diskless-sync ${on ? "no" : "yes"}`;
  return html`<div class="option">
    <span id="diskless-name">${t("console.diskless")}</span>
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked=${on}
      aria-labelledby="diskless-name"
      title=${t("console.diskless.hint", { name: node.name })}
      data-testid="diskless"
      @click=${intend({ do: "intervene", line })}
    >
      <span class="switch-knob"></span><span class="switch-text">${value}</span>
    </button>
  </div>`;
}

function terminal(view: View, node: NodeView): TemplateResult {
  const { t } = view;
  const prompt = `${node.name}:${node.port}>`;
  return html`<div class="terminal" part="cli">
    <div class="terminal-head"><h3 class="section-title">redis-cli</h3>${diskless(view, node)}</div>
    <div
      class="scroll follow history"
      role="log"
      aria-label=${t("console.history", { name: node.name })}
      data-testid="history"
      data-node=${node.name}
      tabindex="0"
    >
      <div>${repeat(
        node.prompt,
        (_, index) => index,
        (line) => html`<p class="typed"><span class="typed-at">${prompt}</span> ${line.command}</p>
          ${line.reply === "" ? nothing : html`<pre class="reply">${line.reply}</pre>`}`,
      )}</div>
    </div>
    <lab-prompt .node=${node.name} .port=${node.port} .duty=${node.role} .t=${t}
      .commands=${view.commands}></lab-prompt>
  </div>`;
}
