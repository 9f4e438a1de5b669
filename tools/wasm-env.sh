# Sourced by whatever builds for wasm32: chooses the toolchain that has the target.
# An ordinary rustup machine has it in its own toolchain; else Debian's compiler serves.
. "$(dirname "${BASH_SOURCE[0]}")/versions.sh"
export PATH="$TOOLS/bin:$PATH"
if [ -z "$(ls "$(rustc --print sysroot)"/lib/rustlib/wasm32-unknown-unknown/lib/libstd-*.rlib 2>/dev/null)" ]; then
    export RUSTUP_TOOLCHAIN=debian-web
fi
