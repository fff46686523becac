# Everything a newcomer needs is one of these; each makes its own environment first.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Tests run side by side. One more than there are cores: much of a test is waiting for a process,
# a server or the disk. WORKERS=0 runs them in one process.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test bench lint clean

demo: $(VENV)/run.stamp  ## The whole journey, offline: a made-up TikTok account becomes a bundle
	$(BIN)/decamp demo decamp-demo
	@echo "To use it for your own data: $(BIN)/decamp transfer TikTok_Data.zip FOLDER"

test: $(VENV)/test.stamp $(VENV)/pds.stamp  ## All tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

lint: $(VENV)/lint.stamp  ## Style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/run.stamp  ## Speed as ratios against peers, side by side (peers get their own environments)
	$(BIN)/python -m bench

clean:  ## Remove environments, caches and the demo
	rm -rf $(VENV) tests/support/pds/node_modules bench/.envs bench/out decamp-demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/python.stamp:
	@test -n "$(PYTHON)" || { echo "decamp needs Python 3.11 or later; none was found."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test
	@touch $@

# A real Bluesky server for the tests. Without npm its tests are skipped, and say so.
$(VENV)/pds.stamp: $(VENV)/python.stamp tests/support/pds/package-lock.json
	@if command -v npm >/dev/null; then \
		npm ci --prefix tests/support/pds --no-audit --no-fund --loglevel=error \
			|| echo "The Bluesky server could not be installed; its tests are skipped."; \
	else echo "npm is not installed; the tests with a Bluesky server are skipped."; fi
	@touch $@

$(VENV)/lint.stamp: $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group lint
	@touch $@
