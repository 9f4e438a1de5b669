/** Links to a moment of a lab: what is written into an address, and what is found in one. */
import type { SyncMode } from "./intent";
import { parkedOf } from "./parked";
import { withSync } from "./scenario";
import type { Screen } from "./store";
import type { LessonState } from "./tutor";
import { BOUNDS, LIMITS } from "./until";

/** A scenario that the page can find by its name, as the page knows it. */
export interface Known {
  readonly id: string;
  readonly script: string;
}

/** What a link says of the scenario of a lab that was opened with `script`. */
export function scenarioOf(script: string, known: Known | null): string {
  if (known === null) return script;
  if (script === known.script) return known.id;
  const sync = SYNCS.find((one) => withSync(known.script, one) === script);
  return sync === undefined ? script : `${known.id} ${sync}`;
}

/** What a link's scenario means: its script, and the scenario behind it, if it has a name. */
export async function scriptOf(
  scenario: string,
  load: (id: string) => Promise<string | null>,
): Promise<{ readonly script: string; readonly known: Known | null }> {
  if (scenario.includes("\n")) return { script: scenario, known: null };
  const [id = "", sync] = scenario.split(" ");
  const script = await load(id);
  if (script === null) throw new Error(`there is no scenario '${id}'`);
  const mode = SYNCS.find((one) => one === sync);
  return { script: mode === undefined ? script : withSync(script, mode), known: { id, script } };
}

/** What of the screen a reader of the link finds again. */
export function viewOf(screen: Screen, lesson: LessonState | null): string {
  const { expert, node, pane, dock, limits } = screen;
  const view = new URLSearchParams({ node: String(node), pane, ...parkedOf(lesson) });
  for (const what of LIMITED) {
    if (limits[what] !== LIMITS[what]) view.set(what, String(limits[what]));
  }
  if (expert) view.set("expert", "1");
  if (dock !== null) view.set("dock", dock);
  return view.toString();
}

/** The choices that a view stands for; what is not known is left out. */
export function choicesOf(view: string): Partial<Screen> {
  const told = new URLSearchParams(view);
  const [node, pane, dock] = [Number(told.get("node")), told.get("pane"), told.get("dock")];
  const limits = { ...LIMITS };
  for (const what of LIMITED) {
    const than = Number(told.get(what) || NaN);
    if (Number.isSafeInteger(than) && than >= 0 && than <= BOUNDS[what]) limits[what] = than;
  }
  return {
    expert: told.has("expert"),
    limits,
    ...(Number.isSafeInteger(node) && node >= 0 ? { node } : {}),
    ...(pane === "console" || pane === "keys" || pane === "events" ? { pane } : {}),
    dock: dock === "spacetime" || dock === "facts" ? dock : null,
  };
}

/** The address of this page with a link in it; nothing of it is sent to a server. */
export function addressOf(fragment: string): string {
  const address = new URL(location.href);
  address.search = "";
  address.hash = `${MARK}${fragment}`;
  return address.href;
}

/** The link in the address of this page, or null. */
export function linkIn(hash: string): string | null {
  const text = hash.replace(/^#/, "");
  return text.startsWith(MARK) ? text.slice(MARK.length) : null;
}

/** True if an address asks for anything in words. */
export function asksIn(search: string): boolean {
  const told = new URLSearchParams(search);
  return ["scenario", "seed", "step", "commands"].some((name) => told.has(name));
}

/** Where a fragment begins that is a link. */
const MARK = "s=";
const LIMITED = ["lag", "buffer"] as const;
const SYNCS: readonly SyncMode[] = ["diskless", "disk"];
