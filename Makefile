# What a newcomer needs: `make demo` builds everything and reports on the samples; `make test` runs
# the whole test suite. Both set up what they need and nothing else is necessary.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CARGO := cargo
MANIFEST := --manifest-path rust/Cargo.toml
BENCH_MANIFEST := --manifest-path bench/programs/Cargo.toml

# Tests of a file run in one process, files side by side. What they import is what is installed, not
# what lies in this folder.
PYTEST := $(BIN)/python -P -m pytest --numprocesses auto --dist loadfile

# Programs that the tests use, and the Debian packages they come in.
TEST_PROGRAMS := tshark:tshark tcpdump:tcpdump chromium:chromium systemd-analyze:systemd

.PHONY: demo test test-rust test-python lint format docs samples bench fuzz torture kills adversaries \
        verify places build tools test-programs clean

demo: build
	$(BIN)/tlsaudit report samples/office.pcapng -o out
	@echo "Open out/index.html in a browser."

test: test-programs build
	$(CARGO) test $(MANIFEST) --package tlsaudit-wire --quiet
	$(PYTEST)

test-rust: tools
	$(CARGO) test $(MANIFEST) --package tlsaudit-wire

test-python: build
	$(PYTEST)

lint: build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest tlsaudit._core
	$(BIN)/lint-imports
	$(CARGO) fmt $(MANIFEST) --all --check
	$(CARGO) clippy $(MANIFEST) --workspace --all-targets --quiet -- -D warnings
	$(CARGO) fmt $(BENCH_MANIFEST) --check
	$(CARGO) clippy $(BENCH_MANIFEST) --all-targets --target-dir rust/target/bench --quiet -- -D warnings
	$(BIN)/python scripts/generate_docs.py --check

format: build
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(CARGO) fmt $(MANIFEST) --all
	$(CARGO) fmt $(BENCH_MANIFEST)

# Pages that the code itself knows: columns, rules, the command's help.
docs: build
	$(BIN)/python scripts/generate_docs.py

# Captures anew what `samples/` holds. Needs root and the programs that samples/README.md names; the
# tests never do this.
samples: build
	$(BIN)/python -m pip install --quiet --editable '.[samples]'
	$(BIN)/python samples/makers/make_all.py

# Speed and memory against the floor and other programs. The captures (8 GB) and the results stay in
# the folder BENCH; a quiet machine is needed for figures worth keeping.
BENCH ?= out/bench

bench: build
	$(CARGO) build --release --quiet $(BENCH_MANIFEST) --target-dir rust/target/bench
	$(BIN)/python bench/run.py $(BENCH)

# Each target of rust/fuzz for RUNS executions, one after the other; TARGETS names some of them.
RUNS ?= 1000000
TARGETS ?=

fuzz: tools
	$(PYTHON) scripts/fuzz.py --runs $(RUNS) $(TARGETS)

# Real captures of TLSAUDIT_CORPUS, mutated 50 times each by fixed seeds, through the library and the
# command. The tests run a slice of it.
torture: build
	$(BIN)/python scripts/torture.py "$(TLSAUDIT_CORPUS)/dev"

# Kills `tlsaudit batch` 50 times at random moments over 300 captures; the store must end the same byte
# for byte. The tests run a slice of it.
kills: build
	$(BIN)/python scripts/kills.py

# Every capture of TLSAUDIT_CORPUS through tshark too: some two thousand starts of it.
verify: build
	$(BIN)/tlsaudit verify "$(TLSAUDIT_CORPUS)/dev" --engine tshark

# Asks Wireshark twenty times each from a script, from threads and from a notebook.
places: build
	TLSAUDIT_TIMES=20 $(BIN)/python -P -m pytest tests/agreement/test_places.py

# Captures made to hurt whoever reads them, in full size; the tests run small ones.
adversaries: build
	$(BIN)/python scripts/adversaries.py

build: $(VENV)/.built

# Rebuilt whenever a source of the core, the project file or the set of packages changes.
$(VENV)/.built: $(VENV)/.tools pyproject.toml rust/Cargo.toml rust/Cargo.lock \
        $(shell find rust/wire/src rust/py/src rust/py/Cargo.toml rust/wire/Cargo.toml)
	PIP_QUIET=1 $(BIN)/maturin develop --release --quiet --extras test,lint
	@touch $@

$(VENV)/.tools: | tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=24' 'maturin>=1.14,<2'
	@touch $@

# One sentence for each thing that is missing and that only the user can install.
tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "tlsaudit needs Python 3.11 or newer: install it, or name it with 'make PYTHON=/path/to/python3'." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments: install its venv module (Debian: apt install python3-venv)." >&2; exit 1; }
	@command -v cc >/dev/null || { \
	  echo "tlsaudit needs a C compiler called cc to build: install one (Debian: apt install gcc)." >&2; exit 1; }
	@command -v $(CARGO) >/dev/null || { \
	  echo "tlsaudit needs cargo 1.85 or newer to build: install Rust from your system's packages or with rustup." >&2; exit 1; }
	@$(CARGO) --version | awk '{ split($$2, v, "."); exit !(v[1] > 1 || v[2] >= 85) }' || { \
	  echo "tlsaudit needs cargo 1.85 or newer, and this is $$($(CARGO) --version): update Rust." >&2; exit 1; }

# Installs what the tests run, where that is possible; says in one sentence what else is missing.
test-programs:
	@missing=; for pair in $(TEST_PROGRAMS); do \
	  command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing$$missing with apt-get."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
	  echo "The tests that run$$missing are skipped: install$$missing to run them too." >&2; \
	fi

clean:
	rm -rf $(VENV) rust/target out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
