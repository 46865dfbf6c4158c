# Everything a person or CI runs. Needs python3 (3.11 or newer), make, and a package index at the first run.

PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
CODE := renum_site executions billing teams tests bench manage.py

.PHONY: demo run test faults check bench docs editor screenshots lock stop clean
.DEFAULT_GOAL := demo

# One stamp: a second run finds it newer than the lock and goes straight on.
.venv/.ok: requirements/dev.txt requirements/install
	@PYTHON=$(PYTHON) requirements/install .venv requirements/dev.txt
	@touch $@

demo: .venv/.ok
	@$(MANAGE) renum_demo

run: .venv/.ok
	@$(MANAGE) renum_run $(if $(PORT),--port $(PORT))

# Four on two cores: most of the tests wait for processes and clocks.
test: .venv/.ok
	@$(BIN)/python -m renum_site.embedded start
	@$(BIN)/python -m pytest -n 4 --dist worksteal --durations=15

# The fault tests with everything that is too long for `make test`.
faults: .venv/.ok
	@$(BIN)/python -m renum_site.embedded start
	@RENUM_LONG_TESTS=1 $(BIN)/python -m pytest -m "faults or long" --timeout 1800

check: .venv/.ok
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy
	@$(BIN)/python -m renum_site.embedded start
	@$(MANAGE) makemigrations --check --dry-run
	@$(MANAGE) check --fail-level WARNING
	@$(BIN)/python -m pytest -q tests/repository

bench: .venv/.ok
	@$(BIN)/python -m renum_site.embedded start
	@$(BIN)/python -m bench

# The tables of docs/api that are made from the API itself.
docs: .venv/.ok
	@$(MANAGE) renum_api_docs

# The JSON editor of the builder, from frontend/ into static/vendor/. Needs node; nothing else does.
editor:
	@cd frontend && npm ci --no-audit --no-fund && node build.mjs

# The pictures of the README and the documents, taken from the pages as they are.
screenshots: .venv/.ok
	@$(BIN)/python -m renum_site.embedded start
	@$(BIN)/python -m pytest -q tests/browser/take_screenshots.py

lock: .venv/.ok
	@cd requirements && for name in runtime dev; do \
	  ../$(BIN)/uv pip compile --quiet --generate-hashes --universal --no-header --python-version 3.11 \
	    $(if $(UPGRADE),--upgrade) $$name.in -o $$name.txt || exit 1; done

stop: .venv/.ok
	@$(BIN)/python -m renum_site.embedded stop

clean:
	@if [ -x $(BIN)/python ] && [ -d var/services ]; then $(BIN)/python -m renum_site.embedded stop; fi
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache static-collected
	@echo "Removed the environment and the caches. The data in var/ is kept: remove it by hand."
