# Everything is set up inside the repository: Python tools in .venv, the cdktf command line in node_modules.
# `make` alone lists the commands.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON := .venv/bin/python
# Test processes. Two suit a small machine; `make test JOBS=8` on a larger one.
JOBS ?= 2
# More arguments for pytest: make test ARGS='-k sets'
ARGS ?=
SOURCES := $(wildcard segkit stacks examples scripts bench tests)

.PHONY: help setup demo test soak check format bench sweep platforms bindings goldens clean distclean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready node_modules/.ready ## install everything into the repository

demo: ## segment a real application on AWS: synth, prove, plan, deploy, ask
	@scripts/setup check python node npm terraform
	@$(MAKE) --no-print-directory setup
	@$(PYTHON) -m scripts.demo

test: ## format, lint, types, import layers, then every test
	@scripts/setup check python node npm
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory check
	@$(PYTHON) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

soak: .venv/.ready ## random models on every platform, many more than in `make test`: an hour or two
	@HYPOTHESIS_PROFILE=deep $(PYTHON) -m pytest -n $(JOBS) --dist worksteal tests/conformance/test_meaning.py \
		tests/conformance/test_shape.py $(ARGS)

check: .venv/.ready ## format, lint, types, import layers
	@.venv/bin/ruff format --check $(SOURCES)
	@.venv/bin/ruff check $(SOURCES)
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: .venv/.ready ## let ruff rewrite what it can
	@.venv/bin/ruff format $(SOURCES)
	@.venv/bin/ruff check --fix $(SOURCES)

bench: .venv/.bench ## measure against peers: make bench ARGS='--quick'
	@$(PYTHON) -m bench $(ARGS)

sweep: .venv/.ready ## where encodings stop fitting: make sweep ARGS='--write'
	@$(PYTHON) -m bench.sweep $(ARGS)

platforms: .venv/.ready ## rewrite docs/platforms.md: what each platform can express
	@$(PYTHON) -m scripts.platforms --write

bindings: .venv/.ready ## rewrite tests/conformance/bindings: what other versions of providers know; downloads 200 MB
	@$(PYTHON) -m scripts.bindings

goldens: .venv/.ready ## rewrite the expected outputs; read the difference before committing
	@$(PYTHON) -m pytest -n $(JOBS) --update-goldens $(ARGS)

clean: ## remove what synth, tests and tools wrote; keeps .venv, node_modules and Terraform state
	@rm -rf .demo cdktf.out .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist site
	@find . -name __pycache__ -type d -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

distclean: clean ## clean, and also remove .venv and node_modules
	@rm -rf .venv node_modules .terraform-plugins

.venv/.ready: pyproject.toml scripts/setup
	@scripts/setup python

.venv/.bench: .venv/.ready pyproject.toml
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

node_modules/.ready: package.json package-lock.json scripts/setup
	@scripts/setup cdktf
