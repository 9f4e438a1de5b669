/** Carries out what a person wants: intents in, calls to the player and choices out. */
import type { Intent, Move, SyncMode } from "./intent";
import type { Language } from "./language";
import { beginningOf } from "./marks";
import type { Player } from "./player";
import type { Store } from "./store";
import { storyOf } from "./story";
import type { Theme } from "./theme";
import type { Tutor } from "./tutor";

/** What only the outermost element can do. */
export interface Stage {
  speak(language: Language): void;
  paint(theme: Theme): void;
  open(sync: SyncMode): void;
  openLesson(id: string): void;
  openScenario(id: string): void;
}

export class Actor {
  readonly #store: Store;
  readonly #player: Player;
  readonly #tutor: Tutor;
  readonly #stage: Stage;

  constructor(store: Store, player: Player, tutor: Tutor, stage: Stage) {
    this.#store = store;
    this.#player = player;
    this.#tutor = tutor;
    this.#stage = stage;
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
        return this.#store.fail(null);
      case "help":
        return this.#store.choose({ help: intent.open });
      case "library":
        return this.#store.choose({ library: intent.open });
      case "lesson":
        return this.#stage.openLesson(intent.id);
      case "scenario":
        return this.#stage.openScenario(intent.id);
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
      case "rate":
        return this.#store.choose({ rate: intent.rate });
      case "idle":
        return this.#store.choose({ skipIdle: intent.skip });
      default:
        return void this.#move(intent);
    }
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

  /** Carries out what moves the lab. */
  async #move(intent: Move): Promise<void> {
    const { state } = this.#store;
    const player = this.#player;
    switch (intent.do) {
      case "step":
        return player.ask((source) => source.step());
      case "back":
        return player.ask((source) => source.back());
      case "start":
        return player.seek(0);
      case "end":
        return player.seek(state.frame?.length ?? 0);
      case "seek":
        return player.seek(intent.cursor);
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
