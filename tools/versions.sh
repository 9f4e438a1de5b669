# The versions of the tools that are built from crates.io, and where they are kept.
# WASM_BINDGEN must be the very version of the wasm-bindgen crate in Cargo.lock.
WASM_BINDGEN=0.2.130
WASM_PACK=0.15.1
GECKODRIVER=0.37.1
NEXTEST=0.9.143
TOOLS=${REPLICA_LAB_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/replica-lab}
