# Everything from a fresh clone: `make run` starts a hub, `make test` and `make check` judge a change.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps
INSTALL_PROJECT := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.PHONY: help setup run dev console console-check console-types screenshots console-long test coverage check format migration seal-migrations bench bench-scale chaos conformance fuzz lock pin-images clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# uv installs from the lock in seconds. Where it cannot reach the package index that pip is configured for, pip does.
define install
$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps --requirement $(1) \
	|| $(PIP) --requirement $(1)
endef

$(VENV)/.bootstrap: requirements-bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "whatsapp_hub needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --requirement requirements-bootstrap.lock
	@touch $@

$(VENV)/.run: $(VENV)/.bootstrap requirements-run.lock pyproject.toml
	$(call install,requirements-run.lock)
	$(INSTALL_PROJECT)
	@touch $@

$(VENV)/.all: $(VENV)/.run requirements.lock
	$(call install,requirements.lock)
	@touch $@

setup: $(VENV)/.all ## install everything into .venv (other targets run it first)

run: $(VENV)/.run ## start a hub on http://127.0.0.1:4000, databases and console included
	@$(BIN)/python scripts/build_console.py --beside & exec $(BIN)/whatsapp-hub serve

dev: setup ## the same, restarted whenever a source or migration changes
	@$(BIN)/python scripts/build_console.py --beside & exec $(BIN)/watchfiles --sigint-timeout 30 '$(BIN)/whatsapp-hub serve' src migrations

console: $(VENV)/.run ## build the console's pages, if their source changed (make run does so by itself)
	@$(BIN)/python scripts/build_console.py

console-check: setup ## the console's types, lint, unit tests and sizes (part of make check)
	@$(BIN)/python scripts/build_console.py --check

console-types: setup ## write the console's types anew from the OpenAPI document
	@$(BIN)/python scripts/console_types.py

screenshots: setup console ## pictures of the console's pages, into build/screenshots (needs chromium)
	$(BIN)/python -m pytest --quiet tests/integration/console/screenshots.py

console-long: setup console ## the console kept open for minutes while customers write (MINUTES=3; needs chromium)
	$(BIN)/python -m pytest --quiet -s tests/integration/console/long.py

test: setup ## unit and integration tests, their time, and which of them ran twice
	@$(BIN)/python scripts/run_tests.py

TESTS ?= tests
coverage: setup ## the tests (TESTS=tests/unit: those), and which lines they run, the roles' processes included
	@rm -rf build/coverage && mkdir -p build/coverage
	-$(BIN)/coverage run -m pytest $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

TREE ?= hub
migration: setup ## begin one: make migration NAME=word [TREE=hub|tenant]
	@$(BIN)/python scripts/new_migration.py '$(NAME)' '$(TREE)'

seal-migrations: setup ## list new migrations as landed: from then on they are never edited
	@$(BIN)/python scripts/seal_migrations.py

check: setup ## lint, format, types, layers, dependencies, dead code, secrets, advisories, file sizes, docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry src
	$(BIN)/vulture
	$(BIN)/python scripts/find_secrets.py
	$(BIN)/python scripts/audit_packages.py
	$(BIN)/python scripts/build_console.py --check
	$(BIN)/python -m pytest --quiet tests/unit/test_file_sizes.py tests/unit/test_docstrings.py

format: setup ## let ruff write
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## figures, into build/bench.json
	$(BIN)/python -m benchmarks

bench-scale: setup ## lists and search on 1,000,000 conversations (SCALE=0.01: a hundredth), into build/bench-scale.json
	$(BIN)/python -m benchmarks.scale

chaos: setup ## faults while messages flow, into build/chaos.json
	$(BIN)/python -m benchmarks.chaos
	$(BIN)/python -m benchmarks.chaos.live

conformance: setup ## every provider against the published contract, and Meta's and WAHA's requests against their own descriptions
	$(BIN)/python scripts/install_prism.py
	$(BIN)/python -m pytest tests/contracts

fuzz: setup ## millions of mutated inputs (ARGS="--seed 7 --translators 10000": fewer), into build/fuzz.json
	$(BIN)/python -m tests.fuzz $(ARGS)

COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 --no-header pyproject.toml

lock: setup ## take newer versions that pyproject.toml allows
	$(COMPILE) --all-extras --group test --group dev --output-file requirements.lock
	$(COMPILE) --extra server --extra embedded --constraint requirements.lock --output-file requirements-run.lock
	$(COMPILE) --all-extras --constraint requirements.lock --output-file requirements-image.lock
	$(COMPILE) --group console --constraint requirements.lock --output-file requirements-console.lock
	$(COMPILE) --group bootstrap --constraint requirements.lock --output-file requirements-bootstrap.lock

pin-images: setup ## write the images' digests into Compose files and the Dockerfile (needs docker, crane or skopeo)
	$(BIN)/python scripts/pin_images.py

clean: ## remove what make created, never the data
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
