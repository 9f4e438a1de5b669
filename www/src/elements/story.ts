/** The strip of chapters, and one sentence about what is to be seen. */
import { html, type TemplateResult } from "lit";

import type { NodeView } from "../engine/frame";
import { intend } from "../model/intent";
import type { Key, Values, Words } from "../model/language";
import { beginningOf } from "../model/marks";
import { attachmentOf } from "../model/relations";
import { CHAPTERS } from "../model/story";
import { opening } from "./opening";
import { names, optionOf, type View } from "./view";

export function story(view: View): TemplateResult {
  const { t } = view;
  return html`<section class="story" part="caption" aria-label=${t("story.label")}>
    <ol class="chapters" aria-label=${t("chapter.list")}>
      ${CHAPTERS.map((_, index) => chapter(view, index))}
    </ol>
    ${opening(view) ?? html`<p class="caption" data-testid="caption" data-stage=${view.story.stage}>${caption(view)}</p>`}
  </section>`;
}

function chapter(view: View, index: number): TemplateResult {
  const { t, story, state } = view;
  const id = CHAPTERS[index] ?? "steady";
  const name = t(`chapter.${id}`);
  const begun = beginningOf(state.marks, index);
  const past = begun !== null && index !== story.chapter;
  const rank = index < story.chapter ? "done" : index === story.chapter ? "now" : "later";
  const ahead = rank === "later" && begun === null;
  const label = past ? t("chapter.go", { name }) : t("chapter.run", { name });
  const goal = intend(
    begun === null ? { do: "reach", chapter: index } : { do: "seek", cursor: begun },
  );
  return html`<li class="chapter ${rank}">
    <button
      type="button"
      data-testid="chapter-${id}"
      aria-current=${rank === "now" ? "step" : "false"}
      aria-label=${rank === "now" ? name : label}
      title=${rank === "now" ? "" : label}
      ?disabled=${begun === null && !ahead}
      @click=${goal}
    >
      <span class="chapter-dot"></span><span class="chapter-name">${name}</span>
    </button>
  </li>`;
}

/** The sentence, from the facts of the frame. */
export function caption(view: View): string {
  const { t, story, frame } = view;
  const { stage, who, master } = story;
  const values: Values = { who: names(who), master: master?.name ?? "" };
  const first = who[0];
  if (first === undefined || master === null) {
    return t("story.apart", { count: frame.nodes.length });
  }
  const up = first.upstream;
  const attachment = attachmentOf(frame, first);
  const behind = t.bytes(Math.max(0, master.offset - (up?.processed ?? 0)));
  const buffered = t.bytes(attachment?.buffered ?? 0);
  switch (stage) {
    case "handshake":
      if (up?.state === "connect" || up?.state === "none") return t("story.redial", values);
      return t("story.handshake", { ...values, state: up?.state ?? "" });
    case "delay":
      return delayText(t, master, values);
    case "snapshot":
      return snapshotText(t, master, attachment?.buffered ?? 0, values);
    case "load":
      return t("story.load", { ...values, keys: t.number(first.loading?.keys ?? 0) });
    case "ack":
      if (attachment?.state !== "online") return t("story.snapshot.reap", values);
      return t("story.ack", { ...values, bytes: buffered });
    case "drain":
      return t("story.drain", { ...values, bytes: buffered });
    case "stream":
      return t("story.stream", { ...values, bytes: behind });
    case "steady":
      return t("story.steady", { ...values, offset: t.number(master.offset) });
    case "transfer":
    case "cut":
    case "apart":
      return t(`story.${stage}` satisfies Key, values);
  }
}

function delayText(t: Words, master: NodeView, values: Values): string {
  const delay = optionOf(master, "repl-diskless-sync-delay") ?? "5";
  if (master.snapshot !== null) return t("story.queue", values);
  return t("story.delay", { ...values, delay });
}

function snapshotText(t: Words, master: NodeView, buffered: number, values: Values): string {
  const { snapshot } = master;
  if (snapshot === null) return t("story.transfer", values);
  const facts = {
    ...values,
    done: t.number(snapshot.keysDone),
    total: t.number(snapshot.keysTotal),
    bytes: t.bytes(buffered),
  };
  if (snapshot.section === "end") return t("story.snapshot.reap", facts);
  if (buffered > 0) return t("story.snapshot.buffered", facts);
  return snapshot.target === "disk"
    ? t("story.snapshot.disk", facts)
    : t("story.snapshot.sockets", facts);
}
