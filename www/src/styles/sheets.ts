/** Every style of the one shadow root, as constructed sheets: a strict CSP lets nothing else in. */
import { type CSSResult, unsafeCSS } from "lit";

import base from "./base.css?inline";
import explain from "./explain.css?inline";
import inspector from "./inspector.css?inline";
import instruments from "./instruments.css?inline";
import lesson from "./lesson.css?inline";
import layout from "./layout.css?inline";
import opening from "./opening.css?inline";
import panes from "./panes.css?inline";
import picture from "./picture.css?inline";
import room from "./room.css?inline";
import study from "./study.css?inline";
import tokens from "./tokens.css?inline";
import transport from "./transport.css?inline";

export const sheets: CSSResult[] = [
  tokens,
  base,
  layout,
  room,
  picture,
  instruments,
  study,
  inspector,
  explain,
  lesson,
  opening,
  panes,
  transport,
].map((text) => unsafeCSS(text));
