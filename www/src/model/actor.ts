/** Carries out what a person wants: intents in, calls to the player and choices out. */
import type { ExportFormat, LogLevel } from "../engine/frame";
import { copy } from "./clipboard";
import { additionOf, type DumpReading } from "./dump";
import type { Hand, Intent, Move, SyncMode } from "./intent";
import type { Language } from "./language";
import { addressOf, viewOf } from "./link";
import { beginningOf } from "./marks";
import { frameAsPicked, inspectedOf, type Picked } from "./picked";
import type { Player } from "./player";
import { reportOf } from "./report";
import type { Store } from "./store";
import { storyOf } from "./story";
import type { Theme } from "./theme";
import type { Tutor } from "./tutor";
import { holds, logMarks } from "./until";

/** What only the outermost element can do. */
export interface Stage {
  speak(language: Language): void;
  paint(theme: Theme): void;
  open(sync: SyncMode): void;
  openLesson(id: string): void;
  openScenario(id: string): void;
  openTrace(file: File): void;
  /** The scenario that the lab was opened with: its name, or its text. */
  told(): string;
  /** Gives shortcuts other keys, or switches them off. */
  bind(keys: string): void;
  /** Puts the controls on the side of a hand. */
  hold(hand: Hand): void;
  /** Puts the focus on a part of the page, once it is drawn. */
  focus(part: string): void;
  /** Shows more, or less. */
  study(expert: boolean): void;
  /** Gives the reader a file. */
  save(name: string, bytes: Uint8Array): void;
}

export class Actor {
  readonly #store: Store;
  readonly #player: Player;
  readonly #tutor: Tutor;
  readonly #stage: Stage;
  readonly #dump: DumpReading;

  constructor(store: Store, player: Player, tutor: Tutor, dump: DumpReading, stage: Stage) {
    this.#store = store;
    this.#player = player;
    this.#tutor = tutor;
    this.#stage = stage;
    this.#dump = dump;
  }

  act(intent: Intent): void {
    switch (intent.do) {
      case "language":
        return this.#stage.speak(intent.language);
      case "theme":
        return this.#stage.paint(intent.theme);
      case "restart":
        return this.#stage.open(intent.sync);
      case "dismiss":
        // A dialog that is still on its way does not come any more.
        this.#store.choose({ help: false, library: false, dump: false, exports: false });
        return this.#store.fail(null);
      case "help":
        return this.#store.choose({ help: intent.open, topic: intent.topic ?? null });
      case "library":
        return this.#store.choose({ library: intent.open });
      case "dump":
        return this.#store.choose({ dump: intent.open, library: false });
      case "exports":
        this.#store.choose({ exports: intent.open, link: null });
        if (!intent.open) this.#store.relive(null);
        return intent.open ? void this.#link() : undefined;
      case "copyLink":
        return void this.#copyLink();
      case "export":
        return void this.#export(intent.format);
      case "report":
        return void this.#report(intent.node);
      case "form":
        return this.#store.choose({ form: intent.form });
      case "survey":
        return void this.#open(intent.file);
      case "giveUp":
        return this.#dump.cancel();
      case "adopt":
        return void this.#adopt();
      case "lesson":
        return this.#stage.openLesson(intent.id);
      case "scenario":
        return this.#stage.openScenario(intent.id);
      case "pick":
        return void this.#pick(intent.picked);
      case "hover":
        return this.#store.hover(intent.picked);
      case "point":
        return this.#store.point(intent.part);
      case "dock":
        return this.#store.choose({ dock: intent.dock });
      case "expert":
        return this.#stage.study(intent.on);
      case "list":
        return this.#store.choose({ listed: intent.on });
      case "stride":
        this.#store.choose({ stride: intent.stride });
        return void this.#player.foresee();
      case "target":
        return this.#store.choose({ target: intent.target });
      case "download":
        return void this.#download(intent.node);
      case "answer":
        return this.#tutor.answer(intent.choice);
      case "teach":
        return this.#teach(intent.what);
      case "select":
        if (this.#store.state.frame?.nodes[intent.node] === undefined) return;
        return this.#store.choose({ node: intent.node, pane: "console" });
      case "show":
        return this.#store.choose({ pane: intent.pane });
      case "merge":
        return this.#store.choose({ mergeLogs: intent.logs });
      case "level":
        return this.#level(intent.level);
      case "rate":
        return this.#store.choose({ rate: intent.rate });
      case "idle":
        return this.#store.choose({ skipIdle: intent.skip });
      case "scale":
        return this.#store.choose({ scale: intent.scale });
      case "limit":
        this.#store.choose({ limit: intent.limit });
        return this.#stage.focus(`[data-testid=${intent.limit === null ? "until" : "limit"}]`);
      case "bound": {
        const { limits } = this.#store.state.screen;
        return this.#store.choose({ limits: { ...limits, [intent.what]: intent.than } });
      }
      case "peek":
        return void this.#peek(intent.at);
      case "rebind":
        return this.#store.choose({ rebinding: intent.id });
      case "keys":
        this.#store.choose({ rebinding: null });
        return this.#stage.bind(intent.keys);
      case "hand":
        return this.#stage.hold(intent.hand);
      default:
        return void this.#move(intent);
    }
  }

  /** Relives a file of events; any other is looked at as a dump. */
  async #open(file: File): Promise<void> {
    const { isTrace } = await import("./trace");
    if (await isTrace(file)) this.#stage.openTrace(file);
    else this.#dump.open(file);
  }

