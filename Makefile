# leadline: everything a person or a build does with a checkout. `make help` lists it.
#
# The running lock (requirements.txt) makes the environment in .venv; `make test` adds the
# development lock. Stamps in .venv say what was installed last, so a second call costs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup demo up check test fault bench docs lock clean

export DEBIAN_FRONTEND := noninteractive
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Prefect's server and client would tell its makers that they run; ours stay silent.
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
IS_SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
WORKERS ?= 2
BENCHMARKS ?= intake normalize upsert duplicates scoring routing touches sending pipeline web events speed_to_lead \
	prefect_week
PYTEST_ARGS ?=

help: ## this list
	@echo "leadline: from arriving leads to assigned, nurtured, measured sales work"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- environments -------------------------------------------------------------------------------

# An interpreter that answers, not one that is merely on the path: version managers leave shims.
$(PY):
	@python=""; \
	for candidate in $${PYTHON:-python3.11 python3.12 python3.13 python3}; do \
	    if "$$candidate" -c '$(IS_SUPPORTED)' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "leadline needs Python 3.11, 3.12 or 3.13, and none of python3.11, python3.12," >&2; \
	    echo "python3.13, python3 is one. Install it (Debian: apt-get install python3.11-venv)," >&2; \
	    echo "or name it: make setup PYTHON=/path/to/python3.11" >&2; \
	    exit 1; \
	fi; \
	echo "setup: environment in $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV) || { \
	    rm -rf $(VENV); \
	    echo "This Python has no venv module (Debian: apt-get install python3-venv)." >&2; exit 1; }

$(VENV)/.running: requirements.txt | $(PY)
	@echo "setup: installing the running lock, every file checked against its hash (about a minute)"
	@$(PY) -m pip install --quiet --quiet --no-deps --require-hashes --requirement requirements.txt
	@touch $@

# Editable, with hatchling from the lock: nothing is fetched that the lock does not name.
$(VENV)/.ours: pyproject.toml $(VENV)/.running
	@echo "setup: installing leadline itself, editable"
	@$(PY) -m pip install --quiet --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.running
	@echo "setup: adding the development lock"
	@$(PY) -m pip install --quiet --quiet --no-deps --require-hashes --requirement requirements-dev.txt
	@touch $@

setup: $(VENV)/.ours ## environment in .venv from the running lock: .venv/bin/leadline runs
	@echo "setup: done. Next: make demo"

# ---- running ------------------------------------------------------------------------------------

demo: $(VENV)/.ours ## the main job on sample leads, embedded defaults, nothing sent outside
	@$(PY) -m deployments.demo

up: $(VENV)/.ours ## Prefect server, deployments and web app over LEADLINE_HOME (else demo/)
	@home="$${LEADLINE_HOME:-demo}"; \
	[ -e "$$home/config/settings.yaml" ] || $(BIN)/leadline init "$$home" --demo; \
	LEADLINE_HOME="$$home" exec $(BIN)/leadline up

# ---- gates --------------------------------------------------------------------------------------

check: $(VENV)/.ours $(VENV)/.development ## format, lint, types, contracts, spelling, locks, config, docs
	@echo "check: format";        $(BIN)/ruff format --check --quiet . || { echo "mend with: $(BIN)/ruff format ." >&2; exit 1; }
	@echo "check: lint";          $(BIN)/ruff check --quiet .
	@echo "check: types";         $(BIN)/mypy
	@echo "check: imports";       $(BIN)/lint-imports --no-logo
	@echo "check: spelling";      $(BIN)/codespell
	@echo "check: dependencies";  $(BIN)/deptry .
	@echo "check: locks, wheel, names and other rules"; $(PY) -m pytest --quiet -n $(WORKERS) --dist loadgroup tests/rules
	@echo "check: a fresh project folder"; \
	    home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; \
	    $(BIN)/leadline init "$$home/project" >/dev/null; \
	    env -u LEADLINE_STATE LEADLINE_HOME="$$home/project" $(BIN)/leadline check
	@echo "check: documentation"; $(PY) -m deployments.docs --check
	@echo "check: done. Next: make test"

test: $(VENV)/.ours $(VENV)/.development ## the whole suite, on SQLite and PostgreSQL; installs what it needs
	@bash deployments/system_packages.sh
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)
	@echo "test: done. Next: make demo, or make fault for the crash and fault loop"

fault: $(VENV)/.ours $(VENV)/.development ## the crash and fault loop; long
	@bash deployments/system_packages.sh
	@$(PY) -m tests.faults
	@$(PY) -m tests.import_faults
	@$(PY) -m tests.web_faults
	@$(PY) -m pytest --timeout 900 tests/long

bench: $(VENV)/.ours ## every benchmark: ratios and CPU seconds
	@for name in $(BENCHMARKS); do \
	    if [ -e "benchmarks/$$name.py" ]; then echo "bench: $$name"; $(PY) -m "benchmarks.$$name"; fi; \
	done

docs: $(VENV)/.ours ## the documentation as pages, in build/docs
	@$(PY) -m deployments.docs

# ---- upkeep -------------------------------------------------------------------------------------

# A week lets a bad release be noticed before it is ours. LOCK_AGE= (empty) takes the newest.
LOCK_AGE ?= 7 days ago
UV ?= build/uv/bin/uv
COMPILE = $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
    --python-version 3.11 $(if $(LOCK_AGE),--exclude-newer "$$(date -u -d '$(LOCK_AGE)' +%FT00:00:00Z)") pyproject.toml --extra build

build/uv/bin/uv: | $(PY)
	@echo "lock: uv, into a throwaway environment"
	@$(PY) -m venv build/uv && build/uv/bin/python -m pip install --quiet --quiet uv

lock: $(UV) ## both locks anew from pyproject.toml, without versions younger than a week
	@echo "lock: requirements.txt";     $(COMPILE) --output-file requirements.txt
	@echo "lock: requirements-dev.txt"; $(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt
	@echo "lock: done. Next: make check test"

clean: ## removes environments, caches and builds; never a project folder
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
