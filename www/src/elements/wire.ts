/** A wire, what is on it, and the button that cuts it. */
import { nothing, svg, type SVGTemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { FrameView } from "../engine/frame";
import { type Flight, type Flock, trafficOf } from "../draw/flight";
import type { Pipe, Point } from "../draw/topology";
import { intend, IntentEvent } from "../model/intent";
import { frameAsPicked, isPicked } from "../model/picked";
import { shortened } from "../model/sentence";
import { iconPath } from "./icons";
import { hovered, pressed } from "./press";
import { arrow, mark } from "./shapes";
import type { View } from "./view";

export function wire(view: View, pipe: Pipe, upright: boolean): SVGTemplateResult {
  const { frame, state } = view;
  const { pair } = pipe;
  const { flights, flocks } = trafficOf(pipe, frame.at);
  const kind = pair.cut ? "cut" : pair.wires.length > 0 ? "open" : "wished";
  const quiet = !state.screen.playing || state.screen.still;
  return svg`<g class="wire ${kind}" data-testid="wire" data-pair=${pair.key} data-kind=${kind}>
    ${pair.cut ? broken(pipe) : tube(pipe, kind)}
    ${repeat(
      flights,
      (flight) => flight.frame.id,
      (flight) => shape(view, flight, quiet),
    )}
    ${flocks.map((flock) => badge(view, flock))}
    ${pair.cut ? nothing : labels(pipe, upright)}
    ${valve(view, pipe, upright)}${more(view, pipe, upright)}${troubles(view, pipe, upright)}
  </g>`;
}

/** The button that offers other faults. */
function more(view: View, pipe: Pipe, upright: boolean): SVGTemplateResult {
  const { t, state } = view;
  const { master, replica, key } = pipe.pair;
  const middle = middleOf(pipe);
  const at = upright ? { x: middle.x - 34, y: middle.y + 38 } : { x: middle.x + 38, y: middle.y + 32 };
  const { target } = state.screen;
  const open = target?.kind === "wire" && target.pair === key;
  const press = intend({ do: "target", target: open ? null : { kind: "wire", pair: key } });
  const hint = t("faults.wire", { a: master.name, b: replica.name });
  return svg`<g class="valve" role="button" tabindex="0" aria-label=${hint} aria-expanded=${open}
    data-testid="faults" data-pair=${key} transform="translate(${at.x} ${at.y})" @click=${press}
    @keydown=${pressed(press)}>
    <title>${hint}</title>
    <circle class="valve-target" r="16"></circle>
    <circle class="valve-ring" r="13"></circle>
    <path class="valve-icon" transform="translate(-8 -8)" d=${iconPath("more")}></path>
  </g>`;
}

/** What is wrong with the wire, in words. */
function troubles({ t, frame }: View, pipe: Pipe, upright: boolean) {
  const { master, replica } = pipe.pair;
  const ids = [master.id, replica.id];
  const wrong = frame.troubles.filter((one) => ids.includes(one.from) && ids.includes(one.to));
  const text = wrong
    .map(({ from, stalled, delay, bandwidth }) => {
      const what = [
        stalled ? t("trouble.stalled") : "",
        delay === null ? "" : t("trouble.delay", { ms: delay }),
        bandwidth === null || bandwidth === 0
          ? ""
          : t("trouble.bandwidth", { rate: t.bytes(bandwidth) }),
      ].filter((one) => one !== "");
      return what.length === 0 ? "" : `${from === master.id ? "→" : "←"} ${what.join(", ")}`;
    })
    .filter((one) => one !== "")
    .join("  ");
  if (text === "") return nothing;
  const middle = middleOf(pipe);
  const at = upright ? { x: middle.x + 20, y: middle.y + 30 } : { x: middle.x, y: middle.y + 62 };
  return svg`<text class="trouble-label" data-testid="trouble-label" x=${at.x} y=${at.y}
    text-anchor=${upright ? "start" : "middle"}>${fitted(text, Math.floor(pipe.room / CHARACTER))}</text>`;
}

function tube({ from, to }: Pipe, kind: string): SVGTemplateResult {
  const d = `M${from.x} ${from.y}L${to.x} ${to.y}`;
  if (kind === "wished") return svg`<path class="tube-wished" d=${d}></path>`;
  return svg`<path class="tube-wall" d=${d}></path><path class="tube-bore" d=${d}></path>`;
}

/** Two stumps with a gap between them. */
function broken({ from, to }: Pipe): SVGTemplateResult {
  const at = (part: number): string =>
    `${from.x + (to.x - from.x) * part} ${from.y + (to.y - from.y) * part}`;
  return svg`<path class="tube-cut" d="M${at(0)}L${at(0.4)}M${at(0.6)}L${at(1)}"></path>
    <path class="tube-gap" transform="translate(${at(0.5)})" d="M-5-5 5 5M5-5-5 5"></path>`;
}

function shape(view: View, flight: Flight, quiet: boolean): SVGTemplateResult {
  const { frame, at, angle, reach } = flight;
  const text = `${shortened(frame.label)} (${view.t.bytes(frame.bytes)})`;
  const marked = isPicked(view.frame, view.state.picked, frame);
  const picked = marked && !view.state.hovering;
  const pick = (event: Event): void => {
    event.stopPropagation();
    const wanted = picked ? null : frameAsPicked(view.frame, frame);
    event.currentTarget?.dispatchEvent(new IntentEvent({ do: "pick", picked: wanted }));
  };
  return svg`<g class="flight ${marked ? "picked" : ""}" data-testid="flight"
    data-frame=${frame.kind} data-bytes=${frame.bytes} role="button" tabindex="0" aria-pressed=${picked} aria-label=${text}
    transform="translate(${at.x} ${at.y}) rotate(${angle})" @click=${pick}
    @pointerenter=${hovered(() => frameAsPicked(view.frame, frame))}
    @pointerleave=${intend({ do: "hover", picked: null })}
    @keydown=${pressed(pick)}>
    <title>${text}</title>
    <rect class="flight-target" x=${-reach - 4} y="-9" width=${2 * reach + 8} height="18"
      rx="4"></rect>
    ${mark(frame.kind, reach)}${quiet ? arrow(reach) : nothing}
  </g>`;
}

function badge(view: View, flock: Flock): SVGTemplateResult {
  const { count, bytes, at, kind } = flock;
  return svg`<g class="flock" data-testid="flock" data-frame=${kind} data-count=${count}
    data-bytes=${bytes} transform="translate(${at.x} ${at.y})">
    <title>${view.t("topology.flock", { count, bytes: view.t.bytes(bytes) })}</title>
    <rect class="kind-${kind}" x="-18" y="-8" width="36" height="16" rx="8"></rect>
    <text class="flock-count" y="4" text-anchor="middle">×${count}</text>
  </g>`;
}

/** What the oldest frame of each direction says, beside the wire. */
function labels(pipe: Pipe, upright: boolean): SVGTemplateResult {
  const frames = pipe.pair.wires.flatMap((one) => one.frames);
  const line = (to: number, row: number): SVGTemplateResult | typeof nothing => {
    const all = frames.filter((frame) => frame.to === to);
    const [first] = all;
    return first === undefined ? nothing : label(pipe, first, all.length - 1, row, upright);
  };
  return svg`${line(pipe.pair.replica.id, 0)}${line(pipe.pair.master.id, 1)}`;
}

function label(
  pipe: Pipe,
  frame: FrameView,
  more: number,
  row: number,
  upright: boolean,
): SVGTemplateResult {
  const middle = middleOf(pipe);
  const room = Math.floor(pipe.room / CHARACTER);
  const said = shortened(frame.label);
  const text = more > 0 ? `${said} +${more}` : said;
  const at = upright
    ? { x: middle.x + 20, y: middle.y - 6 + row * 18, anchor: "start" }
    : { x: middle.x, y: middle.y - 30 + row * 13, anchor: "middle" };
  const short = fitted(text, room);
  return svg`<text class="wire-label" x=${at.x} y=${at.y} text-anchor=${at.anchor}>${short}</text>`;
}

/** The button that hangs on a wire. */
function valve(view: View, pipe: Pipe, upright: boolean): SVGTemplateResult {
  const { t } = view;
  const { master, replica, cut } = pipe.pair;
  const middle = middleOf(pipe);
  const at = upright ? { x: middle.x - 34, y: middle.y } : { x: middle.x, y: middle.y + 32 };
  const line = `${cut ? "heal" : "cut"} ${master.name} ${replica.name}`;
  const hint = cut
    ? t("topology.heal.hint", { a: master.name, b: replica.name })
    : t("topology.cut.hint", { a: master.name, b: replica.name });
  const press = intend({ do: "intervene", line });
  return svg`<g class="valve" role="button" tabindex="0" aria-label=${hint}
    data-testid=${cut ? "heal" : "cut"} data-pair=${pipe.pair.key}
    transform="translate(${at.x} ${at.y})" @click=${press} @keydown=${pressed(press)}>
    <title>${hint}</title>
    <circle class="valve-target" r="22"></circle>
    <circle class="valve-ring" r="13"></circle>
    <path class="valve-icon" transform="translate(-8 -8)"
      d=${iconPath(cut ? "heal" : "cut")}></path>
  </g>`;
}

function middleOf({ from, to }: Pipe): Point {
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
}

function fitted(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;
}

/** The width of a character of the labels, in pixels. */
const CHARACTER = 6.7;
