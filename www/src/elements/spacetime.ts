/** The space-time diagram; what draws it is fetched when it is first shown. */
import { html, type TemplateResult } from "lit";

import type { View } from "./view";

let drawing: Promise<unknown> | null = null;

export function spacetime(view: View): TemplateResult {
  drawing ??= import("./lab-spacetime").catch(() => (drawing = null));
  return html`<lab-spacetime class="spacetime" data-testid="spacetime" .view=${view}></lab-spacetime>`;
}
