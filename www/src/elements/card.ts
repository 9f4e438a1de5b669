/** A server, as a card of the picture. */
import { nothing, svg, type SVGTemplateResult } from "lit";

import type { NodeView } from "../engine/frame";
import { CARD_HEIGHT, type Card } from "../draw/topology";
import { gridOf } from "../draw/pages";
import { intend } from "../model/intent";
import { differences } from "../model/matrix";
import { attachmentOf, masterOf } from "../model/relations";
import { type Stage, stageOf } from "../model/story";
import { transferOf } from "../model/transfer";
import { iconPath } from "./icons";
import { pressed } from "./press";
import type { View } from "./view";

export function card(view: View, place: Card): SVGTemplateResult {
  const { t, frame, state } = view;
  const { node, x, y, width, height } = place;
  const stage = stageOf(frame, node);
  const chosen = state.screen.node === node.id;
  const touched = frame.events.at(-1)?.node === node.id;
  const press = intend({ do: "select", node: node.id });
  const label = t("topology.node", {
    name: node.name,
    role: t(`role.${node.role}`),
    stage: stageText(view, node, stage),
    offset: t.number(node.offset),
    keys: t.number(node.keys.total),
  });
  return svg`<g class="card ${node.role} ${node.running ? "" : "down"} ${chosen ? "chosen" : ""} ${touched ? "touched" : ""}"
    data-testid="node" data-node=${node.name} data-stage=${stage}
    transform="translate(${x} ${y})" @click=${press}>
    ${node.snapshot === null ? nothing : ghost(width, height)}
    <rect class="card-face" width=${width} height=${height} rx="10" role="button" tabindex="0"
      aria-pressed=${chosen} aria-label=${label} @keydown=${pressed(press)}></rect>
    ${more(view, place)}
    <g aria-hidden="true">${titles(view, place, stage)}${stats(view, place)}${foot(view, place)}</g>
  </g>`;
}

/** The button that offers faults of the server. */
function more(view: View, { node, width, height }: Card): SVGTemplateResult {
  const { t, state } = view;
  const { target } = state.screen;
  const open = target?.kind === "node" && target.node === node.id;
  const wanted = intend({ do: "target", target: open ? null : { kind: "node", node: node.id } });
  const press = (event: Event): void => {
    event.stopPropagation();
    wanted(event);
  };
  const hint = t("faults.node", { name: node.name });
  // In a narrow card the note takes the whole of the last line.
  const middle = width < ROOMY ? BESIDE_STATS : height - 19;
  return svg`<g class="valve" role="button" tabindex="0" aria-label=${hint} aria-expanded=${open}
    data-testid="node-faults" data-node=${node.name}
    transform="translate(${width - 20} ${middle})" @click=${press} @keydown=${pressed(press)}>
    <title>${hint}</title>
    <circle class="valve-target" r="14"></circle>
    <circle class="valve-ring" r="9"></circle>
    <path class="valve-icon" transform="translate(-8 -8)" d=${iconPath("more")}></path>
  </g>`;
}

/** The frozen picture behind a server whose child writes it. */
function ghost(width: number, height: number): SVGTemplateResult {
  return svg`<rect class="card-ghost" x="6" y="6" width=${width} height=${height} rx="10"></rect>`;
}

function titles(view: View, { node, width }: Card, stage: Stage): SVGTemplateResult {
  const role = view.t(`role.${node.role}`);
  const raw = node.upstream?.state ?? null;
  return svg`<text class="card-name" x="14" y="27">${node.name}${
    width < ROOMY ? nothing : svg`<tspan class="card-port">:${node.port}</tspan>`
  }</text>
    <rect class="role-pill" x=${width - 70} y="12" width="58" height="20" rx="10"></rect>
    <text class="role-text" x=${width - 41} y="26" text-anchor="middle">${role}</text>
    <text class="card-stage" x="14" y="47">${stageText(view, node, stage)}${
      raw === null || width < RAW_MIN || stage === "steady"
        ? nothing
        : svg`<tspan class="card-raw" dx="8">${raw}</tspan>`
    }</text>`;
}

