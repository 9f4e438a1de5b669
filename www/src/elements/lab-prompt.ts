/**
 * The line at which a person types commands for one server.
 *
 * A native input, so that any keyboard and any input method works. It renders into the light tree
 * of the one shadow root: a nested root would hide it from pages that guard their own shortcuts.
 *
 * @summary A redis-cli prompt: history with ↑ and ↓, pasted lines one by one after a question.
 * @event intent - `{ do: "intervene", line: "master> SET k v" }`
 */
import { html, LitElement, nothing, type TemplateResult } from "lit";

import type { Command } from "../engine/frame";
import { hintFor } from "../model/hints";
import { IntentEvent } from "../model/intent";
import type { Words } from "../model/language";

export class LabPrompt extends LitElement {
  static override properties = {
    node: { attribute: false },
    port: { attribute: false },
    duty: { attribute: false },
    t: { attribute: false },
    commands: { attribute: false },
    pasted: { state: true },
    line: { state: true },
  };

  declare node: string;
  declare port: number;
  declare duty: "master" | "replica";
  declare t: Words;
  /** What can be typed. */
  declare commands: readonly Command[];
  /** What is being typed. */
  declare line: string;
  /** Lines that wait for the person's word. */
  declare pasted: readonly string[];

  /** What was typed at each node, oldest first. */
  readonly #typed = new Map<string, string[]>();
  /** How far back in that list ↑ has gone; 0 is the line being written. */
  #back = 0;
  #draft = "";

  constructor() {
    super();
    this.pasted = [];
    this.commands = [];
    this.line = "";
  }

  protected override createRenderRoot(): this {
    return this;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("node")) this.#back = 0;
  }

  protected override render(): TemplateResult {
    const { t, node, port } = this;
    const hint = t(`console.placeholder.${this.duty}`);
    return html`<form class="prompt" @submit=${this.#submit}>
        <label class="prompt-at" for="lab-prompt-line">
          <span aria-hidden="true">${node}:${port}&gt;</span>
          <span class="unseen">${t("console.prompt", { name: node })}</span>
        </label>
        <input
          id="lab-prompt-line"
          class="prompt-line"
          type="text"
          placeholder=${hint}
          autocomplete="off"
          autocapitalize="off"
          autocorrect="off"
          spellcheck="false"
          enterkeyhint="send"
          data-testid="prompt"
          data-node=${node}
          aria-describedby="lab-prompt-hint"
          @keydown=${this.#keydown}
          @input=${this.#heard}
          @paste=${this.#paste}
        />
        <button class="prompt-run" type="submit">${t("console.run")}</button>
      </form>
      ${this.#hint()} ${this.pasted.length === 0 ? nothing : this.#question()}`;
  }

  /** The words that the command still wants. */
  #hint(): TemplateResult {
    const hint = hintFor(this.commands, this.line);
    return html`<p class="prompt-hint" id="lab-prompt-hint" data-testid="hint">${
      hint === null
        ? nothing
        : html`${hint.completed === null ? nothing : html`<kbd>Tab</kbd> `}<code
              >${hint.usage}</code
            >
            <span lang="en">${hint.summary}</span>`
    }</p>`;
  }

  readonly #heard = (): void => {
    this.line = this.#input?.value ?? "";
  };

  /** Completes the command's name; false if there is nothing to complete. */
  #complete(): boolean {
    const input = this.#input;
    const completed = hintFor(this.commands, input?.value ?? "")?.completed ?? null;
    if (input === null || completed === null) return false;
    input.value = completed;
    this.line = completed;
    return true;
  }

  #question(): TemplateResult {
    const { t, pasted } = this;
    return html`<div class="paste" role="alertdialog" aria-label=${t("console.run")}>
      <span>${t("console.paste", { count: pasted.length })}</span>
      <button type="button" @click=${this.#runPasted}>${t("console.paste.run")}</button>
      <button type="button" @click=${this.#dropPasted}>${t("console.paste.drop")}</button>
    </div>`;
  }

  get #input(): HTMLInputElement | null {
    return this.querySelector("input");
  }

  readonly #keydown = (event: KeyboardEvent): void => {
    // An Enter that ends a composition belongs to the input method.
    if (event.isComposing || event.keyCode === 229) {
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    // Tab moves on where there is nothing to complete.
    if (event.key === "Tab" && !event.shiftKey && this.#complete()) return event.preventDefault();
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    this.#recall(event.key === "ArrowUp" ? 1 : -1);
  };

  /** Goes one line back in what was typed here, or forward. */
  #recall(by: 1 | -1): void {
    const input = this.#input;
    const typed = this.#typed.get(this.node) ?? [];
    if (input === null) return;
    if (this.#back === 0) this.#draft = input.value;
    this.#back = Math.min(typed.length, Math.max(0, this.#back + by));
    input.value = this.#back === 0 ? this.#draft : (typed[typed.length - this.#back] ?? "");
    input.setSelectionRange(input.value.length, input.value.length);
    this.line = input.value;
  }

  readonly #submit = (event: Event): void => {
    event.preventDefault();
    const input = this.#input;
    const command = input?.value.trim() ?? "";
    if (input === null || command === "") return;
    input.value = "";
    this.line = "";
    this.#run(command);
  };

  #run(command: string): void {
    const typed = this.#typed.get(this.node) ?? [];
    if (typed.at(-1) !== command) typed.push(command);
    this.#typed.set(this.node, typed);
    this.#back = 0;
    this.dispatchEvent(new IntentEvent({ do: "intervene", line: `${this.node}> ${command}` }));
  }

  readonly #paste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    const commands = lines.filter((line) => line !== "");
    if (commands.length < 2) return;
    event.preventDefault();
    this.pasted = commands;
  };

  readonly #runPasted = (): void => {
    const commands = this.pasted;
    this.pasted = [];
    for (const command of commands) this.#run(command);
    this.#input?.focus();
  };

  readonly #dropPasted = (): void => {
    this.pasted = [];
    this.#input?.focus();
  };
}

if (customElements.get("lab-prompt") === undefined) customElements.define("lab-prompt", LabPrompt);

declare global {
  interface HTMLElementTagNameMap {
    "lab-prompt": LabPrompt;
  }
}
