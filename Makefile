# The menu of the project: `make` shows it. Every step sets up what it needs in .venv and is done again
# only when its inputs changed.

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that answers and is new enough; `make PYTHON=/path/to/python run` names another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes --no-deps --only-binary :all:
UV := 0.13.9
COMPILE = $(VENV)/locker/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--quiet --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
FACTS := $(wildcard reference/facts/* reference/valuesets/* reference/pairs/* reference/releases.yaml)

.DEFAULT_GOAL := help
.PHONY: help run test check fix bench docs site lock clean
# A step that fails must not leave a half-written target behind that looks finished.
.DELETE_ON_ERROR:

help: ## show this menu
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/reference.stamp ## check sample_claims/ and write a report below reports/
	@$(BIN)/validator run sample_claims --out reports --fail-on never

test: $(VENV)/dev.stamp $(VENV)/reference.stamp ## run every test
	@$(BIN)/python -m pytest

check: $(VENV)/dev.stamp $(VENV)/reference.stamp ## style, types, rules, docs in step; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/validator rules check
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/validator rules docs --check

fix: $(VENV)/dev.stamp $(VENV)/reference.stamp ## mend what can be mended: style, generated docs
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(MAKE) --no-print-directory docs

docs: $(VENV)/run.stamp $(VENV)/reference.stamp ## write the generated pages of docs/
	@$(BIN)/python docs/generate.py
	@$(BIN)/validator rules docs

site: $(VENV)/dev.stamp ## build the documentation as a site into build/site
	@$(BIN)/python -m sphinx -q -W --keep-going -c docs/site . build/site
	@echo "build/site/docs/site/index.html"

bench: $(VENV)/dev.stamp $(VENV)/reference.stamp ## measure against others and write docs/benchmarks.md (about 15 minutes)
	@$(BIN)/python -m benchmarks.bench $(BENCH)

lock: ## write requirements/*.lock from pyproject.toml; UPGRADE=1 takes the newest versions
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found" >&2; exit 1; }
	@test -x $(VENV)/locker/bin/uv || { $(PYTHON) -m venv $(VENV)/locker && $(VENV)/locker/bin/pip install --quiet uv==$(UV); }
	@$(COMPILE) --group build --output-file requirements/run.lock
	@$(COMPILE) --group dev --all-extras --constraint requirements/run.lock --output-file requirements/dev.lock

clean: ## remove what the steps above made, except reports/
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/work
	rm -f reference/*.duckdb

$(VENV)/pip.stamp:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "make: $(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/run.stamp: requirements/run.lock pyproject.toml | $(VENV)/pip.stamp
	@echo "installing the locked packages into $(VENV) ..."
	@$(INSTALL) -r requirements/run.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	@echo "installing the tools for tests and checks ..."
	@$(INSTALL) -r requirements/dev.lock
	@touch $@

$(VENV)/reference.stamp: $(FACTS) $(VENV)/run.stamp
	@$(BIN)/validator reference build
	@touch $@
