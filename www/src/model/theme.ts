/** Light or dark: what the person forces, else what the host page shows, else the system. */

export type Theme = "auto" | "light" | "dark";
export type Scheme = "light" | "dark";

/** The next theme of the button that turns through them. */
export function nextTheme(theme: Theme): Theme {
  return theme === "auto" ? "light" : theme === "light" ? "dark" : "auto";
}

/** What a documentation tool says about its own scheme, if it says anything. */
export function hostScheme(root: Element, body: Element | null): Scheme | null {
  const marks = [root, body].flatMap((element) =>
    element === null
      ? []
      : [
          element.getAttribute("data-theme"),
          element.getAttribute("data-md-color-scheme"),
          ...element.classList,
        ],
  );
  for (const mark of marks) {
    if (mark !== null && DARK.has(mark)) return "dark";
    if (mark !== null && LIGHT.has(mark)) return "light";
  }
  return null;
}

/** Calls `changed` with the scheme to show, now and whenever it changes; answers how to stop. */
export function watchScheme(changed: (scheme: Scheme) => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const tell = (): void => {
    const host = hostScheme(document.documentElement, document.body);
    changed(host ?? (system.matches ? "dark" : "light"));
  };
  const observer = new MutationObserver(tell);
  const options = { attributeFilter: ["class", "data-theme", "data-md-color-scheme"] };
  observer.observe(document.documentElement, options);
  if (document.body !== null) observer.observe(document.body, options);
  system.addEventListener("change", tell);
  tell();
  return () => {
    observer.disconnect();
    system.removeEventListener("change", tell);
  };
}

/** The dark and the light themes of Docusaurus, Starlight, Material, VitePress and mdBook. */
const DARK = new Set(["dark", "slate", "navy", "coal", "ayu"]);
const LIGHT = new Set(["light", "default", "rust"]);
