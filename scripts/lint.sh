#!/usr/bin/env bash
# Style and types; `make format` mends most of what this finds.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m ruff check --quiet .
.venv/bin/python -m ruff format --check --quiet . || { echo "Run: make format" >&2; exit 1; }
.venv/bin/clang-format --dry-run --Werror src/bindings.cpp src/core/* fuzz/*.cpp fuzz/*.h
.venv/bin/python -m mypy
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
