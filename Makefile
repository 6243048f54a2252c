# `make run` and `make test` work on a fresh machine with Python 3.11+ and make, and nothing else installed by hand.
PYTHON ?= python3
VENV ?= .venv
DAYS ?= 14
SCALE ?= 1
PORT ?= 3000

# All state (lakehouse, Dagster's instance, source systems, caches) lives in this one folder.
export DATA_PLATFORM_HOME ?= $(CURDIR)/.platform
export DAGSTER_HOME := $(DATA_PLATFORM_HOME)/dagster
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)

READY := $(VENV)/.ready
INSTANCE := $(DAGSTER_HOME)/dagster.yaml

.DEFAULT_GOAL := help
.PHONY: help setup manifest run dev test test-slow check docs bench clean lock screenshots

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY) $(INSTANCE) manifest ## Make the environment from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check uv -c requirements.lock
	$(VENV)/bin/uv pip install --quiet --system-certs --compile-bytecode --python $(VENV)/bin/python -c requirements.lock -e '.[dev]'
	@touch $@

manifest: $(READY) ## What dbt knows of the SQL datasets, for definitions to read; made anew where something changed
	@python -m data_platform.warehouse

$(INSTANCE): dagster.yaml
	@mkdir -p $(@D) && cp dagster.yaml $@

run: setup ## Fill the source systems and bring the marketplace's last DAYS days (14) into the lakehouse
	dp run --days $(DAYS) --scale $(SCALE)

dev: setup ## The Dagster UI, webserver and daemon on 127.0.0.1:PORT (3000)
	dp sources start
	dg dev --host 127.0.0.1 --port $(PORT)

test: setup ## Unit and in-process tests
	pytest -n 3 --dist loadscope -m "not slow"

screenshots: setup ## Take the pictures of docs/images anew, of the history that `make run` made
	python docs/screenshots.py

test-slow: setup ## End-to-end tests: the daemon, the browser, kill -9
	pytest -n 3 --dist loadscope -m slow

check: setup ## Lint, format, types, imports, contracts, definitions
	ruff check .
	ruff format --check .
	pyright
	lint-imports
	dp contracts check
	dg check defs

docs: setup ## The documentation as a site, build/docs/index.html
	NO_MKDOCS_2_WARNING=1 mkdocs build --quiet

bench: setup ## The benchmarks, as ratios against a named peer
	for each in benchmarks/*.py; do python $$each || exit 1; done

clean: ## Stop what runs and remove all state and the environment
	-@[ -x $(VENV)/bin/dp ] && $(VENV)/bin/dp sources delete
	rm -rf $(DATA_PLATFORM_HOME) $(VENV)

lock: $(READY) ## Pin all packages again (names no registry)
	$(VENV)/bin/uv pip compile --quiet --system-certs --universal --all-extras --no-emit-index-url --no-annotate --no-header --upgrade \
		pyproject.toml -o requirements.lock
