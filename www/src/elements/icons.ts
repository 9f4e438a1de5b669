/** Small drawings on a grid of 16, in the colour of the text beside them. */
import { svg, type SVGTemplateResult } from "lit";

export type Icon = keyof typeof PATHS;

/** An icon for use within HTML; it says nothing to a screen reader. */
export function icon(name: Icon): SVGTemplateResult {
  return svg`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"
    focusable="false"><path d=${PATHS[name]}></path></svg>`;
}

/** The path of an icon, for use within a larger drawing. */
export function iconPath(name: Icon): string {
  return PATHS[name];
}

const PATHS = {
  start: "M3 3v10M12.5 3.5 6 8l6.5 4.5z",
  end: "M13 3v10M3.5 3.5 10 8l-6.5 4.5z",
  back: "M10.5 3.5 5 8l5.5 4.5",
  step: "M5.5 3.5 11 8l-5.5 4.5",
  play: "M4.5 2.8 13 8l-8.5 5.2z",
  pause: "M5 3v10M11 3v10",
  restart: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  cut:
    "M4 3l6.5 8M12 3 5.5 11M4.2 14a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z" +
    "M11.8 14a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z",
  heal:
    "M6.5 9.5l3-3M7 4.8l1.3-1.3a2.9 2.9 0 0 1 4.1 4.1L11.2 9" +
    "M9 11.2l-1.3 1.3a2.9 2.9 0 0 1-4.1-4.1L4.8 7",
  library: "M2.5 3.5h4.2c.8 0 1.3.5 1.3 1.3v8c0-.7-.6-1.3-1.3-1.3H2.5zM13.5 3.5H9.3c-.8 0-1.3.5-1.3 1.3v8c0-.7.6-1.3 1.3-1.3h4.2z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  export: "M8 2v7.5M4.8 6.6 8 9.8l3.2-3.2M2.5 11v2.5h11V11",
  close: "M4 4l8 8M12 4l-8 8",
  help:
    "M6 6.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4v.2M8 12v.2" +
    "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z",
  light:
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15" +
    "M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  dark: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z",
  auto: "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM8 1.5v13M8 4.5h4.8M8 8h6.4M8 11.5h4.8",
} as const;
