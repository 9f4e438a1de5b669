/** What has happened: one button an event, each leading back to its moment. */
import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";

import type { EventView } from "../engine/frame";
import { intend } from "../model/intent";
import { sentence } from "../model/sentence";
import { explain } from "./explain";
import { reused } from "./reused";
import { rove } from "./rove";
import type { View } from "./view";

export function events(view: View): TemplateResult {
  const { t, frame } = view;
  const last = frame.events.at(-1);
  // The same index on another branch is another event; its hash tells.
  const key = `${t.language} ${last?.index ?? -1} ${frame.hash} ${frame.events.length}`;
  return html`<section
    class="pane events"
    part="timeline"
    data-pane="events"
    aria-labelledby="events-title"
  >
    <div class="titled">
      <h2 class="section-title" id="events-title">
        ${t("events.title")}<span class="section-note"
          >${t("time.count", { cursor: frame.cursor, length: frame.length })}</span
        >
      </h2>
      ${explain(view, "events")}
    </div>
    <div
      class="scroll follow"
      role="group"
      aria-label=${t("events.list")}
      data-testid="events"
      @keydown=${rove}
    >
      <div>${guard([key], () => list(view))}</div>
    </div>
  </section>`;
}

function list(view: View): TemplateResult {
  const { t, frame } = view;
  if (frame.events.length === 0) return html`<p class="empty-note">${t("events.none")}</p>`;
  const epoch = frame.at - frame.elapsed;
  const last = frame.events.at(-1);
  return html`${reused(
    frame.events.slice(-SHOWN_MAX),
    (event) => event.index,
    (event) => row(view, event, event.at - epoch, event === last),
  )}`;
}

function row({ t, frame }: View, event: EventView, at: number, last: boolean): TemplateResult {
  return html`<button
    type="button"
    class="event kind-of-${event.kind}"
    tabindex=${last ? 0 : -1}
    aria-current=${last ? "true" : nothing}
    data-testid="event"
    data-index=${event.index}
    @click=${intend({ do: "seek", cursor: event.index + 1 })}
  >
    <span class="event-at">${t.seconds(at)} </span
    ><span class="event-text">${sentence(frame, event.node, event.what, t)}</span>
  </button>`;
}

/** So many events are shown: what lies further back, the line of history leads to. */
const SHOWN_MAX = 32;
