/** What a first visit does not show, dialogs and the dock: fetched when the first of it is wanted. */
import { html, type TemplateResult, unsafeCSS } from "lit";

import look from "../styles/dump.css?inline";
import { dump } from "./dump";
import { exports } from "./exports";
import { help } from "./help";
import { library } from "./library";
import type { View } from "./view";

export { dock } from "./dock";

/** How it looks, as far as nothing else needs it. */
export const sheet = unsafeCSS(look);

export function dialogs(view: View): TemplateResult {
  return html`${help(view)} ${library(view)} ${dump(view)} ${exports(view)}`;
}
