/** What a key asks for, as an intent: what it is depends on where the reader stands. */
import type { Intent } from "../model/intent";
import { lineFor } from "../model/selected";
import type { Wish } from "../model/shortcuts";
import { nudged } from "../model/speed";
import type { State } from "../model/store";

/** What comes of a wish: an intent, if there is one, and a part of the page that gets the focus. */
export interface Granted {
  readonly intent?: Intent;
  readonly focus?: string;
}

export function granted(wish: Wish, { frame, screen }: State, label: string | undefined): Granted {
  switch (wish.do) {
    case "prompt":
      return { focus: ".prompt-line" };
    case "log":
      return { intent: { do: "show", pane: "console" }, focus: "[data-testid=log] [tabindex='0']" };
    case "conditions":
      return {
        focus: "[data-testid=until]",
        ...(screen.expert ? {} : { intent: { do: "expert", on: true } }),
      };
    case "hex":
      return { intent: { do: "dock", dock: "inspector" }, focus: "[data-testid=hex]" };
    case "faster":
      return { intent: { do: "rate", rate: nudged(screen.rate, wish.by) } };
    case "turn": {
      const branches = frame?.branches ?? [];
      const there = branches[branches.findIndex(({ current }) => current) + wish.by];
      return there === undefined ? {} : { intent: { do: "branch", id: there.id } };
    }
    case "fault": {
      const line = frame === null ? null : lineFor(wish.fault, frame, screen);
      return line === null ? {} : { intent: { do: "intervene", line } };
    }
    case "help":
      // Asked at a control, the help tells of it.
      return { intent: { ...wish, ...(label ? { topic: label } : {}) } };
    default:
      return { intent: wish };
  }
}