  /** Shows the lines of a level, or leaves them out. */
  #level(level: LogLevel): void {
    const { quiet } = this.#store.state.screen;
    const others = quiet.filter((one) => one !== level);
    this.#store.choose({ quiet: others.length < quiet.length ? others : [...quiet, level] });
  }

  #teach(what: "skip" | "next" | "back" | "leave"): void {
    switch (what) {
      case "skip":
        return void this.#tutor.skip();
      case "next":
        return this.#tutor.next();
      case "back":
        return void this.#tutor.back();
      case "leave":
        return this.#tutor.leave();
    }
  }

  /** Picks bytes and looks into them. */
  async #pick(picked: Picked | null): Promise<void> {
    this.#store.pick(picked);
    const what = picked === null ? null : inspectedOf(picked);
    if (picked === null || what === null) return;
    this.#store.choose({ dock: "inspector" });
    this.#store.dissect(picked, await this.#player.inspect(what));
  }

  /** Goes to a moment at which a frame was on its way, and picks it. */
  async #visit(cursor: number, id: string): Promise<void> {
    if (cursor !== this.#store.state.frame?.cursor) await this.#player.seek(cursor);
    const { frame } = this.#store.state;
    const flying = frame?.wires.flatMap((wire) => wire.frames).find((one) => one.id === id);
    if (frame !== null && flying !== undefined) await this.#pick(frameAsPicked(frame, flying));
  }

  /** Looks at another moment of the line of history, or no longer. */
  async #peek(at: number | null): Promise<void> {
    if (at === null) return this.#store.peek(null);
    const { peek, screen } = this.#store.state;
    this.#store.peek({ at, frame: peek?.frame ?? null });
    const frame = await this.#player.peek((source) =>
      screen.scale === "time" ? source.seekTime(at) : source.seek(Math.round(at)),
    );
    if (frame !== null && this.#store.state.peek?.at === at) this.#store.peek({ at, frame });
  }

  async #download(id: number): Promise<void> {
    const name = this.#store.state.frame?.nodes[id]?.name;
    const bytes = await this.#player.dump(id);
    if (name !== undefined && bytes !== null) this.#stage.save(`${name}.rdb`, bytes);
  }

  async #export(format: ExportFormat): Promise<void> {
    const bytes = await this.#player.export(format);
    this.#store.choose({ exports: false });
    if (bytes !== null) this.#stage.save(`replica-lab.${EXTENSIONS[format]}`, bytes);
  }

  /** Copies what there is to say about a panic. */
  async #report(id: number): Promise<void> {
    const { frame } = this.#store.state;
    const node = frame?.nodes[id];
    const script = await this.#player.export("script");
    if (frame === null || node === undefined || script === null) return;
    void copy(reportOf(frame, node, new TextDecoder().decode(script)));
  }

  /** Adds a server that begins with the reader's dump, and shows it. */
  async #adopt(): Promise<void> {
    const { frame, dump } = this.#store.state;
    if (frame === null || dump?.bytes == null) return;
    const taken = new Set(frame.nodes.map(({ name }) => name));
    const name = freeName("dump", taken);
    this.#store.choose({ dump: false });
    await this.#player.ask((source) => source.intervene(additionOf(name, dump.bytes ?? new Uint8Array())));
    const node = this.#store.state.frame?.nodes.find((one) => one.name === name);
    if (node !== undefined) this.#store.choose({ node: node.id, pane: "console" });
  }

  /** Shows a link to this moment. */
  async #link(): Promise<void> {
    const { screen, lesson } = this.#store.state;
    const fragment = await this.#player.share(this.#stage.told(), viewOf(screen, lesson));
    if (fragment !== null) this.#store.choose({ link: { address: addressOf(fragment), copied: false } });
  }

  async #copyLink(): Promise<void> {
    const { link } = this.#store.state.screen;
    if (link === null || !(await copy(link.address))) return;
    this.#store.choose({ link: { ...link, copied: true } });
  }

  /** Carries out what moves the lab. */
  async #move(intent: Move): Promise<void> {
    const { state } = this.#store;
    const player = this.#player;
    const { stride } = state.screen;
    switch (intent.do) {
      case "step":
        return player.ask((source) =>
          stride === "frame" ? source.step() : source.stride(stride, false),
        );
      case "back":
        return player.ask((source) =>
          stride === "frame" ? source.back() : source.stride(stride, true),
        );
      case "visit":
        return this.#visit(intent.cursor, intent.id);
      case "branch":
        return player.ask((source) => source.select(intent.id));
      case "until":
        return this.#until(intent.until);
      case "changed":
        return player.ask((source) => source.backToChange(intent.watch));
      case "start":
        return player.seek(0);
      case "end":
        return player.seek(state.frame?.length ?? 0);
      case "seek":
        return player.seek(intent.cursor);
      case "seekTime":
        return player.seekTime(intent.millis);
      case "toggle":
        return state.screen.playing ? player.pause() : player.play();
      case "reach":
        return player.run((frame) => storyOf(frame).chapter >= intent.chapter);
      case "chapter":
        return this.#chapter(intent.by);
      case "intervene":
        return player.intervene(intent.line);
    }
  }

  /** Runs until a condition holds that does not hold yet, or has ceased to. */
  async #until(until: string): Promise<void> {
    const { frame } = this.#store.state;
    if (frame === null) return;
    const marks = logMarks(frame);
    try {
      holds(until, frame, marks);
      await this.#player.run((now) => holds(until, now, marks));
      this.#store.stop();
    } catch (error) {
      this.#store.fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** To where the next chapter begins, or to where this one or the one before began. */
  async #chapter(by: 1 | -1): Promise<void> {
    const { frame, marks } = this.#store.state;
    if (frame === null) return;
    const now = storyOf(frame).chapter;
    if (by === 1) return this.#player.run((next) => storyOf(next).chapter !== now);
    const begun = beginningOf(marks, now) ?? 0;
    const earlier = marks.findLast((mark) => mark.cursor < Math.min(begun, frame.cursor));
    return this.#player.seek(frame.cursor > begun ? begun : (earlier?.cursor ?? 0));
  }
}

const EXTENSIONS: Readonly<Record<ExportFormat, string>> = {
  script: "txt",
  ndjson: "ndjson",
  pcapng: "pcapng",
  shiviz: "log",
  svg: "svg",
};

/** `base`, or with the first number that makes it new. */
function freeName(base: string, taken: ReadonlySet<string>): string {
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}${number}`;
  return name;
}
