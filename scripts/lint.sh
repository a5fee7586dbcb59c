#!/usr/bin/env bash
# Style and types; `make format` mends most of what this finds.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m ruff check --quiet .
.venv/bin/python -m ruff format --check --quiet . || { echo "Run: make format" >&2; exit 1; }
find src -name '*.cpp' -o -name '*.h' | xargs .venv/bin/clang-format --dry-run --Werror
.venv/bin/python -m mypy
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
