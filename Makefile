# The two commands of the README are `make demo` and `make test`; `make help` lists them all.
# Each does its own set-up: .venv holds stamps of what has been installed into it.

SHELL := bash
PYTHON := .venv/bin/python
CORE := $(shell find src -name '*.cpp' -o -name '*.h') CMakeLists.txt

.PHONY: help setup build demo test lint format sanitize bench clean
.NOTPARALLEL:

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/.base: pyproject.toml scripts/setup.sh
	@scripts/setup.sh build
	@touch $@

.venv/.built: .venv/.base $(CORE)
	@echo "Building the native core"
	@$(PYTHON) -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.dev: .venv/.base
	@scripts/setup.sh build dev
	@touch $@

.venv/.demo: .venv/.base
	@scripts/setup.sh build demo
	@touch $@

setup: .venv/.dev .venv/.built ## .venv with the package (editable) and the developer's tools

build: .venv/.built ## the native core, if its sources changed

demo: .venv/.demo .venv/.built ## train a small network with and without augmentation, about two minutes
	@KERAS_BACKEND=jax .venv/bin/augstream demo

.venv/.torch: .venv/.base
	@scripts/torch.sh
	@touch $@

test: setup .venv/.demo .venv/.torch ## everything CI checks
	@scripts/lint.sh
	@scripts/wheel.sh
	@KERAS_BACKEND=jax $(PYTHON) -m pytest

lint: .venv/.dev ## style and types
	@scripts/lint.sh

format: .venv/.dev ## rewrite the sources in the project's style
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format .
	@find src -name '*.cpp' -o -name '*.h' | xargs .venv/bin/clang-format -i

sanitize: .venv/.base ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer, then ThreadSanitizer
	@scripts/sanitize.sh address,undefined
	@scripts/sanitize.sh thread

bench: setup ## the table of the README, beside the peers (10 to 15 minutes)
	@benchmarks/setup.sh
	@.venv-bench/bin/python -m benchmarks

clean: ## remove what make has made
	@rm -rf .venv .venv-bench build dist augstream-demo
