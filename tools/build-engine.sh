#!/usr/bin/env bash
# Builds the engine for the page into www/engine: first.wasm, what is loaded when it is called, and
# the glue; and into www/engine/swift the same engine for Workers whose servers hold much.
set -euo pipefail
cd "$(dirname "$0")/.."
(. tools/wasm-env.sh
 echo "== building the engine for the browser" >&2
 CARGO_TARGET_DIR=target/wasm cargo rustc --lib --quiet --profile page \
     --target wasm32-unknown-unknown -- -C link-arg=--emit-relocs)
. tools/versions.sh
rm -rf www/engine.new
linked=target/wasm/wasm32-unknown-unknown/page/replica_lab.wasm
"$TOOLS/bin/wasm-bindgen" --target web --no-demangle --out-dir www/engine.new $linked
whole=www/engine.new/replica_lab_bg.wasm

# A page may import only what wasm-bindgen puts there: no system, no environment.
node - "$whole" <<'JS'
const fs = require("node:fs");
const module_ = new WebAssembly.Module(fs.readFileSync(process.argv[2]));
const foreign = WebAssembly.Module.imports(module_).filter((i) => !i.module.startsWith("./replica_lab_bg"));
if (foreign.length > 0) {
  console.error("the engine imports what no page has:", foreign);
  process.exit(1);
}
JS

# LLVM has made it small; wasm-opt would make it smaller, but not what gzip leaves of it.
echo "== splitting off what a first visit does not call" >&2
CARGO_TARGET_DIR=target/split cargo build --quiet --release --manifest-path tools/split/Cargo.toml
split=target/split/release/split
echo '{ "type": "module" }' > www/engine.new/package.json
$split instrument "$whole" www/engine.new/noting.wasm
node tools/visit.mjs www/engine.new www/engine.new/noting.wasm www/engine.new/called
$split split "$whole" $linked www/engine.new/called www/engine.new
for part in www/engine.new/{first,part0,part1}.wasm; do
    node -e 'new WebAssembly.Module(require("node:fs").readFileSync(process.argv[1]))' $part
done
rm "$whole" www/engine.new/{noting.wasm,called,package.json}
mv www/engine.new/first.wasm "$whole"

# The glue gives the engine the way to its parts.
node - www/engine.new/replica_lab.js <<'JS'
const fs = require("node:fs");
const [path] = process.argv.slice(2);
const glue = fs.readFileSync(path, "utf8");
const imports = '"./replica_lab_bg.js": import0,\n';
if (glue.split(imports).length !== 2) throw new Error(`${path} is not glue as wasm-bindgen writes it`);
const parts = `${imports}        parts: { load: (part) => loadPart(wasm, part) },\n`;
fs.writeFileSync(path, `import { loadPart } from "#parts";\n${glue.replace(imports, parts)}`);
JS

# The swift one holds nodes and reads dumps; conducting a lab is the small one's work.
echo "== building the engine for large data" >&2
(. tools/wasm-env.sh
 CARGO_TARGET_DIR=target/wasm cargo build --lib --quiet --profile swift --target wasm32-unknown-unknown)
"$TOOLS/bin/wasm-bindgen" --target web --out-name swift --out-dir www/engine.new/swift \
    target/wasm/wasm32-unknown-unknown/swift/replica_lab.wasm
swift=www/engine.new/swift/swift_bg.wasm
$split trim $swift $swift labhandle_ read_link command_table
node -e 'new WebAssembly.Module(require("node:fs").readFileSync(process.argv[1]))' $swift

rm -rf www/engine && mv www/engine.new www/engine
for part in replica_lab_bg part0 part1 swift/swift_bg; do
    printf '== %s: %d bytes gzipped\n' $part "$(gzip -9c www/engine/$part.wasm | wc -c)" >&2
done
