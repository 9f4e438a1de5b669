/**
 * The first ten seconds: a whole full synchronisation, paced for eyes, that ends on an invitation.
 *
 * It is the scenario itself, played by the player: only the rate changes from stage to stage, so
 * that each takes the time that it needs to be understood. It begins once, when enough of the lab
 * is to be seen; whatever the reader does takes over at once. Without motion the same story is a
 * strip of pictures, each a moment that can be gone to.
 */
import type { Frame } from "../engine/frame";
import type { Player } from "./player";
import type { Store } from "./store";
import { isSettled, type Stage, storyOf } from "./story";

/** "playing": the story runs. "invites": it is over, and it is the reader's turn. */
export type Opening =
  | { readonly kind: "playing" | "invites" }
  /** The story as pictures. */
  | { readonly kind: "strip"; readonly frames: readonly Frame[] };

export class OpeningShow {
  readonly #store: Store;
  readonly #player: Player;
  /** Told when the show begins. */
  readonly #begins: () => void;
  #wanted = false;
  #seen = false;
  /** What the reader's choices were before the show changed them. */
  #kept: { readonly rate: number; readonly skipIdle: boolean } | null = null;

  constructor(store: Store, player: Player, begins: () => void) {
    this.#store = store;
    this.#player = player;
    this.#begins = begins;
  }

  /** Wants the show as soon as there is something to show, and somebody to see it. */
  want(): void {
    this.#wanted = true;
    this.#consider();
  }

  /** Tells whether enough of the lab is to be seen. */
  sight(seen: boolean): void {
    this.#seen = seen;
    this.#consider();
  }

  /** Looks at what is shown: begins, keeps the pace, or ends. */
  notice(): void {
    const { opening, frame, screen } = this.#store.state;
    if (opening === null) return this.#consider();
    if (opening.kind !== "playing" || frame === null) return;
    if (isSettled(frame)) return this.#invite();
    if (!screen.playing) return this.yield();
    const rate = RATES[storyOf(frame).stage];
    if (screen.rate !== rate) this.#store.choose({ rate });
  }

  /** Ends the show wherever it is; the lab stays as it is, and is the reader's. */
  yield(): void {
    this.#wanted = false;
    if (this.#store.state.opening === null) return;
    this.#store.open(null);
    this.#restore();
  }

  #consider(): void {
    const { frame, screen } = this.#store.state;
    if (!this.#wanted || !this.#seen || frame?.cursor !== 0) return;
    this.#wanted = false;
    this.#begins();
    if (screen.still) return void this.#draw();
    const { rate, skipIdle } = screen;
    this.#kept = { rate, skipIdle };
    this.#store.choose({ rate: RATES.apart, skipIdle: false });
    this.#player.play();
    this.#store.open({ kind: "playing" });
  }

  #invite(): void {
    this.#store.open({ kind: "invites" });
    this.#player.pause();
    this.#restore();
  }

  #restore(): void {
    if (this.#kept !== null) this.#store.choose(this.#kept);
    this.#kept = null;
  }

  /** Runs the story out of sight, and keeps the moments at which a picture's stage began. */
  async #draw(): Promise<void> {
    const frames = await this.#player.survey(PICTURES);
    if (frames !== null && this.#store.state.frame?.cursor === 0) {
      this.#store.open({ kind: "strip", frames });
    }
  }
}

/** Virtual milliseconds per real one: each stage in about the time that the story needs. */
const RATES: Readonly<Record<Stage, number>> = {
  apart: 0.005,
  cut: 0.01,
  handshake: 0.012,
  delay: 5,
  snapshot: 1.2,
  transfer: 0.06,
  load: 1.2,
  ack: 0.02,
  drain: 0.01,
  stream: 0.005,
  steady: 0.01,
};

/** What each picture of the strip shows. */
const PICTURES: readonly ((frame: Frame) => boolean)[] = [
  (frame) => storyOf(frame).stage === "handshake",
  (frame) => storyOf(frame).stage === "delay",
  (frame) => storyOf(frame).stage === "snapshot",
  (frame) => (frame.nodes[0]?.replicas ?? []).some((replica) => replica.buffered > 0),
  (frame) => storyOf(frame).stage === "load",
  isSettled,
];
