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

import type { Command, Frame, Passage } from "../engine/frame";
import type { Surveyor } from "../engine/dump";
import type { LinkReader, Opener } from "../engine/source";
import { Actor } from "../model/actor";
import type { Miss } from "../model/asked";
import { DumpReading } from "../model/dump";
import { type Glossary, loadGlossary, termOf } from "../model/glossary";
import { type Hand, IntentEvent, type SyncMode } from "../model/intent";
import { type Language, loadWords, negotiated, type Words } from "../model/language";
import type { Telling } from "../model/lesson";
import { choicesOf, type Known, scenarioOf, scriptOf } from "../model/link";
import { loadLesson, loadScenario, loadTelling, loadTitles } from "../model/library";
import { OpeningShow } from "../model/opening";
import { lessonIn, progressIn } from "../model/parked";
import { Player } from "../model/player";
import { settingOf, withSync } from "../model/scenario";
import { USUAL, type Wish } from "../model/shortcuts";
import { Store } from "../model/store";
import { storyOf } from "../model/story";
import type { Theme } from "../model/theme";
import { Tutor } from "../model/tutor";
import { sheets } from "../styles/sheets";
import { Surroundings } from "./surroundings";
import { verdict } from "./keyboard";
import { poster, screen } from "./screen";
import type { View } from "./view";
import { granted } from "./wishes";

export class ReplicaLab extends LitElement {
  static override styles = sheets;
  static override properties = {
    theme: { reflect: true },
    autoplay: { reflect: true },
    keys: { reflect: true },
    hand: { reflect: true },
    script: { attribute: false },
    words: { state: true },
    telling: { state: true },
    titles: { state: true },
    glossary: { state: true },
    later: { state: true },
  };
  /** How labs are opened: set once by the page, before the first element is connected. */
  static opener: Opener | null = null;
  /** How links are read: set once by the page. */
  static linkReader: LinkReader | null = null;
  /** How dumps are surveyed: set once by the page. */
  static surveyor: Surveyor = () => () => undefined;

  declare theme: Theme;
  /** "visible": the first ten seconds play by themselves, once there is somebody to see them. */
  declare autoplay: "off" | "visible";
  /** "off": no key does anything here; "cut=KeyQ": some have been given others. */
  declare keys: string;
  /** The hand that holds a phone. */
  declare hand: Hand;
  /** The world and its story, as text. */
  declare script: string;
  declare words: Words | null;
  declare telling: Telling | null;
  declare titles: readonly string[];
  /** What the words on the screen mean, once somebody has asked. */
  declare glossary: Glossary | null;
  /** What draws the dialogs and the dock, once one was wanted. */
  declare later: View["later"];

