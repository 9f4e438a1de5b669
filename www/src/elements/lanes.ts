/** The lanes of an RDB beneath the offsets: its bytes are not bytes of the stream. */
import { html, nothing, svg, type TemplateResult } from "lit";

import { percent } from "../draw/scale";
import type { NodeView } from "../engine/frame";
import type { Words } from "../model/language";
import { type Transfer, transferOf } from "../model/transfer";
import type { View } from "./view";

/** The lane of the snapshot that `master` makes: how much of the picture its child has written. */
export function snapshotLane({ t }: View, master: NodeView): TemplateResult | typeof nothing {
  const { snapshot } = master;
  if (snapshot === null) return nothing;
  const { keysDone, keysTotal, section, written } = snapshot;
  const facts = { done: t.number(keysDone), total: t.number(keysTotal), section };
  const text = t("ruler.snapshot.value", facts);
  const bytes = t("ruler.rdb.written", { written: t.bytes(written) });
  return html`<div class="row-name minor">${t("ruler.snapshot")}</div>
    <svg
      class="track"
      role="img"
      aria-label="${t("ruler.snapshot")}: ${text}, ${bytes}"
      height="12"
      width="100%"
      data-testid="snapshot"
    >
      <title>${bytes}</title>
      ${svg`<rect class="bar-ground" width="100%" height="8" y="2"></rect>
      <rect class="bar-snapshot" width=${percent(keysDone / Math.max(1, keysTotal))} height="8"
        y="2"></rect>`}
    </svg>
    <div class="row-value minor">${text}</div>`;
}

export function rdbLane({ t, frame }: View, node: NodeView): TemplateResult | typeof nothing {
  const transfer = transferOf(frame, node);
  if (transfer === null) return nothing;
  const { sent, received, loaded, whole } = transfer;
  const width = (bytes: number): string => percent(Math.min(1, bytes / Math.max(1, whole)));
  const text = textOf(t, transfer);
  return html`<div class="row-name minor">${t("ruler.rdb")}</div>
    <svg
      class="track"
      role="img"
      aria-label="${node.name}, ${t("ruler.rdb")}: ${text}"
      height="12"
      width="100%"
      data-testid="rdb"
      data-node=${node.name}
    >
      ${svg`<rect class="bar-ground" width="100%" height="8" y="2"></rect>
      <rect class="rdb-sent" width=${width(sent)} height="8" y="2"></rect>
      <rect class="bar-rdb" width=${width(received)} height="8" y="2"></rect>
      <rect class="rdb-loaded" width=${width(loaded)} height="2" y="5"></rect>`}
    </svg>
    <div class="row-value minor">${text}</div>`;
}

function textOf(t: Words, { written, received, loaded, keys, total, begun }: Transfer): string {
  if (keys !== null) return t("ruler.rdb.loading", { read: t.bytes(loaded), keys: t.number(keys) });
  if (!begun) return t("ruler.rdb.written", { written: t.bytes(written) });
  if (total === null) return t("ruler.rdb.read", { read: t.bytes(received) });
  return t("ruler.rdb.of", { read: t.bytes(received), total: t.bytes(total) });
}
