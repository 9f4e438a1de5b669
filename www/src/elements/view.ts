/** What every template is a function of. */
import type { Command, Frame, NodeView, Passage } from "../engine/frame";
import type { Glossary } from "../model/glossary";
import type { Hand } from "../model/intent";
import type { Telling } from "../model/lesson";
import type { Words } from "../model/language";
import type { State } from "../model/store";
import type { Story } from "../model/story";
import type { Theme } from "../model/theme";

export interface View {
  readonly state: State;
  readonly frame: Frame;
  readonly story: Story;
  readonly t: Words;
  readonly theme: Theme;
  /** What is said in the lesson that is under way. */
  readonly telling: Telling | null;
  /** What can be typed. */
  readonly commands: readonly Command[];
  /** What the words on the screen mean, once it was asked for. */
  readonly glossary: Glossary | null;
  /** A stretch of the space-time diagram, for who draws it. */
  readonly passage: (from: number, to: number) => Promise<Passage | null>;
  /** What draws the dialogs and the dock, once one was wanted. */
  readonly later: typeof import("./later") | null;
  /** The keys that a reader has chosen; see `model/shortcuts.ts`. */
  readonly keys: string;
  readonly hand: Hand;
  /** The titles of the lessons. */
  readonly titles: readonly string[];
}

/** The node whose prompt and log are shown. */
export function chosenNode(view: View): NodeView | null {
  const { frame, state } = view;
  return frame.nodes[state.screen.node] ?? frame.nodes[0] ?? null;
}

/** Names in a row, as a list is written. */
export function names(nodes: readonly NodeView[]): string {
  return nodes.map((node) => node.name).join(", ");
}

/** The value of an option that the node shows, or null. */
export function optionOf(node: NodeView, name: string): string | null {
  return node.config.find(([option]) => option === name)?.[1] ?? null;
}
