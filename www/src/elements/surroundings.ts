/** What the page around the lab tells it: its size, its scheme, whether anybody can see it. */
import type { ReactiveController, ReactiveControllerHost } from "lit";

import type { Player } from "../model/player";
import type { Store } from "../model/store";
import { type Scheme, type Theme, watchScheme } from "../model/theme";

type Host = ReactiveControllerHost & HTMLElement & { theme: Theme };

export class Surroundings implements ReactiveController {
  readonly #host: Host;
  readonly #store: Store;
  readonly #player: Player;
  /** Told whether enough of the lab is to be seen to begin a show. */
  readonly #sight: (seen: boolean) => void;
  /** What undoes each watch. */
  #stops: (() => void)[] = [];
  #scheme: Scheme = "light";
  #shown = true;
  #watched: Element | null = null;
  readonly #sizes = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width > 0 && width !== this.#store.state.screen.width) this.#store.choose({ width });
  });

  constructor(host: Host, store: Store, player: Player, sight: (seen: boolean) => void) {
    this.#sight = sight;
    this.#host = host;
    this.#store = store;
    this.#player = player;
    host.addController(this);
  }

  hostConnected(): void {
    this.#stops = [this.#watchMotion(), this.#watchSight(), watchScheme((s) => this.#paint(s))];
  }

  hostDisconnected(): void {
    for (const stop of this.#stops) stop();
    this.#sizes.disconnect();
    this.#watched = null;
  }

  hostUpdated(): void {
    this.#paint(this.#scheme);
    const picture = this.#host.shadowRoot?.querySelector(".topology") ?? null;
    if (picture === this.#watched) return;
    this.#sizes.disconnect();
    if (picture !== null) this.#sizes.observe(picture);
    this.#watched = picture;
  }

  /** Shows the scheme that the person forces, else the surroundings'. */
  #paint(scheme: Scheme): void {
    this.#scheme = scheme;
    const { theme, dataset } = this.#host;
    const wanted = theme === "auto" ? scheme : theme;
    if (dataset["scheme"] !== wanted) dataset["scheme"] = wanted;
  }

  #watchMotion(): () => void {
    const reduced = matchMedia("(prefers-reduced-motion: reduce)");
    const tell = (): void => this.#store.choose({ still: reduced.matches });
    reduced.addEventListener("change", tell);
    tell();
    return () => reduced.removeEventListener("change", tell);
  }

  /** Time stands still while the tab is hidden, or the lab is scrolled away. */
  #watchSight(): () => void {
    const tell = (): void => this.#player.wake(this.#shown && !document.hidden);
    const sight = new IntersectionObserver(([entry]) => {
      this.#shown = entry?.isIntersecting ?? true;
      this.#sight(entry !== undefined && isMostlySeen(entry));
      tell();
    }, SIGHT);
    sight.observe(this.#host);
    document.addEventListener("visibilitychange", tell);
    return () => {
      sight.disconnect();
      document.removeEventListener("visibilitychange", tell);
    };
  }
}

/** True if most of the element is to be seen, or most of what can be seen is the element. */
function isMostlySeen({ intersectionRatio, intersectionRect, rootBounds }: IntersectionObserverEntry): boolean {
  const filled = intersectionRect.height / (rootBounds?.height ?? innerHeight);
  return Math.max(intersectionRatio, filled) >= MOST;
}

/** A show begins when so much of the lab is to be seen. */
const MOST = 0.6;
/** How closely it is watched how much that is. */
const SIGHT = { threshold: [0, 0.2, 0.4, MOST, 0.8, 1] };
