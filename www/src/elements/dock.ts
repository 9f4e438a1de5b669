/** What lies below the picture: the bytes that were picked, or who said what to whom and when. */
import { html, nothing, type TemplateResult } from "lit";

import { type Dock, intend } from "../model/intent";
import { icon } from "./icons";
import { explain } from "./explain";
import { facts } from "./facts";
import { inspector } from "./inspector";
import { spacetime } from "./spacetime";
import type { View } from "./view";

export function dock(view: View): TemplateResult | typeof nothing {
  const { t, state } = view;
  const { dock: shown } = state.screen;
  if (shown === null) return nothing;
  return html`<section
    class="dock"
    part="inspector"
    aria-label=${t(`dock.${shown}`)}
    data-testid="dock"
  >
    <div class="dock-bar">
      ${
        state.screen.expert
          ? html`<div class="segments" role="group" aria-label=${t("pane.choose")}>
              ${tab(view, "spacetime")}${tab(view, "inspector")}${tab(view, "facts")}
            </div>`
          : html`<h2 class="section-title">${t(`dock.${shown}`)}</h2>`
      }
      ${shown === "spacetime" ? drawn(view) : nothing}${explain(view, shown === "facts" ? "info" : "dock")}
      <button
        type="button"
        class="quiet square"
        aria-label=${t("dock.close")}
        data-testid="dock-close"
        @click=${intend({ do: "dock", dock: null })}
      >
        ${icon("close")}
      </button>
    </div>
    ${shown === "inspector" ? inspector(view) : shown === "facts" ? facts(view) : spacetime(view)}
  </section>`;
}

/** The same as a list; and the whole history as a drawing, not only what is in view. */
function drawn({ t, state: { screen } }: View): TemplateResult {
  return html`<button
      type="button"
      class="quiet toggle"
      data-testid="space-list"
      aria-pressed=${screen.listed}
      @click=${intend({ do: "list", on: !screen.listed })}
    >
      ${t("space.table")}
    </button>
    <button
    type="button"
    class="quiet"
    data-testid="save-svg"
    title=${t("export.svg.note")}
    @click=${intend({ do: "export", format: "svg" })}
  >
    ${icon("export")}SVG
  </button>`;
}

function tab({ t, state }: View, name: Dock): TemplateResult {
  return html`<button
    type="button"
    class="segment"
    data-testid="dock-${name}"
    aria-pressed=${state.screen.dock === name}
    @click=${intend({ do: "dock", dock: name })}
  >
    ${t(`dock.${name}`)}
  </button>`;
}
