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
  /** What undoes each watch. */
  #stops: (() => void)[] = [];
  #scheme: Scheme = "light";
  #shown = true;
  #watched: Element | null = null;
  readonly #sizes = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width > 0 && width !== this.#store.state.screen.width) this.#store.choose({ width });
  });

  constructor(host: Host, store: Store, player: Player) {
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
      tell();
    });
    sight.observe(this.#host);
    document.addEventListener("visibilitychange", tell);
    return () => {
      sight.disconnect();
      document.removeEventListener("visibilitychange", tell);
    };
  }
}
