/** The keys of all servers side by side. */
import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";

import { intend } from "../model/intent";
import { type Cell, type Mark, matrixOf, type Row } from "../model/matrix";
import { explain } from "./explain";
import { chosenNode, type View } from "./view";

export function keys(view: View): TemplateResult {
  const { t, frame } = view;
  const all = matrixOf(frame);
  // While time passes, rows change their places: what differs is on top.
  const rows = view.state.screen.playing ? all.slice(0, CELLS_MAX / frame.nodes.length) : all;
  const total = Math.max(0, ...frame.nodes.map((node) => node.keys.total));
  const window = Math.max(0, ...frame.nodes.map((node) => node.keys.window.length));
  const shown = rows.length < all.length ? rows.length : window;
  const more = t("keys.more", { shown, total: t.number(total) });
  return html`<section class="pane keys" part="keys" data-pane="keys" aria-labelledby="keys-title">
    <div class="titled">
      <h2 class="section-title" id="keys-title">${t("keys.title")}</h2>
      ${explain(view, "keys")}
    </div>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="keys-title">
      ${guard([all, rows.length, t, chosenNode(view)?.name], () => list(view, rows))}
    </div>
    ${shown < total ? html`<p class="pane-note">${more}</p>` : nothing}
  </section>`;
}

function list(view: View, rows: readonly Row[]): TemplateResult {
  const { t, frame } = view;
  if (rows.length === 0) return html`<p class="empty-note">${t("keys.none")}</p>`;
  return html`<table class="matrix" data-testid="keys">
    <thead>
      <tr>
        <th scope="col">${t("keys.key")}</th>
        ${frame.nodes.map((node) => html`<th scope="col">${node.name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${repeat(
        rows,
        (row) => row.id,
        (row) => html`<tr>
          <th scope="row" title=${row.key}>
            ${row.db > 0 ? html`<span class="key-db">db${row.db}</span>` : nothing}${named(view, row)}
            ${row.type === "string" ? nothing : html`<span class="key-type">${row.type}</span>`}
          </th>
          ${row.cells.map((one) => cell(t, row, one))}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** A key's name: pressed, it leads back to the event that last changed the key at the chosen node. */
function named(view: View, { key }: Row): TemplateResult | string {
  const node = chosenNode(view);
  // What a script takes for several words cannot be named in one.
  if (node === null || /[\s\\]/.test(key)) return key;
  const hint = view.t("keys.who", { key, node: node.name });
  return html`<button type="button" class="key-name" data-testid="key-who" data-key=${key}
    title=${hint} aria-label=${hint} @click=${intend({ do: "changed", watch: `${node.name} key ${key}` })}
    >${key}</button>`;
}

function cell(t: View["t"], row: Row, { node, mark, value }: Cell): TemplateResult {
  const text = t(`mark.${mark}`);
  const value_ = value?.value ?? "";
  return html`<td
    class="mark-${mark}"
    data-testid="key"
    data-node=${node}
    data-key=${row.key}
    data-mark=${mark}
    title="${text}${value_ === "" ? "" : `: ${value_}`}"
  >
    <span class="glyph" aria-hidden="true">${GLYPHS[mark]}</span
    ><span class="unseen">${text}</span>
    ${
      mark === "own" || mark === "stale" || mark === "extra"
        ? html`<span class="value">${value_}</span>`
        : nothing
    }
  </td>`;
}

const GLYPHS: Readonly<Record<Mark, string>> = {
  own: "",
  equal: "=",
  stale: "≠",
  missing: "∅",
  extra: "+",
  absent: "",
  unseen: "·",
};

/** So many cells of the table are drawn while time passes: all of 64 keys of three servers. */
const CELLS_MAX = 200;
