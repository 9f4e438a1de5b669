/**
 * What the built page weighs, gzipped, against what it may weigh: `node tests/budget.mjs`.
 *
 * The loader is what the first picture waits for: the document, its style, and the script that
 * fetches the rest. The page is every script and style that every visit fetches, in the language
 * whose words are longest. What is fetched only when somebody asks for it (the dialogs, the
 * explanations, the space-time diagram, an address written by hand) is weighed by itself. Lessons
 * and scenarios are content: each is fetched when it is opened. The engine for large data is fetched
 * by whoever has large data.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url).pathname;
const KB = 1_000;
const LOADER_MAX = 15 * KB;
const PAGE_MAX = 85 * KB;
/** Of the engine, what a first visit fetches; its parts are fetched when they are called. */
const ENGINE_MAX = 250 * KB;
/** What a first visit does not fetch: it waits until it is asked for. */
const ASKED_MAX = 25 * KB;

const weigh = (file) => gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length;
const sum = (files) => [...files].reduce((total, file) => total + weigh(file), 0);

const manifest = JSON.parse(readFileSync(join(DIST, ".vite/manifest.json"), "utf8"));
const chunks = Object.values(manifest);
const entry = manifest["index.html"];

/** The files of a chunk and of all that it imports at once. */
function filesOf(chunk, seen = new Set()) {
  for (const file of [chunk.file, ...(chunk.css ?? [])]) seen.add(file);
  for (const name of chunk.imports ?? []) {
    if (!seen.has(manifest[name].file)) filesOf(manifest[name], seen);
  }
  return seen;
}

const isContent = ({ src }) => /\/(lessons|scenarios)\//.test(src ?? "");
const isLocale = ({ src }) => /\/locales\//.test(src ?? "");
const isSaid = ({ src }) => /\/glossary\/\w+\.json$/.test(src ?? "");
const isCode = (file) => /\.(js|css)$/.test(file);

const loader = new Set(["index.html", ...filesOf(entry)]);
const code = chunks.filter((chunk) => ![isContent, isLocale, isSaid].some((is) => is(chunk)));
const first = entry.dynamicImports.map((name) => manifest[name]);
const page = new Set([...loader, ...first.flatMap((chunk) => [...filesOf(chunk)]).filter(isCode)]);
for (const file of workersOf(page)) page.add(file);
const words = heaviest(isLocale);
const later = new Set(code.flatMap((chunk) => [...filesOf(chunk)]).filter(isCode));
for (const file of page) later.delete(file);
const engine = chunks.flatMap(({ file, assets = [] }) => [file, ...assets]).find(isEngine);

function isEngine(file) {
  return /replica_lab_bg.*\.wasm$/.test(file);
}

/** What is fetched in one language weighs what it weighs in the longest. */
function heaviest(is) {
  return Math.max(...chunks.filter(is).map(({ file }) => weigh(file)));
}

/** Workers are built by themselves: the manifest does not know them, who starts them does. */
function workersOf(files) {
  const named = [...files].filter(isCode).flatMap((file) => {
    const text = readFileSync(join(DIST, file), "utf8");
    return [...text.matchAll(/engine\.worker-[\w-]+\.js/g)].map(([name]) => `assets/${name}`);
  });
  return new Set(named);
}

const weights = [
  { what: "loader", bytes: sum(loader), max: LOADER_MAX },
  { what: "page", bytes: sum(page) + words, max: PAGE_MAX },
  { what: "engine", bytes: weigh(engine), max: ENGINE_MAX },
  { what: "asked", bytes: sum(later) + heaviest(isSaid), max: ASKED_MAX },
];
let heavy = false;
for (const { what, bytes, max } of weights) {
  heavy ||= bytes > max;
  const verdict = bytes > max ? "TOO HEAVY" : "ok";
  console.log(`${what.padEnd(7)} ${(bytes / KB).toFixed(1).padStart(6)} kB gz of ${max / KB} kB  ${verdict}`);
}
process.exit(heavy ? 1 : 0);
