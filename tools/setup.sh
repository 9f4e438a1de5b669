#!/usr/bin/env bash
# Installs what a `make` target needs, and only what is missing: tools/setup.sh NEED...
#
# Needs: wasm bindgen wasm-pack chromium firefox geckodriver redis nextest page clients tshark
#
# Each step looks for its result first, says what it is doing and why, and lets the tool
# it runs show its own progress. What cannot be had fails with a sentence naming it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/versions.sh

say()  { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die()  { printf '\nset-up failed: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- what nobody installs but the user: said before anything takes minutes ----------------------
node20() { have npm && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 20 ]; }

look_for() { # look_for NEED
    case $1 in
        wasm|bindgen|wasm-pack|geckodriver|nextest)
            have cargo || die "cargo is not on the PATH; install Rust (https://rustup.rs) and run make again."
            rustc --version >/dev/null || die "rustc does not run: see above, and run make again." ;;
        page|clients)
            node20 || die "Node.js 20 or later, with npm, is not on the PATH; install it and run make again." ;;
    esac
}

# --- Debian packages -------------------------------------------------------------------
updated=no
apt() { # apt WHY PACKAGE...
    local why=$1; shift
    have apt-get || die "$why needs the programs of Debian's packages $*; install them with this system's package manager and run make again."
    local sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
    say "installing $* ($why)"
    if [ $updated = no ]; then $sudo apt-get update -qq || die "the list of Debian's packages could not be updated."; updated=yes; fi
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        || die "Debian's packages $* could not be installed; $why needs them."
}

# --- tools from crates.io, kept for every checkout of this user -----------------------------
crate() { # crate BINARY VERSION PACKAGE [cargo install's options]
    local binary=$1 version=$2 package=$3; shift 3
    if "$TOOLS/bin/$binary" --version 2>/dev/null | grep -qF "$version"; then return; fi
    # A copy of the right version that is already on the PATH serves as well.
    if have "$binary" && "$binary" --version 2>/dev/null | grep -qF "$version"; then
        mkdir -p "$TOOLS/bin" && ln -sf "$(command -v "$binary")" "$TOOLS/bin/$binary"; return
    fi
    say "building $package $version from crates.io (some minutes, once)"
    PATH="$TOOLS/bin:$PATH" CARGO_TARGET_DIR="$TOOLS/build" cargo install "$package" --version "$version" --root "$TOOLS" "$@" \
        || die "$package $version could not be built from crates.io."
}

# --- the compiler's wasm32 target ------------------------------------------------------------
rustup_wasm() { [ -n "$(ls "$(rustc --print sysroot)"/lib/rustlib/wasm32-unknown-unknown/lib/libstd-*.rlib 2>/dev/null)" ]; }
debian_wasm() { [ -x /usr/bin/rustc ] && [ -n "$(ls /usr/lib/rustlib/wasm32-unknown-unknown/lib/libstd-*.rlib 2>/dev/null)" ]; }

need_wasm() {
    have cc || apt "a linker for cargo" gcc libc6-dev
    rustup_wasm && return
    if ! debian_wasm; then
        if have rustup; then
            say "adding the wasm32-unknown-unknown target to the Rust toolchain"
            timeout 60 rustup target add wasm32-unknown-unknown && rustup_wasm && return
            say "rustup cannot download here; taking Debian's compiler and building the target's standard library"
        fi
        apt "a compiler that knows wasm32" rustc-web cargo-web rust-web-src rust-web-llvm lld-22
        local empty; empty=$(mktemp -d)
        mkdir "$empty/src" && touch "$empty/src/lib.rs"
        printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n' > "$empty/Cargo.toml"
        say "building the standard library for wasm32 (1 to 3 minutes, once)"
        (cd "$empty" && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=debian \
            /usr/bin/cargo build -Zbuild-std=std,panic_abort,panic_unwind,test --release --target wasm32-unknown-unknown) \
            || die "the standard library for wasm32 could not be built from Debian's rust-web-src."
        local sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
        $sudo mkdir -p /usr/lib/rustlib/wasm32-unknown-unknown/lib
        rm -f "$empty"/target/wasm32-unknown-unknown/release/deps/libempty*
        $sudo cp "$empty"/target/wasm32-unknown-unknown/release/deps/*.rlib /usr/lib/rustlib/wasm32-unknown-unknown/lib/
        rm -rf "$empty"
    fi
    if have rustup && ! rustup toolchain list | grep -q '^debian-web'; then rustup toolchain link debian-web /usr; fi
}

need_bindgen()     { crate wasm-bindgen "$WASM_BINDGEN" wasm-bindgen-cli; }
need_wasm_pack()   { crate wasm-pack "$WASM_PACK" wasm-pack --locked; }
need_nextest()     { cargo nextest --version >/dev/null 2>&1 || crate cargo-nextest "$NEXTEST" cargo-nextest --locked; }
need_redis()       { have redis-server && have redis-cli || apt "the interop tests" redis-server; }
need_chromium()    {
    have chromium && have chromedriver || apt "the browser tests" chromium chromium-driver
}
need_tshark()      { have tshark || apt "the test of captures" tshark; }
need_firefox()     { have firefox-esr || have firefox || apt "the browser tests" firefox-esr; }
need_geckodriver() { crate geckodriver "$GECKODRIVER" geckodriver; }
need_fonts()       { fc-list :lang=ko 2>/dev/null | grep -q . || apt "Korean text in screenshots" fontconfig fonts-noto-cjk; }

need_page() {
    local stamp=www/node_modules/.package-lock.json
    if [ ! -f $stamp ] || [ www/package-lock.json -nt $stamp ]; then
        say "installing the page's packages from the npm registry"
        (cd www && npm ci --no-audit --no-fund) || die "the page's packages could not be installed from the npm registry."
    fi
}

# redis-py and ioredis, as tests/libraries.rs runs them.
need_clients() {
    local folder=target/clients from=tests/libraries
    if [ ! -f $folder/python.done ] || [ $from/requirements.txt -nt $folder/python.done ]; then
        have python3 && python3 -c 'import venv, ensurepip' 2>/dev/null \
            || apt "the test with redis-py" python3 python3-venv
        say "installing redis-py from PyPI"
        python3 -m venv --clear $folder/python \
            && $folder/python/bin/pip install --quiet --disable-pip-version-check -r $from/requirements.txt \
            || die "redis-py could not be installed from PyPI; tests/libraries.rs needs it."
        touch $folder/python.done
    fi
    if [ ! -f $folder/node.done ] || [ $from/package-lock.json -nt $folder/node.done ]; then
        say "installing ioredis from the npm registry"
        mkdir -p $folder/node && cp $from/package.json $from/package-lock.json $folder/node/
        (cd $folder/node && npm ci --no-audit --no-fund --silent) \
            || die "ioredis could not be installed from the npm registry; tests/libraries.rs needs it."
        touch $folder/node.done
    fi
}

for need in "$@"; do look_for "$need"; done
for need in "$@"; do
    case $need in
        wasm|bindgen|chromium|firefox|geckodriver|redis|nextest|page|fonts|clients|tshark) need_$need ;;
        wasm-pack) need_wasm_pack ;;
        *) die "tools/setup.sh knows no step named '$need'." ;;
    esac
done
