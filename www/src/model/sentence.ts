/** An event in the reader's language: from what the engine says happened, by name and values. */
import type { Act, Frame, Happening } from "../engine/frame";
import type { Key, Words } from "./language";

/** The sentence of what happens to `node`, with the beginnings of replication IDs in it. */
export function sentence(frame: Frame, node: number, what: Happening, t: Words): string {
  const name = (id: number): string => frame.nodes[id]?.name ?? `#${id}`;
  const own = name(node);
  switch (what.is) {
    case "start":
      return t("event.start", { node: own });
    case "type":
      return `${what.name}> ${what.line}`;
    case "act":
      return acted(what, t);
    case "reach":
      return t("event.accept", { node: own, from: name(what.from) });
    case "establish":
      return t("event.established", { node: own, to: name(what.to) });
    case "refuse":
      return t("event.refused", { node: own, why: what.why });
    case "receive": {
      const { label, bytes } = what;
      const values = { from: name(what.from), to: own, what: shortened(label) };
      return t("event.receive", { ...values, bytes: t.number(bytes) });
    }
    case "close":
      return t("event.closed", { node: own, from: name(what.by) });
    case "reset":
      return t("event.reset", { node: own, from: name(what.by) });
    case "disk": {
      const { verb, file, bytes } = what;
      const [from = "", to = ""] = file.split(" ");
      const done = t(`disk.${verb}`, { file, bytes: t.number(bytes), from, to });
      return t("event.disk", { node: own, what: done });
    }
    case "wake":
      return `${own}: ${t(`wake.${what.why}`)}`;
  }
}

/** What a person does to a wire or a machine. */
function acted({ verb, a, b, amount }: Act, t: Words): string {
  const key: Key = amount === 0 ? (LIMITLESS[verb] ?? `act.${verb}`) : `act.${verb}`;
  const much = verb === "delay" || verb === "jitter" ? `${t.number(amount)} ms` : t.bytes(amount);
  return t(key, { a, b, amount: much });
}

/** No limit is said in other words than a limit. */
const LIMITLESS: Readonly<Partial<Record<Act["verb"], Key>>> = {
  bandwidth: "act.bandwidth.any",
  diskSpeed: "act.diskSpeed.any",
};

/** Replication IDs are shown by their beginnings. */
export function shortened(label: string): string {
  return label.replace(/\b([0-9a-f]{8})[0-9a-f]{32}\b/g, "$1…");
}