function stats(view: View, { node, width }: Card): SVGTemplateResult {
  const { t } = view;
  const offset = t.number(node.offset);
  const roomy = width >= ROOMY;
  const second = Math.round(width * (roomy ? 0.42 : 0.58));
  const third = Math.round(width * 0.62);
  return svg`<text class="stat-label" x="14" y="72">${t("topology.offset")}</text>
    <text class="stat ${offset.length > LONG ? "long" : ""}" x="14" y="94" data-testid="offset"
      data-node=${node.name}>${offset}</text>
    <text class="stat-label" x=${second} y="72">${t("topology.keyCount")}</text>
    <text class="stat" x=${second} y="94">${t.short(node.keys.total)}</text>
    ${
      roomy
        ? svg`<text class="stat-label" x=${third} y="72">replid</text>
          <text class="stat-id" x=${third} y="94"
            ><title>${node.replid}</title>${node.replid.slice(0, 8)}</text>`
        : nothing
    }`;
}

function foot(view: View, place: Card): SVGTemplateResult {
  const { node, width, height } = place;
  const bar = barOf(view, node);
  const tall = height > CARD_HEIGHT * 1.5;
  return svg`${tall ? pages(view, place) : nothing}
    <text class="card-note" x="14" y=${height - 14}>${noteOf(view, node, tall)}</text>
    ${
      bar === null
        ? nothing
        : svg`<rect class="card-track" x="14" y=${height - 8} width=${width - 28} height="3"></rect>
          <rect class="card-bar" x="14" y=${height - 8} width=${(width - 28) * bar}
            height="3"></rect>`
    }`;
}

/** How much of a snapshot is written or received, from 0 to 1; null if none is under way. */
function barOf(view: View, node: NodeView): number | null {
  const { snapshot } = node;
  if (snapshot !== null) return snapshot.keysDone / Math.max(1, snapshot.keysTotal);
  const transfer = transferOf(view.frame, node);
  return transfer === null ? null : Math.min(1, transfer.received / Math.max(1, transfer.whole));
}

function noteOf(view: View, node: NodeView, tall: boolean): string {
  const { t, frame } = view;
  if (!node.running) return "";
  const { pages } = node.keys;
  const copied = pages.filter((page) => page.copied).length;
  if (node.snapshot !== null && copied > 0) {
    const bytes = t.bytes(node.snapshot.copiedBytes);
    return t("topology.copied", { copied, pages: pages.length, bytes });
  }
  const behind = behindOf(frame.nodes, node, view);
  if (behind !== null) return t("topology.behind", { bytes: t.bytes(behind) });
  if (stageOf(frame, node) === "steady" && differences(frame, node) === 0)
    return t("topology.same");
  return tall && pages.length > 0 ? t("topology.pagesIdle", { pages: pages.length }) : "";
}

function behindOf(nodes: readonly NodeView[], node: NodeView, view: View): number | null {
  const master = masterOf(view.frame, node);
  const attachment = attachmentOf(view.frame, node);
  if (master === null || nodes.length === 0) return null;
  const same = master.replid === node.replid;
  const behind = same ? master.offset - node.offset : (attachment?.buffered ?? 0);
  return behind > 0 ? behind : null;
}

function pages(view: View, { node, width, height }: Card): SVGTemplateResult {
  const all = node.keys.pages;
  const grid = gridOf(all.length, width - 28, height - PAGES_TOP - 38);
  const copied = all.filter((page) => page.copied).length;
  const label = view.t("topology.pages", { pages: all.length, copied });
  return svg`<g class="pages" transform="translate(14 ${PAGES_TOP})">
    <title>${label}</title>
    ${grid.map(({ x, y, size }, index) => {
      const page = all[index];
      const kind = page?.copied === true ? "copied" : (page?.keys ?? 0) > 0 ? "used" : "empty";
      return svg`<rect class="page ${kind}" x=${x} y=${y} width=${size} height=${size}
        rx="1.5"></rect>`;
    })}
  </g>`;
}

function stageText({ t }: View, node: NodeView, stage: Stage): string {
  if (node.panic !== null) return t("node.panic");
  if (!node.running) return t("node.down");
  if (node.frozen) return t("node.frozen");
  if (node.snapshot !== null) return t("stage.forked");
  if (stage === "apart") return t(node.replicas.length > 0 ? "stage.master" : "stage.apart");
  return t(`stage.${stage}`);
}

/** A number of more characters is written smaller. */
const LONG = 7;
/** Where the map of pages begins in a card that has room for it. */
const PAGES_TOP = 114;
/** The middle of the line of numbers. */
const BESIDE_STATS = 84;
/** A narrower card has no room for the port and the replication ID. */
const ROOMY = 186;
/** A narrower card has no room for Redis' own name of the state. */
const RAW_MIN = 240;
