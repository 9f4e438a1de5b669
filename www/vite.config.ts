import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { defineConfig, type Plugin } from "vite";

const glue = fileURLToPath(new URL("./engine/replica_lab.js", import.meta.url));

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

export default defineConfig({
  base: "./",
  plugins: [demandEngine(), scripts()],
  resolve: { alias: { "#engine": glue } },
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
