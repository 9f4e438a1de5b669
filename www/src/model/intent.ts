/** Everything a person may want of the page, as data that travels up in one kind of event. */
import type { ExportFormat, LogLevel } from "../engine/frame";
import type { Form } from "./forms";
import type { Language } from "./language";
import type { Picked } from "./picked";
import type { Theme } from "./theme";

/** How the master hands over its snapshot. */
export type SyncMode = "diskless" | "disk";

/** The panes that share one place on smaller screens. */
export type Pane = "console" | "keys" | "events";

/** What the line of history measures: events, or virtual time. */
export type Scale = "events" | "time";

/** The hand that holds a phone: the controls are on its side. */
export type Hand = "right" | "left";

/** What can be shown below the picture. */
export type Dock = "inspector" | "spacetime" | "facts";

/** What faults are offered for. */
export type Target =
  | { readonly kind: "node"; readonly node: number }
  | { readonly kind: "wire"; readonly pair: string };

/** What a run stops at once it is more than a number: how far behind a server's replicas are, in
 * bytes, or how full their output buffers are, in hundredths of their limit. */
export interface Limit {
  readonly node: string;
  readonly what: "lag" | "buffer";
}

/** How far a step goes: one event, to the next command or reply, to the next line of a log. */
export type Stride = "frame" | "command" | "phase";

/** What moves the lab. */
export type Move =
  | { readonly do: "step" | "back" | "start" | "end" | "toggle" }
  | { readonly do: "chapter"; readonly by: 1 | -1 }
  | { readonly do: "reach"; readonly chapter: number }
  | { readonly do: "seek"; readonly cursor: number }
  /** To an instant, in virtual milliseconds since the beginning. */
  | { readonly do: "seekTime"; readonly millis: number }
  | { readonly do: "visit"; readonly cursor: number; readonly id: string }
  | { readonly do: "branch"; readonly id: number }
  | { readonly do: "until"; readonly until: string }
  | { readonly do: "changed"; readonly watch: string }
  | { readonly do: "intervene"; readonly line: string };

/** What changes only the screen, or begins anew. */
export type Choice =
  | { readonly do: "restart"; readonly sync: SyncMode }
  | { readonly do: "select"; readonly node: number }
  | { readonly do: "pick" | "hover"; readonly picked: Picked | null }
  | { readonly do: "point"; readonly part: number | null }
  | { readonly do: "dock"; readonly dock: Dock | null }
  | { readonly do: "expert" | "list"; readonly on: boolean }
  | { readonly do: "stride"; readonly stride: Stride }
  | { readonly do: "download" | "report"; readonly node: number }
  | { readonly do: "export"; readonly format: ExportFormat }
  | { readonly do: "form"; readonly form: Form }
  | { readonly do: "target"; readonly target: Target | null }
  | { readonly do: "show"; readonly pane: Pane }
  | { readonly do: "merge"; readonly logs: boolean }
  | { readonly do: "level"; readonly level: LogLevel }
  | { readonly do: "rate"; readonly rate: number }
  | { readonly do: "idle"; readonly skip: boolean }
  | { readonly do: "scale"; readonly scale: Scale }
  /** Asks for the number of a limit, or no longer. */
  | { readonly do: "limit"; readonly limit: Limit | null }
  | { readonly do: "bound"; readonly what: Limit["what"]; readonly than: number }
  /** Looks at another moment without going there. */
  | { readonly do: "peek"; readonly at: number | null }
  /** The shortcut that waits for another key. */
  | { readonly do: "rebind"; readonly id: string | null }
  | { readonly do: "keys"; readonly keys: string }
  | { readonly do: "hand"; readonly hand: Hand }
  | { readonly do: "language"; readonly language: Language }
  | { readonly do: "theme"; readonly theme: Theme }
  | { readonly do: "help"; readonly open: boolean; readonly topic?: string }
  | { readonly do: "library" | "dump" | "exports"; readonly open: boolean }
  /** Reads a file of the reader's. */
  | { readonly do: "survey"; readonly file: File }
  | { readonly do: "copyLink" }
  /** Gives up reading it, or lets a server begin with it. */
  | { readonly do: "giveUp" | "adopt" }
  | { readonly do: "lesson" | "scenario"; readonly id: string }
  | { readonly do: "teach"; readonly what: "skip" | "next" | "back" | "leave" }
  | { readonly do: "answer"; readonly choice: number }
  | { readonly do: "dismiss" };

export type Intent = Move | Choice;

/** An intent on its way from a control to the outermost element. */
export class IntentEvent extends CustomEvent<Intent> {
  constructor(intent: Intent) {
    super("intent", { detail: intent, bubbles: true });
  }
}

/** A listener that sends `intent` up from where it is attached. */
export function intend(intent: Intent): (event: Event) => void {
  return (event) => event.currentTarget?.dispatchEvent(new IntentEvent(intent));
}

/** Sends it up once a dialog has closed. That is told a moment later, and by then it may have been
 * opened again: then there is nothing to send. */
export function whenClosed(intent: Intent): (event: Event) => void {
  const send = intend(intent);
  return (event) => {
    if (event.currentTarget instanceof HTMLDialogElement && !event.currentTarget.open) send(event);
  };
}

declare global {
  interface GlobalEventHandlersEventMap {
    intent: IntentEvent;
  }
}
