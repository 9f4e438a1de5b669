/** The page: chooses a language, remembers what the reader chose, and starts the lab. */
import { ReplicaLab } from "./elements/replica-lab";
import { negotiated } from "./model/language";
import { recall, remember } from "./model/memory";
import type { Theme } from "./model/theme";
import fullSync from "./scenarios/full-sync.txt?raw";

ReplicaLab.opener = async (options) => (await import("./engine/wasm")).openWasm(options);

const page = document.documentElement;
const wanted = new URLSearchParams(location.search).get("lang") ?? recall("language") ?? "";
page.lang = negotiated(null, [wanted, ...navigator.languages]);

addEventListener("lab-language", (event) => {
  const language: unknown = (event as CustomEvent).detail;
  if (typeof language !== "string" || language === page.lang) return;
  page.lang = language;
  remember("language", language);
});

if (customElements.get("replica-lab") === undefined) {
  customElements.define("replica-lab", ReplicaLab);
}

for (const lab of document.querySelectorAll("replica-lab")) {
  const theme = recall("theme");
  if (theme === "light" || theme === "dark") lab.theme = theme satisfies Theme;
  lab.script = fullSync;
  new MutationObserver(() => remember("theme", lab.theme)).observe(lab, {
    attributeFilter: ["theme"],
  });
}
