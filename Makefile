# Two commands do all: 'make demo' (the main job) and 'make test'. The others serve them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help demo test lint types unit bench mutation docs-check setup setup-dev setup-oldest lock generate clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

$(BIN)/python:
	@python=$$(scripts/find_python.sh) && echo "setup: $$python -> $(VENV)" && "$$python" -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "setup: installing the locked runtime dependencies (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "setup: installing the locked development dependencies (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.mutation: requirements/mutation.txt $(VENV)/.dev
	@echo "setup: installing what changes the core to see whether its tests notice (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/mutation.txt
	@touch $@

.venv-oldest/.ready: requirements/oldest.txt pyproject.toml | $(BIN)/python
	@echo "setup: installing the oldest supported NautilusTrader into .venv-oldest (once)"
	@test -x .venv-oldest/bin/python || $(BIN)/python -m venv .venv-oldest
	@.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/oldest.txt
	@.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.runtime ## Create .venv with trueup and what it needs to run
setup-dev: $(VENV)/.dev ## The same, with the tools for development
setup-oldest: .venv-oldest/.ready ## A second environment with the oldest supported NautilusTrader

demo: setup ## Kill a live node, restart it, and compare it with the venue (ARGS="--seed 7 --mode native")
	@$(BIN)/trueup demo $(ARGS)

test: lint ## Lint, check types, run all tests
	@$(MAKE) --no-print-directory --jobs=2 types unit  # side by side: a cold check of types takes 40 s of one core

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup-dev
	@$(BIN)/mypy

unit: setup-dev setup-oldest
	@scripts/test.sh $(ARGS)

bench: setup-dev ## Measure, beside the native engine in the same run; writes benchmarks/results and docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(ARGS)

mutation: $(VENV)/.mutation ## Change the core in one place at a time; see what its tests notice (ARGS="--sample 50 --seed 9")
	@$(BIN)/python -m scripts.mutation run --results .mutation.json $(ARGS)

docs-check: setup-dev ## Regenerate what is generated and compare; run the documents' commands
	@$(BIN)/python scripts/docs_check.py

generate: setup-dev ## Write the generated documents anew
	@$(BIN)/python scripts/docs_check.py --write

lock: setup-dev ## Write the hashed lock files anew
	@scripts/lock.sh

clean: ## Remove what was built, not what was measured
	@rm -rf $(VENV) .venv-oldest .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* dist build
