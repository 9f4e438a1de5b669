/** The keys, as the help shows them: each can be given another, and all can be switched off. */
import { html, nothing, type TemplateResult } from "lit";

import { IntentEvent, intend } from "../model/intent";
import { nameOf, OFF, printed, rebound, type Shortcut, shortcutsOf, USUAL } from "../model/shortcuts";
import type { View } from "./view";

export function shortcuts(view: View): TemplateResult {
  const { t, keys } = view;
  const off = keys === OFF;
  return html`<p class="minor">${t("help.rebind")}</p>
    <dl class="shortcuts" data-off=${off}>
      ${shortcutsOf(off ? USUAL : keys).map((shortcut) => row(view, shortcut))}
      <div><dt><kbd>1</kbd> … <kbd>9</kbd></dt><dd>${t("key.node")}</dd></div>
      <div><dt><kbd>Esc</kbd></dt><dd>${t("key.leave")}</dd></div>
    </dl>
    <p class="help-acts">
      <button type="button" class="plain" data-testid="keys-off" aria-pressed=${off}
        @click=${intend({ do: "keys", keys: off ? USUAL : OFF })}>${t("help.keysOff")}</button>
      ${
        off || keys === USUAL
          ? nothing
          : html`<button type="button" class="plain" data-testid="keys-usual"
              @click=${intend({ do: "keys", keys: USUAL })}>${t("help.keysUsual")}</button>`
      }
    </p>`;
}

function row({ t, keys, state }: View, { id, key, says }: Shortcut): TemplateResult {
  const waits = state.screen.rebinding === id;
  const name = key === "" ? "–" : key === "Space" ? t("key.space") : printed(key);
  const hear = (event: KeyboardEvent): void => {
    if (!waits || event.key === "Tab" || event.key === "Shift") return;
    event.preventDefault();
    event.stopPropagation();
    const lets = event.key === "Escape" || event.ctrlKey || event.metaKey || event.altKey;
    const intent = lets
      ? ({ do: "rebind", id: null } as const)
      : ({ do: "keys", keys: rebound(keys, id, nameOf(event)) } as const);
    event.currentTarget?.dispatchEvent(new IntentEvent(intent));
  };
  return html`<div>
    <dt>
      <button type="button" class="key" data-testid="key" data-id=${id} aria-pressed=${waits}
        ?disabled=${keys === OFF}
        aria-label="${t(says)}: ${waits ? t("help.press") : name}" @keydown=${hear}
        @blur=${waits ? intend({ do: "rebind", id: null }) : nothing}
        @click=${intend({ do: "rebind", id: waits ? null : id })}>
        <kbd>${waits ? t("help.press") : name}</kbd>
      </button>
    </dt>
    <dd>${t(says)}</dd>
  </div>`;
}