  readonly #store = new Store(() => {
    this.requestUpdate();
    this.#tutor.notice();
    this.#show.notice();
  });
  readonly #player = new Player(this.#store, {
    request: (callback) => requestAnimationFrame(callback),
    cancel: (id) => cancelAnimationFrame(id),
  });
  readonly #tutor = new Tutor(this.#store, this.#player);
  readonly #show = new OpeningShow(this.#store, this.#player, () => {
    this.dispatchEvent(new CustomEvent("lab-opening", { bubbles: true }));
  });
  readonly #reading = new DumpReading(this.#store, (file, tell) => ReplicaLab.surveyor(file, tell));
  readonly #actor = new Actor(this.#store, this.#player, this.#tutor, this.#reading, {
    speak: (language) => void this.#speak(language),
    paint: (theme) => (this.theme = theme),
    bind: (keys) => (this.keys = keys),
    hold: (hand) => (this.hand = hand),
    open: (sync) => void this.#open(sync),
    openLesson: (id) => void this.openLesson(id),
    openScenario: (id) => void this.openScenario(id),
    openTrace: (file) => void this.openTrace(file),
    focus: (part) => this.#focusOn(part),
    study: (expert) => this.#study(expert),
    told: () => scenarioOf(this.#told, this.#known),
    save,
  });
  #release = 0;
  /** True if something in the lab had the focus before this update. */
  #focused = false;
  /** What can be typed: the same in every lab. */
  #commands: readonly Command[] = [];
  /** The scenario that the script is, if the page knows it by a name. */
  #known: Known | null = null;
  /** The text that the lab was opened with. */
  #told = "";
  /** The language whose glossary is on its way. */
  #asked: Language | null = null;
  /** The seed that an address asked for, instead of the scenario's own. */
  #seed: number | null = null;
  /** Settled when the script that was set last is shown. */
  #opening: Promise<void> = Promise.resolve();
  /** How many labs were asked for: only the last one is shown. */
  #opened = 0;

  constructor() {
    super();
    this.theme = "auto";
    this.autoplay = "off";
    this.keys = USUAL;
    this.hand = "right";
    this.later = null;
    this.script = "";
    this.words = null;
    this.telling = null;
    this.titles = [];
    this.glossary = null;
    this.addEventListener("keydown", (event) => this.#keydown(event));
    this.addEventListener("pointerdown", (event) => this.#pointerdown(event));
    this.addEventListener("dragover", (event) => event.preventDefault());
    this.addEventListener("drop", (event) => this.#drop(event));
    new Surroundings(this, this.#store, this.#player, (seen) => this.#show.sight(seen));
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
    this.#focused = this.shadowRoot?.activeElement != null;
    if (changed.has("autoplay") && this.autoplay === "visible") this.#show.want();
    if (changed.has("script") && this.script !== this.#told) {
      this.#opening = this.#open(this.#store.state.screen.sync);
    }
  }

  protected override render(): TemplateResult {
    const { words: t, theme } = this;
    const { state } = this.#store;
    const { frame } = state;
    if (t === null) return html`<div class="poster"><slot name="poster"></slot></div>`;
    if (frame === null) return poster(t, state.error, () => this.#tryAgain());
    const { telling, titles, later, keys, hand } = this;
    const glossary = this.glossary?.language === t.language ? this.glossary : null;
    const story = storyOf(frame);
    const parts = { commands: this.#commands, passage: this.#passage };
    const view = { state, frame, story, t, theme, telling, titles, glossary, later, keys, hand, ...parts };
    return html`<div class="sheet" @intent=${this.#intent}>${screen(view)}</div>`;
  }

  protected override updated(): void {
    this.#keepFocus();
    const { help, library, dump, exports, dock } = this.#store.state.screen;
    const wanted = help || library || dump || exports || dock !== null;
    if (wanted && this.later === null) return void this.#fetchLater();
    this.#modal("help", help);
    if (help) this.#explain();
    else this.#asked = null;
    this.#modal("library", library);
    this.#modal("dump", dump);
    this.#modal("exports", exports);
  }

  async #fetchLater(): Promise<void> {
    try {
      const later = await import("./later");
      if (this.later !== null) return;
      if (later.sheet.styleSheet) this.shadowRoot?.adoptedStyleSheets.push(later.sheet.styleSheet);
      this.later = later;
    } catch (error) {
      this.#store.choose({ help: false, library: false, dump: false, exports: false, dock: null });
      this.#store.fail(String(error));
    }
  }

  /** A control that is gone, or disabled, leaves the focus to the lesson, or to the lab. */
  #keepFocus(): void {
    const active = this.shadowRoot?.activeElement ?? null;
    if (!this.#focused || (active !== null && !active.matches(":disabled"))) return;
    const lesson = this.renderRoot.querySelector<HTMLElement>(".lesson");
    (lesson ?? this).focus({ preventScroll: true });
  }

  /** Fetches what the words mean, and shows the one that was asked about. */
  #explain(): void {
    const { words, glossary } = this;
    const { topic } = this.#store.state.screen;
    if (words === null) return;
    if (glossary?.language !== words.language) {
      if (this.#asked === words.language) return;
      this.#asked = words.language;
      void loadGlossary(words).then(
        (loaded) => (this.glossary = loaded),
        (error: unknown) => this.#store.fail(String(error)),
      );
    } else if (topic !== null) {
      const term = termOf(glossary, topic)?.id;
      const place =
        this.renderRoot.querySelector<HTMLElement>(`[data-topic="${CSS.escape(topic)}"]`) ??
        this.renderRoot.querySelector<HTMLElement>(`[data-term="${term}"]`);
      place?.focus();
      place?.scrollIntoView();
      this.#store.choose({ topic: null });
    }
  }

  #modal(name: string, wanted: boolean): void {
    const dialog = this.renderRoot.querySelector<HTMLDialogElement>(`[data-dialog="${name}"]`);
    if (wanted && dialog?.open === false) dialog.showModal();
    if (!wanted && dialog?.open === true) dialog.close();
  }

  #tryAgain(): void {
    this.#store.fail(null);
    void this.#open(this.#store.state.screen.sync);
  }

  async #open(sync: SyncMode): Promise<void> {
    if (this.script === "") return;
    this.#store.choose({ sync });
    await this.#drive(withSync(this.script, sync));
  }

  /** Opens a lesson in a world of its own; false if there is none of this name. */
  async openLesson(id: string): Promise<boolean> {
    this.#store.choose({ library: false });
    const lesson = await loadLesson(id);
    if (lesson === null) {
      this.#store.fail(`there is no lesson '${id}'`);
      return false;
    }
    this.#seed = null;
    const language = this.words?.language ?? negotiated(this, navigator.languages);
    this.telling = await loadTelling(id, language);
    if (await this.#drive(lesson.world.join("\n"))) this.#tutor.begin(lesson);
    return true;
  }

  /** Opens a scenario to play with; false if there is none of this name. */
  async openScenario(id: string): Promise<boolean> {
    this.#store.choose({ library: false });
    const script = await loadScenario(id);
    if (script === null) {
      this.#store.fail(`there is no scenario '${id}'`);
      return false;
    }
    // The same scenario again is a wish to begin anew.
    if (script === this.script) await this.#open(this.#store.state.screen.sync);
    this.introduce({ id, script });
    return true;
  }

  /** Opens a scenario that has a name. */
  introduce(known: Known, seed: number | null = null): void {
    this.#known = known;
    this.#seed = seed;
    this.script = known.script;
  }

  /** Opens what an address asks for in words; what of it cannot be had is said. */
  async openAsked(search: string, usual: Known): Promise<void> {
    const { arrive, askedIn } = await import("../model/asked");
    const asked = askedIn(search);
    const misses: Miss[] = [...asked.misses];
    const id = asked.scenario ?? usual.id;
    const script = id === usual.id ? usual.script : await loadScenario(id);
    if (script === null) misses.push(["asked.scenario", { what: id.slice(0, 40) }]);
    this.introduce(script === null ? usual : { id, script }, asked.seed);
    await this.updateComplete;
    await this.#opening;
    if (script !== null && this.frame !== null) misses.push(...(await arrive(asked, this.#player)));
    const words = this.words ?? (await loadWords(negotiated(this, navigator.languages)));
    if (misses.length > 0) this.#store.fail(misses.map(([key, values]) => words(key, values)).join(" "));
  }

  /** Opens the moment that a link leads to; false if it cannot be followed. */
  async openLink(link: string): Promise<boolean> {
    const { linkReader } = ReplicaLab;
    if (linkReader === null) return false;
    try {
      const { scenario, seed, view } = await linkReader(link);
      const { script, known } = await scriptOf(scenario, loadScenario);
      if (!(await this.#drive(script, { seed, link }))) return false;
      this.#known = known;
      this.#seed = seed;
      this.script = script;
      if (view !== "") this.#store.choose(choicesOf(view));
      await this.#resume(view);
      return true;
    } catch (error) {
      this.#store.fail(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** Goes on with the lesson that was parked in a view. */
  async #resume(view: string): Promise<void> {
    const id = lessonIn(view);
    const lesson = id === null ? null : await loadLesson(id);
    if (id === null || lesson === null) return;
    this.telling = await loadTelling(id, this.words?.language ?? negotiated(this, navigator.languages));
    this.#tutor.resume(progressIn(view, lesson));
  }

  /** Relives a file of events, and says whether it has come to the same. */
  async openTrace(file: File): Promise<void> {
    const { compared, headIn, linesOf } = await import("../model/trace");
    const { name } = file;
    this.#store.choose({ library: false, dump: false, exports: true });
    this.#store.relive("reading");
    const there = await linesOf(file);
    const head = headIn(there?.[0] ?? "");
    if (there === null || head === null) {
      return this.#store.relive({ same: false, said: ["trace.none", { name }] });
    }
    const opened = await this.openLink(head.link);
    const why = this.#store.state.error ?? "";
    this.#store.fail(null);
    if (!opened) return this.#store.relive({ same: false, said: ["trace.damaged", { name, why }] });
    const told = await this.#player.export("ndjson");
    const here = new TextDecoder().decode(told ?? new Uint8Array()).trimEnd().split("\n");
    this.#store.relive(compared(name, there, here));
  }

  /** Opens a lab and shows it; false if another was asked for meanwhile, or it could not be. */
  async #drive(script: string, shared: { seed: number; link: string } | null = null): Promise<boolean> {
    const { opener } = ReplicaLab;
    if (opener === null) return false;
    const order = ++this.#opened;
    try {
      const seed = shared?.seed ?? this.#seed ?? Number(settingOf(script, "seed") ?? 1);
      const source = await opener({ script, seed, isolation: "workers" });
      const differs = shared === null ? null : await source.follow(shared.link);
      if (order !== this.#opened) {
        source.close();
        return false;
      }
      this.#told = script;
      await this.#player.drive(source);
      if (differs !== null) this.#store.fail(differs);
      if (this.#commands.length === 0) {
        this.#commands = await this.#player.commands();
        this.requestUpdate();
      }
      return true;
    } catch (error) {
      this.#store.fail(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** Shows bytes and the space-time diagram, too. */
  set expert(expert: boolean) {
    this.#store.choose({ expert, dock: expert ? "spacetime" : null });
  }

  get expert(): boolean {
    return this.#store.state.screen.expert;
  }

  #study(expert: boolean): void {
    this.expert = expert;
    this.dispatchEvent(new CustomEvent("lab-expert", { detail: expert, bubbles: true }));
  }

  async #speak(language: Language): Promise<void> {
    const taught = this.#store.state.lesson?.progress.lesson.id;
    const words = await loadWords(language);
    this.titles = await loadTitles(language);
    if (taught !== undefined) this.telling = await loadTelling(taught, language);
    this.words = words;
    this.lang = language;
    this.dispatchEvent(new CustomEvent("lab-language", { detail: language, bubbles: true }));
  }

  readonly #passage = (from: number, to: number): Promise<Passage | null> => this.#player.passage(from, to);

  readonly #intent = (event: IntentEvent): void => {
    event.stopPropagation();
    this.#takeOver(event.detail.do === "toggle");
    this.#actor.act(event.detail);
  };

  /** The reader's first act ends the show; what is not the play button also stops the clock. */
  #takeOver(toggles: boolean): void {
    if (this.#isShowing && !toggles) this.#player.pause();
    this.#show.yield();
  }

  get #isShowing(): boolean {
    return this.#store.state.opening?.kind === "playing";
  }

  /** A file that is dropped is read; nothing else is taken. */
  #drop(event: DragEvent): void {
    const file = event.dataTransfer?.files[0];
    if (file === undefined) return;
    event.preventDefault();
    this.#takeOver(false);
    this.#actor.act({ do: "survey", file });
  }

  /** A touch anywhere is an act; a control is heard of by its intent. */
  #pointerdown(event: PointerEvent): void {
    const [target] = event.composedPath();
    const control = target instanceof Element && target.closest("button, select") !== null;
    if (this.#isShowing && !control) this.#takeOver(false);
  }

  #keydown(event: KeyboardEvent): void {
    const answer = verdict(event, this.keys);
    const toggles = typeof answer === "object" && answer.do === "toggle";
    const presses = answer === "keep" && (event.key === " " || event.key === "Enter");
    if (this.#isShowing && !toggles && !presses) this.#takeOver(false);
    if (answer === "pass") return;
    event.stopPropagation();
    if (answer === "keep") return;
    event.preventDefault();
    if (answer === "leave") return this.focus();
    if (event.repeat && this.#player.busy) return;
    this.#wish(answer);
  }

  /** Puts the focus on a part of the page, once it is drawn. */
  #focusOn(part: string): void {
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(part)?.focus());
  }

  #wish(wish: Wish): void {
    this.#show.yield();
    const label = this.shadowRoot?.activeElement?.textContent?.trim();
    const { intent, focus } = granted(wish, this.#store.state, label);
    if (intent !== undefined) this.#actor.act(intent);
    if (focus !== undefined) this.#focusOn(focus);
  }
}

/** Gives the reader a file; nothing leaves the page. */
function save(name: string, bytes: Uint8Array): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), RELEASE_MS);
}

/** A moved element is disconnected and connected at once: only one that stays away is freed. */
const RELEASE_MS = 1_000;

declare global {
  interface HTMLElementTagNameMap {
    "replica-lab": ReplicaLab;
  }
}
