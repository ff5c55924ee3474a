# Everything a developer does. `make` lists the targets.
# ARGS goes to the command behind a target: make demo ARGS="--applications 200", make test ARGS="-k settings".

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo servers test check format generate previews bench chaos lock clean

VENV := .venv
BIN := $(VENV)/bin
LOCK := .ci/requirements.lock
UV := 0.9
ARGS :=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## .venv with exact versions, and .venv/bin/gitops-obs

$(VENV)/.locked: $(LOCK) .ci/venv
	.ci/venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml README.md LICENSE
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: install ## the exporter against a simulated cluster; with Prometheus and Alertmanager, who is called of what
	$(BIN)/gitops-obs demo $(ARGS)

servers: ## etcd, a Kubernetes API server, Prometheus and others for the tests
	.ci/servers

test: install ## all tests, and at least 95 % coverage; with ARGS only some, without coverage
	.ci/servers || [[ -z "$${CI:-}" ]] # elsewhere the tests that need what is missing are skipped by name
ifeq ($(ARGS),)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
else
	$(BIN)/python -m pytest $(ARGS)
endif

check: install ## format, lint, types, imports, and that what is generated is up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/gitops-obs generate --check

format: install ## put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: install ## dashboards, alerts and routes of each environment, and the reference pages
	$(BIN)/python -m observability.signals.reference > observability/signals/README.md
	$(BIN)/gitops-obs generate
	$(BIN)/python -m observability.monitoring.checks.reference > observability/monitoring/checks/README.md

previews: install ## pictures of the dashboards, of a demo's data; needs Prometheus and Chromium
	$(BIN)/python -m tests.previews $(ARGS)
	$(BIN)/gitops-obs generate

bench: install ## speed and memory at 100,000 applications, beside its peers
	$(BIN)/python -m tests.benchmarks $(ARGS)

chaos: install ## the exporter under 1,000 faults: is anything lost? make chaos ARGS="--faults 100 --seed 7"
	$(BIN)/python -m tests.chaos $(ARGS)

lock: ## the newest versions that pyproject.toml allows into the lock
	python3 -m venv .cache/uv
	.cache/uv/bin/pip install --quiet "uv>=$(UV)"
	.cache/uv/bin/uv pip compile pyproject.toml --extra dev --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-strip-extras --custom-compile-command "make lock" --quiet --output-file $(LOCK)

clean: ## remove what was installed, built and measured
	rm -rf $(VENV) .cache .coverage .coverage.* htmlcov dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
