#!/usr/bin/env bash
# Style, types, and what imports what; `make format` mends most of what this finds.
set -euo pipefail
cd "$(dirname "$0")/.."
quietly() { local said; said=$("$@" 2>&1) || { echo "$said" >&2; return 1; }; }

.venv/bin/python -m ruff check --quiet .
.venv/bin/python -m ruff format --check --quiet . || { echo "Run: make format" >&2; exit 1; }
find src/core src/bindings fuzz -name "*.cpp" -o -name "*.h" | xargs .venv/bin/clang-format --dry-run --Werror
.venv/bin/python -m mypy
quietly .venv/bin/python -c "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
quietly .venv/bin/python -m deptry --no-ansi src
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
