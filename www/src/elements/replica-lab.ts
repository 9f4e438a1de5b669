/**
 * The outermost element: the only one that knows of a lab behind the picture.
 *
 * Frames come down as one immutable value; intents come up as one kind of event. What is drawn is a
 * function of the frame and the reader's choices; keys, controls and the page around meet here.
 *
 * @summary Redis servers that replicate to each other, step by step, forward and back.
 * @event lab-language - the reader has chosen another language; `detail` is its tag
 * @csspart topology, ruler, caption, log, cli, keys, timeline, transport, header
 * @cssproperty --lab-font, --lab-mono, --lab-panel, --lab-ink, --lab-accent, --lab-control,
 *   --lab-rdb, --lab-stream, --lab-ack, --lab-fault
 */
import { html, LitElement, type TemplateResult } from "lit";

import type { Frame } from "../engine/frame";
import type { Opener } from "../engine/source";
import { Actor } from "../model/actor";
import type { IntentEvent, SyncMode } from "../model/intent";
import { type Language, loadWords, negotiated, type Words } from "../model/language";
import { Player } from "../model/player";
import { settingOf, withSync } from "../model/scenario";
import type { Wish } from "../model/shortcuts";
import { nudged } from "../model/speed";
import { Store } from "../model/store";
import { storyOf } from "../model/story";
import type { Theme } from "../model/theme";
import { sheets } from "../styles/sheets";
import { Surroundings } from "./surroundings";
import { verdict } from "./keyboard";
import { poster, screen } from "./screen";

export class ReplicaLab extends LitElement {
  static override styles = sheets;
  static override properties = {
    theme: { reflect: true },
    script: { attribute: false },
    words: { state: true },
  };
  /** How labs are opened: set once by the page, before the first element is connected. */
  static opener: Opener | null = null;

  declare theme: Theme;
  /** The world and its story, as text. */
  declare script: string;
  declare words: Words | null;

  readonly #store = new Store(() => this.requestUpdate());
  readonly #player = new Player(this.#store, {
    request: (callback) => requestAnimationFrame(callback),
    cancel: (id) => cancelAnimationFrame(id),
  });
  readonly #actor = new Actor(this.#store, this.#player, {
    speak: (language) => void this.#speak(language),
    paint: (theme) => (this.theme = theme),
    open: (sync) => void this.#open(sync),
  });
  #release = 0;
  /** How many labs were asked for: only the last one is shown. */
  #opened = 0;

  constructor() {
    super();
    this.theme = "auto";
    this.script = "";
    this.words = null;
    this.addEventListener("keydown", (event) => this.#keydown(event));
    new Surroundings(this, this.#store, this.#player);
  }

  /** The picture that is shown, or null before the first. */
  get frame(): Frame | null {
    return this.#store.state.frame;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    clearTimeout(this.#release);
    // Focusable, so that the keys work after a click anywhere in it.
    if (!this.hasAttribute("tabindex")) this.tabIndex = -1;
    if (this.words === null) void this.#speak(negotiated(this, navigator.languages));
    if (this.hasUpdated && this.frame === null) void this.#open(this.#store.state.screen.sync);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#player.pause();
    this.#release = window.setTimeout(() => {
      this.#opened++;
      void this.#player.drive(null);
    }, RELEASE_MS);
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("script")) void this.#open(this.#store.state.screen.sync);
  }

  protected override render(): TemplateResult {
    const { words: t, theme } = this;
    const { state } = this.#store;
    const { frame } = state;
    if (t === null) return html`<div class="poster"></div>`;
    if (frame === null) return poster(t, state.error, () => void this.#open(state.screen.sync));
    const view = { state, frame, story: storyOf(frame), t, theme };
    return html`<div class="sheet" @intent=${this.#intent}>${screen(view)}</div>`;
  }

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector("dialog");
    const { help } = this.#store.state.screen;
    if (help && dialog?.open === false) dialog.showModal();
    if (!help && dialog?.open === true) dialog.close();
  }

  async #open(sync: SyncMode): Promise<void> {
    const { opener } = ReplicaLab;
    if (opener === null || this.script === "") return;
    const order = ++this.#opened;
    this.#store.choose({ sync });
    try {
      const seed = Number(settingOf(this.script, "seed") ?? 1);
      const source = await opener({
        script: withSync(this.script, sync),
        seed,
        isolation: "workers",
      });
      if (order !== this.#opened) return source.close();
      await this.#player.drive(source);
    } catch (error) {
      this.#store.fail(error instanceof Error ? error.message : String(error));
    }
  }

  async #speak(language: Language): Promise<void> {
    this.words = await loadWords(language);
    this.lang = language;
    this.dispatchEvent(new CustomEvent("lab-language", { detail: language, bubbles: true }));
  }

  readonly #intent = (event: IntentEvent): void => {
    event.stopPropagation();
    this.#actor.act(event.detail);
  };

  #keydown(event: KeyboardEvent): void {
    const answer = verdict(event);
    if (answer === "pass") return;
    event.stopPropagation();
    if (answer === "keep") return;
    event.preventDefault();
    if (answer === "leave") return this.focus();
    if (event.repeat && this.#player.busy) return;
    this.#wish(answer);
  }

  #wish(wish: Wish): void {
    if (wish.do === "prompt") {
      this.renderRoot.querySelector<HTMLInputElement>(".prompt-line")?.focus();
    } else if (wish.do === "faster") {
      const { rate } = this.#store.state.screen;
      this.#store.choose({ rate: nudged(rate, wish.by) });
    } else {
      this.#actor.act(wish);
    }
  }
}

/** A moved element is disconnected and connected at once: only one that stays away is freed. */
const RELEASE_MS = 1_000;

declare global {
  interface HTMLElementTagNameMap {
    "replica-lab": ReplicaLab;
  }
}
