# make serve   sets everything up, builds, serves the page on loopback and prints its address
# make test    sets everything up and runs every test
# make check   the inner loop: format, lints of both targets, native tests
# make determinism   a hundred times the same in each browser, slowed down and not
# make measure      how fast jumps and a full synchronisation are in a browser
# make screenshots   the README's pictures, made anew
#
# Each step installs only what is missing, says what it does, and is not done twice.

SHELL := bash
PORT ?= 4173
ENGINE := www/engine/replica_lab_bg.wasm
WASM := . tools/wasm-env.sh && CARGO_TARGET_DIR=target/wasm
# wasm-pack's own settings for the browsers that it starts.
BROWSER := WASM_BINDGEN_TEST_TIMEOUT=300 wasm-pack test --headless

.PHONY: serve test check simulation engine page browsers playwright determinism screenshots measure clean

serve: engine
	@cd www && npm run --silent build
	@echo "== serving http://127.0.0.1:$(PORT)/ (Ctrl-C ends it)"
	@cd www && npm run --silent preview -- --host 127.0.0.1 --port $(PORT) --strictPort

check:
	@tools/setup.sh nextest redis clients tshark wasm
	cargo fmt --check
	cargo clippy --all-targets --quiet -- -D warnings
	$(WASM) cargo clippy --lib --test web --target wasm32-unknown-unknown --quiet -- -D warnings
	cargo build --quiet --example tcp_node
	cargo nextest run --no-fail-fast --status-level fail

test: check simulation browsers page playwright
	@echo "== every test has passed"

# More of the random worlds of which `check` runs a thousand.
simulation:
	SIMULATE_SEEDS=10000 cargo nextest run --test simulation --status-level fail

# The engine as the page loads it: small, and with the glue that matches.
engine: $(ENGINE)

$(ENGINE): Cargo.toml Cargo.lock $(shell find src tools/split/src -name '*.rs') tools/build-engine.sh tools/visit.mjs
	@tools/setup.sh wasm bindgen page
	@tools/build-engine.sh

# The scenarios over real ports, in real browsers.
browsers:
	@tools/setup.sh wasm bindgen wasm-pack chromium firefox geckodriver
	@cp tests/webdriver.json webdriver.json
	$(WASM) $(BROWSER) --chrome --chromedriver "$$(command -v chromedriver)" --test web
	$(WASM) $(BROWSER) --firefox --geckodriver "$$TOOLS/bin/geckodriver" --test web

page: engine
	@tools/setup.sh page
	cd www && npm run --silent check && npm run --silent test && npm run --silent build && npm run --silent budget

playwright: page
	@tools/setup.sh chromium firefox geckodriver fonts
	cd www && npm run --silent test:page
	. tools/versions.sh && cd www && GECKODRIVER="$$TOOLS/bin/geckodriver" && export GECKODRIVER && \
		node tests/firefox.mjs && node tests/determinism.mjs 5

# The same acts a hundred times, in each browser, on a processor that is slowed down and on one
# that is not.
determinism: engine
	@tools/setup.sh page chromium firefox geckodriver
	. tools/versions.sh && cd www && GECKODRIVER="$$TOOLS/bin/geckodriver" node tests/determinism.mjs

# The README's pictures, made anew from the built page.
screenshots: engine
	@tools/setup.sh page chromium fonts
	cd www && npm run --silent build && node tests/shots.mjs --readme

# Beside redis-server, on a machine that has nothing else to do.
measure: engine
	@tools/setup.sh page chromium redis
	cd www && npm run --silent build && node tests/measure.mjs

clean:
	rm -rf target www/engine www/dist www/node_modules webdriver.json
