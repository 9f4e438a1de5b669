/** What opens above the page: fetched when the first of it is asked for. */
import { html, type TemplateResult, unsafeCSS } from "lit";

import look from "../styles/dump.css?inline";
import { dump } from "./dump";
import { exports } from "./exports";
import { help } from "./help";
import { library } from "./library";
import type { View } from "./view";

/** How they look; nothing that is there from the beginning needs it. */
export const sheet = unsafeCSS(look);

export function dialogs(view: View): TemplateResult {
  return html`${help(view)} ${library(view)} ${dump(view)} ${exports(view)}`;
}
