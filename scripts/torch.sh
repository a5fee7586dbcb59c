#!/usr/bin/env bash
# torch for the tests, only where the package index offers a build for CPUs: the others bring gigabytes of CUDA along.
# The tests that need torch are skipped without it.
set -euo pipefail
cd "$(dirname "$0")/.."
python=.venv/bin/python
"$python" -c 'import torch' 2>/dev/null && exit
wanted=torch==2.13.0
found=$("$python" -m pip install -qq --dry-run --no-deps --report - "$wanted" 2>/dev/null |
    "$python" -c 'import json, sys; print(json.load(sys.stdin)["install"][0]["download_info"]["url"])') || found=
case $found in
    *cpu* | *macosx*)
        echo "Installing torch for the tests"
        "$python" -m pip install -qq "$wanted" || echo "torch could not be installed; its tests will be skipped"
        ;;
    *) echo "No CPU build of torch in the package index; its tests will be skipped" ;;
esac
