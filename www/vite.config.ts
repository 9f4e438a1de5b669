import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { defineConfig, type Plugin } from "vite";

import self from "./package.json" with { type: "json" };

const glue = fileURLToPath(new URL("./engine/replica_lab.js", import.meta.url));
const swift = fileURLToPath(new URL("./engine/swift/swift.js", import.meta.url));
const parts = fileURLToPath(new URL("./src/engine/parts.ts", import.meta.url));

/** Says what is missing before a bundler's stack trace does. */
function demandEngine(): Plugin {
  return {
    name: "demand-engine",
    buildStart() {
      if (!existsSync(glue)) {
        this.error("www/engine is missing: build the engine first (`make engine`), then the page.");
      }
    },
  };
}

/** A scenario without the transcript that follows it: what the page opens is the script. */
function scripts(): Plugin {
  return {
    name: "scripts",
    enforce: "pre",
    load(id) {
      const file = /^(.*\/tests\/scenarios\/[^/]+\.txt)\?raw$/.exec(id)?.[1];
      if (file === undefined) return null;
      const script = readFileSync(file, "utf8").split("\n----\n")[0] ?? "";
      return `export default ${JSON.stringify(`${script}\n`)}`;
    },
  };
}

/** Templates without their indentation: after minifying, only they have lines that begin with spaces. */
function indentation(): Plugin {
  return {
    name: "indentation",
    renderChunk: { order: "post", handler: (code) => ({ code: code.replace(/\n[ \t]+/g, " "), map: null }) },
  };
}

/** What this is built from, as the page tells it; a copy without its history has no commit. */
function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short=10", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

export default defineConfig({
  base: "./",
  define: {
    "import.meta.env.VITE_COMMIT": JSON.stringify(commit()),
    "import.meta.env.VITE_VERSION": JSON.stringify(self.version),
  },
  plugins: [demandEngine(), scripts(), indentation()],
  resolve: { alias: { "#engine": glue, "#swift": swift, "#parts": parts } },
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    // What tests/budget.mjs weighs.
    manifest: true,
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: { host: "127.0.0.1", fs: { allow: [".."] } },
  preview: { host: "127.0.0.1" },
});
