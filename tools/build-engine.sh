#!/usr/bin/env bash
# Builds the engine for the page into www/engine: the wasm and its glue.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/wasm-env.sh

echo "== building the engine for the browser" >&2
CARGO_TARGET_DIR=target/wasm cargo build --lib --quiet --no-default-features --profile page --target wasm32-unknown-unknown
rm -rf www/engine.new
wasm-bindgen --target web --out-dir www/engine.new target/wasm/wasm32-unknown-unknown/page/replica_lab.wasm

# A page may import only what wasm-bindgen puts there: no system, no environment.
node - www/engine.new/replica_lab_bg.wasm <<'JS'
const fs = require("node:fs");
const module_ = new WebAssembly.Module(fs.readFileSync(process.argv[2]));
const foreign = WebAssembly.Module.imports(module_).filter((i) => !i.module.startsWith("./replica_lab_bg"));
if (foreign.length > 0) {
  console.error("the engine imports what no page has:", foreign);
  process.exit(1);
}
JS

echo "== making it small" >&2
www/node_modules/.bin/wasm-opt -Os -Os --strip-debug --strip-producers --enable-bulk-memory --enable-nontrapping-float-to-int \
    --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue \
    www/engine.new/replica_lab_bg.wasm -o www/engine.new/replica_lab_bg.wasm
rm -rf www/engine && mv www/engine.new www/engine
gzip -9 -c www/engine/replica_lab_bg.wasm | wc -c | xargs printf '== the engine is %d bytes gzipped\n' >&2
