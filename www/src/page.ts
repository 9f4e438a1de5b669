/** The page: chooses a language, remembers what the reader chose, and starts the lab. */
import { surveyInWorker } from "./engine/surveyor";
import { ReplicaLab } from "./elements/replica-lab";
import { negotiated } from "./model/language";
import { asksIn, linkIn } from "./model/link";
import { recall, remember } from "./model/memory";
import type { Theme } from "./model/theme";
import fullSync from "../../tests/scenarios/play-full-sync.txt?raw";

ReplicaLab.surveyor = surveyInWorker;
ReplicaLab.opener = async (options) => (await import("./engine/wasm")).openWasm(options);
ReplicaLab.linkReader = async (link) => (await import("./engine/wasm")).readLink(link);

const page = document.documentElement;
const wanted = new URLSearchParams(location.search).get("lang") ?? recall("language") ?? "";
page.lang = negotiated(null, [wanted, ...navigator.languages]);

addEventListener("lab-language", ({ target }) => {
  if (!(target instanceof ReplicaLab) || target.words === null) return;
  const { words } = target;
  document.title = `replica-lab · ${words("app.lead")}`;
  if (words.language === page.lang) return;
  page.lang = words.language;
  remember("language", words.language);
});

if (customElements.get("replica-lab") === undefined) {
  customElements.define("replica-lab", ReplicaLab);
}

addEventListener("lab-expert", (event) => {
  remember("expert", (event as CustomEvent<boolean>).detail ? "yes" : "no");
});

addEventListener("lab-opening", () => remember("opening", "seen"));

for (const lab of document.querySelectorAll("replica-lab")) {
  if (new URLSearchParams(location.search).has("expert") || recall("expert") === "yes") {
    lab.expert = true;
  }
  const theme = recall("theme");
  if (theme === "light" || theme === "dark") lab.theme = theme satisfies Theme;
  lab.keys = recall("keys") ?? lab.keys;
  if (recall("hand") === "left") lab.hand = "left";
  const lesson = new URLSearchParams(location.search).get("lesson");
  const asks = asksIn(location.search);
  const link = linkIn(location.hash);
  // Once is enough; and who asked for something has come for that.
  if (lesson === null && !asks && link === null && recall("opening") === null) lab.autoplay = "visible";
  const usual = { id: "full-sync", script: fullSync };
  let found = Promise.resolve(false);
  if (link !== null) found = lab.openLink(link);
  else if (lesson !== null) found = lab.openLesson(lesson);
  // Who follows an old address sees the page as it opens for everybody.
  void found.then((opened) => {
    if (opened) return;
    if (asks) void lab.openAsked(location.search, usual);
    else lab.introduce(usual);
  });
  // A link that is pasted into the address of the open page is followed, too.
  addEventListener("hashchange", () => {
    const pasted = linkIn(location.hash);
    if (pasted !== null) void lab.openLink(pasted);
  });
  // The page is the lab: its keys work from the beginning.
  if (document.activeElement === document.body) lab.focus({ preventScroll: true });
  new MutationObserver(() => {
    for (const choice of ["theme", "keys", "hand"] as const) remember(choice, lab[choice]);
  }).observe(lab, { attributeFilter: ["theme", "keys", "hand"] });
}
